"""What is known of an uploaded image before anything runs."""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple

from skyburst.errors import InvalidUpload

FORMATS = ("PNG", "TIFF")
"""Of images whose colours are as they were drawn. Others, such as JPEG, change them, and with them every score."""
PAGED = "TIFF"
"""The format whose pages are channels; the frames of an animated PNG are none."""
MOST_CHANNELS = 64


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


class Facts(NamedTuple):
    """What an image says of itself."""

    size: Size
    channels: int
    """Pages of a TIFF; 1 of other images."""


def facts_of(file: BinaryIO, name: str, expected: Size | None = None) -> Facts:
    """The size and the channels of an image, whose pixels are not read.

    Args:
        file: the image, which can seek.
        name: of the file, for people.
        expected: the size that it must have, of the images that it is compared with.

    Raises:
        InvalidUpload: when it is no image, one whose colours cannot be relied on, one of another size, or one whose channels
            differ in size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            kind, mode, size = image.format or "", image.mode, Size(*image.size)
            pages = _pages(image) if kind == PAGED else [(mode, size)]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidUpload(f"{name} is no image that can be read: give a PNG or a TIFF file", "body") from error
    if kind not in FORMATS:
        raise InvalidUpload(
            f"{name} is a {kind} image, whose colours are not kept exactly: save it as PNG or TIFF", "body"
        )
    for number, (mode, of_page) in enumerate(pages, 1):
        page = f"{name} has" if len(pages) == 1 else f"page {number} of {name} has"
        if mode not in ("RGB", "RGBA", "P"):
            raise InvalidUpload(f"{page} pixels of the kind {mode}: colour holds the depth, so save it as RGB", "body")
        if of_page != size:
            raise InvalidUpload(
                f"{page} {of_page.width} x {of_page.height} pixels, and page 1 has {size.width} x {size.height}: "
                "save the pages that are channels, and no others",
                "body",
            )
    if len(pages) > MOST_CHANNELS:
        raise InvalidUpload(f"{name} has more than {MOST_CHANNELS} pages: save one that has each channel once", "body")
    if expected is not None and size != expected:
        turned = " It seems to be turned by 90 degrees." if size == expected[::-1] else ""
        raise InvalidUpload(
            f"{name} has {size.width} x {size.height} pixels, and the images that it is to be compared with have "
            f"{expected.width} x {expected.height}: align it to their template first; scaling it would move the neuron."
            f"{turned}",
            "body",
        )
    return Facts(size, len(pages))


def _pages(image: Any) -> list[tuple[str, Size]]:
    """Kind of pixels and size of each page, up to one more than there may be."""
    found: list[tuple[str, Size]] = []
    try:
        while len(found) <= MOST_CHANNELS:
            image.seek(len(found))
            found.append((image.mode, Size(*image.size)))
    except EOFError:
        pass  # that was the last one
    return found
