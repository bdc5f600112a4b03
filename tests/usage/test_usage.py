"""Who ran what: sums, parallelism over time, and the records of NeuroCAAS."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.records import BatchRecord, JobRecord, Progress
from skyburst.contracts.states import BatchState, JobState
from skyburst.usage.figure import figure
from skyburst.usage.jobs import JobUsage, Wanted, intervals_of, usage_of
from skyburst.usage.neurocaas import activity_of, parallelism_file
from skyburst.usage.parallelism import Step, histogram, mean, peak, steps, thinned
from skyburst.usage.summary import BY, summed, table_as_csv
from tests.cli.conftest import Program, program, project
from tests.conftest import needed

__all__ = ["program", "project"]
INTERVALS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(lambda pair: (float(pair[0]), float(pair[0] + pair[1]))),
    max_size=30,
)


def a_job(job_id: str = "j", state: JobState = JobState.SUCCEEDED, **spec: Any) -> JobRecord:
    return JobRecord(
        job_id, {"analysis": "a", **spec}, {"name": "a", "version": "1.0.0"}, {}, state, created_at=1_767_225_600.0,
        started_at=1_767_225_601.0, finished_at=1_767_225_611.0, run_began={"at": 1_767_225_601.0}, runs=1,
    )  # fmt: skip


def used(job: JobRecord, cost: float | None = 0.5, **counts: Any) -> JobUsage:
    fields = {"batches": 4, "done": 4, "items": 8, "items_done": 8, "worker_seconds": 35.0, **counts}
    return usage_of(job, Progress(job.state, **fields), cost, cost, now=1_767_225_700.0)


# Sums


def test_a_job_tells_what_it_used() -> None:
    usage = used(a_job(group="lab", user="ada"))
    assert (usage.group, usage.user, usage.elapsed_seconds, usage.parallelism) == ("lab", "ada", 10.0, 3.5)
    running = a_job(state=JobState.RUNNING)
    running.finished_at = None
    assert used(running).elapsed_seconds == 99.0
    pending = a_job(state=JobState.PENDING)
    pending.started_at = pending.finished_at = pending.run_began = None
    assert (used(pending).elapsed_seconds, used(pending).parallelism) == (0.0, 0.0)


@given(
    st.lists(st.tuples(st.sampled_from(["ada", "bob", None]), st.sampled_from([0.5, None])), max_size=8),
    st.sampled_from(BY),
)
def test_the_sum_of_all_is_the_sum_of_the_parts(jobs: list[tuple[str | None, float | None]], by: str) -> None:
    usages = [used(a_job(f"j{n}", user=user), cost) for n, (user, cost) in enumerate(jobs)]
    *parts, total = summed(usages, by)
    assert total.jobs == len(jobs) == sum(part.jobs for part in parts)
    assert total.unknown_cost == sum(cost is None for _, cost in jobs)
    assert total.cost == pytest.approx(sum(part.cost for part in parts))
    assert [part.name for part in parts] == sorted({part.name for part in parts})


def test_days_and_months_are_those_of_utc() -> None:
    assert summed([used(a_job())], "day")[0].name == "2026-01-01"
    assert summed([used(a_job())], "month")[0].name == "2026-01"


def test_csv_holds_no_formula() -> None:
    text = table_as_csv([{"user": '=HYPERLINK("http://x")', "jobs": -1}])
    assert list(csv.DictReader(io.StringIO(text))) == [{"user": '\'=HYPERLINK("http://x")', "jobs": "-1"}]


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (Wanted(), True),
        (Wanted(group="lab", user="ada", analysis="a"), True),
        (Wanted(group="-"), False),
        (Wanted(user="bob"), False),
        (Wanted(since=1_767_225_600.0, until=1_767_225_601.0), True),
        (Wanted(until=1_767_225_600.0), False),
    ],
)
def test_jobs_are_chosen(wanted: Wanted, has: bool) -> None:
    assert wanted.has(a_job(group="lab", user="ada")) is has


# Parallelism


@given(INTERVALS)
def test_steps_say_how_many_intervals_there_are_at_every_time(intervals: list[tuple[float, float]]) -> None:
    found = steps(intervals)
    for at in range(100):
        running = next((step.running for step in reversed(found) if step.at <= at), 0)
        assert running == sum(begin <= at < end for begin, end in intervals)
    if found:
        assert found[-1].running == 0
    assert peak(found) == max((sum(begin <= at < end for begin, end in intervals) for at in range(100)), default=0)


@given(INTERVALS)
def test_the_histogram_has_all_of_the_time_in_which_something_ran(intervals: list[tuple[float, float]]) -> None:
    found = steps(intervals)
    bins = histogram(found)
    covered = {at for begin, end in intervals for at in range(int(begin), int(end))}
    assert sum(one.seconds for one in bins) == pytest.approx(len(covered))
    assert [(one.least, one.most) for one in bins] == [(2**n, 2 ** (n + 1) - 1) for n in range(len(bins))]
    worked = sum(end - begin for begin, end in intervals)
    assert mean(found) * len(covered) == pytest.approx(worked)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=300), st.integers(3, 40))
def test_a_thinned_figure_keeps_its_peak_and_its_end(heights: list[int], most: int) -> None:
    found = [Step(float(at), height) for at, height in enumerate([*heights, 0])]
    thin = thinned(found, most)
    assert len(thin) <= most
    assert peak(thin) == peak(found)
    assert (thin[0].at, thin[-1]) == (found[0].at, found[-1])


def test_batches_that_run_count_up_to_now() -> None:
    batches = [
        BatchRecord(0, BatchState.DONE, 1, started_at=10.0, seconds=2.5),
        BatchRecord(1, BatchState.RUNNING, 1, started_at=11.0),
        BatchRecord(2, BatchState.PENDING, 0),
    ]
    assert list(intervals_of(iter(batches), now=20.0)) == [(10.0, 12.5), (11.0, 20.0)]


def test_the_figure_has_both_parts() -> None:
    drawn = figure(steps([(0.0, 2.0), (1.0, 3.0)]), "title", "subtitle")
    over_time, lengths = (part["data"]["values"] for part in drawn["vconcat"])
    assert [(entry["seconds"], entry["running"]) for entry in over_time] == [(0, 1), (1, 2), (2, 1), (3, 0)]
    assert lengths == [{"running": "1", "seconds": 2.0}, {"running": "2-3", "seconds": 1.0}]


# The records of NeuroCAAS


def batches() -> Iterator[BatchRecord]:
    yield BatchRecord(0, BatchState.DONE, 1, started_at=1_767_225_660.0, seconds=630.0)
    yield BatchRecord(1, BatchState.RUNNING, 1, started_at=1_767_225_700.0)
    yield BatchRecord(2, BatchState.PENDING, 0)


def test_records_have_the_keys_and_times_of_neurocaas() -> None:
    instance = {"id": "i-1891164db66967596", "type": "t2.micro", "spot": False, "price": 0.0116}
    statuses = {
        0: {"data": "s3://b/mylab/inputs/a.npy", "instance": instance},
        1: {"data": ["s3://b/mylab/inputs/b.npy"]},
    }
    first, second = activity_of(a_job(group="mylab"), batches(), "aws", "b", statuses)
    assert first["instance-id"] != second["instance-id"], "several may run on one machine, and each has a file"
    assert re.fullmatch(r"i-[0-9a-f]{17}", first["instance-id"])
    assert first == {
        "instance-id": first["instance-id"],
        "instance-type": "t2.micro",
        "spot": False,
        "price": 0.0116,
        "databucket": "b",
        "datapath": ["s3://b/mylab/inputs/a.npy", "s3://b/mylab/inputs/b.npy"],
        "configpath": "jobs/j/certificate.json",
        "jobpath": "mylab/results/j",
        "start": "2026-01-01T00:01:00Z",
        "end": "2026-01-01T00:11:30Z",
    }
    assert (second["instance-type"], second["end"], len(second["instance-id"])) == ("lambda", None, 19)
    assert parallelism_file([first, second]) == {
        "mylab/results/j": {
            "instances": [first, second],
            "durations": {first["instance-id"]: 630.0, second["instance-id"]: None},
            "laststart": "2026-01-01T00:01:40Z",
            "firstend": "2026-01-01T00:11:30Z",
        }
    }
    assert parallelism_file([second]) == {}


def test_a_run_of_thirty_hours_lasts_thirty_hours() -> None:
    long = [BatchRecord(0, BatchState.DONE, 1, started_at=1_767_225_660.0, seconds=108_000.0)]
    (record,) = activity_of(a_job(), long, "local", "", {})
    (entry,) = parallelism_file([record]).values()
    assert list(entry["durations"].values()) == [108_000.0]


# The command


@pytest.fixture
def ran(program: Program, project: Path) -> Path:
    """Two jobs of one user and group, one of nobody."""
    spec = {"analysis": "naps.py", "items": {"range": [0, 6]}, "batch_size": 1, "parameters": {"nap": 0.05}}
    for user in ("ada", "ada", None):
        people = {"user": user, "group": "lab"} if user else {}
        (project / "job.json").write_text(json.dumps({**spec, **people}))
        assert program("run", "--spec", "job.json", "-q").code == 0
    return project


def test_the_command_sums_by_user_and_exports(program: Program, ran: Path) -> None:
    sums = json.loads(program("usage", "--by", "user", "--json").out)
    assert [(entry["name"], entry["jobs"], entry["items"]) for entry in sums] == [
        ("-", 1, 6),
        ("ada", 2, 12),
        ("all", 3, 18),
    ]
    assert all(entry["worker_seconds"] >= 0.3 * entry["jobs"] for entry in sums)
    assert all(0 < entry["parallelism"] <= 2 for entry in sums)
    shown = program("usage", "--group", "lab").out.splitlines()
    assert shown[0].split() == ["ANALYSIS", "JOBS", "SUCCEEDED", "ITEMS", "WORKERS", "TOOK", "PARALLEL", "USD"]
    assert [line.split()[:4] for line in shown[1:3]] == [["naps", "2", "2", "12"], ["all", "2", "2", "12"]]
    assert float(shown[1].split()[-1]) > 0
    assert shown[-1] == "USD are what jobs on this machine would have cost on AWS; nothing was paid"
    assert [(entry["cost"], entry["on_aws"] > 0) for entry in sums] == [(0.0, True)] * 3
    rows = list(csv.DictReader(io.StringIO(program("usage", "--by", "job", "--csv").out)))
    assert [row["items"] for row in rows] == ["6", "6", "6"]
    ended = program("usage", "export", "--neurocaas", "activity", "--user", "ada")
    assert ended.code == 0
    assert len(list((ran / "activity" / "logs" / "lab").glob("i-*.json"))) == 12
    (path,) = (ran / "activity").glob("naps_lab_*_parallel_logs.json")
    assert [len(entry["instances"]) for entry in json.loads(path.read_text()).values()] == [6, 6]


def test_parallelism_is_drawn_and_told(program: Program, ran: Path) -> None:
    needed("vl_convert")
    ended = program("usage", "parallelism", "--user", "ada", "--output", "figures")
    assert ended.code == 0
    assert "at most 2 at a time" in ended.out
    assert (ran / "figures" / "parallelism.svg").read_text().startswith("<svg")
    told = json.loads(program("usage", "parallelism", "--json").out)
    assert told["peak"] == 2
    assert told["steps"][-1][1] == 0
    nothing = program("usage", "parallelism", "--user", "eve")
    assert (nothing.code, nothing.out) == (0, "")
    assert "nothing to draw" in nothing.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "'yesterday' is no day"),
        (
            ["--since", "2026-02-01", "--until", "2026-01-01"],
            "--until is 2026-01-01 00:00:00, and --since is 2026-02-01 00:00:00: give a later --until",
        ),
        (["--csv", "--json"], "give one of them"),
    ],
)
def test_what_cannot_be_meant_is_refused(program: Program, arguments: list[str], message: str) -> None:
    ended = program("usage", *arguments)
    assert ended.code == 2
    assert message in ended.err
