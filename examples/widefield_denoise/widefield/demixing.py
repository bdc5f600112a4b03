"""Demixing: localised semi-non-negative factorisation of a denoised video.

After Saxena et al. (2020), "Localized semi-nonnegative matrix factorization (LocaNMF) of widefield calcium imaging data", PLoS
Comput. Biol. 16:e1007791: footprints are non-negative and stay near their region, for weight far from it has a price, which
rises until enough of a footprint is within; traces are free, since a video without its mean has no zero. Added here is a
background for blood: few maps, anywhere, whose traces are slow.

What the background and a footprint explain equally well, a slow trace in the shape of that footprint, is given to the background:
in the end traces and background are uncorrelated.

All is computed in the low-rank form: a video of pixels x frames is `images @ traces`, and is never made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
RISE = 1.5
"""Factor of the price of a footprint with too little in its region, from one round to the next."""
START = 1e-3
"""The first such price, as a share of what a footprint and its trace weigh."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a video is demixed."""

    background: int
    """Number of background components."""
    slowest_signal_hz: float
    """The traces of the background have only frequencies below this."""
    frame_rate_hz: float
    localization: float
    """Share of the squares of each footprint that has to be in its region."""
    iterations: int


@dataclass(frozen=True)
class Demixed:
    """A video as footprints times traces, background maps times slow traces, and a rest."""

    footprints: Array
    """(pixels, components): non-negative, peaks 1."""
    traces: Array
    """(components, frames)."""
    maps: Array
    """(pixels, background)."""
    slow_traces: Array
    """(background, frames)."""
    localization: Array
    """(components,): share of the squares of a footprint in its region."""
    explained: float
    """Share of the variance of the video that is explained."""


def slow_basis(frames: int, fastest_hz: float, frame_rate_hz: float) -> Array:
    """(frames, n): orthonormal cosines of frequencies up to `fastest_hz`; at least the two slowest."""
    number = max(2, int(2 * frames * fastest_hz / frame_rate_hz) + 1)
    waves = np.cos(np.pi * np.outer(np.arange(frames) + 0.5, np.arange(min(number, frames))) / frames)
    return np.asarray(waves / np.sqrt((waves**2).sum(0)))


def demix(images: Array, traces: Array, far: Array, start: Array, plan: Plan, tell: Callable[[float], None]) -> Demixed:
    """Factorise.

    Args:
        images: (pixels, rank).
        traces: (rank, frames), orthonormal rows.
        far: (pixels, components): distance of each pixel from the region of each component, 0 within.
        start: (components, frames): traces to start with.
        plan: how.
        tell: is told the share that is done, 0 to 1.
    """
    slow = slow_basis(traces.shape[1], plan.slowest_signal_hz, plan.frame_rate_hz)
    within = far == 0
    price_of = far / max(float(far.max()), 1.0)
    maps, slow_traces = _first_background(images, traces @ slow, slow, plan.background)
    found = start
    weights = np.zeros((len(images), len(start)))
    prices = np.zeros(len(start))
    for turn in range(plan.iterations):
        gram = found @ found.T
        products = images @ (traces @ found.T) - maps @ (slow_traces @ found.T)
        weights = _sweep(weights, products, gram, prices * price_of)
        shares = _localization(weights, within)
        scale = np.sqrt((weights**2).sum(0)) * np.diag(gram)
        short = (shares < plan.localization) & (scale > 0)
        prices = np.where(short, np.maximum(prices * RISE, START * scale), prices)
        found, slow_traces = _traces(images, traces, weights, maps, slow)
        maps = _maps(images, traces, weights, found, slow_traces)
        tell((turn + 1) / plan.iterations)
    shared = found @ slow_traces.T @ np.linalg.pinv(slow_traces @ slow_traces.T, hermitian=True)
    found, maps = found - shared @ slow_traces, maps + weights @ shared
    peaks = np.maximum(weights.max(0), 1e-30)
    weights, found = weights / peaks, found * peaks[:, None]
    return Demixed(
        weights, found, maps, slow_traces, _localization(weights, within),
        _explained(images, traces, np.hstack([weights, maps]), np.vstack([found, slow_traces])),
    )  # fmt: skip


def _first_background(images: Array, slow_part: Array, slow: Array, number: int) -> tuple[Array, Array]:
    """The leading singular vectors of what is slow."""
    basis, triangle = np.linalg.qr(images)
    left, values, right = np.linalg.svd(triangle @ slow_part, full_matrices=False)
    return basis @ (left[:, :number] * values[:number]), right[:number] @ slow.T


def _sweep(weights: Array, products: Array, gram: Array, prices: Array) -> Array:
    """One sweep of hierarchical alternating least squares (Cichocki and Phan 2009, IEICE Trans. E92-A:708)."""
    weights = weights.copy()
    for number in range(weights.shape[1]):
        step = products[:, number] - weights @ gram[:, number] - prices[:, number]
        weights[:, number] = np.maximum(weights[:, number] + step / max(gram[number, number], 1e-30), 0)
    return weights


def _traces(images: Array, traces: Array, weights: Array, maps: Array, slow: Array) -> tuple[Array, Array]:
    """The least-squares traces of footprints and of maps, those of the maps slow.

    Slow and fast parts separate, since the basis is orthonormal: footprints alone explain what is fast, footprints and maps
    together what is slow.
    """
    both = np.hstack([weights, maps])
    slow_part = traces @ slow
    fast = _solve(weights.T @ weights, weights.T @ images) @ (traces - slow_part @ slow.T)
    together = _solve(both.T @ both, both.T @ images) @ slow_part @ slow.T
    number = weights.shape[1]
    return fast + together[:number], together[number:]


def _maps(images: Array, traces: Array, weights: Array, found: Array, slow_traces: Array) -> Array:
    products = images @ (traces @ slow_traces.T) - weights @ (found @ slow_traces.T)
    return np.asarray(_solve(slow_traces @ slow_traces.T, products.T).T)


def _solve(gram: Array, right: Array) -> Array:
    """Least squares; a component that vanished stays so."""
    return np.asarray(np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ right)


def _localization(weights: Array, within: Array) -> Array:
    squares = weights**2
    return np.asarray((squares * within).sum(0) / np.maximum(squares.sum(0), 1e-30))


def _explained(images: Array, traces: Array, left: Array, right: Array) -> float:
    """1 - the squares of the rest over those of the video, from products of small matrices."""
    video = ((images.T @ images) * (traces @ traces.T)).sum()
    crossed = ((images.T @ left) * (traces @ right.T)).sum()
    model = ((left.T @ left) * (right @ right.T)).sum()
    return float(1 - (video - 2 * crossed + model) / max(video, 1e-30))
