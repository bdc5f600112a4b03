"""Any sequence of additions and removals gives the library that a plain dict gives."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.errors import InvalidLibrary, ItemNotFound
from skyburst.library import Library, inspect_library, layout, numbered_items, open_library, remove_items
from skyburst.library.removals import count_of, numbers_in, ranges_of
from skyburst.manifest import read_all
from skyburst.objects import open_store
from tests.library.samples import build, write_item

NAMES = st.sampled_from("abcde")
ADD = st.tuples(st.just("add"), st.dictionaries(NAMES, st.sampled_from(["x", "y"]), min_size=1))
REMOVE = st.tuples(st.sampled_from(["remove", "purge"]), st.sets(NAMES, min_size=1, max_size=3))


@dataclass
class Model:
    """What a library should be."""

    live: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Number and content of each item."""
    numbers: int = 0
    version: int = 0
    purged: set[int] = field(default_factory=set)
    lists: list[tuple[Library, dict[str, tuple[int, str]]]] = field(default_factory=list)
    """All versions, and what was live in them."""

    def add(self, files: dict[str, str]) -> tuple[int, int, int]:
        """How many are added, there already, refused."""
        new = {name: content for name, content in sorted(files.items()) if name not in self.live}
        same = sum(self.live[name][1] == content for name, content in files.items() if name in self.live)
        for number, (name, content) in enumerate(new.items(), start=self.numbers):
            self.live[name] = (number, content)
        self.numbers += len(new)
        self.version += bool(new)
        return len(new), same, len(files) - len(new) - same

    def remove(self, names: set[str], *, purge: bool) -> None:
        """Without names that are not there, and never all."""
        gone = {self.live.pop(name)[0] for name in names}
        self.purged |= gone if purge else set()
        self.version += 1


@settings(max_examples=40)
@given(steps=st.lists(ADD | REMOVE, min_size=1, max_size=7))
def test_a_library_is_what_was_added_and_not_removed(steps: list[tuple[str, dict[str, str] | set[str]]]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "ITEMS_PER_PREFIX", 3)
        folder, model = Path(name, "library"), Model()
        build(source(Path(name, "first"), {"a": "x", "f": "x"}), folder)
        model.add({"a": "x", "f": "x"})
        for number, (what, given_) in enumerate(steps):
            if isinstance(given_, dict):
                summary = build(source(Path(name, str(number)), given_), folder)
                assert (summary.added, summary.already_there, summary.refused_count) == model.add(given_)
            elif not given_ <= model.live.keys():
                with pytest.raises(ItemNotFound) as raised:
                    remove_items(folder, given_)
                assert set(raised.value.ids) == given_ - model.live.keys()
            elif given_ == model.live.keys():
                with pytest.raises(InvalidLibrary, match="these are all items"):
                    remove_items(folder, given_)
            else:
                remove_items(folder, given_, purge=what == "purge")
                model.remove(given_, purge=what == "purge")
            assert_is(folder, model)


def source(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        write_item(folder / f"{name}.item", content=content)
    return folder


def assert_is(folder: Path, model: Model) -> None:
    library = open_library(folder)
    numbered = list(numbered_items(library))
    assert [each.number for each in numbered] == list(range(model.numbers))
    assert {each.item.id: each.number for each in numbered if not each.removed} == {
        name: number for name, (number, _) in model.live.items()
    }
    assert (library.version, library.count, library.numbers) == (model.version, len(model.live), model.numbers)
    assert library.removed_numbers == set(range(model.numbers)) - {number for number, _ in model.live.values()}
    assert library.purged_numbers == model.purged
    assert inspect_library(folder, verify=True).problems == []
    if not model.lists or model.lists[-1][0].version != library.version:
        model.lists.append((library, dict(model.live)))
    for version, live in model.lists:
        items = {item["id"]: item for item in read_all(version.manifest, open_store(folder))}
        assert items.keys() == live.keys()
        for name, (number, content) in live.items():
            path = folder / items[name]["key"]
            assert path.exists() == (number not in model.purged)
            assert number in model.purged or path.read_text().endswith(f"\n{content}")


@given(numbers=st.sets(st.integers(0, 60)))
def test_ranges_hold_the_numbers_they_were_made_of_and_none_touch(numbers: set[int]) -> None:
    ranges = ranges_of(numbers)
    assert list(numbers_in(ranges)) == sorted(numbers)
    assert count_of(ranges) == len(numbers)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(ranges))
