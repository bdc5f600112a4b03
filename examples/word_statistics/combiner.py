"""The combiner: adds up the counts, and makes statistics of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import skyburst


@skyburst.combiner(associative=True)
def statistics(partials: Iterator[skyburst.PartialResult]) -> dict[str, int]:
    """Add up `{word: times}`.

    Sums of counts are counts again: the combiner is associative, and large jobs are combined as a tree. Memory
    grows with the number of different words, not with the length of the texts.
    """
    counts: Counter[str] = Counter()
    for partial in partials:
        for found in partial.results():
            counts.update(found)
    return dict(counts)


@statistics.finish
def report(counts: dict[str, int], context: skyburst.FinishContext) -> dict[str, Any]:
    """Write `words.csv`, all words with the most frequent first, and return the statistics."""
    ordered = by_frequency(counts)
    with context.open("words.csv") as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        table = csv.writer(text)
        table.writerow(["word", "times"])
        table.writerows(ordered)
    words = sum(counts.values())
    letters = sum(len(word) * times for word, times in counts.items())
    return {
        "words": words,
        "different_words": len(counts),
        "words_used_once": sum(times == 1 for times in counts.values()),
        "mean_length": letters / words if words else None,
        "most_frequent": dict(islice(ordered, context.parameters["most_frequent"])),
    }


@statistics.summary
def best_so_far(counts: dict[str, int], _parameters: Mapping[str, Any]) -> list[str]:
    """Name the five most frequent words."""
    return [f"{times:,} x {word}" for word, times in by_frequency(counts)[:5]]


def by_frequency(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Order words by how often they occur, then by the alphabet."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
