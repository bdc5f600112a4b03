"""How libraries of color-depth images are made: one image at a time."""

from __future__ import annotations

import io
from pathlib import Path

from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

from skyburst.library import Description, Variant

from .images import SUFFIXES, read_image
from .names import parse_name
from .shape.shape_files import encode_gradient, encode_z_gap
from .shape.shape_images import make_shape_images

THUMBNAIL_PIXELS = 320
"""Longer side of a thumbnail, at most."""
JPEG_QUALITY = 85


def describe(path: Path) -> Description | None:
    """Check and describe an image; None when the name of the file is not that of an image.

    All pixels are decoded, so that a file which is damaged anywhere does not get into a library. All images
    of a library have one width and height.

    Raises:
        ImageError: if it cannot be searched; names what it has and what is needed.
    """
    if path.suffix.lower() not in SUFFIXES:
        return None
    pixels = read_image(path.read_bytes(), path.name)
    height, width, _ = pixels.shape
    return Description(
        metadata=dict(parse_name(path.as_posix())),
        properties={"width": width, "height": height},
        thumbnail=make_thumbnail(pixels),
        thumbnail_suffix=".jpg",
    )


def make_thumbnail(pixels: NDArray[uint8]) -> bytes:
    """A JPEG of an image (height, width, 3), made smaller by a whole number."""
    factor = -(-max(pixels.shape) // THUMBNAIL_PIXELS)
    file = io.BytesIO()
    Image.fromarray(pixels).reduce(factor).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def make_variants(path: Path) -> dict[str, Variant]:
    """The two images derived from an image that shape scores need, with the default label boxes and radius.

    Raises:
        ImageError: if the image cannot be read.
    """
    images = make_shape_images(read_image(path.read_bytes(), path.name))
    return {
        "gradient": Variant(encode_gradient(images.gradient), ".png"),
        "z_gap": Variant(encode_z_gap(images.z_gap), ".png"),
    }
