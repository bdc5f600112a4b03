"""Masks, images and matches that the tests of the reports are made of."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from examples.color_depth_search.images import read_image
from examples.color_depth_search.report.findings import Findings, Item, Mask, Match
from examples.color_depth_search.report.page import page

WIDTH, HEIGHT = 200, 100
RED, BLUE = (255, 0, 0), (0, 0, 255)

PARAMETERS = {
    "mask": ["/masks/mask.png"],
    "library": "/libraries/brains",
    "mask_threshold": 20,
    "data_threshold": 100,
    "pix_color_fluctuation": 2.0,
    "xy_shift": 2,
    "mirror_mask": True,
    "min_matching_pix_ratio": 2.0,
    "max_results_per_mask": -1,
    "label_boxes": [[0, 0, 33, 10]],
    "negative_mask": None,
    "use_index": True,
    "rank_by": "pixels",
    "shape_matches": 300,
    "z_gap_radius": 20,
}

LM = {
    "published_name": "VT007350",
    "library_name": "FlyLight_Gen1_MCFO",
    "alignment_space": "JRC2018_Unisex_20x_HR",
    "anatomical_area": "Brain",
    "gender": "m",
    "slide_code": "20180803_63_H2",
    "objective": "40x",
    "channel": "2",
    "mounting_protocol": "DPX PBS Mounting",
    "type": "LMImage",
}
EM = {
    "published_name": "hemibrain:1.2.1:638377283",
    "library_name": "FlyEM_Hemibrain_v1.2.1",
    "alignment_space": "JRC2018_Unisex_20x_HR",
    "anatomical_area": "Brain",
    "gender": "f",
    "neuron_type": "PFNp_c",
    "neuron_instance": "PFNp_c_R",
    "type": "EMImage",
}


def item(name: str = "image", folder: str = "/libraries/brains", **values: Any) -> Item:
    """An item of an unbuilt library."""
    file = f"{name}.png"
    made = {"id": name, "file": file, "location": f"{folder}/{file}", "key": file, "metadata": {}, **values}
    return Item(**made)  # type: ignore[typeddict-item]


def match(pixels: int, of: Item | None = None, *, mirrored: bool = False, mask: int = 0) -> Match:
    """A match of so many pixels of a mask of 1,000."""
    return Match(
        mask=mask,
        item=of or item(),
        matching_pixels=pixels,
        matching_ratio=pixels / 1000,
        mirrored=mirrored,
    )


def findings(*matches: Sequence[Match], masks: Sequence[Mask] | None = None, **values: Any) -> Findings:
    """What a search with one mask for each list of matches found."""
    made = masks or [Mask(f"/masks/mask{n or ''}.png", WIDTH, HEIGHT, 1000) for n in range(len(matches))]
    return Findings(masks=made, matches=matches, **({"searched": 50, "parameters": PARAMETERS} | values))


def halves(left: tuple[int, int, int] = RED, right: tuple[int, int, int] = BLUE, width: int = WIDTH) -> bytes:
    """A PNG of two colors."""
    pixels = np.zeros((HEIGHT, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = left, right
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pictured(found: Findings, **options: Any) -> bytes:
    """The page of a search whose images are all red on the left and blue on the right."""
    return page(found, read=lambda _: halves(), decode=read_image, **options)


def pictured_from_disk(found: Findings, **options: Any) -> bytes:
    """The page of a search whose images are files."""
    return page(found, read=lambda location: Path(location).read_bytes(), decode=read_image, **options)
