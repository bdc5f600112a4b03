"""Events are told ten at a time, only when something changed, and never at the cost of a job."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from skyburst.contracts.records import BatchRecord, Failure, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.events import Events, Told


class Bus:
    """Takes events, or does not."""

    def __init__(self, error: Exception | None = None, refused: int = 0) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.error, self.refused = error, refused

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(Entries)
        if self.error:
            raise self.error
        codes = [{"ErrorCode": "ThrottlingException"}] * self.refused
        return {"FailedEntryCount": self.refused, "Entries": [*codes, *({} for _ in Entries[self.refused :])]}

    @property
    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for call in self.calls for entry in call]


def events(bus: Bus) -> Events:
    return Events("skyburst", "s3://bucket", lambda: bus)


def record(batch: int, state: BatchState = BatchState.DONE, attempt: int = 1, **more: Any) -> BatchRecord:
    return BatchRecord(batch, state, attempt, items=2, seconds=0.5, **more)


def job(reason: str = "") -> JobRecord:
    return JobRecord("j", {"name": "mine"}, {"name": "acting"}, {}, JobState.RUNNING, reason=reason, runs=1)


def test_batches_are_told_ten_at_a_time() -> None:
    bus = Bus()
    events(bus).batches("j", 1, [record(number) for number in range(25)])
    assert sorted(len(call) for call in bus.calls) == [5, 10, 10]
    assert sorted(detail["batch"] for detail in bus.details) == list(range(25))
    (entry,) = {(entry["Source"], entry["DetailType"]) for call in bus.calls for entry in call}
    assert entry == ("skyburst", "Skyburst Batch State Change")


def test_nothing_is_told_when_nothing_changed() -> None:
    bus = Bus()
    events(bus).batches("j", 1, [])
    assert bus.calls == []


def test_events_are_small() -> None:
    bus = Bus()
    failure = Failure("ValueError", "x" * 100_000, "y" * 100_000)
    events(bus).batches("j", 1, [record(0, BatchState.FAILED, failures=[failure])])
    events(bus).job(job("z" * 100_000), objects={"result": "jobs/j/result.json", "certificate": None})
    assert all(len(entry["Detail"]) < 1_000 for call in bus.calls for entry in call)
    assert bus.details[0]["reason"].startswith("ValueError: xxx")
    assert bus.details[1]["result"] == "s3://bucket/jobs/j/result.json"
    assert bus.details[1]["certificate"] is None


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
        EndpointConnectionError(endpoint_url="https://events"),
        RuntimeError("whatever else"),
    ],
)
def test_a_job_goes_on_when_nothing_can_be_told(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "skyburst.homes.aws.events"):
        events(Bus(error)).job(job())
        events(Bus(error)).batches("j", 1, [record(number) for number in range(25)])
    assert [one.message for one in caplog.records] == ["events were not told"] * 4
    assert str(error) in caplog.records[0].__dict__["reason"]


def test_events_that_the_bus_refuses_are_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "skyburst.homes.aws.events"):
        events(Bus(refused=2)).batches("j", 1, [record(number) for number in range(3)])
    assert caplog.records[0].__dict__["events"] == 2
    assert caplog.records[0].__dict__["reason"] == ["ThrottlingException"]


def test_only_changes_are_told() -> None:
    told = Told(4)
    first = [record(0, BatchState.RUNNING), record(1)]
    assert list(told.watching(first, 100)) == first
    assert told.changed() == (first, 0)
    again = [record(0, BatchState.DONE), record(1), record(3, BatchState.RUNNING)]
    assert list(told.watching(again, 100)) == again
    assert told.changed() == ([again[0], again[2]], 0)


def test_another_attempt_is_a_change() -> None:
    told = Told(1)
    for attempt in (1, 2, 3):
        list(told.watching([record(0, BatchState.RUNNING, attempt)], 100))
        assert len(told.changed()[0]) == 1


def test_what_is_too_much_for_one_look_is_told_after_the_next() -> None:
    told = Told(10)
    records = [record(number) for number in range(10)]
    assert len(list(told.watching(records, 4))) == 10
    changed, left = told.changed()
    assert ([one.batch_id for one in changed], left) == ([0, 1, 2, 3], 6)
    list(told.watching(records, 100))
    assert [one.batch_id for one in told.changed()[0]] == [4, 5, 6, 7, 8, 9]


def test_another_watcher_goes_on() -> None:
    told = Told(3)
    list(told.watching([record(0), record(2, attempt=1_000)], 100))
    other = Told(3, told.document())
    list(other.watching([record(0), record(1), record(2, attempt=1_000)], 100))
    assert [one.batch_id for one in other.changed()[0]] == [1]


def test_a_change_that_the_watcher_made_itself_is_told_once() -> None:
    told = Told(1)
    lost = record(0, BatchState.LOST)
    told.add(lost)
    list(told.watching([lost], 100))
    assert told.changed() == ([lost], 0)


def test_events_are_as_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    documented = [json.loads(block) for block in re.findall(r"```text\n(\{.*?\n\})\n```", page, re.DOTALL)]
    bus = Bus()
    events(bus).job(job(), objects={"result": None, "certificate": None})
    events(bus).batches("j", 1, [record(0)])
    events(bus).progress(job(), done=1, failed=0)
    sent = [entry for call in bus.calls for entry in call]
    for example, entry in zip(documented, sent, strict=True):
        assert (example["source"], example["detail-type"]) == (entry["Source"], entry["DetailType"])
        assert list(example["detail"]) == list(json.loads(entry["Detail"]))
