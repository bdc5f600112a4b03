"""What a worker notes on its slate is what the driver reads, at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyburst.homes.local.slate import Slate


@pytest.fixture
def slates() -> Iterator[tuple[Slate, Slate]]:
    """The driver's view and the worker's."""
    ours, descriptor = Slate.create()
    theirs = Slate(descriptor)
    os.close(descriptor)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_new_slate_is_empty(slates: tuple[Slate, Slate]) -> None:
    assert [slate.read() for slate in slates] == [None, None]


@pytest.mark.parametrize(("task", "attempt", "log_start"), [(0, 1, 0), (7, 3, 123), (2**60 + 5, 1, 2**62)])
def test_what_is_begun_is_read_and_what_is_ended_is_gone(
    slates: tuple[Slate, Slate], task: int, attempt: int, log_start: int
) -> None:
    ours, theirs = slates
    before, before_at = time.monotonic(), time.time()
    theirs.begin(task, attempt, log_start)
    note = ours.read()
    assert note is not None
    assert (note.task, note.attempt, note.log_start) == (task, attempt, log_start)
    assert before - 1e-6 <= note.started <= time.monotonic()
    assert before_at - 1e-3 <= note.started_at <= time.time() + 1e-3
    assert ours.read() == note
    theirs.end()
    assert ours.read() is None


WORKER = """
import select, sys
from skyburst.homes.local.slate import Slate
slate = Slate(int(sys.argv[1]))
number = 0
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(1_000):
        number += 1
        slate.begin(number, number, number)
        slate.end()
slate.begin(number, 99, number)
"""


def test_a_note_read_while_it_is_written_is_never_a_mixture_of_two() -> None:
    """A mixture would have the driver end a worker for the time that another task took."""
    slate, descriptor = Slate.create()
    began = time.monotonic()
    program = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(descriptor)],
        pass_fds=[descriptor], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.close(descriptor)
    try:
        assert program.stdin
        assert program.stdout
        program.stdout.readline()
        notes = 0
        latest = 0
        while notes < 2_000:
            assert program.poll() is None
            note = slate.read()
            if note is None:
                continue
            notes += 1
            assert note.task == note.attempt == note.log_start
            assert began <= note.started <= time.monotonic()
            assert note.task >= latest
            latest = note.task
        program.stdin.close()
        program.wait()
        program.stdout.close()
    finally:
        program.kill()
    last = slate.read()
    slate.close()
    assert last is not None
    assert last.attempt == 99, "the note of a dead worker stays"
