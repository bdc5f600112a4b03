"""Color-depth search written a second time: slow, one pixel at a time, sharing no code with the package."""

from __future__ import annotations

import math
from collections.abc import Sequence

Colour = Sequence[int]
Image = Sequence[Sequence[Colour]]  # rows of pixels


def gap(one: Colour, other: Colour) -> float:
    """The gap of two colours, straight from the table of pairs of classes."""
    first, second = sorted((_class_and_ratio(one), _class_and_ratio(other)))
    (class_1, ratio_1), (class_2, ratio_2) = first, second
    if class_1 == class_2 != "none" and ratio_1 > 0 and ratio_2 > 0:
        return abs(ratio_1 - ratio_2)
    match class_1, class_2:
        case "BG", "BR" if ratio_2 < 0.44 and ratio_1 < 0.54:
            return (ratio_2 - 0.354862745) + (ratio_1 - 0.354862745)
        case "BG", "GB" if ratio_1 > 0.8 and ratio_2 > 0.8:
            return (0.996078431 - ratio_1) + (0.996078431 - ratio_2)
        case "GB", "GR" if ratio_1 < 0.7 and ratio_2 < 0.7:
            return (ratio_1 - 0.505882353) + (ratio_2 - 0.505882353)
        case "GR", "RG" if ratio_1 > 0.8 and ratio_2 > 0.8:
            return (0.996078431 - ratio_1) + (0.996078431 - ratio_2)
        case "RB", "RG" if ratio_1 < 0.7 and ratio_2 < 0.7:
            return (ratio_2 - 0.505882353) + (ratio_1 - 0.505882353)
    return 10000.0


def _class_and_ratio(colour: Colour) -> tuple[str, float]:
    red, green, blue = (int(channel) for channel in colour)
    if blue > red and blue > green:
        return ("BR", red / blue) if red > green else ("BG", green / blue)
    if green > blue and green > red:
        return ("GB", blue / green) if blue > red else ("GR", red / green)
    if red > blue and red > green:
        return ("RG", green / red) if green > blue else ("RB", blue / red)
    return ("none", 0.0)


def mask_pixels(image: Image, threshold: int, boxes: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """The (x, y) of a mask's pixels; boxes are in pixels of the image."""
    return [
        (x, y)
        for y, row in enumerate(image)
        for x, colour in enumerate(row)
        if any(channel > threshold for channel in colour)
        and not any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in boxes)
    ]


def shifts(xy_shift: int) -> list[tuple[int, int]]:
    """All (dx, dy) that are tried, in order, (0, 0) twice for a shift of 4."""
    if xy_shift == 0:
        return [(0, 0)]
    return [(dx, dy) for i in range(2, xy_shift + 1, 2) for dx in (-i, 0, i) for dy in (-i, 0, i)]


def variant_score(
    mask: Image,
    pixels: Sequence[tuple[int, int]],
    target: Image,
    *,
    shift: tuple[int, int],
    mirrored: bool,
    data_threshold: int,
    tolerance: float,
) -> int:
    """How many mask pixels match for one shift, mirrored or not."""
    height, width = len(target), len(target[0])
    score = 0
    for x, y in pixels:
        to_x, to_y = x + shift[0], y + shift[1]
        if not (0 <= to_x < width and 0 <= to_y < height):
            continue
        colour = target[to_y][width - 1 - to_x if mirrored else to_x]
        if any(channel > data_threshold for channel in colour) and gap(mask[y][x], colour) <= tolerance:
            score += 1
    return score


def search(
    mask: Image,
    target: Image,
    *,
    mask_threshold: int,
    data_threshold: int,
    tolerance: float,
    xy_shift: int,
    mirror: bool,
    boxes: Sequence[tuple[int, int, int, int]] = (),
    negative: Image | None = None,
) -> tuple[int, float, bool]:
    """The score, the ratio and whether the mirrored image was better."""
    pixels = mask_pixels(mask, mask_threshold, boxes)
    against = mask_pixels(negative, mask_threshold, boxes) if negative is not None else []
    if not pixels:
        return 0, 0.0, False

    def best(image: Image, of: Sequence[tuple[int, int]], mirrored: bool) -> int:
        return max(
            variant_score(
                image,
                of,
                target,
                shift=shift,
                mirrored=mirrored,
                data_threshold=data_threshold,
                tolerance=tolerance,
            )
            for shift in shifts(xy_shift)
        )

    results = []
    for mirrored in (False, True) if mirror else (False,):
        score = best(mask, pixels, mirrored)
        ratio = score / len(pixels)
        if negative is not None and against:
            lost = best(negative, against, mirrored)
            ratio -= lost / len(against)
            score = math.floor(score - lost * (len(pixels) / len(against)) + 0.5)
        results.append((score, ratio, mirrored))
    if mirror and results[1][1] > results[0][1]:
        return results[1]
    return results[0]
