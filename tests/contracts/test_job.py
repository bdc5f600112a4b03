"""A job specification is accepted as it is, or refused with the field, its value and what was expected."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.contracts import values
from skyburst.contracts.job import MOST, JobSpec, parse_job
from skyburst.errors import InvalidJob
from tests.json_values import json_values, same

FULL = {
    "analysis": "word-statistics",
    "items": [1, "two", {"three": 3.0}],
    "batch_size": 2,
    "max_parallelism": 4,
    "timeout_s": 1.5,
    "tolerated_failure_percent": 12.5,
    "parameters": {"k": 3, "deep": {"x": [None, 0.1, 2**70]}},
    "name": "a name",
    "labels": {"project": "flies"},
    "idempotency_key": "key-1",
}


def test_a_full_specification_comes_back_as_it_was() -> None:
    spec = parse_job(FULL)
    assert same(spec.document(), FULL)
    assert parse_job(spec.document()) == spec
    assert parse_job(json.loads(json.dumps(FULL))) == spec


def test_only_the_analysis_is_needed() -> None:
    spec = parse_job({"analysis": "x"})
    assert spec.document() == {"analysis": "x"}
    assert spec == JobSpec(analysis="x")


def test_a_zero_is_not_taken_for_a_field_that_was_left_out() -> None:
    document = {"analysis": "x", "items": [], "tolerated_failure_percent": 0}
    assert parse_job(document).document() == document


@pytest.mark.parametrize(
    "items",
    [[], [1, 2], (1, 2), {"range": [0, 0]}, {"range": [-5, 10]}, {"range": [0, MOST]}, {"manifest": "s3://a/b"}],
)
def test_items_are_a_list_or_a_range_or_a_manifest(items: Any) -> None:
    given = parse_job({"analysis": "x", "items": items}).items
    assert given == (list(items) if isinstance(items, tuple) else items)


@pytest.mark.parametrize("field", [*FULL, "job"])
def test_an_unknown_field_is_refused_by_name_with_the_nearest_one(field: str) -> None:
    with pytest.raises(InvalidJob, match=rf"^job\.{field}s_: there is no such field; (did you mean|the fields are)"):
        parse_job({"analysis": "x", f"{field}s_": 1})


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"pricing": "cheap"}, r'^job\.environment\.pricing is "cheap": expected on_demand or spot$'),
        ({"timeout_mn": 3}, r"^job\.environment\.timeout_mn: there is no such field; did you mean 'timeout_min'\?$"),
        (
            {"vcpus": 3},
            r"^job\.environment\.vcpus: there is no such field; the fields are instance_type, timeout_min, ",
        ),
    ],
)
def test_of_what_can_be_chosen_in_a_section_the_refusal_names_all(wishes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidJob, match=message):
        parse_job({"analysis": "x", "environment": wishes})


def test_an_unknown_field_that_resembles_none_gets_the_list() -> None:
    with pytest.raises(
        InvalidJob, match=r"^job\.qqq: there is no such field; the fields are analysis, items, batch_size"
    ):
        parse_job({"analysis": "x", "qqq": 1})
    with pytest.raises(InvalidJob, match=r"did you mean 'batch_size'\?"):
        parse_job({"analysis": "x", "batchSize": 1})


def test_a_missing_analysis_is_named() -> None:
    with pytest.raises(InvalidJob, match=r"^job\.analysis is missing: .*skyburst analyses"):
        parse_job({"items": []})


OF_NO_TYPE = {
    "analysis": [1, None, ["x"], {"name": "x"}],
    "items": ["abc", 5, True, 1.5],
    "batch_size": ["2", 2.0, True, [2]],
    "max_parallelism": ["2", 2.5, False, {}],
    "timeout_s": ["5", True, [1]],
    "tolerated_failure_percent": ["5", True, {}],
    "parameters": [3, "x", [["a", 1]], True],
    "name": [3, ["a"], True],
    "labels": [3, ["a"], "a"],
    "idempotency_key": [3, ["a"], True],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, wrong in OF_NO_TYPE.items() for value in wrong])
def test_a_value_of_a_wrong_type_is_refused_with_field_value_and_expectation(field: str, value: Any) -> None:
    with pytest.raises(InvalidJob) as caught:
        parse_job({"analysis": "x", field: value})
    assert str(caught.value).startswith(f"job.{field} is {json.dumps(value)}: expected ")
    assert ", got " in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("analysis", "", 'job.analysis is "": expected str of length >= 1'),
        ("batch_size", 0, "job.batch_size is 0: expected int >= 1"),
        ("batch_size", 2**53 + 1, "job.batch_size is 9007199254740993: expected int <= 9007199254740992"),
        ("max_parallelism", -1, "job.max_parallelism is -1: expected int >= 1"),
        ("timeout_s", 0, "job.timeout_s is 0: expected float > 0.0"),
        ("timeout_s", -2.5, "job.timeout_s is -2.5: expected float > 0.0"),
        ("timeout_s", math.inf, "job.timeout_s is inf, which JSON does not have"),
        ("timeout_s", math.nan, "job.timeout_s is nan, which JSON does not have"),
        ("tolerated_failure_percent", -0.1, "job.tolerated_failure_percent is -0.1: expected float >= 0.0"),
        ("tolerated_failure_percent", 100.5, "job.tolerated_failure_percent is 100.5: expected float <= 100.0"),
        ("tolerated_failure_percent", math.nan, "job.tolerated_failure_percent is nan"),
        ("name", "", 'job.name is "": expected str of length >= 1'),
        ("name", "n" * 201, "expected str of length <= 200"),
        ("idempotency_key", "", "expected str of length >= 1"),
        ("idempotency_key", "a\nb", "expected str without control characters, in valid Unicode"),
        ("idempotency_key", "a\n", "expected str without control characters"),
        ("idempotency_key", "\ud800", "in valid Unicode"),
        ("labels", {"a": 3}, 'job.labels[...] in {"a": 3}: expected str, got int'),
        ("labels", {1: "a"}, "job.labels has the key 1 of type int"),
        ("parameters", {1: "a"}, "job.parameters has the key 1 of type int"),
        ("parameters", {"a": {"b": [math.nan]}}, "job.parameters.a.b[0] is nan"),
        ("parameters", {"a": b"x"}, "job.parameters.a is of type builtins.bytes"),
        (
            "parameters",
            {"a": np.int64(3)},
            "job.parameters.a is of type numpy.int64, which JSON cannot hold: use .item()",
        ),
        ("parameters", object(), "job.parameters is of type builtins.object"),
        ("items", range(3), "job.items is of type builtins.range"),
        ("items", {1, 2}, "job.items is of type builtins.set, which JSON cannot hold: make it a sorted list"),
        ("items", {}, "expected a list of JSON values"),
        ("items", {"range": [1]}, "job.items is {'range': [1]}: expected a list of JSON values"),
        ("items", {"range": [1, 2.0]}, "with whole numbers"),
        ("items", {"range": [False, True]}, "with whole numbers"),
        ("items", {"range": [0, 1], "step": 2}, "expected a list of JSON values"),
        ("items", {"range": [3, 2]}, "job.items.range is [3, 2]: it must start before it ends"),
        ("items", {"range": [0, 2**53 + 1]}, "its numbers must be within -2^53 and 2^53"),
        ("items", {"range": [-(2**60), 0]}, "its numbers must be within -2^53 and 2^53"),
        ("items", {"manifest": 3}, "expected a list of JSON values"),
        ("items", {"manifest": "a", "range": [0, 1]}, "expected a list of JSON values"),
    ],
)
def test_an_impossible_value_is_refused_with_field_and_expectation(field: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        parse_job({"analysis": "x", field: value})
    assert message in str(caught.value)
    assert f"job.{field}" in str(caught.value)


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from([*FULL, "other"]), json_values, max_size=4),
    st.dictionaries(st.sampled_from([*FULL]), st.nothing() | st.sampled_from(list(FULL.values())), max_size=4),
)
def test_any_document_is_accepted_as_it_is_or_refused(noise: dict[str, Any], parts: dict[str, Any]) -> None:
    document = {"analysis": "x", **parts, **noise}
    try:
        spec = parse_job(document)
    except InvalidJob:
        return
    kept = spec.document()
    assert values.encode(kept)
    for field, value in document.items():
        assert value in (None, {}) or kept[field] == value
