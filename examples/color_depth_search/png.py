"""PNG files: the checks of the header, and decoding with Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .image_error import ImageError, broken

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Colour types of the PNG specification (ISO/IEC 15948, 11.2.2).
_RGB, _PALETTE, _RGB_ALPHA = 2, 3, 6
_REFUSED = {0: "grey", 4: "grey with transparency"}


@dataclass(frozen=True)
class Header:
    """What a PNG declares about itself, checked."""

    data: bytes
    name: str
    width: int
    height: int

    def decode(self, rows: range) -> NDArray[np.uint8]:
        """Return rows of the image as an array (rows, width, 3).

        Fully transparent pixels are black, whatever colour lies under them. Other pixels keep their colour,
        which tells the depth and so can't be blended with a background.
        """
        try:
            with Image.open(io.BytesIO(self.data), formats=("PNG",)) as image:
                if getattr(image, "is_animated", False):
                    raise ImageError(f"{self.name}: is an animation; save one image per file")
                image.load()
                transparent = image.mode == "RGBA" or "transparency" in image.info
                pixels = np.asarray(image.convert("RGBA" if transparent else "RGB"))
        except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
            if isinstance(error, ImageError):
                raise
            raise broken(self.name, f"is damaged ({error})") from error
        pixels = pixels[rows.start : rows.stop]
        if transparent:
            pixels = np.where(pixels[..., 3:] == 0, np.uint8(0), pixels[..., :3])
        return pixels


def read_header(data: bytes, name: str) -> Header:
    """Check the header of a PNG; raises `ImageError` if it is not an RGB or palette image of 8 bits."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise broken(name, "is damaged (a PNG without a header)")
    width, height, bits, colour_type = struct.unpack(">IIBB", data[16:26])
    if colour_type not in {_RGB, _PALETTE, _RGB_ALPHA}:
        kind = _REFUSED.get(colour_type, f"of the unknown colour type {colour_type}")
        raise ImageError(f"{name}: is {kind}; color depth needs RGB, 8 bits per channel")
    if bits > 8:
        raise ImageError(f"{name}: has {bits} bits per channel; save it with 8")
    if width == 0 or height == 0:
        raise broken(name, f"is damaged ({width} x {height} pixels)")
    return Header(data, name, width, height)
