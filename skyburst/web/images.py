"""What is known of an uploaded image before anything runs."""

from __future__ import annotations

import io
import shutil
import struct
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from skyburst.errors import InvalidUpload

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

FORMATS = ("PNG", "TIFF")
"""Of images whose colours are as they were drawn. Others, such as JPEG, change them, and with them every score."""
PAGED = "TIFF"
"""The format whose pages are channels; the frames of an animated PNG are none."""
MOST_CHANNELS = 64
MOST_PIXELS = 50_000_000
"""Of an image that is searched with or shown; color-depth images have about 0.7 million. Of an upload, so many are read."""
LARGEST_READ = 2**28
"""Bytes of a file in a bucket whose pixels are read: one with so many pixels is shorter, however it is written."""
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, struct.error, zlib.error)
"""What Pillow raises for a file that is torn, or something else."""


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
    """The size and the channels of an image, whose pixels can be read.

    Args:
        file: the image, which can seek.
        name: of the file, for people.
        expected: the size that it must have, of the images that it is compared with.

    Raises:
        InvalidUpload: when it is no image, one whose colours cannot be relied on, one of another size, one that is too large or
            damaged, or one whose channels differ in size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with opened(file) as image:
            kind = image.format
            pages = _pages(image) if kind == PAGED else [(image.mode, Size(*image.size))]
    except (UnidentifiedImageError, *UNREADABLE, Image.DecompressionBombError) as error:
        raise InvalidUpload(f"{name} is no image that can be read: give a PNG or a TIFF file", "body") from error
    if kind not in FORMATS:
        raise InvalidUpload(
            f"{name} is a {kind} image, whose colours are not kept exactly: save it as PNG or TIFF", "body"
        )
    size = _size_of(pages, name, expected)
    _read_pixels(file, name, pages)
    return Facts(size, len(pages))


def _size_of(pages: Sequence[tuple[str, Size]], name: str, expected: Size | None) -> Size:
    """The size that all pages have, of which everything is as it has to be that they say of themselves."""
    size = pages[0][1]
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
    if size.width * size.height > MOST_PIXELS:
        raise InvalidUpload(
            f"{name} has {size.width} x {size.height} pixels, {size.width * size.height:,} in all: at most {MOST_PIXELS:,} can "
            "be searched with and shown; cut out what is needed",
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
    return size


def _read_pixels(file: BinaryIO, name: str, pages: Sequence[tuple[str, Size]]) -> None:
    """Refuse an image that is torn: the pixels of its first pages are read, one page in memory at a time."""
    (width, height), number = pages[0][1], 1
    with _at_hand(file) as near:
        if near is None:
            return
        try:
            with opened(near, FORMATS) as image:
                for number in range(1, min(len(pages), MOST_PIXELS // (width * height)) + 1):
                    image.seek(number - 1)
                    if image.mode == "P" and image.palette is None:
                        raise ValueError("it has no palette")
                    image.load()
        except UNREADABLE as error:
            page = name if len(pages) == 1 else f"page {number} of {name}"
            raise InvalidUpload(
                f"{page} is damaged ({error}): save the image again, and upload that file", "body"
            ) from error


@contextmanager
def _at_hand(file: BinaryIO) -> Iterator[BinaryIO | None]:
    """The file on this machine, since one that is elsewhere would be read whole for each page; None for one that is too long."""
    try:
        file.fileno()
        yield file
        return
    except OSError:
        pass
    if file.seek(0, io.SEEK_END) > LARGEST_READ:
        yield None
        return
    file.seek(0)
    with tempfile.TemporaryFile() as near:
        shutil.copyfileobj(file, near, 1 << 20)
        yield near


def opened(file: BinaryIO, formats: Sequence[str] = ()) -> ImageFile:
    """An image whose header is read, of any number of pixels, which are to be counted before they are read.

    `Image.open` warns of those that it takes for too large, and refuses the largest without a word of their size.

    Args:
        file: the image, which can seek.
        formats: that it may have; every one that Pillow knows by default.

    Raises:
        UnidentifiedImageError: when it is none of them.
        OSError, ValueError, SyntaxError: when it cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    warnings.filterwarnings("ignore", module=r"PIL\.")  # what is wrong with a file is told to who sent it
    Image.init()
    file.seek(0)
    start = file.read(16)
    for kind in formats or Image.ID:
        factory, accepts = Image.OPEN[kind]
        if accepts is None or accepts(start) is True:
            file.seek(0)
            try:
                return factory(file, "")
            except (SyntaxError, IndexError, TypeError, struct.error):  # as `Image.open`: it may be of another kind
                continue
    raise UnidentifiedImageError("cannot identify image file")


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
