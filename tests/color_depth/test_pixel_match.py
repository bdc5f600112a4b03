"""Scores: the published ones on real images, and those of a slow reference on random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.images import read_image
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask
from examples.color_depth_search.pixel_match import PixelMatch, Score
from tests.color_depth import reference

PUBLISHED = [
    ("12191_JRC2018U.tif", "VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01.tif", 10299, 439, False),
    ("12191_JRC2018U_FL.tif", "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01.tif", 17340, 483, False),
    ("12191_JRC2018U.tif", "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01.tif", 10299, 426, True),
]
SETTINGS = {"data_threshold": 20, "tolerance": 0.01, "xy_shift": 2, "mirror": True}


def load(path: Path) -> np.ndarray:
    return read_image(path.read_bytes(), path.name)


@pytest.mark.parametrize(("mask_name", "target_name", "pixels", "score", "mirrored"), PUBLISHED)
def test_real_images_have_the_published_scores_to_the_pixel(
    color_depth_data, mask_name, target_name, pixels, score, mirrored
):
    mask = make_mask(load(color_depth_data / "masks" / mask_name), mask_name, 20, DEFAULT_LABEL_BOXES)
    target = load(color_depth_data / "library" / target_name)
    matcher = PixelMatch([mask], **SETTINGS)
    assert mask.pixels == pixels
    rows = matcher.rows
    assert matcher.scores(target[rows.start : rows.stop]) == [Score(score, score / pixels, mirrored)]


def test_masks_searched_together_score_as_they_do_alone(color_depth_data):
    names = sorted({row[0] for row in PUBLISHED})
    masks = [make_mask(load(color_depth_data / "masks" / name), name, 20, DEFAULT_LABEL_BOXES) for name in names]
    together = PixelMatch(masks, **SETTINGS)
    for path in sorted((color_depth_data / "library").iterdir()):
        target = load(path)
        alone = []
        for mask in masks:
            matcher = PixelMatch([mask], **SETTINGS)
            alone += matcher.scores(target[matcher.rows.start : matcher.rows.stop])
        assert together.scores(target[together.rows.start : together.rows.stop]) == alone


def random_image(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Half black, the rest shades of the colour map, arbitrary colours, and colours at the edges of the rules."""
    kinds = rng.integers(0, 6, shape)
    shades = color_map()[rng.integers(0, 256, shape)] * rng.random((*shape, 1))
    wild = rng.integers(0, 256, (*shape, 3))
    edges = rng.choice([0, 1, 100, 101, 254, 255], (*shape, 3))
    image = np.select([(kinds == k)[..., None] for k in (0, 1, 2, 3)], [shades, shades, wild, edges], 0)
    return image.astype(np.uint8)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, 14),
    height=st.integers(1, 12),
    mask_threshold=st.sampled_from([0, 20, 100, 254]),
    data_threshold=st.sampled_from([0, 20, 100, 254]),
    percent=st.sampled_from([0, 1, 2, 3, 5, 40]),
    xy_shift=st.sampled_from([0, 2, 4]),
    mirror=st.booleans(),
    masks=st.integers(1, 3),
    with_negative=st.booleans(),
    boxes=st.sampled_from([(), ((0, 0, 5, 3),), ((0, 0, 4, 2), (-3, 0, None, 2))]),
)
def test_scores_are_exactly_those_of_the_slow_reference(
    seed,
    width,
    height,
    mask_threshold,
    data_threshold,
    percent,
    xy_shift,
    mirror,
    masks,
    with_negative,
    boxes,
):
    rng = np.random.default_rng(seed)
    images = [random_image(rng, (height, width)) for _ in range(masks)]
    negative = random_image(rng, (height, width)) if with_negative else None
    common = {"data_threshold": data_threshold, "tolerance": percent / 100, "xy_shift": xy_shift, "mirror": mirror}
    matcher = PixelMatch(
        [make_mask(image, "m", mask_threshold, boxes) for image in images],
        negative=make_mask(negative, "n", mask_threshold, boxes) if negative is not None else None,
        **common,
    )
    placed = [(x0, y0, min(width if x1 is None else x1, width), y1) for x0, y0, x1, y1 in boxes]
    placed = [(max(0, x0 + width) if x0 < 0 else x0, y0, x1, y1) for x0, y0, x1, y1 in placed]
    # Targets that resemble a mask, moved or mirrored, and others; one matcher for all, as in a batch.
    like = np.roll(images[0], (rng.integers(-4, 5), rng.integers(-4, 5)), (0, 1))
    for target in (like, like[:, ::-1], random_image(rng, (height, width)), np.zeros_like(like), images[0]):
        expected = [
            reference.search(
                image.tolist(),
                target.tolist(),
                mask_threshold=mask_threshold,
                boxes=placed,
                negative=negative.tolist() if negative is not None else None,
                **common,
            )
            for image in images
        ]
        needed = target[matcher.rows.start : matcher.rows.stop]
        assert matcher.scores(needed) == expected
        for above in (0.0, 0.02, 0.5):
            accepted = [score if score[0] > 0 and score[1] > above else None for score in expected]
            assert matcher.matches(needed, above) == accepted


