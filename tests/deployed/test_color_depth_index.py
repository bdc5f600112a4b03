"""The index of a library of images at home `aws`: built there by a job, searched there by another, the same to the byte.

The searches are ranked by shape, in a second stage that reads images and what is derived from them.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import skyburst
from skyburst.folders import open_folder
from skyburst.homes.aws.home import AwsHome
from skyburst.library import build_library
from skyburst.loading import load_function
from tests.color_depth.index.pictures import picture
from tests.conftest import REPOSITORY
from tests.deployed.conftest import PREFIX, Deployment

OLD = "shards/00/00000000-00112233445566778899.entries"
SEARCH = {"mask_threshold": 20, "data_threshold": 20, "min_matching_pix_ratio": 0, "rank_by": "shape"}
WIDTH, HEIGHT = 340, 110  # larger than what the label boxes leave out


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of ten images, some like `mask.png` beside it."""
    rng = np.random.default_rng(3)
    near = picture(rng, WIDTH, HEIGHT)
    Image.fromarray(near).save(tmp_path / "mask.png")
    (tmp_path / "images").mkdir()
    for number in range(10):
        image = picture(rng, WIDTH, HEIGHT, near=near if number % 2 else None)
        Image.fromarray(image).save(tmp_path / "images" / f"image-{number}.png")
    describe, variants = (
        partial(load_function, REPOSITORY / "examples" / "color_depth_search", f"library:{name}")
        for name in ("describe", "make_variants")
    )
    build_library(
        tmp_path / "images", tmp_path / "library", describe,
        analysis="color-depth-search", processes=1, load_variants=variants,
    )  # fmt: skip
    return tmp_path / "library"


def test_an_index_is_built_and_searched_with_the_same_bytes_as_at_home_local(
    aws: Deployment, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    for file in open_folder(library).files():
        url = aws.put(f"libraries/library/{file.name}", Path(file.location).read_bytes()).removesuffix(f"/{file.name}")
    aws.put(f"libraries/library/index/{OLD}", b"of an older index")
    search = {"analysis": "color-depth-search", "parameters": {**SEARCH, "mask": str(library.parent / "mask.png")}}
    home = AwsHome(PREFIX)
    folder = library.parent / "FlyLight_More"
    folder.mkdir()
    for number in (1, 3):
        shutil.copy(library.parent / "images" / f"image-{number}.png", folder)
    try:
        raw = skyburst.run({**search, "parameters": {**search["parameters"], "library": url}}, home=home)
        for place, at in ((url, home), (str(library), None)):
            built = skyburst.run("color-depth-index", parameters={"library": place, "shard_images": 4}, home=at)
            assert (built.value["built"], built.value["published"]) == (3, True), built.value
            assert built.value["not_removed"] is None
            assert built.value["outdated"] == (place == url)
        there, here = (
            skyburst.run({**search, "parameters": {**search["parameters"], "library": place}}, home=at)
            for place, at in ((url, home), (str(library), None))
        )
        # With a folder of images beside it, of which some are like those of the library.
        both_there, both_here = (
            skyburst.run({**search, "parameters": {**search["parameters"], "library": [place, str(folder)]}}, home=at)
            for place, at in ((url, home), (str(library), None))
        )
    finally:
        home.close()
    made = {file.name: open_folder(url).read(file.name) for file in open_folder(url).files() if "shards" in file.name}
    assert len(made) == 6
    assert made == {name: open_folder(library).read(name) for name in made}
    assert here.value["results"], "it found something"
    used = json.loads(there.files["parameters.json"].read_bytes())
    assert used["index"].items() >= {"shards": 3, "damaged": []}.items()
    assert used["shape"]["stored"] == used["shape"]["scored"] == len(here.value["results"])
    assert json.loads(raw.files["parameters.json"].read_bytes())["index"] is None
    for name in ("matches.csv", "matches.json"):
        assert there.files[name].read_bytes() == raw.files[name].read_bytes()
    assert there.files["matches.csv"].read_bytes() == here.files["matches.csv"].read_bytes()
    assert both_there.files["matches.csv"].read_bytes() == both_here.files["matches.csv"].read_bytes()
    libraries = [entry["image"]["libraryName"] for entry in both_there.value["results"]]
    assert libraries.count("FlyLight_More") == 2
    assert len(libraries) == len(here.value["results"]) + 2
    record = json.loads(both_there.files["parameters.json"].read_bytes())
    assert (record["index"]["shards"], record["searched"], record["index_not_used"]) == (3, 12, None)
