"""Families of neurons that share a cell body site, tracts and neuropils, as hemilineages do.

Neurons of one family resemble each other without being the same cell: they are what makes a search hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np

from .brain import (
    COMMISSURES,
    HEIGHT,
    MIDLINE,
    NEUROPILS,
    PIXELS_PER_SLICE,
    Ellipsoid,
    Floats,
    neuropil,
    surface_point,
)

_ATLAS_SEED: Final = 2018  # the same brain in every library

# Cell body direction (a/p anterior/posterior, d/v dorsal/ventral, l/m lateral/medial), dendrites, targets of
# the axon: "neck" leaves through the neck, "-" is no axon. A leading "|" marks columnar neurons, many alike.
_DESCRIPTIONS: Final = (
    "al AL CA LH", "dl AL LH", "al AL -", "vl AL LH PLP", "am AL AL*", "p AVLP AVLP*", "p AVLP PVLP* SLP",
    "al AVLP -", "av AVLP WED GNG", "pl PVLP AVLP PLP*", "al PVLP -", "p PVLP IPS neck", "pd LH SLP SIP",
    "pd LH SMP SMP*", "pl LH -", "d SLP SMP", "d SLP LH SLP*", "pd SLP -", "pd SMP SMP* SIP",
    "pm SMP CRE LAL", "dm SMP FB", "pd SIP FB", "a AOTU LAL", "pd CA -", "pd CA SIP", "am CRE LAL FB",
    "p ICL SMP ICL*", "pd ICL SPS GNG", "am LAL LAL* VES", "a LAL FB", "p LAL SPS neck", "av VES GNG",
    "v VES IPS neck", "pm SPS SPS* IPS", "p SPS GNG neck", "pl IPS neck", "p IPS WED*", "av WED AMMC GNG",
    "pl WED WED*", "v AMMC WED WED*", "av AMMC GNG", "vm FLA SMP", "v GNG neck", "av GNG GNG*",
    "v GNG SAD VES", "a GNG PRW", "vl GNG AMMC* SAD", "av PRW SMP FLA", "pd PB FB EB", "pd FB CRE LAL*",
    "a EB LAL", "pm FB -", "l ME LO", "l ME LO LOP", "pl ME -", "al ME ME*", "pl LO PVLP", "pl LO PLP",
    "p LO LO*", "p LOP IPS", "pl LOP SPS*", "pd ME AOTU", "p PLP ICL PLP*", "pl PLP LH SLP", "|l ME LO",
    "|l ME LO LOP", "|pl ME LO", "|pl LO PVLP", "|pl LO PLP", "|p LOP IPS",
)  # fmt: skip
_DIRECTIONS: Final = {
    "a": (0, 0, -1), "p": (0, 0, 1), "d": (0, -1, 0), "v": (0, 1, 0), "l": (1, 0, 0), "m": (-0.6, 0, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lineage:
    """A family of neurons; positions as in ``brain``."""

    description: str
    dendrites: tuple[Ellipsoid, ...]
    """The main region, then those beside it that some of the neurons reach into."""
    primary: Floats
    """Waypoints (n, 3) of the neurite from the cell body to the dendrites' root."""
    columnar: bool
    """Whether each neuron takes a narrow column of its neuropils, beside many alike."""
    axons: tuple[tuple[Floats, Ellipsoid | None], ...]
    """Waypoints from the dendrites' root to each target, and the target, None for the neck."""


@cache
def lineages() -> tuple[Lineage, ...]:
    """All families of one half of the brain; the other half has their mirror images."""
    streams = np.random.SeedSequence(_ATLAS_SEED).spawn(len(_DESCRIPTIONS))
    return tuple(
        _lineage(text, np.random.default_rng(stream)) for text, stream in zip(_DESCRIPTIONS, streams, strict=True)
    )


def _lineage(text: str, rng: np.random.Generator) -> Lineage:
    letters, source, *targets = text.lstrip("|").split()
    main = neuropil(source)
    direction = np.sum([_DIRECTIONS[letter] for letter in letters], axis=0) + rng.normal(0, 0.3, 3)
    soma = surface_point(main.center, direction.astype(np.float32))
    columnar = text.startswith("|")
    aside = rng.uniform(-0.45, 0.45, 3).astype(np.float32) * main.radii
    root = main.center if columnar else main.center + aside  # each column has its own place
    axons = tuple(_axon(root, target, rng) for target in targets if target != "-")
    return Lineage(text, (main, *_beside(source, rng)), _bent([soma, root], 0.12, rng), columnar, axons)


def _beside(source: str, rng: np.random.Generator) -> list[Ellipsoid]:
    """Up to two of the four nearest other regions."""
    center = neuropil(source).center
    others = sorted(
        (float(np.square(region.center - center).sum()), name) for name, region in NEUROPILS.items() if name != source
    )
    picks = rng.choice(4, size=int(rng.integers(3)), replace=False)
    return [neuropil(others[pick][1]) for pick in picks]


def _axon(root: Floats, target: str, rng: np.random.Generator) -> tuple[Floats, Ellipsoid | None]:
    if target == "neck":
        x = MIDLINE + rng.uniform(4, 40)
        stops = [root, _point(x + 15, 380, 104), _point(x, 470, 118), _point(x - 4, HEIGHT + 12, 166)]
        return _bent(stops, 0.04, rng), None
    region = neuropil(target)
    end = region.center + rng.uniform(-0.5, 0.5, 3).astype(np.float32) * region.radii
    stops = [root, end]
    if target.endswith("*"):
        middle = (root[1] + end[1]) / 2
        y, slice_ = min(COMMISSURES, key=lambda commissure: abs(commissure[0] - middle))
        stops.insert(1, _point(MIDLINE, y + rng.normal(0, 5), slice_ + rng.normal(0, 4)))
    return _bent(stops, 0.1, rng), region


def _point(x: float, y: float, slice_: float) -> Floats:
    return np.array([x, y, slice_ * PIXELS_PER_SLICE], np.float32)


def _bent(stops: list[Floats], amount: float, rng: np.random.Generator) -> Floats:
    """The stops with a point between each two, moved aside by a share of their distance: tracts bend."""
    points = [stops[0]]
    for before, after in pairwise(stops):
        gap = np.sqrt(((after - before) ** 2).sum())
        points += [(before + after) / 2 + rng.normal(0, amount, 3) * gap, after]
    return np.array(points, np.float32)
