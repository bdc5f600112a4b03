"""What is known of an uploaded image before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from skyburst.errors import InvalidUpload

FORMATS = ("PNG", "TIFF")
"""Of images whose colours are as they were drawn. Others, such as JPEG, change them, and with them every score."""


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def size_of_image(path: Path, name: str, expected: Size | None = None) -> Size:
    """The size of an image, whose pixels are not read.

    Args:
        path: of its file.
        name: of the file, for people.
        expected: the size that it must have, of the images that it is compared with.

    Raises:
        InvalidUpload: when it is no image, one whose colours cannot be relied on, or one of another size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            kind, mode, size = image.format or "", image.mode, Size(*image.size)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidUpload(f"{name} is no image that can be read: give a PNG or a TIFF file", "body") from error
    if kind not in FORMATS:
        raise InvalidUpload(
            f"{name} is a {kind} image, whose colours are not kept exactly: save it as PNG or TIFF", "body"
        )
    if mode not in ("RGB", "RGBA", "P"):
        raise InvalidUpload(f"{name} has pixels of the kind {mode}: colour holds the depth, so save it as RGB", "body")
    if expected is not None and size != expected:
        turned = " It seems to be turned by 90 degrees." if size == expected[::-1] else ""
        raise InvalidUpload(
            f"{name} has {size.width} x {size.height} pixels, and the images that it is to be compared with have "
            f"{expected.width} x {expected.height}: align it to their template first; scaling it would move the neuron."
            f"{turned}",
            "body",
        )
    return size
