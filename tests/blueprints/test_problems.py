"""All that is wrong with a blueprint is said at once, by its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.blueprints.problems import all_problems
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.errors import InvalidBlueprint

GOOD: dict[str, Any] = {
    "blueprint": 1,
    "name": "one",
    "version": "1.0.0",
    "worker": "code:work",
    "combiner": "code:join",
}


def test_every_field_that_is_wrong_is_named() -> None:
    document = {
        "nme": "x", "version": 1, "worker": "bad", "combiner": "m:c", "compute": "gpu",
        "environment": {"gpu": 1, "memory_mb": "12", "instance_types": ["a b", "m5.large"]},
        "next": [{"on": "some", "analysis": "Bad Name"}, {"x": 1}],
        "resources": {"writes": ["jobs/x", "ok/*", "../up"]},
        "parameters": {"a": {"type": "integr"}, "b": {"type": "integer", "default": "x"}, "c": 3, "not ok": {}},
    }  # fmt: skip
    found = all_problems(document, "here")
    fields = (
        "nme: there is no such field; did you mean 'name'?", "version is 1", 'worker is "bad"', 'compute is "gpu"',
        "environment.gpu: there is no such field", 'environment.memory_mb is "12"', 'environment.instance_types[0] is "a b"',
        'next[0].on is "some"', 'next[0].analysis is "Bad Name"', "next[1].x: there is no such field", "next[1] is {}",
        "resources.writes has 'jobs/x'", "resources.writes has '../up'", "parameters.a", "the default of parameters.b",
        "parameters[...] in", "parameters.not ok", "missing required field blueprint", "missing required field name",
    )  # fmt: skip
    for field in fields:
        assert any(field in problem for problem in found.problems), field
    assert len(found.problems) == len(fields)
    assert all(problem.startswith("here: ") for problem in found.problems)
    assert found.blueprint is not None


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"command": ["run"]}, ["worker is 'code:work', and there is a command too"]),
        ({"blueprint": 2}, ["blueprint = 2, and this version of skyburst reads 1"]),
        (
            {"compute": "lambda", "environment": {"gpus": 1, "variables": {"low": "1", "SKYBURST_JOB": "x"}}},
            ["variables has 'low'", "variables has 'SKYBURST_JOB'", "functions have no GPU"],
        ),
        ({"code": "/etc"}, ["code is '/etc'"]),
        ({"job": 3}, ["job is 3"]),
        ({"parameters": "any"}, []),
    ],
)
def test_what_contradicts_itself_is_named_too(changes: dict[str, Any], problems: list[str]) -> None:
    found = all_problems({**GOOD, **changes}, "here").problems
    assert len(found) == len(problems)
    for words in problems:
        assert any(words in problem for problem in found), words


def test_any_parameters_are_handed_on_where_the_blueprint_says_so() -> None:
    blueprint = parse_blueprint({**GOOD, "parameters": "any"}, "here")
    assert blueprint.parameters is None
    assert parse_blueprint(blueprint.document(), "here") == blueprint


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["memory_mb", "analysis", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
fields = st.sampled_from(
    [*GOOD, "command", "compute", "environment", "next", "resources", "job", "parameters", "nonsense", "code"]
)


@settings(max_examples=60)
@given(st.dictionaries(fields, values, max_size=6), st.booleans())
def test_there_are_problems_exactly_when_the_blueprint_is_refused(changes: dict[str, Any], from_good: bool) -> None:
    document = {**(GOOD if from_good else {}), **changes}
    try:
        blueprint = parse_blueprint(document, "here")
    except InvalidBlueprint:
        assert all_problems(document, "here").problems
    else:
        found = all_problems(document, "here")
        assert (found.problems, found.blueprint) == ([], blueprint)
