"""How partial results are stored: one byte that says how, then JSON.

`v` one JSON value, `y` JSON values line by line (a worker that yields), in capitals when compressed with zlib. Values that
were yielded are written and read one by one, so that neither side holds them all.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from skyburst.contracts import values
from skyburst.errors import StorageError

INLINE_BYTES = 32 * 1024
"""Larger partial results go to the object store and leave a reference: a table's row stays small."""
COMPRESS_BYTES = 1024
LEVEL = 1
READ_BYTES = 256 * 1024


class StoredValue(NamedTuple):
    """Bytes of a stored value, in memory when small, in a temporary file when not."""

    payload: bytes | None
    path: Path | None
    size: int


def store_value(value: Any, scratch: Path) -> StoredValue:
    """Encode one value. Raises NotJson."""
    data = values.encode(value)
    data = b"V" + zlib.compress(data, LEVEL) if len(data) > COMPRESS_BYTES else b"v" + data
    if len(data) <= INLINE_BYTES:
        return StoredValue(data, None, len(data))
    with _temporary(scratch) as file:
        file.write(data)
    return StoredValue(None, Path(file.name), len(data))


def store_yielded(yielded: Iterable[Any], scratch: Path) -> StoredValue:
    """Encode values one by one as they are yielded. Raises NotJson with the number of the value."""
    compressor = zlib.compressobj(LEVEL)
    head = bytearray(b"Y")
    file = None
    size = 0
    try:
        for number, value in enumerate(yielded):
            values.check(value, f"yielded[{number}]")
            head += compressor.compress(values.encode(value) + b"\n")
            if len(head) > INLINE_BYTES:
                file = file or _temporary(scratch)
                size += file.write(head)
                head.clear()
        head += compressor.flush()
        if file is None and len(head) <= INLINE_BYTES:
            return StoredValue(bytes(head), None, len(head))
        file = file or _temporary(scratch)
        size += file.write(head)
        file.close()
    except BaseException:
        if file is not None:
            file.close()
            Path(file.name).unlink(missing_ok=True)
        raise
    return StoredValue(None, Path(file.name), size)


def load_value(file: BinaryIO) -> Any:
    """The value; a list when it was yielded."""
    kind = file.read(1)
    if kind in (b"y", b"Y"):
        return list(_lines(kind, file))
    data = file.read()
    if kind == b"V":
        data = zlib.decompress(data)
    elif kind != b"v":
        raise _unknown(kind)
    return values.decode(data)


def load_results(file: BinaryIO) -> Iterator[Any]:
    """The yielded values one by one, or the entries of a list."""
    kind = file.read(1)
    if kind in (b"y", b"Y"):
        yield from _lines(kind, file)
        return
    data = file.read()
    value = values.decode(zlib.decompress(data) if kind == b"V" else data)
    yield from value if isinstance(value, list) else [value]


def _lines(kind: bytes, file: BinaryIO) -> Iterator[Any]:
    decompressor = zlib.decompressobj() if kind == b"Y" else None
    rest = b""
    while data := file.read(READ_BYTES):
        if decompressor:
            data = decompressor.decompress(data)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield values.decode(line)
    if decompressor:
        rest += decompressor.flush()
    for line in rest.splitlines():
        yield values.decode(line)


def _temporary(scratch: Path) -> Any:
    return tempfile.NamedTemporaryFile(dir=scratch, prefix="partial-", delete=False)


def _unknown(kind: bytes) -> StorageError:
    return StorageError(f"a stored value starts with {kind!r}, which this version does not know")
