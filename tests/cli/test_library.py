"""`library`: build, inspect, generate, and search what was made."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.cli.terminal import CTRL_C, Terminal

BLUEPRINT = """
blueprint = 1
name = "notes"
version = "1.0.0"
worker = "notes:work"
combiner = "notes:total"
[library]
describe = "notes:describe"
generate = "notes:generate"
"""
CODE = """
import skyburst
from skyburst.library import Description

@skyburst.worker
def work(batch):
    return sum(item["size_bytes"] for item in batch.items)

total = skyburst.combiners.total()

def describe(path):
    if path.suffix != ".txt":
        return None
    if path.read_text() == "":
        raise ValueError("it is empty; write something")
    return Description(metadata={"first": path.read_text()[0]})

def generate(destination, images, seed, progress):
    if seed == 13:
        raise KeyError("thirteen")
    destination.mkdir()
    for number in range(images):
        (destination / f"{number}.txt").write_text(str(seed) * number)
        progress(number + 1, images)
"""
ONLY = ("--analysis", "notes")


@pytest.fixture
def notes(project: Path) -> Path:
    """A folder of notes, one of them empty, and an analysis that makes libraries of notes."""
    (project / "analyses" / "notes").mkdir(parents=True)
    (project / "analyses" / "notes" / "blueprint.toml").write_text(BLUEPRINT)
    (project / "analyses" / "notes" / "notes.py").write_text(CODE)
    folder = project / "texts"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text("ab" * number)
    (folder / "picture.png").write_bytes(b"no note")
    return folder


def test_a_library_is_built_inspected_verified_and_searched(program: Program, notes: Path, project: Path) -> None:
    built = program("library", "build", notes, "lib", *ONLY, "--name", "my notes")
    assert built.code == 3  # a file was refused
    assert "library my notes in " in built.out
    assert "4 added, 0 there already, 1 ignored, 1 refused" in built.out
    assert "0.txt: it is empty; write something" in built.out
    (notes / "0.txt").unlink()
    again = json.loads(program("library", "build", notes, "lib", *ONLY, "--json").out)
    assert (again["added"], again["already_there"], again["refused_count"], again["name"]) == (0, 4, 0, "my notes")
    shown = program("library", "inspect", "lib")
    assert shown.code == 0
    assert "first       a 4" in shown.out
    assert "verified: every file is as it was stored" in program("library", "inspect", "lib", "--verify").out
    assert json.loads(program("run", "notes", "--items", "lib", "--json", "-").out) == 20


def test_what_is_damaged_is_named(program: Program, notes: Path, project: Path) -> None:
    program("library", "build", notes, "lib", *ONLY)
    damaged = next((project / "lib" / "images").rglob("3.txt"))
    damaged.write_text("something else")
    ended = program("library", "inspect", "lib", "--verify")
    assert ended.code == 1
    assert f"problem: images/{damaged.parent.name}/3.txt: " in ended.out
    report = json.loads(program("library", "inspect", "lib", "--verify", "--json").out)
    assert report["problems"][0]["key"].endswith("/3.txt")


def test_an_example_library_is_generated(program: Program, notes: Path, project: Path) -> None:
    ended = program("library", "generate", "example", "--images", "3", "--seed", "7", *ONLY)
    assert ended.code == 0
    assert [path.read_text() for path in sorted((project / "example").iterdir())] == ["", "7", "77"]
    failed = program("library", "generate", "other", "--seed", "13", *ONLY)
    assert failed.code == 2
    assert "generate of 'notes' failed: KeyError: 'thirteen'" in failed.err


def test_whose_library_it_is_must_be_said_when_there_are_several(program: Program, notes: Path) -> None:
    ended = program("library", "build", notes, "lib")
    assert ended.code == 2
    assert "say whose library it is with --analysis: notes, color-depth-search" in ended.err
    ended = program("library", "build", notes, "lib", "--analysis", "typed")
    assert ended.code == 2
    assert "analysis 'typed' has no [library] describe in its blueprint" in ended.err


def test_what_cannot_be_a_library_is_refused(program: Program, notes: Path, project: Path) -> None:
    assert program("library", "build", "nowhere", "lib", *ONLY).code == 2
    assert program("library", "build", notes, project / "squares.py", *ONLY).code == 2
    assert program("library", "inspect", notes).code == 2


def test_code_that_cannot_be_loaded_is_no_mistake_of_skyburst(program: Program, notes: Path, project: Path) -> None:
    (project / "analyses" / "notes" / "notes.py").write_text("import no_such_module\n")
    ended = program("library", "build", notes, "lib", *ONLY)
    assert ended.code == 2
    assert "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'" in ended.err


def test_a_color_depth_library_is_generated_built_and_searched(program: Program, project: Path) -> None:
    assert program("library", "generate", "example", "--images", "8", "--seed", "3", "-q").code == 0
    assert program("library", "build", "example/images", "lib", "-q").code == 0
    mask = next((project / "example" / "masks").iterdir())
    settings = [
        "mask_threshold=20",
        "data_threshold=20",
        "pix_color_fluctuation=1",
        "xy_shift=2",
        "min_matching_pix_ratio=0",
    ]
    options = [part for setting in settings for part in ("--set", setting)]
    results = {}
    for library in ("lib", "example/images"):
        ended = program(
            "run",
            "color-depth-search",
            "--set",
            f"mask={mask}",
            "--set",
            f"library={library}",
            *options,
            "--json",
            "out.json",
        )
        assert ended.code == 0
        document = json.loads((project / "out.json").read_text())
        results[library] = [
            (Path(match["files"]["CDMMatch"]).name, match["matchingPixels"]) for match in document["results"]
        ]
    assert results["lib"]
    assert results["lib"] == results["example/images"]
    assert "matches.html" in ended.out
    assert "the result is the same as before" in program("rerun", "last").err


def test_a_mask_that_cannot_be_searched_for_is_refused_in_its_own_words(program: Program, project: Path) -> None:
    assert program("library", "generate", "example", "--images", "2", "-q").code == 0
    (project / "mask.png").write_bytes(b"no picture")
    ended = program("run", "color-depth-search", "--set", "mask=mask.png", "--set", "library=example/images")
    assert ended.code == 2
    assert ended.out == ""
    refusal = ended.err.splitlines()[-1]
    assert refusal.startswith("FAILED: ")
    assert "mask.png" in refusal
    assert "resume" not in ended.err
    assert "resume" not in program("status", "last").out


def test_a_search_without_a_match_says_so(program: Program, project: Path) -> None:
    assert program("library", "generate", "example", "--images", "2", "-q").code == 0
    mask = next((project / "example" / "masks").iterdir())
    ended = program(
        "run", "color-depth-search", "--set", f"mask={mask}", "--set", "library=example/images",
        "--set", "min_matching_pix_ratio=100",
    )  # fmt: skip
    assert ended.code == 0
    assert "result  no match among 2 images\n" in ended.out


def test_a_build_shows_a_bar_and_goes_on_after_ctrl_c(program: Program, notes: Path, project: Path) -> None:
    code = project / "analyses" / "notes" / "notes.py"
    code.write_text(CODE.replace("    if path.suffix", "    import time; time.sleep(0.2)\n    if path.suffix"))
    with Terminal("library", "build", notes, "lib", *ONLY, folder=project) as terminal:
        terminal.until(r"━ *2/6 files")
        terminal.press(CTRL_C)
        assert terminal.ended() == 130
        assert re.search(
            r"stopped; what is stored is kept: `skyburst library build \S+/texts lib` goes on", terminal.text
        )
    code.write_text(CODE)
    assert json.loads(program("library", "build", notes, "lib", *ONLY, "--json").out)["count"] == 4
