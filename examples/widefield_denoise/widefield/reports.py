"""What the programs report, as JSON."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import Components, Recovery
from .denoising import Denoised, rest_of
from .generation import Truth
from .parameters import Demixing, Denoising
from .surroundings import peak_memory_mb
from .video import frames_of

Array = NDArray[Any]


def denoising_report(
    video: Array,
    name: str,
    denoised: Denoised,
    truth: Truth | None,
    parameters: Denoising,
    device: str,
    seconds: float,
    size: int,
) -> dict[str, Any]:
    """Report a denoised video.

    Args:
        size: bytes of the file of the denoised video.
    """
    ranks = denoised.ranks
    report: dict[str, Any] = {
        "video": {"file": name, "shape": list(video.shape), "type": str(video.dtype), "bytes": int(video.nbytes)},
        "device": device,
        "seconds": round(seconds, 2),
        "peak_memory_mb": peak_memory_mb(),
        "noise_counts": round(float(np.median(denoised.noise)), 3),
        "blocks": {
            "number": int(ranks.size),
            "components": int(ranks.sum()),
            "without_components": int((ranks == 0).sum()),
            "largest_rank": int(ranks.max()),
            "ranks": ranks.tolist(),
        },
        "rank": len(denoised.images),
        "compression_ratio": round(video.nbytes / size, 2),
        "rest": {key: round(value, 5) for key, value in vars(rest_of(video, denoised)).items()},
        "parameters": dataclasses.asdict(parameters),
    }
    if truth:
        before, after = signal_to_noise(video, denoised, truth)
        report["recovery"] = {"video_db": round(before, 2), "denoised_db": round(after, 2)}
    return report


def signal_to_noise(video: Array, denoised: Denoised, truth: Truth) -> tuple[float, float]:
    """Variance of the true signal over the mean squared error within the brain, in dB: of the video, and of the denoised one.

    Everything is in units of the noise of each pixel, and without the means over time.
    """
    still = truth.offset + truth.baseline * (
        1
        + np.tensordot(truth.traces.mean(1), truth.footprints, 1)
        + np.tensordot(truth.blood_traces.mean(1), truth.blood_maps, 1)
    )
    signal = raw = left = 0.0
    for first, last in frames_of(video):
        clean = ((truth.clean(first, last) - still) / denoised.noise)[:, truth.brain]
        noisy = ((video[first:last] - denoised.mean) / denoised.noise)[:, truth.brain]
        signal += float((clean**2).sum())
        raw += float(((noisy - clean) ** 2).sum())
        left += float((((denoised.frames(first, last) / denoised.noise)[:, truth.brain] - clean) ** 2).sum())
    return _decibels(signal, raw), _decibels(signal, left)


def demixing_report(
    components: Components, recovery: Recovery | None, truth: Truth | None, parameters: Demixing, seconds: float
) -> dict[str, Any]:
    """Report the components of a video."""
    demixed = components.demixed
    number = demixed.footprints.shape[1]
    report: dict[str, Any] = {
        "components": number,
        "background": len(demixed.slow_traces),
        "explained": round(demixed.explained, 6),
        "localization": [round(float(share), 4) for share in demixed.localization],
        "brain_pixels": int(components.brain.sum()),
        "seconds": round(seconds, 2),
        "peak_memory_mb": peak_memory_mb(),
        "parameters": dataclasses.asdict(parameters),
    }
    if recovery and truth:
        report["recovery"] = recovery.document(len(truth.traces), number)
    return report


def write_traces(components: Components, frame_rate_hz: float, path: Path) -> None:
    """Write the traces as a table: seconds, then a column for each component, as shares of the brightness at rest."""
    traces = components.demixed.traces
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["seconds", *(f"component_{number}" for number in range(len(traces)))])
        for frame, values in enumerate(traces.T):
            table.writerow([f"{frame / frame_rate_hz:.4f}", *(f"{value:.6f}" for value in values)])


def _decibels(signal: float, error: float) -> float:
    return float(10 * np.log10(max(signal, 1e-30) / max(error, 1e-30)))
