"""Whatever a worker function does, its batch ends with an outcome that says what."""

from __future__ import annotations

import errno
import io
import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.analysis import MOST_ITEM_ERRORS
from skyburst.contracts import values
from skyburst.contracts.records import Failure, Outcome
from skyburst.contracts.states import BatchState
from skyburst.engine.watch import state_after
from skyburst.engine.work import Bench, Task, work
from skyburst.manifest import ItemReader, Manifest, NumberRange, write_manifest
from skyburst.objects import open_store
from skyburst.stored import load_results, load_value

Function = Callable[[skyburst.Batch], Any]
RunBatch = Callable[..., Outcome]


@pytest.fixture
def bench_of(tmp_path: Path) -> Callable[..., Bench]:
    """A bench like that of a worker process; its scratch folder must be empty in the end."""
    tokens = itertools.count()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    objects = open_store(tmp_path / "objects", create=True)

    def make(function: Function, items: ItemReader | None = None) -> Bench:
        return Bench(
            job_id="job-1",
            worker=skyburst.worker(function),
            parameters={"k": 3},
            items=items or ItemReader(NumberRange(100, 200)),
            objects=objects,
            prefix="jobs/job-1/",
            scratch=scratch,
            token=f"token{next(tokens)}",
        )

    return make


@pytest.fixture
def outcome_of(bench_of: Callable[..., Bench], tmp_path: Path) -> Iterator[RunBatch]:
    yield lambda function, items=None: work(bench_of(function, items), Task(2, 1, 10, 14, 30.0))
    assert list((tmp_path / "scratch").iterdir()) == []


def failure_of(outcome: Outcome) -> Failure:
    assert outcome.failure is not None
    assert (outcome.payload, outcome.reference, outcome.size) == (None, None, 0)
    return outcome.failure


def test_a_function_gets_its_batch_and_what_it_returns_is_stored(outcome_of: RunBatch) -> None:
    seen: list[Any] = []

    def count(batch: skyburst.Batch) -> dict[str, Any]:
        seen.append(batch)
        return {"sum": sum(batch.items)}

    began = time.time()
    outcome = outcome_of(count)
    (batch,) = seen
    assert (batch.id, batch.start, batch.end, batch.items) == (2, 10, 14, [110, 111, 112, 113])
    assert (batch.parameters, batch.context.job_id, batch.context.attempt) == ({"k": 3}, "job-1", 1)
    assert (outcome.batch_id, outcome.attempt, outcome.items) == (2, 1, 4)
    assert (outcome.payload, outcome.reference, outcome.size) == (b'v{"sum":446}', None, 12)
    assert (outcome.failure, outcome.item_errors, outcome.log) == (None, None, None)
    assert began <= outcome.started_at <= time.time()
    assert 0 <= outcome.seconds <= time.time() - began + 1, "of this batch, and in seconds"
    assert 1 < outcome.peak_memory_mb < 10_000


def test_an_outcome_is_plain_data_that_can_be_sent(outcome_of: RunBatch) -> None:
    outcome = outcome_of(lambda batch: 1)
    assert Outcome(*values.decode(values.encode([*outcome[:3], None, *outcome[4:]])))._replace(payload=b"v1") == outcome


def test_a_generator_is_stored_value_by_value(outcome_of: RunBatch) -> None:
    def each(batch: skyburst.Batch) -> Iterator[dict[str, int]]:
        for item in batch.items:
            yield {"item": item}

    payload = outcome_of(each).payload
    assert payload is not None
    assert payload[:1] == b"Y"
    with io.BytesIO(payload) as file:
        assert list(load_results(file)) == [{"item": item} for item in (110, 111, 112, 113)]


def test_a_function_that_returns_a_generator_yields_too(outcome_of: RunBatch) -> None:
    payload = outcome_of(lambda batch: (item for item in batch.items)).payload
    assert payload is not None
    with io.BytesIO(payload) as file:
        assert load_value(file) == [110, 111, 112, 113]


