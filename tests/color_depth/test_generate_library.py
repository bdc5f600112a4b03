"""Generating a library on disk: the same bytes always, interrupted or not, in one process or several."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from filelock import FileLock
from PIL import Image

import skyburst
from examples.color_depth_search.generate import generate_library
from examples.color_depth_search.generate.plan import Plan
from examples.color_depth_search.generate.processes import draw_in_processes
from examples.color_depth_search.generate.record import LOCK
from skyburst.loading import load_function
from tests.waiting import PATIENCE_S, eventually

REPOSITORY = Path(__file__).resolve().parents[2]
ANALYSIS = REPOSITORY / "examples" / "color_depth_search"


def checksums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LOCK
    }


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    generate_library(folder, 12, seed=5, masks=2, planted=2, jobs=1)
    return folder


def test_a_library_has_images_masks_and_truth(library):
    assert len(list((library / "images").glob("*.tif"))) == 12
    truth = json.loads((library / "truth.json").read_text())
    assert {path.name for path in (library / "masks").iterdir()} == truth.keys()
    for matches in truth.values():
        assert len(matches) == 2
        assert all((library / "images" / match["file"]).is_file() for match in matches)
    assert not list(library.rglob("*.partial"))


def test_files_are_tiffs_like_the_published_ones(library, color_depth_data):
    plan = Plan(seed=5, masks=2, planted=2)
    with (
        Image.open(next((color_depth_data / "library").iterdir())) as published,
        Image.open(library / "images" / plan.image_name(0).file) as generated,
    ):
        assert (generated.size, generated.mode) == (published.size, published.mode) == ((1210, 566), "RGB")
        for tag in (258, 259, 262, 277, 278):  # bits, PackBits, RGB, samples, rows per strip
            assert generated.tag_v2[tag] == published.tag_v2[tag]
        assert len(generated.tag_v2[279]) == 71
        assert np.array_equal(np.asarray(generated), plan.image(0))


def test_a_second_run_writes_the_same_bytes(library, tmp_path):
    generate_library(tmp_path / "again", 12, seed=5, masks=2, planted=2)
    assert checksums(tmp_path / "again") == checksums(library)


def test_a_smaller_library_is_a_part_of_the_larger_and_grows_into_it(library, tmp_path):
    small = generate_library(tmp_path, 5, seed=5, masks=2, planted=2)
    assert (small.images, small.written, small.planted) == (5, 5, 2)
    part, whole = checksums(tmp_path / "images"), checksums(library / "images")
    assert part.items() <= whole.items()
    assert generate_library(tmp_path, 12, seed=5, masks=2, planted=2).written == 7
    assert checksums(tmp_path) == checksums(library)


def test_an_interrupted_generation_continues_and_keeps_what_is_there(library, tmp_path):
    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_library(tmp_path, 12, seed=5, masks=2, planted=2, progress=stop)
    assert not (tmp_path / "truth.json").exists()
    there = {path: path.stat().st_mtime_ns for path in (tmp_path / "images").iterdir()}
    assert len(there) == 4
    (tmp_path / "images" / "half.tif.partial").write_bytes(b"half")
    assert generate_library(tmp_path, 12, seed=5, masks=2, planted=2).written == 8
    assert {path: path.stat().st_mtime_ns for path in there} == there
    assert checksums(tmp_path) == checksums(library)


def test_several_processes_under_the_private_name_of_a_loaded_analysis_draw_the_same(library, tmp_path):
    generate = load_function(ANALYSIS, "generate:generate_library")
    assert generate.__module__ != generate_library.__module__
    seen: list[tuple[int, int]] = []
    generate(tmp_path, 50, seed=5, masks=2, planted=2, jobs=2, progress=lambda *now: seen.append(now))
    assert seen[0] == (0, 50)
    assert seen[-1] == (50, 50)
    assert sorted(seen) == seen
    assert checksums(library / "images").items() <= checksums(tmp_path / "images").items()


def test_a_killed_generation_continues(library, tmp_path):
    program = (
        "from examples.color_depth_search.generate import generate_library as g; from pathlib import Path; import sys"
    )
    command = f"{program}; g(Path(sys.argv[1]), 400, seed=5, masks=2, planted=2, jobs=2)"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", command, str(tmp_path)], env=environment)
    eventually(lambda: len(list(tmp_path.glob("images/*.tif"))) >= 14)
    processes = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(processes, PATIENCE_S)  # they end with their next line of progress
    (tmp_path / "generation.json").write_text((library / "generation.json").read_text())
    generate_library(tmp_path, 12, seed=5, masks=2, planted=2)
    whole = checksums(library)
    whole.pop("truth.json")
    assert whole.items() <= checksums(tmp_path).items()


def test_a_failing_process_is_an_error_with_its_reason(tmp_path):
    missing = tmp_path / "missing"
    with pytest.raises(skyburst.SkyburstError, match="No such file"):
        list(draw_in_processes(missing, Plan(1, 1, 1), [0, 2, 4], jobs=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 6}, "seed 5, not 6"),
        ({"masks": 3}, "masks 2, not 3"),
        ({"planted": 1}, "planted 2, not 1"),
        ({"images": 3}, "ask for at least 12"),
    ],
)
def test_a_folder_of_another_library_is_refused_and_left_alone(library, change, message):
    before = checksums(library)
    arguments = {"images": 12, "seed": 5, "masks": 2, "planted": 2} | change
    with pytest.raises(skyburst.InvalidLibrary, match=message):
        generate_library(library, **arguments)
    assert checksums(library) == before


def test_a_folder_of_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(skyburst.InvalidLibrary, match=r"'notes\.txt'"):
        generate_library(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(skyburst.InvalidLibrary, match="is a file"):
        generate_library(tmp_path / "file", 1)


@pytest.mark.parametrize("record", ["{", "[]", '{"seed": 1}'])
def test_a_damaged_record_is_refused(tmp_path, record):
    (tmp_path / "generation.json").write_text(record)
    with pytest.raises(skyburst.InvalidLibrary, match=r"generation\.json"):
        generate_library(tmp_path, 1)


def test_a_folder_that_another_program_fills_is_refused(tmp_path):
    with (
        FileLock(tmp_path / LOCK),
        pytest.raises(skyburst.Conflict, match="another program"),
    ):
        generate_library(tmp_path, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"images": 0},
        {"images": 10_000_001},
        {"images": 1, "seed": -1},
        {"images": 1, "masks": -1},
        {"images": 1, "planted": -1},
        {"images": 1, "jobs": 0},
    ],
)
def test_impossible_numbers_are_refused_before_anything_is_written(tmp_path, arguments):
    name, value = list(arguments.items())[-1]
    with pytest.raises(skyburst.InvalidLibrary, match=f"{name} is {value}"):
        generate_library(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_a_library_without_masks_is_possible(tmp_path):
    summary = generate_library(tmp_path, 2, masks=0)
    assert (summary.masks, summary.planted, summary.written) == (0, 0, 2)
    assert json.loads((tmp_path / "truth.json").read_text()) == {}
