"""Libraries of color-depth images: real ones built, searched and moved, and images that are refused."""

from __future__ import annotations

import io
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import skyburst
from examples.color_depth_search.images import ImageError
from examples.color_depth_search.library import THUMBNAIL_PIXELS, describe
from skyburst.library import LibrarySummary, build_library, inspect_library, open_library
from skyburst.loading import load_function
from skyburst.manifest import ItemReader
from tests.color_depth.image_files import COMPRESSIONS, encode, picture, pillow_tiff

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "color_depth_search"
LM_NAME = "VT007350-20180803_63_H2-GAL4-m-40x-brain-JRC2018_Unisex_20x_HR-CDM_2-03.tif"


def build(source: Path, destination: Path, processes: int = 1) -> LibrarySummary:
    load_describe = partial(load_function, FOLDER, "library:describe")
    return build_library(source, destination, load_describe, analysis="color-depth-search", processes=processes)


def test_a_library_of_the_real_images_has_their_size_names_and_thumbnails(
    color_depth_data: Path, tmp_path: Path
) -> None:
    summary = build(color_depth_data / "library", tmp_path / "library")
    assert (summary.added, summary.refused, summary.library.size) == (2, [], (1210, 566))
    items = {item["file"]: item for item in ItemReader(summary.library.manifest).read(0, 2)}
    for path in (color_depth_data / "library").iterdir():
        assert (tmp_path / "library" / items[path.name]["key"]).read_bytes() == path.read_bytes()
        with Image.open(tmp_path / "library" / items[path.name]["thumbnail"]) as thumbnail:
            assert (thumbnail.format, thumbnail.size) == ("JPEG", (303, 142))
            assert np.asarray(thumbnail).max() > 100
    assert items["VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01.tif"]["metadata"] == {
        "type": "LMImage",
        "slide_code": "20171124_64_H6",
        "published_name": "VT033614",
        "gender": "f",
        "channel": "2",
    }
    assert inspect_library(tmp_path / "library", verify=True).problems == []


def test_a_built_library_gives_the_published_scores_also_when_it_was_moved(
    color_depth_data: Path, tmp_path: Path
) -> None:
    build(color_depth_data / "library", tmp_path / "library", processes=2)
    shutil.move(tmp_path / "library", tmp_path / "moved")
    result = skyburst.run(
        analysis=str(FOLDER),
        parameters={
            "mask": str(color_depth_data / "masks" / "12191_JRC2018U.tif"),
            "library": str(tmp_path / "moved"),
            "mask_threshold": 20,
            "data_threshold": 20,
            "pix_color_fluctuation": 1,
            "xy_shift": 2,
            "min_matching_pix_ratio": 0,
        },
    )
    scores = {match["image"]["id"]: (match["matchingPixels"], match["mirrored"]) for match in result.value["results"]}
    assert scores == {
        "VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01": (439, False),
        "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01": (426, True),
    }
    for match in result.value["results"]:
        assert Path(match["files"]["store"]) == tmp_path / "moved"
        assert (tmp_path / "moved" / match["files"]["CDMMatch"]).is_file()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_way_to_store_an_image_is_described_alike(tmp_path: Path, compression: str) -> None:
    image = picture(60, 80)
    (tmp_path / LM_NAME).write_bytes(pillow_tiff(image, compression, 7))
    (tmp_path / "x.PNG").write_bytes(encode(image, "PNG"))
    tiff, png = describe(tmp_path / LM_NAME), describe(tmp_path / "x.PNG")
    assert tiff is not None
    assert png is not None
    assert tiff.properties == png.properties == {"width": 80, "height": 60}
    assert tiff.thumbnail == png.thumbnail
    assert (tiff.metadata["published_name"], tiff.metadata["channel"], tiff.metadata["gender"]) == (
        "VT007350",
        "2",
        "m",
    )
    assert png.metadata == {}


@pytest.mark.parametrize(("height", "width"), [(566, 1210), (1119, 573), (320, 321), (1, 1), (2000, 3)])
def test_a_thumbnail_is_small_and_has_the_shape_of_the_image(tmp_path: Path, height: int, width: int) -> None:
    (tmp_path / "x.png").write_bytes(encode(np.full((height, width, 3), 200, dtype=np.uint8), "PNG"))
    description = describe(tmp_path / "x.png")
    assert description is not None
    assert description.thumbnail is not None
    with Image.open(io.BytesIO(description.thumbnail)) as thumbnail:
        assert max(thumbnail.size) <= THUMBNAIL_PIXELS
        factor = width / thumbnail.width if width > height else height / thumbnail.height
        assert abs(thumbnail.height * factor - height) <= factor
        assert abs(thumbnail.width * factor - width) <= factor


def test_the_library_that_a_folder_is_named_after_is_known(tmp_path: Path) -> None:
    path = tmp_path / "FlyLight_Gen1_MCFO" / "searchable_neurons" / "3" / LM_NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(picture(), "TIFF"))
    build(tmp_path / "FlyLight_Gen1_MCFO", tmp_path / "library")
    report = inspect_library(tmp_path / "library")
    assert report.metadata["library_name"] == {"FlyLight_Gen1_MCFO": 1}
    assert report.metadata["gender"] == {"m": 1}
    assert report.metadata["anatomical_area"] == {"Brain": 1}
    assert report.metadata["type"] == {"LMImage": 1}


def test_images_that_cannot_be_searched_are_refused_by_name_and_the_rest_is_built(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    good = encode(picture(), "TIFF")
    grey = encode(Image.fromarray(picture()[:, :, 0]), "PNG")
    for name, data in {
        "a-good.tif": good,
        "b-good.png": encode(picture(), "PNG"),
        "grey.png": grey,
        "truncated.tif": good[:-100],
        "other-size.tif": encode(picture(31, 41), "TIFF"),
        "jpeg.tif": encode(picture(), "JPEG"),
        "empty.tif": b"",
        "notes.txt": b"not an image and not named like one",
    }.items():
        (source / name).write_bytes(data)
    summary = build(source, tmp_path / "library")
    assert (summary.added, summary.ignored) == (2, 1)
    reasons = {Path(refused.path).name: refused.reason for refused in summary.refused}
    assert set(reasons) == {"grey.png", "truncated.tif", "other-size.tif", "jpeg.tif", "empty.tif"}
    assert reasons["other-size.tif"].startswith("has width 41, height 31, and this library needs width 41, height 30")
    assert "JPEG" in reasons["jpeg.tif"]
    assert "is truncated" in reasons["truncated.tif"]
    assert "empty" in reasons["empty.tif"]
    assert "RGB" in reasons["grey.png"]


def test_damage_at_the_end_of_an_image_does_not_get_into_a_library(color_depth_data: Path, tmp_path: Path) -> None:
    original = next((color_depth_data / "library").glob("VT033614*")).read_bytes()
    (tmp_path / "cut.tif").write_bytes(original[:-2_000])
    with pytest.raises(ImageError, match=r"^cut\.tif: "):
        describe(tmp_path / "cut.tif")


def test_a_mask_of_another_size_than_the_library_is_refused_before_anything_starts(
    color_depth_data: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "small.png").write_bytes(encode(picture(), "PNG"))
    build(source, tmp_path / "library")
    assert open_library(tmp_path / "library").size == (41, 30)
    with pytest.raises(skyburst.SkyburstError, match=r"41 x 30 pixels, mask .* has 1210 x 566"):
        skyburst.run(
            analysis=str(FOLDER),
            parameters={
                "mask": str(color_depth_data / "masks" / "12191_JRC2018U.tif"),
                "library": str(tmp_path / "library"),
                "mask_threshold": 20,
            },
        )
