"""The tags of a TIFF file: a small parser that never trusts an offset.

Tags and types are those of TIFF 6.0 (Adobe, 1992) and of its second supplement.
"""

from __future__ import annotations

import struct

from .image_error import ImageError, broken

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANAR = 273, 277, 278, 279, 284
PREDICTOR, TILE_WIDTH, SAMPLE_FORMAT = 317, 322, 339

_USED = frozenset(
    {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP}
    | {STRIP_SIZES, PLANAR, PREDICTOR, TILE_WIDTH, SAMPLE_FORMAT}
)

# The field types that hold whole numbers: type -> (code of struct, size in bytes).
_WHOLE_NUMBERS = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4)}

Tags = dict[int, tuple[int, ...]]


def read_tags(data: bytes, name: str) -> Tags:
    """Return the whole numbers of each tag that matters here, for the only image of a TIFF file.

    Raises:
        ImageError: if the tags reach beyond the end of the file, or there is more than one image.
    """
    order = "<" if data[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, directory)
        tags: Tags = {}
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
            if tag in _USED and kind in _WHOLE_NUMBERS:
                code, size = _WHOLE_NUMBERS[kind]
                if number * size <= 4:
                    place = entry + 8
                else:
                    (place,) = struct.unpack_from(order + "I", data, entry + 8)
                if place + number * size > len(data):
                    raise _truncated(data, name)
                tags[tag] = struct.unpack_from(f"{order}{number}{code}", data, place)
        (next_directory,) = struct.unpack_from(order + "I", data, directory + 2 + 12 * count)
    except struct.error as error:
        raise _truncated(data, name) from error
    if next_directory:
        raise ImageError(f"{name}: holds more than one image; save one image per file")
    return tags


def _truncated(data: bytes, name: str) -> ImageError:
    return broken(name, f"is truncated or damaged (its tags reach beyond its {len(data)} bytes)")
