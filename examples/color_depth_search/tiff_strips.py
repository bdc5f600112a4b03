"""A TIFF made of the strips of another, so that libtiff decodes those and no others."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate

from . import tiff_tags as tag

_SHORT, _LONG = 3, 4
_GREY, _RGB = 1, 2


def write_tiff(
    shape: tuple[int, int, int],
    compression: int,
    predictor: int,
    rows_per_strip: int,
    strips: Sequence[bytes],
) -> bytes:
    """Return a TIFF of compressed strips.

    Args:
        shape: height, width and channels (1: grey, 3: RGB) of what the strips hold, 8 bits per channel.
        compression: the code of the TIFF tag.
        predictor: the code of the TIFF tag.
        rows_per_strip: rows in each strip but the last.
        strips: the compressed strips, top to bottom.
    """
    height, width, channels = shape
    count = len(strips)
    directory = 8 + 2 + 12 * 10 + 4
    bits_at = directory
    offsets_at, sizes_at = directory + 8, directory + 8 + 4 * count
    sizes = [len(strip) for strip in strips]
    offsets = list(accumulate(sizes[:-1], initial=directory + 8 + 8 * count))
    # Values of up to four bytes stand in the tag itself, longer ones elsewhere.
    fields = (
        (tag.WIDTH, _LONG, 1, width),
        (tag.HEIGHT, _LONG, 1, height),
        (tag.BITS, _SHORT, channels, 8 if channels == 1 else bits_at),
        (tag.COMPRESSION, _SHORT, 1, compression),
        (tag.PHOTOMETRIC, _SHORT, 1, _GREY if channels == 1 else _RGB),
        (tag.STRIP_OFFSETS, _LONG, count, offsets_at if count > 1 else offsets[0]),
        (tag.SAMPLES, _SHORT, 1, channels),
        (tag.ROWS_PER_STRIP, _LONG, 1, rows_per_strip),
        (tag.STRIP_SIZES, _LONG, count, sizes_at if count > 1 else sizes[0]),
        (tag.PREDICTOR, _SHORT, 1, predictor),
    )
    return b"".join(
        (
            struct.pack("<2sHIH", b"II", 42, 8, len(fields)),
            *(struct.pack("<HHII", *field) for field in fields),
            bytes(4),
            struct.pack("<4H", 8, 8, 8, 0),
            struct.pack(f"<{count}I{count}I", *offsets, *sizes),
            *strips,
        )
    )
