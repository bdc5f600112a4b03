"""The result page: one HTML file that needs nothing but a browser.

Pictures and data are inside the file, and its Content-Security-Policy forbids every request, so it works
without a network, can be sent by mail, and shows file names as text whatever they contain.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from itertools import zip_longest
from pathlib import Path
from string import Template
from typing import Any

from .advice import why_no_match
from .findings import Findings, Mask, Match, library_name_of, metadata, name_of, score_of
from .pictures import Album, Decode, Made, Read, made_ahead

PICTURES = 60
"""Matches of each mask that carry their picture."""
PICTURE_BYTES = 12_000_000
"""Most bytes that all pictures take in the page."""
THUMBNAILS = 600
"""Further matches of each mask that carry their thumbnail, when the library has one."""
THUMBNAIL_BYTES = 9_000
"""Bytes of the page kept for each of those thumbnails, so that pictures of several masks don't take them all."""
MOST_THUMBNAIL_BYTES = 3_000_000
ROWS = 6_000
"""Most matches that the page lists, over all masks."""
ERRORS = 200
"""Most unreadable images that the page lists."""
ERRORS_KNOWN = 1_000
"""A job's result names no more; when there are so many, there may have been more."""

_DETAILS = (
    "alignment_space",
    "slide_code",
    "objective",
    "mounting_protocol",
    "neuron_type",
    "neuron_instance",
)


def page(findings: Findings, *, read: Read, decode: Decode, pictures: int = PICTURES) -> bytes:
    """The page as UTF-8 HTML, below 15 MB.

    Args:
        findings: what the search found
        read: gives the bytes of an image
        decode: gives the RGB pixels of an image
        pictures: matches of each mask that carry their picture, as far as there is room; the others are
            listed without, or with their thumbnail when the library has one

    An image that cannot be read is listed with the reason in place of its picture.
    """
    folder = Path(__file__).parent
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = (folder / "page.js").read_text(encoding="utf-8")
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    filled = Template((folder / "page.html").read_text(encoding="utf-8")).substitute(
        policy=policy,
        title=html.escape("Color-depth search: " + ", ".join(mask.file for mask in findings.masks[:3])),
        style=style,
        script=script,
        data=_embedded(_contents(findings, _album(findings, read, decode), pictures)),
    )
    # Lone surrogates (file names that are not valid UTF-8) can stand in the title only; all else is ASCII.
    return filled.encode("utf-8", "backslashreplace")


def _album(findings: Findings, read: Read, decode: Decode) -> Album:
    thumbnails = sum(
        _thumbnail_location(match, rank, PICTURES) is not None
        for matches in findings.matches
        for rank, match in enumerate(matches[: PICTURES + THUMBNAILS], 1)
    )
    return Album(read, decode, PICTURE_BYTES, spare=min(thumbnails * THUMBNAIL_BYTES, MOST_THUMBNAIL_BYTES))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _embedded(contents: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(contents, separators=(",", ":")).replace("<", "\\u003c")


def _contents(findings: Findings, album: Album, pictures: int) -> dict[str, Any]:
    masks = [_mask(findings, index, mask, album) for index, mask in enumerate(findings.masks)]
    listed = _listed(findings)

    making = (
        album.making(
            match["item"]["location"], match["item"]["file"], _thumbnail_location(match, rank, pictures),
            preview=rank <= pictures,
        )
        for _, rank, match in listed
    )  # fmt: skip
    for (index, rank, match), made in zip(listed, made_ahead(making), strict=True):
        masks[index]["matches"].append(_row(match, rank, made, album, pictures))
    return {
        "masks": masks,
        "pictures": album.urls,
        "searched": findings.searched,
        "library": ", ".join(findings.library_names),
        "parameters": dict(findings.parameters),
        "unread": _unread(findings),
        "unsearched": [{"start": start, "end": end, "reason": reason} for start, end, reason in findings.missing],
    }


def _listed(findings: Findings) -> list[tuple[int, int, Match]]:
    """The matches of the page: the number of the mask, the rank, the match.

    Best ranks of all masks first, so that no mask goes without pictures when there is no room for all.
    """
    listed: list[tuple[int, int, Match]] = []
    for rank, matches in enumerate(zip_longest(*findings.matches), 1):
        if len(listed) >= ROWS:
            break
        listed += [(index, rank, match) for index, match in enumerate(matches) if match is not None]
    return listed


def _unread(findings: Findings) -> dict[str, Any]:
    """Images that could not be read when they were searched, then those that could not when shapes were compared."""
    errors = [*findings.item_errors, *(findings.shape or {}).get("unread", ())]
    return {
        "count": len(errors),
        "orMore": len(findings.item_errors) >= ERRORS_KNOWN,
        "listed": [
            {"item": _item_name(entry.get("item")), "error": str(entry.get("error"))} for entry in errors[:ERRORS]
        ],
    }


def _mask(findings: Findings, index: int, mask: Mask, album: Album) -> dict[str, Any]:
    matches = findings.matches[index]
    advice = None if matches else why_no_match(findings, mask)
    return {
        "file": mask.file,
        "width": mask.width,
        "height": mask.height,
        "pixels": mask.pixels,
        "boxes": [list(box) for box in mask.label_boxes],
        "found": len(matches),
        "best": score_of(matches[0]) if matches else 0,
        "matches": [],
        "reason": advice.reason if advice else "",
        "conditions": advice.conditions if advice else [],
        "advice": advice.changes if advice else [],
        **album.mask(mask.location, mask.file),
    }


def _row(match: Match, rank: int, made: Made, album: Album, pictures: int) -> dict[str, Any]:
    item = match["item"]
    known = metadata(item)
    row = {
        "rank": rank,
        "name": name_of(item),
        "file": item["file"],
        "pixels": match["matching_pixels"],
        "ratio": match["matching_ratio"],
        "mirrored": match["mirrored"],
        "library": library_name_of(item),
        "sex": str(known.get("gender") or ""),
        "details": _details(match),
    }
    if "normalized_score" in match:
        row["score"] = match["normalized_score"]
    if rank > pictures:
        row["note"] = f"No picture in full size: the page has the best {pictures}. The image is {item['location']}"
    thumbnail = _thumbnail_location(match, rank, pictures)
    return row | album.keep(made, item["location"], thumbnail, preview=rank <= pictures)


def _details(match: Match) -> list[str]:
    known = metadata(match["item"])
    sex = {"f": "female", "m": "male"}.get(str(known.get("gender")))
    channel = f"channel {known['channel']}" if known.get("channel") else None
    texts = [
        _shape(match),
        library_name_of(match["item"]),
        sex,
        known.get("anatomical_area"),
        *(known.get(name) for name in _DETAILS),
    ]
    return [str(text) for text in [*texts, channel] if text]


def _shape(match: Match) -> str | None:
    shape = match.get("shape")
    if shape is None:
        return None
    return "shape not known" if shape["score"] < 0 else f"shape {shape['score']:,}"


def _thumbnail_location(match: Match, rank: int, pictures: int) -> str | None:
    """Where the library has the thumbnail, if it has one and the page shows that of this rank.

    Its key is relative to the same place as the image's key.
    """
    item = match["item"]
    key = item.get("thumbnail")
    if rank > pictures + THUMBNAILS or not key or ".." in key.split("/") or not item["location"].endswith(item["key"]):
        return None
    return item["location"].removesuffix(item["key"]) + key


def _item_name(item: Any) -> str:
    if isinstance(item, dict):
        return str(item.get("file") or item.get("id") or item)
    return str(item)
