"""Pictures for the page, as data URLs within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

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
_SMALLEST = 4_096
"""Bytes; with less left, nothing more is read for the page."""

_UNUSABLE = (OSError, ValueError, LookupError, SkyburstError)


class Album:
    """Data URLs of pictures, each kept once, until `budget` bytes are used.

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

    def mask(self, location: str, name: str) -> dict[str, Any]:
        """A mask's picture, exact to the pixel (PNG): `{"picture": index into urls}`, or `{"note": why not}`."""
        return self._once(location, lambda: self._mask(location, name))

    def match(self, location: str, name: str) -> dict[str, Any]:
        """A match's picture as a preview, and its thumbnail.

        JPEG with full color resolution: color is depth, and the half resolution of WebP's smears it.

        Returns:
            `{"picture": index into urls, "thumb": index}`, the thumbnail if there was room for it, or
            `{"note": why there is no picture}`
        """
        return self._once(location, lambda: self._match(location, name))

    def thumbnail(self, location: str) -> dict[str, Any]:
        """A small JPEG as the library has it: `{"thumb": index into urls}`, or nothing when it has none."""
        return self._once(location, lambda: self._thumbnail(location))

    def _once(self, location: str, add: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if location not in self._known:
            self._known[location] = add()
        return self._known[location]

    def _mask(self, location: str, name: str) -> dict[str, Any]:
        if self._left < _SMALLEST:
            return _no_room(location)
        try:
            pixels = self._decode(self._read(location), name)
        except _UNUSABLE as error:
            return _no_picture(error)
        index = self._keep(_png(pixels), "png")
        return _no_room(location) if index is None else {"picture": index}

    def _match(self, location: str, name: str) -> dict[str, Any]:
        if not self._previews_fit:
            return _no_room(location)
        try:
            pixels = self._decode(self._read(location), name)
        except _UNUSABLE as error:
            return _no_picture(error)
        index = self._keep(_jpeg(pixels), "jpeg", spare=self._spare)
        if index is None:
            self._previews_fit = False
            return _no_room(location)
        thumbnail = self._keep(_small(pixels), "jpeg")
        return {"picture": index} | ({} if thumbnail is None else {"thumb": thumbnail})

    def _thumbnail(self, location: str) -> dict[str, Any]:
        if self._left < _SMALLEST:
            return {}
        try:
            data = self._read(location)
        except _UNUSABLE:
            return {}  # a thumbnail is an ornament: the match is listed without
        if not data.startswith(b"\xff\xd8\xff"):
            return {}
        index = self._keep(data, "jpeg")
        return {} if index is None else {"thumb": index}

    def _keep(self, data: bytes, kind: str, *, spare: int = 0) -> int | None:
        size = (len(data) + 2) // 3 * 4
        if size > self._left - spare:
            return None
        self._left -= size
        self.urls.append(f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}")
        return len(self.urls) - 1


def _no_room(location: str) -> dict[str, Any]:
    return {"note": f"No picture in full size: the page is full. The image is {location}"}


def _no_picture(error: Exception) -> dict[str, Any]:
    return {"note": f"No picture: {error}"}


def _png(pixels: Pixels) -> bytes:
    return _saved(_fitted(pixels), "PNG", compress_level=6)


def _jpeg(pixels: Pixels) -> bytes:
    image = _fitted(pixels)
    try:
        # A sixth smaller than without these two, and the same pixels.
        return _saved(image, "JPEG", **_JPEG, optimize=True, progressive=True)
    except OSError:  # Pillow has one byte a pixel for them, which noise exceeds
        return _saved(image, "JPEG", **_JPEG)


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
