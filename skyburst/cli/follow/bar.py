"""The progress bar of a terminal, with the best results so far under it."""

from __future__ import annotations

import sys
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from skyburst.cli import text
from skyburst.cli.follow.snapshot import Snapshot, counts, phase, time_left, troubles

MOST_BEST = 6


class Bar:
    """Draws in place, in the last lines of the terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._spinner = Spinner("dots")

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        self._console.print(Text(text.printable(line)), soft_wrap=True)

    def show(self, snapshot: Snapshot) -> None:
        """Draw the bar anew."""
        if not self._live.is_started:
            self._live.start()
        self._live.update(self._picture(snapshot), refresh=True)

    def close(self) -> None:
        """Remove the bar."""
        self._live.stop()

    def _picture(self, snapshot: Snapshot) -> RenderableType:
        progress = snapshot.progress
        head = Table.grid(padding=(0, 1), expand=True)
        for _ in range(2):
            head.add_column(no_wrap=True)
        head.add_column(ratio=1)
        for _ in range(2):
            head.add_column(no_wrap=True, justify="right")
        planned = progress is not None and progress.batches > 0
        head.add_row(
            self._spinner,
            Text(phase(snapshot), style="bold"),
            ProgressBar(total=1.0, completed=snapshot.fraction, pulse=not planned, animation_time=time.monotonic()),
            Text(f"{int(100 * snapshot.fraction)} %" if planned else ""),
            Text((time_left(progress) if progress else "") or text.duration(snapshot.elapsed_s)),
        )
        lines: list[RenderableType] = [head]
        if progress is not None and planned:
            lines.append(_line("  " + ", ".join(counts(progress))))
            if troubles(progress):
                lines.append(_line("  " + ", ".join(troubles(progress)), "yellow"))
        if snapshot.best:
            lines.append(_line(f"  {snapshot.heading}", "dim"))
            lines += [_line("    " + line) for line in snapshot.best[:MOST_BEST]]
        return Group(*lines)


def _line(line: str, style: str = "") -> Text:
    return Text(text.printable(line), style=style, no_wrap=True, overflow="ellipsis")
