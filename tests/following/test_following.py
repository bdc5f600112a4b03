"""What follows a job: made of its results, started once, ended with it, and refused when it would never end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skyburst
from skyburst.certificates.reading import checked
from skyburst.contracts import values
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.following import MOST_DEPTH, Dataset, FollowUp, after_all, after_each, check_chain, depth_of
from skyburst.errors import AnalysisNotFound, InvalidBlueprint, InvalidJob
from skyburst.homes.following import Following, following_of
from skyburst.homes.local.home import LocalHome
from skyburst.objects import ObjectStore, open_store
from tests.cli.conftest import Program, program, project
from tests.waiting import PATIENCE_S, eventually

__all__ = ["program", "project"]
HERE = Path(__file__).parent
ADDS = str(HERE / "adds")


def a_job(*sections: dict[str, Any], **fields: Any) -> JobRecord:
    blueprint = {"next": [{"on": "all", "parameters": {}, **section} for section in sections]}
    spec = {"analysis": "first", **fields.pop("spec", {})}
    plan = {"items": 4, "batch_size": 1, "batches": 4, "levels": 1, "fan_out": 4}
    return JobRecord(
        "first-1", spec, {"name": "first", "blueprint": blueprint}, {}, JobState.RUNNING, plan=plan, **fields
    )


def blueprint(name: str, *following: str, command: bool = True, on: str = "all") -> Any:
    what = {"command": ["run"]} if command else {"worker": "a:b", "combiner": "a:c"}
    document = {"blueprint": 1, "name": name, "version": "1.0.0", **what}
    return parse_blueprint({**document, "next": [{"analysis": one, "on": on} for one in following]}, name)


# What follows


def test_what_follows_has_the_parameters_of_the_section_and_the_people_of_the_job() -> None:
    spec = {
        "labels": {"a": "b"},
        "group": "lab",
        "user": "ada",
        "name": "mouse 7",
        "timeout_s": 3,
        "parameters": {"x": 1},
    }
    job = a_job({"analysis": "second", "parameters": {"k": 2}}, spec=spec)
    datasets = [Dataset(0, "one", "/r/0/"), Dataset(1, "two", "/r/1/")]
    (follow_up,) = after_all(job, datasets, [])
    assert parse_job(follow_up.specification).document() == {
        "analysis": "second",
        "items": [{"data": "/r/0/", "name": "one"}, {"data": "/r/1/", "name": "two"}],
        "parameters": {"k": 2},
        "name": "mouse 7",
        "labels": {"a": "b"},
        "group": "lab",
        "user": "ada",
        "idempotency_key": "next:first-1:0-all",
        "follows": {"job": "first-1", "depth": 1},
    }


def test_what_follows_each_dataset_has_that_dataset_only() -> None:
    sections = {"analysis": "second", "on": "each"}, {"analysis": "third"}, {"analysis": "fourth", "on": "each"}
    job = a_job(*sections, spec={"notify": ["mailto:ada@example.org"], "user": "ada"})
    found = list(after_each(job, Dataset(7, "seven", "/r/7/")))
    assert [(entry.key, entry.analysis) for entry in found] == [("0-00000007", "second"), ("2-00000007", "fourth")]
    assert found[0].specification["items"] == [{"data": "/r/7/", "name": "seven"}]
    assert found[0].specification["user"] == "ada"
    assert "notify" not in found[0].specification, "nobody wants a message for each of a thousand datasets"
    (third,) = after_all(job, [], ["/result.json"])
    assert third.specification["notify"] == ["mailto:ada@example.org"]


@given(st.integers(0, MOST_DEPTH), st.lists(st.sampled_from(["all", "each"]), max_size=4))
def test_depth_grows_by_one_and_keys_are_unique(depth: int, on: list[str]) -> None:
    spec = {"follows": {"job": "x", "depth": depth}} if depth else {}
    job = a_job(*({"analysis": f"a{number}", "on": one} for number, one in enumerate(on)), spec=spec)
    found = [*after_all(job, [], ["/result.json"]), *after_each(job, Dataset(0, "d", "/r/"))]
    assert len({entry.key for entry in found}) == len(on)
    assert all(entry.specification["follows"]["depth"] == depth_of(job) + 1 for entry in found)


# Chains


@pytest.mark.parametrize(
    ("blueprints", "message"),
    [
        ({"a": ["a"]}, r"next\[0\]\.analysis is 'a', which is before it already: a -> a"),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, r"analysis 'c': next\[0\]\.analysis is 'b', .*: a -> b -> c -> b"),
        ({"a": ["b"]}, r"next\[0\]\.analysis is 'b', which cannot follow: there is no 'b'"),
        ({f"a{n}": [f"a{n + 1}"] for n in range(40)}, "a chain has 16 analyses at most"),
    ],
)
def test_a_chain_that_would_not_end_is_refused(blueprints: dict[str, list[str]], message: str) -> None:
    def find(name: str) -> Any:
        if name not in blueprints:
            raise AnalysisNotFound(f"there is no {name!r}")
        return blueprint(name, *blueprints[name])

    with pytest.raises(InvalidBlueprint, match=message):
        check_chain(find(next(iter(blueprints))), find)


def test_each_is_for_analyses_that_have_datasets() -> None:
    known = {"b": blueprint("b")}
    check_chain(blueprint("a", "b", on="each"), known.__getitem__)
    with pytest.raises(InvalidBlueprint, match=r'next\[0\]\.on is \'each\', .*: say on = "all"'):
        check_chain(blueprint("a", "b", on="each", command=False), known.__getitem__)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, r"analysis 'a': next\[0\], 'b': parameters\.rank is missing: how many"),
        ({"rank": "8"}, r"analysis 'a': next\[0\], 'b': parameters\.rank is \"8\": expected integer"),
        ({"rank": 8, "rnk": 1}, r"parameters\.rnk: there is no such parameter; did you mean 'rank'\?"),
    ],
)
def test_what_follows_has_to_take_the_parameters_that_it_would_get(parameters: dict[str, Any], message: str) -> None:
    rank = {"type": "integer", "required": True, "description": "how many"}
    follower = {"blueprint": 1, "name": "b", "version": "1.0.0", "command": ["run"], "parameters": {"rank": rank}}
    known = {"b": parse_blueprint(follower, "b")}
    first = {"blueprint": 1, "name": "a", "version": "1.0.0", "command": ["run"]}

    def chain(given: dict[str, Any]) -> Any:
        return parse_blueprint({**first, "next": [{"analysis": "b", "parameters": given}]}, "a")

    check_chain(chain({"rank": 8}), known.__getitem__)
    with pytest.raises(InvalidBlueprint, match=message):
        check_chain(chain(parameters), known.__getitem__)


def test_a_job_whose_followers_are_not_here_is_refused_before_it_starts(tmp_path: Path) -> None:
    folder = tmp_path / "lonely"
    folder.mkdir()
    (folder / "blueprint.toml").write_text((HERE / "adds" / "blueprint.toml").read_text())
    (folder / "code.py").write_text((HERE / "adds" / "code.py").read_text())
    with pytest.raises(InvalidBlueprint, match=r"next\[0\]\.analysis is 'scales', which cannot follow"):
        skyburst.run(str(folder), items=[1])
    assert list(LocalHome().table.jobs()) == []


# Started once


class Place:
    """Objects of a job with four datasets, of which the first two are done, and what was started."""

    def __init__(self, folder: Path, job: JobRecord) -> None:
        self.objects: ObjectStore = open_store(folder)
        self.job, self.started, self.broken = job, list[FollowUp](), False
        for number, state in enumerate(["SUCCEEDED", "SUCCEEDED", "FAILED"]):
            status = {"dataset": f"d{number}", "state": state}
            self.objects.put(f"j/datasets/{number:08d}/status.json", values.encode(status))

    def following(self) -> Following:
        return Following(self.objects, "j/", self.job, self._start)

    def _start(self, follow_up: FollowUp) -> str:
        if self.broken:
            raise InvalidJob("told to fail")
        self.started.append(follow_up)
        return f"job-{follow_up.key}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    job = a_job({"analysis": "second", "on": "each"}, {"analysis": "third"})
    job.analysis["blueprint"]["command"] = ["run"]
    return Place(tmp_path, job)


def test_each_dataset_that_succeeded_is_followed_once_however_often_it_is_said_to_be_done(place: Place) -> None:
    following = place.following()
    following.each([0])
    following.each([0, 1, 2, 3])
    place.following().each([0, 1])
    assert [entry.dataset for entry in place.started] == ["d0", "d1"]
    assert place.started[1].specification["items"] == [
        {"data": f"{place.objects.location}/j/datasets/00000001/results/", "name": "d1"}
    ]


def test_nothing_is_read_of_datasets_that_were_followed_before(place: Place) -> None:
    place.following().each([0])
    place.objects.put("j/datasets/00000000/status.json", b"whoever reads this fails")
    place.following().each([0, 1])
    assert [entry.dataset for entry in place.started] == ["d0", "d1"]


def test_what_could_not_be_started_says_why_and_is_tried_again(place: Place) -> None:
    place.broken = True
    place.following().all()
    (entry,) = following_of(place.objects, "j/", place.job)
    assert (entry["job"], entry["reason"], entry["analysis"]) == (None, "told to fail", "third")
    place.broken = False
    place.following().all()
    (entry,) = following_of(place.objects, "j/", place.job)
    assert (entry["job"], entry["reason"]) == ("job-1-all", "")
    assert [item["name"] for item in place.started[0].specification["items"]] == ["d0", "d1"]


def test_a_chain_that_is_too_long_at_run_time_stops_and_says_so(place: Place) -> None:
    place.job.spec["follows"] = {"job": "x", "depth": MOST_DEPTH - 1}
    place.following().all()
    (entry,) = following_of(place.objects, "j/", place.job)
    assert entry["job"] is None
    assert "a chain has 16 jobs at most" in entry["reason"]
    assert not place.started


# At home `local`


def test_a_chain_runs_to_its_end_without_anybody(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = program("run", ADDS, "--items", "[1,2,3]", "--label", "lab=a", "--name", "mouse 7")
    assert ended.code == 0, ended.err
    told, scaled, added = json.loads(program("jobs", "--json").out)
    assert [job["analysis"] for job in (added, scaled, told)] == ["adds", "scales", "tells"]
    assert {job["state"] for job in (added, scaled, told)} == {"SUCCEEDED"}
    assert told["labels"] == {"lab": "a"}
    assert told["name"] == "mouse 7"
    assert program("result", scaled["job_id"], "--json").out.strip() == "18"
    assert scaled["job_id"] in json.loads(program("result", told["job_id"], "--json").out)[0]["data"][0]
    status = program("status", scaled["job_id"]).out
    assert f"follows   {added['job_id']}" in status
    assert f"next      tells: {told['job_id']} is SUCCEEDED" in status
    (entry,) = json.loads(program("status", added["job_id"], "--json").out)["next"]
    assert entry["job"] == scaled["job_id"]
    assert ended.out.splitlines()[-1].endswith(f"jobs/{told['job_id']}/result.json")
    certificate = json.loads(program("certificate", told["job_id"]).out)
    assert certificate["job"]["specification"]["follows"] == {"job": scaled["job_id"], "depth": 2}


def test_nothing_follows_a_job_that_is_not_to_be_followed_nor_one_that_is_run_again(program: Program) -> None:
    assert program("run", ADDS, "--items", "[1,2,3]", "--no-next").code == 0
    assert program("rerun", "last").code == 0
    assert [job["analysis"] for job in json.loads(program("jobs", "--json").out)] == ["adds", "adds"]


def test_nothing_follows_a_job_that_failed(program: Program) -> None:
    assert program("run", ADDS, "--items", "[1,2,3]", "--set", "bad=true").code == 1
    assert len(json.loads(program("jobs", "--json").out)) == 1


def test_a_job_that_breaks_off_before_it_says_that_it_succeeded_starts_nothing_twice(project: Path) -> None:
    """The process dies between the two: after what follows was started, before the state is stored."""
    home = LocalHome()
    job = skyburst.client.create(ADDS, items=[1, 2], home=home)
    dying = (
        "import os, sys\nfrom skyburst.homes.local.following import LocalFollowing\n"
        "every = LocalFollowing.all\n"
        "def all(self):\n    every(self)\n    os._exit(9)\n"
        "LocalFollowing.all = all\n"
        "from skyburst.homes.local.home import LocalHome\nLocalHome().drive(sys.argv[1])\n"
    )
    ran = subprocess.run([sys.executable, "-c", dying, job.job_id], timeout=60, check=False)
    assert ran.returncode == 9
    assert job.status() is JobState.COMBINING
    assert job.resume().result(PATIENCE_S).value == 3
    eventually(lambda: len(list(home.table.jobs())) == 3 and all(job.state.finished for job in home.table.jobs()))
    assert [job.analysis["name"] for job in home.table.jobs()] == ["tells", "scales", "adds"]


def test_cancelling_the_first_job_ends_what_follows(project: Path) -> None:
    slow = project / "adds"
    slow.mkdir()
    (slow / "blueprint.toml").write_text(
        (HERE / "adds" / "blueprint.toml").read_text().replace("factor = 3", "factor = 3, sleep_s = 60")
    )
    (slow / "code.py").write_text((HERE / "adds" / "code.py").read_text())
    for name in ("scales", "tells"):
        (project / name).symlink_to(HERE / name)
    home = LocalHome()
    skyburst.run("adds", items=[1], home=home)
    following, first = home.table.jobs()
    assert first.state is JobState.SUCCEEDED
    eventually(lambda: home.table.progress(following.job_id).running)
    skyburst.JobHandle(first.job_id, home).cancel()
    assert skyburst.JobHandle(following.job_id, home).wait(PATIENCE_S) is JobState.CANCELLED
    assert home.following(home.table.job(following.job_id)) == []


def test_what_was_cancelled_with_a_job_goes_on_when_it_is_resumed_and_nothing_else_does(project: Path) -> None:
    home = LocalHome()
    for name in ("one.txt", "two.txt"):
        (project / name).write_text("a b")
    first = skyburst.client.create(str(HERE / "splits"), items=["one.txt", "two.txt"], home=home).record()
    first.plan = {"items": 2, "batch_size": 1, "batches": 2, "levels": 1, "fan_out": 2}
    prefix, started = f"jobs/{first.job_id}/", list[str]()
    for number in (0, 1):
        status = {"dataset": f"d{number}", "state": "SUCCEEDED"}
        home.objects.put(f"{prefix}datasets/{number:08d}/status.json", values.encode(status))

    def start(follow_up: FollowUp) -> str:
        started.append(follow_up.key)
        key = {"idempotency_key": follow_up.specification["idempotency_key"]}
        return skyburst.client.create(str(HERE / "adds"), items=[1], home=home, **key).job_id

    def follow() -> None:
        Following(home.objects, prefix, first, start).each([0, 1])

    follow()
    assert started == ["0-00000000", "0-00000001"]
    home.cancel(home.following(first)[0]["job"])  # by itself, which somebody wanted
    home.cancel(first.job_id)
    assert {home.table.job(entry["job"]).state for entry in home.following(first)} == {JobState.CANCELLED}
    follow()
    assert started[2:] == ["0-00000001"], "of what was cancelled with it, that it goes on is asked for"
    assert [entry["dataset"] for entry in home.following(first)] == ["d0", "d1"]
    follow()
    assert len(started) == 3


def counted(home: LocalHome, job: JobRecord) -> list[int]:
    """What each dataset of a job counted."""
    return [
        int(home.objects.get(f"jobs/{job.job_id}/datasets/{number:08d}/results/count.txt"))
        for number in range(job.plan["items"])
    ]


def test_each_dataset_of_a_command_is_followed_and_all_of_them_together(project: Path, program: Program) -> None:
    for name, text in {"one.txt": "a b c", "two.txt": "d e"}.items():
        (project / name).write_text(f"{text}\n")
    ended = program("run", HERE / "splits", "--items", '["one.txt", "two.txt"]')
    assert ended.code == 0, ended.err
    home = LocalHome()
    first = list(home.table.jobs())[-1]
    entries = home.following(first)
    assert [(entry["on"], entry["dataset"]) for entry in entries] == [
        ("each", "one.txt"),
        ("each", "two.txt"),
        ("all", None),
    ]
    assert [counted(home, home.table.job(entry["job"])) for entry in entries] == [[3], [2], [3, 2]]
    assert "next      counts of dataset one.txt: counts-" in program("status", first.job_id).out
    certificate = skyburst.JobHandle(first.job_id).certificate()
    assert checked(certificate, "it") == certificate
    assert [dataset["inputs"][0]["size"] for dataset in certificate["datasets"]] == [6, 4]
    assert program("verify", first.job_id).code == 0
    program("result", first.job_id, "--output", "sent")
    assert program("verify", first.job_id, "--outputs", "sent").code == 0
    (project / "sent" / "two.txt" / "words.txt").write_text("x")
    assert program("verify", first.job_id, "--outputs", "sent").code == 1
    again = program("rerun", first.job_id, "-q")
    assert "the results of all 2 datasets are the same as before, byte for byte" in again.err


def test_datasets_that_succeeded_are_followed_although_another_one_failed(project: Path) -> None:
    (project / "good.txt").write_text("a b\n")
    (project / "bad.txt").write_text("bad\n")
    home = LocalHome()
    with pytest.raises(skyburst.JobFailed):
        skyburst.run(str(HERE / "splits"), items=["good.txt", "bad.txt"], home=home, max_parallelism=1)
    following, first = home.table.jobs()
    (entry,) = home.following(first)
    assert (entry["dataset"], entry["job"]) == ("good.txt", following.job_id)
    assert skyburst.JobHandle(following.job_id).result(PATIENCE_S).state is JobState.SUCCEEDED
