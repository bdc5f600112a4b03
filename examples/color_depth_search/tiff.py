"""TIFF files: the checks of the header, and decoding the strips that are needed.

The tags are parsed here and the strips are handed to libtiff, through Pillow, in a TIFF made of nothing
else. That is faster than opening the file with Pillow, decodes only the rows a search needs, and makes
every refusal explicit.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from operator import add

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import tiff_tags as tag
from .image_error import ImageError, broken
from .tiff_strips import write_tiff

SIGNATURES = (b"II*\x00", b"MM\x00*")

_RAW = 1
_READABLE = {1: "uncompressed", 5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate"}
_WITH_PREDICTOR = {5, 8, 32946}
_REFUSED = {2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "JPEG", 7: "JPEG", 50000: "Zstandard", 50001: "WebP"}
_KINDS = {0: "grey", 1: "grey", 3: "a palette image", 5: "CMYK", 6: "YCbCr", 8: "CIELab"}
_RGB = 2


@dataclass(frozen=True)
class Header:
    """What a TIFF declares about itself, checked."""

    data: bytes
    name: str
    width: int
    height: int
    compression: int
    predictor: int
    planes: int
    """1 if the channels of a pixel lie together, 3 if each channel is a plane of its own."""
    rows_per_strip: int
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    """Of the strips, in bytes; all strips of the first plane come first."""

    def decode(self, rows: range) -> NDArray[np.uint8]:
        """Return rows of the image as an array (rows, width, 3); raises `ImageError` if one is damaged."""
        if len(rows) == 0:
            return np.empty((0, self.width, 3), np.uint8)
        strips = range(rows.start // self.rows_per_strip, (rows.stop - 1) // self.rows_per_strip + 1)
        skip = rows.start - strips.start * self.rows_per_strip
        height = min(strips.stop * self.rows_per_strip, self.height) - strips.start * self.rows_per_strip
        channels = 3 // self.planes
        per_plane = len(self.offsets) // self.planes
        planes = [
            self._decode_strips(range(first + strips.start, first + strips.stop), (height, self.width, channels))
            for first in range(0, len(self.offsets), per_plane)
        ]
        pixels = planes[0] if self.planes == 1 else np.concatenate(planes, axis=2)
        return pixels[skip : skip + len(rows)]

    def _decode_strips(self, strips: range, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        height, width, channels = shape
        places = list(
            zip(self.offsets[strips.start : strips.stop], self.sizes[strips.start : strips.stop], strict=True)
        )
        if self.compression == _RAW:
            return self._raw_strips(places, width * channels, height).reshape(shape)
        contents = [self.data[offset : offset + size] for offset, size in places]
        # Without a predictor, three bytes of colour are to a decoder no different from three grey pixels, and
        # grey ones it copies row by row.
        if self.predictor == 1:
            width, channels = width * channels, 1
        small = write_tiff((height, width, channels), self.compression, self.predictor, self.rows_per_strip, contents)
        try:
            with Image.open(io.BytesIO(small), formats=("TIFF",)) as image:
                return np.asarray(image).reshape(shape)
        except (OSError, ValueError, SyntaxError) as error:
            method = _READABLE[self.compression]
            raise self._damaged(f"its {method} data can't be decoded: {error}") from error

    def _raw_strips(self, places: list[tuple[int, int]], row: int, height: int) -> NDArray[np.uint8]:
        arrays = []
        for number, (offset, size) in enumerate(places):
            needed = row * min(self.rows_per_strip, height - number * self.rows_per_strip)
            if size < needed:
                raise self._damaged(f"a strip has {size} bytes, {needed} are needed")
            arrays.append(np.frombuffer(self.data, np.uint8, needed, offset))
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def _damaged(self, what: str) -> ImageError:
        return broken(self.name, f"is damaged ({what})")


def read_header(data: bytes, name: str) -> Header:
    """Check the tags of a TIFF; raises `ImageError` if it is not an RGB image of 8 bits in strips."""
    tags = tag.read_tags(data, name)

    def one(which: int, default: int) -> int:
        return tags[which][0] if tags.get(which) else default

    def refuse(what: str) -> ImageError:
        return ImageError(f"{name}: {what}; save it as RGB TIFF or PNG, 8 bits per channel")

    width, height = one(tag.WIDTH, 0), one(tag.HEIGHT, 0)
    if width == 0 or height == 0:
        raise refuse(f"declares {width} x {height} pixels")
    bits, samples, kind = tags.get(tag.BITS, (1,)), one(tag.SAMPLES, 1), one(tag.PHOTOMETRIC, 1)
    if kind != _RGB:
        raise refuse(f"is {_KINDS.get(kind, f'of the unknown kind {kind}')}")
    if samples != 3:
        raise refuse(f"has {samples} channels, 3 are needed")
    if set(bits) != {8} or one(tag.SAMPLE_FORMAT, 1) != 1:
        raise refuse(f"has {max(bits, default=0)} bits per channel, 8 are needed")
    if tag.TILE_WIDTH in tags:
        raise refuse("is stored in tiles, strips are needed")
    compression, fill_order = one(tag.COMPRESSION, 1), one(tag.FILL_ORDER, 1)
    predictor = one(tag.PREDICTOR, 1) if compression in _WITH_PREDICTOR else 1
    if compression not in _READABLE:
        method = _REFUSED.get(compression, f"method {compression}")
        raise refuse(f"is compressed with {method}, not PackBits, LZW or deflate")
    if predictor not in {1, 2} or fill_order != 1:
        raise refuse(f"uses the rare options predictor {predictor}, fill order {fill_order}")
    planes = 3 if one(tag.PLANAR, 1) == 2 else 1
    rows_per_strip = min(one(tag.ROWS_PER_STRIP, height), height)
    offsets, sizes = tags.get(tag.STRIP_OFFSETS, ()), tags.get(tag.STRIP_SIZES, ())
    strips = planes * -(-height // rows_per_strip) if rows_per_strip else 0
    if len(offsets) != len(sizes) or len(offsets) != strips or strips == 0:
        declared = f"{len(offsets)} strips of {rows_per_strip} rows with {len(sizes)} sizes for {height} rows"
        raise broken(name, f"is damaged (declares {declared})")
    end = max(map(add, offsets, sizes))
    if end > len(data):
        raise broken(name, f"is truncated (its strips end at byte {end}, the file at byte {len(data)})")
    return Header(data, name, width, height, compression, predictor, planes, rows_per_strip, offsets, sizes)
