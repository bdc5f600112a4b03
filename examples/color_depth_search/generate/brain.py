"""The space neurons are drawn in: a brain as a union of ellipsoids, with its neuropils.

Positions are (x, y, z) in pixels of the template JRC2018_Unisex_20x_HR (1210 x 566, 0.519 µm a pixel), z
counted from the anterior surface in the same unit, so that lengths are isotropic. The ellipsoids imitate the
layout of an adult fly brain seen from the front; they are drawn by eye, no atlas is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

WIDTH: Final = 1210
HEIGHT: Final = 566
PIXELS_PER_SLICE: Final = 1.927
"""A slice of the stack is 1 µm thick."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A region of the brain: centre and half axes, both (x, y, z) in pixels."""

    center: Floats
    radii: Floats

    def contains(self, points: Floats) -> NDArray[np.bool_]:
        """Which of the (n, 3) points lie inside."""
        scaled = (points - self.center) / self.radii
        return np.asarray((scaled * scaled).sum(axis=1) <= 1)


def _ellipsoid(x: float, y: float, slice_: float, rx: float, ry: float, rz: float) -> Ellipsoid:
    return Ellipsoid(np.array([x, y, slice_ * PIXELS_PER_SLICE], np.float32), np.array([rx, ry, rz], np.float32))


MIDLINE: Final = (WIDTH - 1) / 2

LOBES: Final = (
    _ellipsoid(MIDLINE, 212, 96, 268, 160, 146),  # central brain
    _ellipsoid(MIDLINE, 410, 84, 150, 112, 122),  # sub-oesophageal zone
    _ellipsoid(MIDLINE - 365, 268, 98, 140, 168, 128),  # optic lobes
    _ellipsoid(MIDLINE + 365, 268, 98, 140, 168, 128),
)

# Distance from the midline, y, slice; half axes. Neuropils of the right half of the picture.
_PAIRED: Final = {
    "ME": (398, 268, 96, 46, 128, 92),
    "LO": (304, 262, 112, 36, 76, 60),
    "LOP": (306, 272, 142, 24, 74, 26),
    "LH": (212, 160, 116, 40, 44, 42),
    "AVLP": (196, 262, 62, 56, 58, 44),
    "PVLP": (208, 236, 92, 48, 46, 40),
    "PLP": (196, 262, 128, 46, 42, 40),
    "SLP": (150, 122, 112, 62, 38, 64),
    "SMP": (58, 122, 108, 42, 36, 60),
    "SIP": (102, 122, 74, 36, 32, 34),
    "CRE": (62, 186, 70, 32, 30, 30),
    "AOTU": (116, 116, 56, 22, 24, 24),
    "CA": (118, 112, 154, 30, 24, 24),
    "ICL": (112, 186, 106, 46, 30, 44),
    "LAL": (92, 254, 70, 42, 38, 32),
    "VES": (70, 302, 78, 38, 34, 34),
    "AL": (76, 322, 34, 42, 42, 34),
    "SPS": (62, 262, 138, 40, 40, 30),
    "IPS": (112, 312, 138, 44, 38, 32),
    "WED": (178, 306, 104, 46, 38, 38),
    "AMMC": (132, 352, 84, 40, 30, 32),
    "FLA": (36, 352, 62, 28, 26, 24),
}
_SINGLE: Final = {
    "FB": (178, 114, 64, 28, 24),
    "EB": (196, 82, 28, 27, 14),
    "PB": (116, 148, 76, 16, 14),
    "GNG": (432, 82, 112, 70, 72),
    "SAD": (368, 74, 84, 26, 36),
    "PRW": (396, 44, 46, 26, 24),
}


def mirrored(points: Floats) -> Floats:
    """The points of the other half of the brain."""
    return np.array([WIDTH - 1, 0, 0], np.float32) + points * np.array([-1, 1, 1], np.float32)


NEUROPILS: Final = {
    **{name: _ellipsoid(MIDLINE + dx, *rest) for name, (dx, *rest) in _PAIRED.items()},
    **{name: _ellipsoid(MIDLINE, *rest) for name, rest in _SINGLE.items()},
}
"""By name; a trailing ``*`` in a lineage's description stands for the same neuropil of the other half."""

_CORTEX_PX: Final = np.float32(14)  # the rind of cell bodies around the neuropils

BRAIN: Final = (
    *LOBES,
    *(
        Ellipsoid(center, region.radii + _CORTEX_PX)
        for name, region in NEUROPILS.items()
        for center in ((region.center, mirrored(region.center)) if name in _PAIRED else (region.center,))
    ),
)
"""Its union is the brain: four lobes, and each neuropil with its cortex."""

# y and slice where tracts may cross the midline.
COMMISSURES: Final = ((104, 128), (150, 92), (238, 100), (300, 64), (368, 96), (440, 70))


def neuropil(name: str) -> Ellipsoid:
    """A neuropil by its name, of the other half when the name ends with ``*``."""
    region = NEUROPILS[name.rstrip("*")]
    return Ellipsoid(mirrored(region.center), region.radii) if name.endswith("*") else region


def surface_point(start: Floats, direction: Floats) -> Floats:
    """Where a ray leaves the brain: the cortex, where cell bodies lie."""
    steps = np.arange(0, 500, 4, dtype=np.float32)[:, None]
    length = np.sqrt((direction * direction).sum())
    ray = start + steps * direction / length
    inside = np.logical_or.reduce([part.contains(ray) for part in BRAIN])
    outside = np.flatnonzero(~inside)
    return np.asarray(ray[outside[0] if len(outside) else -1], np.float32)
