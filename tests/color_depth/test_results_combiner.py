"""The combiner: the best matches of each mask, whatever way they arrive, and the files that are written."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import skyburst
from examples.color_depth_search.report.csv_table import COLUMNS
from examples.color_depth_search.report.findings import Mask, Match
from examples.color_depth_search.report.neuronbridge import schema
from examples.color_depth_search.report.record import file_names
from examples.color_depth_search.results import best_matches
from examples.color_depth_search.search import search
from tests.color_depth.report_samples import PARAMETERS, item, match

SETTINGS = PARAMETERS | {
    "mask_threshold": 20,
    "data_threshold": 20,
    "pix_color_fluctuation": 1.0,
    "min_matching_pix_ratio": 0.0,
    "label_boxes": None,
}


def context(parameters: dict[str, Any], files: dict[str, bytes] | None = None, **values: Any) -> skyburst.FinishContext:
    """A finish context that keeps the files that are written."""

    @contextmanager
    def opener(name: str) -> Iterator[io.BytesIO]:
        buffer = io.BytesIO()
        yield buffer
        assert files is not None
        assert name not in files
        files[name] = buffer.getvalue()

    given = {"name": None, "items": 0, "items_location": None, "missing": [], "item_errors": []} | values
    return skyburst.FinishContext(job_id="job", parameters=parameters, opener=opener, **given)


def combine(
    partials: list[Any], *, masks: int = 1, limit: int = -1, ranges: list[tuple[int, int]] | None = None
) -> Any:
    parameters = {"mask": [f"{n}.png" for n in range(masks)], "max_results_per_mask": limit}
    places = ranges or [(10 * n, 10 * n + 10) for n in range(len(partials))]
    made = [skyburst.PartialResult.of(value, *place) for value, place in zip(partials, places, strict=True)]
    return best_matches(iter(made), context(parameters))


def test_the_most_pixels_come_first_and_equal_ones_by_name() -> None:
    found = combine([[match(5, item("b")), match(9, item("z"))], [match(5, item("a"))]])["matches"][0]
    assert [entry["item"]["id"] for entry in found] == ["z", "a", "b"]


def test_each_mask_keeps_its_own_best_up_to_the_limit() -> None:
    leaf = [match(n, item(f"{mask}-{n}"), mask=mask) for n in range(9) for mask in (0, 1)]
    found = combine([leaf], masks=2, limit=2)["matches"]
    assert [[entry["item"]["id"] for entry in matches] for matches in found] == [
        ["0-8", "0-7"],
        ["1-8", "1-7"],
    ]


def test_nothing_found_is_an_empty_list_for_each_mask() -> None:
    assert combine([[], []], masks=2) == {"matches": [[], []], "searched": 20}
    assert combine([]) == {"matches": [[]], "searched": 0}


def test_what_a_batch_says_that_it_searched_counts_rather_than_its_items() -> None:
    read = {"shards": 1, "requests": 2, "bytes": 3, "damaged": []}
    combined = combine([[match(1), {"read": read, "searched": 7}], [{"read": read, "searched": 0}], []])
    assert combined["searched"] == 7 + 0 + 10
    assert combined["read"]["requests"] == 4


LEAVES = st.lists(
    st.lists(
        st.builds(
            lambda pixels, name, mask: match(pixels, item(name), mask=mask),
            st.integers(1, 4),
            st.sampled_from("abcdef"),
            st.integers(0, 1),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=100)
@given(leaves=LEAVES, limit=st.integers(-1, 5), cuts=st.sets(st.integers(1, 7)))
def test_groups_combined_in_a_tree_give_the_same_as_all_at_once(
    leaves: list[list[Match]], limit: int, cuts: set[int]
) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(leaves)), len(leaves)]
    groups = [combine(leaves[a:b], masks=2, limit=limit) for a, b in itertools.pairwise(edges)]
    # The range of a group says nothing of how many of its images were searched: batches may be missing.
    assert combine(groups, masks=2, limit=limit, ranges=[(0, 999)] * len(groups)) == combine(
        leaves, masks=2, limit=limit
    )


def test_memory_does_not_grow_with_the_matches_when_there_is_a_limit() -> None:
    leaves = (skyburst.PartialResult.of([match(n % 97, item(f"{n}-{m}")) for m in range(50)]) for n in range(200))
    largest = 0

    def watched() -> Iterator[skyburst.PartialResult]:
        import gc

        nonlocal largest
        for number, leaf in enumerate(leaves):
            yield leaf
            if number % 50 == 49:
                gc.collect()
                held = sum(1 for entry in gc.get_objects() if type(entry) is dict and "matching_pixels" in entry)
                largest = max(largest, held)

    found = best_matches(watched(), context({"mask": "m.png", "max_results_per_mask": 10}))
    assert [entry["matching_pixels"] for entry in found["matches"][0]] == [96] * 10
    assert 0 < largest < 1_200


def test_the_summary_names_the_best_five() -> None:
    value = combine([[match(439 - n, item(f"image{n}"), mirrored=n == 1) for n in range(7)]])
    assert best_matches.summary_function is not None
    assert best_matches.summary_function(value, {"mask": "m.png"}) == [
        "7 matches among 10 images",
        "#1  439 px  43.9 %  image0",
        "#2  438 px  43.8 %  image1  (mirrored)",
        "#3  437 px  43.7 %  image2",
        "#4  436 px  43.6 %  image3",
        "#5  435 px  43.5 %  image4",
    ]


def test_the_summary_of_several_masks_has_the_best_match_of_each() -> None:
    value = combine([[match(5, item("a")), match(7, item("b\x1b[2J"), mask=2)]], masks=3)
    assert best_matches.summary_function is not None
    assert best_matches.summary_function(value, {"mask": ["x/0.png", "1.png", "2\n.png"]}) == [
        "2 matches of 3 masks among 10 images",
        "0.png  5 px  0.5 %  a",
        "2?.png  7 px  0.7 %  b?[2J",
    ]


def finished(masks: list[Path], library: Path, **values: Any) -> tuple[Any, dict[str, bytes]]:
    """Search a folder image by image, combine and finish; returns the result and the files."""
    parameters = SETTINGS | {"mask": list(map(str, masks)), "library": str(library)}
    partials = []
    for number, file in enumerate(sorted(library.glob("*.tif"))):
        worker_context = skyburst.Context("job", 1, float("inf"), None, {})
        of = item(file.stem, str(library), file=file.name, location=str(file), key=file.name)
        batch = skyburst.Batch(number, number, number + 1, [of], parameters, worker_context)
        partials.append(skyburst.PartialResult.of(search(batch), number, number + 1))
    files: dict[str, bytes] = {}
    end = context(parameters, files, **values)
    assert best_matches.finish_function is not None
    return best_matches.finish_function(best_matches(iter(partials), end), end), files


def test_the_published_scores_are_in_every_report(color_depth_data: Path) -> None:
    mask = color_depth_data / "masks" / "12191_JRC2018U.tif"
    result, files = finished([mask], color_depth_data / "library")
    Draft202012Validator(schema()).validate(result)
    assert result["inputImage"]["filename"] == "12191_JRC2018U.tif"
    assert result["inputImage"]["alignmentSpace"] == "JRC2018_Unisex_20x_HR"
    found = [(m["files"]["CDMMatch"], m["matchingPixels"], m["mirrored"]) for m in result["results"]]
    assert found == [
        ("VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01.tif", 439, False),
        ("VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01.tif", 426, True),
    ]
    assert sorted(files) == ["matches.csv", "matches.html", "matches.json", "parameters.json"]
    assert json.loads(files["matches.json"]) == result
    assert files["matches.csv"].decode().splitlines()[0] == ",".join(COLUMNS)
    recorded = json.loads(files["parameters.json"])
    assert recorded["masks"][0]["mask_pixels"] == 10299
    assert recorded["masks"][0]["label_boxes"] == [[0, 0, 330, 100], [940, 0, 1210, 90]]
    assert recorded["parameters"]["label_boxes"] == [[0, 0, 330, 100], [-270, 0, None, 90]]
    assert recorded["searched"] == 2
    assert b'"pixels":439' in files["matches.html"]


def test_several_masks_have_a_document_each(color_depth_data: Path) -> None:
    masks = [color_depth_data / "masks" / f"12191_JRC2018U{end}.tif" for end in ("", "_FL")]
    result, files = finished(masks, color_depth_data / "library")
    for document in result["masks"]:
        Draft202012Validator(schema()).validate(document)
    assert {match["matchingPixels"] for match in result["masks"][1]["results"]} >= {483}
    for mask, document in zip(masks, result["masks"], strict=True):
        assert json.loads(files[f"matches-{mask.stem}.json"]) == document


def test_what_is_missing_is_recorded(color_depth_data: Path) -> None:
    missing = [skyburst.Missing(4, 5, 160, 240, "killed")]
    errors = [{"item": {"file": "bad.tif"}, "error": "bad.tif: ends early"}]
    mask = color_depth_data / "masks" / "12191_JRC2018U.tif"
    _, files = finished([mask], color_depth_data / "library", missing=missing, item_errors=errors)
    recorded = json.loads(files["parameters.json"])
    assert recorded["missing"] == [{"start": 160, "end": 240, "reason": "killed"}]
    assert recorded["item_errors"] == errors
    assert b"bad.tif: ends early" in files["matches.html"]


@pytest.mark.parametrize(
    ("masks", "names"),
    [
        (["a/m.tif", "b/M.tif", "c/m-2.tif"], ["matches-m.json", "matches-M-2.json", "matches-m-2-2.json"]),
        (["../x y/..", "x/ü z.png"], ["matches-..json", "matches-__z.json"]),
    ],
)
def test_result_files_of_masks_have_safe_names_of_their_own(masks: list[str], names: list[str]) -> None:
    found = file_names([Mask(location, 1, 1, 1) for location in masks])
    assert found == names
