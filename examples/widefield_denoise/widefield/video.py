"""Videos in files: opened without reading them, read a few rows or frames at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problems import Refused

Array = NDArray[Any]
FEWEST_FRAMES = 32
BYTES_AT_ONCE = 16 << 20


def open_video(path: Path) -> Array:
    """Map a video from a .npy file: (frames, height, width), whole or real numbers.

    Raises:
        Refused: when it is something else, or too short.
    """
    try:
        video = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Refused(f"{path.name} is not a video in a .npy file ({error}): write it with numpy.save") from error
    if not isinstance(video, np.ndarray) or video.ndim != 3:
        shape = getattr(video, "shape", "that of an archive")
        raise Refused(f"{path.name} has the shape {shape}: expected three dimensions, (frames, height, width)")
    if video.dtype.kind not in "iuf":
        raise Refused(f"{path.name} has values of type {video.dtype}: expected whole or real numbers, such as uint16")
    if len(video) < FEWEST_FRAMES or 0 in video.shape:
        raise Refused(
            f"{path.name} has the shape {video.shape}: expected at least {FEWEST_FRAMES} frames of some pixels"
        )
    return video


def rows_at_once(video: Array) -> int:
    """How many rows of all frames are read at once."""
    return max(1, BYTES_AT_ONCE // (4 * len(video) * int(video.shape[2])))


def read_rows(video: Array, top: int, bottom: int, left: int = 0, right: int | None = None) -> Array:
    """All frames of a part of the field, float32, (frames, rows, columns)."""
    return np.ascontiguousarray(video[:, top:bottom, left:right], dtype=np.float32)


def frames_of(video: Array) -> Iterator[tuple[int, int]]:
    """Half-open ranges of frames that are read at once."""
    step = max(1, BYTES_AT_ONCE // (4 * video.shape[1] * video.shape[2]))
    return ((first, min(first + step, len(video))) for first in range(0, len(video), step))


def check_finite(rows: Array, top: int, name: str) -> None:
    """Refuse what is not a number, with its place.

    Raises:
        Refused: naming the first such frame and pixel, and how many there are in these rows.
    """
    if np.isfinite(rows).all():
        return
    bad = np.argwhere(~np.isfinite(rows))
    frame, row, column = (int(value) for value in bad[0])
    raise Refused(
        f"{name} has {rows[frame, row, column]} in frame {frame}, row {row + top}, column {column}, and {len(bad) - 1} more near "
        "it: fill in such values before denoising"
    )
