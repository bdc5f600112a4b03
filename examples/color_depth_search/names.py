"""What the file names of NeuronBridge tell about an image.

The names of the public libraries are fields joined by hyphens (README of the bucket
janelia-flylight-color-depth):

    LINE-SLIDE_CODE-DRIVER-SEX-OBJECTIVE-AREA-ALIGNMENT_SPACE-CDM_CHANNEL[-NEURON]    light microscopy
    BODY_ID[-STATUS]-ALIGNMENT_SPACE-CDM                                             electron microscopy

Older names leave fields out or change their order, so each field is recognised by what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

# 20180803_63_H2, 20111230_32_mA01b_20111230103554390, sample_004038 (imaged in Vienna)
_SLIDE_CODE = re.compile(r"(?:19|20)\d{6}_[0-9A-Za-z]+_[0-9A-Za-z]+(?:_\d+)?|sample_\d+", re.ASCII)
_SPACE = re.compile(
    r"J(?:F)?RC20\d\d(?:_VNC)?_(?:Unisex|Female|Male)(?:_\d+x)?(?:_(?:HR|DS))?", re.ASCII | re.IGNORECASE
)
_CHANNEL = re.compile(r"(?:CDM|color_depth|ch)_?(\d{1,2})(?![0-9A-Za-z])", re.ASCII | re.IGNORECASE)
_MASK_CHANNEL = re.compile(r"_(\d{1,2})_mask$", re.ASCII | re.IGNORECASE)
_OBJECTIVE = re.compile(r"\d{2,3}x", re.ASCII | re.IGNORECASE)
_BODY = re.compile(r"(\d{5,20})(?:[-_][A-Z]{1,3})?[-_](?:JRC2018\w*|18U|J?FRC\w*)(?:[-_].*)?", re.ASCII | re.IGNORECASE)
_LIBRARY = re.compile(r"(?:FlyLight|FlyEM|FlyWire|Vienna)_[\w.+-]+", re.ASCII | re.IGNORECASE)

_DRIVERS = {"gal4": "GAL4", "lexa": "LexA", "split_gal4": "Split_GAL4"}
_AREAS = {"brain": "Brain", "central": "Brain", "vnc": "VNC"}
_SEXES = {"m": "m", "f": "f"}
# Which animal a volume of electron microscopy was taken from, by a word in the name of the library.
_EM_SEXES = {"hemibrain": "f", "fafb": "f", "manc": "m", "male_cns": "m"}
_FLYWIRE_BODY = "720575940"

_GMR_LINE = re.compile(r"(?:GMR_)?(\d{1,2})([A-H]\d\d)_[A-Z]{2}_\d\d", re.ASCII)
_VT_LINE = re.compile(r"(VT\d{6})_.*", re.ASCII)


def library_name(item: Mapping[str, Any], library: str) -> str:
    """Return what the library of an image is called: as its file's folders tell, else the name of the library's own folder."""
    told = (item.get("metadata") or {}).get("library_name")
    return str(told or PurePosixPath(library.replace("\\", "/")).name or library)


def order_of(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return what images that match equally well are ordered by, whatever the batches are: their ids first.

    Images of one name in several libraries come in the order of what these are called, wherever they lie.
    """
    return item["id"], item.get("library", ""), item["key"], item.get("location", "")


def parse_name(file_name: str) -> dict[str, str]:
    """Return what a file name tells about an image; a path also tells the library.

    Returns:
        Those that are known of: published_name (line or body id), library_name, alignment_space, gender (m
        or f), anatomical_area (Brain or VNC), slide_code, objective, channel, driver (GAL4, LexA or
        Split_GAL4) and type (LMImage or EMImage). Empty for a name of another kind; never an error.
    """
    path = PurePosixPath(file_name.replace("\\", "/"))
    stem = path.stem
    found: dict[str, str] = {}
    libraries = [part for part in path.parts[:-1] if _LIBRARY.fullmatch(part)]
    if libraries:
        found["library_name"] = libraries[-1]
    space = _SPACE.search(stem)
    if space:
        found["alignment_space"] = space.group()
        found["anatomical_area"] = "VNC" if "_VNC" in space.group().upper() else "Brain"
    body = _BODY.fullmatch(stem)
    if body:
        return found | _electron(body.group(1), found.get("library_name", ""))
    return found | _light(stem)


def _electron(body: str, library: str) -> dict[str, str]:
    known = {"type": "EMImage", "published_name": body}
    sexes = [sex for word, sex in _EM_SEXES.items() if word in library.lower()]
    if sexes or body.startswith(_FLYWIRE_BODY):
        known["gender"] = sexes[0] if sexes else "f"
    return known


def _light(stem: str) -> dict[str, str]:
    slide = _SLIDE_CODE.search(stem)
    if slide is None:
        return {}
    known = {"type": "LMImage", "slide_code": slide.group()}
    # Some names begin with the objective: 20x-64G05_AE_01-20150924_19_C1-...
    before = [field for field in stem[: slide.start()].rstrip("-_").split("-") if field]
    if before and _OBJECTIVE.fullmatch(before[0]):
        known["objective"] = before.pop(0).lower()
    if before:
        known["published_name"] = _published_line("-".join(before))
    after = stem[slide.end() :]
    for field in after.split("-"):
        word = field.lower()
        for key, table in (("driver", _DRIVERS), ("gender", _SEXES), ("anatomical_area", _AREAS)):
            if word in table:
                known.setdefault(key, table[word])
        if _OBJECTIVE.fullmatch(field):
            known.setdefault("objective", word)
    channel = _CHANNEL.search(after) or _MASK_CHANNEL.search(after)
    if channel:
        known["channel"] = channel.group(1)
    return known


def _published_line(line: str) -> str:
    """Return the name a line is published under: 64G05_AE_01 is R64G05, VT033614_127B01_AE_01 is VT033614."""
    gmr = _GMR_LINE.fullmatch(line)
    if gmr:
        return f"R{gmr.group(1):0>2}{gmr.group(2)}"
    vienna = _VT_LINE.fullmatch(line)
    if vienna:
        return vienna.group(1)
    return line.removeprefix("GMR_")
