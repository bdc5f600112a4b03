"""Partial results are merged in order, as a tree or at once, with the same answer."""

from __future__ import annotations

import bisect
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skyburst
from skyburst import combiners
from skyburst.analysis import CombineContext, Combiner, FinishContext, PartialResult
from skyburst.contracts.records import Missing, Stored
from skyburst.engine.combine import RESULT, CombineBench, combine_all, combine_group, levels_of, preview
from skyburst.engine.plan import COMBINE_FAN_IN, make_plan
from skyburst.errors import InvalidAnalysis, NotJson, ObjectNotFound
from skyburst.objects import ObjectStore, open_store
from skyburst.stored import store_value, store_yielded
from tests.chance import chances

PREFIX = "jobs/job-1/"
MIB = 2**20
BATCH_SIZE = 10


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def bench_of(combiner: Combiner, values: Mapping[int, Any], scratch: Path, batches: int | None = None) -> CombineBench:
    """A bench over partial results by batch; batches that are not there are missing."""
    objects = open_store("memory://")
    stored = {batch: store(objects, batch, value, scratch) for batch, value in values.items()}
    order = sorted(stored)

    def partials(first: int, last: int) -> Iterator[Stored]:
        for batch in order[bisect.bisect_left(order, first) : bisect.bisect_left(order, last)]:
            yield stored[batch]

    batches = max(values, default=-1) + 1 if batches is None else batches
    context = {
        "job_id": "job-1",
        "name": "a name",
        "parameters": {"k": 3},
        "items": batches * BATCH_SIZE - 3,
        "items_location": None,
        "missing": [Missing(5, 6, 50, 70, "gone")],
        "item_errors": [{"item": 1, "error": "unreadable"}],
    }
    plan = make_plan(max(0, batches * BATCH_SIZE - 3), BATCH_SIZE)
    return CombineBench(combiner, plan, partials, objects, PREFIX, scratch, context)


def store(objects: ObjectStore, batch: int, value: Any, scratch: Path) -> Stored:
    stored = store_yielded(iter(value), scratch) if isinstance(value, tuple) else store_value(value, scratch)
    if stored.path is None:
        return Stored(batch, stored.payload, None)
    reference = f"{PREFIX}partials/{batch}"
    objects.put(reference, stored.path)
    stored.path.unlink()
    return Stored(batch, None, reference)


def combine(bench: CombineBench, *, shuffle: int | None = None) -> bytes:
    """Run the whole tree, level by level, as a home does; the result as it was stored."""
    for level, groups in enumerate(levels_of(bench)):
        order = list(range(groups))
        if shuffle is not None:
            random.Random(shuffle).shuffle(order)
        for group in order:
            combine_group(bench, level, group)
    outcome = combine_all(bench)
    data = bench.objects.get(PREFIX + RESULT)
    assert outcome["size"] == len(data)
    assert list(bench.scratch.iterdir()) == []
    return data


def result_of(bench: CombineBench) -> Any:
    return json.loads(combine(bench))


def flat(combiner: Combiner, values: Mapping[int, Any]) -> Any:
    """What the combiner makes of all partial results at once."""
    found = combiner(
        PartialResult.of(list(value) if isinstance(value, tuple) else value) for _, value in sorted(values.items())
    )
    return list(found) if hasattr(found, "__next__") else found


def join(first: dict[str, list[int]], second: dict[str, list[int]]) -> dict[str, list[int]]:
    return {key: first.get(key, []) + second.get(key, []) for key in {**first, **second}}


def entries(partials: Iterator[PartialResult]) -> Iterator[Any]:
    return (entry for partial in partials for entry in partial.results())


ASSOCIATIVE: dict[str, tuple[Callable[[], Combiner], Callable[[int], Any]]] = {
    "total": (combiners.total, lambda n: n * n - 50),
    "total of dicts": (combiners.total, lambda n: {f"k{n % 7}": n, "all": 1}),
    "top_k": (lambda: combiners.top_k(5, "score"), lambda n: [{"score": n * 37 % 50, "n": n}] * (n % 3)),
    "histogram": (combiners.histogram, lambda n: [str(n % 5), n % 3]),
    "merge": (combiners.merge, lambda n: {str(n % 20): n}),
    "reduce": (lambda: combiners.reduce(join, {}, associative=True), lambda n: {str(n % 4): [n]}),
    "yielding": (lambda: Combiner(entries, associative=True), lambda n: (n, [n])),
}


