"""The matches in NeuronBridge's custom-match format.

The format is in `neuronbridge.schema.json`. It has no place for the matching ratio, the parts of a shape score, the
label boxes or the parameters, so those are in the table and in `parameters.json`. It requires values that a file name
need not tell. They are filled in like this; `filled_in` counts where, and the table leaves them empty:

- `publishedName`: the id of the image
- `libraryName`: the folder of the library, which the table has too
- `alignmentSpace`: from the size of the images, when it is one of the two templates'; else "unknown"
- `anatomicalArea`: from the alignment space; else "unknown"
- `slideCode`, `objective`: "unknown"
- `gender`: "f", because the format allows only "m" and "f"
- `type`: "LMImage", or "EMImage" when a neuron type or instance is known
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from .findings import UNKNOWN, Findings, Item, Mask, Match, area_of, file_name, metadata, name_of, score_of

FALLBACK_GENDER = "f"

_OPTIONAL = {
    "LMImage": {"mountingProtocol": "mounting_protocol"},
    "EMImage": {"neuronType": "neuron_type", "neuronInstance": "neuron_instance"},
}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a custom-match document."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("neuronbridge.schema.json").read_bytes())
    return found


def document(findings: Findings, mask_index: int) -> dict[str, Any]:
    """The matches of one mask, best first.

    Args:
        findings: what the search found
        mask_index: number of the mask, from 0

    Returns:
        `{"inputImage": ..., "results": [...]}`, which validates against `schema()`
    """
    mask = findings.masks[mask_index]
    return {
        "inputImage": {
            "filename": mask.file,
            "alignmentSpace": mask.alignment_space,
            "anatomicalArea": area_of(mask.alignment_space),
            "files": {"store": mask.location.removesuffix(mask.file), "CDM": mask.file},
        },
        "results": [_match(match, mask, findings.library_of(match["item"])) for match in findings.matches[mask_index]],
    }


def filled_in(findings: Findings) -> dict[str, dict[str, int]]:
    """How often a required value was filled in because the file name does not tell it.

    Returns:
        for each field of the format, the values written and the number of matches that got them; without
        `publishedName`, which then is the image's own id
    """
    counts: dict[str, Counter[str]] = {}
    for mask, matches in zip(findings.masks, findings.matches, strict=True):
        for match in matches:
            told = _told(match["item"])
            for name, value in _required(match["item"], mask, findings.library_of(match["item"])).items():
                if name not in told and name != "publishedName":
                    counts.setdefault(name, Counter())[value] += 1
    return {name: dict(values) for name, values in sorted(counts.items())}


def _match(match: Match, mask: Mask, library: str) -> dict[str, Any]:
    item = match["item"]
    return {
        "image": _image(item, mask, library),
        "files": {"store": library, "CDMInput": mask.file, "CDMMatch": item["key"]},
        "mirrored": match["mirrored"],
        "normalizedScore": score_of(match),
        "matchingPixels": match["matching_pixels"],
        "type": "CDSMatch",
    }


def _image(item: Item, mask: Mask, library: str) -> dict[str, Any]:
    known = metadata(item)
    pictures = {"store": library, "CDM": item["key"]}
    if thumbnail := item.get("thumbnail"):
        pictures["CDMThumbnail"] = thumbnail
    image: dict[str, Any] = {"id": item["id"], **_required(item, mask, library), "files": pictures}
    for name, source in _OPTIONAL[image["type"]].items():
        if known.get(source):
            image[name] = str(known[source])
    channel = str(known.get("channel") or "")
    if image["type"] == "LMImage" and channel.isascii() and channel.isdecimal():
        image["channel"] = int(channel)
    return image


def _required(item: Item, mask: Mask, library: str) -> dict[str, str]:
    """The required texts of an image: what its file name tells, and what stands in for the rest."""
    told = _told(item)
    space = told.get("alignmentSpace", mask.alignment_space)
    found = {
        "libraryName": file_name(library.rstrip("/")) or UNKNOWN,
        "publishedName": name_of(item),
        "alignmentSpace": space,
        "anatomicalArea": area_of(space),
        "gender": FALLBACK_GENDER,
        "type": "EMImage" if metadata(item).keys() & {"neuron_type", "neuron_instance"} else "LMImage",
    } | told
    if found["type"] == "EMImage":
        return {name: value for name, value in found.items() if name not in ("slideCode", "objective")}
    return {"slideCode": UNKNOWN, "objective": UNKNOWN} | found


def _told(item: Item) -> dict[str, str]:
    """The required texts that the file name tells."""
    known = metadata(item)
    sources = {
        "libraryName": "library_name",
        "publishedName": "published_name",
        "alignmentSpace": "alignment_space",
        "anatomicalArea": "anatomical_area",
        "gender": "gender",
        "type": "type",
        "slideCode": "slide_code",
        "objective": "objective",
    }
    allowed = {"gender": ("m", "f"), "type": ("LMImage", "EMImage")}
    return {
        name: str(known[source])
        for name, source in sources.items()
        if known.get(source) and (name not in allowed or known[source] in allowed[name])
    }
