"""The second stage of a search that is ranked by shape: the best matches of each mask are compared in shape, and ordered anew.

NeuronBridge does so with what it computes in advance (`Shape2DMatchColorDepthSearchAlgorithm` and
`NormalizeGradientScoresCmd` of colormipsearch), with the best 300 matches of each mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

import skyburst
from skyburst.objects import locate

from ..image_error import ImageError
from ..images import read_image
from ..masks import DEFAULT_LABEL_BOXES, check_boxes, place_boxes
from ..names import order_of
from ..query import mask_locations
from .normalized_score import normalized_score
from .shape_files import decode_gradient, decode_z_gap
from .shape_images import RADIUS, ShapeImages, make_shape_images
from .shape_mask import ShapeMask
from .shape_score import NOT_KNOWN, ShapeScore

MATCHES_PER_TASK = 16
"""About a quarter of a second of work; reading ahead keeps this many images in flight."""

_UNREADABLE = (ImageError, FileNotFoundError, PermissionError, skyburst.ObjectNotFound)


def tasks(value: dict[str, Any], context: skyburst.CombineContext) -> Iterator[dict[str, Any]]:
    """Yield the best matches of each mask in small groups: `{"mask": its index, "items"}`; none unless ranked by shape."""
    if context.parameters["rank_by"] != "shape":
        return
    for mask, matches in enumerate(value["matches"]):
        items = [match["item"] for match in matches[: context.parameters["shape_matches"]]]
        for start in range(0, len(items), MATCHES_PER_TASK):
            yield {"mask": mask, "items": items[start : start + MATCHES_PER_TASK]}


def score_shapes(task: dict[str, Any], context: skyburst.TaskContext) -> dict[str, Any]:
    """Compare images with one mask in shape.

    The gradient and z-gap images of a library are used when they are of the label boxes and the radius of this search, and
    can be read; else they are made from the image, and are the same.

    Returns:
        `{"mask", "scores": a `ShapeScore` for each item, "stored", "made": of how many items the derived images were read
        and made, "unread": `{"item", "error"}` of images that can't be read, whose score is not known}`
    """
    parameters = context.parameters
    mask = context.once(f"shape-mask-{task['mask']}", lambda: _load_mask(task["mask"], context))
    with_stored = _stored_ones_fit(parameters, mask)
    scores: list[ShapeScore] = []
    counts = {"stored": 0, "made": 0}
    unread: list[dict[str, Any]] = []
    reads = context.read_each(_files(task["items"], with_stored=with_stored), itemgetter("location"))
    for number, files in groupby(reads, lambda entry: entry[0]["number"]):
        item = task["items"][number]
        read = {file["name"]: read for file, read in files}
        size = (mask.width, mask.height)
        try:
            stored = _read_stored(read, size)
            if stored is None:
                pixels = read_image(read["image"](), item["file"], size=size)
                images = make_shape_images(
                    pixels,
                    label_boxes=check_boxes(parameters["label_boxes"]),
                    z_gap_radius=parameters["z_gap_radius"],
                    z_gap_within=mask.box,
                )
            else:
                pixels = np.zeros((mask.height, mask.width, 3), np.uint8)
                rows = mask.rows
                pixels[rows.start : rows.stop] = read_image(read["image"](), item["file"], size=size, rows=rows)
                images = stored
        except _UNREADABLE as error:
            scores.append(NOT_KNOWN)
            unread.append({"item": item, "error": f"{type(error).__name__}: {error}"})
            continue
        scores.append(mask.score(pixels, *images))
        counts["made" if stored is None else "stored"] += 1
    return {"mask": task["mask"], "scores": [score._asdict() for score in scores], **counts, "unread": unread}


def rank(value: dict[str, Any], results: Iterator[dict[str, Any]], context: skyburst.CombineContext) -> dict[str, Any]:
    """Put the matches that were compared in shape in the order of their normalised scores; the rest follow as they were.

    Returns:
        the value with matches that have a `normalized_score` and, if they were compared, their `shape`, a `ShapeScore`;
        and `"shape": {"z_gap_radius", "scored", "not_known", "stored", "made": numbers of pairs of a mask and an image,
        "unread": as of `score_shapes`, each image once}`
    """
    scores: list[list[dict[str, Any]]] = [[] for _ in value["matches"]]
    counts = {"stored": 0, "made": 0}
    unread: dict[str, dict[str, Any]] = {}
    for result in results:
        scores[result["mask"]] += result["scores"]
        counts = {name: count + result[name] for name, count in counts.items()}
        unread |= {entry["item"]["location"]: entry for entry in result["unread"]}
    shape = {
        "z_gap_radius": context.parameters["z_gap_radius"],
        "scored": sum(counts.values()),
        "not_known": sum(map(len, scores)) - sum(counts.values()),
        **counts,
        "unread": list(unread.values()),
    }
    matches = [ranked(of_mask, found) for of_mask, found in zip(value["matches"], scores, strict=True)]
    return value | {"matches": matches, "shape": shape}


def ranked(matches: Sequence[dict[str, Any]], shapes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the matches of one mask in their new order.

    Args:
        matches: of the mask, best first by their pixels.
        shapes: shape scores of the first of them. The rest, and those whose score is not known, get the normalised score
            that the worst shape gives, so that all are on one scale and fall through the whole list.
    """
    most = max((match["matching_pixels"] for match in matches[: len(shapes)]), default=0)
    worst = max((shape["score"] for shape in shapes), default=-1)

    def scored(match: dict[str, Any], shape_score: int) -> dict[str, Any]:
        score = normalized_score(match["matching_pixels"], shape_score, most_pixels=most, worst_shape=worst)
        return {**match, "normalized_score": score}

    pairs = zip(matches, shapes, strict=False)  # there may be more matches
    known = ((match, shape, shape["score"] if shape["score"] >= 0 else worst) for match, shape in pairs)
    first = [{**scored(match, score), "shape": shape} for match, shape, score in known]
    first.sort(key=_order)
    return first + [scored(match, worst) for match in matches[len(shapes) :]]


