"""Pages of results: filters, order, counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import InvalidQuery
from skyburst.web.pages import Query, field_of, page

MATCHES = [
    {"image": {"libraryName": "A", "publishedName": "VT1"}, "score": 30},
    {"image": {"libraryName": "B", "publishedName": "VT1"}, "score": 70.5},
    {"image": {"libraryName": "A", "publishedName": "R2"}, "score": 70},
    {"image": {"libraryName": "A"}, "score": None},
]
FOUND = {"inputImage": {"filename": "mask.png"}, "results": MATCHES}


def scores(**query: object) -> list[object]:
    return [entry["score"] for entry in page(FOUND, Query(**query)).entries]


def test_the_only_list_of_a_result_is_found_by_itself():
    found = page(FOUND, Query())
    assert (found.at, found.total, found.matching, found.entries) == ("/results", 4, 4, MATCHES)
    assert page([1, 2], Query()).at == ""


def test_entries_keep_their_places_whatever_is_left_out_and_however_they_are_ordered():
    assert page(FOUND, Query(sort=["-score"])).places == [1, 2, 0, 3]
    assert page(FOUND, Query(where=["image/libraryName=A"], offset=1)).places == [2, 3]
    assert page(FOUND, Query(per="image/publishedName")).places == [0, 2, 3]
    assert page([7, 7, 7], Query(offset=1, limit=1)).places == [1], "also of entries that are equal"


def test_another_list_is_named_by_its_json_pointer():
    value = {"masks": [{"a/b": [1, 2]}], "more": []}
    assert page(value, Query(at=["/masks/0/a~1b"])).entries == [1, 2]
    assert page(value, Query(at=["/found/so/far", "/more", "/masks"])).at == "/more", "the first that there is"
    with pytest.raises(InvalidQuery, match="it has masks, more"):
        page(value, Query())
    for wrong in ("/masks/1", "/masks/0", "masks", "/none"):
        with pytest.raises(InvalidQuery, match="at is") as told:
            page(value, Query(at=["/none", wrong]))
        assert told.value.field == "at"


def test_a_number_of_very_many_digits_leads_to_nothing():
    with pytest.raises(InvalidQuery, match="the result has nothing there"):
        page([[1]], Query(at=[f"/{'1' * 5_000}"]))


@pytest.mark.parametrize(
    ("where", "left"),
    [
        (["image/libraryName=A"], [30, 70, None]),
        (["image/libraryName!=A"], [70.5]),
        (["score>=70"], [70.5, 70]),
        (["score<70"], [30]),
        (["image/publishedName~vt"], [30, 70.5]),
        (["image/publishedName~VT?"], [30, 70.5]),
        (["image/publishedName~?T*"], [30, 70.5]),
        (["image/publishedName~[RV]*"], []),
        (["image/libraryName=A", "score>30"], [70]),
        (["none=1"], []),
        (["image/publishedName="], [None]),
    ],
)  # fmt: skip
def test_conditions_all_hold(where, left):
    assert scores(where=where) == left


@pytest.mark.parametrize("condition", ["score", "=1", "score>=many", "score<nan"])
def test_a_condition_that_cannot_be_read_is_named(condition):
    with pytest.raises(InvalidQuery, match="where is") as told:
        page(FOUND, Query(where=[condition]))
    assert told.value.field == "where"


def test_the_most_important_field_comes_first_and_what_has_no_value_last():
    assert scores(sort=["-score"]) == [70.5, 70, 30, None]
    assert scores(sort=["score"]) == [30, 70, 70.5, None]
    assert scores(sort=["image/libraryName", "-score"]) == [70, 30, None, 70.5]


def test_only_the_best_of_each_line_is_shown():
    assert scores(sort=["-score"], per="image/publishedName") == [70.5, 70, None]


def test_values_of_what_is_left_are_counted():
    found = page(FOUND, Query(where=["score>0"], count=["image/libraryName"], limit=1))
    assert (found.counts, found.matching, len(found.entries)) == ({"image/libraryName": {"A": 2, "B": 1}}, 3, 1)


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.floats(allow_nan=False) | st.text())),
    st.lists(st.sampled_from(["a", "-a", "b", "-c"])),
    st.integers(1, 5),
)  # fmt: skip
def test_pages_one_after_another_are_everything_once(entries, sort, limit):
    whole = page(entries, Query(sort=sort, limit=1_000)).entries
    pages = [
        page(entries, Query(sort=sort, offset=start, limit=limit)).entries for start in range(0, len(entries), limit)
    ]
    assert [entry for one in pages for entry in one] == whole
    assert sorted(map(id, whole)) == sorted(map(id, entries)), "nothing is lost or made up"


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_pattern_without_signs_finds_what_has_it_inside(text, part):
    if set(part) & set("*?"):
        return
    found = page([{"name": text}], Query(where=[f"name~{part}"])).matching
    assert found == (part.lower() in text.lower())


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)), st.text())
def test_a_path_that_is_not_there_has_no_value(entry, path):
    value = field_of(entry, path)
    assert value is None or isinstance(entry, dict)


def test_lists_and_objects_are_counted_as_json():
    found = page([{"a": {"y": 1, "x": "é"}}, {"a": {"x": "é", "y": 1}}, {"a": [True]}], Query(count=["a"]))
    assert found.counts == {"a": {'{"x": "é", "y": 1}': 2, "[true]": 1}}
