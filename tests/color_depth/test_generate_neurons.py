"""Generated neurons are trees that lie where they should."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.generate.arbors import connect
from examples.color_depth_search.generate.brain import BRAIN, HEIGHT, WIDTH, Ellipsoid
from examples.color_depth_search.generate.deform import Distortion, distorted, partly
from examples.color_depth_search.generate.lineages import lineages
from examples.color_depth_search.generate.neurons import Neuron, grow
from examples.color_depth_search.generate.shapes import shape_of

families = st.integers(0, len(lineages()) - 1)
seeds = st.integers(0, 2**32)


def grown(family: int, seed: int) -> Neuron:
    return grow(lineages()[family], np.random.default_rng(seed))


@settings(max_examples=20)
@given(families, seeds)
def test_every_point_comes_after_its_parent(family, seed):
    neuron = grown(family, seed)
    assert neuron.parent[0] == -1
    assert (neuron.parent[1:] >= 0).all()
    assert (neuron.parent[1:] < np.arange(1, len(neuron.parent))).all()
    assert np.isfinite(neuron.position).all()


@settings(max_examples=20)
@given(families, seeds)
def test_neurites_never_grow_thicker_towards_the_tips(family, seed):
    neuron = grown(family, seed)
    radius = neuron.radius()
    assert (radius[1:] <= radius[neuron.parent[1:]]).all()


@settings(max_examples=20)
@given(families, seeds)
def test_neurons_stay_in_the_brain_but_for_a_few_twigs_and_the_neck(family, seed):
    points = grown(family, seed).position
    points = points[points[:, 1] < 520]  # below is the neck
    nearby = [Ellipsoid(part.center, part.radii + 40).contains(points) for part in BRAIN]
    assert np.logical_or.reduce(nearby).mean() > 0.9


@settings(max_examples=20)
@given(families, seeds)
def test_every_point_of_the_tree_has_a_sample_within_two_pixels(family, seed):
    neuron = grown(family, seed)
    shape = shape_of(neuron, np.random.default_rng(seed))
    # Kinks move samples by about half a pixel.
    probe = neuron.position[:: max(1, len(neuron.position) // 50)]
    nearest = np.sqrt(((shape.position[None] - probe[:, None]) ** 2).sum(axis=2)).min(axis=1)
    assert nearest.max() < 2


@settings(max_examples=20)
@given(families, seeds)
def test_the_mirror_image_of_the_mirror_image_is_the_neuron(family, seed):
    neuron = grown(family, seed)
    assert np.allclose(neuron.mirrored().position[:, 0], WIDTH - 1 - neuron.position[:, 0], atol=1e-3)
    assert np.allclose(neuron.mirrored().mirrored().position, neuron.position, atol=1e-3)


@settings(max_examples=20)
@given(families, seeds, st.floats(0.1, 0.8))
def test_a_partly_stained_neuron_is_a_tree_of_the_remaining_points(family, seed, share):
    neuron = grown(family, seed)
    seen = partly(neuron, share, np.random.default_rng(seed))
    assert abs(len(seen.position) / len(neuron.position) - (1 - share)) < 0.02
    assert seen.parent[0] == -1
    assert (seen.parent[1:] >= 0).all()
    assert (seen.parent <= np.arange(len(seen.parent))).all()
    assert {tuple(point) for point in seen.position.tolist()} <= {tuple(p) for p in neuron.position.tolist()}


def test_a_distortion_moves_points_as_far_as_it_says():
    neuron = grown(5, 1)
    moved = [
        distorted(neuron, Distortion(3, 0, 0, 0), np.random.default_rng(seed)).position - neuron.position
        for seed in range(200)
    ]
    whole = np.array([by.mean(axis=0) for by in moved])
    assert np.allclose(whole.std(axis=0)[:2], 3, atol=0.5)
    assert np.allclose(whole[:, 2], 0, atol=1e-3)
    assert max(by.std(axis=0).max() for by in moved) < 1e-3


@settings(max_examples=20)
@given(st.integers(1, 60), seeds, st.floats(0, 1))
def test_an_arbor_joins_every_place_to_one_nearer_to_the_root(count, seed, balance):
    rng = np.random.default_rng(seed)
    root = rng.uniform(0, 100, 3).astype(np.float32)
    given_places = rng.uniform(0, 100, (count, 3)).astype(np.float32)
    places, parents = connect(root, given_places, balance)
    assert sorted(map(tuple, places.tolist())) == sorted(map(tuple, given_places.tolist()))
    assert parents[0] == -1
    assert (parents < np.arange(count)).all()
    assert (parents >= -1).all()


def test_families_start_in_both_layers_of_the_brain_and_their_targets_are_in_the_picture():
    somata = np.array([family.primary[0] for family in lineages()])
    assert (somata[:, 2] < 60).any()
    assert (somata[:, 2] > 280).any()
    for family in lineages():
        for waypoints, region in family.axons:
            end = waypoints[-1]
            assert 0 < end[0] < WIDTH
            assert end[1] < HEIGHT or region is None
