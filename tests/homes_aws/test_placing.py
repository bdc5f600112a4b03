"""Where a deployment runs the batches of a job, and what it cannot do for it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.job import EnvironmentWishes
from skyburst.errors import InvalidJob
from skyburst.homes.aws.arrays import LONGEST_NAME, name_of, tag_of
from skyburst.homes.aws.placing import Placed, place

ENTRY = {
    "environment": {
        "queues": {"on_demand": "q:od", "spot": "q:spot"},
        "definition": "d:1",
        "instance_types": {"m5.large": {"on_demand": "q:m5:od"}},
    }
}


def placed(environment: dict[str, Any] | None, entry: dict[str, Any], compute: str = "ec2", **wishes: Any) -> Placed:
    document: dict[str, Any] = {
        "blueprint": 1, "name": "a", "version": "1.0.0", "worker": "m:w", "combiner": "m:c", "compute": compute,
    }  # fmt: skip
    blueprint = parse_blueprint({**document, **({"environment": environment} if environment else {})}, "here")
    return place(blueprint, entry, EnvironmentWishes(**wishes) if wishes else None)


def test_a_job_is_told_where_it_runs_and_why() -> None:
    found = placed({"pricing": "spot", "timeout_min": 2}, ENTRY)
    assert found.compute() == {
        "environment": True, "why": "its blueprint says compute = 'ec2'", "fallback": False, "pricing": "spot",
        "timeout_s": 120.0, "instance_types": [],
    }  # fmt: skip
    assert found.environment is not None
    assert found.environment["queues"] == ENTRY["environment"]["queues"]
    assert placed(None, {}, "auto").environment is None
    assert placed(None, {}, "auto").compute() == {
        "environment": False, "why": "its blueprint asks for no environment", "fallback": False,
    }  # fmt: skip


def test_a_wished_type_has_queues_of_its_own_unless_it_is_the_only_one() -> None:
    found = placed({}, ENTRY, instance_type="m5.large").environment
    assert found is not None
    assert found["queues"] == {"on_demand": "q:m5:od"}
    only = placed({"instance_types": ["m5.large"]}, ENTRY, instance_type="m5.large").environment
    assert only is not None
    assert only["queues"]["on_demand"] == "q:od"


@pytest.mark.parametrize(
    ("entry", "wishes", "said"),
    [
        (
            {},
            {},
            "job.analysis is 'a': its batches run in environments, because its blueprint says compute = 'ec2', and",
        ),
        (ENTRY, {"instance_type": "c5.large"}, "is 'c5.large': analysis 'a' is deployed with m5.large. Name it in"),
        (ENTRY, {"disk_gb": 31}, "job.environment.disk_gb is 31: machines of analysis 'a' are deployed with 30."),
        (
            ENTRY,
            {"instance_type": "m5.large", "pricing": "spot"},
            "pricing is 'spot': analysis 'a' is deployed with on_demand",
        ),
    ],
)
def test_what_the_deployment_does_not_have_is_refused_with_the_remedy(
    entry: dict[str, Any], wishes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidJob, match=re.escape(said)):
        placed(None, entry, **wishes)


def test_names_in_aws_batch_have_only_what_they_may_have_and_differ_between_jobs() -> None:
    assert name_of("skyburst", "job-1", 2, 13) == "skyburst-job-1-2-13"
    odd = [name_of("p" * 32, job, 1, 1) for job in ("a.b", "a-b", "a b", "ü" * 80, "x" * 80, "x" * 79)]
    assert len(set(odd)) == len(odd)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) and len(name) <= LONGEST_NAME for name in odd)
    assert tag_of("a.b!c") == "a.b_c"
