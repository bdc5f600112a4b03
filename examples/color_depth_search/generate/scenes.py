"""Whole pictures in the two styles."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import background
from .canvas import Canvas
from .drawing import draw_micrograph, draw_reconstruction
from .labels import write_labels
from .shapes import Shape

Pixels = NDArray[np.uint8]

_GLOW: Final = 120


def reconstruction(shape: Shape, lines: tuple[str, ...] = ()) -> Pixels:
    """One clean neuron, (HEIGHT, WIDTH, 3); with labels when there are lines to write."""
    canvas = Canvas()
    draw_reconstruction(canvas, shape)
    image = canvas.colors()
    if lines:
        write_labels(image, lines, maximum=1)
    return image


def micrograph(neurons: list[tuple[Shape, float]], lines: tuple[str, ...], rng: np.random.Generator) -> Pixels:
    """Neurons with their gains as a microscope shows them, (HEIGHT, WIDTH, 3), labelled."""
    canvas = Canvas()
    draw_micrograph(canvas, neurons, rng)
    background.glow(canvas, _GLOW, rng)
    background.glow(canvas, _GLOW, rng)
    background.residue(canvas, int(rng.integers(0, 700)), rng)
    if rng.random() < 0.3:
        background.haze(canvas, int(rng.integers(2000, 12000)), rng)
    background.clip(canvas, int(rng.integers(12, 24)))
    image = canvas.colors()
    write_labels(image, lines, maximum=int(rng.integers(300, 4096)))
    return image
