"""The items of a job: byte ranges of text files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import skyburst

SUFFIXES = (".txt", ".md")


def list_ranges(parameters: dict[str, Any], _context: skyburst.ItemsContext) -> Iterator[dict[str, Any]]:
    """Yield `{"file", "start", "end"}` for each range of `range_bytes` bytes, half-open.

    They are yielded while the folder is walked, so that a million files need no more memory than one.
    """
    size: int = parameters["range_bytes"]
    for file in text_files(skyburst.open_folder(parameters["texts"])):
        for start in range(0, file.size, size):
            yield {"file": file.name, "start": start, "end": min(start + size, file.size)}


def text_files(folder: skyburst.Folder) -> Iterator[skyburst.FileInfo]:
    """Yield a single file, whatever its name, or the text files of a folder, in the order of their names."""
    return (file for file in folder.files() if folder.is_file or file.name.endswith(SUFFIXES))
