"""Files as one ZIP archive, made while it is sent: nothing is whole in memory."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from skyburst.homes.home import Readable

CHUNK = 1 << 20
TEXTS = frozenset({".json", ".jsonl", ".csv", ".tsv", ".txt", ".log", ".md", ".html", ".svg", ".xml", ".yaml", ".yml"})
"""Ends of names of files that are compressed; most others are as they are."""
LEVEL = 1


class _Pipe(io.RawIOBase):
    """Takes what an archive writes until it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._written.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._written)
        self._written.clear()
        return found


def zipped(files: Iterable[tuple[str, Readable]], at: float) -> Iterator[bytes]:
    """The bytes of an archive, piece by piece.

    Args:
        files: by their names in it.
        at: when they were made, seconds since the epoch.
    """
    pipe = _Pipe()
    date = max((1980, 1, 1, 0, 0, 0), time.gmtime(at)[:6])  # the first that the format knows
    with zipfile.ZipFile(pipe, "w", compresslevel=LEVEL) as archive:
        for name, readable in files:
            entry = zipfile.ZipInfo(name, date)
            packed = PurePosixPath(name).suffix.lower() in TEXTS
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            entry.external_attr = 0o644 << 16
            # How large a file becomes is known at its end only, so each may be as large as the format can tell.
            with readable.open() as source, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    if piece := pipe.taken():
                        yield piece
    yield pipe.taken()
