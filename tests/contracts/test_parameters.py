"""Parameters are checked against what the blueprint declares before anything starts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from skyburst.contracts.parameters import check_declared, from_text, resolve, schema
from skyburst.errors import InvalidBlueprint, InvalidJob
from tests.json_values import json_values, same

DECLARED: dict[str, dict[str, Any]] = {
    "k": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "order": 1},
    "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.5},
    "mode": {"enum": ["fast", "exact", 3], "default": "fast"},
    "words": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "default": ["a"]},
    "point": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}},
    "text": {"type": ["string", "null"], "minLength": 2, "default": None},
    "flag": {"type": "boolean"},
    "boxes": {"type": "array", "items": {"type": "array", "items": {"type": ["integer", "null"]}}},
}


def test_what_is_left_out_gets_its_default_or_none(tmp_path: Path) -> None:
    resolved = resolve(DECLARED, {"k": 5}, tmp_path)
    assert resolved == {
        "k": 5, "share": 0.5, "mode": "fast", "words": ["a"], "point": None, "text": None, "flag": None, "boxes": None,
    }  # fmt: skip
    assert list(resolved) == list(DECLARED)


@settings(max_examples=100)
@given(json_values)
def test_a_parameter_without_a_type_gets_exactly_what_was_given(value: Any) -> None:
    assert same(resolve({"any": {}}, {"any": value}, Path())["any"], value)


def test_tuples_count_as_lists() -> None:
    assert resolve(DECLARED, {"boxes": ((0, None), [1])}, Path())["boxes"] == [[0, None], [1]]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"k": 0}, "parameters.k is 0: expected at least 1"),
        ({"k": 10}, "parameters.k is 10: expected at most 9"),
        ({"k": "3"}, 'parameters.k is "3": expected integer'),
        ({"k": 3.0}, "parameters.k is 3.0: expected integer"),
        ({"k": True}, "parameters.k is true: expected integer"),
        ({"k": None}, "parameters.k is null: expected integer"),
        ({"share": 0}, "parameters.share is 0: expected more than 0"),
        ({"share": 1.0}, "parameters.share is 1.0: expected less than 1"),
        ({"share": math.nan}, "parameters.share is nan, which JSON does not have"),
        ({"mode": "slow"}, 'parameters.mode is "slow": expected one of "fast", "exact", 3'),
        ({"words": []}, "parameters.words is []: expected at least 1 of them"),
        ({"words": ["a", "b", "c"]}, "expected at most 2 of them"),
        ({"words": ["a", 7]}, "parameters.words[1] is 7: expected string"),
        ({"point": {"x": "1"}}, 'parameters.point.x is "1": expected number'),
        ({"point": {}}, "parameters.point is {}: 'x' is a required property"),
        ({"text": "a"}, "expected at least 2 of them"),
        ({"text": 3}, "parameters.text is 3: expected string or null"),
        ({"flag": 1}, "parameters.flag is 1: expected boolean"),
        ({"boxes": [[0, 1], [0, 0.5]]}, "parameters.boxes[1][1] is 0.5: expected integer or null"),
        ({"boxes": {1, 2}}, "parameters.boxes is of type builtins.set"),
        ({"words": [b"x"]}, "parameters.words[0] is of type builtins.bytes"),
        ({"wrods": []}, "parameters.wrods: there is no such parameter; did you mean 'words'?"),
        ({"zzz": []}, "there is no such parameter; the parameters are k, share, mode"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_with_value_and_expectation(
    given_: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidJob) as caught:
        resolve(DECLARED, given_, Path())
    assert message in str(caught.value)


def test_a_required_parameter_that_is_missing_is_described() -> None:
    declared = {"mask": {"type": "string", "required": True, "description": "the image to search for"}}
    with pytest.raises(InvalidJob, match=r"^parameters\.mask is missing: the image to search for$"):
        resolve(declared, {}, Path())
    with pytest.raises(InvalidJob, match="the parameters are none"):
        resolve({}, {"mask": "a"}, Path())


PATHS = {
    "mask": {"type": "string", "format": "path", "required": True},
    "masks": {"type": "array", "items": {"type": "string"}, "format": "path"},
}


def test_paths_become_absolute_from_the_folder_of_the_job(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "mask.tif").touch()
    resolved = resolve(PATHS, {"mask": "mask.tif", "masks": ["below/../mask.tif", "s3://bucket/key"]}, tmp_path)
    assert resolved == {"mask": str(tmp_path / "mask.tif"), "masks": [str(tmp_path / "mask.tif"), "s3://bucket/key"]}


def test_the_home_of_a_user_is_understood_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mask.tif").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve(PATHS, {"mask": "~/mask.tif"}, Path("/"))["mask"] == str(tmp_path / "mask.tif")


@pytest.mark.parametrize("name", ["missing.tif", "~no-such-user-/x", "a\0b", "\ud800.tif", "n" * 5_000])
def test_a_path_to_nothing_is_refused_with_the_place_looked_at(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidJob, match=r"^parameters\.mask is .*: (there is no file or folder|it cannot be a file)"):
        resolve(PATHS, {"mask": name}, tmp_path)
    with pytest.raises(InvalidJob, match=r"^parameters\.masks\[1\] is "):
        resolve(PATHS, {"mask": str(tmp_path), "masks": [".", name]}, tmp_path)


def test_the_schema_is_one_that_validators_and_forms_understand() -> None:
    document = schema({**DECLARED, **PATHS})
    Draft202012Validator.check_schema(document)
    assert document["required"] == ["mask"]
    assert document["additionalProperties"] is False
    assert document["properties"]["point"]["required"] == ["x"]
    assert "required" not in document["properties"]["mask"]
    assert "order" not in document["properties"]["k"]
    assert not list(Draft202012Validator(document).iter_errors({"mask": "x", "point": {"x": 1}}))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"k": {"type": "integr"}},
            r'^here: parameters\.k\.type is "integr": expected one of array, boolean, integer, ',
        ),
        ({"k": {"type": "integer", "default": "x"}}, r'^here: the default of parameters\.k is "x": expected integer'),
        ({"k": {"type": "integer", "default": 2.0}}, r"expected integer"),
        ({"k": {"minimum": "3"}}, r"^here: parameters\.k\.minimum is \"3\": '3' is not of type 'number'"),
        ({"k": {"required": "yes"}}, r"^here: parameters\.k\.required is \"yes\": 'yes' is not of type 'array'"),
        ({"k": {"default": math.nan}}, r"^here: parameters\.k\.default is nan"),
        ({"k": {"examples": [math.inf]}}, r"^here: parameters\.k\.examples\[0\] is inf"),
        ({"a b": {}}, r"^here: parameters\.a b: a name has letters, digits and _ only"),
        ({"": {}}, r"a name has letters"),
    ],
)
def test_a_declaration_that_is_none_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidBlueprint, match=message):
        check_declared(declared, "here")


def test_declarations_that_can_be_used_are_accepted() -> None:
    check_declared({**DECLARED, **PATHS}, "here")


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("k", ["5"], 5),
        ("k", ["five"], "five"),
        ("share", ["0.25"], 0.25),
        ("share", ["1e-3"], 0.001),
        ("mode", ["exact"], "exact"),
        ("mode", ["3"], "3"),
        ("words", ["a"], ["a"]),
        ("words", ["1", "true"], ["1", "true"]),
        ("words", ['["a", "b"]'], ["a", "b"]),
        ("words", ["[odd] name.tif"], ["[odd] name.tif"]),
        ("boxes", ["[[0,0],[1,null]]"], [[0, 0], [1, None]]),
        ("boxes", ["[0,0]", "[1,1]"], [[0, 0], [1, 1]]),
        ("point", ['{"x": 1}'], {"x": 1}),
        ("text", ["hello"], "hello"),
        ("text", ["123"], "123"),
        ("flag", ["true"], True),
        ("flag", ["Yes"], True),
        ("flag", ["no"], False),
        ("flag", ["maybe"], "maybe"),
    ],
)
def test_text_becomes_the_value_that_the_declaration_expects(name: str, texts: list[str], value: Any) -> None:
    assert same(from_text(DECLARED, name, texts), value)


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("5.0", 5.0), ("[1]", [1]), ("null", None), ("true", True), ("a b", "a b"), ("", "")]
)
def test_without_declarations_text_is_json_where_it_can_be(text: str, value: Any) -> None:
    assert same(from_text(None, "any", [text]), value)
    assert same(from_text(None, "any", [text, text]), [value, value])
