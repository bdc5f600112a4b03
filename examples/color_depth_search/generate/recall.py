"""How many of the planted matches a search finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Recall:
    """How well the planted matches of a kind were found. Shares are from 0 to 1, by rank."""

    kind: str
    """"all", or a kind of the truth."""
    planted: int
    """Planted matches of this kind, of all masks together."""
    recall: dict[int, float]
    """Recall at rank k as usually defined: the share of a mask's planted matches that are among its first k
    results, averaged over the masks. With P planted matches it cannot exceed min(k, P) / P."""
    best_possible: dict[int, float]
    """The recall at rank k of a search that makes no mistake."""
    found: dict[int, float]
    """Hits at rank k in the filtered setting: the share of planted matches outranked by fewer than k images
    that hold no planted match of the mask. It can reach 1 at every k, however many matches are planted."""


def recall_at(
    truth: Mapping[str, Sequence[Mapping[str, Any]]],
    ranked: Mapping[str, Sequence[str]],
    ranks: Sequence[int] = (1, 10, 50),
) -> list[Recall]:
    """Compare search results with the truth.

    The filtered setting is that of Bordes et al., "Translating embeddings for modeling multi-relational data"
    (NIPS 2013), section 4.2.

    Args:
        truth: for each mask the planted matches, {"file", "kind", ...}, as in ``truth.json``.
        ranked: for each mask the file names of its results, best first; what is not among them was not found.
        ranks: the ranks k, from 1.

    Returns:
        All kinds together, then each kind in alphabetical order. Masks without planted matches of a kind are
        left out of that kind's averages; shares are 0 where nothing is planted.

    Raises:
        ValueError: when a mask of the truth has no results, not even an empty list, or a rank is below 1.
    """
    if any(rank < 1 for rank in ranks):
        raise ValueError(f"ranks {list(ranks)}: a rank must be at least 1")
    absent = sorted(truth.keys() - ranked.keys())
    if absent:
        raise ValueError(f"no results for mask {absent[0]}; give an empty list when the search found nothing")
    kinds = sorted({str(match["kind"]) for matches in truth.values() for match in matches})
    places = [_Places(matches, ranked[mask]) for mask, matches in truth.items()]
    return [_summary(kind, places, ranks) for kind in (ALL, *kinds)]


class _Places:
    """Where the planted matches of one mask were found."""

    def __init__(self, matches: Sequence[Mapping[str, Any]], results: Sequence[str]) -> None:
        planted = {str(match["file"]) for match in matches}
        self.rank: dict[str, int] = {}
        self.filtered_rank: dict[str, int] = {}
        others = 0
        for rank, file in enumerate(results, 1):
            if file in planted:
                self.rank.setdefault(file, rank)
                self.filtered_rank.setdefault(file, others + 1)
            else:
                others += 1
        self.matches = [(str(match["kind"]), str(match["file"])) for match in matches]

    def of(self, kind: str) -> list[str]:
        return [file for its_kind, file in self.matches if kind in (ALL, its_kind)]


def _summary(kind: str, places: Sequence[_Places], ranks: Sequence[int]) -> Recall:
    concerned = [(place, files) for place in places if (files := place.of(kind))]
    planted = sum(len(files) for _, files in concerned)
    recall, best, found = {}, {}, {}
    for k in ranks:
        shares = [_within(place.rank, files, k) / len(files) for place, files in concerned]
        recall[k] = sum(shares) / max(len(concerned), 1)
        best[k] = sum(min(k, len(files)) / len(files) for _, files in concerned) / max(len(concerned), 1)
        found[k] = sum(_within(place.filtered_rank, files, k) for place, files in concerned) / max(planted, 1)
    return Recall(kind, planted, recall, best, found)


def _within(ranks: Mapping[str, int], files: Sequence[str], k: int) -> int:
    return sum(file in ranks and ranks[file] <= k for file in files)
