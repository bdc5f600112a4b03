"""Removes items in a program of its own, which may kill itself at a chosen point.

    python -m tests.library.remove_program LIBRARY IDS keep|purge [LINE]

IDS have commas between them. Prints how many lines of the framework's code it ran, or is killed by SIGKILL before it
runs line number LINE.
"""

from __future__ import annotations

import sys

from skyburst.library import remove_items
from tests.library.build_program import LineCounter


def main() -> None:
    library, ids, purge, *last = sys.argv[1:]
    counter = LineCounter(int(last[0]) if last else None)
    sys.settrace(counter)
    remove_items(library, filter(None, ids.split(",")), purge=purge == "purge")
    sys.settrace(None)
    print(counter.count)


if __name__ == "__main__":
    main()
