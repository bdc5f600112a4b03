"""Color-depth search as one would write it in an afternoon: Pillow, numpy and a loop over the shifts.

The opponent in raw_search.py. It is vectorised over the pixels of the mask and computes whatever depends on the
mask alone (pixels, classes, ratios, shifted positions) once; it looks only at bright pixels of the image.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

JOINTS = {  # classes, limits of their ratios, whether both are above the limits, and where they meet
    (0, 1): (0.44, 0.54, False, 0.354862745),
    (1, 2): (0.8, 0.8, True, 0.996078431),
    (2, 3): (0.7, 0.7, False, 0.505882353),
    (3, 4): (0.8, 0.8, True, 0.996078431),
    (4, 5): (0.7, 0.7, False, 0.505882353),
}


def read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def classify(colours: NDArray[np.uint8]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Class 0 to 5 along the depth scale (BR BG GB GR RG RB), or -1, and ratio."""
    red, green, blue = (colours[:, channel] for channel in range(3))
    conditions = [
        (blue > red) & (blue > green) & (red > green),
        (blue > red) & (blue > green) & (red <= green),
        (green > blue) & (green > red) & (blue > red),
        (green > blue) & (green > red) & (blue <= red),
        (red > blue) & (red > green) & (green > blue),
        (red > blue) & (red > green) & (green <= blue),
    ]
    classes = np.select(conditions, range(6), -1).astype(np.int8)
    largest = np.maximum(colours.max(axis=1), 1)
    second = np.choose(np.maximum(classes, 0), [red, green, blue, red, green, blue])
    return classes, second / largest


class Variant(NamedTuple):
    """One shift of the mask, mirrored or not: the pixels that stay inside the image."""

    positions: NDArray[np.intp]
    classes: NDArray[np.int8]
    ratios: NDArray[np.float64]
    mirrored: bool


class PlainSearch:
    def __init__(
        self,
        mask: NDArray[np.uint8],
        *,
        mask_threshold: int,
        data_threshold: int,
        tolerance: float,
        xy_shift: int,
        mirror: bool,
    ) -> None:
        height, width = mask.shape[:2]
        chosen = (mask > mask_threshold).any(axis=2)
        chosen[:100, :330] = False
        chosen[:90, width - 270 :] = False
        y, x = np.nonzero(chosen)
        classes, ratios = classify(mask[y, x])
        self.pixels, self.data_threshold, self.tolerance = y.size, data_threshold, tolerance
        self.variants = []
        shifts = {(0, 0)} | {(dx, dy) for i in range(2, xy_shift + 1, 2) for dx in (-i, 0, i) for dy in (-i, 0, i)}
        for dx, dy in sorted(shifts):
            inside = (x + dx >= 0) & (x + dx < width) & (y + dy >= 0) & (y + dy < height)
            to_x, to_y = (x + dx)[inside], (y + dy)[inside]
            for mirrored in (False, True) if mirror else (False,):
                positions = to_y * width + (width - 1 - to_x if mirrored else to_x)
                self.variants.append(Variant(positions, classes[inside], ratios[inside], mirrored))

    def score(self, image: NDArray[np.uint8]) -> tuple[int, float, bool]:
        pixels = image.reshape(-1, 3)
        best = [0, 0]
        for variant in self.variants:
            best[variant.mirrored] = max(best[variant.mirrored], self._count(variant, pixels))
        mirrored = best[1] > best[0]
        return best[mirrored], best[mirrored] / self.pixels, mirrored

    def _count(self, variant: Variant, pixels: NDArray[np.uint8]) -> int:
        colours = pixels[variant.positions]
        bright = (colours > self.data_threshold).any(axis=1)
        classes, ratios = classify(colours[bright])
        mask_classes, mask_ratios = variant.classes[bright], variant.ratios[bright]
        gaps = np.full(classes.size, 10_000.0)
        same = (classes == mask_classes) & (classes >= 0) & (ratios > 0) & (mask_ratios > 0)
        gaps[same] = np.abs(ratios[same] - mask_ratios[same])
        for (first, second), (limit_1, limit_2, falling, meet) in JOINTS.items():
            for one, other, limit_one, limit_other in (
                (first, second, limit_1, limit_2),
                (second, first, limit_2, limit_1),
            ):
                pair = np.flatnonzero((mask_classes == one) & (classes == other))
                a, b = mask_ratios[pair], ratios[pair]
                if falling:
                    near = (a > limit_one) & (b > limit_other)
                    gaps[pair[near]] = (meet - a[near]) + (meet - b[near])
                else:
                    near = (a < limit_one) & (b < limit_other)
                    gaps[pair[near]] = (a[near] - meet) + (b[near] - meet)
        return int(np.count_nonzero(gaps <= self.tolerance))
