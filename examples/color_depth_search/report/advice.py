"""Why a mask has no match, and what to change: said in words on the page."""

from __future__ import annotations

import math
from typing import NamedTuple

from .findings import Findings, Mask

PRECOMPUTED_THRESHOLD = 20
"""Of the mask and of the images, in the matches that NeuronBridge computed itself."""


class Advice(NamedTuple):
    """What a scientist is told about a mask without a match."""

    reason: str
    conditions: list[str]
    """How pixels were compared."""
    changes: list[str]
    """Things to try, the most promising first."""


def why_no_match(findings: Findings, mask: Mask) -> Advice:
    """Why nothing matched `mask`, told from the counts and the parameters of the search.

    A mask without any pixel is refused before a search starts, so it is not among the reasons.
    """
    if not findings.searched:
        return Advice("No image was searched.", [], ["See below what went wrong, then resume the job."])
    readable = findings.searched - len(findings.item_errors)
    if readable <= 0:
        return Advice(
            f"None of the {findings.searched:,} images could be read.",
            [],
            ["See below what is wrong with each of them."],
        )
    percent = float(findings.parameters.get("min_matching_pix_ratio") or 0)
    needed = math.floor(mask.pixels * percent / 100) + 1
    names = " and ".join(f"“{name}”" for name in findings.library_names)
    where = f" in {names}" if names else ""
    reason = (
        f"{_images(readable)} searched{where}. To be a match, an image must agree in color with more than "
        f"{percent:g} % of the mask's {mask.pixels:,} pixels, that is with at least {needed:,}. None did."
    )
    return Advice(reason, _conditions(findings, mask), _changes(findings, percent))


def _images(count: int) -> str:
    return "1 image was" if count == 1 else f"{count:,} images were"


def _conditions(findings: Findings, mask: Mask) -> list[str]:
    parameters = findings.parameters
    mask_threshold = parameters.get("mask_threshold") or 0
    data_threshold = parameters.get("data_threshold") or 0
    fluctuation = parameters.get("pix_color_fluctuation") or 0
    shift = parameters.get("xy_shift") or 0
    boxes = " and it lies outside the dashed boxes" if mask.label_boxes else ""
    moved = f"moved by up to {shift} pixels" if shift else "not moved"
    mirrored = "also mirrored" if parameters.get("mirror_mask", True) else "not mirrored"
    conditions = [
        f"A pixel of the mask counts when red, green or blue is above {mask_threshold} (mask_threshold){boxes}.",
        (
            f"A pixel of an image agrees when red, green or blue is above {data_threshold} (data_threshold) "
            f"and its color differs by at most {fluctuation:g} % (pix_color_fluctuation)."
        ),
        f"The mask was {moved} (xy_shift) and {mirrored} (mirror_mask).",
    ]
    if parameters.get("negative_mask"):
        conditions.append("Agreement with the negative_mask was subtracted.")
    return conditions


def _changes(findings: Findings, percent: float) -> list[str]:
    parameters = findings.parameters
    changes = []
    if findings.missing:
        lost = sum(end - start for start, end, _ in findings.missing)
        changes.append(f"Resume the job: {_images(lost)} not searched.")
    if percent > 0:
        changes.append(
            f"Accept smaller matches: min_matching_pix_ratio below {percent:g}. With 0, one pixel is enough."
        )
    if parameters.get("negative_mask"):
        changes.append("Search without the negative_mask.")
    if (data := parameters.get("data_threshold") or 0) > 0:
        changes.append(f"Count darker pixels of the images: data_threshold below {data}.")
    if (threshold := parameters.get("mask_threshold") or 0) > PRECOMPUTED_THRESHOLD:
        changes.append(
            f"Count darker pixels of the mask: mask_threshold below {threshold}. NeuronBridge's own matches "
            f"have {PRECOMPUTED_THRESHOLD} for both thresholds."
        )
    if (fluctuation := parameters.get("pix_color_fluctuation") or 0) < 5:
        changes.append(f"Allow a larger difference in depth: pix_color_fluctuation above {fluctuation:g}, up to 5.")
    if (shift := parameters.get("xy_shift") or 0) < 4:
        changes.append(f"Allow the neuron to be shifted: xy_shift above {shift}, up to 4.")
    if not parameters.get("mirror_mask", True):
        changes.append("Look for the mirrored neuron too: mirror_mask=true.")
    changes.append("Check that the mask is registered to the template of the images.")
    return changes