def test_what_a_function_raises_is_kept_with_the_developers_part_of_the_traceback(outcome_of: RunBatch) -> None:
    def failing(batch: skyburst.Batch) -> None:
        deeper(batch.items[0])

    def deeper(item: int) -> None:
        raise KeyError(f"item {item}")

    failure = failure_of(outcome_of(failing))
    assert (failure.kind, failure.message) == ("KeyError", "'item 110'")
    assert "deeper(batch.items[0])" in failure.traceback
    assert failure.traceback.startswith("Traceback (most recent call last):\n")
    assert failure.traceback.endswith("KeyError: 'item 110'\n")
    assert "skyburst/engine" not in failure.traceback


def test_what_a_generator_raises_in_the_middle_is_kept_and_its_values_are_not(outcome_of: RunBatch) -> None:
    def failing(batch: skyburst.Batch) -> Iterator[str]:
        yield "x" * 100_000
        yield str(batch.id)
        raise ValueError("in the middle")

    failure = failure_of(outcome_of(failing))
    assert (failure.kind, failure.message) == ("ValueError", "in the middle")
    assert "skyburst/stored.py" not in failure.traceback
    assert failure.traceback.count("File ") == 1


def test_the_cause_of_an_error_is_kept_with_it(outcome_of: RunBatch) -> None:
    def failing(batch: skyburst.Batch) -> None:
        try:
            json.loads("{")
        except ValueError as error:
            raise RuntimeError("cannot read") from error

    failure = failure_of(outcome_of(failing))
    assert "JSONDecodeError" in failure.traceback
    assert "direct cause" in failure.traceback


@pytest.mark.parametrize(("code", "message"), [(3, "3"), ("no license", "no license"), (None, "SystemExit")])
def test_a_function_that_exits_fails_its_batch_and_not_its_process(
    outcome_of: RunBatch, code: Any, message: str
) -> None:
    failure = failure_of(outcome_of(lambda batch: sys.exit(code)))
    assert (failure.kind, failure.message) == ("SystemExit", message)


def test_being_interrupted_is_not_the_batchs_failure(outcome_of: RunBatch) -> None:
    def interrupted(batch: skyburst.Batch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome_of(interrupted)


def test_what_json_cannot_hold_is_refused_with_its_place_and_no_traceback(outcome_of: RunBatch) -> None:
    failure = failure_of(outcome_of(lambda batch: {"found": [1, {2}]}))
    assert failure.kind == "NotJson"
    assert failure.message == "$.found[1] is of type builtins.set, which JSON cannot hold: make it a sorted list"
    assert failure.traceback == ""


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (MemoryError(), "OutOfMemory", r"the worker ran out of memory \(peak [\d,]+ MiB\)"),
        (OSError(errno.ENOSPC, "No space left on device"), "StorageFull", "No space left"),
        (skyburst.StorageFull("the disk is full"), "StorageFull", "the disk is full"),
        (ValueError(), "ValueError", "ValueError"),
        (ValueError("x" * 10_000), "ValueError", "^x{2000}$"),
        (ValueError("\ud800"), "ValueError", "\ud800"),
    ],
)
def test_failures_have_a_kind_and_one_message(outcome_of: RunBatch, error: Exception, kind: str, message: str) -> None:
    def failing(batch: skyburst.Batch) -> None:
        raise error

    failure = failure_of(outcome_of(failing))
    assert failure.kind == kind
    assert re.search(message, failure.message)
    assert values.encode(list(failure))


@pytest.mark.parametrize(
    "error",
    [
        skyburst.ObjectNotFound("there is no object 'nope' in s3://b"),
        skyburst.StorageDenied("object 'nope' in s3://b: access is denied"),
    ],
)
def test_data_that_is_not_there_or_not_to_be_read_is_said_without_a_traceback(
    outcome_of: RunBatch, error: Exception
) -> None:
    def failing(batch: skyburst.Batch) -> None:
        raise error

    failure = failure_of(outcome_of(failing))
    assert (failure.message, failure.traceback) == (str(error), "")
    assert state_after(failure, 1, 3) is BatchState.FAILED, "it is not tried again"


def test_an_error_whose_own_text_raises_is_still_a_failure(outcome_of: RunBatch) -> None:
    class UnprintableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def failing(batch: skyburst.Batch) -> None:
        raise UnprintableError

    failure = failure_of(outcome_of(failing))
    assert failure.kind == "UnprintableError"
    assert "its message cannot be shown" in failure.message


