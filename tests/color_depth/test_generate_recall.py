"""Recall by its definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.generate.recall import ALL, recall_at

TRUTH = {
    "one": [{"file": "a", "kind": "jittered"}, {"file": "b", "kind": "mirrored"}],
    "two": [{"file": "c", "kind": "jittered"}],
}


def test_recall_is_the_share_of_planted_matches_within_a_rank_averaged_over_masks():
    ranked = {"one": ["a", "x", "b"], "two": ["x", "c"]}
    everything, jittered, mirrored = recall_at(TRUTH, ranked, (1, 2, 3))
    assert (everything.kind, everything.planted) == (ALL, 3)
    assert everything.recall == {1: 0.25, 2: 0.75, 3: 1}
    assert everything.best_possible == {1: 0.75, 2: 1, 3: 1}
    assert (jittered.kind, jittered.planted, jittered.recall) == ("jittered", 2, {1: 0.5, 2: 1, 3: 1})
    assert (mirrored.kind, mirrored.planted, mirrored.recall) == ("mirrored", 1, {1: 0, 2: 0, 3: 1})


def test_a_planted_match_is_found_at_rank_k_when_fewer_than_k_other_images_come_before_it():
    ranked = {"one": ["a", "b", "x"], "two": ["x", "c"]}
    everything = recall_at(TRUTH, ranked, (1, 2))[0]
    assert everything.found == {1: pytest.approx(2 / 3), 2: 1}


def test_a_match_of_another_mask_counts_as_any_other_image():
    everything = recall_at(TRUTH, {"one": ["c", "a", "b"], "two": ["c"]}, (1,))[0]
    assert everything.found[1] == pytest.approx(1 / 3)


def test_what_is_not_among_the_results_was_not_found():
    everything = recall_at(TRUTH, {"one": [], "two": ["x"]}, (50,))[0]
    assert everything.recall == everything.found == {50: 0}


def test_a_repeated_result_counts_at_its_first_place():
    truth = {"one": [{"file": "a", "kind": "jittered"}]}
    assert recall_at(truth, {"one": ["a", "a"]}, (1, 2))[0].recall == {1: 1, 2: 1}


def test_nothing_planted_is_no_error():
    (everything,) = recall_at({"one": []}, {"one": ["x"]})
    assert (everything.planted, everything.recall[1], everything.found[1]) == (0, 0, 0)


def test_a_mask_without_results_and_an_impossible_rank_are_refused():
    with pytest.raises(ValueError, match="mask two"):
        recall_at(TRUTH, {"one": []})
    with pytest.raises(ValueError, match="at least 1"):
        recall_at(TRUTH, {"one": [], "two": []}, (0,))


files = st.integers(0, 30).map(str)


@given(st.sets(files, min_size=1), st.lists(files, unique=True))
def test_shares_grow_with_the_rank_and_stay_within_what_is_possible(planted, results):
    truth = {"mask": [{"file": file, "kind": "jittered"} for file in planted]}
    everything, jittered = recall_at(truth, {"mask": results}, (1, 5, 40))
    assert everything.recall == jittered.recall
    for shares in (everything.recall, everything.found, everything.best_possible):
        assert sorted(shares.values()) == list(shares.values())
    for rank in (1, 5, 40):
        assert everything.recall[rank] <= everything.best_possible[rank]
        assert everything.recall[rank] <= everything.found[rank] <= 1
    assert everything.recall[40] == everything.found[40] == len(planted & set(results)) / len(planted)
