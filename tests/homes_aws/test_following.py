"""Jobs that follow a job at home `aws`: their names, and how a watcher tells which datasets are done."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.following import FollowUp
from skyburst.errors import InvalidJob
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.done_datasets import DoneDatasets
from skyburst.homes.aws.executions import LONGEST_NAME
from skyburst.homes.aws.following import AwsFollowing, name_of
from skyburst.homes.aws.outcomes import keep
from skyburst.homes.aws.planner import Planner
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import Tables

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)


class Function:
    """Notes what it is invoked with; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.failures = failures

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("skyburst-plan", "Event")
        if self.failures:
            self.failures -= 1
            raise ConnectionError("told to fail")
        self.events.append(json.loads(Payload))


def teller(function: Function, on: str = "each") -> DoneDatasets:
    job = a_job("j", batches=4)
    job.analysis["blueprint"] = {"next": [{"analysis": "second", "on": on, "parameters": {}}]}
    deployed: Any = SimpleNamespace(prefix="skyburst")
    return DoneDatasets(function, deployed, job, 1)


def test_each_dataset_is_told_once_when_it_is_done() -> None:
    function = Function()
    telling = teller(function)
    for done in (b"\0\0\0\0", b"\0\1\0\0", b"\0\1\0\0", b"\1\1\0\1"):
        telling.tell(bytearray(done))
    assert [event["batches"] for event in function.events] == [[1], [0, 3]]
    assert function.events[0] == {"task": "follow", "job": "j", "run": 1, "batches": [1]}


def test_what_could_not_be_told_is_told_at_the_next_look() -> None:
    function = Function(failures=1)
    telling = teller(function)
    telling.tell(bytearray(b"\1\0\0\0"))
    telling.tell(bytearray(b"\1\0\0\0"))
    assert [event["batches"] for event in function.events] == [[0]]


def test_a_job_of_which_nothing_follows_each_dataset_tells_nothing() -> None:
    function = Function()
    teller(function, on="all").tell(bytearray(b"\1\1\1\1"))
    assert not function.events


class Noting(AwsFollowing):
    """Notes what it is to start."""

    def __init__(self, deployed: Deployed) -> None:
        super().__init__(deployed, Planner(deployed, {}), "")
        self.started: list[FollowUp] = []

    def _start(self, job: JobRecord, follow_up: FollowUp) -> str:
        self.started.append(follow_up)
        return "second-1"


def test_what_follows_has_all_result_files_also_of_a_job_whose_record_cannot_hold_their_names(
    dynamodb_tables: Tables, bucket: str
) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    job = a_job("many-files", batches=1, state=JobState.SUCCEEDED)
    job.analysis["blueprint"] = {"next": [{"analysis": "second", "on": "all", "parameters": {}}]}
    files = [f"table-{number:05d}.csv" for number in range(4_000)]
    job.outcome = keep(
        deployed.objects, job.job_id, {"missing": [], "item_errors": [], "files": files, "checksums": {}}
    )
    deployed.table.create_job(job)
    following = Noting(deployed)
    following.follow(job.job_id, job.runs)
    (item,) = following.started[0].specification["items"]
    assert len(item["data"]) == 1 + len(files)
    deployed.table.close()


def test_nothing_more_is_started_once_the_job_is_cancelled(dynamodb_tables: Tables, bucket: str) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    job = a_job("ends-1", batches=1, state=JobState.RUNNING)
    deployed.table.create_job(job)
    deployed.table.request_cancel("ends-1")
    following = AwsFollowing(deployed, Planner(deployed, {}), "")
    with pytest.raises(InvalidJob, match="job ends-1 was cancelled: resume it"):
        following._start(job, FollowUp("0-all", "second", "all", None, {"analysis": "second"}))
    deployed.table.close()


@given(NAMES, st.text(min_size=1, max_size=80), st.sampled_from(["0-all", "0-00000007"]))
def test_the_name_of_what_follows_is_always_the_same_and_one_that_an_execution_can_have(
    analysis: str, job_id: str, key: str
) -> None:
    follow_up = FollowUp(key, analysis, "all", None, {})
    name = name_of(job_id, follow_up)
    assert name == name_of(job_id, follow_up)
    assert len(name) <= LONGEST_NAME
    assert name != name_of(f"{job_id}x", follow_up) != name_of(job_id, follow_up._replace(key="1-all"))
