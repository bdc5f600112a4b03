"""What an operator says of submissions, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from skyburst.errors import InvalidJob
from tests.conftest import need
from tests.deployed.world import context

ACTING = str(Path(__file__).resolve().parents[1] / "deployed" / "acting")
UPLOADED = str(Path(__file__).resolve().parents[1] / "submissions" / "uploaded")


def settings(**given: Any) -> Any:
    need(find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    from cdk_app.settings import settings_of

    return settings_of(context(analyses=[UPLOADED], **given))


@pytest.mark.parametrize(
    "given",
    [{"uploaded": "my-bucket"}, '{"uploaded": "my-bucket"}', "uploaded=my-bucket"],
    ids=["object", "JSON", "text"],
)
def test_buckets_are_named_by_their_analyses(given: Any) -> None:
    assert settings(submission_buckets=given).submission_buckets == {"uploaded": "my-bucket"}
    assert settings(submission_buckets="uploaded").submission_buckets == {"uploaded": ""}
    assert settings().submission_buckets == {}


def test_an_analysis_reads_its_own_bucket_of_submissions_and_none_of_another(template_of: Callable[..., Any]) -> None:
    template = template_of(
        analyses=f"{UPLOADED},{ACTING}", submission_buckets="uploaded=for-uploaded,acting=for-acting"
    )
    buckets = {
        found["Properties"]["BucketName"]: name for name, found in template["Resources"].items()
        if found["Type"] == "AWS::S3::Bucket" and "BucketName" in found["Properties"]
    }  # fmt: skip
    reads: dict[str, set[str]] = {}
    for name, found in template["Resources"].items():
        if found["Type"] == "AWS::IAM::ManagedPolicy":
            granted = json.dumps(found["Properties"]["PolicyDocument"])
            reads[name.partition("Policy")[0]] = {bucket for bucket, id_ in buckets.items() if id_ in granted}
    own = {"uploaded": "for-uploaded", "acting": "for-acting"}
    for analysis, bucket in own.items():
        roles = {name: found for name, found in reads.items() if name.startswith(analysis)}
        assert roles
        assert all(found == {bucket} for found in roles.values()), roles
    assert reads["EnginePlan"] == reads["SubmissionsFunction"] == set(own.values())
    assert reads["probeCombiner"] == set()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"submission_buckets": {"other": ""}}, "submission_buckets has 'other'"),
        ({"submission_buckets": {"uploaded": "Not A Bucket"}}, "has 'Not A Bucket' for 'uploaded'"),
        ({"submission_origins": "example.org"}, "submission_origins has 'example.org'"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidJob, match=told):
        settings(**given)
