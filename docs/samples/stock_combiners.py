"""What each stock combiner makes of the partial results of two batches."""

from skyburst import PartialResult, combiners


def combine(combiner, *values):
    return combiner(iter(PartialResult.of(value) for value in values))


assert list(combine(combiners.concatenate(), ["a", "b"], ["c"])) == ["a", "b", "c"]
assert combine(combiners.count(), ["a", "b"], ["c"]) == 3

best = combiners.top_k(2, key="score")
assert combine(best, [{"score": 3}, {"score": 9}], [{"score": 5}]) == [{"score": 9}, {"score": 5}]

assert combine(combiners.total(), 2, 3) == 5
assert combine(combiners.total(), {"cats": 1, "dogs": 2}, {"cats": 3}) == {"cats": 4, "dogs": 2}

assert combine(combiners.histogram(), ["red", "blue"], ["red"]) == {"red": 2, "blue": 1}
assert combine(combiners.merge(max), {"a": 1, "b": 5}, {"a": 4}) == {"a": 4, "b": 5}

longest = combiners.reduce(lambda so_far, text: max(so_far, text, key=len), "", associative=True)
assert combine(longest, "fly", "drosophila") == "drosophila"
