"""Neurons as trees of points in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .arbors import carriers, connect, curve, twigs
from .brain import Ellipsoid, Floats, mirrored
from .lineages import Lineage

_THINNEST: Final = np.float32(0.42)
_THICKEST: Final = np.float32(1.6)
_COLUMN_RADIUS: Final = np.float32(9)
_ACROSS: Final = np.array([0, 1, 1], np.float32)  # columns run sideways; their neighbours lie above, below, behind


@dataclass(frozen=True, slots=True)
class Neuron:
    """A tree of n points; the first is the cell body, and every other comes after its parent."""

    position: Floats
    """(n, 3), in pixels, as in ``brain``."""
    parent: NDArray[np.int32]
    """(n,), index of the point it grew from, -1 for the cell body."""
    bouton: NDArray[np.bool_]
    """(n,), whether the neurite swells here."""
    soma_radius: float
    """In pixels."""

    def radius(self) -> Floats:
        """(n,) half thickness in pixels of the neurite at each point: it tapers towards the tips."""
        behind = [0] * len(self.parent)
        parent = self.parent.tolist()
        for index in range(len(parent) - 1, 0, -1):
            behind[parent[index]] += behind[index] + 1
        share = np.sqrt(np.sqrt(np.array(behind, np.float32)))
        return np.asarray(np.minimum(_THINNEST + np.float32(0.24) * share, _THICKEST), np.float32)

    def mirrored(self) -> Neuron:
        """The same neuron in the other half of the brain."""
        return Neuron(mirrored(self.position), self.parent, self.bouton, self.soma_radius)


class _Growing:
    """A neuron while it is put together from parts."""

    def __init__(self, soma: Floats) -> None:
        self.positions = [soma[None]]
        self.parents = [np.array([-1], np.int32)]
        self.boutons = [np.zeros(1, np.bool_)]
        self.count = 1

    def path(self, start: int, points: Floats, boutons: NDArray[np.bool_]) -> int:
        """A single neurite from an existing point through others; returns the index of its end."""
        parents = np.arange(self.count - 1, self.count - 1 + len(points), dtype=np.int32)
        parents[0] = start
        return self._add(points, parents, boutons)

    def arbor(self, start: int, root: Floats, places: Floats, balance: float, rng: np.random.Generator) -> None:
        """A branching arbor on an existing point, with twigs."""
        points, parents = connect(root, places, balance)
        tips, stems = twigs(rng, points, len(points))
        parents = np.concatenate([np.where(parents < 0, start, parents + self.count), stems + self.count])
        swollen = rng.random(len(parents)) < rng.uniform(0, 0.3)
        self._add(np.concatenate([points, tips]), parents.astype(np.int32), swollen)

    def _add(self, positions: Floats, parents: NDArray[np.int32], boutons: NDArray[np.bool_]) -> int:
        self.positions.append(positions)
        self.parents.append(parents)
        self.boutons.append(boutons)
        self.count += len(positions)
        return self.count - 1

    def done(self, soma_radius: float) -> Neuron:
        return Neuron(
            np.concatenate(self.positions),
            np.concatenate(self.parents),
            np.concatenate(self.boutons),
            soma_radius,
        )


def grow(lineage: Lineage, rng: np.random.Generator) -> Neuron:
    """A new neuron of a family: its own arbors along the family's tracts."""
    beside = rng.standard_normal(3, np.float32) * np.float32(3.5)  # its place in the bundle
    if lineage.columnar:
        aside = rng.standard_normal(3, np.float32) * _ACROSS
        aside *= np.sqrt(rng.random(dtype=np.float32) / (aside * aside).sum()) * np.float32(0.75)
        beside += aside * lineage.dendrites[0].radii
    primary = lineage.primary + beside
    primary[0] += rng.standard_normal(3, np.float32) * 7
    growing = _Growing(primary[0])
    points = curve(rng, primary, 9, 0.8)
    hub = growing.path(0, points, np.zeros(len(points), np.bool_))
    _dendrites(growing, hub, primary[-1], lineage, rng)
    for waypoints, region in lineage.axons:
        _axon(growing, hub, waypoints + beside, region, lineage.columnar, rng)
    return growing.done(float(rng.uniform(4.5, 7)))


def _dendrites(growing: _Growing, hub: int, root: Floats, lineage: Lineage, rng: np.random.Generator) -> None:
    """One arbor over a part of the main region, and of none, some or all of the regions beside it."""
    if lineage.columnar:
        parts = [_column(lineage.dendrites[0], root)]
    else:
        parts = [_part(lineage.dendrites[0], rng.uniform(0.65, 1.05), rng)]
        parts += [_part(region, rng.uniform(0.3, 0.8), rng) for region in lineage.dendrites[1:] if rng.random() < 0.6]
    density = rng.uniform(0.6, 1.2)
    places = np.concatenate([carriers(rng, part, _count(part, density, 16, 300)) for part in parts])
    growing.arbor(hub, root, places, rng.uniform(0.1, 0.35), rng)


def _axon(
    growing: _Growing,
    hub: int,
    waypoints: Floats,
    region: Ellipsoid | None,
    columnar: bool,
    rng: np.random.Generator,
) -> None:
    points = curve(rng, waypoints, 11, 0.9)
    start = growing.count
    end = growing.path(hub, points, rng.random(len(points)) < 0.03)
    if region is not None:
        part = _column(region, points[-1]) if columnar else _part(region, rng.uniform(0.45, 0.95), rng)
        places = carriers(rng, part, _count(part, rng.uniform(0.3, 0.8), 10, 180))
        growing.arbor(end, points[-1], places, rng.uniform(0.2, 0.6), rng)
    for _ in range(int(rng.integers(1 if columnar else 3))):
        branch = int(rng.integers(max(1, len(points) * 2 // 3)))
        places = points[branch] + rng.standard_normal((int(rng.integers(2, 16)), 3), np.float32) * np.float32(14)
        growing.arbor(start + branch, points[branch], places, 0.2, rng)


def _part(region: Ellipsoid, size: float, rng: np.random.Generator) -> Ellipsoid:
    """The part of a region that one neuron fills."""
    radii = region.radii * np.float32(size) * rng.uniform(0.75, 1.25, 3).astype(np.float32)
    room = np.maximum(region.radii - radii, 0)
    return Ellipsoid(region.center + rng.uniform(-0.8, 0.8, 3).astype(np.float32) * room, radii)


def _column(region: Ellipsoid, place: Floats) -> Ellipsoid:
    """A narrow column through a region's layers, at a place."""
    center = place.copy()
    center[0] = region.center[0]
    return Ellipsoid(center, np.where(_ACROSS > 0, _COLUMN_RADIUS, region.radii * np.float32(0.8)).astype(np.float32))


def _count(domain: Ellipsoid, density: float, least: int, most: int) -> int:
    """Places in a domain: as the square root of its volume, so that large arbors are sparser."""
    rx, ry, rz = domain.radii.tolist()
    return int(np.clip(float(np.sqrt(rx * ry * rz)) * density, least, most))
