"""Widefield-like videos whose truth is known.

A video is photons of a brain-shaped field, `baseline * (1 + activity + blood)`, with Poisson noise and read noise. Activity is
the sum of overlapping regions, each a non-negative footprint times a trace of calcium transients; blood is slow and broad.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problems import Refused

Array = NDArray[Any]
FRAMES_AT_ONCE = 64
LARGEST_COUNT = 65_535


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is generated. The same scene gives the same bytes."""

    frames: int = 2_000
    height: int = 128
    """Pixels."""
    width: int = 128
    """Pixels."""
    regions: int = 16
    """Of both hemispheres together: half of them in each when the number is even."""
    frame_rate_hz: float = 30.0
    brightness: float = 2_000.0
    """Photons that the brightest pixel counts in one frame at rest."""
    activity: float = 0.02
    """Peak of a typical transient, as a share of the brightness at rest."""
    blood: float = 0.01
    """Standard deviation of the slow changes by blood, as a share of the brightness at rest."""
    read_noise: float = 6.0
    """Standard deviation in photons."""
    seed: int = 0


@dataclass(frozen=True)
class Truth:
    """What a video was made of, as shares of the brightness at rest."""

    brain: Array
    """(height, width), True within the brain."""
    baseline: Array
    """(height, width): photons a frame at rest."""
    footprints: Array
    """(regions, height, width): non-negative, peaks 1."""
    traces: Array
    """(regions, frames): non-negative."""
    blood_maps: Array
    """(2, height, width)."""
    blood_traces: Array
    """(2, frames)."""
    offset: float
    """Counts of a dark camera."""

    def clean(self, first: int, last: int) -> Array:
        """Frames `first` to `last`, half-open, without noise: (frames, height, width) in counts, the offset included."""
        changes = np.einsum("kt,kyx->tyx", self.traces[:, first:last], self.footprints, optimize=True)
        changes += np.einsum("kt,kyx->tyx", self.blood_traces[:, first:last], self.blood_maps, optimize=True)
        return np.asarray(self.offset + self.baseline * (1.0 + changes))

    def check_shape(self, frames: int, field: tuple[int, ...]) -> None:
        """Refuse to be the truth of a video of another size.

        Raises:
            Refused: naming both.
        """
        if (self.traces.shape[1], *self.brain.shape) != (frames, *field):
            raise Refused(
                f"the truth is that of {self.traces.shape[1]} frames of {' x '.join(map(str, self.brain.shape))} pixels, and the "
                f"video has {frames} of {' x '.join(map(str, field))}: give the truth of the same video"
            )


def make_truth(scene: Scene) -> Truth:
    """Draw brain, regions, traces and blood.

    Raises:
        ValueError: when the scene is too small for its regions.
    """
    if min(scene.height, scene.width) < 16 or scene.frames < 16 or scene.regions < 1:
        raise ValueError(f"{scene} is too small: expected at least 16 frames of 16 x 16 pixels with one region")
    streams = [np.random.default_rng([scene.seed, number]) for number in range(4)]
    brain, depth = _brain(scene.height, scene.width)
    baseline = scene.brightness * (0.04 + 0.96 * np.where(brain, 0.35 + 0.65 * np.sqrt(depth), 0.0))
    ridges = _smooth(streams[0].standard_normal((scene.height, scene.width)), 0.07 * scene.width)
    baseline = baseline * (1 - 0.3 * np.exp(-((ridges / 0.1) ** 2)) * brain)
    return Truth(
        brain,
        baseline,
        _footprints(scene, brain, streams[1]),
        _traces(scene, streams[2]),
        *_blood(scene, brain, streams[3]),
        offset=100.0,
    )


def write_video(scene: Scene, truth: Truth, path: Path) -> None:
    """Write the counts as .npy, uint16, (frames, height, width), a few frames at a time."""
    video = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint16, shape=(scene.frames, scene.height, scene.width))
    for first in range(0, scene.frames, FRAMES_AT_ONCE):
        last = min(first + FRAMES_AT_ONCE, scene.frames)
        noise = np.random.default_rng([scene.seed, 4, first])
        photons = noise.poisson(truth.clean(first, last) - truth.offset)
        counts = truth.offset + photons + scene.read_noise * noise.standard_normal(photons.shape)
        video[first:last] = np.clip(np.rint(counts), 0, LARGEST_COUNT)
    video.flush()


def write_truth(scene: Scene, truth: Truth, path: Path) -> None:
    """Write the truth as .npz, without pickles, for the programs that measure what they recovered."""
    arrays = {name: value for name, value in vars(truth).items() if name != "brain"}
    small: dict[str, Any] = {name: np.asarray(value, dtype=np.float32) for name, value in arrays.items()}
    with open(path, "wb") as file:
        np.savez_compressed(file, brain=truth.brain, frame_rate_hz=np.float32(scene.frame_rate_hz), **small)


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote.

    Raises:
        Refused: when it is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            fields = {name: stored[name] for name in Truth.__dataclass_fields__}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise Refused(f"{path.name} is no truth of a video ({error}): expected what generate.py writes") from error
    return Truth(**{**fields, "offset": float(fields["offset"])})


