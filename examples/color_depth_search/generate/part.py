"""A process that draws a part of a library; started by ``processes``.

Reads {"folder": ..., "plan": {...}, "numbers": [...]} from its standard input, and writes a line for each
image it has written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .plan import Plan
from .writing import write_tiff


def draw(folder: Path, plan: Plan, numbers: Iterable[int]) -> Iterator[int]:
    """Write the images of these numbers into a folder; yields each number when its file is there."""
    for number in numbers:
        write_tiff(folder / plan.image_name(number).file, plan.image(number))
        yield number


def main() -> None:
    """Do what standard input says."""
    request = json.load(sys.stdin)
    for number in draw(Path(request["folder"]), Plan(**request["plan"]), request["numbers"]):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
