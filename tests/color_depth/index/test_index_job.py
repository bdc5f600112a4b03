"""An index from the outside: built by a job, used by searches, brought up to date, damaged and repaired."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import skyburst
from skyburst.library import build_library, numbered_items, open_library, remove_items
from skyburst.loading import load_function
from skyburst.objects import open_store
from tests.color_depth.index.pictures import picture

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SEARCH = {"mask_threshold": 20, "data_threshold": 20, "min_matching_pix_ratio": 0, "label_boxes": []}
WIDTH, HEIGHT = 60, 40


def save(path: Path, image: np.ndarray) -> None:
    Image.fromarray(image).save(path)


def build(source: Path, library: Path) -> None:
    load_describe = partial(load_function, EXAMPLES / "color_depth_search", "library:describe")
    build_library(source, library, load_describe, analysis="color-depth-search", processes=1)


def index(library: Path | str, **parameters: Any) -> dict[str, Any]:
    """Index a library in shards of four images; the numbers of what was built."""
    given = {"library": str(library), "shard_images": 4, **parameters}
    built: dict[str, Any] = skyburst.run("color-depth-index", parameters=given).value
    return built


def search(
    library: Path | str, mask: Path, *, batch_size: int | None = None, **parameters: Any
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The result files of a search, and of `parameters.json` what is not the same in each job."""
    result = skyburst.run(
        "color-depth-search",
        parameters={**SEARCH, "mask": str(mask), "library": str(library), **parameters},
        batch_size=batch_size,
    )
    files = {name: path.read_bytes() for name, path in result.files.items()}
    record = json.loads(files.pop("parameters.json"))
    used = {key: record.pop(key) for key in ("job_id", "index", "index_not_used")}
    return {**files, "record": json.dumps(record).encode()}, used


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of ten images, some alike, and `mask.png` beside it."""
    rng = np.random.default_rng(11)
    near = picture(rng, WIDTH, HEIGHT)
    save(tmp_path / "mask.png", near)
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(10):
        save(folder / f"image-{number}.png", picture(rng, WIDTH, HEIGHT, near=near if number % 2 else None))
    return folder


@pytest.fixture
def mask(images: Path) -> Path:
    return images.parent / "mask.png"


@pytest.fixture
def library(images: Path) -> Path:
    build(images, images.parent / "library")
    return images.parent / "library"


def add(library: Path, images: Path, *numbers: int) -> None:
    more = images.parent / f"more-{numbers[0]}"
    more.mkdir()
    for number in numbers:
        save(more / f"image-{number}.png", picture(np.random.default_rng(number), WIDTH, HEIGHT))
    build(more, library)


def shard_files(library: Path, suffix: str) -> list[Path]:
    return sorted((library / "index" / "shards").rglob(f"*.{suffix}"), key=lambda path: path.name)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"xy_shift": 4, "mirror_mask": False, "pix_color_fluctuation": 5},
        {"max_results_per_mask": 3},
        {"negative_mask": True},
    ],
)
def test_a_search_with_the_index_writes_the_same_files_to_the_byte(library, images, mask, parameters):
    if "negative_mask" in parameters:
        parameters = {"negative_mask": str(images / "image-3.png")}
    without, used = search(library, mask, **parameters)
    assert (used["index"], used["index_not_used"]) == (None, "it has no index")
    assert json.loads(without["matches.json"])["results"]
    assert index(library)["shards"] == 3
    with_index, used = search(library, mask, **parameters)
    assert with_index == without
    assert used["index"].items() >= {"shards": 3, "damaged": []}.items()
    assert used["index"]["requests"] == 6
    assert used["index_not_used"] is None
    assert used["index"]["bytes"] > 1_000


@pytest.mark.parametrize("ranked", ["pixels", "shape"])
def test_several_libraries_in_one_job_are_ranked_together(library, images, mask, tmp_path, ranked):
    """An indexed one, one without an index, and a plain folder, in which two images have the names of others."""
    index(library)
    rng = np.random.default_rng(12)
    folder, source = tmp_path / "folder", tmp_path / "source"
    for place, names in ((folder, ("image-1", "image-3", "other")), (source, ("image-1", "further", "last"))):
        place.mkdir()
        near = np.asarray(Image.open(mask))
        for name in names:
            save(place / f"{name}.png", picture(rng, WIDTH, HEIGHT, near=near))
    build(source, tmp_path / "plain")
    libraries = [library, tmp_path / "plain", folder]
    result = skyburst.run(
        "color-depth-search",
        parameters={**SEARCH, "mask": str(mask), "library": list(map(str, libraries)), "rank_by": ranked},
    )
    found = result.value["results"]
    places = [(entry["image"]["files"]["store"], entry["image"]["files"]["CDM"]) for entry in found]
    assert len(set(places)) == len(places)
    assert {place for place, _ in places} == set(map(str, libraries))
    scores = [entry["normalizedScore"] for entry in found]
    assert scores == sorted(scores, reverse=True)
    pixels = dict(zip(places, (entry["matchingPixels"] for entry in found), strict=True))
    alone: dict[tuple[str, str], int] = {}
    for each in libraries:
        files, _ = search(each, mask)
        for entry in json.loads(files["matches.json"])["results"]:
            alone[str(each), entry["image"]["files"]["CDM"]] = entry["matchingPixels"]
    assert pixels == alone
    named = {entry["image"]["libraryName"] for entry in found}
    assert named == {"library", "plain", "folder"}
    record = json.loads(result.files["parameters.json"].read_text())
    assert (record["index"]["shards"], record["searched"]) == (3, 16)
    assert record["index_not_used"] == "plain: it has no index"
    table = result.files["matches.csv"].read_text()
    assert all(f",{name}," in table for name in named)


def test_batches_that_begin_within_a_shard_find_the_same(library, mask):
    index(library)
    parameters = {**SEARCH, "mask": str(mask), "library": str(library)}
    whole, small = (
        skyburst.run("color-depth-search", parameters=parameters, batch_size=size).value for size in (None, 3)
    )
    assert whole == small


def test_several_masks_are_searched_in_one_job(library, images, mask):
    masks = [str(mask), str(images / "image-1.png"), str(images / "image-2.png")]
    parameters = {**SEARCH, "mask": masks, "library": str(library)}
    without = skyburst.run("color-depth-search", parameters=parameters).value
    index(library)
    assert skyburst.run("color-depth-search", parameters=parameters).value == without


def test_the_index_does_not_answer_for_thresholds_below_its_own(library, mask):
    index(library, data_threshold=60)
    parameters = {"data_threshold": 59}
    below, used = search(library, mask, **parameters)
    assert used["index"] is None
    assert used["index_not_used"] == "its index has no pixels of 60 and less, and data_threshold is 59"
    unwanted, used = search(library, mask, use_index=False, **parameters)
    assert unwanted["matches.json"] == below["matches.json"]
    assert (used["index"], used["index_not_used"]) == (None, None)
    assert search(library, mask, data_threshold=60)[1]["index"]


def test_adding_images_builds_only_what_is_new(library, images, mask):
    assert index(library)["built"] == 3
    add(library, images, 20, 21, 22)
    found, used = search(library, mask)
    assert used["index"] is None
    assert used["index_not_used"].startswith(
        "its index is of version 1 of the library, which has version 2: `skyburst "
    )
    again = index(library)
    assert (again["shards"], again["built"], again["images"]) == (4, 2, 13)
    with_index, used = search(library, mask)
    assert used["index"]["shards"] == 4
    assert with_index == found
    assert index(library)["built"] == 0


def test_removing_images_builds_nothing_and_they_are_not_found(library, images, mask):
    index(library)
    ids = [each.item.id for each in numbered_items(open_library(library)) if each.number in (0, 3, 4, 5, 6, 7)]
    remove_items(library, ids)
    found, used = search(library, mask)
    assert used["index"] is None  # it is of another version
    again = index(library)
    assert (again["shards"], again["built"], again["images"]) == (2, 0, 4), "the second shard has no images left"
    with_index, used = search(library, mask)
    assert used["index"]["shards"] == 2
    assert with_index == found
    assert search(library, mask, batch_size=3)[0] == found
    assert json.loads(found["record"])["searched"] == 4
    assert not any(name in with_index["matches.json"].decode() for name in ids)


def test_a_removed_image_costs_searches_nothing(library, images, mask):
    index(library)
    before = search(library, mask)[1]["index"]
    remove_items(library, ["image-0"])
    assert index(library)["built"] == 0
    after = search(library, mask)[1]["index"]
    assert (after["shards"], after["requests"]) == (before["shards"], before["requests"])


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_with_a_damaged_list_of_items_the_images_are_searched_until_it_is_indexed_again(library, mask, how):
    index(library)
    whole, _ = search(library, mask)
    (chunk,) = (library / "index" / "items").rglob("*.json")
    data = chunk.read_bytes()
    changed = data.replace(b'"number":3', b'"number":1')
    assert changed != data
    if how == "changed":
        chunk.write_bytes(changed)
    else:
        chunk.unlink()
    found, used = search(library, mask)
    assert found == whole
    assert used["index"] is None
    assert used["index_not_used"].startswith("the list of items of its index is damaged (")
    assert f"`skyburst library index {library}` writes it again" in used["index_not_used"]
    assert index(library)["built"] == 0
    assert chunk.read_bytes() == data
    assert search(library, mask)[1]["index"]["shards"] == 3


def test_a_library_behind_a_url_that_ends_with_a_slash_is_indexed_and_searched(library, mask, bucket):
    whole, _ = search(library, mask)
    objects = open_store(bucket)
    for file in skyburst.open_folder(library).files():
        objects.put(f"lib/{file.name}", Path(file.location))
    assert index(f"{bucket}/lib/")["built"] == 3
    assert index(f"{bucket}/lib")["built"] == 0
    found, used = search(f"{bucket}/lib/", mask)
    assert (used["index"]["shards"], used["index"]["damaged"]) == (3, [])
    assert len(found["matches.csv"].splitlines()) == len(whole["matches.csv"].splitlines())
    assert not any("//" in info.key for info in objects.list())


def test_a_plain_folder_has_no_index_to_use(images, mask):
    assert search(images, mask)[1]["index_not_used"] is None


@pytest.mark.parametrize("suffix", ["entries", "directory"])
@pytest.mark.parametrize("how", ["changed", "cut short", "missing"])
def test_a_damaged_shard_is_named_its_images_are_searched_and_it_is_built_again(library, mask, suffix, how):
    index(library)
    whole, _ = search(library, mask)
    damaged = shard_files(library, suffix)[1]
    data = damaged.read_bytes()
    match how:
        case "changed":
            damaged.write_bytes(bytes(byte ^ 1 for byte in data))
        case "cut short":
            damaged.write_bytes(data[: len(data) // 2])
        case "missing":
            damaged.unlink()
    found, used = search(library, mask)
    assert found == whole
    assert used["index"]["shards"] == 2
    (named,) = used["index"]["damaged"]
    assert damaged.stem in named
    assert index(library)["built"] == 1
    assert damaged.read_bytes() == data
    assert search(library, mask)[1]["index"]["damaged"] == []


def test_an_image_that_changed_stops_the_index_and_what_is_done_is_kept(library, images, mask):
    image = next(library.rglob("image-9.png"))
    data = image.read_bytes()
    save(image, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    with pytest.raises(skyburst.JobFailed, match=r"image-9\.png: is not the file that the library was built from"):
        index(library)
    assert search(library, mask)[1]["index"] is None
    image.write_bytes(data)
    assert index(library)["built"] == 1
    assert search(library, mask)[1]["index"]["shards"] == 3


def test_a_damaged_description_of_an_index_is_as_none(library, mask):
    index(library)
    whole, _ = search(library, mask)
    document = library / "index" / "index.json"
    for data in (document.read_bytes().replace(b'"data_threshold": 20', b'"data_threshold": 10'), b"{", b"[]"):
        document.write_bytes(data)
        found, used = search(library, mask)
        assert found == whole
        assert used["index"] is None
    assert index(library)["built"] == 0
    assert search(library, mask)[1]["index"]


def test_a_library_that_was_moved_keeps_its_index(library, mask, tmp_path):
    index(library)
    shutil.move(library, tmp_path / "moved")
    assert search(tmp_path / "moved", mask)[1]["index"]["shards"] == 3


def test_the_index_of_what_is_not_a_library_is_refused(images):
    with pytest.raises(skyburst.JobFailed, match="is not a library"):
        index(images)
