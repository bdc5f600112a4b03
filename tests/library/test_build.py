"""Building libraries: what is in them, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from skyburst.errors import InvalidAnalysis, InvalidLibrary
from skyburst.library import BuildProgress, inspect_library, open_library
from skyburst.manifest import ItemReader, read_all
from skyburst.objects import locate, open_store
from tests.library.samples import build, files_of, write_item, write_items
from tests.waiting import eventually


def items_of(folder: Path) -> list[dict[str, object]]:
    library = open_library(folder)
    return list(read_all(library.manifest, open_store(folder)))


def test_a_library_has_the_files_unchanged_under_prefixes_of_a_hundred(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 205)
    summary = build(source, tmp_path / "library")
    assert (summary.added, summary.already_there, summary.refused, summary.library.count) == (205, 0, [], 205)
    for number in range(205):
        name = f"item-{number:04d}.item"
        stored = tmp_path / "library" / "images" / str(1 + number // 100) / name
        assert stored.read_bytes() == (source / name).read_bytes()
    assert len(list((tmp_path / "library" / "images" / "3").iterdir())) == 5


def test_an_item_has_its_name_key_checksum_thumbnail_and_metadata(tmp_path: Path) -> None:
    file = write_item(tmp_path / "source" / "sub" / "neuron #7 %20 ä.item", content="hello world")
    build(tmp_path / "source", tmp_path / "library")
    [item] = items_of(tmp_path / "library")
    assert item == {
        "id": "neuron #7 %20 ä",
        "file": "neuron #7 %20 ä.item",
        "key": "images/1/neuron #7 %20 ä.item",
        "size_bytes": 19,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "thumbnail": "thumbnails/1/neuron #7 %20 ä.txt",
        "metadata": {"group": "a", "published_name": "neuron #7 %20 ä"},
    }
    assert (tmp_path / "library" / str(item["thumbnail"])).read_bytes() == b"hello"


def test_the_manifest_has_each_item_once_in_an_order_given_by_the_seed(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 250)
    orders = []
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        build(source, tmp_path / name, seed=seed)
        orders.append([item["id"] for item in items_of(tmp_path / name)])
        assert sorted(orders[-1]) == [f"item-{number:04d}" for number in range(250)]
        assert open_library(tmp_path / name).seed == seed
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    # A batch of 40 items reads from all three prefixes.
    [batch] = [ItemReader(open_library(tmp_path / "one").manifest).read(0, 40)]
    assert {item["key"].split("/")[1] for item in batch} == {"1", "2", "3"}
    assert open_library(tmp_path / "one").manifest.chunks == 3


def test_several_processes_make_the_same_library_as_one(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 60)
    write_item(source / "wrong.item", size="nonsense")
    one = build(source, tmp_path / "one", processes=1)
    two = build(source, tmp_path / "two", processes=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert (one.added, one.refused) == (two.added, two.refused)


def test_a_moved_library_is_the_same_library(tmp_path: Path) -> None:
    build(write_items(tmp_path / "source", 3), tmp_path / "library", name="flies")
    shutil.move(tmp_path / "library", tmp_path / "elsewhere")
    library = open_library(tmp_path / "elsewhere")
    assert (library.name, library.location) == ("flies", str(tmp_path / "elsewhere"))
    for item in ItemReader(library.manifest).read(0, 3):
        assert Path(locate(library.location, item["key"])).stat().st_size == item["size_bytes"]
    assert inspect_library(tmp_path / "elsewhere", verify=True).problems == []


def test_files_that_cannot_be_used_are_named_with_the_reason_and_the_rest_is_built(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 2)
    write_item(source / "large.item", size="30x20")
    write_item(source / "not-a-size.item", size="nonsense")
    (source / "link-to-nothing.item").symlink_to("/no/such/file")
    (source / "linked-folder").symlink_to(tmp_path)
    os.mkfifo(source / "pipe.item")
    write_item(source / "unfinished.item#1")
    (source / "notes.txt").write_text("no item")
    (source / ".hidden.item").write_text("no item")
    summary = build(source, tmp_path / "library")
    assert (summary.added, summary.ignored, summary.refused_count) == (2, 1, 6)
    reasons = {Path(refused.path).name: refused.reason for refused in summary.refused}
    assert reasons == {
        "large.item": "has width 30, height 20, and this library needs width 10, height 20: "
        "build another library for such files",
        "not-a-size.item": "not-a-size.item begins with 'nonsense': a size such as 10x20 is needed",
        "link-to-nothing.item": "is a link to /no/such/file, which does not exist",
        "linked-folder": f"is a link to a folder: build from {tmp_path} as well",
        "pipe.item": "is not a file but a device, pipe or socket",
        "unfinished.item#1": "its name cannot be stored: 'unfinished.item#1' is not a key: "
        "an end such as '#1' marks unfinished writes in a folder",
    }
    lines = (tmp_path / "library" / "refused.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [refused._asdict() for refused in summary.refused]


def test_a_build_that_refuses_nothing_removes_the_last_ones_refusals(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 2)
    bad = write_item(source / "bad.item", size="nonsense")
    build(source, tmp_path / "library")
    bad.unlink()
    assert build(source, tmp_path / "library").refused_count == 0
    assert not (tmp_path / "library" / "refused.jsonl").exists()


def test_the_size_of_a_library_can_be_given(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 3)
    write_item(source / "an-odd-first-one.item", size="1x1")
    summary = build(source, tmp_path / "library", properties={"width": 10, "height": 20})
    assert (summary.added, summary.refused_count, summary.library.size) == (3, 1, (10, 20))


def test_a_linked_file_is_copied_and_not_linked(tmp_path: Path) -> None:
    real = write_item(tmp_path / "real.item")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link.item").symlink_to(real)
    build(tmp_path / "source", tmp_path / "library")
    stored = tmp_path / "library" / "images" / "1" / "link.item"
    assert stored.read_bytes() == real.read_bytes()
    assert not stored.is_symlink()


@pytest.mark.parametrize("other", ["b/x.item", "b/X.ITEM.item", "b/x.other.item"])
def test_files_with_the_same_content_and_another_name_are_both_kept(tmp_path: Path, other: str) -> None:
    write_item(tmp_path / "source" / "a" / "x.item", content="same")
    write_item(tmp_path / "source" / other, content="same")
    summary = build(tmp_path / "source", tmp_path / "library")
    assert summary.added + summary.already_there == 2
    assert summary.already_there == (other == "b/x.item")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("other", ["x.item", "X.item"])
def test_files_with_one_name_and_other_content_are_refused_with_both_paths(
    tmp_path: Path, other: str, processes: int
) -> None:
    write_item(tmp_path / "source" / "a" / "x.item", content="first")
    second = write_item(tmp_path / "source" / "b" / other, content="second")
    summary = build(tmp_path / "source", tmp_path / "library", processes=processes)
    [refused] = summary.refused
    assert refused.path == str(second)
    assert f"{tmp_path / 'library'}/images/1/x.item" in refused.reason
    assert (tmp_path / "library" / "images" / "1" / "x.item").read_text().endswith("first")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 3, group="noted")
    last = source / "item-0002.item"

    def change(progress: BuildProgress) -> None:
        if progress.examined == 1:
            eventually(last.with_suffix(".read").exists)
            last.write_text("10x20\nnoted\nchanged just now")

    summary = build(source, tmp_path / "library", processes=2, progress=change)
    [refused] = summary.refused
    assert refused == (str(last), "was changed while it was read: build again to add it")
    assert build(source, tmp_path / "library").added == 1
    assert inspect_library(tmp_path / "library", verify=True).problems == []


def test_progress_counts_every_file_once(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 5)
    write_item(source / "bad.item", size="nonsense")
    (source / "notes.txt").write_text("")
    seen: list[BuildProgress] = []
    build(source, tmp_path / "library", progress=seen.append)
    assert [progress.examined for progress in seen] == list(range(1, 8))
    assert seen[-1] == BuildProgress(examined=7, total=7, added=5, refused=1)


def test_a_source_with_nothing_to_use_makes_no_library(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(InvalidLibrary, match="has no files that this analysis can use"):
        build(tmp_path / "source", tmp_path / "library")
    write_item(tmp_path / "source" / "bad.item", size="nonsense")
    with pytest.raises(InvalidLibrary, match=r"1 were refused, the first .*bad\.item: .* begins with 'nonsense'"):
        build(tmp_path / "source", tmp_path / "library")
    with pytest.raises(InvalidLibrary, match="is unfinished"):
        open_library(tmp_path / "library")


@pytest.mark.parametrize(
    ("source", "destination", "reason"),
    [
        ("missing", "library", "is not a folder"),
        ("source", "source/library", "lie in each other"),
        ("source/inner", "source", "lie in each other"),
        ("source", "source", "lie in each other"),
        ("source", "link-to-source/library", "lie in each other"),
        ("source", "file", "is a file"),
        ("source", "full", "is not a library and not empty .it has 'thesis.doc'.: choose a new folder"),
    ],
)
def test_folders_that_cannot_be_used_are_refused(tmp_path: Path, source: str, destination: str, reason: str) -> None:
    write_items(tmp_path / "source" / "inner", 1)
    (tmp_path / "link-to-source").symlink_to(tmp_path / "source")
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidLibrary, match=reason):
        build(tmp_path / source, tmp_path / destination)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_a_describe_function_that_is_broken_is_reported_with_the_file(tmp_path: Path, processes: int) -> None:
    source = write_items(tmp_path / "source", 3)
    write_item(source / "item-0003.item", group="broken")
    with pytest.raises(InvalidAnalysis, match=r"item-0003\.item failed: RuntimeError: this function is broken"):
        build(source, tmp_path / "library", processes=processes)
    (source / "item-0003.item").unlink()
    assert build(source, tmp_path / "library").library.count == 3


def test_a_process_that_is_killed_ends_the_build_and_it_can_be_continued(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 40)
    killer = write_item(source / "item-0040.item", group="killer")
    with pytest.raises(InvalidLibrary, match="was killed, perhaps because the memory was used up"):
        build(source, tmp_path / "library", processes=2)
    killer.unlink()
    assert build(source, tmp_path / "library").library.count == 40


@pytest.mark.parametrize("location", ["missing", "empty", "/dev/null"])
def test_what_is_no_library_is_not_opened(tmp_path: Path, location: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidLibrary, match=r"there is no library at|is not a library: it has no library\.json"):
        open_library(tmp_path / location)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ("{}", "is damaged"),
        ('{"format": 1, "manifest": {}}', "is damaged"),
        ('{"format": 2, "manifest": {}}', "is damaged"),
        ('{"format": 4, "manifest": {}}', "is a library of format 4, and this version of skyburst reads 1, 2, 3"),
    ],
)
def test_a_description_that_cannot_be_read_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "library.json").write_text(content)
    with pytest.raises(InvalidLibrary, match=reason):
        open_library(tmp_path)
