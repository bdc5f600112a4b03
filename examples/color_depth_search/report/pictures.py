"""Pictures for the page, as data URLs within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skyburst.errors import SkyburstError

Read = Callable[[str], bytes]
"""The bytes at a path or URL."""
Pixels = NDArray[np.uint8]
Decode = Callable[[bytes, str], Pixels]
"""RGB pixels (height, width, 3) of an image file, given its bytes and its name for messages."""

MAX_SIDE = 2048
"""Pixels; a larger picture is made smaller."""

SMALL_SIDE = 320
"""Pixels; the most of a thumbnail, as in a library."""

_JPEG = {"quality": 90, "subsampling": 0}
_AT_ONCE = 4
"""Pictures in the making, each of some megabytes: files are waited for, and compression runs on several cores."""
_AHEAD = 16
_SMALLEST = 4_096
"""Bytes; with less left, nothing more is read for the page."""

_UNUSABLE = (OSError, ValueError, LookupError, SkyburstError)


class Made(NamedTuple):
    """What there is to show of a match, before it is known whether there is room for it."""

    picture: bytes | None = None
    """JPEG."""
    thumbnail: bytes | None = None
    """JPEG."""
    note: str | None = None
    """Why there is no picture, when there should be one."""


def made_ahead(making: Iterable[Callable[[], Made]]) -> Iterator[Made]:
    """What these functions make, in their order, several at a time and some ahead of who wants them."""
    coming: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, "pictures") as pool:
        for make in making:
            coming.append(pool.submit(make))
            if len(coming) > _AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


class Album:
    """Data URLs of pictures, each kept once, until `budget` bytes are used.

    What a match shows is made first, by the function that `making` gives and any thread may call, and then kept, by `keep`;
    both are called for the matches in one order.

    Args:
        read: gives the bytes of an image
        decode: gives the RGB pixels of an image
        budget: bytes of all pictures
        spare: bytes of the budget that matches' previews leave to thumbnails
    """

    def __init__(self, read: Read, decode: Decode, budget: int, *, spare: int = 0) -> None:
        self.urls: list[str] = []
        self._read = read
        self._decode = decode
        self._left = budget
        self._spare = spare
        self._previews_fit = True
        self._known: dict[str, dict[str, Any]] = {}
        self._begun: set[str] = set()

    def mask(self, location: str, name: str) -> dict[str, Any]:
        """A mask's picture, exact to the pixel (PNG): `{"picture": index into urls}`, or `{"note": why not}`."""
        if location not in self._known:
            self._known[location] = self._mask(location, name)
        return self._known[location]

    def making(self, location: str, name: str, thumbnail: str | None, *, preview: bool) -> Callable[[], Made]:
        """A function that makes the preview of a match, with a thumbnail, or reads the thumbnail that the library has.

        JPEG with full color resolution: color is depth, and the half resolution of WebP's smears it.

        Args:
            location: of the image
            name: of the image, for messages
            thumbnail: location of the library's thumbnail, if it has one
            preview: whether there is to be one, while there is room
        """
        wanted = location if preview else thumbnail
        if wanted is None or wanted in self._begun:
            return Made
        self._begun.add(wanted)
        return lambda: self._make(location, name, thumbnail, preview=preview)

    def _make(self, location: str, name: str, thumbnail: str | None, *, preview: bool) -> Made:
        if self._left < _SMALLEST:
            return Made()
        if not preview or not self._previews_fit:
            return Made(thumbnail=self._thumbnail(thumbnail) if thumbnail else None)
        try:
            pixels = self._decode(self._read(location), name)
        except _UNUSABLE as error:
            return Made(note=f"No picture: {error}")
        return Made(_jpeg(pixels), _small(pixels))

    def keep(self, made: Made, location: str, thumbnail: str | None, *, preview: bool) -> dict[str, Any]:
        """Keep what was made of a match, as far as there is room.

        Returns:
            `{"picture": index into urls, "thumb": index}`, the thumbnail if there was room for it, or
            `{"note": why there is no picture}`, with the library's thumbnail if there is one; without a preview no note.
        """
        shown: dict[str, Any] = {}
        if preview:
            if location not in self._known:
                self._known[location] = self._keep_preview(made, location)
            shown = self._known[location]
        if "picture" in shown or thumbnail is None:
            return shown
        if thumbnail not in self._known:
            small = made.thumbnail if made.picture is None else None
            self._known[thumbnail] = self._keep_thumbnail(small or self._thumbnail(thumbnail))
        return shown | self._known[thumbnail]

    def _keep_preview(self, made: Made, location: str) -> dict[str, Any]:
        if (
            not self._previews_fit or self._left < _SMALLEST
        ):  # whatever was made ahead: pages are to be the same each time
            return _no_room(location)
        if made.note is not None:
            return {"note": made.note}
        index = self._keep(made.picture, "jpeg", spare=self._spare) if made.picture is not None else None
        if index is None:
            self._previews_fit = False
            return _no_room(location)
        return {"picture": index} | self._keep_thumbnail(made.thumbnail)

    def _keep_thumbnail(self, data: bytes | None) -> dict[str, Any]:
        index = self._keep(data, "jpeg") if data is not None else None
        return {} if index is None else {"thumb": index}

    def _mask(self, location: str, name: str) -> dict[str, Any]:
        if self._left < _SMALLEST:
            return _no_room(location)
        try:
            pixels = self._decode(self._read(location), name)
        except _UNUSABLE as error:
            return {"note": f"No picture: {error}"}
        index = self._keep(_png(pixels), "png")
        return _no_room(location) if index is None else {"picture": index}

    def _thumbnail(self, location: str) -> bytes | None:
        if self._left < _SMALLEST:
            return None
        try:
            data = self._read(location)
        except _UNUSABLE:
            return None  # a thumbnail is an ornament: the match is listed without
        return data if data.startswith(b"\xff\xd8\xff") else None

    def _keep(self, data: bytes, kind: str, *, spare: int = 0) -> int | None:
        size = (len(data) + 2) // 3 * 4
        if self._left < _SMALLEST or size > self._left - spare:
            return None
        self._left -= size
        self.urls.append(f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}")
        return len(self.urls) - 1


def _no_room(location: str) -> dict[str, Any]:
    return {"note": f"No picture in full size: the page is full. The image is {location}"}


def _png(pixels: Pixels) -> bytes:
    return _saved(_fitted(pixels), "PNG", compress_level=6)


def _jpeg(pixels: Pixels) -> bytes:
    # Baseline: an optimised progressive one is a quarter smaller, and takes five times as long.
    return _saved(_fitted(pixels), "JPEG", **_JPEG)


def _small(pixels: Pixels) -> bytes:
    factor = -(-max(pixels.shape) // SMALL_SIDE)
    return _saved(Image.fromarray(pixels).reduce(factor), "JPEG", quality=85)


def _fitted(pixels: Pixels) -> Image.Image:
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return image


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
