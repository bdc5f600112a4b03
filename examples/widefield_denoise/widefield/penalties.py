"""Proximal operators: what a rough image or trace becomes when roughness has a price. All work on many at once.

Both are written as array operations that numpy, torch and cupy share; iterations are fixed, so that the same input gives the
same output.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .device import Device

IMAGE_STEPS = 40
TRACE_STEPS = 30


def smooth_images(images: Any, price: Any, device: Device, steps: int = IMAGE_STEPS) -> Any:
    """Total variation: argmin over x of `|x - image|² / 2 + price * TV(x)`, TV the sum of |differences of neighbours|.

    Anisotropic; by the accelerated projected gradient on the dual, of Beck and Teboulle (2009), IEEE Trans. Image Process.
    18:2419.

    Args:
        images: (n, height, width), of the device.
        price: (n, 1, 1), positive, of the device.

    Returns:
        (n, height, width).
    """
    xp = device.xp
    down = xp.zeros_like(images[:, 1:, :])
    right = xp.zeros_like(images[:, :, 1:])
    ahead_down, ahead_right, momentum = down, right, 1.0
    for _ in range(steps):
        image = images - price * _spread(ahead_down, ahead_right, images, device)
        moved_down = xp.clip(ahead_down + (image[:, 1:, :] - image[:, :-1, :]) / (8 * price), -1, 1)
        moved_right = xp.clip(ahead_right + (image[:, :, 1:] - image[:, :, :-1]) / (8 * price), -1, 1)
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead_down = moved_down + (momentum - 1) / following * (moved_down - down)
        ahead_right = moved_right + (momentum - 1) / following * (moved_right - right)
        down, right, momentum = moved_down, moved_right, following
    return images - price * _spread(down, right, images, device)


def _spread(down: Any, right: Any, images: Any, device: Device) -> Any:
    """The transpose of taking differences."""
    spread = device.xp.zeros_like(images)
    spread[:, 1:, :] += down
    spread[:, :-1, :] -= down
    spread[:, :, 1:] += right
    spread[:, :, :-1] -= right
    return spread


def smooth_traces(traces: Any, price: float, device: Device, steps: int = TRACE_STEPS) -> Any:
    """Trend filtering: argmin over x of `|x - trace|² / 2 + price * sum |second differences of x|`; lines with few bends.

    The penalty of Kim, Koh, Boyd and Gorinevsky (2009), SIAM Review 51:339, by the alternating direction method of multipliers.
    A trace goes on as its mirror image beyond both ends; then second differences are diagonal in the cosine transform, and
    each step takes two of them whatever the number of frames.

    Args:
        traces: (n, frames), of the device.
        price: positive, in units of the traces.

    Returns:
        (n, frames).
    """
    xp = device.xp
    frames = traces.shape[-1]
    bend = 2 - 2 * np.cos(np.pi * np.arange(frames + 1) / frames)
    bend = device.put(bend.astype(np.float32))
    tension = max(price, 1e-6)
    solve = 1 / (1 + tension * bend**2)

    def filtered(signals: Any, response: Any) -> Any:
        mirrored = xp.concatenate([signals, xp.flip(signals, (-1,))], -1)
        return xp.fft.irfft(xp.fft.rfft(mirrored) * response, 2 * frames)[..., :frames]

    start = filtered(traces, solve)
    smooth, bends, excess = start, xp.zeros_like(traces), xp.zeros_like(traces)
    for _ in range(steps):
        smooth = start + filtered(bends - excess, tension * bend * solve)
        bent = filtered(smooth, bend)
        wanted = bent + excess
        bends = xp.sign(wanted) * xp.clip(xp.abs(wanted) - price / tension, 0, None)
        excess = wanted - bends
    return smooth
