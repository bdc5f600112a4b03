"""The timeline in the JSON of burst-compute's analyzer, which its `timeline.html` shows.

Source: burst-compute, `search_client.js` and `timeline.html`; the names of stages, categories and fields are theirs, with
the spelling of `billedBuration`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from skyburst.contracts.spans import Part
from skyburst.engine.plan import Plan
from skyburst.timeline.numbers import numbers
from skyburst.timeline.stages import Stage, Timeline

OVERVIEW, DISPATCHERS, WORKERS = "Overview", "Dispatchers", "Workers"
Entry = dict[str, Any]


def burst_timeline(timeline: Timeline) -> dict[str, Any]:
    """`{"input", "output", "aggregate", "stages"}`; times are milliseconds since the epoch."""
    job = timeline.job
    plan = Plan(**job.plan) if job.plan else Plan(0, 1, 0, 0, 1)
    began_at, ended_at = timeline.began_at, timeline.ended_at
    stages = [
        _entry(OVERVIEW, "Process", job.created_at if job.runs == 1 else began_at, ended_at),
        _entry(OVERVIEW, "State Machine", began_at, ended_at),
    ]
    for number, stage in enumerate(timeline.of(Part.WATCH), 1):
        stages.append(_entry(OVERVIEW, f"Monitor ({number})", stage.started_at, stage.ended_at))
    managers, workers = timeline.of(Part.MANAGER), timeline.of(Part.WORKER)
    stages += _together("Dispatchers", managers) + _together("Workers", workers)
    for stage in managers:
        stages.append(_entry(DISPATCHERS, _dispatcher(stage, plan), stage.started_at, stage.ended_at))
    memory_mb = job.analysis["blueprint"]["resources"]["memory_mb"]
    for stage in workers:
        again = f" [#{stage.attempt}]" if stage.attempt > 1 else ""
        entry = _entry(WORKERS, f"Worker {stage.batch}{again}", stage.started_at, stage.ended_at)
        stages.append({**entry, **_log(stage), "report": _report(stage, memory_mb)})
    for stage in timeline.of(Part.COMBINE):
        if workers:
            last = max(worker.ended_at for worker in workers)
            stages.append(_entry(OVERVIEW, "Combiner Delay", last, max(last, stage.started_at)))
        stages.append(_entry(OVERVIEW, "Combiner", stage.started_at, stage.ended_at))
    return {
        "input": job.spec,
        "output": {"jobId": job.job_id, "numBatches": plan.batches, "branchingFactor": plan.fan_out, "state": str(job.state)},
        "aggregate": ["Dispatcher", "Workers"],
        "stages": sorted(stages, key=lambda stage: int(stage["start"])),
    }  # fmt: skip


def _entry(category: str, name: str, start: float, end: float) -> Entry:
    return {"category": category, "name": name, "start": round(1_000 * start), "end": round(1_000 * end)}


def _together(name: str, stages: Sequence[Stage]) -> list[Entry]:
    """From the first to the last of them, with the numbers of all, in milliseconds."""
    if not stages:
        return []
    entry = _entry(OVERVIEW, name, min(one.started_at for one in stages), max(one.ended_at for one in stages))
    found = numbers(name, [1_000 * stage.seconds for stage in stages])
    stats = {"mean": found.mean, "median": found.median, "std": found.std, "min": found.min, "max": found.max}
    return [{**entry, "stats": stats}]


def _dispatcher(stage: Stage, plan: Plan) -> str:
    """The first level's is the root, others are named by the items of their batches."""
    if stage.level == 0:
        return "Root Dispatcher"
    first, last = stage.name.removeprefix("batches ").split("-")
    return f"Dispatcher {plan.items_of(int(first))[0]}-{plan.items_of(int(last) - 1)[1]}"


def _log(stage: Stage) -> Entry:
    group, _, stream = stage.log.partition(":")
    return {"logGroupName": group, "logStreamName": stream} if stream else {}


def _report(stage: Stage, memory_mb: int) -> Entry:
    duration = 1_000 * stage.seconds
    return {
        "duration": duration,
        "billedBuration": math.ceil(duration),
        "memorySize": memory_mb,
        "maxMemoryUsed": round(stage.peak_memory_mb),
        "initDuration": 1_000 * stage.cold_s,
    }
