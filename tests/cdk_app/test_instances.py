"""Types of instances are chosen as EC2 has them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import botocore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_app.instances import GENERAL, GPUS, MISSING, SIZES, most_vcpus, types_for, update_min
from skyburst.contracts.blueprint import EnvironmentSection
from skyburst.errors import InvalidAnalysis
from tests.conftest import needed

BATCH = Path(botocore.__file__).parent / "data" / "batch" / "2016-08-10" / "service-2.json.gz"
API = json.loads(gzip.decompress(BATCH.read_bytes()))["shapes"]


def test_what_is_said_of_types_is_what_ec2_says() -> None:
    known = needed("moto.ec2.models.instance_types").INSTANCE_TYPES

    def facts(name: str) -> tuple[int, int, int]:
        about = known[name]
        gpus = sum(gpu["Count"] for gpu in about.get("GpuInfo", {}).get("Gpus", []))
        return about["VCpuInfo"]["DefaultVCpus"], about["MemoryInfo"]["SizeInMiB"], gpus

    for family, gib in GENERAL.items():
        for size, vcpus in SIZES.items():
            if f"{family}.{size}" in MISSING:
                assert f"{family}.{size}" not in known
            else:
                assert facts(f"{family}.{size}") == (vcpus, gib * vcpus * 1_024, 0)
    for family, sizes in GPUS.items():
        for size, gpus in sizes.items():
            assert facts(f"{family}.{size}") == (SIZES[size], 4 * SIZES[size] * 1_024, gpus)


@pytest.mark.parametrize(
    ("needs", "types"),
    [
        (EnvironmentSection(), {"c6i.large", "m6i.large", "r5.large"}),
        (EnvironmentSection(vcpus=4, memory_mb=12_000), {"m6i.xlarge", "r6i.xlarge", "m5.xlarge", "r5.xlarge"}),
        (EnvironmentSection(vcpus=1, memory_mb=60_000), {"r6i.2xlarge"}),
        (EnvironmentSection(vcpus=1, gpus=1), {"g4dn.xlarge", "g5.xlarge"}),
        (EnvironmentSection(vcpus=1, gpus=3), {"g4dn.12xlarge", "g5.12xlarge"}),
        (EnvironmentSection(instance_types=["p4d.24xlarge"]), {"p4d.24xlarge"}),
    ],
)
def test_the_smallest_that_hold_a_batch_are_chosen(needs: EnvironmentSection, types: set[str]) -> None:
    assert types <= set(types_for(needs))


def test_what_no_type_holds_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidAnalysis, match=r"8 GPUs: name those that do in environment\.instance_types"):
        types_for(EnvironmentSection(gpus=8))


@pytest.mark.parametrize(
    ("types", "most"),
    [
        (["m6i.xlarge"], 40),
        (["m6i.xlarge", "m6i.4xlarge"], 40),
        (["g5"], 20),
        (["m5.metal"], 1_920),
        (["t3.small"], 20),
    ],
)
def test_processors_are_those_of_the_batches_that_may_run(types: list[str], most: int) -> None:
    assert most_vcpus(types, EnvironmentSection(vcpus=2, max_concurrent=10)) == most


@given(st.integers(1, 96), st.integers(128, 700_000))
def test_each_type_that_is_chosen_can_start_within_the_limit(vcpus: int, memory_mb: int) -> None:
    needs = EnvironmentSection(vcpus=vcpus, memory_mb=memory_mb, max_concurrent=1)
    found = types_for(needs)
    assert found
    assert most_vcpus(found, needs) >= vcpus


@given(st.floats(0.1, 20_160))
def test_what_runs_has_its_time_when_instances_are_replaced_as_far_as_aws_batch_gives_it(timeout_min: float) -> None:
    api = API["JobExecutionTimeoutMinutes"]
    minutes = update_min(EnvironmentSection(timeout_min=timeout_min))
    assert api["min"] <= minutes <= api["max"]
    assert minutes >= timeout_min or minutes == api["max"]
