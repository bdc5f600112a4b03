"""What a running job has found so far: combined by its analysis' own code, over real tables and objects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skyburst.contracts import values
from skyburst.contracts.states import JobState
from skyburst.finding import find_analysis
from skyburst.homes.aws.brief import Brief, job_prefix, so_far_key, write_brief
from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.objects import open_store
from skyburst.stored import store_value
from tests.contracts.records import a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

SCRIPTED = Path(__file__).parents[1] / "local" / "scripted"


@pytest.fixture
def deployed(dynamodb_tables: Tables) -> Deployed:
    deployed = Deployed("bucket", dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__.update(table=dynamodb_tables.open(), objects=open_store("memory://"))
    return deployed


def test_what_batches_have_found_is_combined_and_nothing_of_the_job_changes(deployed: Deployed, tmp_path: Path) -> None:
    reference = find_analysis(str(SCRIPTED)).reference()
    job = replace(a_job("j", batches=4, state=JobState.RUNNING), analysis=reference, runs=1)
    deployed.table.create_job(job)
    assert job.plan is not None
    brief = Brief(
        "j",
        None,
        reference,
        {"scripts": [], "combiner_does": "ok", "journal": None},
        None,
        job.plan,
        {"attempts": 2},
        "m",
        ["w"],
        "c",
        1,
    )
    write_brief(deployed.objects, brief)
    deployed.table.record("j", [an_outcome(batch, payload=store_value([batch], tmp_path).payload) for batch in (0, 2)])
    function = CombinerFunction(deployed, SCRIPTED)
    for _ in range(2):
        assert function.handle({"task": "preview", "job": "j", "run": 1}) == {}
        made = values.decode(deployed.objects.get(so_far_key(job_prefix("j"), 1)))
        assert made["value"]["found"] == [0, 2]
        assert made["seconds"] >= 0
    assert deployed.table.job("j").state is JobState.RUNNING
    assert not [entry.key for entry in deployed.objects.list("jobs/j/") if "result" in entry.key]
    deployed.table.close()
