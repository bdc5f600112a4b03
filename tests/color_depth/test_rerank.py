"""Searches that are ranked by shape: the published scores through a whole job, and the order."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import skyburst
from examples.color_depth_search.report.neuronbridge import schema
from examples.color_depth_search.shape.normalized_score import normalized_score
from examples.color_depth_search.shape.rerank import ranked
from tests.color_depth.report_samples import item, match

VT033614, VT016795 = (
    "VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01",
    "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01",
)
PUBLISHED = {
    ("12191_JRC2018U", VT033614): (439, 21365, 731, 21608, "false"),
    ("12191_JRC2018U", VT016795): (426, 40696, 17253, 46447, "true"),
    ("12191_JRC2018U_FL", VT016795): (483, 104449, 16803, 110050, "true"),
}
SEARCH = {
    "mask_threshold": 20,
    "data_threshold": 20,
    "pix_color_fluctuation": 1,
    "min_matching_pix_ratio": 0,
    "rank_by": "shape",
}


def table_of(result: skyburst.JobResult) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of the table by mask and image."""
    with open(result.files["matches.csv"], newline="") as file:
        return {(Path(row["Mask"]).stem, Path(row["File"]).stem): row for row in csv.DictReader(file)}


def test_a_job_that_ranks_by_shape_has_the_published_scores(color_depth_data):
    masks = [str(color_depth_data / "masks" / f"{name}.tif") for name in ("12191_JRC2018U", "12191_JRC2018U_FL")]
    given = {**SEARCH, "mask": masks, "library": str(color_depth_data / "library"), "z_gap_radius": 10}
    result = skyburst.run("color-depth-search", parameters=given)
    rows = table_of(result)
    for pair, (pixels, gap, area, score, mirrored) in PUBLISHED.items():
        row = rows[pair]
        assert (int(row["Matched Pixels"]), int(row["Gradient Area Gap"])) == (pixels, gap)
        assert (int(row["High Expression Area"]), int(row["Shape Score"])) == (area, score)
        assert row["Shape Mirrored"] == mirrored
    first = result.value["masks"][0]
    Draft202012Validator(schema()).validate(first)
    assert [(entry["image"]["publishedName"], entry["normalizedScore"]) for entry in first["results"]] == [
        ("VT033614", normalized_score(439, 21608, most_pixels=439, worst_shape=46447)),
        ("VT016795", 100 * 426 / 439),
    ]
    record = json.loads(result.files["parameters.json"].read_text())
    assert record["shape"] == {
        "z_gap_radius": 10, "scored": 4, "not_known": 0, "stored": 0, "made": 4, "unread": [],
    }  # fmt: skip


def shape_of(score: int) -> dict[str, Any]:
    return {"gradient_area_gap": score, "high_expression_area": 0, "score": score, "mirrored": False}


PAIRS = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from("abcdefgh"), st.one_of(st.just(-1), st.integers(0, 30))), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(pairs=PAIRS, compared=st.integers(0, 12))
def test_ranking_by_shape_puts_the_compared_in_order_and_leaves_the_rest_as_it_was(pairs, compared):
    pairs.sort(key=lambda pair: (-pair[0], pair[1]))
    before = [match(pixels, item(name)) for pixels, name, _ in pairs]
    after = ranked(before, [shape_of(score) for _, _, score in pairs[:compared]])

    def name(of: dict[str, Any]) -> tuple[int, str]:
        return of["matching_pixels"], of["item"]["id"]

    assert Counter(map(name, after)) == Counter(map(name, before))
    assert [name(entry) for entry in after[compared:]] == [name(entry) for entry in before[compared:]]
    assert all("shape" in entry for entry in after[:compared])
    assert not any("shape" in entry for entry in after[compared:])
    order = [(-entry["normalized_score"], -entry["matching_pixels"], entry["item"]["id"]) for entry in after]
    assert order[:compared] == sorted(order[:compared])
    if all(score >= 0 for _, _, score in pairs):  # of those not known, it is on another scale
        assert [score for score, _, _ in order] == sorted(score for score, _, _ in order)


def test_only_as_many_matches_are_compared_as_are_asked_for(color_depth_data):
    mask = str(color_depth_data / "masks" / "12191_JRC2018U.tif")
    given = {**SEARCH, "mask": mask, "library": str(color_depth_data / "library"), "shape_matches": 1}
    rows = table_of(skyburst.run("color-depth-search", parameters=given))
    assert [bool(row["Shape Score"]) for row in rows.values()] == [True, False]
    assert [float(row["Score"]) for row in rows.values()] == [100.0, pytest.approx(100 * 426 / 439)]
