"""The files of the two derived images: PNG, 16-bit grey for the gradient, RGB for the z-gap.

They are written here and not with Pillow because one row filter fits both: each row of a distance, and of a maximum
over a disk, is nearly the row above. That is twice as fast, and a third smaller for the gradient; and to read, twice as fast
too. Pillow reads the files of other programs; it does not look at the checksums of pixels, so that is done here.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..image_error import ImageError, broken
from ..png import SIGNATURE

_LEVEL = 6
"""Of zlib. Level 1 takes half the time and a third more space."""


class _Kind(NamedTuple):
    what: str
    bits: int
    colour_type: int
    """Of the PNG specification (ISO/IEC 15948, 11.2.2)."""
    pixel: tuple[int, ...]
    """Shape of the samples of a pixel."""
    sample: str
    """Type of a sample in the file."""


_GRADIENT = _Kind("a gradient image, 16-bit grey", 16, 0, (), ">u2")
_Z_GAP = _Kind("a z-gap image, RGB with 8 bits per channel", 8, 2, (3,), "u1")
_UP = 2
"""Row filter of the PNG specification (9.2): the difference to the row above."""


def encode_gradient(gradient: NDArray[np.uint16]) -> bytes:
    """Return the file of a gradient image (height, width)."""
    return _encode(gradient.astype(">u2").view(np.uint8), _GRADIENT, gradient.shape[1])


def encode_z_gap(z_gap: NDArray[np.uint8]) -> bytes:
    """Return the file of a z-gap image (height, width, 3)."""
    return _encode(z_gap.reshape(len(z_gap), -1), _Z_GAP, z_gap.shape[1])


def decode_gradient(data: bytes, name: str, *, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Return the gradient image (height, width) of a file.

    Args:
        data: the whole file.
        name: the name of the file, for messages.
        size: the width and height that it must have.

    Raises:
        ImageError: if the file is damaged, is not such an image or has another size; the message starts with `name`.
    """
    return _decode(data, name, size, _GRADIENT).astype(np.uint16)


def decode_z_gap(data: bytes, name: str, *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the z-gap image (height, width, 3) of a file; arguments and errors are those of `decode_gradient`."""
    return _decode(data, name, size, _Z_GAP).astype(np.uint8)


def _encode(rows: NDArray[np.uint8], kind: _Kind, width: int) -> bytes:
    lines = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    lines[:, 0] = _UP
    lines[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, len(rows), kind.bits, kind.colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), _LEVEL)), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _decode(data: bytes, name: str, size: tuple[int, int], kind: _Kind) -> NDArray[Any]:
    chunks = list(_chunks(data, name))
    first, header = chunks[0]
    if first != b"IHDR" or len(header) != 13:
        raise broken(name, "is damaged (a PNG without a header)")
    width, height, bits, colour_type = struct.unpack(">IIBB", header[:10])
    if (bits, colour_type) != (kind.bits, kind.colour_type):
        raise ImageError(f"{name}: is not {kind.what}; make it again from its image")
    if (width, height) != size:
        raise ImageError(
            f"{name}: has {width} x {height} pixels but {size[0]} x {size[1]} are needed; make it again from its image"
        )
    try:
        rows = _decode_own(header, b"".join(content for name, content in chunks if name == b"IDAT"), kind)
        if rows is not None:
            return rows.view(kind.sample).reshape(height, width, *kind.pixel)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise broken(name, f"is damaged ({error})") from error


def _decode_own(header: bytes, content: bytes, kind: _Kind) -> NDArray[np.uint8] | None:
    """Return the rows of bytes of a file as `_encode` writes it; None for any other."""
    width, height = struct.unpack_from(">II", header)
    line = 1 + width * math.prod(kind.pixel) * kind.bits // 8
    stream = zlib.decompressobj()
    data = stream.decompress(content, height * line + 1)
    if header[10:] != bytes(3) or len(data) != height * line or not stream.eof:
        return None
    lines = np.frombuffer(data, np.uint8).reshape(height, line)
    if (lines[:, 0] != _UP).any():
        return None
    rows = lines[:, 1:].copy()
    for above, row in pairwise(rows):
        np.add(above, row, out=row)
    return rows


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and content of each chunk up to the end of the image, checked."""
    if not data.startswith(SIGNATURE):
        raise ImageError(f"{name}: is {'not a PNG' if data else 'an empty file'}; make it again from its image")
    at, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at) if len(data) >= at + 12 else (len(data), b"")
        content, at = data[at + 8 : at + 8 + length], at + 12 + length
        if at > len(data):
            raise broken(name, "is damaged (it ends too early)")
        if zlib.crc32(kind + content) != int.from_bytes(data[at - 4 : at], "big"):
            raise broken(name, f"is damaged (the checksum of {kind!r} is wrong)")
        yield kind, content
