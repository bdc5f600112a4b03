"""Removing from a library: what goes, what stays, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skyburst.errors import InvalidLibrary, ItemNotFound, LibraryBusy
from skyburst.library import RemoveProgress, inspect_library, numbered_items, open_library, purge_removed, remove_items
from skyburst.library.lock import only_writer
from skyburst.manifest import read_all
from skyburst.objects import open_store
from tests.library.samples import build, files_of, write_item, write_items
from tests.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    build(write_items(tmp_path / "source", 120), tmp_path / "library", name="flies", seed=3)
    return tmp_path / "library"


def ids_in_the_manifest(folder: Path) -> list[str]:
    return [item["id"] for item in read_all(open_library(folder).manifest, open_store(folder))]


def test_a_removal_makes_a_version_without_the_items_and_keeps_the_rest(library: Path) -> None:
    old = open_library(library)
    before = files_of(library)
    seen: list[RemoveProgress] = []
    summary = remove_items(library, ["item-0100", "item-0007", "item-0007"], progress=seen.append)
    new = open_library(library)
    assert summary.library == new
    assert [(number, item.id) for number, item, _ in summary.items] == [(7, "item-0007"), (100, "item-0100")]
    assert (new.version, new.count, new.numbers, new.removed_count) == (2, 118, 120, 2)
    assert (new.name, new.seed, new.created_at, new.properties) == ("flies", 3, old.created_at, old.properties)
    assert new.size_bytes == old.size_bytes - sum(each.item.size_bytes for each in summary.items)
    assert sorted(ids_in_the_manifest(library)) == [f"item-{n:04d}" for n in range(120) if n not in (7, 100)]
    assert seen == [RemoveProgress(done, 118) for done in range(1, 119)]
    # All that there was is there still, byte for byte: the journal among it.
    assert before.items() <= files_of(library).items()


def test_a_job_that_has_an_old_version_goes_on_reading_its_files(library: Path) -> None:
    old = open_library(library)
    remove_items(library, ["item-0007"])
    items = {item["id"]: item for item in read_all(old.manifest, open_store(library))}
    assert len(items) == 120
    assert (library / items["item-0007"]["key"]).stat().st_size == items["item-0007"]["size_bytes"]


def test_items_keep_their_numbers_and_removed_numbers_are_not_given_again(library: Path, tmp_path: Path) -> None:
    remove_items(library, ["item-0000", "item-0119"])
    build(write_items(tmp_path / "more", 2, start=500), library)
    new = open_library(library)
    numbers = {item.id: number for number, item, removed in numbered_items(new) if not removed}
    assert new.removed_numbers == {0, 119}
    assert new.removed == ((0, 1), (119, 120))
    assert numbers == {f"item-{n:04d}": n for n in range(1, 119)} | {"item-0500": 120, "item-0501": 121}
    lines = (library / "items.jsonl").read_text().splitlines()[1:]
    assert all(json.loads(lines[number])["item"]["id"] == name for name, number in numbers.items())


def test_a_name_that_was_removed_can_be_added_again_beside_the_old_file(library: Path, tmp_path: Path) -> None:
    remove_items(library, ["item-0110", "item-0007"])
    # 110 lies in the prefix in which the next item goes, 7 does not.
    for name in ("item-0110", "item-0007"):
        write_item(tmp_path / "again" / f"{name}.item", content=f"another {name}")
    old = (library / "images/2/item-0110.item").read_bytes()
    assert build(tmp_path / "again", library).added == 2
    items = {item.id: (number, item) for number, item, removed in numbered_items(open_library(library)) if not removed}
    assert (items["item-0007"][0], items["item-0007"][1].key) == (120, "images/2/item-0007.item")
    assert (items["item-0110"][0], items["item-0110"][1].key) == (121, "images/2.121/item-0110.item")
    assert items["item-0110"][1].thumbnail == "thumbnails/2.121/item-0110.txt"
    assert (library / "images/2/item-0110.item").read_bytes() == old
    assert (library / "images/2.121/item-0110.item").read_text().endswith("another item-0110")
    assert inspect_library(library, verify=True).problems == []
    assert build(tmp_path / "again", library).already_there == 2


def test_the_next_build_from_a_folder_that_still_has_a_removed_file_adds_it_again(
    library: Path, tmp_path: Path
) -> None:
    remove_items(library, ["item-0007"])
    again = build(tmp_path / "source", library)
    assert (again.added, again.already_there, again.library.count, again.library.numbers) == (1, 119, 120, 121)


def test_purging_deletes_image_and_thumbnail_of_the_removed_items_only(library: Path) -> None:
    before = files_of(library)
    old = open_library(library)
    lost = {"images/1/item-0007.item", "thumbnails/1/item-0007.txt"}
    remove_items(library, ["item-0008"])
    summary = remove_items(library, ["item-0007"], purge=True)
    assert (summary.purged, summary.freed_bytes) == (1, sum(len(before[key]) for key in lost))
    after = files_of(library)
    assert before.keys() - after.keys() == lost
    new = open_library(library)
    assert (new.removed_numbers, new.purged_numbers) == ({7, 8}, {7})
    assert sum(1 for _ in read_all(old.manifest, open_store(library))) == 120, "the list of the old version is kept"


def test_what_was_removed_before_can_be_purged_later(library: Path) -> None:
    removed = remove_items(library, ["item-0007", "item-0008"]).library
    summary = purge_removed(library)
    assert (summary.items, summary.purged) == ([], 2)
    assert (summary.library.version, summary.library.manifest) == (removed.version, removed.manifest)
    assert summary.library.purged == summary.library.removed == ((7, 9),)
    assert purge_removed(library).purged == 0
    assert inspect_library(library, verify=True).problems == []


def test_unknown_ids_are_named_and_nothing_is_removed(library: Path) -> None:
    before = files_of(library), (library / "library.json").read_bytes()
    unknown = [f"x{number}" for number in range(13)]
    with pytest.raises(ItemNotFound, match=r"has no item 'x0', 'x1', .*'x9' and 3 more$") as raised:
        remove_items(library, ["item-0007", *unknown], purge=True)
    assert raised.value.ids == tuple(unknown)
    for wrong in ("item-0007.item", "ITEM-0007", ""):
        with pytest.raises(ItemNotFound, match=f"has no item '{wrong}'$"):
            remove_items(library, [wrong])
    assert (files_of(library), (library / "library.json").read_bytes()) == before


def test_an_item_that_was_removed_is_not_there_to_be_removed_again(library: Path) -> None:
    remove_items(library, ["item-0007"])
    with pytest.raises(ItemNotFound, match=r"has no item 'item-0007'$"):
        remove_items(library, ["item-0007"])
    assert open_library(library).version == 2


def test_a_single_id_is_not_taken_letter_by_letter(library: Path) -> None:
    assert remove_items(library, "item-0007").library.count == 119


def test_an_id_in_another_unicode_form_is_the_same_id(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 2)
    write_item(source / "a\u0308.item")
    build(source, tmp_path / "library")
    assert [each.item.id for each in remove_items(tmp_path / "library", ["\u00e4"]).items] == ["a\u0308"]


def test_a_library_keeps_at_least_one_item(library: Path) -> None:
    with pytest.raises(InvalidLibrary, match=r"these are all items of the library .* delete its folder"):
        remove_items(library, [f"item-{number:04d}" for number in range(120)])
    remove_items(library, [f"item-{number:04d}" for number in range(119)])
    with pytest.raises(InvalidLibrary, match="these are all items"):
        remove_items(library, ["item-0119"])
    assert ids_in_the_manifest(library) == ["item-0119"]


def test_no_ids_are_refused_and_purge_nothing(library: Path) -> None:
    remove_items(library, ["item-0007"])
    with pytest.raises(InvalidLibrary, match="name at least one"):
        remove_items(library, [], purge=True)
    assert (library / "images/1/item-0007.item").exists()


def test_a_library_that_is_built_meanwhile_is_left_alone(library: Path) -> None:
    with only_writer(library, again=""), pytest.raises(LibraryBusy, match="building or changing the library"):
        remove_items(library, ["item-0007"])


def test_what_is_no_library_in_a_folder_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidLibrary, match="is behind a URL, and items are removed from libraries in folders only"):
        remove_items("s3://bucket/library", ["a"])
    with pytest.raises(InvalidLibrary, match="is not a library"):
        remove_items(tmp_path / "source", ["a"])
    assert not (tmp_path / "source" / ".lock").exists()
    with pytest.raises(InvalidLibrary, match="there is no library at"):
        remove_items(tmp_path / "nowhere", ["a"])
    (library / "library.json").unlink()
    with pytest.raises(InvalidLibrary, match="is unfinished"):
        remove_items(library, ["item-0007"])


def test_a_library_that_cannot_be_written_is_left_as_it_is_and_can_be_read(
    tmp_path: Path, library: Path, name_space: list[str]
) -> None:
    (tmp_path / "disk").mkdir()
    command = [sys.executable, "-m", "tests.library.read_only_program", str(library), str(tmp_path / "disk")]
    ran = subprocess.run([*name_space, *command], cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert f"the library {tmp_path}/disk/library cannot be written: " in result["message"]
    assert (result["version"], result["problems"]) == (1, [])


def test_a_damaged_journal_is_not_removed_from(library: Path) -> None:
    journal = library / "items.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"id":"item-0004"', b'"id":item-0004"'))
    with pytest.raises(InvalidLibrary, match=r"items\.jsonl of the library .* is damaged"):
        remove_items(library, ["item-0007"])
    assert open_library(library).version == 1


def test_only_a_library_with_removed_items_needs_a_newer_reader(library: Path) -> None:
    document = json.loads((library / "library.json").read_text())
    assert document["format"] == 1
    assert "removed" not in document
    remove_items(library, ["item-0007"])
    assert json.loads((library / "library.json").read_text())["format"] == 2


@pytest.mark.parametrize("removed", [[[5, 5]], [[5, 7], [6, 8]], [[-1, 2]], [[500, 501]], [["a", 1]], 7])
def test_a_description_with_removals_that_cannot_be_is_refused(library: Path, removed: object) -> None:
    remove_items(library, ["item-0007"])
    path = library / "library.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "removed": removed, "count": 1}))
    with pytest.raises(InvalidLibrary, match="is damaged"):
        open_library(library)


def test_removed_items_stay_removed_when_the_description_is_lost_and_built_again(library: Path, tmp_path: Path) -> None:
    remove_items(library, ["item-0007", "item-0008"], purge=True)
    remove_items(library, ["item-0110"])
    build(write_items(tmp_path / "more", 1, start=500), library)
    old = open_library(library)
    (library / "library.json").unlink()
    new = build(tmp_path / "more", library).library
    assert (new.count, new.numbers, new.removed, new.purged) == (118, 121, old.removed, old.purged)
    assert list(numbered_items(new)) == list(numbered_items(old))
    assert inspect_library(library, verify=True).problems == []
    (library / "library.json").unlink()
    (library / "removed.json").write_text("[")
    with pytest.raises(InvalidLibrary, match=r"removed\.json of the library .* is damaged"):
        build(tmp_path / "more", library)
