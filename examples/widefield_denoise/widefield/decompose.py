"""The penalised decomposition of blocks: which components they have, smooth in space and in time.

After Buchanan et al. (2018), "Penalized matrix decomposition for denoising, compression, and improved demixing of functional
imaging data", bioRxiv 334706. Each block, pixels x frames in units of its noise, becomes a sum of products `u v'`. They are found
one after the other, each in what those before left, with total variation as the price of `u` and trend filtering as that of
`v`. A component counts when it is smoother, in space and in time, than components of noise are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .device import Device
from .noise import rough_in_space, rough_in_time
from .penalties import smooth_images, smooth_traces

POWER_STEPS = 16
ALTERNATIONS = 2
QUICK_STEPS = 10
SPARE = 4
TINY = 1e-12
LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Limits:
    """What a component has to be, and how many there may be."""

    max_components: int
    consecutive_failures: int
    roughest_in_space: float
    roughest_in_time: float
    spatial_penalty: float
    """Price of differences of neighbours, in standard deviations of the noise of an image."""
    temporal_penalty: float
    """Price of bends, in standard deviations of the noise of a trace."""


@dataclass(frozen=True)
class Decomposed:
    """The components of several blocks, of the device; those that were not kept are zero."""

    images: Any
    """(blocks, components, height, width), in units of the noise of each pixel."""
    traces: Any
    """(blocks, components, frames)."""
    ranks: Any
    """(blocks,): how many were kept."""


def decompose(blocks: Any, limits: Limits, device: Device) -> Decomposed:
    """Decompose blocks, all at once.

    Args:
        blocks: (blocks, height, width, frames), float32, of the device: without their means, in units of the noise of each pixel.
        limits: what counts as a component.
        device: of the blocks.
    """
    xp = device.xp
    count, height, width, frames = blocks.shape
    pixels = blocks.reshape(count, height * width, frames)
    tried = min(limits.max_components + limits.consecutive_failures, height * width - 1, frames - 1)
    starts = _leading(pixels, tried, device)
    kept = _significant(starts, pixels, limits, (height, width), device)

    most = max(1, min(limits.max_components, int(kept.sum(-1).max())))
    order = xp.argsort(xp.where(kept, 0, 1) * tried + device.put(np.arange(tried))[None, :], -1)[:, :most]
    rows = device.put(np.arange(count))[:, None]
    starts, kept = starts[rows, order], kept[rows, order]

    images = xp.zeros_like(starts)
    traces = xp.zeros_like(images[..., :1] * pixels[:, :1])
    for number in range(most):
        image, trace = _penalised(starts[:, number], pixels, images, traces, limits, (height, width), device)
        images[:, number] = image * kept[:, number, None]
        traces[:, number] = trace * kept[:, number, None]
    traces = _fitted(images, pixels, device)
    if limits.temporal_penalty:
        smooth = smooth_traces(traces.reshape(count * most, frames), limits.temporal_penalty, device)
        traces = smooth.reshape(count, most, frames)
    return Decomposed(images.reshape(count, most, height, width), traces, kept.sum(-1))


def _leading(pixels: Any, number: int, device: Device) -> Any:
    """The leading left singular vectors of each block, (blocks, number, pixels), by subspace iteration on its Gram matrix."""
    xp = device.xp
    gram = pixels @ xp.swapaxes(pixels, -1, -2)
    size = min(number + SPARE, gram.shape[-1])
    start = np.random.default_rng(0).standard_normal((gram.shape[-1], size), dtype=np.float32)
    basis = gram @ device.put(start)
    for _ in range(POWER_STEPS):
        basis = gram @ xp.linalg.qr(basis)[0]
    basis = xp.linalg.qr(basis)[0]
    _, turn = xp.linalg.eigh(xp.swapaxes(basis, -1, -2) @ gram @ basis)
    vectors = xp.flip(xp.swapaxes(basis @ turn, -1, -2), (-2,))[:, :number]
    signs = xp.sign(vectors.sum(-1))[..., None]
    return vectors * xp.where(signs == 0, xp.ones_like(signs), signs)


def _significant(vectors: Any, pixels: Any, limits: Limits, shape: tuple[int, int], device: Device) -> Any:
    """(blocks, components), True for those that are no noise, before the first run of failures."""
    images = vectors.reshape(*vectors.shape[:2], *shape)
    smooth = rough_in_space(images, device) < limits.roughest_in_space
    smooth = smooth & (rough_in_time(vectors @ pixels, device) < limits.roughest_in_time)
    return device.put(until_failures(device.get(smooth), limits.consecutive_failures, limits.max_components))


def until_failures(passed: NDArray[Any], consecutive_failures: int, max_components: int) -> NDArray[Any]:
    """Of (blocks, components), True for those that passed, those before so many failures in a row, and so many at most."""
    kept = np.zeros_like(passed)
    for block, answers in zip(kept, passed, strict=True):
        failures = 0
        for number, answer in enumerate(answers):
            failures = 0 if answer else failures + 1
            if failures == consecutive_failures or block.sum() == max_components:
                break
            block[number] = answer
    return kept


def _penalised(
    image: Any, pixels: Any, images: Any, traces: Any, limits: Limits, shape: tuple[int, int], device: Device
) -> tuple[Any, Any]:
    """One component of what the others left: image of norm 1 and trace, each the smooth answer to the other."""
    xp = device.xp
    trace = _answer_in_time(image, pixels, images, traces)
    for _ in range(ALTERNATIONS):
        if limits.temporal_penalty:
            trace = smooth_traces(trace, limits.temporal_penalty, device, QUICK_STEPS)
        strength = xp.sqrt((trace**2).sum(-1))[:, None] + TINY
        towards = trace / strength
        image = (pixels @ towards[..., None])[..., 0]
        image = image - (xp.swapaxes(images, -1, -2) @ (traces @ towards[..., None]))[..., 0]
        if limits.spatial_penalty:  # the noise of `image` is 1, in each pixel
            price = xp.ones_like(strength)[:, :, None] * limits.spatial_penalty
            image = smooth_images(image.reshape(-1, *shape), price, device).reshape(image.shape)
        image = image / (xp.sqrt((image**2).sum(-1))[:, None] + TINY)
        trace = _answer_in_time(image, pixels, images, traces)
    return image, trace


def _answer_in_time(image: Any, pixels: Any, images: Any, traces: Any) -> Any:
    """The trace of an image in what the components so far left: (blocks, frames)."""
    shared = (images @ image[..., None])[..., 0]
    return (image[:, None, :] @ pixels)[:, 0] - (shared[:, None, :] @ traces)[:, 0]


def _fitted(images: Any, pixels: Any, device: Device) -> Any:
    """Traces by least squares for images that are given: what the penalties took from the amplitudes comes back."""
    xp = device.xp
    overlap = images @ xp.swapaxes(images, -1, -2)
    values, vectors = xp.linalg.eigh(overlap)
    inverse = xp.where(values > LEAST_SHARE, 1 / xp.clip(values, LEAST_SHARE, None), xp.zeros_like(values))
    solve = (vectors * inverse[:, None, :]) @ xp.swapaxes(vectors, -1, -2)
    return solve @ (images @ pixels)
