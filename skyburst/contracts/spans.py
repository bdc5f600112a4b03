"""Spans: what the parts of the engine other than workers did, and when. With the batches they make a job's timeline."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """A part of the engine."""

    PLAN = "plan"
    ITEMS = "items"
    """The analysis' own function that lists items."""
    MANAGER = "manager"
    WORKER = "worker"
    """A worker of burst-compute, whose row in the task table says nothing of its times."""
    WATCH = "watch"
    """At home `local` the loop that drives a job, at home `aws` one call of the watcher."""
    GROUP = "group"
    """A group of a combining tree; at home `local` all groups of a level."""
    STAGE = "stage"
    """A group of tasks of the second stage; at home `local` all groups."""
    COMBINE = "combine"


class Span(NamedTuple):
    """What one part did, once. Times are seconds since the epoch."""

    part: Part
    name: str
    """Unique among the spans of its part in a run, such as the batches of a manager."""
    run: int
    """1 for the first run of the job, more for those that resume it."""
    started_at: float
    ended_at: float
    level: int = 0
    """Of the tree of managers, or of combining."""
    sent_at: float | None = None
    """When it was invoked; None when nothing is known of that."""
    cold_s: float = 0.0
    """Seconds before `started_at` in which its environment had to start; 0 when it was up."""
    lane: int = 0
    """Of a worker."""
