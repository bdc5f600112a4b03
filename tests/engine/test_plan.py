"""A plan covers every item and every batch exactly once, whatever the numbers."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skyburst.contracts import values
from skyburst.engine.dispatch import dispatch
from skyburst.engine.plan import (
    COMBINE_FAN_IN,
    MOST_CHILDREN,
    Node,
    Plan,
    children,
    combine_levels,
    make_plan,
    root,
)

items_counts = st.integers(0, 8_000)
batch_sizes = st.none() | st.integers(1, 500)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return make_plan(
        draw(items_counts),
        draw(batch_sizes),
        most_children=draw(st.integers(2, 200)),
        one_manager=draw(st.integers(1, 2_000)),
    )


class Tree:
    """An invoker that expands the whole tree at once and remembers it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.managers: list[Node] = []
        self.workers: list[Node] = []
        self.fan_outs: list[int] = []
        if plan.batches:
            self.invoke_manager(root(plan))

    def invoke_manager(self, node: Node) -> None:
        self.managers.append(node)
        self.fan_outs.append(len(list(children(self.plan, node))))
        dispatch(self.plan, node, self)

    def invoke_worker(self, node: Node) -> None:
        self.workers.append(node)


@settings(max_examples=300)
@given(items_counts, batch_sizes)
@example(0, None)
@example(1, None)
@example(1_000, None)
@example(1_001, None)
def test_batches_cut_the_items_into_pieces_without_gap_or_overlap(items: int, batch_size: int | None) -> None:
    plan = make_plan(items, batch_size)
    position = 0
    for batch in range(plan.batches):
        start, end = plan.items_of(batch)
        assert start == position
        assert start < end <= start + plan.batch_size
        position = end
    assert position == items == plan.items
    assert batch_size is None or plan.batch_size == batch_size


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(1, 9)), max_size=6), batch_sizes)
@example([(0, 3), (5, 2), (0, None), (4, None)], 3)
def test_batches_of_joined_lists_have_items_of_one_list_and_its_batch_size(
    lists: list[tuple[int, int | None]], batch_size: int | None
) -> None:
    items = sum(count for count, _ in lists)
    plan = make_plan(items, batch_size, joined=lists)
    usual = batch_size or make_plan(items).batch_size
    expected = []
    first = 0
    for count, size in lists:
        cuts = [*range(first, first + count, size or usual), first + count]
        expected += itertools.pairwise(cuts)
        first += count
    assert [plan.items_of(batch) for batch in range(plan.batches)] == expected
    assert plan.items == items
    again = Plan(**values.decode(values.encode(plan.document())))
    assert [again.items_of(batch) for batch in range(again.batches)] == expected


@settings(max_examples=200)
@given(plans())
def test_the_tree_reaches_every_batch_exactly_once(plan: Plan) -> None:
    tree = Tree(plan)
    assert Counter(node.first for node in tree.workers) == Counter(range(plan.batches))
    assert all(node.last == node.first + 1 and node.level == plan.levels for node in tree.workers)
    assert all(node.first < node.last for node in tree.managers)
    assert all(node.level < plan.levels for node in tree.managers)
    assert max(tree.fan_outs, default=0) <= plan.fan_out, "no manager has more children than planned"


@settings(max_examples=200)
@given(plans(), st.data())
def test_the_children_of_any_range_cut_it_without_gap_or_overlap(plan: Plan, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, plan.batches))
    node = Node(first, data.draw(st.integers(first, plan.batches)), data.draw(st.integers(0, plan.levels - 1)))
    position = node.first
    for child in children(plan, node):
        assert child.first == position < child.last
        assert child.level == node.level + 1
        position = child.last
    assert position == node.last


