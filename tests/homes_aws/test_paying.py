"""At home aws the planner keeps what a job may cost before it starts, and whoever finishes it settles."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skyburst.budgets.records import Account, Budget, Period, ReservationState, Scope
from skyburst.contracts import values
from skyburst.contracts.records import Outcome
from skyburst.contracts.states import JobState
from skyburst.errors import InvalidJob, NotAllowed, OverBudget
from skyburst.finding import find_analysis
from skyburst.homes.aws.budgets_table import DynamoBudgets
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import finish, settled
from skyburst.homes.aws.following import AwsFollowing
from skyburst.homes.aws.planner import Planner
from skyburst.homes.aws.schema import BUDGETS, creation
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.aws.unfinished import end_unfinished
from skyburst.homes.following import following_of
from skyburst.objects import ObjectStore, open_store
from skyburst.people.changes import denied_user
from skyburst.people.files import load_files, write_records
from skyburst.people.records import Group, User
from tests.conftest import REPOSITORY
from tests.contracts.records import an_outcome
from tests.homes_aws.dynamodb import REGION, Tables

ANALYSIS = REPOSITORY / "tests" / "local" / "scripted"
LAB = Scope("lab")
OF_LAB = Account(LAB, Period.LIFETIME, "")
USD = 1_000_000
NOTHING: dict[str, Any] = {"missing": [], "item_errors": [], "files": None}


@dataclass
class Place:
    """A deployment without functions, with budgets."""

    tables: Tables
    table: DynamoTaskTable
    objects: ObjectStore
    budgets: DynamoBudgets

    def deployed(self, *, pays: bool = True) -> Deployed:
        budgets = self.budgets.table if pays else None
        deployed = Deployed("bucket", self.tables.batches, self.tables.jobs, "skyburst", False, budgets)
        deployed.__dict__.update(objects=self.objects, table=self.table)
        return deployed

    def planner(self) -> Planner:
        reference = {**find_analysis(str(ANALYSIS)).reference(), "location": "analysis"}
        return Planner(self.deployed(), {"scripted": {"reference": reference, "lanes": 1}})

    def plan(self, job: str = "job-1", items: int = 3, **fields: Any) -> dict[str, Any]:
        given = {
            "analysis": "scripted",
            "items": [{"script": ["ok"]}] * items,
            "batch_size": 1,
            "group": "lab",
            **fields,
        }
        return self.planner().plan(given, job)

    def follow(self, job_id: str, refusal: str = "") -> tuple[list[str], dict[str, Any]]:
        """Start what follows a job that has succeeded; the executions that were started, and what its objects say of it."""
        reference = {**find_analysis(str(ANALYSIS)).reference(), "location": "analysis"}
        planner = Planner(self.deployed(), {"scripted": {"reference": reference, "lanes": 1}})
        started: list[str] = []

        class Noting(AwsFollowing):
            def _execute(self, name: str, given: dict[str, Any]) -> None:
                if refusal:
                    raise InvalidJob(refusal)
                started.append(name)

        following = Noting(self.deployed(), planner, "arn:aws:states:us-east-1:123456789012:stateMachine:jobs")
        following.follow(job_id, self.table.job(job_id).runs)
        (entry,) = following_of(self.objects, f"jobs/{job_id}/", self.table.job(job_id))
        return started, entry

    def end(self, job_id: str, state: JobState = JobState.SUCCEEDED) -> dict[str, Any]:
        return finish(self.deployed(), self.table.job(job_id), state, "it is over", NOTHING, None)


@pytest.fixture
def place(dynamodb_tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_tables.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    name = f"budgets-{uuid.uuid4().hex[:8]}"
    dynamodb_tables.client.create_table(**creation(BUDGETS, name))
    table = dynamodb_tables.open()
    (tmp_path / "bucket").mkdir()
    yield Place(dynamodb_tables, table, open_store(tmp_path / "bucket"), DynamoBudgets(dynamodb_tables.client, name))
    table.close()
    dynamodb_tables.client.delete_table(TableName=name)


def limit(place: Place, usd: float) -> None:
    place.budgets.set(Budget(LAB, Period.LIFETIME, round(usd * USD)))


def test_a_job_keeps_what_it_may_cost_and_spends_what_it_did_which_its_certificate_says(place: Place) -> None:
    limit(place, 10)
    assert place.plan()["task"] == "work"
    kept = place.budgets.account(OF_LAB)
    assert (kept[0], kept[1] > 0) == (0, True)
    assert place.plan()["task"] == "work"  # the planner is called twice
    assert place.budgets.account(OF_LAB) == kept
    outcomes: list[Outcome] = [an_outcome(batch, items=1, seconds=100.0) for batch in range(3)]
    place.table.record("job-1", outcomes)
    place.end("job-1")
    spent, reserved = place.budgets.account(OF_LAB)
    assert reserved == 0
    certificate = values.decode(place.objects.get("jobs/job-1/certificate.json"))
    assert certificate["cost"]["amount"] * USD == pytest.approx(spent)
    memory_gb = find_analysis(str(ANALYSIS)).blueprint.resources.memory_mb / 1024
    assert certificate["cost"]["parts"]["workers"] == pytest.approx(300 * memory_gb * 0.0000166667, rel=0.3)
    place.end("job-1")  # delivered twice
    assert place.budgets.account(OF_LAB) == (spent, 0)


def test_a_combiner_leaves_settling_to_the_planner(place: Place) -> None:
    limit(place, 10)
    place.plan()
    place.table.record("job-1", [an_outcome(0, items=1, seconds=100.0)])
    kept = place.budgets.account(OF_LAB)
    job = place.table.job("job-1")
    ended = finish(place.deployed(pays=False), job, JobState.SUCCEEDED, "it is over", NOTHING, None)
    assert ended["settles"] is True
    assert place.budgets.account(OF_LAB) == kept
    for _ in range(2):  # delivered twice
        told = settled(place.deployed(), "job-1", ended["run"])
        assert told == {name: value for name, value in ended.items() if name != "settles"}
        spent, reserved = place.budgets.account(OF_LAB)
        assert spent > 0
        assert reserved == 0


def test_an_execution_that_is_stopped_before_its_job_is_settled_has_that_done_by_the_rule(place: Place) -> None:
    limit(place, 10)
    place.plan()
    finish(place.deployed(pays=False), place.table.job("job-1"), JobState.SUCCEEDED, "it is over", NOTHING, None)
    described = {"name": "job-1", "status": "ABORTED", "input": "{}"}
    end_unfinished(place.deployed(), {**described, "name": "another", "input": '{"resume": "job-1"}'})
    assert place.budgets.account(OF_LAB)[1] > 0, "another execution has nothing to do with it"
    end_unfinished(place.deployed(), described)
    assert place.budgets.account(OF_LAB)[1] == 0


def test_a_job_without_a_budget_has_nothing_to_settle(place: Place) -> None:
    place.plan()
    assert "settles" not in place.end("job-1")


def test_an_execution_that_is_begun_again_after_its_job_has_ended_keeps_nothing(place: Place) -> None:
    limit(place, 10)
    place.plan()
    place.end("job-1")
    spent, reserved = place.budgets.account(OF_LAB)
    assert reserved == 0
    assert place.plan()["task"] == "ended"
    assert place.budgets.account(OF_LAB) == (spent, 0)


def test_a_job_over_its_budget_is_refused_by_the_planner_and_is_none(place: Place) -> None:
    limit(place, 0.000001)
    with pytest.raises(
        OverBudget, match=r"the lifetime budget of group lab has 0\.000001 USD left, and this job may cost up to"
    ):
        place.plan()
    assert list(place.table.jobs()) == []
    assert place.budgets.account(OF_LAB) == (0, 0)


def test_the_second_execution_of_an_idempotency_key_pays_nothing_even_when_nothing_is_left(place: Place) -> None:
    limit(place, 10)
    place.plan("first", idempotency_key="once")
    kept = place.budgets.account(OF_LAB)
    told = place.plan("second", idempotency_key="once")
    assert (told["task"], told["job"]) == ("other", "first")
    assert place.budgets.account(OF_LAB) == kept
    limit(place, 0)
    assert place.plan("third", idempotency_key="once")["job"] == "first"
    assert place.budgets.account(OF_LAB) == kept


def test_a_resumed_job_is_refused_before_anything_of_it_changes(place: Place) -> None:
    limit(place, 10)
    place.plan()
    place.end("job-1", JobState.FAILED)
    limit(place, 0)
    before = place.table.job("job-1")
    planner = place.planner()
    with pytest.raises(OverBudget):
        planner.plan({"resume": "job-1"}, "again")
    assert place.table.job("job-1") == before
    limit(place, 10)
    assert planner.plan({"resume": "job-1"}, "again")["task"] == "work"
    found = place.budgets.reservation("job-1")
    assert found is not None
    assert found.state is ReservationState.RESERVED


def test_a_job_whose_user_was_denied_meanwhile_is_not_resumed(place: Place) -> None:
    people = f"{place.objects.location}/people"
    group, ada = Group(name="lab", approved=True, analyses="all"), User(name="ada", group="lab", approved=True)
    write_records(people, [group, ada], load_files(people))
    place.plan(user="ada")
    place.end("job-1", JobState.FAILED)
    before = place.table.job("job-1")
    write_records(people, [denied_user(load_files(people).people, "ada", "left the lab")], load_files(people))
    with pytest.raises(NotAllowed, match=r"job.user is 'ada', .*was not approved \(left the lab\)"):
        place.planner().plan({"resume": "job-1"}, "again")
    assert place.table.job("job-1") == before


def test_a_job_that_finished_without_settling_is_settled_when_somebody_is_refused(place: Place) -> None:
    limit(place, 10)
    place.plan()
    kept = place.budgets.account(OF_LAB)[1]
    job = place.table.job("job-1")
    job.state, job.finished_at = JobState.FAILED, 1.0  # whoever finished it died before it settled
    place.table.update_job(job)
    limit(place, 1.5 * kept / USD)
    assert place.plan("job-2")["task"] == "work"
    assert place.budgets.account(OF_LAB)[1] == kept


def test_a_deployment_without_budgets_runs_jobs_as_before(place: Place) -> None:
    deployed = Deployed("bucket", "batches", "jobs", "skyburst")
    assert deployed.paying is None


def followed(place: Place) -> str:
    """A job that has succeeded, which a job of its group follows."""
    place.plan("first")
    job = place.table.job("first")
    job.analysis["blueprint"] = {
        **job.analysis["blueprint"], "next": [{"analysis": "scripted", "on": "all", "parameters": {}}]
    }  # fmt: skip
    place.table.update_job(job)
    place.end("first")
    return "first"


def test_what_follows_over_budget_is_told_and_names_no_job(place: Place) -> None:
    first = followed(place)
    place.budgets.set(Budget(LAB, Period.LIFETIME, 1))
    started, entry = place.follow(first)
    assert (started, entry["job"]) == ([], None)
    assert "budget of group lab" in entry["reason"]
    place.budgets.set(Budget(LAB, Period.LIFETIME, 1_000 * USD))
    started, entry = place.follow(first)
    assert started == [entry["job"]]
    assert place.table.job(entry["job"]).state is JobState.PENDING
    kept = place.budgets.reservation(entry["job"])
    assert kept is not None
    assert kept.state is ReservationState.RESERVED


def test_what_follows_and_has_no_execution_has_its_end_and_says_why(place: Place) -> None:
    first = followed(place)
    _, entry = place.follow(first, refusal="no execution could be started: too many")
    job = place.table.job(entry["job"])
    assert job.state is JobState.FAILED
    assert "no execution could be started: too many" in job.reason
    kept = place.budgets.reservation(job.job_id)
    assert kept is None or kept.state is not ReservationState.RESERVED
