"""Neurons into a color-depth MIP, in the two styles."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .brain import PIXELS_PER_SLICE, Floats
from .canvas import Canvas
from .color_map import color_of_slice
from .shapes import Shape
from .waves import waves

_NEAR: Final = [(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_FAR: Final = [
    (dx, dy) for dy in range(-2, 3) for dx in range(-2, 3) if max(abs(dx), abs(dy)) == 2 and abs(dx * dy) < 4
]


def draw_reconstruction(canvas: Canvas, shape: Shape) -> None:
    """Electron microscopy style: one clean neuron at full brightness, every neurite a few pixels wide."""
    radius = shape.radius * np.float32(0.6) + np.float32(0.75)
    level = np.full(len(radius), 1e4, np.float32)
    _spots(canvas, shape.position[: len(radius)], radius, level, 1e3)


def draw_micrograph(canvas: Canvas, neurons: list[tuple[Shape, float]], rng: np.random.Generator) -> None:
    """Light microscopy style: soft edges, uneven brightness, noise in depth and brightness.

    Each neuron comes with its gain: 1 saturates thick neurites and leaves thin ones at about half of full
    brightness.
    """
    points = np.concatenate([shape.position[: len(shape.radius)] for shape, _ in neurons])
    radius = np.concatenate([shape.radius for shape, _ in neurons])
    gain = np.concatenate([np.full(len(shape.radius), gain, np.float32) for shape, gain in neurons])
    level = np.float32(20) + np.float32(185) * radius
    level *= 1 + np.float32(0.3) * waves(rng, points, 1, 12, 60, terms=1)[:, 0]
    level *= gain * (np.float32(0.45) + rng.random(len(points), np.float32) * np.float32(0.8))
    points[:, 2] += rng.standard_normal(len(points), np.float32) * np.float32(1.3)
    _spots(canvas, points, radius, level, 0)
    for shape, strength in neurons:
        boutons = shape.position[len(shape.radius) : -1]
        _balls(canvas, boutons, rng.uniform(0.9, 2.1, len(boutons)), 190 * strength, rng)
        _balls(canvas, shape.position[-1:], np.array([shape.soma_radius]), 210 * strength, rng)


def _spots(canvas: Canvas, points: Floats, radius: Floats, level: Floats, cut: float) -> None:
    """Draw each sample as a soft spot; brightness not above ``cut`` is left out."""
    pixel, near = canvas.place(points[:, 0], points[:, 1])
    points, radius, level = points[near], radius[near], level[near]
    color = color_of_slice(points[:, 2] / np.float32(PIXELS_PER_SLICE))
    aside = points[:, :2] - np.rint(points[:, :2])
    peak = level * np.float32(1.25)
    slope = peak / np.square(radius + np.float32(0.9))
    spot = np.stack([aside[:, 0], aside[:, 1], peak, slope, np.minimum(level, np.float32(255))])
    thick = np.flatnonzero(radius > 1.0)
    groups = ((_NEAR, pixel, color, spot), (_FAR, pixel[thick], color[thick], spot[:, thick]))
    for offsets, pixels, colors, (aside_x, aside_y, peaks, slopes, top) in groups:
        for dx, dy in offsets:
            brightness = peaks - slopes * (np.square(aside_x - dx) + np.square(aside_y - dy))
            seen = np.flatnonzero(brightness > cut)
            canvas.lay(pixels[seen], np.minimum(brightness[seen], top[seen]), colors[seen], dx, dy)


def _balls(canvas: Canvas, centers: Floats, radii: NDArray[np.float64], level: float, rng: np.random.Generator) -> None:
    """Draw filled balls: boutons and cell bodies; none where the radius is 0."""
    size = int(radii.max(initial=0)) + 1
    dy, dx = np.mgrid[-size : size + 1, -size : size + 1].reshape(2, -1).astype(np.float32)
    ball, spot = np.nonzero((dx * dx + dy * dy)[None] < np.square(radii)[:, None])
    pixel, near = canvas.place(centers[ball, 0] + dx[spot], centers[ball, 1] + dy[spot])
    brightness = np.minimum(rng.uniform(0.75, 1.25, len(near)) * level, 255).astype(np.float32)
    depth = centers[ball[near], 2] / np.float32(PIXELS_PER_SLICE)
    depth += rng.standard_normal(len(near), np.float32) * np.float32(0.8)
    canvas.lay(pixel, brightness, color_of_slice(depth))
