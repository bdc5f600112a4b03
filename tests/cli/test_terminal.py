"""The program in a real terminal: the bar, Ctrl-C once and twice, and questions."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.cli.terminal import CTRL_C, Terminal, skyburst
from tests.waiting import PATIENCE_S

NAPS = ("run", "naps.py", "--items", "0:200", "--batch-size", "2")


def test_the_bar_shows_percent_batches_items_rate_time_left_troubles_and_the_best_so_far(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.03", "--set", "broken=[3]", folder=project) as terminal:
        terminal.until(r"naps-\S+: 200 items in 100 batches on 2 workers")
        terminal.until(r"running ━.* [1-9]\d? % [\d.]+ s left")
        terminal.until(r"[1-9]\d* of 100 batches, [1-9]\d* of 200 items, [\d.]+/s")
        terminal.until("1 item could not be used")
        terminal.until(r"found so far:\s+item \d+ scores \d+\s+item")
        assert terminal.ended() == 0
        ending = terminal.text[terminal.text.rindex("SUCCEEDED") :]
    assert "image 3.tif: it is truncated" in ending
    assert "tables/best.csv" in ending


@pytest.mark.parametrize("columns", [30, 200])
def test_the_bar_fits_into_any_terminal(project: Path, columns: int) -> None:
    with Terminal(*NAPS, "--set", "nap=0.01", folder=project, columns=columns) as terminal:
        terminal.until(r"% [\d.]+ s left")
        drawn = [line for line in terminal.text.splitlines() if " running ━" in line]
        assert terminal.ended() == 0
    assert drawn
    # A frame is redrawn on its own line, which has the lines of frames before in this raw text.
    assert all(len(re.split("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", line)[-1]) < columns for line in drawn)


def test_the_first_ctrl_c_ends_the_job_and_combines_what_was_found(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.2", folder=project) as terminal:
        terminal.until(r"[1-9]\d* of 100 batches")
        terminal.press(CTRL_C)
        terminal.until(r"stopping; press Ctrl-C again to stop at once; `skyburst resume naps-\S+` goes on")
        assert terminal.ended() == 5
        assert re.search(r"result  item \d+ scores \d+", terminal.text)
    assert skyburst("resume", "last", "--detach", folder=project).returncode == 0
    assert skyburst("cancel", "last", folder=project).returncode == 0


def test_the_second_ctrl_c_stops_at_once_and_the_job_goes_on_with_resume(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.2", "--set", "combine=20", folder=project) as terminal:
        terminal.until(r"[1-9]\d* of 100 batches")
        terminal.press(CTRL_C)
        terminal.until("combining")
        terminal.press(CTRL_C)
        assert terminal.ended() == 130
        assert re.search(r"stopped at once; `skyburst resume naps-\S+` goes on", terminal.text)
    assert "the program that ran it is gone" in skyburst("status", "last", folder=project).stdout


def test_ctrl_c_while_watching_leaves_the_job_alone(project: Path) -> None:
    job = skyburst(*NAPS, "--set", "nap=1", "--detach", folder=project).stdout.strip()
    with Terminal("watch", "last", folder=project) as terminal:
        terminal.until(r"[1-9]\d* of 100 batches")
        terminal.press(CTRL_C)
        assert terminal.ended() == 130
        assert f"no longer watching; the job goes on, and `skyburst cancel {job}` ends it" in terminal.text
        assert "stopping" not in terminal.text
    assert "RUNNING" in skyburst("jobs", folder=project).stdout
    assert skyburst("cancel", job, folder=project).returncode == 0
    assert skyburst("watch", job, "--quiet", folder=project).returncode == 5


def test_a_summary_that_fails_is_told_and_the_job_goes_on(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.025", "--set", "summary=broken", folder=project) as terminal:
        terminal.until(r"no results are shown while the job runs: .*no lines today")
        assert terminal.ended() == 0
        assert terminal.text.count("no results are shown") == 1
        assert "result  (no summary: RuntimeError: no lines today)" in terminal.text


def test_a_terminal_that_is_closed_leaves_a_job_that_goes_on_with_resume(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.02", folder=project) as terminal:
        terminal.until(r"[1-9]\d* of 100 batches")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE_S) == -signal.SIGHUP
    ended = skyburst("resume", "last", folder=project)
    assert ended.returncode == 0
    assert re.search(r"; \d+ of them (is|are) done already", ended.stderr)


def test_without_colours_and_cursor_there_are_plain_lines(project: Path) -> None:
    with Terminal(*NAPS, "--set", "nap=0.02", folder=project, TERM="dumb") as terminal:
        terminal.until(r"\n\d+ % running, \d+ of 100 batches, \d+ of 200 items")
        assert terminal.ended() == 0
        assert "━" not in terminal.text


def test_delete_asks_first(project: Path) -> None:
    assert skyburst("run", "squares.py", "--items", "0:3", folder=project).returncode == 0
    with Terminal("delete", "last", folder=project) as terminal:
        terminal.until(r"delete with all files\? \[y/N\]")
        terminal.press(b"n\n")
        assert terminal.ended() == 130
    with Terminal("delete", "last", folder=project) as terminal:
        terminal.until(r"\[y/N\]")
        terminal.press(b"y\n")
        terminal.until("deleted squares-")
        assert terminal.ended() == 0
    assert skyburst("status", "last", folder=project).returncode == 6