def _order(match: dict[str, Any]) -> tuple[float, int, tuple[str, ...]]:
    """Best first; of equal ones that with more pixels, as in the search."""
    return -match["normalized_score"], -match["matching_pixels"], order_of(match["item"])


def _load_mask(number: int, context: skyburst.TaskContext) -> ShapeMask:
    parameters = context.parameters
    location = mask_locations(parameters)[number]
    return ShapeMask(
        read_image(context.read(location), location),
        threshold=parameters["data_threshold"],
        mirror=parameters["mirror_mask"],
        label_boxes=check_boxes(parameters["label_boxes"]),
    )


def _stored_ones_fit(parameters: Mapping[str, Any], mask: ShapeMask) -> bool:
    """Whether the derived images of a library are those of this search."""
    given, default = check_boxes(parameters["label_boxes"]), DEFAULT_LABEL_BOXES
    same_boxes = place_boxes(given, mask.width, mask.height) == place_boxes(default, mask.width, mask.height)
    return same_boxes and parameters["z_gap_radius"] == RADIUS


def _files(items: Sequence[dict[str, Any]], *, with_stored: bool) -> Iterator[dict[str, Any]]:
    """Yield what is to be read of each item: its image, then the derived ones, if the library has them."""
    for number, item in enumerate(items):
        yield {"number": number, "name": "image", "location": item["location"]}
        library = item["location"].removesuffix(item["key"])
        for name, key in (item.get("variants") or {}).items() if with_stored else ():
            yield {"number": number, "name": name, "location": locate(library, key)}


def _read_stored(read: Mapping[str, Any], size: tuple[int, int]) -> ShapeImages | None:
    """Read the derived images of a library; None if one of them is missing or damaged, which `verify` tells of."""
    if not {"gradient", "z_gap"} <= read.keys():
        return None
    try:
        return ShapeImages(
            decode_gradient(read["gradient"](), "gradient", size=size),
            decode_z_gap(read["z_gap"](), "z_gap", size=size),
        )
    except _UNREADABLE:
        return None
