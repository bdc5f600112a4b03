"""The cell types of a library: what its images show besides planted matches."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from .deform import in_another_animal
from .lineages import lineages
from .neurons import grow
from .shapes import Shape, shape_of
from .streams import Purpose, stream

_TYPES_PER_FAMILY: Final = 8
_GROUPS: Final = (1, 2, 3, 3, 4, 4, 5)


@lru_cache(maxsize=1024)
def _cell_type(seed: int, family: int, member: int) -> Shape:
    """A neuron that the images of a library show again and again, as animals do."""
    rng = stream(seed, Purpose.CELL_TYPE, family * _TYPES_PER_FAMILY + member)
    return shape_of(grow(lineages()[family], rng), rng)


def relative(seed: int, family: int, *, mirror: bool, rng: np.random.Generator) -> Shape:
    """A neuron of a family, in one half of the brain or the other."""
    shape = in_another_animal(_cell_type(seed, family, int(rng.integers(_TYPES_PER_FAMILY))), rng)
    return shape.mirrored() if mirror else shape


def company(seed: int, rng: np.random.Generator) -> list[tuple[Shape, float]]:
    """The neurons that a driver line happens to show, with their gains: some in pairs, some dim."""
    families = lineages()
    shown: list[tuple[Shape, float]] = []
    for _ in range(_GROUPS[rng.integers(len(_GROUPS))]):
        family = int(rng.integers(len(families)))
        mirror = bool(rng.random() < 0.5)
        gain = float(rng.uniform(0.5, 1.7))
        members = int(rng.integers(3, 9)) if families[family].columnar else 1
        gains = [(mirror, gain * float(rng.uniform(0.7, 1.1))) for _ in range(members)]
        if rng.random() < 0.2:
            gains.append((not mirror, gain * float(rng.uniform(0.3, 1))))
        shown += [(relative(seed, family, mirror=side, rng=rng), strength) for side, strength in gains]
    if rng.random() < 0.4:
        family = int(rng.integers(len(families)))
        dim = float(rng.uniform(0.15, 0.3))
        shown.append((relative(seed, family, mirror=bool(rng.random() < 0.5), rng=rng), dim))
    return shown
