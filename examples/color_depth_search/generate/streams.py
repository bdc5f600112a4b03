"""Random numbers: every picture has a stream of its own, so that it does not depend on any other."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for."""

    FAMILIES = 0
    CELL_TYPE = 1
    MASK = 2
    COPY = 3
    NAME = 4
    IMAGE = 5
    KINKS = 6


def stream(seed: int, purpose: Purpose, number: int = 0) -> np.random.Generator:
    """The generator of one thing: the same for the same arguments, independent of all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, number)))
