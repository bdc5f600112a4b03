"""Pictures for pages: the very pixels of an image as PNG, and small pictures of the items of libraries."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from skyburst.errors import InvalidItems, ObjectNotFound, PictureNotFound
from skyburst.folders import Folder, open_folder
from skyburst.library import layout
from skyburst.web.images import MOST_PIXELS, UNREADABLE, opened

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS = ("RGB", "RGBA", "P", "L", "LA", "1")
"""Of pixels that are shown as they are: colours and greys of 8 bits and fewer."""
FORMATS = ("PNG", "TIFF", "JPEG", "WEBP")
"""Of files that are read. What Pillow knows besides has been little tried with files of strangers, or runs other programs."""
COMPRESSION = 3
"""Of PNG files, 1 to 9: more takes longer than it saves on the way."""
SMALL_PIXELS = 320
"""Longer side of a small picture, at most."""
SMALL_QUALITY = 85
SUFFIXES = (".jpg", ".png", ".jpeg", ".webp")
"""Of the small pictures in a library, the usual one first."""
TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


class Picture(NamedTuple):
    """A file of an image."""

    data: bytes
    media_type: str


def exact(file: BinaryIO, name: str, page: int = 1) -> Picture:
    """An image as PNG, with the very pixels: not scaled, no colours managed, transparency left out.

    Args:
        file: the image, which can seek.
        name: of the file, for people.
        page: of a file of several, counted from 1.

    Raises:
        PictureNotFound: when there is no such page, or it cannot be shown.
    """
    pixels = _pixels(file, name, page)
    written = io.BytesIO()
    pixels.save(written, "PNG", compress_level=COMPRESSION)
    return Picture(written.getvalue(), "image/png")


def small(file: BinaryIO, name: str) -> Picture:
    """An image as JPEG, made smaller by a whole number. Raises PictureNotFound when it cannot be shown."""
    pixels = _pixels(file, name, 1)
    factor = -(-max(pixels.size) // SMALL_PIXELS)
    written = io.BytesIO()
    # Colours keep their full resolution, because they are depths.
    pixels.reduce(factor).save(written, "JPEG", quality=SMALL_QUALITY, subsampling=0)
    return Picture(written.getvalue(), "image/jpeg")


def of_item(location: str, key: str, *, thumbnail: bool) -> Picture:
    """The picture of an item of a library, or of a folder of images.

    Args:
        location: path or URL of the library or folder.
        key: of the item's image in it.
        thumbnail: the small picture that the library has, or one that is made when it has none.

    Raises:
        PictureNotFound: when there is no such image, or it cannot be shown.
    """
    folder = open_folder(location)
    with _named(key):
        if thumbnail:
            for name in _thumbnails(key):
                if folder.has(name):
                    return Picture(folder.read(name), TYPES[PurePosixPath(name).suffix])
        with folder.open(key) as file:
            return small(file, key) if thumbnail else exact(file, key)


def of_file(location: str) -> Picture:
    """The very pixels of an image, as `exact`, by its path or URL. Raises PictureNotFound."""
    folder = open_folder(location)
    name = PurePosixPath(location.replace("\\", "/")).name
    with _named(name):
        file_name = _only(folder, name)
        with folder.open(file_name) as file:
            return exact(file, name)


def _only(folder: Folder, name: str) -> str:
    if not folder.is_file:
        raise PictureNotFound(f"there is no image {name!r} any more, or it is a folder")
    return next(file.name for file in folder.files())


def _thumbnails(key: str) -> Iterator[str]:
    """Where a library has the small picture of the item with a key."""
    parts = PurePosixPath(key).parts
    if len(parts) == 3 and parts[0] == layout.IMAGES:
        for suffix in SUFFIXES:
            yield f"{layout.THUMBNAILS}/{parts[1]}/{layout.item_id(parts[2])}{suffix}"


def _pixels(file: BinaryIO, name: str, page: int) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with opened(file, FORMATS) as image:
            image.seek(page - 1)
            if image.width * image.height > MOST_PIXELS:
                raise PictureNotFound(f"{name} has {image.width} x {image.height} pixels, which are too many to show")
            if image.mode not in KINDS:
                raise PictureNotFound(f"{name} has pixels of the kind {image.mode}, which cannot be shown as they are")
            # A new image of the pixels alone, without the profile and the gamma that a browser would apply.
            return Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    except EOFError as error:
        raise PictureNotFound(f"{name} has no channel {page}") from error
    except (UnidentifiedImageError, *UNREADABLE, Image.DecompressionBombError) as error:
        raise PictureNotFound(f"{name} is no image that can be shown: {_told(error)}") from error


def _told(error: Exception) -> str:
    """What is wrong with an image; the library's words for an unknown file name objects of this program."""
    return "it is neither a PNG nor a TIFF" if "cannot identify" in str(error) else str(error)


@contextmanager
def _named(key: str) -> Iterator[None]:
    try:
        yield
    except (ObjectNotFound, InvalidItems, FileNotFoundError, PermissionError) as error:
        raise PictureNotFound(f"there is no picture of {key[:200]!r}") from error