def test_a_very_long_traceback_keeps_its_end(outcome_of: RunBatch) -> None:
    def failing(batch: skyburst.Batch) -> None:
        raise ValueError("x" * 100_000 + "the end")

    failure = failure_of(outcome_of(failing))
    assert len(failure.traceback) == 20_000
    assert failure.traceback.endswith("the end\n")


def test_fifty_megabytes_go_to_the_object_store_and_leave_a_reference(bench_of: Callable[..., Bench]) -> None:
    text = "0123456789" * 5_000_000
    bench = bench_of(lambda batch: text)
    outcome = work(bench, Task(7, 2, 0, 1, 30.0))
    assert (outcome.payload, outcome.failure) == (None, None)
    assert outcome.reference == f"jobs/job-1/partials/00000007-2-{bench.token}"
    with bench.objects.open(outcome.reference) as file:
        assert load_value(file) == text
    assert [info.size for info in bench.objects.list("jobs/job-1/partials/")] == [outcome.size]
    assert list(bench.scratch.iterdir()) == []


def test_a_batch_that_is_delivered_twice_writes_two_objects(bench_of: Callable[..., Bench]) -> None:
    first, second = (bench_of(lambda batch: [str(n) for n in range(100_000)]) for _ in range(2))
    references = {work(bench, Task(0, 1, 0, 1, 30.0)).reference for bench in (first, second)}
    assert len(references) == 2
    assert {info.key for info in first.objects.list("jobs/")} == references


def test_a_result_that_cannot_be_stored_fails_the_batch(outcome_of: RunBatch, tmp_path: Path) -> None:
    (tmp_path / "objects" / "jobs").write_text("a file where a folder should be")
    failure = failure_of(outcome_of(lambda batch: [str(n) for n in range(100_000)]))
    assert failure.kind == "StorageError"
    assert "jobs/job-1/partials/" in failure.message


def test_items_that_cannot_be_read_fail_the_batch(outcome_of: RunBatch, tmp_path: Path) -> None:
    def ruined(batch: skyburst.Batch) -> None:
        raise AssertionError("never called")

    missing = Manifest(str(tmp_path / "objects"), "nowhere", 100, 10, "0" * 64)
    failure = failure_of(outcome_of(ruined, ItemReader(missing, open_store(tmp_path / "objects"))))
    assert failure.kind == "InvalidItems"
    assert "nowhere" in failure.message
    assert failure.traceback == "", "no code of the developer's ran"


def test_once_makes_a_thing_once_for_all_batches_of_a_process(bench_of: Callable[..., Bench]) -> None:
    made: list[int] = []

    def table() -> dict[str, int]:
        made.append(1)
        return {"entries": 10}

    def using(batch: skyburst.Batch) -> int:
        first, second = batch.context.once("table", table), batch.context.once("table", table)
        assert first is second
        assert batch.context.once("nothing", lambda: None) is None
        return first["entries"] + batch.context.once("other", lambda: 5)

    bench = bench_of(using)
    outcomes = [work(bench, Task(number, 1, number, number + 1, 30.0)) for number in range(5)]
    assert [outcome.payload for outcome in outcomes] == [b"v15"] * 5
    assert len(made) == 1


def test_what_could_not_be_made_is_made_by_the_next_attempt(bench_of: Callable[..., Bench]) -> None:
    tries = iter([False, True])

    def fragile() -> str:
        if not next(tries):
            raise OSError("not yet")
        return "made"

    bench = bench_of(lambda batch: batch.context.once("thing", fragile))
    assert work(bench, Task(0, 1, 0, 1, 30.0)).failure
    assert work(bench, Task(0, 2, 0, 1, 30.0)).payload == b'v"made"'


def test_the_time_left_is_that_until_the_batch_is_ended(outcome_of: RunBatch) -> None:
    def waiting(batch: skyburst.Batch) -> list[float]:
        before = batch.context.time_left()
        time.sleep(0.02)
        return [before, batch.context.time_left()]

    payload = outcome_of(waiting).payload
    assert payload is not None
    before, after = json.loads(payload[1:])
    assert 25 < before <= 30
    assert before - 5 < after <= before - 0.02