def simple(*rows: str) -> np.ndarray:
    """An image from letters: b and g and r are colours far apart, a dot is black."""
    colours = {".": (0, 0, 0), "b": (90, 0, 255), "g": (0, 255, 120), "r": (255, 120, 0)}
    return np.array([[colours[letter] for letter in row] for row in rows], np.uint8)


def score(mask: np.ndarray, target: np.ndarray, **changes) -> Score:
    matcher = PixelMatch([make_mask(mask, "m", 20, ())], **{**SETTINGS, "xy_shift": 0, **changes})
    return matcher.scores(target[matcher.rows.start : matcher.rows.stop])[0]


def test_a_tie_is_not_mirrored():
    image = simple("b..b")
    assert score(image, image) == Score(2, 1.0, mirrored=False)


def test_the_mirrored_image_wins_when_it_is_strictly_better():
    assert score(simple("bg..."), simple("...gb")) == Score(2, 1.0, mirrored=True)
    assert score(simple("bg..."), simple("...gb"), mirror=False) == Score(0, 0.0, mirrored=False)


def test_a_shift_is_made_before_mirroring():
    assert score(simple("bg......"), simple("....gb.."), xy_shift=2) == Score(2, 1.0, mirrored=True)


def test_the_ratio_is_of_the_whole_mask_even_if_pixels_are_shifted_out():
    assert score(simple("bgr"), simple("r.."), xy_shift=2, mirror=False) == Score(1, 1 / 3, mirrored=False)


def test_pixels_do_not_wrap_around_the_edges():
    assert score(simple("..g", "b.."), simple("...", "g.."), xy_shift=2).matching_pixels == 0


def test_an_empty_mask_scores_nothing():
    empty = simple("...")
    assert score(empty, simple("bgr")) == Score(0, 0.0, mirrored=False)
    assert PixelMatch([make_mask(empty, "m", 20, ())], **SETTINGS).rows == range(0)


def test_a_negative_mask_is_subtracted_in_proportion_before_the_mirror_is_chosen():
    mask, target = simple("bb..gg"), simple("bb..bb")
    negative = make_mask(simple("r.r.b."), "n", 20, ())
    # Plain: 2 of 4 match, and 1 of 3 of the negative mask; mirrored: 2 of 4, and 1 of 3.
    assert score(mask, target, negative=negative, mirror=True) == Score(1, 2 / 4 - 1 / 3, mirrored=False)
    # Only the plain orientation loses: the mirrored one wins although it has no more matching pixels.
    target = simple("bb...b")
    negative = make_mask(simple(".b...."), "n", 20, ())
    assert score(simple("b....b"), target, negative=negative) == Score(2, 1.0, mirrored=True)


def test_a_score_can_be_negative_and_is_then_no_match():
    negative = make_mask(simple("..b"), "n", 20, ())
    matcher = PixelMatch([make_mask(simple("g.."), "m", 20, ())], negative=negative, **(SETTINGS | {"xy_shift": 0}))
    target = simple("r.b")
    assert score(simple("g.."), target, negative=negative, mirror=False) == Score(-1, -1.0, mirrored=False)
    assert matcher.matches(target, 0.0) == [None]


def test_an_empty_negative_mask_changes_nothing():
    negative = make_mask(simple("..."), "n", 20, ())
    assert score(simple("bg."), simple("bg."), negative=negative) == Score(2, 1.0, mirrored=False)


def test_pixels_under_the_label_boxes_of_the_image_do_count():
    mask = make_mask(simple("...b"), "m", 20, [(0, 0, 3, 1)])
    matcher = PixelMatch([mask], **(SETTINGS | {"xy_shift": 2, "mirror": False}))
    assert matcher.scores(simple(".b.."))[0].matching_pixels == 1


def test_masks_of_different_sizes_are_refused_with_both_sizes():
    masks = [make_mask(simple("b.", ".."), "one.tif", 20, ()), make_mask(simple("b.."), "two.tif", 20, ())]
    with pytest.raises(ValueError, match=r"mask two\.tif has 3 x 1 pixels but one\.tif has 2 x 2"):
        PixelMatch(masks, **SETTINGS)


def test_rows_of_another_image_size_are_refused():
    matcher = PixelMatch([make_mask(simple("b."), "m", 20, ())], **SETTINGS)
    with pytest.raises(ValueError, match="shape"):
        matcher.scores(simple("b.."))
