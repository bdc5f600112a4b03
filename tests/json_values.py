"""Strategies for JSON values, and what it means that two are the same."""

from __future__ import annotations

import math
import struct
from typing import Any

from hypothesis import strategies as st

from skyburst.contracts.values import SURROGATE_PAIR

any_character = st.characters(exclude_categories=())
texts = st.text(any_character, max_size=20).filter(lambda text: not SURROGATE_PAIR.search(text))
numbers = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.integers(3_000, 4_200).map(lambda digits: -(10**digits) + 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.none() | st.booleans() | numbers | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def same(first: Any, second: Any) -> bool:
    """True for values of the same types throughout, floats bit by bit."""
    if type(first) is not type(second):
        return False
    if isinstance(first, float):
        return struct.pack("d", first) == struct.pack("d", second) and math.isfinite(first)
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)
