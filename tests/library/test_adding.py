"""Adding to a library: new versions, and jobs that go on with old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.errors import InvalidLibrary
from skyburst.library import build_library, inspect_library, open_library
from skyburst.manifest import ItemReader, read_all
from skyburst.objects import open_store
from tests.library.samples import build, files_of, load_describe, write_item, write_items


def test_adding_fills_the_last_prefix_and_makes_a_new_version(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    first = build(write_items(tmp_path / "first", 150), folder, name="flies", seed=5)
    second = build(write_items(tmp_path / "second", 120, start=150), folder)
    assert (first.library.version, second.library.version) == (1, 2)
    assert (second.added, second.library.count, second.library.name, second.library.seed) == (120, 270, "flies", 5)
    assert second.library.created_at == first.library.created_at < second.library.updated_at
    counts = {path.name: len(list(path.iterdir())) for path in (folder / "images").iterdir()}
    assert counts == {"1": 100, "2": 100, "3": 70}
    assert inspect_library(folder, verify=True).problems == []


def test_a_job_that_has_an_old_version_goes_on_reading_it(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    old = build(write_items(tmp_path / "first", 30), folder).library
    before = list(read_all(old.manifest, open_store(folder)))
    new = build(write_items(tmp_path / "second", 30, start=30), folder).library
    assert list(read_all(old.manifest, open_store(folder))) == before
    after = ItemReader(new.manifest).read(0, 60)
    assert len(after) == 60
    assert [item for item in after if item in before] != before, "the whole list is shuffled anew"


def test_building_again_with_nothing_new_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    source = write_items(tmp_path / "source", 10)
    first = build(source, folder).library
    before = files_of(folder)
    summary = build(source, folder)
    assert (summary.added, summary.already_there, summary.library) == (0, 10, first)
    assert files_of(folder) == before


def test_new_files_in_the_same_folder_are_added(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 10)
    build(source, tmp_path / "library")
    write_item(source / "a-new-one.item")
    summary = build(source, tmp_path / "library")
    assert (summary.added, summary.already_there, summary.library.version) == (1, 10, 2)


def test_a_library_can_be_renamed_and_shuffled_anew(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 10)
    first = build(source, tmp_path / "library", name="one", seed=1).library
    second = build(source, tmp_path / "library", name="two", seed=2).library
    assert (second.name, second.seed, second.version, second.count) == ("two", 2, 2, 10)
    assert second.manifest.digest != first.manifest.digest


def test_what_does_not_belong_to_the_library_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    source = write_items(tmp_path / "source", 3)
    build(source, folder)
    write_item(tmp_path / "other" / "large.item", size="30x30")
    assert build(tmp_path / "other", folder).refused_count == 1
    with pytest.raises(InvalidLibrary, match="have width 10, height 20, not width 30, height 30"):
        build(source, folder, properties={"width": 30, "height": 30})
    with pytest.raises(InvalidLibrary, match="made for the analysis 'plain', not 'other'"):
        build_library(source, folder, load_describe, analysis="other", processes=1)
    assert open_library(folder).version == 1


def test_a_library_whose_journal_is_damaged_is_not_added_to(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    source = write_items(tmp_path / "source", 10)
    build(source, folder)
    journal = folder / "items.jsonl"
    good = journal.read_bytes()
    for bad in (good[:-20], good.replace(b'"id":"item-0004"', b'"id":item-0004"'), b""):
        journal.write_bytes(bad)
        with pytest.raises(InvalidLibrary, match=r"items\.jsonl of the library .* is damaged after"):
            build(source, folder)
        assert open_library(folder).count == 10
    journal.unlink()
    with pytest.raises(InvalidLibrary, match=r"items\.jsonl of the library .* is damaged after 0 of"):
        build(source, folder)
