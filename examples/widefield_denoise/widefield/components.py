"""Components of a denoised video: brain, regions, factorisation, and how well a known truth was recovered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .demixing import Demixed, Plan, demix, slow_basis
from .denoising import Denoised
from .generation import Truth
from .matching import assign, correlations, cosines
from .parameters import Demixing
from .problems import Refused
from .regions import distances, find_seeds, regions_of

Array = NDArray[Any]
BLURS = 2


@dataclass(frozen=True)
class Components:
    """What was found, as shares of the brightness at rest."""

    brain: Array
    """(height, width), True where components are looked for."""
    regions: Array
    """(height, width): the number of the region of each pixel, from 0; -1 for none."""
    demixed: Demixed
    """Pixels are those of the brain, row by row."""

    def image(self, values: Array) -> Array:
        """(..., height, width) of (pixels, ...): 0 outside the brain."""
        image = np.zeros((*values.shape[1:], *self.brain.shape), dtype=np.float32)
        image[..., self.brain] = values.T
        return image


def find_components(
    denoised: Denoised,
    frame_rate_hz: float,
    parameters: Demixing,
    region_map: Array | None,
    tell: Callable[[float, str], None],
) -> Components:
    """Demix a denoised video.

    Args:
        denoised: the video.
        frame_rate_hz: of the video.
        parameters: how.
        region_map: (height, width), whole numbers: 0 for no region, each other number is a region; None to find regions.
        tell: is told the share that is done and what is being done.

    Raises:
        Refused: when there is nothing to demix.
    """
    if not len(denoised.images):
        raise Refused("the denoised video has no components: there is no signal to demix")
    light = denoised.mean - parameters.camera_offset
    brain = light > max(parameters.brain_brightness * float(np.percentile(light, 99)), 0)
    if brain.sum() < len(denoised.images):
        raise Refused(
            f"the brain has {brain.sum()} pixels: camera_offset is {parameters.camera_offset:g} and brain_brightness "
            f"{parameters.brain_brightness:g}, and the mean image has {denoised.mean.min():.0f} to {denoised.mean.max():.0f}"
        )
    images = (denoised.images[:, brain] / light[brain]).T.astype(float)
    traces = denoised.traces.astype(float)
    if parameters.slowest_signal_hz >= frame_rate_hz / 2:
        raise Refused(
            f"slowest_signal_hz is {parameters.slowest_signal_hz:g}, and a video of {frame_rate_hz:g} frames a second has "
            "nothing that is faster: give a lower one"
        )
    slow = slow_basis(traces.shape[1], parameters.slowest_signal_hz, frame_rate_hz)
    fast = traces - (traces @ slow) @ slow.T
    tell(0.05, "looking for regions")
    if region_map is None:
        regions, start = _regions_found(images, fast, brain, parameters)
    else:
        regions, start = _regions_given(images, fast, brain, region_map)
    field = np.full(brain.shape, -1)
    field[brain] = regions
    far = np.stack([distances(field == number)[brain] for number in range(len(start))], axis=1)
    plan = Plan(
        background=min(parameters.background, images.shape[1]),
        slowest_signal_hz=parameters.slowest_signal_hz,
        frame_rate_hz=frame_rate_hz,
        localization=parameters.localization,
        iterations=parameters.iterations,
    )
    demixed = demix(images, traces, far, start, plan, lambda done: tell(0.1 + 0.8 * done, f"{len(start)} components"))
    return Components(brain, field, demixed)


@dataclass(frozen=True)
class Recovery:
    """How alike the components are to the true ones; pairs are those whose traces agree best over all."""

    pairs: list[tuple[int, int]]
    """(true, found)."""
    traces: list[float]
    """Correlation of the traces of each pair."""
    footprints: list[float]
    """Cosine of the angle between the footprints of each pair."""

    def document(self, true: int, found: int) -> dict[str, Any]:
        """As JSON: medians and the least, of all true components: one that was not found counts as 0."""
        missing = [0.0] * (true - len(self.pairs))
        return {
            "true_components": true,
            "found_components": found,
            "traces": _summary([*self.traces, *missing]),
            "footprints": _summary([*self.footprints, *missing]),
            "pairs": [
                {"true": pair[0], "found": pair[1], "trace": round(trace, 4), "footprint": round(footprint, 4)}
                for pair, trace, footprint in zip(self.pairs, self.traces, self.footprints, strict=True)
            ],
        }


def recovery_of(truth_footprints: Array, truth_traces: Array, footprints: Array, traces: Array) -> Recovery:
    """Match components with the true ones.

    Args:
        truth_footprints: (true, pixels).
        truth_traces: (true, frames).
        footprints: (found, pixels).
        traces: (found, frames).
    """
    alike = correlations(truth_traces, traces)
    overlap = cosines(truth_footprints, footprints)
    pairs = assign(alike)
    return Recovery(pairs, [float(alike[pair]) for pair in pairs], [float(overlap[pair]) for pair in pairs])


def recovery_from(truth: Truth, components: Components) -> Recovery:
    """Match with the truth of a generated video."""
    demixed = components.demixed
    every = components.image(demixed.footprints).reshape(demixed.footprints.shape[1], -1)
    return recovery_of(truth.footprints.reshape(len(truth.footprints), -1), truth.traces, every, demixed.traces)


def read_region_map(path: Path) -> Array:
    """Read a map of regions: (height, width), whole numbers.

    Raises:
        Refused: when it is something else.
    """
    try:
        region_map = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Refused(f"{path.name} is no array ({error}): write it with numpy.save") from error
    if not isinstance(region_map, np.ndarray) or region_map.ndim != 2 or region_map.dtype.kind not in "iu":
        shape, kind = getattr(region_map, "shape", "that of an archive"), getattr(region_map, "dtype", "of an archive")
        raise Refused(
            f"{path.name} has the shape {shape} and the type {kind}: expected whole numbers, one for each pixel"
        )
    return region_map


def save_components(components: Components, path: Path) -> None:
    """Write as .npz, without pickles."""
    demixed = components.demixed
    with open(path, "wb") as file:
        np.savez_compressed(
            file,
            footprints=components.image(demixed.footprints),
            traces=demixed.traces.astype(np.float32),
            background_maps=components.image(demixed.maps),
            background_traces=demixed.slow_traces.astype(np.float32),
            regions=components.regions,
            brain=components.brain,
        )


def _regions_found(images: Array, fast: Array, brain: Array, parameters: Demixing) -> tuple[Array, Array]:
    """Regions around the purest pixels, and the traces of these: without what is slow, which blood is in everywhere."""
    values, vectors = np.linalg.eigh(fast @ fast.T)
    kept = values > values[-1] * 1e-9
    scale = np.sqrt(values[kept])
    shapes = _blurred(images @ (vectors[:, kept] * scale), brain)
    seeds = find_seeds(shapes, parameters.regions, parameters.weakest_region)
    return regions_of(shapes, seeds), shapes[seeds] @ ((vectors[:, kept] / scale).T @ fast)


def _regions_given(images: Array, fast: Array, brain: Array, region_map: Array) -> tuple[Array, Array]:
    """Regions of a map, and the mean trace of each."""
    if region_map.shape != brain.shape:
        raise Refused(
            f"the map of regions has the shape {region_map.shape}, and the video {brain.shape}: they have to be the same"
        )
    numbers = np.setdiff1d(region_map[brain], [0])
    if not len(numbers):
        raise Refused("the map of regions has none within the brain: expected numbers above 0 there")
    regions = np.searchsorted(numbers, region_map[brain])
    regions[region_map[brain] == 0] = -1
    start = np.stack([images[regions == number].mean(0) @ fast for number in range(len(numbers))])
    return regions, start


def _blurred(shapes: Array, brain: Array) -> Array:
    """Means over 5 x 5 pixels with weights that fall to the sides, those outside the brain left out."""
    field = np.zeros((*brain.shape, shapes.shape[1] + 1))
    field[brain, :-1], field[brain, -1] = shapes, 1
    for axis in (0, 1):
        for _ in range(BLURS):
            padded = np.pad(field, [(1, 1) if place == axis else (0, 0) for place in range(3)])
            length = field.shape[axis]
            field = np.sum([np.take(padded, range(first, first + length), axis) for first in range(3)], axis=0)
    return np.asarray(field[brain, :-1] / field[brain, -1:])


def _summary(values: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 4), "least": round(float(np.min(values)), 4)}
