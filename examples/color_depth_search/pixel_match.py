"""Pixel match: how many pixels of a mask have a pixel of the same depth in an image.

The score of a mask is the number of its pixels whose counterpart in the image is above the data threshold and
has nearly the same colour, for the best of several small shifts, and of the mirrored image. Definition: the
Fiji plugin ColorMIP_Mask_Search and the NeuronBridge service (Otsuna, Ito and Kawase, bioRxiv 318006, 2018).

How it is made fast: the colours of an image become keys (see ranks.py) only where some mask can land, once
for all masks and shifts. A score is then one gather and one comparison of integers per mask pixel and
shift.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .key_plane import KeyPlane
from .masks import Mask
from .prepared_mask import PreparedMask


class Score(NamedTuple):
    """What comparing one mask with one image gave."""

    matching_pixels: int
    """At least 0, unless there is a negative mask."""
    matching_ratio: float
    """matching_pixels as a share of all pixels of the mask, those shifted out of the image included."""
    mirrored: bool
    """Whether the mirrored image matched better; a tie is not mirrored."""


NO_SCORE = Score(0, 0.0, mirrored=False)


class PixelMatch:
    """Masks prepared to be compared with many images of their size.

    An instance keeps buffers between images: use one per thread.
    """

    def __init__(
        self,
        masks: Sequence[Mask],
        *,
        data_threshold: int,
        tolerance: float,
        xy_shift: int = 0,
        mirror: bool = False,
        negative: Mask | None = None,
    ) -> None:
        """Prepare masks of one size.

        Args:
            masks: one or more masks of equal width and height.
            data_threshold: pixels of an image count when a channel is above this (0 to 255).
            tolerance: the largest gap of two colours that match; pix_color_fluctuation / 100.
            xy_shift: 0, 2 or 4 pixels; see `masks.offsets`.
            mirror: whether the mirrored image is tried too.
            negative: a mask whose best match is subtracted, in proportion to the sizes of the masks.

        Raises:
            ValueError: if the sizes of the masks differ.
        """
        every = [*masks, negative] if negative is not None else list(masks)
        for mask in every[1:]:
            check_same_size(mask, every[0])
        self.plane = KeyPlane(every, data_threshold=data_threshold, xy_shift=xy_shift, mirror=mirror)
        self._masks = [PreparedMask(mask, self.plane, tolerance) for mask in masks]
        # A negative mask without pixels has no share that could be subtracted.
        subtracts = negative is not None and negative.pixels > 0
        self._negative = PreparedMask(negative, self.plane, tolerance) if negative and subtracts else None
        self._mirror = mirror
        self.width, self.height = masks[0].width, masks[0].height
        self.rows = self.plane.rows
        """The rows of an image that masks can touch; `scores` and `matches` take only these."""

    def scores(self, pixels: NDArray[np.uint8]) -> list[Score]:
        """Return the score of each mask for the rows `self.rows` of an image, an array (rows, width, 3)."""
        self.plane.load(pixels)
        return [self._score(mask) for mask in self._masks]

    def matches(self, pixels: NDArray[np.uint8], above_ratio: float) -> list[Score | None]:
        """Return the scores above 0 whose ratio is above `above_ratio`; None for each mask without one."""
        lit = self.plane.load(pixels)
        found: list[Score | None] = []
        for mask in self._masks:
            # No shift can match more pixels than are bright enough where masks land.
            possible = mask.size > 0 and lit / mask.size > above_ratio
            score = self._score(mask) if possible else NO_SCORE
            found.append(score if score.matching_pixels > 0 and score.matching_ratio > above_ratio else None)
        return found

    def _score(self, mask: PreparedMask) -> Score:
        if mask.size == 0:
            return NO_SCORE
        score = self._score_one_way(mask, mirrored=False)
        if self._mirror:
            other = self._score_one_way(mask, mirrored=True)
            if other.matching_ratio > score.matching_ratio:
                return other
        return score

    def _score_one_way(self, mask: PreparedMask, *, mirrored: bool) -> Score:
        pixels = mask.best(mirrored=mirrored)
        ratio = pixels / mask.size
        if self._negative is not None:
            # Subtracted for each orientation before they are compared, not clamped at 0, rounded half up:
            # the order of the NeuronBridge service.
            against = self._negative.best(mirrored=mirrored)
            ratio -= against / self._negative.size
            pixels = math.floor(pixels - against * (mask.size / self._negative.size) + 0.5)
        return Score(pixels, ratio, mirrored)


def check_same_size(mask: Mask, first: Mask) -> None:
    """Raise ValueError if a mask is not as large as the first one."""
    if (mask.width, mask.height) != (first.width, first.height):
        raise ValueError(
            f"mask {mask.name} has {mask.width} x {mask.height} pixels but {first.name} has "
            f"{first.width} x {first.height}; all masks of a search must have one size"
        )
