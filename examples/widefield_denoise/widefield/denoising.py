"""Denoising of a whole video: statistics of its pixels, blocks, blending, and what is left over."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .blocks import Grid, make_grid
from .compress import Patchwork, compress
from .decompose import Limits, decompose
from .device import Device
from .noise import noise_of, thresholds
from .parameters import Denoising
from .problems import Refused
from .video import check_finite, frames_of, read_rows, rows_at_once

Array = NDArray[Any]
Tell = Callable[[float, str], None]
BYTES_AT_ONCE = 32 << 20


@dataclass(frozen=True)
class Denoised:
    """A video as its mean and a few images times traces."""

    images: Array
    """(rank, height, width), float32, in counts."""
    traces: Array
    """(rank, frames), float32: orthonormal."""
    mean: Array
    """(height, width), float32, in counts."""
    noise: Array
    """(height, width), float32, in counts: standard deviation of what was noise."""
    ranks: Array
    """(rows of blocks, columns of blocks): components of each block."""

    def frames(self, first: int, last: int) -> Array:
        """Frames `first` to `last`, half-open, in counts, without the mean: (frames, height, width)."""
        return np.tensordot(self.traces[:, first:last].T, self.images, 1)


def denoise(
    video: Array, name: str, parameters: Denoising, device: Device, tell: Tell, processors: int = 1
) -> Denoised:
    """Decompose a video.

    Memory grows with the frames and with the field, not with their product: the video is read in parts, and the traces of
    blocks are in a temporary file.

    Args:
        video: (frames, height, width); may be mapped from a file.
        name: for messages.
        parameters: how.
        device: where.
        tell: is told the share that is done and what is being done.
        processors: threads that decompose blocks at once, where numpy does it.

    Raises:
        Refused: when the blocks do not fit, or a value is not a number.
    """
    frames, height, width = video.shape
    try:
        grid = make_grid(height, width, parameters.block_height, parameters.block_width, parameters.overlap)
    except ValueError as error:
        raise Refused(str(error)) from error
    mean, noise = _statistics(video, name, device, tell)
    limits = Limits(
        parameters.max_components,
        parameters.consecutive_failures,
        *thresholds((grid.block_height, grid.block_width), frames, parameters.confidence),
        parameters.spatial_penalty,
        parameters.temporal_penalty,
    )
    with tempfile.TemporaryFile() as file:
        corners, images, ranks = _decompose_all(video, grid, mean, noise, limits, device, file, tell, processors)
        tell(0.85, "blending the blocks")
        file.flush()
        found = sum(ranks)
        traces = np.memmap(file, np.float32, "r", shape=(found, frames)) if found else np.zeros((0, frames), np.float32)
        patchwork = Patchwork(height, width, corners, images, traces)
        weakest = np.sqrt(grid.block_height * grid.block_width) + np.sqrt(frames)
        blended, together = compress(patchwork, parameters.max_rank, float(weakest), device)
    shape = (len(grid.tops), len(grid.lefts))
    return Denoised(blended * noise, together, mean, noise, np.asarray(ranks).reshape(shape))


@dataclass(frozen=True)
class Rest:
    """What a denoised video leaves of the one that was measured; medians over the pixels with signal."""

    over_noise: float
    """Standard deviation of the rest over that of the noise: 1 when all noise and nothing else was taken away."""
    lag_one: float
    """Correlation of the rest with itself a frame later: 0 for white noise; signal that was lost makes it positive."""
    explained: float
    """Share of the variance of the video, in units of the noise, that the denoised one has."""


def rest_of(video: Array, denoised: Denoised) -> Rest:
    """Compare the denoised video with the measured one, a few frames at a time."""
    squares, crossed, total = (np.zeros(denoised.mean.shape) for _ in range(3))
    before: Array | None = None
    for first, last in frames_of(video):
        centred = (video[first:last].astype(np.float32) - denoised.mean) / denoised.noise
        rest = centred - denoised.frames(first, last) / denoised.noise
        squares += (rest**2).sum(0)
        total += (centred**2).sum(0)
        crossed += (rest[1:] * rest[:-1]).sum(0)
        if before is not None:
            crossed += rest[0] * before
        before = rest[-1]
    active = (denoised.images**2).sum(0) > 0 if len(denoised.images) else np.ones_like(squares, dtype=bool)
    ratio = np.sqrt(squares[active] / len(video))
    lag = crossed[active] / np.maximum(squares[active], 1e-30)
    explained = 1 - squares.sum() / max(total.sum(), 1e-30)
    return Rest(float(np.median(ratio)), float(np.median(lag)), float(explained))


def _statistics(video: Array, name: str, device: Device, tell: Tell) -> tuple[Array, Array]:
    """The mean and the noise of each pixel."""
    mean, noise = (np.empty(video.shape[1:], dtype=np.float32) for _ in range(2))
    step = rows_at_once(video)
    for top in range(0, video.shape[1], step):
        rows = read_rows(video, top, top + step)
        check_finite(rows, top, name)
        mean[top : top + step] = rows.mean(0, dtype=np.float64)
        signals = device.put(np.ascontiguousarray(np.moveaxis(rows - mean[top : top + step], 0, -1)))
        noise[top : top + step] = device.get(noise_of(signals, device))
        tell(0.15 * min(top + step, video.shape[1]) / video.shape[1], "measuring the noise")
    noise[noise <= 0] = 1  # a pixel that never changes
    return mean, noise


def _decompose_all(
    video: Array,
    grid: Grid,
    mean: Array,
    noise: Array,
    limits: Limits,
    device: Device,
    file: BinaryIO,
    tell: Tell,
    processors: int,
) -> tuple[Array, Array, list[int]]:
    """Decompose block after block; traces go to the file, in the order of the components.

    Returns:
        corners (components, 2), images (components, block_height, block_width) weighted for blending, and the rank of each block.
    """
    weights = grid.weights()
    corners: list[tuple[int, int]] = []
    images: list[Array] = []
    ranks: list[int] = []

    def decomposed(places: list[tuple[int, int]]) -> tuple[Array, Array, Array]:
        found = decompose(device.put(_read_blocks(video, grid, places, mean, noise)), limits, device)
        return device.get(found.ranks), device.get(found.images), device.get(found.traces)

    batches = list(_batches(grid, len(video)))
    threads = processors if device.xp is np else 1
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(batches), threads):  # no more at once, whose traces would have to be kept in memory
            together = batches[first : first + threads]
            for places, (kept, shapes, traces) in zip(together, pool.map(decomposed, together), strict=True):
                for number, place in enumerate(places):
                    rank = int(kept[number])
                    corners += [place] * rank
                    images += list(shapes[number, :rank] * weights[len(ranks)])
                    file.write(np.ascontiguousarray(traces[number, :rank], dtype=np.float32).tobytes())
                    ranks.append(rank)
            tell(0.15 + 0.7 * len(ranks) / len(grid), f"{len(ranks)} of {len(grid)} blocks, {sum(ranks)} components")
    size = (len(images), grid.block_height, grid.block_width)
    return np.asarray(corners).reshape(-1, 2), np.asarray(images, dtype=np.float32).reshape(size), ranks


def _batches(grid: Grid, frames: int) -> Iterator[list[tuple[int, int]]]:
    """Blocks of one row that are decomposed at once."""
    most = max(1, BYTES_AT_ONCE // (4 * grid.block_height * grid.block_width * frames))
    for top in grid.tops:
        for first in range(0, len(grid.lefts), most):
            yield [(top, left) for left in grid.lefts[first : first + most]]


def _read_blocks(video: Array, grid: Grid, places: list[tuple[int, int]], mean: Array, noise: Array) -> Array:
    """(blocks, block_height, block_width, frames), without means, in units of the noise."""
    top, bottom = places[0][0], places[0][0] + grid.block_height
    left, right = places[0][1], places[-1][1] + grid.block_width
    strip = np.moveaxis(read_rows(video, top, bottom, left, right), 0, -1)
    strip = (strip - mean[top:bottom, left:right, None]) / noise[top:bottom, left:right, None]
    return np.stack([strip[:, corner - left : corner - left + grid.block_width] for _, corner in places])


def save(denoised: Denoised, frame_rate_hz: float, path: Path) -> None:
    """Write as .npz, without pickles."""
    with open(path, "wb") as file:
        arrays: dict[str, Any] = vars(denoised)
        np.savez(file, frame_rate_hz=np.float64(frame_rate_hz), **arrays)


def load(path: Path) -> tuple[Denoised, float]:
    """Read what `save` wrote: the denoised video and its frames a second.

    Raises:
        Refused: when it is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            fields = {name: stored[name] for name in Denoised.__dataclass_fields__}
            rate = float(stored["frame_rate_hz"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise Refused(f"{path.name} is no denoised video ({error}): expected what denoise.py writes") from error
    denoised = Denoised(**fields)
    rank, frames = denoised.traces.shape
    if denoised.images.shape != (rank, *denoised.mean.shape) or not all(np.isfinite(v).all() for v in fields.values()):
        raise Refused(
            f"{path.name} is damaged: {rank} traces of {frames} frames, images of shape {denoised.images.shape}"
        )
    return denoised, rate
