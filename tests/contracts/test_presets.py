"""Presets of a blueprint: values of parameters to choose from, which are checked as those of a job are."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.blueprints.problems import all_problems
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.errors import InvalidBlueprint
from skyburst.finding import Found, all_analyses

PARAMETERS = {
    "rank": {"type": "integer", "minimum": 1, "default": 3},
    "mask": {"type": "string", "format": "path", "required": True},
}


def document(**presets: Any) -> dict[str, Any]:
    return {
        "blueprint": 1, "name": "fit", "version": "1.0.0", "worker": "a:b", "combiner": "a:c", "parameters": PARAMETERS,
        "presets": presets,
    }  # fmt: skip


def test_a_preset_changes_some_parameters_and_leaves_the_others_and_what_is_required():
    found = parse_blueprint(document(fast={"title": "Fast", "parameters": {"rank": 1}}, none={}), "here")
    assert [(name, preset.title, preset.parameters) for name, preset in found.presets.items()] == [
        ("fast", "Fast", {"rank": 1}),
        ("none", "", {}),
    ]


@pytest.mark.parametrize(
    ("presets", "says"),
    [
        ({"a": {"parameters": {"rank": 0}}}, "presets.a: parameters.rank is 0: expected at least 1"),
        ({"a": {"parameters": {"rnak": 1}}}, "presets.a: parameters.rnak: there is no such parameter; did you mean 'rank'?"),
        ({"a": {"parameters": {"mask": "x"}}}, "presets.a: parameters.mask names files"),
        ({"a": {"tilte": "x"}}, "presets.a.tilte: there is no such field; did you mean 'title'?"),
        ({"a": {"title": 1}}, "presets.a.title is 1: expected str"),
        ({"A B": {}}, "presets.A B: expected a name of lower-case letters"),
        ({"a": 1}, "presets.a: expected object, got int"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_preset_is_named(presets, says):
    with pytest.raises(InvalidBlueprint) as told:
        parse_blueprint(document(**presets), "here")
    assert says in str(told.value)
    assert any(says in problem for problem in all_problems(document(**presets), "here").problems)


def test_all_that_is_wrong_with_presets_is_said_at_once():
    given = document(a={"parameters": {"rank": 0}}, b={"parameters": {"rank": "x"}}, c={"tilte": ""})
    problems = all_problems(given, "here").problems
    assert [f"presets.{name}" in " ".join(problems) for name in "abc"] == [True] * 3, problems


def test_whatever_is_given_is_handed_on_from_presets_too():
    found = parse_blueprint(
        {**document(a={"parameters": {"anything": [1]}}), "parameters": "any"},
        "here",
    )
    assert found.presets["a"].parameters == {"anything": [1]}


def test_the_analyses_that_are_shipped_have_presets_with_words():
    found = [entry.blueprint for entry in all_analyses() if isinstance(entry, Found)]
    presets = {blueprint.name: blueprint.presets for blueprint in found}
    assert list(presets["color-depth-search"]) == ["neuronbridge", "precomputed", "more", "shape"]
    for preset in (one for of_analysis in presets.values() for one in of_analysis.values()):
        assert preset.title
        assert preset.description.endswith(".")
