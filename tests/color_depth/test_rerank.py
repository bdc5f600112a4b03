"""Searches that are ranked by shape: the published scores through a whole job, and the order."""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from PIL import Image

import skyburst
from examples.color_depth_search.report.neuronbridge import schema
from examples.color_depth_search.shape.normalized_score import normalized_score
from examples.color_depth_search.shape.rerank import ranked
from skyburst.library import LibrarySummary, build_library
from skyburst.loading import load_function
from tests.color_depth.index.pictures import picture
from tests.color_depth.report_samples import item, match

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "color_depth_search"

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


@settings(max_examples=200)
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
    assert [score for score, _, _ in order] == sorted(score for score, _, _ in order), "all are on one scale"


def test_only_as_many_matches_are_compared_as_are_asked_for(color_depth_data):
    mask = str(color_depth_data / "masks" / "12191_JRC2018U.tif")
    given = {**SEARCH, "mask": mask, "library": str(color_depth_data / "library"), "shape_matches": 1}
    rows = table_of(skyburst.run("color-depth-search", parameters=given))
    assert [bool(row["Shape Score"]) for row in rows.values()] == [True, False]
    assert [float(row["Score"]) for row in rows.values()] == [100.0, pytest.approx(100 * 426 / 439)]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of twenty small images, and `mask.png` beside it, which is like half of them."""
    rng = np.random.default_rng(5)
    near = picture(rng, 340, 110)
    near[:, :60] = near[:, 280:] = near[:30] = 0
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(20):
        image = picture(rng, 340, 110, near=near if number % 2 else None)
        Image.fromarray(image).save(folder / f"image-{number}.png")
    Image.fromarray(near).save(tmp_path / "mask.png")
    return folder


def build(images: Path, library: Path, *, variants: bool) -> LibrarySummary:
    describe, make = (partial(load_function, FOLDER, f"library:{name}") for name in ("describe", "make_variants"))
    return build_library(
        images, library, describe, analysis="color-depth-search", processes=1, load_variants=make if variants else None
    )


def files_of(library: Path, **given: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a search, and what `parameters.json` says of shapes."""
    mask = {"mask": str(library.parent / "mask.png"), "library": str(library)}
    result = skyburst.run("color-depth-search", parameters={**SEARCH, "pix_color_fluctuation": 5, **mask, **given})
    files = {name: path.read_bytes() for name, path in result.files.items()}
    return files, json.loads(files.pop("parameters.json"))["shape"]


def test_results_are_the_same_with_images_stored_made_or_damaged_and_with_the_index(images):
    library = images.parent / "library"
    build(images, library, variants=False)
    made, shape = files_of(library)
    scored = shape["scored"]
    assert scored >= 10
    assert (shape["stored"], shape["made"]) == (0, scored)
    build(images, library, variants=True)
    stored, shape = files_of(library)
    assert (shape["stored"], shape["made"]) == (scored, 0)
    assert stored == made
    skyburst.run("color-depth-index", parameters={"library": str(library)})
    for path in (library / "variants").rglob("image-1.png"):
        path.write_bytes(path.read_bytes()[:50])
    next((library / "variants" / "z_gap").rglob("image-3.png")).unlink()
    indexed, shape = files_of(library)
    assert (shape["stored"], shape["made"]) == (scored - 2, 2)
    assert indexed == made


@pytest.mark.parametrize("given", [{"z_gap_radius": 10}, {"label_boxes": []}])
def test_stored_images_are_used_only_where_they_are_those_of_the_search(images, given):
    library = images.parent / "library"
    build(images, library, variants=True)
    found, shape = files_of(library, **given)
    assert shape["stored"] == 0
    assert json.loads(found["matches.json"])["results"]


def test_an_image_that_can_no_longer_be_read_is_named_and_its_shape_is_not_known(images):
    library = images.parent / "library"
    build(images, library, variants=True)
    skyburst.run("color-depth-index", parameters={"library": str(library)})
    lost = next((library / "images").rglob("image-1.png"))
    lost.write_bytes(b"")
    found, shape = files_of(library)
    assert (shape["not_known"], [entry["item"]["file"] for entry in shape["unread"]]) == (1, ["image-1.png"])
    assert "an empty file" in shape["unread"][0]["error"]
    rows = {row["File"]: row for row in csv.DictReader(found["matches.csv"].decode().splitlines())}
    row = next(row for file, row in rows.items() if file.endswith("image-1.png"))
    most = max(int(other["Matched Pixels"]) for other in rows.values())
    as_worst = 100 * int(row["Matched Pixels"]) / most
    assert (row["Shape Score"], float(row["Score"])) == ("-1", pytest.approx(as_worst))
    assert b"an empty file" in found["matches.html"]
