"""What `--set`, `--label` and `--items` stand for."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.cli.follow.follower import done_already
from skyburst.cli.items import items_from
from skyburst.cli.setting import has_labels, labels_from, parameters_from

DECLARED = {
    "count": {"type": "integer"},
    "names": {"type": "array", "items": {"type": "string"}},
    "mask": {"type": ["string", "array"]},
    "boxes": {"type": ["array", "null"]},
    "text": {"type": "string"},
    "exact": {"type": "boolean"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("texts", "parameters"),
    [
        (["count=20"], {"count": 20}),
        (["text=20"], {"text": "20"}),
        (["text=a=b"], {"text": "a=b"}),
        (["text="], {"text": ""}),
        (["exact=yes"], {"exact": True}),
        (["mask=a.tif"], {"mask": "a.tif"}),
        (["mask=a.tif", "mask=b.tif"], {"mask": ["a.tif", "b.tif"]}),
        (["names=only"], {"names": ["only"]}),
        (["names=7"], {"names": ["7"]}),
        (["boxes=[[0,0,null,-5]]"], {"boxes": [[0, 0, None, -5]]}),
        (["unknown=5"], {"unknown": "5"}),
    ],
)
def test_parameters_get_the_declared_type_and_repeated_ones_become_lists(
    texts: list[str], parameters: dict[str, object]
) -> None:
    assert parameters_from(DECLARED, texts) == parameters


def test_without_declarations_values_are_json_else_text() -> None:
    given_texts = ["a=5", "b=[1,2]", "c=hello", "d=true", "a=6"]
    assert parameters_from(None, given_texts) == {"a": [5, 6], "b": [1, 2], "c": "hello", "d": True}


@pytest.mark.parametrize("text", ["threshold", "=5", " =5"])
def test_a_text_without_a_name_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not name=value, such as threshold=20"):
        parameters_from({}, [text])


def test_labels_are_texts_and_jobs_are_found_by_all_of_them() -> None:
    labels = labels_from(["project=optic", "run=7", "run=8"])
    assert labels == {"project": "optic", "run": "8"}
    assert has_labels(labels, ["run=8"])
    assert not has_labels(labels, ["run=8", "project=other"])


@given(st.integers(), st.integers())
def test_two_numbers_with_a_colon_are_a_range(start: int, end: int) -> None:
    assert items_from(f"{start}:{end}") == {"range": [start, end]}


@given(st.lists(JSON))
def test_any_json_list_is_taken_as_it_is(items: list[object]) -> None:
    assert items_from(json.dumps(items)) == items


@given(st.lists(JSON))
def test_lines_of_json_on_standard_input_are_items(items: list[object]) -> None:
    lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(lines))
        assert items_from("-") == items


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1,2,3", [1, 2, 3]),
        ("a.tif, b.tif", ["a.tif", "b.tif"]),
        ("007,1.5,true,NaN", ["007", 1.5, True, "NaN"]),
        ("single", ["single"]),
        ('{"range": [0, 9]}', {"range": [0, 9]}),
        ("s3://bucket/library", {"manifest": "s3://bucket/library"}),
    ],
)
def test_other_texts_are_values_with_commas_documents_or_locations(text: str, items: object) -> None:
    assert items_from(text) == items


@pytest.mark.parametrize(
    ("name", "content", "items"),
    [
        ("a.txt", "one\n\n  two words \r\n3\n", ["one", "two words", "3"]),
        ("a.jsonl", '{"a": 1}\n\n"another\u2028line end"\n', [{"a": 1}, "another\u2028line end"]),
        ("a.json", "[1, 2]", [1, 2]),
        ("a.json", '{"range": [5, 7]}', {"range": [5, 7]}),
        ("bom.txt", "\ufefffirst\n", ["first"]),
    ],
)  # fmt: skip
def test_files_hold_an_item_a_line_or_a_json_list(tmp_path: Path, name: str, content: str, items: object) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert items_from(f"@{tmp_path / name}") == items


def test_a_folder_is_a_manifest(tmp_path: Path) -> None:
    assert items_from(str(tmp_path)) == {"manifest": str(tmp_path)}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"1\n{\n", "line 2 of .*a.jsonl is not JSON"),
        ("a.json", b"[1,", "a.json is not JSON"),
        ("a.json", b"5", "is not a JSON list"),
        ("a.txt", b"\xff\xfe", "a.txt cannot be read: it is not UTF-8 text"),
        ("missing.txt", None, "missing.txt cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(click.BadParameter, match=message):
        items_from(f"@{tmp_path / name}")


def test_an_empty_text_is_a_mistake() -> None:
    with pytest.raises(click.BadParameter, match="it is empty: expected items"):
        items_from(" ")


@pytest.mark.parametrize(
    ("done", "batches", "said"),
    [
        (0, 1, ""),
        (1, 1, "; it is done already"),
        (1, 3, "; 1 of them is done already"),
        (1_000, 2_000, "; 1,000 of them are done already"),
    ],
)
def test_what_is_done_already_is_said_in_the_right_number(done: int, batches: int, said: str) -> None:
    assert done_already(done, batches) == said
