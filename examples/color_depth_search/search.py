"""The worker of the color-depth search: compares the masks with the images of one batch."""

from __future__ import annotations

from heapq import nsmallest
from typing import Any

import skyburst
from skyburst.objects import locate

from .images import ImageError, read_image
from .names import library_name, order_of
from .query import library_locations, make_index_match, make_pixel_match

Match = dict[str, Any]


@skyburst.worker
def search(batch: skyburst.Batch) -> list[dict[str, Any]]:
    """Return the matches of each mask among the images of a batch.

    An image matches when its score is above 0 and above `min_matching_pix_ratio` percent of the mask. An
    image that can't be read is reported and left out. Images of an index are searched in it, with the same scores; where it
    is damaged, they are searched themselves.

    Returns:
        Matches `{"mask": index of the mask, "item", "matching_pixels", "matching_ratio", "mirrored"}`, at
        most `max_results_per_mask` (-1: all) of each mask; then, if there is an index, `{"read": {"shards", "requests",
        "bytes", "damaged"}, "searched": number of images}`: items that were removed are no images.
    """
    if batch.items and "shard" in batch.items[0]:
        return _search_index(batch)
    return best(_search_images(batch, batch.items), batch.parameters["max_results_per_mask"])


def _search_images(batch: skyburst.Batch, images: list[dict[str, Any]]) -> list[Match]:
    context, parameters = batch.context, batch.parameters
    masks = context.once("pixel-match", lambda: make_pixel_match(parameters, context.read))
    size, above_ratio = (masks.width, masks.height), parameters["min_matching_pix_ratio"] / 100
    found: list[Match] = []
    items = (located(item, context.items_location) for item in images)
    for item, read in context.read_each(items, lambda item: item["location"]):
        try:
            pixels = read_image(read(), item["file"], size=size, rows=masks.rows)
        except (ImageError, FileNotFoundError, PermissionError, skyburst.ObjectNotFound) as error:
            context.item_failed(item, error)
            continue
        for index, score in enumerate(masks.matches(pixels, above_ratio)):
            if score is not None:
                found.append({"mask": index, "item": item} | score._asdict())
    return found


def _search_index(batch: skyburst.Batch) -> list[dict[str, Any]]:
    from .index.search import by_shard, library_item, search_shard
    from .index.shard_file import IndexDamaged

    context, parameters = batch.context, batch.parameters
    library = context.items_location or library_locations(parameters)[0]
    masks = context.once("index-match", lambda: make_index_match(parameters, context.read))
    found: list[Match] = []
    searched = 0
    read: dict[str, Any] = {"shards": 0, "requests": 0, "bytes": 0, "damaged": []}
    for name, images in by_shard(batch.items):
        try:
            matches, traffic = search_shard(masks, library, name, images, parameters["min_matching_pix_ratio"] / 100)
        except IndexDamaged as error:
            read["damaged"].append(f"{name}: {error}")
            matches = _search_images(batch, [library_item(image, library) for image in images])
        else:
            read |= {key: read[key] + value for key, value in traffic.items()}
        found += matches
        searched += len(images)
    return [*best(found, parameters["max_results_per_mask"]), {"read": read, "searched": searched}]


def located(item: dict[str, Any], library: str | None) -> dict[str, Any]:
    """Return an item with the location of its image and the name of its library; those of a built one have its key alone."""
    if "location" in item or library is None:
        return item
    return item | {"location": locate(library, item["key"]), "library": library_name(item, library)}


def best(matches: list[Match], limit: int) -> list[Match]:
    """Return the best matches of each mask, at most `limit` of each; all if it is negative."""
    if limit < 0:
        return matches
    kept: list[Match] = []
    for mask in sorted({match["mask"] for match in matches}):
        of_mask = [match for match in matches if match["mask"] == mask]
        kept += nsmallest(limit, of_mask, key=_rank)
    return kept


def _rank(match: Match) -> tuple[int, tuple[str, ...]]:
    """Best first."""
    return -match["matching_pixels"], order_of(match["item"])
