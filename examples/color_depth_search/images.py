"""Reading color-depth images: RGB TIFF and PNG, 8 bits per channel, of the size that is wanted.

Everything that is declared in the header is checked before a pixel is decoded, so that a file which declares
a huge image costs nothing. What can't be read is an `ImageError` that names the file, what it has and what is
needed; it is an error of that image alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import png, tiff
from .image_error import ImageError

__all__ = ["SUFFIXES", "ImageError", "image_size", "read_image"]

SUFFIXES = (".tif", ".tiff", ".png")
"""The file names, in lower case, that are taken for images."""

MAXIMUM_PIXELS = 50_000_000
"""Images larger than this are refused; color-depth images have about 0.7 million pixels."""

_OTHER_FORMATS = {
    b"\xff\xd8\xff": "a JPEG, whose colours are not exact",
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "compressed with gzip",
    b"II+\x00": "a BigTIFF",
    b"MM\x00+": "a BigTIFF",
}


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """Return the width and height in pixels that an image declares, without decoding it.

    Raises:
        ImageError: if this is not an image that can be searched; the message starts with `name`.
    """
    header = _header(data, name)
    return header.width, header.height


def read_image(
    data: bytes, name: str, *, size: tuple[int, int] | None = None, rows: range | None = None
) -> NDArray[np.uint8]:
    """Return the pixels of an image file as an array (height, width, 3) of red, green and blue.

    Args:
        data: the whole file.
        name: the name of the file, for messages.
        size: the width and height the image must have; any size if None.
        rows: a range of rows (step 1) to return instead of all. Other strips of a TIFF are not decoded, so
            colours that were damaged there go unnoticed; a truncated file does not.

    Raises:
        ImageError: if the file is damaged, or is not such an image; the message starts with `name`.
    """
    header = _header(data, name)
    if size is not None and (header.width, header.height) != size:
        raise ImageError(
            f"{name}: has {header.width} x {header.height} pixels but {size[0]} x {size[1]} are needed; "
            "the images of a library and the masks must have one size"
        )
    if header.width * header.height > MAXIMUM_PIXELS:
        raise ImageError(
            f"{name}: declares {header.width} x {header.height} pixels; at most {MAXIMUM_PIXELS:,} in all can be read"
        )
    return header.decode(rows if rows is not None else range(header.height))


def _header(data: bytes, name: str) -> tiff.Header | png.Header:
    if data[:4] in tiff.SIGNATURES:
        return tiff.read_header(data, name)
    if data[:8] == png.SIGNATURE:
        return png.read_header(data, name)
    known = (what for magic, what in _OTHER_FORMATS.items() if data.startswith(magic))
    what = next(known, "neither a TIFF nor a PNG" if data else "an empty file")
    raise ImageError(f"{name}: is {what}; save it as TIFF or PNG, RGB, 8 bits per channel")
