"""The noise of each pixel, and how rough noise is."""

from __future__ import annotations

from typing import Any

import numpy as np

from .device import Device, numpy_device

FASTEST_SIGNAL = 0.25
"""Cycles a frame: what is faster counts as noise."""
SIMULATED = 4_000
NUMBERS_AT_ONCE = 1 << 20
ROUGHEST = 4.0


def noise_of(signals: Any, device: Device) -> Any:
    """The standard deviation of the noise of each signal, from the power of its high frequencies.

    White noise has the same power at all frequencies, and calcium signals have little in the upper half of the band (Buchanan
    et al. 2018; Pnevmatikakis et al. 2016, Neuron 89:285).

    Args:
        signals: (..., frames), of the device.

    Returns:
        (...), of the device.
    """
    frames = signals.shape[-1]
    spectrum = device.xp.fft.rfft(signals)
    fast = spectrum[..., int(np.ceil(FASTEST_SIGNAL * frames)) :]
    return device.xp.sqrt((device.xp.abs(fast) ** 2).mean(-1) / frames)


def rough_in_space(images: Any, device: Device) -> Any:
    """Mean absolute difference of neighbours over mean absolute value: 0 for flat images, about 1.41 for white noise.

    Args:
        images: (..., height, width), of the device. One that is 0 is as rough as can be.
    """
    xp = device.xp
    down = xp.abs(images[..., 1:, :] - images[..., :-1, :])
    right = xp.abs(images[..., :, 1:] - images[..., :, :-1])
    pairs = down.shape[-1] * down.shape[-2] + right.shape[-1] * right.shape[-2]
    variation = (down.sum((-2, -1)) + right.sum((-2, -1))) / max(pairs, 1)
    return _share(variation, xp.abs(images).mean((-2, -1)), device)


def rough_in_time(traces: Any, device: Device) -> Any:
    """Mean absolute second difference over mean absolute value: 0 for straight lines through 0, about 2.45 for white noise.

    Args:
        traces: (..., frames), of the device. One that is 0 is as rough as can be.
    """
    xp = device.xp
    bends = xp.abs(traces[..., 2:] - 2 * traces[..., 1:-1] + traces[..., :-2])
    return _share(bends.mean(-1), xp.abs(traces).mean(-1), device)


def _share(variation: Any, size: Any, device: Device) -> Any:
    xp = device.xp
    there = size > 0
    return xp.where(there, variation / xp.where(there, size, xp.ones_like(size)), ROUGHEST * xp.ones_like(size))


def thresholds(block: tuple[int, int], frames: int, confidence: float) -> tuple[float, float]:
    """The roughness in space and in time below which a component is no noise.

    The singular vectors of Gaussian noise point anywhere with the same chance, as vectors of independent Gaussian numbers do, so
    those are drawn, and no noise has to be decomposed.

    Args:
        block: height and width in pixels.
        frames: of a trace.
        confidence: share of the components of noise that are rougher.
    """
    host = numpy_device()
    stream = np.random.default_rng(0)  # always the same, so that the same video gives the same result
    images = stream.standard_normal((SIMULATED, *block), dtype=np.float32)
    space = rough_in_space(images, host)
    step = max(1, NUMBERS_AT_ONCE // frames)
    time = np.concatenate(
        [
            rough_in_time(stream.standard_normal((min(step, SIMULATED - first), frames), dtype=np.float32), host)
            for first in range(0, SIMULATED, step)
        ]
    )
    return float(np.quantile(space, 1 - confidence)), float(np.quantile(time, 1 - confidence))