@pytest.mark.parametrize("name", list(ASSOCIATIVE))
@settings(max_examples=15)
@given(batches=st.integers(0, 30_000) | st.sampled_from([100, 101, 10_000, 10_001]), data=st.data())
def test_a_tree_gives_what_combining_at_once_gives(scratch: Path, name: str, batches: int, data: Any) -> None:
    make, value_of = ASSOCIATIVE[name]
    chance = data.draw(chances)
    done = set(chance.sample(range(batches), min(batches, chance.choice([0, 1, 30, 150]))))
    if batches and chance.random() < 0.5:
        start = chance.randrange(batches)
        done |= set(range(start, min(start + 120, batches)))
    values = {batch: value_of(batch) for batch in done}
    bench = bench_of(make(), values, scratch, batches)
    assert bool(levels_of(bench)) == (batches > COMBINE_FAN_IN)
    assert result_of(bench) == json.loads(json.dumps(flat(make(), values)))


def test_a_tree_of_three_levels_gives_what_combining_at_once_gives(scratch: Path) -> None:
    values = {batch: batch for batch in (0, 99, 100, 9_999, 10_000, 500_000, 999_999, 1_000_000)}
    bench = bench_of(combiners.total(), values, scratch, 1_000_001)
    assert levels_of(bench) == [10_001, 101, 2]
    assert result_of(bench) == sum(values)


def test_sums_of_floats_are_the_same_in_whatever_order_groups_are_combined(scratch: Path) -> None:
    chance = random.Random(1)
    values = {batch: chance.uniform(-1, 1) * 10 ** chance.randint(-10, 10) for batch in range(1_234)}
    results = {combine(bench_of(combiners.total(), values, scratch), shuffle=seed) for seed in (None, 1, 2)}
    assert len(results) == 1
    assert float(results.pop()) == pytest.approx(sum(values.values()))


def ranges(partials: Iterator[PartialResult]) -> list[list[int]]:
    return [[partial.start, partial.end] for partial in partials]


def test_every_partial_result_says_which_items_it_is_about(scratch: Path) -> None:
    values = {0: 0, 2: 0, 3: 0}
    assert result_of(bench_of(Combiner(ranges), values, scratch, 4)) == [[0, 10], [20, 30], [30, 37]]
    tree = bench_of(Combiner(ranges, associative=True), dict.fromkeys((5, 150, 1_000, 1_249), 0), scratch, 1_250)
    assert result_of(tree) == [[0, 1_000], [1_000, 2_000], [10_000, 11_000], [12_000, 12_497]]


def test_partial_results_come_in_the_order_of_batches_from_wherever_they_lie(scratch: Path) -> None:
    values = {2: ["x" * 100_000], 0: ("a", "b"), 1: ["c"], 3: tuple("d" * 50_000 for _ in range(4)), 7: "e"}
    result = result_of(bench_of(combiners.concatenate(), values, scratch))
    assert result == ["a", "b", "c", "x" * 100_000, *["d" * 50_000] * 4, "e"]


def test_without_partial_results_the_combiner_gets_none(scratch: Path) -> None:
    for batches in (0, 3, 1_000):
        assert result_of(bench_of(combiners.total(), {}, scratch, batches)) == 0
        assert result_of(bench_of(combiners.concatenate(), {}, scratch, batches)) == []


