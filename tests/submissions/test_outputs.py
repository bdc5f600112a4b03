"""Names of delivered outputs, what a growing log says, and which submissions may start: pure parts, for all inputs."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from skyburst.objects import open_store
from skyburst.submissions.arrivals import SETTLED_S, Arrivals, Signature
from skyburst.submissions.output import Output
from skyburst.submissions.outputs import assigned
from skyburst.submissions.room import Waiting, admitted

NAMES = st.lists(st.sampled_from(["a", "b", "a/b", "a/b/c", "x", "x/a", "x-2/a"]), unique=True, max_size=4)


def above(key: str) -> set[str]:
    parts = key.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


@given(NAMES, NAMES)
@example(["x", "a"], ["x/a", "a"])
def test_no_output_is_in_the_way_of_another_dataset(first: list[str], second: list[str]) -> None:
    first = [name for name in first if not above(name) & set(first)]
    second = [name for name in second if not above(name) & set(second)]
    taken = assigned(first, {"end.txt"}, "y")
    assert list(taken.values()) == first
    more = assigned(second, {"end.txt", *taken.values()}, "x")
    everything = [*taken.values(), *more.values()]
    assert len(set(everything)) == len(everything)
    assert not {folder for key in everything for folder in above(key)} & set(everything)
    assert all(key == name or key.endswith(f"/{name}") for name, key in more.items())


def test_what_is_in_the_way_goes_into_a_folder_with_the_name_of_its_dataset() -> None:
    assert assigned(["out.npy", "end.txt", "b.png"], {"out.npy", "end.txt"}, "a.tif") == {
        "out.npy": "a.tif/out.npy", "end.txt": "a.tif/end.txt", "b.png": "b.png",
    }  # fmt: skip


def test_a_growing_log_is_read_on_and_begun_anew_by_another_attempt(tmp_path: Path) -> None:
    objects = open_store(tmp_path)
    output = Output(objects, "log.jsonl")
    assert output.look() == []
    first = json.dumps({"at": 1, "stream": "out", "text": "one\n"}).encode() + b"\n"
    objects.put("log.jsonl", first + b'{"at": 2, "te')
    assert output.look() == ["one"]
    objects.put("log.jsonl", first + b'{"at": 2, "text": "two"}\nno json\n')
    assert output.look() == ["one", "two", "no json"]
    assert output.last == "no json"
    objects.put("log.jsonl", b'{"text": "again"}\n')
    assert output.look() == ["again"]


@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.integers(1, 6)), max_size=8),
    st.dictionaries(st.sampled_from("pq"), st.integers(1, 5)), st.integers(1, 6), st.integers(1, 6),
)  # fmt: skip
def test_room_is_never_overdrawn_by_more_than_one_that_is_larger_than_all_of_it(
    wanted: list[tuple[str, int]], running: dict[str, int], limit: int, at_once: int
) -> None:
    waiting = [Waiting(str(number), analysis, count) for number, (analysis, count) in enumerate(wanted)]
    verdict = admitted(waiting, running, {"p": limit, "q": limit}, at_once)
    assert sorted([*verdict.start, *verdict.wait]) == sorted(entry.identity for entry in waiting)
    for analysis in "pq":
        own = [entry for entry in waiting if entry.analysis == analysis]
        started = [entry.identity in verdict.start for entry in own]
        assert started == sorted(started, reverse=True)  # nobody overtakes
        count = sum(entry.datasets for entry in own if entry.identity in verdict.start)
        assert count + running.get(analysis, 0) <= limit or sum(started) == 1 or not count
    if waiting and not running:
        assert verdict.start[0] == "0"  # nobody waits for ever


def test_a_file_that_is_being_written_has_not_arrived() -> None:
    arrivals = Arrivals()
    assert arrivals.settled([("a", Signature(1, 1))], 0.0) == []
    assert arrivals.settled([("a", Signature(2, 2))], SETTLED_S) == []
    assert arrivals.settled([("a", Signature(2, 2))], SETTLED_S * 1.5) == []
    assert arrivals.settled([("a", Signature(2, 2))], SETTLED_S * 2) == [("a", SETTLED_S)]
    arrivals.take("a")
    assert arrivals.settled([("a", Signature(2, 2))], 100.0) == []
    assert arrivals.pending == 0
    assert arrivals.settled([("a", Signature(2, 3))], 100.0) == []
    assert arrivals.settled([("a", Signature(2, 3))], 102.0) == [("a", 2.0)]
    assert arrivals.settled([], 103.0) == []
    assert arrivals.pending == 0
