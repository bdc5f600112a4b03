"""Masks of a wanted number of pixels, cut from those of a generated library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.color_depth_search.images import read_image
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask

THRESHOLD = 20


def mask_of(folder: Path, pixels: int, destination: Path) -> Path:
    """Write a mask of so many pixels: those nearest to the middle of a neuron, or of as many neurons as it takes."""
    neurons = _neurons(folder)
    image = next(neurons)
    while _inside(image).size < pixels:
        image = np.maximum(image, next(neurons))
    inside = _inside(image)
    return _cut(image, int(inside[inside.size // 2]), pixels, destination / f"mask-{pixels}.png")


def many_masks(folder: Path, pixels: int, count: int, destination: Path) -> list[Path]:
    """Write masks of up to so many pixels, around places of all neurons in turn."""
    neurons = list(_neurons(folder))
    rng = np.random.default_rng(1)
    return [
        _cut(image, int(rng.choice(_inside(image))), pixels, destination / f"mask-{number}.png")
        for number, image in enumerate(neurons[number % len(neurons)] for number in range(count))
    ]


def _neurons(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """The masks of a folder, those with most pixels first."""
    images = [read_image(path.read_bytes(), path.name) for path in sorted(folder.iterdir())]
    yield from sorted(images, key=lambda image: -_inside(image).size)


def _inside(image: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The pixels that take part in a search, as `y * width + x`."""
    return make_mask(image, "neuron", THRESHOLD, DEFAULT_LABEL_BOXES).positions


def _cut(image: NDArray[np.uint8], middle: int, pixels: int, path: Path) -> Path:
    inside = _inside(image)
    y, x = np.divmod(inside, image.shape[1])
    distance = np.hypot(y - middle // image.shape[1], x - middle % image.shape[1])
    kept = inside[np.argsort(distance, kind="stable")[:pixels]]
    cut = np.zeros_like(image)
    cut.reshape(-1, 3)[kept] = image.reshape(-1, 3)[kept]
    Image.fromarray(cut).save(path)
    return path