def test_items_that_cannot_be_used_are_reported_and_the_batch_goes_on(outcome_of: RunBatch) -> None:
    def reading(batch: skyburst.Batch) -> str:
        batch.context.item_failed(batch.items[0], ValueError("not an image"))
        batch.context.item_failed({"id": "x"}, "said in words")
        return "done"

    outcome = outcome_of(reading)
    assert outcome.payload == b'v"done"'
    assert outcome.item_errors == [
        {"item": 110, "error": "ValueError: not an image"},
        {"item": {"id": "x"}, "error": "said in words"},
    ]


def test_of_an_unusable_item_that_is_long_the_beginning_is_kept(outcome_of: RunBatch) -> None:
    def reading(batch: skyburst.Batch) -> int:
        batch.context.item_failed({"pixels": [1] * 10_000}, "too long")
        return 0

    (error,) = outcome_of(reading).item_errors or []
    assert error["item"].startswith('{"pixels":[1,1,')
    assert len(error["item"]) == 2_000


@pytest.mark.parametrize("more", [0, 1, 900])
def test_of_very_many_unusable_items_the_first_are_kept_and_all_are_counted(outcome_of: RunBatch, more: int) -> None:
    def reading(batch: skyburst.Batch) -> int:
        for number in range(MOST_ITEM_ERRORS + more):
            batch.context.item_failed(number, "x" * 10_000)
        return 0

    errors = outcome_of(reading).item_errors
    assert errors is not None
    assert sum(entry.get("count", 1) for entry in errors) == MOST_ITEM_ERRORS + more
    assert [entry["item"] for entry in errors[:MOST_ITEM_ERRORS]] == list(range(MOST_ITEM_ERRORS))
    assert {len(entry["error"]) for entry in errors[:MOST_ITEM_ERRORS]} == {2_000}
    assert errors[MOST_ITEM_ERRORS:] == ([{"item": None, "error": f"and {more} more", "count": more}] if more else [])


def test_an_item_is_reported_as_it_was_even_when_it_is_not_json(outcome_of: RunBatch) -> None:
    def reading(batch: skyburst.Batch) -> int:
        item: dict[str, Any] = {"id": 1}
        batch.context.item_failed(item, "first")
        item["id"] = 2
        batch.context.item_failed(Path("image.tif"), "second")
        batch.context.item_failed({"nan": float("nan")}, "third")
        batch.context.item_failed(["x" * 100_000, {1}], "fourth")
        return 0

    errors = outcome_of(reading).item_errors
    assert errors is not None
    assert [entry["item"] for entry in errors[:3]] == [{"id": 1}, "PosixPath('image.tif')", "{'nan': nan}"]
    assert len(errors[3]["item"]) == 2_000
    assert values.encode(errors)


def test_a_function_that_changes_its_items_does_not_change_those_of_the_next_attempt(
    bench_of: Callable[..., Bench],
) -> None:
    def changing(batch: skyburst.Batch) -> Any:
        seen = json.dumps(batch.items)
        batch.items[0]["list"].append("changed")
        batch.items.clear()
        return seen

    objects = open_store("memory://")
    manifest = write_manifest(objects, objects.location, "manifest", [{"list": [number]} for number in range(20)])
    bench = bench_of(changing, ItemReader(manifest, objects))
    first, second = (work(bench, Task(0, attempt, 0, 2, 30.0)).payload for attempt in (1, 2))
    assert first == second == b'v"[{\\"list\\": [0]}, {\\"list\\": [1]}]"'


def test_files_and_objects_can_be_read_by_location(outcome_of: RunBatch, tmp_path: Path) -> None:
    (tmp_path / "mask.bin").write_bytes(b"mask")

    def reading(batch: skyburst.Batch) -> list[str]:
        path = str(tmp_path / "mask.bin")
        return [batch.context.read(place).decode() for place in (path, f"file://{path}")]

    assert outcome_of(reading).payload == b'v["mask","mask"]'
