"""Numbers of a timeline: how long each stage took, over all that did the same."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from skyburst.contracts.spans import Part
from skyburst.timeline.stages import Stage, Timeline


class Numbers(NamedTuple):
    """Of one stage; all but the number in seconds."""

    stage: str
    number: int
    """How many there were."""
    mean: float
    median: float
    std: float
    """Standard deviation of all there are, not of a sample."""
    min: float
    max: float


def numbers_of(timeline: Timeline) -> list[Numbers]:
    """One entry for each stage that there was, in the order of a job's life."""
    found = [numbers("job", [timeline.ended_at - timeline.began_at])]
    found += _work(timeline, "planning", Part.PLAN)
    found += _work(timeline, "listing items", Part.ITEMS)
    managers = timeline.of(Part.MANAGER)
    for level in sorted({stage.level for stage in managers}):
        found += _three(f"managers of level {level}", [stage for stage in managers if stage.level == level], "sending")
    found += _three("workers", timeline.of(Part.WORKER), "running")
    found += _work(timeline, "watching", Part.WATCH)
    found += _delay(timeline)
    groups = timeline.of(Part.GROUP)
    for level in sorted({stage.level for stage in groups}):
        at_level = [stage for stage in groups if stage.level == level]
        found.append(numbers(f"groups of level {level}: combining", [stage.seconds for stage in at_level]))
    found += _work(timeline, "second stage", Part.STAGE)
    found += _work(timeline, "combining", Part.COMBINE)
    return found


def _three(who: str, stages: list[Stage], work: str) -> list[Numbers]:
    """Waiting, cold starts of those that had one, and the work itself."""
    if not stages:
        return []
    found = [numbers(f"{who}: queued", [stage.queued_s for stage in stages])]
    cold = [stage.cold_s for stage in stages if stage.cold_s > 0]
    if cold:
        found.append(numbers(f"{who}: cold start", cold))
    found.append(numbers(f"{who}: {work}", [stage.seconds for stage in stages]))
    return found


def _work(timeline: Timeline, name: str, part: Part) -> list[Numbers]:
    seconds = [stage.seconds for stage in timeline.of(part)]
    return [numbers(name, seconds)] if seconds else []


def _delay(timeline: Timeline) -> list[Numbers]:
    """From the end of the last batch to the begin of combining: looks of the watcher and the start of the combiner."""
    combining = timeline.of(Part.COMBINE)
    workers = timeline.of(Part.WORKER)
    if not combining or not workers:
        return []
    last = max(stage.ended_at for stage in workers)
    return [numbers("delay before combining", [max(0.0, combining[-1].started_at - last)])]


def numbers(stage: str, durations: Iterable[float]) -> Numbers:
    """The numbers of durations, in their own unit."""
    found = list(durations)
    return Numbers(
        stage,
        len(found),
        statistics.fmean(found),
        statistics.median(found),
        statistics.pstdev(found),
        min(found),
        max(found),
    )
