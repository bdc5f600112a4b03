"""Shape scores: the published ones on real images, and those of a slow reference on random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.images import read_image
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES
from examples.color_depth_search.shape.channels import grey
from examples.color_depth_search.shape.ring import ring
from examples.color_depth_search.shape.shape_files import decode_gradient
from examples.color_depth_search.shape.shape_images import make_shape_images, without_labels
from examples.color_depth_search.shape.shape_mask import ShapeMask
from examples.color_depth_search.shape.shape_score import NOT_KNOWN, ShapeScore, shape_score
from skyburst.loading import load_function
from tests.color_depth import shape_reference

ANALYSIS = Path(__file__).resolve().parents[2] / "examples" / "color_depth_search"
PUBLISHED = [
    ("12191_JRC2018U", "VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01", (21365, 731, 21608, False)),
    ("12191_JRC2018U", "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01", (40696, 17253, 46447, True)),
    ("12191_JRC2018U_FL", "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01", (104449, 16803, 110050, True)),
]
SIZE = (1210, 566)


def load(folder: Path, name: str) -> np.ndarray:
    return read_image((folder / f"{name}.tif").read_bytes(), name)


@pytest.mark.parametrize(("mask_name", "target_name", "expected"), PUBLISHED)
def test_real_images_have_the_published_shape_scores(color_depth_data, mask_name, target_name, expected):
    mask = ShapeMask(load(color_depth_data / "masks", mask_name))
    target = load(color_depth_data / "library", target_name)
    gradient_file = (color_depth_data / "gradients" / f"{target_name}.png").read_bytes()
    made = make_shape_images(target, z_gap_radius=10)
    for gradient in (decode_gradient(gradient_file, target_name, size=SIZE), made.gradient):
        assert mask.score(target, gradient, made.z_gap) == ShapeScore(*expected)


def test_the_ring_around_a_real_mask_has_the_published_size(color_depth_data):
    image = without_labels(load(color_depth_data / "masks", "12191_JRC2018U_FL"), DEFAULT_LABEL_BOXES)
    assert (grey(image) > 2).sum() == 17340
    assert ring(image).sum() == 70640


def test_a_mask_that_is_mirrored_with_its_image_scores_the_other_way_round(color_depth_data):
    image = load(color_depth_data / "masks", "12191_JRC2018U")
    target = load(color_depth_data / "library", PUBLISHED[0][1])
    gradient, z_gap = make_shape_images(target, label_boxes=())
    there = ShapeMask(image, label_boxes=()).score(target, gradient, z_gap)
    back = ShapeMask(image[:, ::-1], label_boxes=()).score(target, gradient, z_gap[:, ::-1])
    assert back[:3] == there[:3]
    assert back.mirrored is not there.mirrored


def random_image(rng: np.random.Generator, shape: tuple[int, int], share: float) -> np.ndarray:
    """Shades of the colour map, arbitrary colours, and colours at the edges of the rules; the rest black."""
    kinds = rng.integers(0, 3, shape)
    shades = color_map()[rng.integers(0, 256, shape)] * rng.random((*shape, 1))
    wild = rng.integers(0, 256, (*shape, 3))
    edges = rng.choice([0, 1, 2, 3, 20, 21, 100, 101, 255], (*shape, 3))
    image = np.select([(kinds == k)[..., None] for k in (0, 1)], [shades, wild], edges).astype(np.uint8)
    image[rng.random(shape) >= share] = 0
    return image


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, 80),
    height=st.integers(1, 7),
    mask_share=st.sampled_from([0.0, 0.01, 0.03, 0.1]),
    target_share=st.sampled_from([0.1, 1.0]),
    threshold=st.sampled_from([0, 20, 100, 254]),
    mirror=st.booleans(),
    boxes=st.sampled_from([(), ((0, 0, 5, 3),), ((0, 0, 4, 2), (-3, 0, None, 2)), ((30, 0, None, None),)]),
)
def test_shape_scores_are_exactly_those_of_the_slow_reference(
    seed, width, height, mask_share, target_share, threshold, mirror, boxes
):
    rng = np.random.default_rng(seed)
    shape = (height, width)
    image = random_image(rng, shape, mask_share)
    mask = ShapeMask(image, threshold=threshold, mirror=mirror, label_boxes=boxes)
    placed = [
        (max(0, x0 + width) if x0 < 0 else x0, y0, width if x1 is None else x1, height if y1 is None else y1)
        for x0, y0, x1, y1 in boxes
    ]
    # One that has to do with the mask, others that need not fit together, one that is the same either way.
    target = random_image(rng, shape, target_share)
    like = np.roll(image[:, ::-1], rng.integers(-2, 3), axis=1)
    gradient = rng.choice([0, 1, 3, 4, 5, 300, 65535], shape).astype(np.uint16)
    both = np.maximum(target, target[:, ::-1])
    for pixels, gradients, z_gap in (
        (like, *make_shape_images(like, threshold=threshold, label_boxes=boxes)),
        (target, gradient, random_image(rng, shape, target_share)),
        (target, gradient, image),
        (both, np.maximum(gradient, gradient[:, ::-1]), both),
    ):
        expected = shape_reference.score(
            image.tolist(),
            pixels.tolist(),
            gradients.tolist(),
            z_gap.tolist(),
            threshold=threshold,
            mirror=mirror,
            boxes=placed,
        )
        assert mask.score(pixels, gradients, z_gap) == expected


def test_a_tie_is_not_mirrored_and_the_smallest_difference_is():
    image = np.zeros((1, 9, 3), np.uint8)
    image[0, 1] = 200, 100, 0
    mask = ShapeMask(image, label_boxes=())
    black, gradient = np.zeros_like(image), np.full((1, 9), 8, np.uint16)
    assert mask.score(black, gradient, black) == ShapeScore(8, 0, 8, mirrored=False)
    gradient[0, 7] = 7
    assert mask.score(black, gradient, black) == ShapeScore(7, 0, 7, mirrored=True)
    assert ShapeMask(image, label_boxes=(), mirror=False).score(black, gradient, black).mirrored is False


def test_the_z_gap_is_mirrored_with_the_mask_and_the_gradient_is_not():
    image = np.zeros((1, 9, 3), np.uint8)
    image[0, 1] = color_map()[10]
    z_gap = np.zeros_like(image)
    z_gap[0, 1] = color_map()[110]
    gradient = np.arange(10, 19, dtype=np.uint16)[None]
    mask = ShapeMask(image, label_boxes=())
    # 100 slices apart at pixel 1, in both orientations.
    assert mask.score(np.zeros_like(image), gradient, z_gap) == ShapeScore(60, 0, 60, mirrored=False)
    assert mask.score(np.zeros_like(image), gradient, z_gap[:, ::-1]) == ShapeScore(11, 0, 11, mirrored=False)


@pytest.mark.parametrize(("slices", "gap"), [(79, 9), (80, 40), (81, 41)])
def test_depths_count_when_they_are_80_slices_apart(slices, gap):
    image, z_gap = np.zeros((2, 1, 1, 3), np.uint8)
    image[0, 0], z_gap[0, 0] = color_map()[100], color_map()[100 + slices]
    mask = ShapeMask(image, label_boxes=(), mirror=False)
    assert mask.score(np.zeros_like(image), np.array([[9]], np.uint16), z_gap).gradient_area_gap == gap


def test_without_a_derived_image_the_score_is_not_known():
    image = np.full((2, 3, 3), 50, np.uint8)
    gradient, z_gap = make_shape_images(image)
    mask = ShapeMask(image)
    assert mask.score(image, None, z_gap) == mask.score(image, gradient, None) == NOT_KNOWN == (-1, -1, -1, False)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_images_of_another_size_are_refused(which):
    image = np.full((2, 3, 3), 50, np.uint8)
    images = [image, *make_shape_images(image)]
    images[which] = images[which][:, :2]
    name = ("image", "gradient", "z-gap")[which]
    with pytest.raises(ValueError, match=f"the {name} has 2 x 2 pixels but the mask 3 x 2; they must have one size"):
        ShapeMask(image).score(*images)


@pytest.mark.parametrize(
    ("gap", "area", "score"),
    [(0, 0, 0), (0, 2, 0), (5, 3, 6), (156, 1897, 788), (233, 1644, 781), (-1, 5, -1), (5, -1, -1)],
)
def test_a_third_of_the_area_counts_rounded_down(gap, area, score):
    assert shape_score(gap, area) == score


def test_it_is_loaded_as_a_part_of_the_analysis():
    assert load_function(ANALYSIS, "shape.shape_mask:ShapeMask").__module__.endswith("shape.shape_mask")