@settings(max_examples=300)
@given(st.integers(0, 10**15), st.integers(2, 1_000), st.integers(1, 5_000))
def test_the_tree_is_as_shallow_as_its_fan_out_allows(batches: int, most_children: int, one_manager: int) -> None:
    plan = make_plan(batches, 1, most_children=most_children, one_manager=one_manager)
    if batches <= one_manager:
        assert (plan.levels, plan.fan_out) == (1, max(1, batches))
        return
    assert plan.fan_out <= max(most_children, 1)
    assert plan.fan_out**plan.levels >= batches, "the tree has room for every batch"
    assert (plan.fan_out - 1) ** plan.levels < batches, "no smaller fan-out would do"
    if plan.levels > 1:
        assert most_children ** (plan.levels - 1) < batches, "one level fewer would not do"


@pytest.mark.parametrize("root_", [2, 3, 7, 10, 99, 100])
@pytest.mark.parametrize("levels", [2, 3, 4, 5])
def test_perfect_powers_get_exactly_their_root(root_: int, levels: int) -> None:
    """Where floating-point roots are off by one: 1_000_000 ** (1 / 3) is 99.99999999999997."""
    for batches in (root_**levels - 1, root_**levels):
        plan = make_plan(batches, 1, most_children=root_, one_manager=1)
        assert (plan.levels, plan.fan_out) == (levels, root_)


def test_plans_have_whole_numbers_only_however_large() -> None:
    plan = make_plan(2**53, 1)
    assert all(type(value) is int for value in (plan.items, plan.batches, plan.levels, plan.fan_out))
    assert plan.items_of(plan.batches - 1) == (2**53 - 1, 2**53)
    assert plan.fan_out <= MOST_CHILDREN


@pytest.mark.parametrize("items", [0, 1, 999, 1_000, 1_001, 10**6, 10**12])
def test_without_a_batch_size_there_are_at_most_a_thousand_batches(items: int) -> None:
    plan = make_plan(items)
    assert plan.batches == min(items, math.ceil(items / plan.batch_size)) <= 1_000
    assert plan.batch_size == max(1, -(-items // 1_000))


@pytest.mark.parametrize(
    ("items", "batch_size", "levels", "workers", "branching_factor", "managers"),
    [
        (45_018, 40, 2, 1_126, 34, 35),
        (50_000, 40, 1, 1_250, 1_250, 1),
        (50_000, 40, 2, 1_250, 36, 36),
        (50_000, 40, 3, 1_250, 11, 126),
        (672_698, 225, 2, 2_990, 55, 56),
        (672_698, 225, 3, 2_990, 15, 215),
        (672_698, 68, 2, 9_893, 100, 100),
    ],
)
def test_the_tree_is_that_of_burst_compute_for_the_same_number_of_levels(
    items: int, batch_size: int, levels: int, workers: int, branching_factor: int, managers: int
) -> None:
    """Its branching factor is ceil(batches ** (1 / levels)); it has ceil(batches / b ** (levels - l)) managers at level l."""
    plan = make_plan(items, batch_size, most_children=branching_factor, one_manager=workers if levels == 1 else 1_000)
    tree = Tree(plan)
    assert (plan.levels, plan.batches, plan.fan_out) == (levels, workers, branching_factor)
    assert (len(tree.workers), len(tree.managers)) == (workers, managers)
    assert [sum(node.level == level for node in tree.managers) for level in range(levels)] == [
        -(-workers // branching_factor ** (levels - level)) for level in range(levels)
    ]


@pytest.mark.parametrize(
    ("batches", "levels"),
    [(0, []), (1, []), (100, []), (101, [2]), (10_000, [100]), (10_001, [101, 2]), (10**6, [10_000, 100])],
)
def test_a_combining_tree_goes_up_until_one_combiner_can_take_the_rest(batches: int, levels: list[int]) -> None:
    assert combine_levels(batches) == levels


@given(st.integers(0, 10**12), st.integers(2, 200))
def test_every_level_of_a_combining_tree_has_room_for_the_level_below(batches: int, fan_in: int) -> None:
    below = batches
    for groups in combine_levels(batches, fan_in):
        assert (groups - 1) * fan_in < below <= groups * fan_in
        below = groups
    assert below <= fan_in


def test_the_combining_tree_is_the_same_in_every_home() -> None:
    assert COMBINE_FAN_IN == 100, "changing it changes the rounding of sums in published results"
