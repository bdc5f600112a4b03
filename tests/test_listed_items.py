"""A function that lists items may say which batch size fits them: the same at every home."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.client import create
from skyburst.contracts.records import JobRecord
from skyburst.engine.certificate import certificate_of
from skyburst.engine.plan import make_plan
from skyburst.errors import InvalidItems
from skyburst.finding import find_analysis
from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.planner import Planner
from skyburst.objects import open_store
from tests.cli import terminal
from tests.homes_aws.dynamodb import REGION, Tables

ANALYSIS = Path(__file__).parent / "listing"
COUNT = 12
Run = Callable[..., JobRecord]


def run_here(**spec: Any) -> JobRecord:
    """A job at home `local`, run to its end."""
    handle = create({"analysis": str(ANALYSIS), **spec})
    handle.home.drive(handle.job_id)
    return handle.record()


def plan_there(tables: Tables, objects: Path, **spec: Any) -> JobRecord:
    """A job at home `aws` when its items are listed: it has its plan, or has failed."""
    deployed = Deployed("bucket", tables.batches, tables.jobs, "skyburst")
    with closing(tables.open()) as table:
        deployed.__dict__.update(objects=open_store(objects, create=True), table=table)
        reference = {**find_analysis(str(ANALYSIS)).reference(), "location": "analysis"}
        planner = Planner(deployed, {"listing": {"reference": reference, "lanes": 1}})
        told = planner.plan({"analysis": "listing", **spec}, "job-1")
        assert told["task"] == "items"
        listed = CombinerFunction(deployed, ANALYSIS).handle({"task": "items", "job": "job-1", "run": 1})
        if listed["state"] == "RUNNING":
            assert planner.listed("job-1", 1)["task"] == "work"
            assert planner.plan({"resume": "job-1"}, "job-1")["task"] == "work", "it was delivered twice"
        return table.job("job-1")


@pytest.fixture(params=["local", "aws"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Makes a job and has its items listed."""
    if request.param == "local":
        return run_here
    tables: Tables = request.getfixturevalue("dynamodb_tables")
    monkeypatch.setenv("AWS_ENDPOINT_URL", tables.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return lambda **spec: plan_there(tables, tmp_path / "bucket", **spec)


@pytest.mark.parametrize("how", ["items", "generator", "manifest"])
def test_the_batch_size_that_fits_the_listed_items_comes_before_that_of_the_blueprint(
    run: Run, how: str, tmp_path: Path
) -> None:
    where = str(tmp_path / "list") if how == "manifest" else how
    job = run(parameters={"how": where})
    assert job.plan == make_plan(COUNT, 4).document()
    assert job.batch_size == 4
    certificate = certificate_of(job, skyburst.Progress(job.state), "local")
    assert (certificate["plan"]["batch_size"], certificate["items"]["source"]["batch_size"]) == (4, 4)
    assert job.items
    assert certificate["items"]["digest"] == job.items["manifest"]["digest"]
    if how == "manifest":
        assert job.items["manifest"]["location"] == where


def test_the_batch_size_of_the_job_comes_first_and_that_of_the_blueprint_last(run: Run) -> None:
    assert run(batch_size=3).plan == make_plan(COUNT, 3).document()


def test_without_one_of_the_items_the_blueprint_says_it(run: Run) -> None:
    assert run(parameters={"how": "plain"}).plan == make_plan(COUNT, 5).document()


def test_lists_are_joined_each_with_its_own_batch_size(run: Run, tmp_path: Path) -> None:
    where = str(tmp_path / "list")
    job = run(parameters={"how": f"joined:{where}"})
    plan = make_plan(5 + COUNT, 5, joined=[(5, 4), (0, None), (COUNT, None)])
    assert job.plan == plan.document()
    assert [plan.items_of(batch) for batch in range(plan.batches)] == [(0, 4), (4, 5), (5, 10), (10, 15), (15, 17)]
    assert job.items
    assert job.items["joined"][2]["manifest"]["location"] == where
    certificate = certificate_of(job, skyburst.Progress(job.state), "local")
    assert len(certificate["items"]["digest"]) == 64
    assert run_here(parameters={"how": f"joined:{where}"}, batch_size=3).plan["batches"] == 2 + 4  # type: ignore[index]


def test_workers_get_the_items_of_joined_lists_and_the_place_of_theirs(tmp_path: Path) -> None:
    where = str(tmp_path / "list")
    result = skyburst.run(str(ANALYSIS), parameters={"how": f"joined:{where}", "place": True})
    assert result.value == [
        [None, [0, 1, 2, 3]], [None, [4]], [where, [0, 1, 2, 3, 4]], [where, [5, 6, 7, 8, 9]], [where, [10, 11]],
    ]  # fmt: skip
    status = terminal.skyburst("status", result.job_id, folder=tmp_path, SKYBURST_HOME=os.environ["SKYBURST_HOME"])
    assert "of 4 or 5 items" in status.stdout
    again = terminal.skyburst("rerun", result.job_id, folder=tmp_path, SKYBURST_HOME=os.environ["SKYBURST_HOME"])
    assert "the result is the same as before" in again.stderr


@pytest.mark.parametrize(
    ("size", "how"),
    [
        (0, "items"),
        (2.0, "items"),
        (True, "items"),
        ("4", "items"),
        (4, "none"),
        (4, "joined none"),
        (4, "joined twice"),
    ],
)
def test_a_batch_size_that_is_none_and_no_items_are_refused(run: Run, size: Any, how: str) -> None:
    job = run(parameters={"how": how, "size": size})
    assert job.state == "FAILED"
    assert job.refused
    expected = f"{size!r}: expected a whole number from 1" if how == "items" else "there are no items"
    expected = "give all of them in one JoinedItems" if how == "joined twice" else expected
    assert expected in job.reason


def test_the_class_refuses_what_is_no_batch_size() -> None:
    with pytest.raises(InvalidItems, match="is None"):
        skyburst.Items([], batch_size=None)  # type: ignore[arg-type]
