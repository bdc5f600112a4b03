"""What status says of where the batches of a job run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from skyburst.cli.placed import fell_back, placed
from skyburst.contracts import values
from skyburst.contracts.records import JobRecord
from skyburst.engine.environments import Submitted
from skyburst.objects import open_store
from tests.contracts.records import a_job


def a_job_with(outcome: dict[str, Any] | None = None, **compute: Any) -> JobRecord:
    job = a_job("job-1", batches=9)
    job.analysis["compute"] = {"environment": False, "why": "it says so", "fallback": False, **compute}
    job.runs, job.outcome = 1, outcome
    return job


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        ({}, "in functions: it says so"),
        ({"environment": True}, "in environments: it says so"),
        (
            {"environment": True, "pricing": "spot", "instance_types": ["c7i", "m5.large"]},
            "in environments (c7i, m5.large), spare machines: it says so",
        ),
    ],
)
def test_a_job_says_where_it_runs_and_why(compute: dict[str, Any], said: str) -> None:
    assert placed(a_job_with(**compute)) == said
    assert placed(a_job()) == "", "at home local there is no choice"


def test_a_job_says_which_batches_fell_back_while_it_runs_and_afterwards() -> None:
    home: Any = SimpleNamespace(objects=open_store("memory://"))
    running = a_job_with(fallback=True)
    assert fell_back(home, running) == ""
    state = Submitted([], fell_back=[1, 4, 5, 6]).document()
    home.objects.put("jobs/job-1/environments-1.json", values.encode(state))
    said = "4 batches fell back from functions to environments: 1, 4-6"
    assert fell_back(home, running) == said
    told = {"environments": {"arrays": 2, "fell_back": 4, "fell_back_ranges": [[1, 2], [4, 7]]}}
    assert fell_back(home, a_job_with(told, fallback=True)) == said
    assert fell_back(home, a_job_with({}, fallback=True)) == ""
