"""Values that cross a process boundary are exactly what they were, or are refused."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skyburst.contracts.values import DEEPEST, check, decode, encode
from skyburst.errors import Invalid, NotJson
from tests.json_values import any_character, json_values, same


@settings(max_examples=300)
@given(json_values)
@example([2**63, 2**64, -(2**1000), 10**4299])
@example([-0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e16, 1.0])
@example(["\ud800", "a\udc00b", "\udc00\ud800", "\U0001f9e0", "\0\x1f\x7f\u2028", '"\\/'])
@example({"": {}, "\udfff": [], " ": None, "true": True})
def test_every_json_value_comes_back_exactly(value: Any) -> None:
    data = encode(value)
    assert same(decode(data), value)
    assert json.loads(data.decode("ascii")) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_bit_by_bit(value: float) -> None:
    assert decode(encode(value)).hex() == value.hex()


def test_what_is_written_is_one_compact_line_of_ascii() -> None:
    assert encode({"a": [1, 2.5, None, True], "ä": "\n"}) == b'{"a":[1,2.5,null,true],"\\u00e4":"\\n"}'


def test_tuples_become_lists_and_other_dicts_plain_ones() -> None:
    point = namedtuple("point", "x y")(1, (2, ()))
    assert same(decode(encode((point, OrderedDict(a=1)))), [[1, [2, []]], {"a": 1}])


def test_numbers_and_texts_of_other_classes_become_plain_ones() -> None:
    class Level(enum.IntEnum):
        HIGH = 3

    class State(enum.StrEnum):
        DONE = "DONE"

    assert same(decode(encode([Level.HIGH, State.DONE, np.float64(0.1)])), [3, "DONE", 0.1])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, r"^\$ is nan, which JSON does not have: use None"),
        ({"a": [0, {"b": math.inf}]}, r"^\$\.a\[1\]\.b is inf"),
        ((1, -math.inf), r"^\$\[1\] is -inf"),
        (np.float64("nan"), r"^\$ is nan"),
        ({1: 2}, r"^\$ has the key 1 of type int, and JSON keys are strings: use str\(\)"),
        ([{"a": {None: 2}}], r"^\$\[0\]\.a has the key None of type NoneType"),
        ({True: 2}, r"has the key True of type bool"),
        ({(1, 2): 3}, r"has the key \(1, 2\) of type tuple"),
        ({"a": b"x"}, r"^\$\.a is of type builtins\.bytes, .* base64"),
        ({1, 2}, r"^\$ is of type builtins\.set, .*: make it a sorted list"),
        (np.int64(3), r"^\$ is of type numpy\.int64, .*: use \.item\(\)"),
        ([np.float32(0.5)], r"^\$\[0\] is of type numpy\.float32, .*: use \.item\(\)"),
        (np.bool_(True), r"numpy\.bool.*: use \.item\(\)"),
        ({"x": np.zeros(3)}, r"^\$\.x is of type numpy\.ndarray, .*: use \.tolist\(\)"),
        (decimal.Decimal("0.1"), r"decimal\.Decimal, .*: use float\(\) or str\(\)"),
        (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), r": use \.isoformat\(\)"),
        (Path("x"), r": use str\(\)"),
        (range(3), r"builtins\.range, .*: use dicts, lists, strings"),
        ((number for number in ()), r"builtins\.generator"),
        (1j, r"builtins\.complex"),
        (len, r"builtins\.builtin_function_or_method"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place_and_the_remedy(value: Any, message: str) -> None:
    with pytest.raises(NotJson, match=message):
        encode(value)


def test_the_refused_value_is_called_what_the_caller_calls_it() -> None:
    with pytest.raises(NotJson, match=r"^result\[3\]\.x is nan"):
        encode({"x": math.nan}, "result[3]")


def test_numbers_with_more_digits_than_python_reads_are_refused_with_their_place() -> None:
    with pytest.raises(NotJson, match=r"^\$\.a\[1\] is a number of more than 4,300 digits: use hex\(\)"):
        encode({"a": [1, -(10**4_300)]})


@given(st.text(any_character), st.text(any_character))
@example("\ud83e", "\udde0")
def test_a_text_is_refused_when_json_would_read_another_one(first: str, second: str) -> None:
    text = first + second
    as_json_reads_it = json.loads(json.dumps(text))
    if as_json_reads_it == text:
        assert decode(encode([{text: text}])) == [{text: text}]
        return
    with pytest.raises(NotJson, match=r"^a key of \$\[0\] has two surrogates side by side"):
        encode([{text: text}])
    mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert decode(encode(mended)) == mended == as_json_reads_it


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def test_nesting_has_a_limit_that_every_home_can_read() -> None:
    assert decode(encode(nested(DEEPEST))) == nested(DEEPEST)
    with pytest.raises(NotJson, match="nested more than 200 levels deep"):
        encode(nested(DEEPEST + 1))


def test_a_value_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["self"] = [value]
    with pytest.raises(NotJson, match="or contains itself"):
        check(value)


def test_a_refused_value_is_an_invalid_one() -> None:
    assert issubclass(NotJson, Invalid)
    assert issubclass(NotJson, ValueError)
