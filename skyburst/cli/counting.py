"""A bar that counts, for work that is no job; plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from skyburst.cli import text
from skyburst.cli.follow.view import has_moving_cursor

EVERY_S = 5.0
Count = Callable[[int, int], None]


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Count]:
    """Gives a function of (done, total) that shows them on standard error."""
    if quiet:
        yield _nothing
    elif has_moving_cursor():
        with _bar(what) as count:
            yield count
    else:
        yield _lines(what)


@contextmanager
def _bar(what: str) -> Iterator[Count]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn(what), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        task = progress.add_task(what, total=None)

        def count(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield count


def _lines(what: str) -> Count:
    began = told = time.monotonic()

    def count(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < EVERY_S:
            return
        told = now
        left = text.duration((total - done) * (now - began) / done) if done else "?"
        sys.stderr.write(f"{done:,} of {total:,} {what}, {left} left\n")
        sys.stderr.flush()

    return count


def _nothing(_done: int, _total: int) -> None:
    """Show nothing."""
