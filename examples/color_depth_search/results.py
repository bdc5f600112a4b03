"""The combiner of the color-depth search: the best matches of each mask, and the reports on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import skyburst

from .names import order_of
from .query import mask_locations
from .report.findings import Match, file_name
from .wording import counted

Read = dict[str, Any]
"""What was read of an index: `{"shards", "requests", "bytes", "damaged": names of shards, each with what it has}`."""
MOST_LINES = 6
"""Of the summary: what is shown of any."""
SPARE = 1_000
"""Matches kept beyond the limit before the worst are dropped: sorting pays off only now and then."""


@skyburst.combiner(associative=True)
def best_matches(partials: Iterator[skyburst.PartialResult], context: skyburst.CombineContext) -> dict[str, Any]:
    """The best matches of each mask, at most `max_results_per_mask` of them (-1: all).

    A partial result is what a worker found, a list of matches, or what this combiner returned for a group
    of partial results.

    Returns:
        `{"matches": one list a mask, best first, "searched": number of images in the batches that ended}`, with
        `"read"`, what was read of the library's index, if there is one; matches with equally many pixels are in the order
        of the images' ids
    """
    limit = int(context.parameters.get("max_results_per_mask", -1))
    best: list[list[Match]] = [[] for _ in mask_locations(context.parameters)]
    searched = 0
    read: Read | None = None
    for partial in partials:
        images = partial.end - partial.start
        for entry in partial.results():
            if "searched" in entry:  # of a group, some batches may be missing; of an index, some items were removed
                images = entry["searched"]
            if "matches" in entry:  # the value of a group
                _keep(best, (match for matches in entry["matches"] for match in matches), limit)
            elif "mask" in entry:
                _keep(best, [entry], limit)
            if "read" in entry:
                read = entry["read"] if read is None else {key: read[key] + entry["read"][key] for key in read}
        searched += images
    for matches in best:
        _order(matches, limit)
    value = {"matches": best, "searched": searched}
    return value if read is None else value | {"read": read}


@best_matches.finish
def report(value: dict[str, Any], context: skyburst.FinishContext) -> dict[str, Any]:
    """Write the result files and return the NeuronBridge document of the mask.

    The files are `matches.json` (what is returned), `matches.csv`, `matches.html` and `parameters.json`.
    Of several masks, `{"masks": [document, ...]}` is returned, and each also gets a `matches-MASK.json`.
    """
    from .report.files import write_files  # what it takes is not needed where batches are searched

    return write_files(value, context)


@best_matches.summary
def summary(value: dict[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    """How many matches there are, and the best, or of several masks the best of each of the first; last, what was read."""
    found: list[list[Match]] = value["matches"]
    about = [_line_of_shape(value["shape"])] if "shape" in value else []
    if "read" in value:
        about.append(_line_of_index(value["read"]))
    most = MOST_LINES - 1 - len(about)
    among = f"among {counted(value['searched'], 'image')}"
    if not any(found):
        return [f"no match {among}", *about]
    total = counted(sum(map(len, found)), "match", "matches")
    if len(found) == 1:
        best = [_line(match, f"#{rank}") for rank, match in enumerate(found[0][:most], 1)]
        return [f"{total} {among}", *best, *about]
    masks = zip(mask_locations(parameters), found, strict=True)
    best = [_line(matches[0], _printable(file_name(mask))) for mask, matches in masks if matches][:most]
    return [f"{total} of {len(found):,} masks {among}", *best, *about]


def _keep(best: list[list[Match]], matches: Iterator[Match] | list[Match], limit: int) -> None:
    """Add matches to those of their masks, in bounded memory when there is a limit."""
    for match in matches:
        kept = best[match["mask"]]
        kept.append(match)
        if len(kept) >= limit + SPARE and limit >= 0:
            _order(kept, limit)


def _order(matches: list[Match], limit: int) -> None:
    """Put the best first and drop what is beyond the limit."""
    matches.sort(key=lambda match: (-match["matching_pixels"], order_of(match["item"])))
    if limit >= 0:
        del matches[limit:]


def _line(match: Match, head: str) -> str:
    share = f"{100 * match['matching_ratio']:.1f} %"
    mirrored = "  (mirrored)" if match["mirrored"] else ""
    score = f"{match['normalized_score']:,.1f}  " if "normalized_score" in match else ""
    return f"{head}  {score}{match['matching_pixels']:,} px  {share}  {_printable(match['item']['id'])}{mirrored}"


def _line_of_shape(shape: dict[str, Any]) -> str:
    line = f"ranked by shape: {shape['scored']:,} matches compared"
    return line + (f", {shape['not_known']:,} could not be read" if shape["not_known"] else "")


def _line_of_index(read: Read) -> str:
    line = f"index: {read['bytes'] / 1e6:,.1f} MB in {counted(read['requests'], 'read')} of {counted(read['shards'], 'shard')}"
    if read["damaged"]:
        damaged = f"damaged: {counted(len(read['damaged']), 'shard')}, of which the images were searched"
        line += f"; {damaged}: index the library again"
    return line


def _printable(text: str) -> str:
    """A file name may hold control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)
