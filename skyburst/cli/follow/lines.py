"""Progress as plain lines, for logs and pipes: few enough to keep."""

from __future__ import annotations

import sys

from skyburst.cli import text
from skyburst.cli.follow.snapshot import Snapshot, counts, phase, time_left, troubles

EVERY_S = 5.0
"""A line is due after so long ..."""
AT_LEAST_S = 1.0
STEP = 0.1
"""... or when another tenth is done, but not more often than once a second."""


class Lines:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._printed_s = 0.0
        self._step = 0
        self._phase = ""
        self._best = ""

    def say(self, line: str) -> None:
        """Print a line."""
        sys.stderr.write(text.printable(line) + "\n")
        sys.stderr.flush()

    def show(self, snapshot: Snapshot) -> None:
        """Print a line if one is due."""
        if snapshot.progress and snapshot.progress.state.finished:
            return  # how it ended is told once, after this
        waited = snapshot.elapsed_s - self._printed_s
        step = int(snapshot.fraction / STEP)
        news = step > self._step or (self._phase and phase(snapshot) != self._phase)
        if waited < (AT_LEAST_S if news else EVERY_S):
            return
        self._printed_s, self._step, self._phase = snapshot.elapsed_s, step, phase(snapshot)
        self.say(_line(snapshot))
        if snapshot.best and snapshot.best[0] != self._best:
            self._best = snapshot.best[0]
            self.say(f"  {snapshot.heading} {self._best}")

    def close(self) -> None:
        """Nothing to remove."""


def _line(snapshot: Snapshot) -> str:
    progress = snapshot.progress
    if progress is None or not progress.batches:
        return f"{phase(snapshot)}, {text.duration(snapshot.elapsed_s)}"
    parts = [f"{int(100 * snapshot.fraction)} % {phase(snapshot)}", *counts(progress)]
    parts += [time_left(progress) or text.duration(snapshot.elapsed_s), *troubles(progress)]
    return ", ".join(parts)
