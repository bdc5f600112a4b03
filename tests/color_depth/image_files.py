"""Image files for tests: written by Pillow, and TIFFs built byte by byte for layouts that Pillow can't write."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

COMPRESSIONS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate")


def picture(height: int = 30, width: int = 41, seed: int = 0) -> np.ndarray:
    """A colourful image with black parts, as (height, width, 3)."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[rng.random((height, width)) < 0.6] = 0
    return image


def encode(image: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture_ = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture_.save(file, kind, **options)
    return file.getvalue()


def pillow_tiff(image: np.ndarray, compression: str, rows_per_strip: int, predictor: int = 1) -> bytes:
    tags = {278: rows_per_strip}
    if predictor != 1:
        tags[317] = predictor
    return encode(image, "TIFF", compression=compression, tiffinfo=tags)


def packbits(data: bytes) -> bytes:
    """PackBits with runs and literals of all lengths."""
    out, at = bytearray(), 0
    while at < len(data):
        run = 1
        while run < 128 and at + run < len(data) and data[at + run] == data[at]:
            run += 1
        if run > 2:
            out += bytes([257 - run, data[at]])
            at += run
            continue
        end = at
        while end < len(data) and end - at < 128 and len(set(data[end : end + 3])) > (1 if end + 2 < len(data) else 0):
            end += 1
        end = max(end, at + 1)
        out += bytes([end - at - 1]) + data[at:end]
        at = end
    return bytes(out)


def handmade_tiff(
    strips: Sequence[bytes],
    *,
    width: int,
    height: int,
    rows_per_strip: int | None,
    order: str = "<",
    changes: dict[int, tuple[int, ...] | None] | None = None,
    reverse: bool = False,
    next_directory: int = 0,
) -> bytes:
    """A TIFF of given strips; `changes` replaces tags (None leaves one out), `reverse` stores the last strip first."""
    tags: dict[int, tuple[int, ...] | None] = {
        256: (width,),
        257: (height,),
        258: (8, 8, 8),
        259: (1,),
        262: (2,),
        277: (3,),
        278: (rows_per_strip,) if rows_per_strip is not None else None,
        284: (1,),
    }
    body, offsets = b"", [0] * len(strips)
    for index in reversed(range(len(strips))) if reverse else range(len(strips)):
        offsets[index] = 8 + len(body)
        body += strips[index]
    body += bytes(len(body) % 2)
    tags |= {273: tuple(offsets), 279: tuple(len(strip) for strip in strips)}
    tags |= changes or {}
    used = sorted((tag, values) for tag, values in tags.items() if values is not None)
    directory = 8 + len(body)
    extra_at, entries, extra = directory + 2 + 12 * len(used) + 4, b"", b""
    for tag, values in used:
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(packed) > 4:
            packed, extra = struct.pack(order + "I", extra_at + len(extra)), extra + packed
        entries += struct.pack(order + "HHI", tag, 4, len(values)) + packed.ljust(4, b"\0")
    signature = b"II" if order == "<" else b"MM"
    return (
        signature
        + struct.pack(order + "HI", 42, directory)
        + body
        + struct.pack(order + "H", len(used))
        + entries
        + struct.pack(order + "I", next_directory)
        + extra
    )
