"""File names as NeuronBridge writes them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

TEMPLATE: Final = "JRC2018_Unisex_20x_HR"
_FIRST_DAY: Final = dt.date(2016, 1, 4)
# A number without a common factor with the range makes a permutation: unlike images get unlike names.
_SLIDES: Final = 10_000_000
_SLIDE_STEP: Final = 6_180_339
_BODIES: Final = 1_000_000_000
_BODY_STEP: Final = 618_033_989


@dataclass(frozen=True, slots=True)
class Name:
    """What an image is called."""

    file: str
    lines: tuple[str, ...]
    """The text in its top left corner."""
    electron: bool
    """Whether it is in electron microscopy style."""


def micrograph_name(image: int, rng: np.random.Generator) -> Name:
    """The name of a light microscopy image of a driver line, unique for each ``image`` number."""
    number = image * _SLIDE_STEP % _SLIDES
    day, number = divmod(number, 9600)
    slide, well = divmod(number, 96)
    date = _FIRST_DAY + dt.timedelta(days=3 * day)
    slide_code = f"{date:%Y%m%d}_{slide:02d}_{'ABCDEFGH'[well // 12]}{well % 12 + 1}"
    if rng.random() < 0.5:
        line = f"VT{rng.integers(500, 65000):06d}"
    else:
        line = f"R{rng.integers(10, 96):02d}{'ABCDEFGH'[rng.integers(8)]}{rng.integers(1, 13):02d}"
    sex = "mf"[rng.integers(2)]
    objective = ("40x", "40x", "63x", "20x")[rng.integers(4)]
    channel = int(rng.integers(1, 4))
    file = f"{line}-{slide_code}-GAL4-{sex}-{objective}-brain-{TEMPLATE}-CDM_{channel}.tif"
    return Name(file, (line, slide_code, f"{sex} {objective} brain CH{channel}"), electron=False)


def reconstruction_name(image: int, *, mask: bool = False) -> Name:
    """The name of an electron microscopy image: the number of its body, unique for each ``image`` number."""
    body = (2 if mask else 1) * _BODIES + (image + 1) * _BODY_STEP % _BODIES
    return Name(f"{body}-{TEMPLATE}-CDM.tif", (str(body),), electron=True)
