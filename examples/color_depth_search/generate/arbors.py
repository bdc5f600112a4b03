"""Growing branches: points connected into trees, curves through waypoints."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .brain import Ellipsoid, Floats


def carriers(rng: np.random.Generator, domain: Ellipsoid, count: int) -> Floats:
    """Places an arbor has to reach, (count, 3), inside a domain: clusters, and clusters of clusters."""
    clusters = 3 + int(rng.integers(5))
    centers = rng.standard_normal((clusters, 3), np.float32) * np.float32(0.5)
    coarse = -(-count * 3 // 5)
    places = rng.standard_normal((coarse, 3), np.float32) * np.float32(0.32)
    places += centers[rng.integers(clusters, size=coarse)]
    reach = np.sqrt((places * places).sum(axis=1))
    places /= np.maximum(reach, 1)[:, None]
    places *= domain.radii
    places += domain.center
    beside = places[rng.integers(coarse, size=count - coarse)]
    beside += rng.standard_normal(beside.shape, np.float32) * np.float32(11)
    return np.concatenate([places, beside])


def twigs(rng: np.random.Generator, points: Floats, count: int) -> tuple[Floats, NDArray[np.int32]]:
    """Short side branches of a few pixels on the points of a tree, some of them on others.

    Returns their tips, (count, 3), and the index of the point each grew from, counted from the first of
    ``points`` and on through the tips.
    """
    first = count - count // 3
    parents = rng.integers(len(points), size=count).astype(np.int32)
    parents[first:] = len(points) + rng.integers(max(first, 1), size=count - first)
    tips = rng.standard_normal((count, 3), np.float32) * np.float32(4.2)
    tips[:first] += points[parents[:first]]
    tips[first:] += tips[parents[first:] - len(points)]
    return tips, parents


def connect(root: Floats, places: Floats, balance: float) -> tuple[Floats, NDArray[np.int32]]:
    """Join places into a tree that starts at a root.

    Returns the places in order of distance from the root, and for each the index of its parent among them, -1
    for the root. Each place joins the place nearer to the root that costs least, where the cost is the length
    of the new edge plus ``balance`` times that place's distance from the root: short wire against short
    paths, after Cuntz et al., "One rule to grow them all" (PLoS Comput Biol 6(8), 2010), with the path
    approximated by the straight distance so that the whole tree is decided at once.
    """
    offset = places - root
    distance = np.sqrt((offset * offset).sum(axis=1))
    order = np.argsort(distance, kind="stable")
    tree = np.concatenate([np.zeros((1, 3), np.float32), offset[order]])
    radial = np.concatenate([np.zeros(1, np.float32), distance[order]])
    # Sums of squares axis by axis rather than a matrix product, whose last bits depend on the processor.
    cost = np.zeros((len(places), len(places)), np.float32)
    for axis in range(3):
        difference = tree[1:, None, axis] - tree[None, :-1, axis]
        difference *= difference
        cost += difference
    np.sqrt(cost, out=cost)
    cost += np.float32(balance) * radial[None, :-1]
    cost += _forbidden(-(-len(places) // 256) * 256)[: len(places), : len(places)]
    return places[order], cost.argmin(axis=1).astype(np.int32) - 1


@cache
def _forbidden(size: int) -> Floats:
    """What joining place i to place j costs in addition: infinite when j comes later."""
    return np.triu(np.full((size, size), np.inf, np.float32), 1)


def curve(rng: np.random.Generator, waypoints: Floats, spacing: float, wander: float) -> Floats:
    """A smooth curve through waypoints (Catmull-Rom), sampled about every ``spacing`` pixels, wandering a
    little.

    The first waypoint itself is not among the points.
    """
    ends = 2 * waypoints[[0, -1]] - waypoints[[1, -2]]
    padded = np.concatenate([ends[:1], waypoints, ends[1:]])
    edge = np.diff(waypoints, axis=0)
    count = np.maximum(2, np.rint(np.sqrt((edge * edge).sum(axis=1)) / np.float32(spacing))).astype(np.int64)
    piece = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count) + 1
    t = (step / count[piece]).astype(np.float32)[:, None]
    before, start, end, after = (padded[piece + shift] for shift in range(4))
    points = start + np.float32(0.5) * t * (
        (end - before) + t * (2 * before - 5 * start + 4 * end - after) + t * t * (3 * (start - end) - before + after)
    )
    points[:-1] += rng.standard_normal((len(points) - 1, 3), np.float32) * np.float32(wander)
    return np.asarray(points, np.float32)
