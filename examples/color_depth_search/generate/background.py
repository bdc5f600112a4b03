"""What else a microscope sees: glow around what is bright, autofluorescence, the noise of the camera."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .brain import HEIGHT, LOBES, NEUROPILS, PIXELS_PER_SLICE, WIDTH, Floats
from .canvas import Canvas
from .color_map import color_of_slice

_GRAIN_SEED: Final = 174


@cache
def _grain() -> NDArray[np.uint16]:
    """A picture of noise, 0-255, twice as high and wide as an image, from which each image takes a window."""
    rng = np.random.default_rng(_GRAIN_SEED)
    coarse = rng.integers(0, 128, (HEIGHT, WIDTH), np.uint16).repeat(2, 0).repeat(2, 1)
    return np.asarray(coarse + rng.integers(0, 128, coarse.shape, np.uint16))


def glow(canvas: Canvas, strength: int, rng: np.random.Generator) -> None:
    """Spread light to the eight neighbours of every pixel, dimmed to ``strength`` / 256 or less."""
    voxels = canvas.voxels
    lit = np.flatnonzero(voxels.any(axis=1))
    if not len(lit):
        return
    rows = slice(max(lit[0] - 1, 0), min(lit[-1] + 2, HEIGHT))
    columns = np.flatnonzero(voxels.any(axis=0))
    window = voxels[rows, max(columns[0] - 1, 0) : min(columns[-1] + 2, WIDTH)]
    wide = window.copy()
    np.maximum(wide[:, 1:], window[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], window[:, 1:], out=wide[:, :-1])
    spread = wide.copy()
    np.maximum(spread[1:], wide[:-1], out=spread[1:])
    np.maximum(spread[:-1], wide[1:], out=spread[:-1])
    top, left = rng.integers(HEIGHT), rng.integers(WIDTH)
    grain = _grain()[top : top + spread.shape[0], left : left + spread.shape[1]]
    brightness = spread >> 8
    brightness *= grain
    brightness >>= 8
    brightness *= np.uint16(strength)
    brightness &= 0xFF00
    spread &= 0xFF
    spread |= brightness
    np.maximum(window, spread, out=window)


def residue(canvas: Canvas, amount: int, rng: np.random.Generator) -> None:
    """Specks in a few small clouds anywhere in the brain; ``amount`` is the number of specks in all."""
    clouds = 1 + int(rng.integers(5))
    parts = rng.integers(len(LOBES), size=clouds)
    centers = np.stack([LOBES[part].center for part in parts])
    centers += rng.uniform(-0.6, 0.6, (clouds, 3)).astype(np.float32) * np.stack([LOBES[part].radii for part in parts])
    which = rng.integers(clouds, size=amount)
    spread = rng.uniform(2, 16, (clouds, 3)).astype(np.float32)
    _specks(canvas, centers[which] + rng.standard_normal((amount, 3), np.float32) * spread[which], 12, 50, rng)


def haze(canvas: Canvas, amount: int, rng: np.random.Generator) -> None:
    """A dim veil of ``amount`` specks over some neuropils."""
    names = list(NEUROPILS)
    for pick in rng.choice(len(names), size=3, replace=False):
        region = NEUROPILS[names[pick]]
        points = rng.standard_normal((amount // 3, 3), np.float32) * np.float32(0.45)
        _specks(canvas, region.center + points * region.radii, 12, 42, rng)


def clip(canvas: Canvas, floor: int) -> None:
    """Black out what is dimmer than ``floor``: the published images have been clipped like this."""
    canvas.voxels[canvas.voxels < floor * 256] = 0


def _specks(canvas: Canvas, points: Floats, dimmest: int, brightest: int, rng: np.random.Generator) -> None:
    pixel, near = canvas.place(points[:, 0], points[:, 1])
    brightness = rng.integers(dimmest, brightest, len(near)).astype(np.float32)
    canvas.lay(pixel, brightness, color_of_slice(points[near, 2] / np.float32(PIXELS_PER_SLICE)))
