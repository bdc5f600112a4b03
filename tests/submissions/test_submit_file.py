"""The submit file: what is accepted, and that each fault is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skyburst.submissions.submit_file import Place, SubmitFile, place_of, read_submit_file

GOOD: dict[str, Any] = {"dataname": "lab/inputs/a.npy", "configname": "lab/configs/c.yaml", "timestamp": "1700000000"}


def read(**changes: Any) -> Any:
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return read_submit_file(json.dumps(document).encode())


def test_the_three_fields_are_enough() -> None:
    found = read()
    assert found.problems == found.notes == []
    assert found.file == SubmitFile(
        (Place(None, "lab/inputs/a.npy"),), Place(None, "lab/configs/c.yaml"), "1700000000", None, None, {}
    )


def test_what_is_kept_and_who_is_told_is_said_as_in_job_specifications() -> None:
    keep, notify = {"results_days": 30, "delete_inputs_after_success": True}, ["mailto:ada@example.org"]
    assert read(keep=keep, notify=notify).file.choices == {"keep": keep, "notify": notify}
    assert read(keep=None, notify=None).file.choices == {}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("keep", {"results_days": -1}, "keep.results_days is -1: expected float > 0.0"),
        ("keep", {"results": 1}, "keep.results: there is no such field; did you mean 'results_days'"),
        ("keep", 30, "keep is 30: expected object"),
        ("notify", "mailto:ada@example.org", 'notify is "mailto:ada@example.org": expected array'),
        ("notify", ["ada"], "notify has 'ada': expected 'mailto:NAME@HOST'"),
        ("notify", ["mailto:ada@example.org"] * 11, 'notify is ["mailto:ada@example.org"'),
    ],
)
def test_a_choice_that_cannot_be_meant_is_named_as_in_job_specifications(field: str, value: Any, told: str) -> None:
    found = read(**{field: value})
    assert found.file is None
    assert [problem[: len(told)] for problem in found.problems] == [told]


def test_a_list_is_one_dataset_each_and_urls_may_be_of_different_buckets() -> None:
    file = read(
        dataname=["s3://one/x/a.npy", "lab/inputs/folder/"], configname="s3://two/c.json", instance_type="m5.4xlarge",
        resultpath="s3://mine/some/prefix",
    ).file  # fmt: skip
    assert file.datasets == (Place("one", "x/a.npy"), Place(None, "lab/inputs/folder"))
    assert file.config == Place("two", "c.json")
    assert file.instance_type == "m5.4xlarge"
    assert file.results == Place("mine", "some/prefix")


def test_a_whole_bucket_may_get_the_results_but_is_no_dataset() -> None:
    assert read(resultpath="s3://mine").file.results == Place("mine", "")
    assert "dataname is" in read(dataname="s3://mine").problems[0]


def test_a_submission_may_say_whose_it_is() -> None:
    assert read(user="ada").file.user == "ada"
    assert read(user=None).file.user is None


def test_a_timestamp_may_be_a_number() -> None:
    assert read(timestamp=1700000000).file.timestamp == "1700000000"


@pytest.mark.parametrize("field", ["dataname", "configname", "timestamp"])
def test_a_missing_field_is_named(field: str) -> None:
    found = read(**{field: ...})
    assert found.file is None
    assert found.problems == [f"Submit file does not contain field {field!r}, needed to analyze data."]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataname", 5), ("dataname", []), ("dataname", [["a"]]), ("dataname", ""), ("dataname", "/etc/passwd"),
        ("dataname", "lab/../other/x"), ("dataname", ["ok", "a//b"]), ("dataname", "http://x/y"), ("dataname", "s3://B/y"),
        ("configname", ["c.yaml"]), ("configname", None), ("configname", "a\nb"), ("timestamp", True), ("timestamp", "a/b"),
        ("timestamp", ""), ("timestamp", ".."), ("timestamp", "x" * 200), ("timestamp", 1.5), ("instance_type", "; rm"),
        ("instance_type", 4), ("resultpath", "/tmp"), ("resultpath", "s3://x"), ("resultpath", ["s3://xyz/a"]),
        ("resultpath", "s3://good-name/../x"), ("user", 5), ("user", ""), ("user", "x" * 201),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_value(field: str, value: Any) -> None:
    found = read(**{field: value})
    assert found.file is None
    assert len(found.problems) == 1
    assert found.problems[0].startswith(field)


def test_all_problems_are_told_at_once_and_the_timestamp_is_kept_for_the_folder() -> None:
    found = read_submit_file(b'{"timestamp": "7"}')
    assert [problem.split("'")[1] for problem in found.problems] == ["dataname", "configname"]
    assert found.timestamp == "7"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not JSON: line 1, column 1"),
        (b'{"dataname": ', "is not JSON"),
        (b"\xff\xfe", "not text in UTF-8: byte 0 is 0xff"),
        (b'{"a": 1, "a": 2}', "has 'a' twice"),
        (b'{"a": NaN}', "has NaN"),
        (b"[" * 100_000, "nested"),
        (b"[1]", "expected an object with dataname"),
        (b" " * (2 << 20), "more than"),
        (b"1" * 5000, "read"),
    ],
)
def test_what_is_no_document_is_told(data: bytes, told: str) -> None:
    found = read_submit_file(data)
    assert found.file is None
    assert found.timestamp is None
    assert told in found.problems[0]


def test_unknown_fields_are_ignored_and_told_but_not_what_clients_always_write() -> None:
    found = read(instancetype="m5.large", exitcode=0)
    assert found.file is not None
    assert found.notes == [
        "field 'instancetype' of the submit file is not known and is ignored; did you mean 'instance_type'?"
    ]


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read_submit_file(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).file is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted({*GOOD, "instance_type", "resultpath", "x"})), JSON) | JSON)
@example({**GOOD, "dataname": "s3://b" + "a" * 80 + "/x"})
def test_whatever_is_given_is_a_file_or_a_list_of_problems(document: Any) -> None:
    found = read_submit_file(json.dumps(document).encode())
    assert (found.file is None) == bool(found.problems)
    for problem in found.problems:
        assert len(problem) < 1000
    if found.file:
        assert all(place.key and ".." not in place.key.split("/") for place in found.file.datasets)
        assert "/" not in found.file.timestamp


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    found = read_submit_file(data)
    assert (found.file is None) == bool(found.problems)


@given(st.from_regex(r"[a-z][a-z0-9-]{1,20}[a-z0-9]/[a-z]{1,9}(/[A-Za-z0-9 _.-]{0,9}[a-z])*", fullmatch=True))
def test_a_place_says_again_what_it_was_made_of(text: str) -> None:
    for whole in (text, f"s3://{text}"):
        assert str(place_of(whole)) == whole


@pytest.mark.parametrize("start", ["mylab/inputs/fold", "s3://mylab-bucket/inputs/fold"])
def test_a_folder_is_itself_the_dataset_with_a_slash_at_its_end_or_without(start: str) -> None:
    assert place_of(f"{start}/") == place_of(start)
