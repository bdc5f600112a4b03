"""Stages and numbers of a timeline."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.records import ENVIRONMENTS, Delivery
from skyburst.contracts.spans import Part, Span
from skyburst.timeline.chart import at_work, chart
from skyburst.timeline.numbers import numbers_of
from skyburst.timeline.page import facts
from skyburst.timeline.stages import Timeline, timeline_of
from tests.timeline.jobs import DONE, FAILED, PENDING, RUNNING, a_batch, a_job, batches, spans


def whole() -> Timeline:
    return timeline_of(a_job(), "aws", batches(), spans(), now=5000.0)


def test_a_batch_is_queued_then_its_worker_starts_then_it_runs() -> None:
    first = whole().of(Part.WORKER)[0]
    assert (first.queued_s, first.cold_s, first.seconds) == (1.0, 1.0, 2.0)
    assert (first.queued_at, first.ended_at, first.lane) == (1002.0, 1006.0, 0)


def test_a_job_lasts_from_its_first_part_to_its_end() -> None:
    timeline = whole()
    assert (timeline.began_at, timeline.ended_at) == (999.5, 1020.0), "with the start of the planner"


def test_what_runs_much_longer_than_the_median_is_a_straggler() -> None:
    assert [stage.batch for stage in whole().stages if stage.straggler] == [8]


@pytest.mark.parametrize("seconds", [[1.0] * 20, [1.0 + number / 1000 for number in range(20)], [1.0, 1.0, 1.0, 50.0]])
def test_where_all_run_alike_or_there_are_few_none_is_a_straggler(seconds: list[float]) -> None:
    found = timeline_of(a_job(), "aws", [a_batch(n, 1004.0, s) for n, s in enumerate(seconds)], [], now=5000.0)
    assert not [stage for stage in found.stages if stage.straggler]


def test_numbers_of_each_stage_are_those_of_all_that_did_it() -> None:
    numbers = {entry.stage: entry for entry in numbers_of(whole())}
    assert list(numbers) == [
        "job", "planning", "managers of level 0: queued", "managers of level 0: cold start", "managers of level 0: sending",
        "managers of level 1: queued", "managers of level 1: sending", "workers: queued", "workers: cold start",
        "workers: running", "watching", "delay before combining", "groups of level 0: combining", "second stage",
        "combining",
    ]  # fmt: skip
    running = numbers["workers: running"]
    assert (running.number, running.min, running.max) == (10, 2.0, 12.0)
    assert running.mean == pytest.approx((8 * 2.035 + 14) / 10)
    assert running.median == pytest.approx(2.035)
    sending = numbers["managers of level 1: sending"]
    assert (sending.mean, sending.median, sending.std) == (0.375, 0.375, 0.125)
    assert numbers["delay before combining"].mean == 1.5


def test_a_batch_that_runs_goes_on_until_now() -> None:
    running = a_batch(0, 1004.0, 3.0, state=RUNNING)
    found = timeline_of(a_job(finished_at=None), "aws", [running], [], now=1024.0)
    (stage,) = found.stages
    assert (stage.seconds, stage.queued_s) == (20.0, 0.0), "what is known of its delivery is of the attempt before"
    assert found.ended_at == 1024.0


def test_batches_of_earlier_runs_and_those_without_times_are_counted() -> None:
    resumed = a_job(runs=2, run_began={"at": 2000.0}, finished_at=2010.0)
    foreign = replace(a_batch(20, 0.0, 0.0), started_at=None, seconds=None, delivery=None)
    waiting = replace(foreign, batch_id=21, state=PENDING)
    again = a_batch(22, 2001.0, 1.0, state=FAILED)
    found = timeline_of(resumed, "aws", [*batches(), foreign, waiting, again], [], now=5000.0)
    assert [stage.batch for stage in found.stages] == [22]
    assert (found.earlier, found.unknown) == (10, 1)


def test_a_worker_of_burst_compute_is_timed_by_its_span() -> None:
    foreign = replace(a_batch(7, 0.0, 0.0), started_at=None, seconds=None, delivery=None)
    span = Span(Part.WORKER, "7", 1, 1004.0, 1005.0, 0, 1003.0, 0.5, 3)
    found = timeline_of(a_job(), "aws", [foreign], [span], now=5000.0)
    (stage,) = found.stages
    assert (stage.batch, stage.lane, stage.state, stage.queued_s, found.unknown) == (7, 3, DONE, 0.5, 0)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.001, 50)), max_size=40))
def test_as_many_workers_are_shown_at_work_as_there_are(times: list[tuple[float, float]]) -> None:
    found = timeline_of(
        a_job(), "aws", [a_batch(n, 1010 + start, seconds) for n, (start, seconds) in enumerate(times)], [], now=5000.0
    )
    points = at_work(found)
    assert points[-1]["workers"] == 0
    assert max(point["workers"] for point in points) <= len(times)
    area = sum(point["workers"] * (after["at"] - point["at"]) for point, after in itertools.pairwise(points))
    assert area == pytest.approx(sum(seconds for _, seconds in times), abs=0.002 * (1 + len(times)))


def test_bars_of_a_row_do_not_overlap_and_each_batch_has_its_bars() -> None:
    bars = chart(whole())["vconcat"][1]["data"]["values"]
    rows: dict[float, list[tuple[float, float]]] = {}
    for bar in bars:
        rows.setdefault(bar["top"], []).append((bar["start"], bar["end"]))
    for row in rows.values():
        row.sort()
        assert all(before[1] <= after[0] + 1e-6 for before, after in itertools.pairwise(row)), row
    assert sum(bar["phase"] == "queued" and bar["what"].startswith("batch ") for bar in bars) == 10
    assert [bar["what"] for bar in bars if bar["phase"] == "straggler"] == ["batch 8, attempt 2"]
    assert [bar["state"] for bar in bars if bar["phase"] == "failed"] == ["ValueError: <i>no</i>"]


def test_of_very_many_batches_all_that_are_unlike_the_others_are_drawn() -> None:
    many = [a_batch(number, 1004.0, 2.0) for number in range(20_000)]
    many[7_777] = a_batch(7_777, 1004.0, 10.0)
    bars = chart(timeline_of(a_job(), "aws", many, [], now=5000.0))["vconcat"][1]["data"]["values"]
    assert len({bar["what"] for bar in bars}) in (4_000, 4_001)
    assert "batch 7777" in {bar["what"] for bar in bars}


def test_what_ran_in_an_environment_is_drawn_apart_and_a_job_says_how_many_fell_back() -> None:
    away = replace(a_batch(1, 1004.0, 2.0), delivery=Delivery(ENVIRONMENTS, 1001.0, 0.0))
    job = replace(a_job(), outcome={"environments": {"fell_back": 1}})
    found = timeline_of(job, "aws", [a_batch(0, 1004.0, 2.0), away], [], now=5000.0)
    assert [stage.lane for stage in found.of(Part.WORKER) if stage.batch == 1] == [ENVIRONMENTS]
    assert "environments" in str(chart(found))
    said = " ".join(facts(found))
    assert "1 of these batches ran in environments." in said
    assert "1 batches had run out of time or memory in functions" in said


def test_a_batch_that_runs_in_an_environment_is_drawn_there_before_it_has_recorded_anything() -> None:
    job = a_job()
    job.analysis["compute"] = {"environment": True, "why": "it says so", "fallback": False}
    running = replace(a_batch(0, 1004.0, 2.0), state=RUNNING, seconds=None, delivery=None)
    (stage,) = timeline_of(job, "aws", [running], [], now=5000.0).stages
    assert stage.lane == ENVIRONMENTS
