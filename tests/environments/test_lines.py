"""What a command writes becomes lines, whatever it writes and however much."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from skyburst.environments.lines import LONGEST, Lines
from skyburst.environments.log import FIRST_BYTES, LAST_BYTES, Log


def all_lines(pieces):
    lines = Lines()
    found = [line for piece in pieces for line in lines.feed(piece, 0.0)]
    return found + lines.end()


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)), st.data())
def test_lines_are_the_same_however_they_arrive(written, data):
    whole = "".join(line + "\n" for line in written).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert all_lines(pieces) == written


@given(st.lists(st.binary(max_size=3 * LONGEST), max_size=5))
def test_no_line_is_too_long_and_nothing_is_raised_whatever_is_written(pieces):
    found = all_lines(pieces)
    assert all(len(line) <= LONGEST for line in found)
    assert "".join(found).encode() is not None


def test_a_long_line_without_an_end_is_several():
    assert [len(line) for line in all_lines([b"x" * (2 * LONGEST + 5)])] == [LONGEST, LONGEST, 5]


def test_a_bar_that_is_drawn_over_itself_is_one_line():
    assert all_lines([b"\r 1 %\r 2 %", b"\r100 %\ndone\r\n"]) == ["100 %", "done"]


def test_what_has_no_end_is_shown_after_a_while():
    lines = Lines()
    assert lines.feed(b"Password: ", 10.0) == []
    assert lines.waited(10.5) == []
    assert lines.waited(11.5) == ["Password: "]
    assert lines.end() == []


def test_an_endless_log_is_kept_in_bounded_memory_with_its_beginning_and_its_end():
    log = Log()
    for number in range(20_000):
        log.add("out", f"{number} " + "x" * 1_000, 0.0)
    kept = [json.loads(line) for line in log.content().splitlines()]
    assert len(log.content()) < FIRST_BYTES + LAST_BYTES + 10_000
    assert (kept[0]["line"], kept[-1]["line"], log.lines) == (1, 20_000, 20_000)
    (note,) = [line for line in kept if line["stream"] == "env"]
    gap = kept.index(note)
    left_out = kept[gap + 1]["line"] - kept[gap - 1]["line"] - 1
    assert note["text"] == f"... {left_out:,} lines are not kept ..."
    assert log.tail().splitlines()[-1].startswith("19999 ")
