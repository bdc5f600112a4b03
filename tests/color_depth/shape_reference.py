"""Shape score written a second time: slow, one pixel at a time, from the description, sharing no code with the package."""

from __future__ import annotations

import math
from collections.abc import Sequence

from examples.color_depth_search.generate.color_map import color_map
from tests.color_depth.reference import Colour, Image

Box = tuple[int, int, int, int]
BLACK = (0, 0, 0)
COLOUR_MAP = color_map().tolist()


def in_disk(dx: int, dy: int, radius: int) -> bool:
    """Whether an offset lies in ImageJ's disk."""
    return abs(dy) <= radius and abs(dx) <= math.floor(math.sqrt(radius**2 + 1 - dy**2))


def disk_maximum(image: Image, radius: int) -> Image:
    """For each pixel and each channel the largest value in the disk."""
    height, width = len(image), len(image[0])
    lit = [(x, y, image[y][x]) for y in range(height) for x in range(width) if any(image[y][x])]

    def at(x: int, y: int) -> Colour:
        near = [colour for lit_x, lit_y, colour in lit if in_disk(lit_x - x, lit_y - y, radius)]
        return tuple(max(channel) for channel in zip(*near, strict=True)) if near else BLACK

    return [[at(x, y) for x in range(width)] for y in range(height)]


def distances(inside: Sequence[Sequence[bool]]) -> list[list[int]]:
    """For each pixel |dx| + |dy| to the nearest one of the set; height + width if it is empty."""
    height, width = len(inside), len(inside[0])
    members = [(x, y) for y in range(height) for x in range(width) if inside[y][x]]
    return [
        [min((abs(x - to_x) + abs(y - to_y) for to_x, to_y in members), default=height + width) for x in range(width)]
        for y in range(height)
    ]


def clear(image: Image, boxes: Sequence[Box]) -> Image:
    """The image, black in boxes, which are in pixels."""
    return [
        [
            BLACK if any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in boxes) else tuple(colour)
            for x, colour in enumerate(row)
        ]
        for y, row in enumerate(image)
    ]


def above(image: Image, threshold: int) -> Image:
    """The image, black where no channel is above the threshold."""
    return [[colour if max(colour) > threshold else BLACK for colour in row] for row in image]


def grey(colour: Colour) -> int:
    return int(sum(colour) / 3 + 0.5)


def slice_of(colour: Colour) -> int:
    """The slice of a colour, from 1 to 256."""
    red, green, blue = colour
    if red >= green and red >= blue:
        largest, (second, first, last) = red, (green, 172, 213) if green >= blue else (blue, 214, 256)
    elif green >= red and green >= blue:
        largest, (second, first, last) = green, (red, 129, 171) if red >= blue else (blue, 87, 128)
    else:
        largest, (second, first, last) = blue, (red, 1, 30) if red >= green else (green, 31, 86)
    nearest, least = 0, math.inf
    for number in range(first, last + 1):
        of_slice = sorted(COLOUR_MAP[number - 1])
        gap = abs(second / largest - of_slice[1] / of_slice[2])
        if gap < least:
            nearest, least = number, gap
    return nearest


def score(
    query: Image,
    target: Image,
    gradient: Sequence[Sequence[int]],
    z_gap: Image,
    *,
    threshold: int,
    mirror: bool,
    boxes: Sequence[Box],
) -> tuple[int, int, int, bool]:
    """Gap, area, score and whether the mirrored query was better."""
    query, target, z_gap = clear(query, boxes), clear(target, boxes), above(z_gap, threshold)
    query_mask = [[int(grey(colour) > 2) for colour in row] for row in query]
    far, near = disk_maximum(query, 60), disk_maximum(query, 20)
    high_mask = [
        [grey(colour) > 0 and not any(close) for colour, close in zip(*rows, strict=True)]
        for rows in zip(far, near, strict=True)
    ]
    found = []
    for mirrored in (False, True) if mirror else (False,):
        if mirrored:
            query, query_mask, high_mask, z_gap = (
                [list(reversed(row)) for row in image] for image in (query, query_mask, high_mask, z_gap)
            )
        gap = area = 0
        for y, row in enumerate(query):
            for x, colour in enumerate(row):
                value = query_mask[y][x] * gradient[y][x]
                if any(colour) and any(z_gap[y][x]):
                    slices = abs(slice_of(colour) - slice_of(z_gap[y][x]))
                    value = slices - 40 if slices >= 80 else value
                gap += value if value > 3 else 0
                area += high_mask[y][x] and max(target[y][x]) > threshold
        found.append((gap, area, gap + area // 3, mirrored))
    return found[1] if mirror and found[1][2] < found[0][2] else found[0]
