"""What the result of a command's job says in a few lines, and what the log of a dataset says of where it ran."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.environments.dataset import lines
from skyburst.homes.aws.environment_worker import machine_of


def entry(number: int, name: str, config: Any = None) -> dict[str, Any]:
    return {
        "number": number, "dataset": name, "state": "FAILED", "reason": "no", "files": [], "config": config,
    }  # fmt: skip


def test_the_members_of_an_ensemble_are_told_apart_by_number_and_config() -> None:
    value = [entry(n, "mouse1.txt", f"/configs/job_inst{n + 1}config.json") for n in range(2)]
    assert lines(value, {})[1:] == [
        "mouse1.txt (dataset 0, job_inst1config.json): FAILED: no",
        "mouse1.txt (dataset 1, job_inst2config.json): FAILED: no",
    ]


def test_a_name_that_no_other_dataset_has_stands_alone() -> None:
    value = [entry(0, "mouse1.txt"), entry(1, "mouse2.txt", {"depth": 3})]
    assert lines(value, {})[1:] == ["mouse1.txt: FAILED: no", "mouse2.txt: FAILED: no"]


@pytest.mark.parametrize(
    ("image", "types", "said"),
    [
        ("lab/pca@sha256:1", ["m5.large"], "in the image lab/pca@sha256:1, on an instance of m5.large"),
        (None, ["c7i", "m6i"], "in the deployment's image for environments, on an instance of c7i or m6i"),
        (None, [], "in the deployment's image for environments, on an instance that has what it needs"),
    ],
)
def test_the_log_of_a_dataset_on_aws_names_image_and_instance(image: str | None, types: list[str], said: str) -> None:
    assert machine_of(image, types) == said