@pytest.mark.parametrize("values", [{150: 1}, dict.fromkeys(range(1_000), 1)])
def test_a_group_that_was_removed_or_never_merged_is_an_error_and_not_a_gap(
    scratch: Path, values: dict[int, int]
) -> None:
    bench = bench_of(combiners.total(), values, scratch, 1_000)
    for group in range(10):
        combine_group(bench, 0, group)
    key = f"{PREFIX}combined/0/00000007"
    bench.objects.delete([key])
    with pytest.raises(ObjectNotFound, match="combined/0/00000007"):
        combine_all(bench)
    combine_group(bench, 0, 7)
    combine_all(bench)
    assert json.loads(bench.objects.get(PREFIX + RESULT)) == sum(values.values())


def test_two_that_combine_one_job_at_once_do_not_touch_each_others_parts(scratch: Path) -> None:
    first = bench_of(combiners.total(), dict.fromkeys(range(250), 1), scratch)
    second = replace(first, parts="combined/2-x/")
    for group in range(3):
        combine_group(first, 0, group)
        combine_group(second, 0, group)
    first.objects.delete([entry.key for entry in first.objects.list(f"{PREFIX}combined/2-x/")])
    combine_all(first)
    assert json.loads(first.objects.get(PREFIX + RESULT)) == 250


def test_a_combiner_that_is_not_associative_gets_everything_at_once(scratch: Path) -> None:
    calls: list[int] = []

    def counting(partials: Iterator[PartialResult]) -> int:
        calls.append(1)
        return sum(partial.value for partial in partials)

    assert result_of(bench_of(Combiner(counting), dict.fromkeys(range(500), 1), scratch)) == 500
    assert len(calls) == 1


def test_a_combiner_is_told_about_its_job(scratch: Path) -> None:
    seen: list[Any] = []

    def looking(partials: Iterator[PartialResult], context: CombineContext) -> list[Any]:
        seen.append(context)
        return []

    result_of(bench_of(Combiner(looking), {}, scratch, 2))
    (context,) = seen
    assert (context.job_id, context.name, context.parameters, context.items) == ("job-1", "a name", {"k": 3}, 17)
    assert context.missing == [Missing(5, 6, 50, 70, "gone")]
    assert context.item_errors == [{"item": 1, "error": "unreadable"}]
    assert context.preview is False


# Finishing


def finishing(finish: Callable[[Any, FinishContext], Any]) -> Combiner:
    combiner = combiners.concatenate()
    combiner.finish(finish)
    return combiner


def test_a_finish_function_makes_the_result_and_files_of_the_combined_value(scratch: Path) -> None:
    def report(value: list[int], context: FinishContext) -> dict[str, Any]:
        with context.open("table.csv") as table, context.open("plots/a b.svg") as plot:
            for entry in value:
                table.write(f"{entry}\n".encode())
                plot.write(b"<g/>")
        context.write("ä.bin", b"\0" * 100_000)
        context.write("table.txt", b"old")
        context.write("table.txt", b"new")
        return {"entries": len(value), "k": context.parameters["k"]}

    bench = bench_of(finishing(report), {0: [1, 2], 1: [3]}, scratch)
    assert combine_all(bench)["files"] == ["plots/a b.svg", "table.csv", "ä.bin", "table.txt"]
    assert bench.objects.get(f"{PREFIX}files/table.csv") == b"1\n2\n3\n"
    assert bench.objects.get(f"{PREFIX}files/plots/a b.svg") == b"<g/><g/><g/>"
    assert bench.objects.get(f"{PREFIX}files/ä.bin") == b"\0" * 100_000
    assert bench.objects.get(f"{PREFIX}files/table.txt") == b"new"
    assert json.loads(bench.objects.get(PREFIX + RESULT)) == {"entries": 3, "k": 3}
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up.csv",
        "a/../../up.csv",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        "back\\slash",
        "new\nline",
        "a\0",
        "x#1",
    ],
)
def test_a_result_file_cannot_be_put_anywhere_else(scratch: Path, name: str) -> None:
    bench = bench_of(finishing(lambda value, context: context.write(name, b"x")), {}, scratch)
    with pytest.raises(InvalidAnalysis, match="cannot be the name of a result file: give a plain name"):
        combine_all(bench)
    assert list(bench.objects.list()) == []
    assert list(scratch.iterdir()) == []


