"""What shows a job: one of three ways, chosen by where standard error goes."""

from __future__ import annotations

import os
import sys
from typing import Protocol

from skyburst.cli.follow.snapshot import Snapshot


class View(Protocol):
    """Shows snapshots of a job. All its methods are called by one thread."""

    def say(self, line: str) -> None:
        """Show a line that stays."""

    def show(self, snapshot: Snapshot) -> None:
        """Show how the job is now; called several times a second."""

    def close(self) -> None:
        """Remove what changes, and keep the lines that stay."""


def choose_view() -> View:
    """A bar on a terminal that can move its cursor, else plain lines."""
    if has_moving_cursor():
        from skyburst.cli.follow.bar import Bar

        return Bar()
    from skyburst.cli.follow.lines import Lines

    return Lines()


def has_moving_cursor() -> bool:
    """Whether standard error is a terminal on which something can be drawn in place."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
