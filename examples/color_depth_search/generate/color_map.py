"""The published colour map of color-depth MIPs: 256 colours, one per depth."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLORS: Final = 256
STACK_SLICES: Final = 174
"""Slices of the template stack (1 µm each); the colour scale is stretched over them."""

# Violet to cyan is the only part whose red falls in uneven steps: slice by slice, from 127 in slice 1 to 0 in
# slice 86.
_RED_STEPS: Final = "2121111211112112111211121111212121212121212121212121212121212121212121212121222233321"


def color_map() -> NDArray[np.uint8]:
    """The map as (256, 3) 8-bit RGB, shallowest (violet) to deepest (magenta).

    Slices below are 1-based. The two largest channels and their ratio tell the slice: 1-30 blue over red,
    31-86 blue over green, 87-128 green over blue, 129-171 green over red, 172-213 red over green, 214-256 red
    over blue. This is the map "PsychedelicRainBow2" of the Fiji plugin that made color-depth search (Otsuna
    et al., bioRxiv 318006, 2018).
    """
    violet_to_cyan = [
        (red, min(3 * index, 254), 255)
        for index, red in enumerate(accumulate((-int(step) for step in _RED_STEPS), initial=127))
    ]
    cyan_to_yellow = [(min(3 * index, 254), 255, max(255 - 3 * index, 0)) for index in range(1, 86)]
    yellow_to_pink = [(255, 255 - 3 * index, 3 * index) for index in range(1, 58)]
    pink_to_magenta = [(255, 84 - 3 * index, 172 + index) for index in range(1, 29)]
    return np.array(violet_to_cyan + cyan_to_yellow + yellow_to_pink + pink_to_magenta, np.uint8)


def shades() -> NDArray[np.uint8]:
    """Every colour at every brightness: (65536, 3), row ``brightness * 256 + colour``, rounded to 8 bits."""
    brightness = np.arange(256, dtype=np.float64)[:, None, None]
    return np.rint(brightness * color_map() / 255).astype(np.uint8).reshape(-1, 3)


def color_of_slice(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The colour's index (0-255) of each depth, given in slices of the template stack, 0 to 174.

    Voxels lie in whole slices, so only 175 of the 256 colours occur, as in the published images.
    """
    whole = np.clip(depth, 1, STACK_SLICES).astype(np.uint32)
    return (whole * (COLORS - 1) // STACK_SLICES).astype(np.uint16)
