"""Variants of items: made when asked for, kept, verified, and made again where they are missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from skyburst.errors import InvalidAnalysis, InvalidLibrary
from skyburst.library import (
    BuildProgress,
    Variant,
    inspect_library,
    numbered_items,
    open_library,
    purge_removed,
    remove_items,
)
from skyburst.library.variants import VariantsList
from skyburst.manifest import ItemReader
from tests.library.samples import build, files_of, load_variants, write_item, write_items


def variants(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "variants").rglob("*") if path.is_file() and path.suffix != ".jsonl")


def of_manifest(folder: Path) -> dict[str, dict[str, str]]:
    library = open_library(folder)
    return {item["id"]: item.get("variants", {}) for item in ItemReader(library.manifest).read(0, library.count)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_items(tmp_path / "source", 110)


def test_variants_are_files_of_their_items(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    assert build(source, folder, load_variants=load_variants, processes=2).variants_made == 110
    assert of_manifest(folder)["item-0105"] == {
        "upper": "variants/upper/2/item-0105.txt",
        "length": "variants/length/2/item-0105.number",
    }
    upper = folder / "variants/upper/2/item-0105.txt"
    assert upper.read_text() == (source / "item-0105.item").read_text().upper()
    assert {item.item.id: item.item.variants for item in numbered_items(open_library(folder))} == of_manifest(folder)
    report = inspect_library(folder, verify=True)
    assert (report.problems, report.variants, report.library.format) == ([], {"upper": 110, "length": 110}, 3)


def test_a_library_built_without_gains_them_and_then_nothing_is_done_twice(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    build(source, folder)
    plain = files_of(folder)
    assert "variants" not in json.loads((folder / "library.json").read_text())
    seen: list[BuildProgress] = []
    summary = build(source, folder, load_variants=load_variants, progress=seen.append)
    assert (summary.added, summary.variants_made, summary.library.version) == (0, 110, 2)
    assert (seen[-1].examined, seen[-1].total) == (220, 220)
    assert files_of(folder).items() >= plain.items(), "what was there is as it was"
    write_item(source / "later.item")
    again = build(source, folder, load_variants=load_variants)
    assert (again.added, again.variants_made, again.library.version) == (1, 1, 3)
    assert build(source, folder, load_variants=load_variants).library.version == 3
    write_item(source / "without.item")
    assert build(source, folder).variants_made == 0
    assert [name for name, keys in of_manifest(folder).items() if not keys] == ["without"]
    assert inspect_library(folder, verify=True).problems == []
    assert [path.name for path in (folder / "variants").glob("*.jsonl")] == ["3.jsonl"]


def test_a_build_interrupted_while_it_makes_variants_goes_on_where_it_was(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "library"
    build(source, tmp_path / "whole", load_variants=load_variants)
    append = VariantsList.append

    def fails(self: VariantsList, *given: object) -> None:
        if len(self) == 104:
            raise KeyboardInterrupt
        append(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(VariantsList, "append", fails)
        with pytest.raises(KeyboardInterrupt):
            build(source, folder, load_variants=load_variants)
    with pytest.raises(InvalidLibrary, match="is unfinished"):
        open_library(folder)
    next_list = folder / "variants/next.jsonl"
    with next_list.open("ab") as file:
        file.write(b'{"of": "tor')
    (folder / "variants/upper/2/left.txt#1").write_bytes(b"left")
    os.truncate(folder / "variants/upper/2/item-0102.txt", 0)
    assert build(source, folder, load_variants=load_variants).variants_made == 8
    assert files_of(folder) == files_of(tmp_path / "whole")
    assert inspect_library(folder, verify=True).problems == []


@pytest.mark.parametrize("key", ["variants/upper/1/item-0003.txt", "variants/1.jsonl"])
def test_what_is_damaged_is_named_and_what_is_missing_is_made_by_the_next_build(
    source: Path, tmp_path: Path, key: str
) -> None:
    folder = tmp_path / "library"
    build(source, folder, load_variants=load_variants)
    whole = files_of(folder)
    (folder / key).write_bytes(whole[key][:-30] + b"x" * 30)
    assert key in {problem.key for problem in inspect_library(folder, verify=True).problems}
    (folder / key).unlink()
    assert key in {problem.key for problem in inspect_library(folder, verify=True).problems}
    remade = build(source, folder, load_variants=load_variants)
    assert remade.library.version == 1
    assert files_of(folder) == whole
    assert inspect_library(folder, verify=True).problems == []


def test_removed_items_keep_their_variants_until_they_are_purged(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    build(source, folder, load_variants=load_variants)
    remove_items(folder, ["item-0001", "item-0002"])
    assert len(variants(folder)) == 220
    assert inspect_library(folder).variants == {"upper": 108, "length": 108}
    purge_removed(folder)
    assert len(variants(folder)) == 216
    write_item(source / "later.item")
    summary = build(source, folder, load_variants=load_variants)
    assert (summary.added, summary.variants_made) == (3, 3), "the removed ones are there anew"
    assert len(variants(folder)) == 222
    assert inspect_library(folder, verify=True).problems == []


def test_items_whose_variants_cannot_be_made_are_named_and_stay(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 3)
    write_item(source / "none.item", content="no variants")
    for version in (1, 1):  # nothing has changed
        summary = build(source, tmp_path / "library", load_variants=load_variants)
        assert (summary.library.count, summary.library.version, summary.refused_count) == (4, version, 1)
        assert "its variants cannot be made: it has no variants" in summary.refused[0].reason


def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 1)
    with pytest.raises(InvalidAnalysis, match=r"'\.\./x' is no name of a variant"):
        build(source, tmp_path / "library", load_variants=lambda: lambda _: {"../x": Variant(b"", "")})
