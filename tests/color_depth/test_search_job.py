"""The analysis as a job: its blueprint, the published scores, and what a user is told when it can't run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import skyburst
from skyburst.contracts.blueprint import load_blueprint
from skyburst.contracts.parameters import resolve

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "color_depth_search"
EXAMPLE = {
    "mask_threshold": 20,
    "data_threshold": 20,
    "pix_color_fluctuation": 1,
    "xy_shift": 2,
    "min_matching_pix_ratio": 0,
}


def test_the_blueprint_declares_the_defaults_of_the_field():
    declared = load_blueprint(FOLDER).parameters or {}
    given = {"mask": str(FOLDER / "blueprint.toml"), "library": str(FOLDER)}
    assert resolve(declared, given, FOLDER) == given | {
        "mask_threshold": 100,
        "data_threshold": 100,
        "pix_color_fluctuation": 2.0,
        "xy_shift": 2,
        "mirror_mask": True,
        "min_matching_pix_ratio": 2.0,
        "max_results_per_mask": -1,
        "label_boxes": [[0, 0, 330, 100], [-270, 0, None, 90]],
        "negative_mask": None,
        "use_index": True,
        "rank_by": "pixels",
        "shape_matches": 300,
        "z_gap_radius": 20,
    }
    assert sorted(entry["order"] for entry in declared.values()) == list(range(1, 16))
    assert all(entry["title"] and entry["description"] for entry in declared.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("xy_shift", 1),
        ("mask_threshold", 256),
        ("data_threshold", 1.5),
        ("pix_color_fluctuation", -1),
        ("min_matching_pix_ratio", 101),
        ("max_results_per_mask", -2),
        ("label_boxes", [[0, 0, 1]]),
        ("mask", []),
        ("rank_by", "ratio"),
        ("shape_matches", 0),
        ("z_gap_radius", 0),
    ],
)
def test_impossible_parameters_are_refused_by_name(name, value):
    declared = load_blueprint(FOLDER).parameters or {}
    given = {"mask": str(FOLDER / "blueprint.toml"), "library": str(FOLDER), name: value}
    with pytest.raises(skyburst.InvalidJob, match=rf"parameters\.{name}"):
        resolve(declared, given, FOLDER)


def test_a_job_finds_the_published_matches(color_depth_data):
    parameters = EXAMPLE | {
        "mask": str(color_depth_data / "masks" / "12191_JRC2018U.tif"),
        "library": str(color_depth_data / "library"),
    }
    result = skyburst.run("color-depth-search", parameters=parameters)
    found = [
        (match["image"]["publishedName"], match["matchingPixels"], match["mirrored"])
        for match in result.value["results"]
    ]
    assert found == [("VT033614", 439, False), ("VT016795", 426, True)]
    assert json.loads(result.files["matches.json"].read_text()) == result.value


def test_a_mask_that_cannot_be_used_fails_the_job_with_the_reason(color_depth_data):
    parameters = EXAMPLE | {
        "mask": str(next((color_depth_data / "gradients").iterdir())),
        "library": str(color_depth_data / "library"),
    }
    with pytest.raises(skyburst.JobFailed, match="is grey; color depth needs RGB"):
        skyburst.run("color-depth-search", parameters=parameters)
