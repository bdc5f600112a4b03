"""Planted matches: copies of a mask's neuron in other animals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from .deform import Distortion, distorted, partly
from .lineages import lineages
from .neurons import Neuron, grow
from .population import relative
from .shapes import Shape, shape_of
from .streams import Purpose, stream

KINDS: Final = ("jittered", "mirrored", "covered")
"""jittered: only distorted. mirrored: distorted, in the other half of the brain. covered: distorted, one side
of it unstained, the rest among brighter neurons of the same neuropils."""
_COVERING_GAIN: Final = 1.8


@dataclass(frozen=True, slots=True)
class Subject:
    """The neuron that a mask shows."""

    neuron: Neuron
    family: int
    """Its number among the lineages."""
    mirrored: bool
    """Whether it lies in the half of the brain opposite to its family's description."""


@dataclass(frozen=True, slots=True)
class Copy:
    """How a planted copy differs from its mask."""

    kind: str
    distortion: Distortion
    missing: float
    """Share of the neuron that is not stained."""
    gain: float

    @classmethod
    def drawn(cls, kind: str, rng: np.random.Generator) -> Copy:
        """A copy of a kind, with its difficulty left to chance."""
        missing = round(float(rng.uniform(0.25, 0.6)), 2) if kind == "covered" else 0.0
        return cls(kind, Distortion.drawn(rng), missing, round(float(rng.uniform(0.5, 1.3)), 2))

    def as_truth(self) -> dict[str, Any]:
        """The entry of the truth: the kind, what is missing, and the fields of the distortion."""
        return {"kind": self.kind, "missing": self.missing, **asdict(self.distortion)}


@lru_cache(maxsize=64)
def subject(seed: int, mask: int) -> Subject:
    """The neuron of a mask: of a family with an axon, another one for each mask while there are any."""
    families = [number for number, family in enumerate(lineages()) if family.axons and not family.columnar]
    order = stream(seed, Purpose.FAMILIES).permutation(len(families))
    family = families[order[mask % len(families)]]
    rng = stream(seed, Purpose.MASK, mask)
    mirror = bool(rng.random() < 0.5)
    neuron = grow(lineages()[family], rng)
    return Subject(neuron.mirrored() if mirror else neuron, family, mirror)


def planted(seed: int, mask: int, copy: Copy, rng: np.random.Generator) -> list[tuple[Shape, float]]:
    """The neurons to draw for a copy of a mask's neuron, with their gains: itself, then what covers it."""
    original = subject(seed, mask)
    neuron = distorted(original.neuron, copy.distortion, rng)
    if copy.kind == "mirrored":
        neuron = neuron.mirrored()
    if copy.kind != "covered":
        return [(shape_of(neuron, rng), copy.gain)]
    seen = shape_of(partly(neuron, copy.missing, rng), rng)
    return [(seen, copy.gain), *((cover, _COVERING_GAIN) for cover in _covers(seed, original, rng))]


def _covers(seed: int, original: Subject, rng: np.random.Generator) -> list[Shape]:
    """Two neurons of other families whose dendrites lie near those of a neuron."""
    families = lineages()
    center = families[original.family].dendrites[0].center
    others = [number for number, family in enumerate(families) if number != original.family and not family.columnar]
    others.sort(key=lambda number: float(np.square(families[number].dendrites[0].center - center).sum()))
    picks = rng.choice(8, size=2, replace=False)
    return [relative(seed, others[pick], mirror=original.mirrored, rng=rng) for pick in picks]
