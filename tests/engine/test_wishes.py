"""What a job may have otherwise than its blueprint says."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.job import EnvironmentWishes
from skyburst.engine.compute import choose
from skyburst.engine.wishes import needs_of
from skyburst.errors import InvalidJob


def needs(environment: dict[str, Any] | None, wishes: EnvironmentWishes | None, compute: str = "ec2") -> Any:
    document: dict[str, Any] = {
        "blueprint": 1, "name": "a", "version": "1.0.0", "worker": "m:w", "combiner": "m:c", "compute": compute,
    }  # fmt: skip
    blueprint = parse_blueprint({**document, **({"environment": environment} if environment else {})}, "here")
    return needs_of(blueprint, choose(blueprint), wishes)


def test_what_is_not_wished_is_as_the_blueprint_says() -> None:
    wishes = EnvironmentWishes(timeout_min=5, pricing="spot")
    found = needs({"memory_mb": 9_000, "timeout_min": 90}, wishes)
    assert (found.memory_mb, found.timeout_min, found.pricing, found.disk_gb) == (9_000, 5, "spot", 30)


@pytest.mark.parametrize("listed", [[], ["m5.large"], ["m5"], ["c7i", "m5.large"]])
def test_an_instance_type_of_the_list_or_its_families_may_be_wished(listed: list[str]) -> None:
    assert needs({"instance_types": listed}, EnvironmentWishes(instance_type="m5.large")).instance_types == ["m5.large"]


def test_another_instance_type_is_refused_with_those_that_may_be() -> None:
    with pytest.raises(
        InvalidJob, match=r"job\.environment\.instance_type is 'p3\.2xlarge': .* 'a' allows c7i, m5\.large"
    ):
        needs({"instance_types": ["c7i", "m5.large"]}, EnvironmentWishes(instance_type="p3.2xlarge"))


def test_an_analysis_that_runs_in_functions_refuses_wishes_by_name_and_says_why_it_runs_there() -> None:
    with pytest.raises(InvalidJob, match=r"job\.environment\.timeout_min is 5\.0: .* compute = 'lambda', and these"):
        needs(None, EnvironmentWishes(timeout_min=5.0), compute="lambda")
    assert needs({"fallback": True}, EnvironmentWishes(timeout_min=5.0), compute="auto").timeout_min == 5.0
    assert needs(None, EnvironmentWishes(), compute="lambda").timeout_min == 60