def test_a_result_file_that_was_not_written_to_its_end_is_not_kept(scratch: Path) -> None:
    def report(value: list[int], context: FinishContext) -> str:
        with suppress(ZeroDivisionError), context.open("half.csv") as file:
            file.write(b"half")
            raise ZeroDivisionError
        return "done"

    bench = bench_of(finishing(report), {}, scratch)
    assert combine_all(bench)["files"] == []
    assert [info.key for info in bench.objects.list()] == [PREFIX + RESULT]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("where", ["combiner", "finish", "not json", "not json in a generator", "generator"])
def test_what_goes_wrong_leaves_no_result_and_no_temporary_files(scratch: Path, where: str) -> None:
    def combining(partials: Iterator[PartialResult]) -> Any:
        if where == "combiner":
            raise ZeroDivisionError
        return streaming() if "generator" in where else {"a": {1}} if where == "not json" else 1

    def streaming() -> Iterator[Any]:
        yield from range(3)
        if where == "generator":
            raise ZeroDivisionError
        yield {"bad": {1}}

    def finish(value: Any, context: FinishContext) -> Any:
        raise ZeroDivisionError

    combiner = Combiner(combining)
    if where == "finish":
        combiner.finish(finish)
    bench = bench_of(combiner, {0: 1}, scratch)
    message = {"not json": r"^result\.a is", "not json in a generator": r"^result\[3\]\.bad is"}.get(where, "")
    with pytest.raises(NotJson if message else ZeroDivisionError, match=message or None):
        combine_all(bench)
    with pytest.raises(ObjectNotFound):
        bench.objects.get(PREFIX + RESULT)
    assert list(scratch.iterdir()) == []


# Streaming


@pytest.mark.parametrize("count", [0, 1, 2, 1_000])
def test_a_generators_values_are_the_entries_of_a_json_list(scratch: Path, count: int) -> None:
    entries = [{"n": number, "text": "ä\n"} for number in range(count)]
    data = combine(bench_of(combiners.concatenate(), {0: tuple(entries)}, scratch))
    assert json.loads(data) == entries
    assert data.endswith(b"]\n")


def test_a_long_result_is_combined_in_bounded_memory(scratch: Path) -> None:
    lines = [random.Random(number).randbytes(2_500).hex() for number in range(200)]
    bench = bench_of(combiners.concatenate(), {batch: tuple(lines) for batch in range(30)}, scratch)
    bench.objects = open_store(scratch.parent / "objects", create=True)
    reference = store(bench.objects, 0, tuple(lines), scratch).reference
    bench.partials = lambda first, last: (Stored(batch, None, reference) for batch in range(first, last))
    tracemalloc.start()
    try:
        size = combine_all(bench)["size"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 27 * MIB
    assert peak < 8 * MIB


# Previews


def test_a_preview_shows_what_was_found_so_far_unfinished(scratch: Path) -> None:
    contexts: list[CombineContext] = []

    def listing(partials: Iterator[PartialResult], context: CombineContext) -> Iterator[Any]:
        contexts.append(context)
        for partial in partials:
            yield partial.value

    combiner = Combiner(listing, associative=True)
    combiner.finish(lambda value, context: pytest.fail("a preview is not finished"))
    combiner.summary(lambda value, parameters: [f"{len(value)} of {parameters['k']}", str(value[-1])])
    bench = bench_of(combiner, {3: "a", 250: "b"}, scratch, 1_000)
    assert preview(bench) == (["a", "b"], ["2 of 3", "b"])
    assert [context.preview for context in contexts] == [True]
    assert list(bench.objects.list()) == []


def test_a_combiner_without_a_summary_has_a_preview_without_lines(scratch: Path) -> None:
    assert preview(bench_of(combiners.total(), {0: 2, 1: 3}, scratch)) == (5, [])


def test_the_public_decorator_makes_such_combiners(scratch: Path) -> None:
    @skyburst.combiner(associative=True)
    def most(partials: Iterator[PartialResult]) -> int:
        return max(partial.value for partial in partials)

    assert result_of(bench_of(most, {number: number % 41 for number in range(300)}, scratch)) == 40
