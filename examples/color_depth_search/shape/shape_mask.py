"""One mask, prepared to be compared in shape with many images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..masks import DEFAULT_LABEL_BOXES, Box
from .channels import gather, grey, largest_channel
from .ring import ring
from .shape_images import without_labels
from .shape_score import NOT_KNOWN, ShapeScore, shape_score
from .slices import slices

_DEPTH_ALLOWANCE = 40
"""Slices by which depths may differ; only differences of twice as much count, less this."""
_LEAST_GAP = 3
"""Gaps of a pixel up to this count as none."""
_LEAST_GREY = 2
"""Pixels of a mask count when their grey is above this."""


class _Orientation(NamedTuple):
    """Where a mask, or the mirrored one, lies in an image: `y * width + x` of pixels."""

    pixels: NDArray[np.intp]
    """Of each pixel of the mask."""
    ring: NDArray[np.intp]
    """Of the ring, outside the label boxes."""
    mirrored: bool


class ShapeMask:
    """A mask prepared to be compared in shape with many images of its size; only the mask and a ring are looked at."""

    def __init__(
        self,
        image: NDArray[np.uint8],
        *,
        threshold: int = 20,
        mirror: bool = True,
        label_boxes: Sequence[Box] = DEFAULT_LABEL_BOXES,
    ) -> None:
        """Prepare a mask.

        Args:
            image: the image of the mask (height, width, 3). All pixels that are not black take part, whatever the
                threshold of the mask is in a search.
            threshold: pixels of an image, and of its z-gap image, count when a channel is above this (0 to 255).
            mirror: whether the mirrored mask is tried too.
            label_boxes: what is taken for black in mask and images; see `masks.check_boxes`.
        """
        image = without_labels(image, label_boxes)
        self.height, self.width = image.shape[:2]
        self._threshold = threshold
        pixels = np.flatnonzero(largest_channel(image))
        colours = image.reshape(-1, 3)[pixels]
        self._slices = slices(colours).astype(np.int16)
        self._counts = grey(colours) > _LEAST_GREY
        in_ring = ring(image)
        # Labels are cleared in images, which are not mirrored: so the boxes are not mirrored with the ring.
        unlabelled = without_labels(np.ones_like(image), label_boxes)[..., 0] > 0
        self._pixels = pixels
        self._orientations = [_Orientation(pixels, np.flatnonzero(in_ring & unlabelled), mirrored=False)]
        if mirror:
            y, x = np.divmod(pixels, self.width)
            flipped = np.flatnonzero(in_ring[:, ::-1] & unlabelled)
            self._orientations.append(_Orientation(y * self.width + self.width - 1 - x, flipped, mirrored=True))
        self.box = _box(pixels, self.width)
        """What the mask lies in, x0, y0, x1, y1, half-open: z-gap images are looked at there only."""
        everything = np.concatenate([pixels, *(way.ring for way in self._orientations)])
        _, first, _, end = _box(everything, self.width)
        self.rows = range(first, end)
        """Rows of images, and of gradients, that are looked at: those of the mask and its ring."""

    def score(
        self, pixels: NDArray[np.uint8], gradient: NDArray[np.uint16] | None, z_gap: NDArray[np.uint8] | None
    ) -> ShapeScore:
        """Return the score of an image.

        Args:
            pixels: the whole image (height, width, 3).
            gradient, z_gap: the images derived from it; see `shape_images.ShapeImages`. Without one of them the
                score is `NOT_KNOWN`.

        Raises:
            ValueError: if an image has another size than the mask.
        """
        if gradient is None or z_gap is None:
            return NOT_KNOWN
        for name, image in (("image", pixels), ("gradient", gradient), ("z-gap", z_gap)):
            self._check_size(name, image)
        in_depth, elsewhere = self._depth_gaps(z_gap)
        scores = [self._score(way, pixels, gradient, in_depth, elsewhere) for way in self._orientations]
        return min(scores, key=lambda score: score.score)  # the first one, of equal ones

    def _depth_gaps(self, z_gap: NDArray[np.uint8]) -> tuple[int, NDArray[np.intp]]:
        """Return the sum of gaps in depth, and which pixels of the mask have none and are in the plane instead.

        The z-gap image is mirrored with the mask, so this is the same for both orientations.
        """
        nearby = gather(z_gap, self._pixels)
        apart = np.abs(self._slices - slices(nearby))
        deep = (apart >= 2 * _DEPTH_ALLOWANCE) & (largest_channel(nearby) > self._threshold)
        total = int(apart.sum(where=deep, dtype=np.int64)) - _DEPTH_ALLOWANCE * int(np.count_nonzero(deep))
        return total, np.flatnonzero(self._counts & ~deep)

    def _score(
        self,
        way: _Orientation,
        pixels: NDArray[np.uint8],
        gradient: NDArray[np.uint16],
        in_depth: int,
        elsewhere: NDArray[np.intp],
    ) -> ShapeScore:
        gaps = gradient.reshape(-1).take(way.pixels.take(elsewhere))
        gap = in_depth + int(gaps.sum(where=gaps > _LEAST_GAP, dtype=np.int64))
        area = int(np.count_nonzero(largest_channel(gather(pixels, way.ring)) > self._threshold))
        return ShapeScore(gap, area, shape_score(gap, area), way.mirrored)

    def _check_size(self, name: str, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        height, width = image.shape[:2]
        if (height, width) != (self.height, self.width):
            raise ValueError(
                f"the {name} has {width} x {height} pixels but the mask {self.width} x {self.height}; "
                "they must have one size"
            )


def _box(pixels: NDArray[np.intp], width: int) -> tuple[int, int, int, int]:
    """Return the smallest box x0, y0, x1, y1 (half-open) around pixels; it is empty when there are none."""
    if pixels.size == 0:
        return 0, 0, 0, 0
    y, x = np.divmod(pixels, width)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
