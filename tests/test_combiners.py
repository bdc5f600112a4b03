"""Stock combiners give what plain Python gives; the associative ones do so however the partial results are grouped."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skyburst import combiners
from skyburst.analysis import Combiner, PartialResult
from skyburst.contracts import values
from skyburst.errors import InvalidAnalysis
from tests.chance import chances
from tests.json_values import json_values, same

quick = settings(max_examples=80)
words = st.sampled_from(["a", "b", "c", "dd", ""])
whole = st.integers(-(2**70), 2**70)
decimals = st.floats(-1e12, 1e12, allow_nan=False)


def combined(combiner: Combiner, partials: list[Any]) -> Any:
    """What the combiner makes of values, as it would be stored."""
    found = combiner(PartialResult.of(value) for value in partials)
    return values.decode(values.encode(list(found) if isinstance(found, Iterator) else found))


def as_tree(combiner: Combiner, partials: list[Any], chance: random.Random) -> Any:
    """The same over groups of neighbours, and over the values of groups, down to one."""
    assert combiner.associative
    while len(partials) > 1:
        groups = []
        while partials:
            size = chance.randint(1, max(2, len(partials) // 2))
            groups.append(combined(combiner, partials[:size]))
            partials = partials[size:]
        partials = groups
    return combined(combiner, partials)


@quick
@given(st.lists(json_values, max_size=6))
def test_concatenate_lists_everything_in_order(partials: list[Any]) -> None:
    expected = [entry for value in partials for entry in (value if isinstance(value, list) else [value])]
    assert same(combined(combiners.concatenate(), partials), expected)


def test_concatenate_takes_no_more_than_is_asked_of_it() -> None:
    taken: list[int] = []

    def partials() -> Iterator[PartialResult]:
        for number in range(100):
            taken.append(number)
            yield PartialResult.of([number, number])

    found = combiners.concatenate()(partials())
    assert [next(found) for _ in range(5)] == [0, 0, 1, 1, 2]
    assert taken == [0, 1, 2]
    found.close()


scored = st.lists(st.fixed_dictionaries({"score": st.integers(0, 6), "n": st.integers(0, 99)}), max_size=8)


@quick
@given(st.lists(scored, min_size=1, max_size=8), st.integers(1, 12), st.booleans(), chances)
def test_top_k_keeps_the_first_of_a_stable_sort(
    partials: list[Any], k: int, largest: bool, chance: random.Random
) -> None:
    everything = [entry for partial in partials for entry in partial]
    expected = sorted(everything, key=lambda entry: entry["score"], reverse=largest)[:k]
    for key in ("score", lambda entry: entry["score"]):
        combiner = combiners.top_k(k, key, largest=largest)
        assert combined(combiner, partials) == expected
        assert as_tree(combiner, partials, chance) == expected


@pytest.mark.parametrize("k", [0, -1])
def test_top_k_of_none_is_refused(k: int) -> None:
    with pytest.raises(InvalidAnalysis, match=rf"top_k keeps {k} results: it must keep at least 1"):
        combiners.top_k(k, "score")


@quick
@given(st.lists(whole, max_size=12), chances)
@example([2**64, 1, -(2**64)], random.Random(0))
def test_total_adds_whole_numbers_exactly(partials: list[int], chance: random.Random) -> None:
    assert same(combined(combiners.total(), partials), sum(partials))
    assert same(as_tree(combiners.total(), partials, chance), sum(partials))


@quick
@given(st.lists(decimals, min_size=1, max_size=40), chances)
@example([1e16, 1.0, -1e16], random.Random(0))
@example([0.1] * 10, random.Random(0))
def test_total_adds_floats_with_one_rounding(partials: list[float], chance: random.Random) -> None:
    exact = math.fsum(partials)
    assert combined(combiners.total(), partials) == exact
    bound = len(partials) * 2**-52 * math.fsum(map(abs, partials))
    assert abs(as_tree(combiners.total(), partials, chance) - exact) <= bound


@quick
@given(st.lists(st.dictionaries(words, whole, max_size=4), max_size=10), chances)
def test_total_adds_dicts_key_by_key(partials: list[dict[str, int]], chance: random.Random) -> None:
    expected: Counter[str] = Counter()
    for partial in partials:
        for key, number in partial.items():
            expected[key] += number
    for found in (combined(combiners.total(), partials), as_tree(combiners.total(), partials, chance)):
        assert found == (dict(expected) if partials else 0)


@quick
@given(st.integers(0, 5), st.data(), chances)
def test_total_adds_lists_entry_by_entry(length: int, data: st.DataObject, chance: random.Random) -> None:
    partials = data.draw(st.lists(st.lists(whole, min_size=length, max_size=length), min_size=1, max_size=10))
    expected = [sum(entries) for entries in zip(*partials, strict=True)]
    assert combined(combiners.total(), partials) == expected
    assert as_tree(combiners.total(), partials, chance) == expected


def test_total_adds_lists_in_dicts_in_lists() -> None:
    assert combined(combiners.total(), [[{"a": [1, 2]}, 1], [{"a": [10, 20], "b": 0.5}, 2]]) == [
        {"a": [11, 22], "b": 0.5},
        3,
    ]


def test_total_of_lists_of_different_lengths_is_refused_with_the_lengths() -> None:
    with pytest.raises(ValueError, match=r"lists of the lengths \[1, 2\] cannot be added entry by entry"):
        combined(combiners.total(), [[1], [1, 2]])


@pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_500])
def test_total_of_more_than_it_holds_at_once_is_the_same(count: int) -> None:
    assert combined(combiners.total(), [{"a": number, "b": [1]} for number in range(count)]) == {
        "a": sum(range(count)),
        "b": [count],
    }


def longer(first: list[Any], second: list[Any]) -> list[Any]:
    first.extend(second)  # changes what it is given
    return first


@quick
@given(st.lists(st.lists(whole, max_size=3), max_size=8), chances)
def test_reduce_applies_its_function_in_order_and_keeps_its_start(partials: list[Any], chance: random.Random) -> None:
    combiner = combiners.reduce(longer, [], associative=True)
    expected = [entry for partial in partials for entry in partial]
    assert combined(combiner, partials) == expected
    assert as_tree(combiner, partials, chance) == expected
    assert combined(combiner, partials) == expected, "a second call starts anew"


def test_reduce_is_a_tree_only_when_it_is_told_that_it_can_be() -> None:
    subtract = combiners.reduce(lambda so_far, value: so_far - value, 10)
    assert not subtract.associative
    assert combined(subtract, [1, 2, 3]) == 4
    assert combined(subtract, []) == 10


@quick
@given(st.lists(json_values, max_size=8))
def test_count_counts_entries_and_single_values(partials: list[Any]) -> None:
    expected = sum(len(value) if isinstance(value, list) else 1 for value in partials)
    assert combined(combiners.count(), partials) == expected
    assert not combiners.count().associative, "the count of counts is another number"


counted = st.lists(words | st.integers(0, 3) | st.booleans() | st.none(), max_size=8) | st.dictionaries(
    words, st.integers(1, 9), max_size=3
)


@quick
@given(st.lists(counted, max_size=8), chances)
def test_histogram_counts_values_most_frequent_first(partials: list[Any], chance: random.Random) -> None:
    expected: Counter[str] = Counter()
    for partial in partials:
        expected.update(partial if isinstance(partial, dict) else map(str, partial))
    ordered = sorted(expected.items(), key=lambda pair: (-pair[1], pair[0]))
    assert list(combined(combiners.histogram(), partials).items()) == ordered
    assert list(as_tree(combiners.histogram(), partials, chance).items()) == ordered


dicts = st.lists(st.dictionaries(words, st.lists(whole, max_size=2), max_size=3), max_size=8)


@quick
@given(dicts, chances)
def test_merge_has_the_last_value_of_each_key(partials: list[Any], chance: random.Random) -> None:
    expected = {key: value for partial in partials for key, value in partial.items()}
    assert combined(combiners.merge(), partials) == expected
    assert as_tree(combiners.merge(), partials, chance) == expected


@quick
@given(dicts, chances)
def test_merge_joins_the_values_of_a_key_in_order(partials: list[Any], chance: random.Random) -> None:
    expected: dict[str, list[int]] = {}
    for partial in partials:
        for key, value in partial.items():
            expected[key] = expected.get(key, []) + value
    combiner = combiners.merge(lambda first, second: first + second)
    assert combined(combiner, partials) == expected
    assert as_tree(combiner, partials, chance) == expected


def test_merge_takes_lists_of_dicts_as_workers_yield_them() -> None:
    assert combined(combiners.merge(), [[{"a": 1}, {"b": 2}], {"a": 3}]) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("combiner", "nothing"),
    [
        (combiners.concatenate(), []),
        (combiners.top_k(3, "score"), []),
        (combiners.total(), 0),
        (combiners.reduce(longer, [1]), [1]),
        (combiners.count(), 0),
        (combiners.histogram(), {}),
        (combiners.merge(), {}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_of_nothing_every_combiner_makes_its_own_nothing(combiner: Combiner, nothing: Any) -> None:
    assert combined(combiner, []) == nothing
