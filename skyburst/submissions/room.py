"""Which submissions that wait may start. Pure: who came first goes first, and a limit never refuses anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Waiting(NamedTuple):
    """A submission that waits."""

    identity: str
    analysis: str
    datasets: int
    """That it would run at once."""


class Verdict(NamedTuple):
    """What becomes of the submissions that wait."""

    start: list[str]
    """Identities of those that start now, in order."""
    wait: dict[str, str]
    """Why the others do not, by their identities."""


def admitted(
    waiting: Sequence[Waiting], running: Mapping[str, int], limits: Mapping[str, int], at_once: int
) -> Verdict:
    """Which submissions start now.

    Args:
        waiting: in the order in which they came.
        running: datasets that run now, by analysis.
        limits: datasets that may run at once, by analysis.
        at_once: datasets that may run at once on this machine.

    A submission starts when what it runs at once fits, or when nothing else runs; no later one of its analysis overtakes it.
    """
    busy = dict(running)
    start: list[str] = []
    wait: dict[str, str] = {}
    closed: set[str] = set()
    for entry in waiting:
        limit, mine = limits[entry.analysis], busy.get(entry.analysis, 0)
        everything = sum(busy.values())
        if entry.analysis in closed:
            wait[entry.identity] = "Waiting: other submissions came before."
        elif mine + entry.datasets > limit and mine:
            wait[entry.identity] = (
                f"Waiting for room: of the {limit:,} environments that the analysis may have, some are in use."
            )
        elif everything + entry.datasets > at_once and everything:
            wait[entry.identity] = (
                f"Waiting for room: of the {at_once:,} environments that fit this machine, some are in use."
            )
        else:
            start.append(entry.identity)
            busy[entry.analysis] = mine + min(entry.datasets, limit)
            continue
        closed.add(entry.analysis)
    return Verdict(start, wait)
