"""How partial results are stored: one byte that says how, then JSON.

`v` one JSON value, `y` JSON values line by line (a worker that yields), in capitals when compressed with zlib. Values that
were yielded are written and read one by one, so that neither side holds them all.
"""

from __future__ import annotations

import contextlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from skyburst.contracts import values
from skyburst.errors import StorageError

INLINE_BYTES = 32 * 1024
"""Larger partial results go to the object store and leave a reference: a table's row stays small. A home may choose."""
COMPRESS_BYTES = 1024
LEVEL = 1
READ_BYTES = 256 * 1024


class StoredValue(NamedTuple):
    """Bytes of a stored value, in memory when small, in a temporary file when not."""

    payload: bytes | None
    path: Path | None
    size: int


def store_value(value: Any, scratch: Path, inline_bytes: int = INLINE_BYTES) -> StoredValue:
    """Encode one value, in memory up to so many bytes. Raises NotJson."""
    data = values.encode(value)
    data = b"V" + zlib.compress(data, LEVEL) if len(data) > COMPRESS_BYTES else b"v" + data
    if len(data) <= inline_bytes:
        return StoredValue(data, None, len(data))
    with _temporary(scratch) as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            Path(file.name).unlink()
            raise
    return StoredValue(None, Path(file.name), len(data))


def store_yielded(yielded: Iterable[Any], scratch: Path, inline_bytes: int = INLINE_BYTES) -> StoredValue:
    """Encode values one by one as they are yielded, in memory up to so many bytes. Raises NotJson with the number of one."""
    compressor = zlib.compressobj(LEVEL)
    head = bytearray(b"Y")
    file = None
    size = 0
    try:
        for number, value in enumerate(yielded):
            head += compressor.compress(values.encode(value, f"yielded[{number}]") + b"\n")
            if len(head) > inline_bytes:
                file = file or _temporary(scratch)
                size += file.write(head)
                head.clear()
        head += compressor.flush()
        if file is None and len(head) <= inline_bytes:
            return StoredValue(bytes(head), None, len(head))
        file = file or _temporary(scratch)
        size += file.write(head)
        file.close()
    except BaseException:
        if file is not None:
            Path(file.name).unlink()
            with contextlib.suppress(OSError):  # on a full disk, closing writes and fails once more
                file.close()
        raise
    return StoredValue(None, Path(file.name), size)


def load_value(file: BinaryIO) -> Any:
    """The value; a list when it was yielded. Raises StorageError when what is stored is damaged."""
    yielded, pieces = _open(file)
    return list(_lines(pieces)) if yielded else _value(pieces)


def load_results(file: BinaryIO) -> Iterator[Any]:
    """The yielded values one by one, or the entries of a list. Raises StorageError when what is stored is damaged."""
    yielded, pieces = _open(file)
    if yielded:
        yield from _lines(pieces)
        return
    value = _value(pieces)
    yield from value if isinstance(value, list) else [value]


def _open(file: BinaryIO) -> tuple[bool, Iterator[bytes]]:
    """Whether the values were yielded, and their JSON piece by piece."""
    kind = file.read(1)
    if kind not in (b"v", b"V", b"y", b"Y"):
        raise StorageError(f"a stored value starts with {kind!r}, which this version does not know")
    return kind in b"yY", _inflated(file) if kind.isupper() else iter(lambda: file.read(READ_BYTES), b"")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """Decompress in pieces of bounded size, however small the compressed ones are."""
    decompressor = zlib.decompressobj()
    while not decompressor.eof:
        data = decompressor.unconsumed_tail or file.read(READ_BYTES)
        try:
            piece = decompressor.decompress(data, READ_BYTES)
        except zlib.error as error:
            raise StorageError(f"a stored value is damaged: {error}") from error
        if not data and not piece:
            raise StorageError("a stored value is damaged: it ends too early")
        yield piece


def _value(pieces: Iterator[bytes]) -> Any:
    return _decode(b"".join(pieces))


def _lines(pieces: Iterator[bytes]) -> Iterator[Any]:
    line: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        line.append(first)
        for other in others:
            yield _decode(b"".join(line))
            line = [other]
    if any(line):
        raise StorageError("a stored value is damaged: it ends too early")


def _decode(data: bytes) -> Any:
    try:
        return values.decode(data)
    except ValueError as error:
        raise StorageError(f"a stored value is damaged: {error}") from error


def _temporary(scratch: Path) -> Any:
    return tempfile.NamedTemporaryFile(dir=scratch, prefix="partial-", delete=False)
