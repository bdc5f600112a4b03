"""The same neuron in another animal: what registration, biology and staining change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .brain import PIXELS_PER_SLICE, Floats
from .neurons import Neuron
from .shapes import Shape
from .waves import waves

_SIDEWAYS: Final = np.array([1, 1, 0], np.float32)
_DEEP: Final = np.array([0, 0, PIXELS_PER_SLICE], np.float32)


@dataclass(frozen=True, slots=True)
class Distortion:
    """How far a copy of a neuron lies from the original; all are standard deviations."""

    shift_px: float
    """Of the whole neuron, in x and in y."""
    warp_px: float
    """Of large parts (70 px and more) against each other, in x and in y."""
    wobble_px: float
    """Of single branches."""
    depth_slices: float
    """Of the whole neuron and again of its large parts, in depth."""

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Distortion:
        """A distortion from nearly none to as much as two animals differ."""
        amount = float(rng.uniform(0.15, 1))
        return cls(
            shift_px=round(4.0 * amount, 2),
            warp_px=round(2.2 * amount, 2),
            wobble_px=round(0.4 + 0.8 * amount, 2),
            depth_slices=round(0.3 + 2.0 * amount, 2),
        )

    def moves(self, position: Floats, rng: np.random.Generator) -> Floats:
        """How (n, 3) points move, but for the wobble of branches."""
        depth = _DEEP * np.float32(self.depth_slices)
        whole = rng.standard_normal(3, np.float32) * (_SIDEWAYS * np.float32(self.shift_px) + depth)
        parts = waves(rng, position, 3, 70, 260) * (_SIDEWAYS * np.float32(self.warp_px) + depth)
        return np.asarray(whole + parts, np.float32)


_ANOTHER_ANIMAL: Final = Distortion(shift_px=3, warp_px=2, wobble_px=0, depth_slices=1.5)


def distorted(neuron: Neuron, distortion: Distortion, rng: np.random.Generator) -> Neuron:
    """A copy of a neuron whose points have moved."""
    position = neuron.position + distortion.moves(neuron.position, rng)
    position += rng.standard_normal(position.shape, np.float32) * np.float32(distortion.wobble_px)
    return Neuron(position, neuron.parent, neuron.bouton, neuron.soma_radius)


def in_another_animal(shape: Shape, rng: np.random.Generator) -> Shape:
    """A shape as far from the original as is usual."""
    return shape.moved(_ANOTHER_ANIMAL.moves(shape.position, rng))


def partly(neuron: Neuron, share: float, rng: np.random.Generator) -> Neuron:
    """What is seen of a neuron when one side of it, about a ``share`` of its points, is not stained."""
    direction = rng.standard_normal(3).astype(np.float32) * np.array([1, 1, 0.3], np.float32)
    along: Floats = (neuron.position * direction).sum(axis=1)
    seen = along >= np.quantile(along, share)
    index = np.cumsum(seen, dtype=np.int32) - 1
    # A point whose parent is not seen becomes its own parent: an edge of no length.
    parent = np.where(seen[neuron.parent], index[neuron.parent], index)[seen]
    parent[0] = -1
    soma_radius = neuron.soma_radius if seen[0] else 0.0
    return Neuron(neuron.position[seen], parent, neuron.bouton[seen], soma_radius)