def _brain(height: int, width: int) -> tuple[Array, Array]:
    """Two hemispheres seen from above, and how deep inside a pixel is: 0 at the edge, 1 in the middle of a hemisphere."""
    y = (np.arange(height)[:, None] + 0.5) / height
    x = (np.arange(width)[None, :] + 0.5) / width
    depths = [
        1 - ((x - centre - lean * (y - 0.5)) / 0.27) ** 2 - np.abs((y - 0.5) / 0.45) ** 2.4
        for centre, lean in ((0.275, -0.06), (0.725, 0.06))
    ]
    depth = np.maximum(*depths)
    return depth > 0, np.clip(depth, 0, 1)


def _footprints(scene: Scene, brain: Array, stream: np.random.Generator) -> Array:
    """Smooth bumps that end, spread like points that avoid each other, on both sides in turn; neighbours overlap."""
    places = np.argwhere(brain).astype(float)
    left = places[:, 1] < scene.width / 2
    chosen: list[Array] = []
    for number in range(scene.regions):
        here = places[left == (number % 2 == 0)]
        tried = here[stream.integers(len(here), size=24)]
        distances = [min((float(np.hypot(*(place - other))) for other in chosen), default=0.0) for place in tried]
        chosen.append(tried[int(np.argmax(distances))])
    extent = np.sqrt(len(places) / scene.regions)
    y, x = np.mgrid[: scene.height, : scene.width]
    footprints = np.empty((scene.regions, scene.height, scene.width))
    for number, (row, column) in enumerate(chosen):
        turn = stream.uniform(0, np.pi)
        long, short = extent * stream.uniform(0.85, 1.15), extent * stream.uniform(0.65, 0.85)
        along = (np.cos(turn) * (x - column) + np.sin(turn) * (y - row)) / long
        across = (-np.sin(turn) * (x - column) + np.cos(turn) * (y - row)) / short
        bump = np.clip(1 - along**2 - across**2, 0, None) ** 1.5
        footprints[number] = bump * brain
        footprints[number] /= footprints[number].max()
    return footprints


def _traces(scene: Scene, stream: np.random.Generator) -> Array:
    """Spikes in bouts, some shared by all regions, with a fast rise and a slow decay."""
    times = np.arange(scene.frames) / scene.frame_rate_hz
    kernel = np.exp(-times / 0.45) - np.exp(-times / 0.06)
    kernel /= kernel.max()
    shared = _bouts(stream, times)
    traces = np.empty((scene.regions, scene.frames))
    for number in range(scene.regions):
        rate = 0.25 + 1.6 * _bouts(stream, times) + 0.5 * shared
        spikes = stream.poisson(rate / scene.frame_rate_hz) * stream.lognormal(0.0, 0.4, scene.frames)
        traces[number] = np.convolve(spikes, kernel)[: scene.frames]
    strength = stream.lognormal(0.0, 0.35, (scene.regions, 1))
    return scene.activity * strength * traces


def _bouts(stream: np.random.Generator, times: Array) -> Array:
    """0 or 1: states that last about two seconds."""
    switches = stream.random(len(times)) < (times[1] - times[0]) / 2.0
    return np.asarray((np.cumsum(switches) + stream.integers(2)) % 2, dtype=float)


def _blood(scene: Scene, brain: Array, stream: np.random.Generator) -> tuple[Array, Array]:
    """Two broad maps with slow traces, below 0.15 Hz."""
    times = np.arange(scene.frames) / scene.frame_rate_hz
    maps = np.empty((2, scene.height, scene.width))
    traces = np.empty((2, scene.frames))
    for number, strength in enumerate((1.0, 0.5)):
        ground = _smooth(stream.standard_normal((scene.height, scene.width)), 0.25 * scene.width)
        maps[number] = np.clip(1 + 0.35 * ground, 0.1, None) * brain
        waves = [
            stream.normal() * np.sin(2 * np.pi * (frequency * times + stream.random()))
            for frequency in stream.uniform(0.01, 0.15, 8)
        ]
        slow = np.sum(waves, axis=0)
        traces[number] = scene.blood * strength * (slow - slow.mean()) / slow.std()
    return maps, traces


def _smooth(image: Array, sigma: float) -> Array:
    """A Gaussian blur of standard deviation `sigma` pixels, on a torus; mean 0 and standard deviation 1 after."""
    frequencies = np.fft.fftfreq(image.shape[0])[:, None] ** 2 + np.fft.rfftfreq(image.shape[1])[None, :] ** 2
    blurred = np.fft.irfft2(np.fft.rfft2(image) * np.exp(-2 * (np.pi * sigma) ** 2 * frequencies), image.shape)
    return np.asarray((blurred - blurred.mean()) / blurred.std())
