"""What is written on the images: the name at the top left, the colour scale at the top right."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .brain import WIDTH
from .color_map import STACK_SLICES, color_map

NAME_BOX: Final = (330, 100)
"""Width and height of the corner that the name may fill."""
SCALE_BOX: Final = (270, 90)
"""Width and height of the corner that the colour scale may fill."""
_SCALE_WIDTH: Final = 257  # the scale itself, and a black column at the edge, as in the published images

Pixels = NDArray[np.uint8]


def write_labels(image: Pixels, lines: tuple[str, ...], maximum: int) -> None:
    """Draw both labels into an image (height, width, 3).

    Args:
        image: changed in place.
        lines: the name, its first line larger.
        maximum: the brightest value of the 12-bit stack, written under the scale.
    """
    top = 8
    for line, size in zip(lines, (20, 15, 15), strict=False):
        text = _text(line, size)[:, : NAME_BOX[0] - 12]
        image[top : top + text.shape[0], 10 : 10 + text.shape[1]] = text[:, :, None]
        top += size + 8
    image[1:33, WIDTH - _SCALE_WIDTH : WIDTH - 1] = color_map()
    for line, left, row, size in (
        ("001", WIDTH - 248, 36, 12),
        ("Slices", WIDTH - 143, 36, 12),
        (str(STACK_SLICES), WIDTH - 34, 36, 12),
        (f"Max: {maximum:04d} /4095", WIDTH - 166, 56, 20),
    ):
        text = _text(line, size)
        image[row : row + text.shape[0], left : left + text.shape[1]] = text[:, :, None]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _glyph(character: str, size: int) -> Pixels:
    """One character as a grey picture, as high as a line."""
    font = _font(size)
    picture = Image.new("L", (max(1, round(font.getlength(character))), size + 4))
    ImageDraw.Draw(picture).text((0, 0), character, font=font, fill=255)
    return np.asarray(picture)


def _text(line: str, size: int) -> Pixels:
    """A line of text as a grey picture; its characters are drawn once and kept."""
    return np.concatenate([_glyph(character, size) for character in line], axis=1)
