"""Items of a job specification stay in it while they are few and short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.job import parse_job
from skyburst.errors import NotJson
from skyburst.homes.job_items import MOST_INLINE_BYTES, MOST_INLINE_ITEMS, store_items
from skyburst.manifest import ItemReader, parse_source
from skyburst.objects import open_store


@pytest.mark.parametrize(
    ("items", "stays"),
    [
        (list(range(MOST_INLINE_ITEMS)), True),
        (list(range(MOST_INLINE_ITEMS + 1)), False),
        (["x" * (MOST_INLINE_BYTES // 2 - 2)] * 2, True),
        (["x" * (MOST_INLINE_BYTES // 2 - 2), "x" * (MOST_INLINE_BYTES // 2 - 1)], False),
    ],
)
def test_a_list_that_is_long_is_stored_and_referred_to(items: list[Any], stays: bool, tmp_path: Path) -> None:
    objects = open_store(tmp_path / "store", create=True)
    document, source = store_items(parse_job({"analysis": "x", "items": items}), objects, "jobs/a/", tmp_path)
    assert (document["items"] == items) is stays
    assert source is not None
    reader = ItemReader(parse_source(source), objects)
    assert reader.read(0, len(items)) == items
    again, same_source = store_items(parse_job(document), objects, "jobs/a/", tmp_path)
    assert (again, same_source) == (document, source)


def test_an_item_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    objects = open_store(tmp_path / "store", create=True)
    with pytest.raises(NotJson, match=r"items\[1\]"):
        store_items(parse_job({"analysis": "x", "items": [1, float("nan")]}), objects, "jobs/a/", tmp_path)
