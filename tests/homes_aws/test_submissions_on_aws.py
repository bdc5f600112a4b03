"""Submissions at home `aws`: they are looked at for as long as their jobs last, and what is told of them is true."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skyburst.contracts.job import parse_job
from skyburst.contracts.states import JobState
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.executions import Execution
from skyburst.homes.aws.submissions import LOOKS_OF_A_FAILURE, MOST_LOOKS, Submissions, _wait_s, price_of
from skyburst.objects import ObjectStore, open_store
from skyburst.submissions.following import Follower
from skyburst.submissions.owners import note_owner
from skyburst.submissions.record import Record, Records
from tests.conftest import REPOSITORY
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import Tables

MOST_EVENTS = 25_000
EVENTS_OF_A_LOOK = 9
"""Entering and leaving three states, and scheduling, starting and ending a call; tests/deployed counts them."""
DAY_S = 24 * 3_600
BLUEPRINT = {
    "blueprint": 1, "name": "pca", "version": "1.0.0", "command": ["./run.sh"],
    "environment": {"instance_types": ["m5.large"], "disk_gb": 40}, "next": [{"analysis": "demix", "on": "all"}],
}  # fmt: skip


class Noting(Submissions):
    """Notes the executions that it is to start."""

    def __init__(self, deployed: Deployed, bucket: str) -> None:
        registry = {"pca": {"reference": {"name": "pca", "blueprint": BLUEPRINT, "digest": "ab12"}}}
        super().__init__(deployed, registry, {bucket: "pca"}, machine="submissions", jobs="jobs")
        self.executions: list[tuple[str, str, dict[str, Any]]] = []
        self.found: dict[str, Callable[[str], Execution]] = {}
        """How executions of jobs stand when they are looked at, by their names."""

    def _execution(self, job_id: str) -> Execution | None:
        return self.found[job_id](job_id) if job_id in self.found else None

    def _start(self, machine: str, name: str, given: Any) -> None:
        self.executions.append((machine, name, dict(given)))


class Lab:
    """A bucket of submissions, its deployment, and one submission whose job nothing drives."""

    def __init__(self, tables: Tables, bucket: str) -> None:
        name = bucket.removeprefix("s3://")
        self.deployed = Deployed(name, tables.batches, tables.jobs, "skyburst")
        self.deployed.__dict__["table"] = self.table = tables.open()
        self.objects: ObjectStore = open_store(bucket)
        self.submissions = Noting(self.deployed, name)
        for key, data in {"inputs/a.txt": b"a", "configs/c.yaml": b"{}"}.items():
            self.objects.put(f"mylab/{key}", data)
        document = {"dataname": "mylab/inputs/a.txt", "configname": "mylab/configs/c.yaml", "timestamp": "1"}
        data = json.dumps(document).encode()
        self.objects.put("mylab/submissions/submit.json", data)
        self.upload = {
            "bucket": name, "key": "mylab/submissions/submit.json", "version": None, "size": len(data), "uploaded_at": 1.0
        }  # fmt: skip
        self.given = self.submissions.receive(self.upload)
        self.job_id = ""

    def record(self) -> Record:
        return Records(self.objects).get("mylab", self.given["name"])

    def start(self) -> None:
        """The submission gets its job."""
        reception = self.submissions._reception(self.given["bucket"])
        record = self.record()
        self.job_id = "pca-1"
        note_owner(self.deployed.objects, self.job_id, self.objects.location, record)
        job = a_job(self.job_id, batches=1, state=JobState.RUNNING)
        job.spec, job.runs = parse_job(record.specification or {}).document(), 1
        job.analysis |= {"blueprint": BLUEPRINT, "combiner": "skyburst.environments.dataset:collect"}
        self.table.create_job(job)
        reception.started(record, self.job_id)

    def becomes(self, state: JobState, run: int = 1) -> None:
        job = self.table.job(self.job_id)
        job.state, job.reason, job.runs = state, "for some reason", run
        job.finished_at = time.time() if state.finished else None
        self.table.update_job(job)

    def certificate(self) -> str:
        return self.objects.get(self.record().folder.certificate).decode()

    def has_ended(self) -> bool:
        return any(entry.key.endswith("/end.txt") for entry in self.objects.list("mylab/results/"))

    def turn(self, **more: Any) -> dict[str, Any]:
        return self.submissions.turn({**self.given, **more})

    def resumed(self, run: int, job: str = "") -> dict[str, Any]:
        """What EventBridge tells when a job runs once more."""
        detail = {"job": job or self.job_id, "run": run, "state": "RUNNING"}
        return self.submissions.resumed({"detail-type": "Skyburst Job State Change", "detail": detail})


@pytest.fixture
def lab(dynamodb_tables: Tables, bucket: str) -> Iterator[Lab]:
    lab = Lab(dynamodb_tables, bucket)
    yield lab
    lab.table.close()


def test_an_instance_has_the_price_that_is_shipped_or_none() -> None:
    assert price_of("m5.large") == 0.096
    assert price_of("z99.huge") is None


# A submission lasts as long as its job


@pytest.mark.parametrize("days", [1, 14, 25, 365])
def test_no_execution_has_more_events_than_one_may_have_however_long_the_job_takes(days: int) -> None:
    elapsed, looks, executions = 0.0, 0, 1
    while elapsed < days * DAY_S:
        elapsed += _wait_s(elapsed)
        looks += 1
        if looks >= MOST_LOOKS:
            assert EVENTS_OF_A_LOOK * (looks + 2) < MOST_EVENTS - 10_000, "the rest is for what is tried again"
            looks, executions = 0, executions + 1
    assert (executions > 1) is (days > 13)
    assert (_wait_s(5), _wait_s(1_800), _wait_s(30 * DAY_S)) == (2, 60, 900)


def test_looks_that_fail_for_weeks_do_not_use_up_an_execution_either() -> None:
    machine = json.loads((REPOSITORY / "step_functions" / "submission.asl.json").read_text())
    (tries,) = [entry for entry in machine["States"]["Turn"]["Retry"] if entry["ErrorEquals"] == ["States.ALL"]]
    events = 3 * (tries["MaxAttempts"] + 1) + 2 * EVENTS_OF_A_LOOK
    assert events <= LOOKS_OF_A_FAILURE * EVENTS_OF_A_LOOK


def test_after_many_looks_another_execution_goes_on_and_is_started_once(lab: Lab) -> None:
    lab.start()
    answer = lab.turn(looks=MOST_LOOKS)
    assert answer["over"]
    lab.turn(looks=MOST_LOOKS)  # as when the answer was lost
    (first, again) = lab.submissions.executions
    assert first == again
    machine, _, given = first
    assert (machine, given["part"]) == ("submissions", 2)
    taken_up = lab.submissions.receive(given)
    assert (taken_up["over"], taken_up["looks"], taken_up["part"]) == (False, 0, 2)
    assert lab.submissions.turn(taken_up)["looks"] == 1
    lab.submissions.turn({**taken_up, "looks": MOST_LOOKS})
    assert lab.submissions.executions[-1][1] != first[1]


# What is told is true


def test_a_look_that_fails_for_hours_is_told_and_followed_on_when_that_passes(lab: Lab) -> None:
    lab.start()
    for _ in range(3):
        answer = lab.submissions.failed(lab.given, "StorageError", "access denied")
        assert (answer["state"], answer["over"]) == ("STARTED", False)
        assert answer["wait_s"] > 0
    assert not lab.has_ended()
    told = "INTERNAL ERROR: it could not be looked at: StorageError: access denied; its job pca-1 is not ended by this"
    assert lab.certificate().count(told) == 1
    assert "Shutting down" not in lab.certificate()
    assert lab.turn()["state"] == "STARTED"
    assert "what was in the way has passed" in lab.certificate()
    lab.becomes(JobState.FAILED)
    assert lab.turn()["state"] == "ENDED"
    assert lab.record().outcome == "FAILED"
    assert lab.has_ended()


def test_a_submission_that_may_have_a_job_is_not_refused_for_a_fault_of_the_deployment(lab: Lab) -> None:
    answer = lab.submissions.failed(lab.given, "States.Timeout", "slow")
    assert (answer["state"], answer["over"], lab.has_ended()) == ("QUEUED", False, False)
    # Receive had done its work, and its answer was lost.
    assert lab.submissions.failed(lab.upload, "States.Timeout", "slow")["state"] == "QUEUED"


def test_what_never_came_so_far_is_refused_and_says_so(lab: Lab) -> None:
    data = b'{"timestamp": "2"}'
    lab.objects.put(lab.upload["key"], data)
    answer = lab.submissions.failed({**lab.upload, "size": len(data)}, "StorageError", "access denied")
    assert (answer["state"], answer["over"]) == ("REFUSED", True)
    assert lab.has_ended()


def test_a_job_that_is_refused_is_told_and_the_same_uploaded_again_has_a_job_of_its_own(lab: Lab) -> None:
    assert lab.turn()["state"] == "QUEUED"
    ((_, job_id, spec),) = lab.submissions.executions
    lab.submissions.found[job_id] = lambda _: Execution(False, "OverBudget", '{"errorMessage": "0.10 USD left"}')
    assert lab.turn()["state"] == "REFUSED"
    assert "0.10 USD left" in lab.certificate()
    lab.given = lab.submissions.receive({**lab.upload, "uploaded_at": 2.0})
    assert lab.turn()["state"] == "QUEUED"
    (_, again, same) = lab.submissions.executions[-1]
    assert again != job_id
    assert same["items"] == spec["items"]


def test_a_job_that_was_made_and_has_ended_between_two_requests_is_not_taken_for_refused(lab: Lab) -> None:
    assert lab.turn()["state"] == "QUEUED"
    ((_, job_id, spec),) = lab.submissions.executions

    def ends(name: str) -> Execution:
        job = a_job(name, batches=1, state=JobState.CANCELLED)
        job.spec, job.runs = spec, 1
        job.analysis |= {"blueprint": BLUEPRINT, "combiner": "skyburst.environments.dataset:collect"}
        lab.table.create_job(job)
        return Execution(False, "", "")

    lab.submissions.found[job_id] = ends
    assert lab.turn()["state"] == "STARTED"
    assert lab.turn()["state"] == "ENDED"
    assert lab.record().outcome == "CANCELLED"


# A job that is resumed


def test_a_submission_whose_job_is_resumed_is_followed_again_by_an_execution_of_its_own(lab: Lab) -> None:
    lab.start()
    lab.becomes(JobState.CANCELLED)
    assert lab.turn()["state"] == "ENDED"
    assert lab.has_ended()
    lab.becomes(JobState.RUNNING, run=2)
    lab.resumed(2)
    lab.resumed(2)  # EventBridge may tell it twice
    assert len({name for _, name, _ in lab.submissions.executions}) == 1
    given = lab.submissions.executions[0][2]
    for _ in range(2):  # the first answer may be lost
        assert lab.submissions.receive(given)["over"] is False
        assert not lab.has_ended()
    assert lab.turn()["state"] == "STARTED"
    lab.becomes(JobState.CANCELLED, run=2)
    assert lab.turn()["state"] == "ENDED"
    assert lab.has_ended()
    assert "pca-1 was resumed: it is followed again" in lab.certificate()


def test_one_that_is_followed_still_when_its_job_is_resumed_is_followed_once(lab: Lab) -> None:
    lab.start()
    lab.becomes(JobState.RUNNING, run=2)
    lab.resumed(2)
    assert lab.submissions.receive(lab.submissions.executions[0][2])["over"] is True


def test_a_job_that_is_resumed_while_its_end_is_written_has_not_ended(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.start()
    lab.becomes(JobState.CANCELLED)
    end = Follower._end

    def resumes(*given: Any) -> None:
        end(*given)
        lab.becomes(JobState.RUNNING, run=2)

    monkeypatch.setattr(Follower, "_end", resumes)
    assert lab.turn()["state"] == "STARTED"
    assert not lab.has_ended()


def test_other_jobs_that_are_resumed_start_nothing_whatever_labels_they_have(lab: Lab) -> None:
    lab.start()
    job = a_job("other-1")
    job.spec = {
        **job.spec,
        "labels": {"submission": lab.given["name"], "bucket": lab.given["bucket"], "group": "mylab"},
    }
    lab.table.create_job(job)
    assert lab.resumed(2, job="other-1") == {"started": None}


# What follows


def test_what_follows_a_submission_is_followed_by_an_execution_of_its_own(lab: Lab) -> None:
    lab.start()
    lab.becomes(JobState.RUNNING)
    child = a_job("demix-next", batches=1, state=JobState.RUNNING)
    child.spec = {**child.spec, "items": [{"data": "s3://b/x/", "name": "a.txt"}], "group": "mylab"}
    child.analysis |= {"name": "demix", "blueprint": {**BLUEPRINT, "name": "demix", "next": []}}
    lab.table.create_job(child)
    entry = {
        "key": "0-all",
        "analysis": "demix",
        "on": "all",
        "dataset": None,
        "job": "demix-next",
        "reason": "",
        "at": 1.0,
    }
    lab.deployed.objects.put("jobs/pca-1/next/0-all.json", json.dumps(entry).encode())
    assert lab.turn()["state"] == "STARTED"
    assert lab.turn()["state"] == "STARTED"
    ((machine, _, given),) = lab.submissions.executions
    assert (machine, given["name"]) == ("submissions", "job__demix_1")
    answer = lab.submissions.turn(lab.submissions.receive(given))
    assert (answer["state"], answer["job"]) == ("STARTED", "demix-next")
    assert lab.objects.get("mylab/results/job__demix_1/logs/DATASET_NAME:a.txt_STATUS.txt")
