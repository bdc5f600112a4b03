"""Builds a library in a program of its own, which may kill itself at a chosen point.

    python -m tests.library.build_program SOURCE LIBRARY PROCESSES [LINE]

Prints how many lines of the framework's code it ran, or is killed by SIGKILL before it runs line number LINE.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import skyburst
from tests.library.samples import build

CODE = str(Path(skyburst.__file__).parent)


class LineCounter:
    """Counts lines as they are run, and kills the program at one."""

    def __init__(self, last: int | None) -> None:
        self.count = 0
        self._last = last

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Callable[..., Any] | None:
        if event == "call":
            return self if frame.f_code.co_filename.startswith(CODE) else None
        if event == "line":
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def main() -> None:
    source, destination, processes, *last = sys.argv[1:]
    counter = LineCounter(int(last[0]) if last else None)
    sys.settrace(counter)
    build(
        Path(source),
        Path(destination),
        processes=int(processes),
        progress=lambda progress: print(progress.examined, flush=True),
    )
    sys.settrace(None)
    print(counter.count)


if __name__ == "__main__":
    main()
