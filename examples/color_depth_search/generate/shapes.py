"""Neurons as what is drawn: dense points along their neurites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .brain import Floats, mirrored
from .neurons import Neuron
from .waves import waves

_SPACING: Final = 0.9  # pixels between samples along a neurite
_KINKS_PX: Final = np.float32(0.6)  # how far neurites wind about their course


@dataclass(frozen=True, slots=True)
class Shape:
    """A neuron with n samples along its neurites and b boutons."""

    position: Floats
    """(n + b + 1, 3): the samples, then the boutons, then the cell body."""
    radius: Floats
    """(n,) half thickness of the neurite at each sample, in pixels."""
    soma_radius: float
    """In pixels; 0 when the cell body is not seen."""

    def moved(self, by: Floats) -> Shape:
        """The shape with every point moved, by (n + b + 1, 3) or all alike."""
        return Shape(self.position + by, self.radius, self.soma_radius)

    def mirrored(self) -> Shape:
        """The shape in the other half of the brain."""
        return Shape(mirrored(self.position), self.radius, self.soma_radius)


def shape_of(neuron: Neuron, rng: np.random.Generator) -> Shape:
    """Sample a neuron less than a pixel apart, with small kinks of its neurites."""
    samples, radius = _sampled(neuron)
    position = np.concatenate([samples, neuron.position[neuron.bouton], neuron.position[:1]])
    position += waves(rng, position, 3, 9, 24, terms=1) * _KINKS_PX
    return Shape(position, radius, neuron.soma_radius)


def _sampled(neuron: Neuron) -> tuple[Floats, Floats]:
    """Points along all neurites, (n, 3), and their half thickness, (n,)."""
    position, parent, radius = neuron.position, neuron.parent[1:], neuron.radius()
    start = position[parent]
    edge = position[1:] - start
    length = np.sqrt((edge * edge).sum(axis=1)) + np.float32(1e-3)
    arriving = edge / length[:, None]
    # An edge leaves in the direction of the edge before it, so that neurites bend instead of breaking.
    leaving = arriving[np.maximum(parent - 1, 0)]
    leaving[parent == 0] = arriving[parent == 0]
    reach = np.float32(0.5) * length[:, None]
    arriving *= reach
    leaving *= reach
    # Cubic Hermite curves, one an edge: start + t * (leaving + t * (second + t * third)).
    second = 3 * edge - 2 * leaving - arriving
    third = leaving + arriving - 2 * edge
    before = radius[parent]
    edges = np.column_stack([start, leaving, second, third, before, radius[1:] - before])
    count = (length / _SPACING).astype(np.int64) + 1
    step = np.arange(1, count.sum() + 1) - np.repeat(np.cumsum(count) - count, count)
    t = step.astype(np.float32) / np.repeat(count.astype(np.float32), count)
    curves = np.repeat(edges, count, axis=0)
    points = curves[:, 9:12] * t[:, None]
    for term in (6, 3):
        points += curves[:, term : term + 3]
        points *= t[:, None]
    points += curves[:, :3]
    return points, curves[:, 12] + curves[:, 13] * t
