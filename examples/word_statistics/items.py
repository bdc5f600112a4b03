"""The items of a job: byte ranges of text files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import skyburst

SUFFIXES = (".txt", ".md")


def list_ranges(parameters: dict[str, Any], _context: skyburst.ItemsContext) -> Iterator[dict[str, Any]]:
    """Yield `{"file", "start", "end"}` for each range of `range_bytes` bytes, half-open.

    They are yielded while the folder is walked, so that a million files need no more memory than one.
    """
    size: int = parameters["range_bytes"]
    for path in text_files(Path(parameters["texts"])):
        length = path.stat().st_size
        for start in range(0, length, size):
            yield {"file": str(path), "start": start, "end": min(start + size, length)}


def text_files(root: Path) -> Iterator[Path]:
    """Yield a file itself, or the text files under a folder, in the order of their names.

    Links to folders are not followed: they can go round in circles.
    """
    if root.is_file():
        yield root
        return
    for path in sorted(root.iterdir()):
        if path.is_dir():
            if not path.is_symlink():
                yield from text_files(path)
        elif path.suffix in SUFFIXES:
            yield path
