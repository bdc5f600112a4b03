"""Instance types that a job wishes are looked up in the prices before anything is sent to AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.client import create
from skyburst.contracts.job import parse_job
from skyburst.errors import InvalidJob
from skyburst.homes.aws.home import AwsHome
from skyburst.homes.local.home import LocalHome

SPEC = parse_job({"analysis": "a", "items": [1], "environment": {"instance_type": "m5.fourxlarge"}})


def test_a_type_that_aws_does_not_have_is_refused_where_the_prices_are_those_of_the_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with pytest.raises(InvalidJob, match=r"'m5\.fourxlarge', and AWS has no such .*m5\.4xlarge"):
        AwsHome(region="us-east-1")._prepared(SPEC, None, tmp_path)
    prepared = AwsHome(region="eu-central-1")._prepared(SPEC, None, tmp_path)
    assert prepared.environment == SPEC.environment, "there it is the deployment that says it"


def test_home_local_refuses_it_too_and_stores_no_job(tmp_path: Path) -> None:
    (tmp_path / "blueprint.toml").write_text('blueprint = 1\nname = "a"\nversion = "1.0.0"\ncommand = ["true"]\n')
    document = {**SPEC.document(), "analysis": str(tmp_path), "items": [{"name": "one"}]}
    home = LocalHome()
    with pytest.raises(InvalidJob, match=r"'m5\.fourxlarge', and AWS has no such .*m5\.4xlarge"):
        create(parse_job(document), home=home, folder=tmp_path)
    assert not list(home.table.jobs())
    home.close()
