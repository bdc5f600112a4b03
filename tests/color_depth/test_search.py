"""The worker: matches of a batch, and images that can't be searched."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import skyburst
from examples.color_depth_search.items import list_folder
from examples.color_depth_search.search import search
from tests.color_depth.image_files import encode, picture, pillow_tiff

NEURON = picture()


def thinned(image: np.ndarray, every: int) -> np.ndarray:
    """Without every n-th row."""
    image = image.copy()
    image[::every] = 0
    return image


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Images that hold the mask whole, in part and not at all."""
    folder = tmp_path / "library"
    folder.mkdir()
    images = {
        "half.tif": thinned(NEURON, 2),
        "most.tif": thinned(NEURON, 4),
        "whole.png": NEURON,
        "nothing.tif": np.zeros_like(NEURON),
        "mirrored.tif": thinned(NEURON, 5)[:, ::-1],
    }
    for name, image in images.items():
        data = encode(image, "PNG") if name.endswith("png") else pillow_tiff(np.ascontiguousarray(image), "packbits", 8)
        (folder / name).write_bytes(data)
    (tmp_path / "mask.png").write_bytes(encode(NEURON, "PNG"))
    return folder


def run(library: Path, items: list | None = None, items_location: str | None = None, **changes):
    parameters = {
        "mask": str(library.parent / "mask.png"),
        "library": str(library),
        "mask_threshold": 100,
        "data_threshold": 100,
        "pix_color_fluctuation": 2.0,
        "xy_shift": 0,
        "mirror_mask": True,
        "min_matching_pix_ratio": 2.0,
        "max_results_per_mask": -1,
        "label_boxes": [],
        "negative_mask": None,
        "use_index": True,
        **changes,
    }
    items = list(list_folder(skyburst.open_folder(library))) if items is None else items
    context = skyburst.Context(
        job_id="job", attempt=1, deadline=time.monotonic() + 60, items_location=items_location, kept={}
    )
    found = search(skyburst.Batch(0, 0, len(items), items, parameters, context))
    return found, context


def scores(found: list) -> dict[str, tuple[int, bool]]:
    return {match["item"]["file"]: (match["matching_pixels"], match["mirrored"]) for match in found}


def test_matches_tell_mask_item_score_ratio_and_mirroring(library):
    found, context = run(library)
    by_file = {match["item"]["file"]: match for match in found}
    assert set(by_file) == {"half.tif", "most.tif", "whole.png", "mirrored.tif"}
    whole = by_file["whole.png"]
    assert set(whole) == {"mask", "item", "matching_pixels", "matching_ratio", "mirrored"}
    assert whole["mask"] == 0
    assert whole["item"] == next(
        item for item in list_folder(skyburst.open_folder(library)) if item["file"] == "whole.png"
    )
    assert by_file["mirrored.tif"]["mirrored"] is True
    assert by_file["half.tif"]["matching_pixels"] < by_file["most.tif"]["matching_pixels"] < whole["matching_pixels"]
    assert context.item_errors == []


def test_images_at_or_below_the_least_ratio_do_not_match(library):
    found, _ = run(library, min_matching_pix_ratio=0)
    ratios = {match["item"]["file"]: match["matching_ratio"] for match in found}
    limit = ratios["half.tif"] * 100
    assert "half.tif" not in scores(run(library, min_matching_pix_ratio=limit)[0])
    assert "half.tif" in scores(run(library, min_matching_pix_ratio=limit - 0.001)[0])


def test_without_a_least_ratio_every_score_above_zero_matches(library):
    found, _ = run(library, min_matching_pix_ratio=0)
    assert set(scores(found)) == {"half.tif", "most.tif", "whole.png", "mirrored.tif"}
    assert run(library, min_matching_pix_ratio=100)[0] == []


def test_only_the_best_of_each_mask_are_returned_when_there_is_a_limit(library):
    other = library.parent / "other.png"
    other.write_bytes(encode(NEURON[:, ::-1], "PNG"))
    both = [str(library.parent / "mask.png"), str(other)]
    found, _ = run(library, mask=both, mirror_mask=False, max_results_per_mask=2)
    kept = [(match["mask"], match["item"]["file"]) for match in found]
    assert kept == [(0, "whole.png"), (0, "most.tif"), (1, "mirrored.tif"), *kept[3:]]
    assert len(kept) <= 4
    assert run(library, max_results_per_mask=0)[0] == []
    assert len(run(library, max_results_per_mask=99)[0]) == 4


def test_images_that_cannot_be_searched_are_reported_and_the_others_searched(library):
    (library / "damaged.tif").write_bytes((library / "half.tif").read_bytes()[:300])
    (library / "other size.png").write_bytes(encode(picture(9, 9), "PNG"))
    (library / "grey.png").write_bytes(encode(NEURON[..., 0], "PNG"))
    items = list(list_folder(skyburst.open_folder(library)))
    (library / "most.tif").unlink()
    found, context = run(library, items)
    assert set(scores(found)) == {"half.tif", "whole.png", "mirrored.tif"}
    errors = {error["item"]["file"]: error["error"] for error in context.item_errors}
    assert set(errors) == {"damaged.tif", "other size.png", "grey.png", "most.tif"}
    assert "has 9 x 9 pixels but 41 x 30 are needed" in errors["other size.png"]
    assert "is grey" in errors["grey.png"]
    assert "most.tif" in errors["most.tif"]


def test_items_of_a_built_library_are_found_relative_to_it_and_matches_say_where(library):
    items = [{"id": "whole", "file": "whole.png", "key": "whole.png", "metadata": {}}]
    found, _ = run(library, items, items_location=str(library))
    assert found[0]["item"]["location"] == str(library / "whole.png")
    assert "location" not in items[0]


def test_masks_are_prepared_once_for_all_batches_of_a_process(library):
    first, context = run(library)
    (library.parent / "mask.png").unlink()
    parameters = {"min_matching_pix_ratio": 2.0, "max_results_per_mask": -1}
    items = list(list_folder(skyburst.open_folder(library)))
    assert search(skyburst.Batch(1, 0, len(items), items, parameters, context)) == first
