"""Generate a library of realistic color-depth MIPs, with masks whose matches are known."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skyburst.errors import InvalidLibrary

from .part import draw
from .plan import Plan
from .processes import draw_in_processes
from .record import claimed
from .writing import remove_partial, write_text, write_tiff

IMAGES: Final = "images"
MASKS: Final = "masks"
TRUTH: Final = "truth.json"

_MOST_IMAGES: Final = 10_000_000  # as many file names as there are
_WORTH_A_PROCESS: Final = 24  # images that take longer to draw than a process to start


@dataclass(frozen=True, slots=True)
class Summary:
    """What a generation did."""

    destination: Path
    images: int
    """Images the library has."""
    written: int
    """Images that this generation wrote; the others were there."""
    masks: int
    planted: int
    """Planted matches of all masks together."""
    seconds: float


def generate_library(
    destination: Path,
    images: int,
    seed: int = 1,
    masks: int = 3,
    planted: int = 6,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Write a library of color-depth MIPs of 1210 x 566 pixels.

    The folder gets ``images/`` (about 88 % light microscopy style, the rest electron microscopy style),
    ``masks/`` (one clean neuron each), and ``truth.json``: for each mask's file name the list of its planted
    matches, each {"file", "kind", "missing", "shift_px", "warp_px", "wobble_px", "depth_slices"}, with the
    kinds "jittered", "mirrored" and "covered" in turn. Image number i is the same for the same seed, masks
    and planted, however many images are made, by however many processes; so a larger library begins with the
    smaller one, and an interrupted generation continues. Of the first images every second one holds a planted
    match, until all are planted; a library of fewer than 2 * masks * planted images has fewer of them.

    Args:
        destination: a new or empty folder, or one that holds a part of the same library.
        images: number of images in the library.
        seed: a number from 0; libraries of different seeds have other neurons in the same brain.
        masks: number of masks.
        planted: planted matches of each mask.
        jobs: number of processes; None for one a processor.
        progress: called with (images done, images in all) at the start and after each image.

    Raises:
        InvalidLibrary: when an argument is impossible, or the folder holds something else.
        Conflict: when another program is generating in the folder.
    """
    destination = Path(destination)
    _check_numbers(images=images, seed=seed, masks=masks, planted=planted, jobs=jobs)
    plan = Plan(seed, masks, planted)
    began = time.monotonic()
    with claimed(destination, plan, images):
        for name in (IMAGES, MASKS):
            (destination / name).mkdir(exist_ok=True)
            remove_partial(destination / name)
        _write_masks(destination / MASKS, plan)
        missing = _missing(destination / IMAGES, plan, images)
        done = images - len(missing)
        report = progress or _silent
        report(done, images)
        for more in _draw(destination / IMAGES, plan, missing, jobs or _processors()):
            done += more
            report(done, images)
        truth = plan.truth(images)
        write_text(destination / TRUTH, json.dumps(truth, indent=2) + "\n")
    return Summary(
        destination=destination,
        images=images,
        written=len(missing),
        masks=masks,
        planted=sum(map(len, truth.values())),
        seconds=time.monotonic() - began,
    )


def _check_numbers(*, images: int, seed: int, masks: int, planted: int, jobs: int | None) -> None:
    limits = {
        "images": (images, 1, _MOST_IMAGES),
        "seed": (seed, 0, None),
        "masks": (masks, 0, 10_000),
        "planted": (planted, 0, None),
        "jobs": (1 if jobs is None else jobs, 1, 1024),
    }
    for name, (value, least, most) in limits.items():
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            raise InvalidLibrary(f"{name} is {value}; it must be {bounds}")


def _write_masks(folder: Path, plan: Plan) -> None:
    for mask in range(plan.masks):
        path = folder / plan.mask_name(mask).file
        if not path.exists():
            write_tiff(path, plan.mask_image(mask))


def _missing(folder: Path, plan: Plan, images: int) -> list[int]:
    there = {path.name for path in folder.iterdir()}
    return [image for image in range(images) if not there or plan.image_name(image).file not in there]


def _draw(folder: Path, plan: Plan, numbers: list[int], jobs: int) -> Iterator[int]:
    """Draw images; yields how many more are done."""
    jobs = min(jobs, len(numbers) // _WORTH_A_PROCESS)
    if jobs > 1:
        yield from draw_in_processes(folder, plan, numbers, jobs)
    else:
        for _ in draw(folder, plan, numbers):
            yield 1


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""
