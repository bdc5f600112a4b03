"""Listing the images of a job, and what is refused before anything starts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import skyburst
from examples.color_depth_search.items import list_folder, list_images
from examples.color_depth_search.library import describe
from skyburst.library import build_library
from tests.color_depth.image_files import encode, picture, pillow_tiff

CONTEXT = skyburst.ItemsContext(job_id="job")


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of images among other files."""
    for key in ("b.tif", "a.PNG", "sub/c.tiff", "sub/deep/d.png", "a1.png"):
        write(tmp_path / "images" / key, encode(picture(), "PNG"))
    for key in ("notes.txt", ".hidden.png", ".cache/e.png", "png", "sub/f.png.part"):
        write(tmp_path / "images" / key, b"x")
    (tmp_path / "images" / "folder.png").mkdir()
    return tmp_path / "images"


def parameters(folder: Path, **changes) -> dict:
    mask = folder.parent / "mask.png"
    if not mask.exists():
        write(mask, encode(picture(), "PNG"))
    return {
        "mask": str(mask),
        "library": str(folder),
        "mask_threshold": 100,
        "label_boxes": [],
        "negative_mask": None,
        "use_index": True,
        "data_threshold": 20,
        **changes,
    }


def listed(values: dict) -> list:
    found = list_images(values, CONTEXT)
    return [list(part) for part in (found.parts if isinstance(found, skyburst.JoinedItems) else [found])]


def refused(values: dict) -> str:
    with pytest.raises(ValueError) as error:
        listed(values)
    return str(error.value)


def test_of_several_libraries_each_is_checked_and_none_is_named_twice(folder, tmp_path):
    other = write(tmp_path / "other" / "b.tif", encode(picture(), "PNG")).parent
    joined = listed(parameters(folder, library=[str(folder), str(other)]))
    assert [[item["location"] for item in items] for items in joined] == [
        [str(folder / key) for key in ("a.PNG", "a1.png", "b.tif", "sub/c.tiff", "sub/deep/d.png")],
        [str(other / "b.tif")],
    ]
    assert [item["library"] for (item,) in listed(parameters(folder, library=[str(other)]))] == ["other"]
    told = refused(parameters(folder, library=[str(folder), str(other), f"{folder}/"]))
    assert told == f"library {folder}/ is named twice; name each library once"
    (tmp_path / "none").mkdir()
    told = refused(parameters(folder, library=[str(folder), str(tmp_path / "none")]))
    assert f"library {tmp_path / 'none'} holds no images" in told


def test_a_plain_folder_lists_its_images_in_order_with_all_subfolders(folder):
    items = list(list_images(parameters(folder), CONTEXT))
    assert [item["key"] for item in items] == ["a.PNG", "a1.png", "b.tif", "sub/c.tiff", "sub/deep/d.png"]
    name = "VT007350-20180803_63_H2-GAL4-m-40x-brain-JRC2018_Unisex_20x_HR-CDM_2-03"
    write(folder / "z" / f"{name}.png", encode(picture(), "PNG"))
    last = list(list_folder(skyburst.open_folder(folder)))[-1]
    assert last["id"] == name
    assert last["file"] == f"{name}.png"
    assert last["location"] == str(folder / "z" / f"{name}.png")
    assert last["size_bytes"] == (folder / "z" / f"{name}.png").stat().st_size
    assert last["metadata"]["published_name"] == "VT007350"


def test_links_that_lead_out_of_the_folder_are_not_followed(folder, tmp_path):
    outside = write(tmp_path / "elsewhere" / "secret.png", encode(picture(), "PNG"))
    (folder / "out.png").symlink_to(outside)
    (folder / "outside").symlink_to(outside.parent)
    (folder / "loop").symlink_to(folder)
    (folder / "broken.png").symlink_to(folder / "nothing.png")
    (folder / "within.png").symlink_to(folder / "b.tif")
    keys = [item["key"] for item in list_folder(skyburst.open_folder(folder))]
    assert keys == ["a.PNG", "a1.png", "b.tif", "sub/c.tiff", "sub/deep/d.png", "within.png"]


def test_an_empty_folder_a_file_and_a_missing_folder_are_refused_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty holds no images: no file ends with .tif, .tiff, .png" in refused(parameters(tmp_path / "empty"))
    file = write(tmp_path / "x" / "file.png", b"")
    assert "file.png is not a folder" in refused(parameters(file))
    assert "there is no file or folder" in refused(parameters(tmp_path / "missing"))


def test_an_unfinished_library_is_not_taken_for_a_folder(folder):
    write(folder / "items.jsonl", b"{}\n")
    assert "unfinished" in refused(parameters(folder))


def test_a_built_library_gives_its_manifest_and_must_have_the_size_of_the_masks(folder, tmp_path):
    library = tmp_path / "library"
    build_library(folder, library, lambda: describe, analysis="color-depth-search", processes=1)
    listed = list_images(parameters(library), CONTEXT)
    assert isinstance(listed, skyburst.Manifest)
    assert listed.count == 5
    other = write(tmp_path / "other.png", encode(picture(20, 20), "PNG"))
    message = refused(parameters(library, mask=str(other)))
    assert "have 41 x 30 pixels, mask other.png has 20 x 20" in message


def test_a_mask_that_cannot_be_read_is_refused_before_anything_starts(folder, tmp_path):
    grey = write(tmp_path / "grey.tif", encode(picture()[..., 0], "TIFF"))
    assert refused(parameters(folder, mask=str(grey))).startswith("mask grey.tif: is grey; save it as RGB")
    assert "is a folder; give an image, or a list of images" in refused(parameters(folder, mask=str(folder)))
    good = parameters(folder)["mask"]
    assert refused(parameters(folder, mask=[good, str(grey)])).startswith("mask grey.tif")
    assert refused(parameters(folder, negative_mask=str(grey))).startswith("mask grey.tif")


def test_a_mask_without_pixels_is_refused_with_the_threshold(folder, tmp_path):
    dark = write(tmp_path / "dark.png", encode(np.minimum(picture(), 90), "PNG"))
    message = refused(parameters(folder, mask=str(dark)))
    assert message.startswith("mask dark.png has no pixel above mask_threshold 100 outside the label boxes")
    assert "lower mask_threshold" in message
    boxed = parameters(folder, label_boxes=[[0, 0, None, None]])
    assert "has no pixel above" in refused(boxed)


def test_masks_of_different_sizes_are_refused(folder, tmp_path):
    other = write(tmp_path / "other.tif", pillow_tiff(picture(20, 20), "packbits", 4))
    both = [parameters(folder)["mask"], str(other)]
    assert refused(parameters(folder, mask=both)).startswith(
        "mask other.tif has 20 x 20 pixels but mask.png has 41 x 30"
    )
    assert "one size" in refused(parameters(folder, negative_mask=str(other)))


def test_malformed_label_boxes_are_refused(folder):
    assert refused(parameters(folder, label_boxes=[[3, 0, 1, 9]])).startswith("label_boxes[0]")


def test_a_folder_of_images_of_another_size_is_refused_with_both_sizes(tmp_path):
    for name in "abc":
        write(tmp_path / "images" / f"{name}.png", encode(picture(50, 60), "PNG"))
    message = refused(parameters(tmp_path / "images"))
    assert re.search(r"images have 60 x 50 pixels, mask mask\.png has 41 x 30; masks and images must have", message)


def test_single_images_that_cannot_be_searched_are_left_to_the_worker(folder):
    write(folder / "0.png", encode(picture(50, 60), "PNG"))
    write(folder / "1.png", b"damaged")
    assert len(list(list_images(parameters(folder), CONTEXT))) == 7
