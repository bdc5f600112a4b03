"""Pictures for the page, as data URLs within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from skyburst.errors import SkyburstError

Read = Callable[[str], bytes]
"""The bytes at a path or URL."""
Decode = Callable[[bytes, str], "np.ndarray[Any, np.dtype[np.uint8]]"]
"""RGB pixels (height, width, 3) of an image file, given its bytes and its name for messages."""

MAX_SIDE = 2048
"""Pixels; a larger picture is made smaller."""
MATCH_QUALITY = 90

_SMALLEST = 4_096
"""Bytes; with less left, nothing more is read for the page."""

_UNUSABLE = (OSError, ValueError, LookupError, SkyburstError)


class Album:
    """Data URLs of pictures, each kept once, until `budget` bytes are used."""

    def __init__(self, read: Read, decode: Decode, budget: int) -> None:
        self.urls: list[str] = []
        self._read = read
        self._decode = decode
        self._left = budget
        self._known: dict[str, dict[str, Any]] = {}

    def mask(self, location: str, name: str) -> dict[str, Any]:
        """A mask's picture, exact to the pixel (PNG); see `match` for what is returned."""
        return self._once(location, name, "png")

    def match(self, location: str, name: str) -> dict[str, Any]:
        """A match's picture as a preview.

        JPEG with full color resolution: color is depth, and the half resolution of WebP's smears it.

        Returns:
            `{"picture": index into urls}`, or `{"note": why there is none}`
        """
        return self._once(location, name, "jpeg")

    def thumbnail(self, location: str) -> dict[str, Any]:
        """A small JPEG as the library has it: `{"thumb": index into urls}`, or nothing when it has none."""
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

    def _once(self, location: str, name: str, kind: str) -> dict[str, Any]:
        if location not in self._known:
            self._known[location] = self._add(location, name, kind)
        return self._known[location]

    def _add(self, location: str, name: str, kind: str) -> dict[str, Any]:
        full = {"note": f"No preview: the page is full. The image is {location}"}
        if self._left < _SMALLEST:
            return full
        try:
            pixels = self._decode(self._read(location), name)
        except _UNUSABLE as error:
            return {"note": f"No picture: {error}"}
        index = self._keep(_encode(pixels, kind), kind)
        return full if index is None else {"picture": index}

    def _keep(self, data: bytes, kind: str) -> int | None:
        size = (len(data) + 2) // 3 * 4
        if size > self._left:
            return None
        self._left -= size
        self.urls.append(f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}")
        return len(self.urls) - 1


def _encode(pixels: np.ndarray[Any, np.dtype[np.uint8]], kind: str) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    buffer = io.BytesIO()
    if kind == "png":
        image.save(buffer, "PNG", compress_level=6)
    else:
        image.save(buffer, "JPEG", quality=MATCH_QUALITY, subsampling=0)
    return buffer.getvalue()
