"""The chart of a timeline, as a Vega-Lite specification: drawn as a picture here, and by the browser in the page."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from skyburst.contracts.records import ENVIRONMENTS
from skyburst.contracts.spans import Part
from skyburst.contracts.states import BatchState
from skyburst.timeline.stages import Stage, Timeline

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 900
WORKERS_HEIGHT, ENGINE_HEIGHT = 520.0, 120.0
"""Pixels that all workers have together, and each other group, at most."""
TALLEST, GAP = 14.0, 10.0
"""Pixels of a bar at most, and between groups of them."""
MOST_BARS = 4_000
"""Batches that are drawn: all that are unlike the others, and of the others evenly so many."""
COLORS = {
    "queued": "#c8ccd2", "cold start": "#56b4e9", "running": "#009e73", "straggler": "#e69f00", "failed": "#d55e00",
    "planning": "#8a6bbf", "managing": "#0072b2", "watching": "#9aa3ad", "combining": "#cc79a7",
    "second stage": "#f0e442",
}  # fmt: skip
"""Those of Okabe and Ito, which people with colour-blindness tell apart."""
PHASES = {
    Part.PLAN: "planning", Part.ITEMS: "planning", Part.MANAGER: "managing", Part.WORKER: "running",
    Part.WATCH: "watching", Part.GROUP: "combining", Part.STAGE: "second stage", Part.COMBINE: "combining",
}  # fmt: skip
Bar = dict[str, Any]


def chart(timeline: Timeline) -> dict[str, Any]:
    """A Vega-Lite specification with its data: workers at work over time, above a bar for each stage."""
    groups = list(_groups(timeline))
    worker_rows = sum(len(group.rows) for group in groups if group.of_workers)
    bars: list[Bar] = []
    ticks: dict[str, str] = {}
    top = 0.0
    for group in groups:
        height = min(TALLEST, (WORKERS_HEIGHT / worker_rows) if group.of_workers else ENGINE_HEIGHT / len(group.rows))
        for number, row in enumerate(group.rows):
            for stage in row:
                bars += _bars(timeline, stage, top + number * height, top + (number + 1) * height)
        bottom = top + len(group.rows) * height
        ticks[f"{(top + bottom) / 2:g}"] = group.name
        top = bottom + GAP
    seconds = max(0.001, timeline.ended_at - timeline.began_at)
    time = {"type": "quantitative", "title": "seconds", "scale": {"domain": [0, seconds], "nice": False}}
    phases = [phase for phase in COLORS if any(bar["phase"] == phase for bar in bars)]
    return {
        "$schema": SCHEMA,
        "background": "white",
        "config": {"font": "system-ui, sans-serif", "view": {"stroke": "#dfe3e8"}, "axis": {"gridColor": "#eef0f3"}},
        "vconcat": [_at_work(timeline, time), _gantt(bars, ticks, top - GAP, time, phases)],
        "resolve": {"scale": {"x": "shared"}},
    }


def drawn(timeline: Timeline) -> tuple[int, int]:
    """How many batches are drawn, and how many there are."""
    workers = timeline.of(Part.WORKER)
    return len(_sample(workers)), len(workers)


class Group(NamedTuple):
    """Bars that belong together."""

    name: str
    rows: list[list[Stage]]
    """From top to bottom; the bars of a row do not overlap."""
    of_workers: bool = False


def _groups(timeline: Timeline) -> Iterator[Group]:
    """From top to bottom."""
    local = timeline.home == "local"
    engine = [("plan", timeline.of(Part.PLAN, Part.ITEMS)), ("driver" if local else "watcher", timeline.of(Part.WATCH))]
    managers = timeline.of(Part.MANAGER)
    engine += [
        (f"managers {level}", [stage for stage in managers if stage.level == level])
        for level in sorted({stage.level for stage in managers})
    ]
    yield from (Group(name, _rows(stages)) for name, stages in engine if stages)
    workers = _sample(timeline.of(Part.WORKER))
    for lane in sorted({stage.lane for stage in workers}, key=lambda lane: (lane == ENVIRONMENTS, lane)):
        of_lane = [stage for stage in workers if stage.lane == lane]
        # A process of this machine is sent batches ahead, and runs them one after the other: that is no queue to look at.
        stages = [replace(stage, queued_at=stage.cold_at) for stage in of_lane] if local else of_lane
        name = "environments" if lane == ENVIRONMENTS else f"{'process' if local else 'lane'} {lane}"
        yield Group(name, _rows(stages), of_workers=True)
    combining = timeline.of(Part.GROUP, Part.COMBINE)
    if combining:
        yield Group("combiner", _rows(combining))
    tasks = timeline.of(Part.STAGE)
    if tasks:
        yield Group("second stage", _rows(tasks))


def _rows(stages: list[Stage]) -> list[list[Stage]]:
    """As few rows as there can be: each stage in the row that was free the longest ago."""
    rows: list[list[Stage]] = []
    free: list[tuple[float, int]] = []
    for stage in sorted(stages, key=lambda stage: stage.queued_at):
        if free and free[0][0] <= stage.queued_at:
            _, row = heapq.heappop(free)
        else:
            row = len(rows)
            rows.append([])
        rows[row].append(stage)
        heapq.heappush(free, (stage.ended_at, row))
    return rows


def _sample(workers: list[Stage]) -> list[Stage]:
    if len(workers) <= MOST_BARS:
        return workers
    step = len(workers) / MOST_BARS
    even = {int(number * step) for number in range(MOST_BARS)}
    return [stage for number, stage in enumerate(workers) if number in even or _phase(stage) != "running"]


def _phase(stage: Stage) -> str:
    if stage.state is BatchState.FAILED or stage.reason:
        return "failed"
    return "straggler" if stage.straggler else PHASES[stage.part]


def _bars(timeline: Timeline, stage: Stage, top: float, bottom: float) -> Iterator[Bar]:
    began_at = timeline.began_at
    what = stage.name + (f", attempt {stage.attempt}" if stage.attempt > 1 else "")
    phases = [
        ("queued", stage.queued_at, stage.cold_at),
        ("cold start", stage.cold_at, stage.started_at),
        (_phase(stage), stage.started_at, stage.ended_at),
    ]
    for phase, start, end in phases:
        if end > start:
            yield {
                "what": what, "phase": phase, "start": round(start - began_at, 4), "end": round(end - began_at, 4),
                "seconds": round(end - start, 4), "top": round(top, 3), "bottom": round(bottom, 3),
                "state": stage.reason or (str(stage.state) if stage.state else ""),
            }  # fmt: skip


def _gantt(bars: list[Bar], ticks: dict[str, str], height: float, time: Bar, phases: list[str]) -> Bar:
    labels = ", ".join(f"'{at}': '{name}'" for at, name in ticks.items())
    domain = [0, max(1.0, height)]
    color = {
        "field": "phase", "type": "nominal", "title": None,
        "scale": {"domain": phases, "range": [COLORS[phase] for phase in phases]},
        "legend": {"orient": "bottom", "direction": "horizontal", "columns": len(phases)},
    }  # fmt: skip
    return {
        "width": WIDTH,
        "height": max(60.0, height),
        "data": {"values": bars},
        "mark": {"type": "rect", "tooltip": True, "fillOpacity": 0.75, "strokeWidth": 0.7},  # short ones are seen by their edge
        "encoding": {
            "x": {**time, "field": "start"},
            "x2": {"field": "end"},
            "y": {
                "field": "top", "type": "quantitative", "scale": {"domain": domain, "reverse": True, "nice": False},
                "axis": {
                    "title": None, "values": [float(at) for at in ticks], "labelExpr": f"{{{labels}}}[datum.value]",
                    "grid": False, "ticks": False, "domain": False, "labelOverlap": False,
                },
            },
            "y2": {"field": "bottom"},
            "fill": color,
            "stroke": color,
            "tooltip": [
                {"field": "what", "title": "stage"},
                {"field": "phase", "title": "phase"},
                {"field": "seconds", "type": "quantitative", "format": ".3f", "title": "seconds"},
                {"field": "start", "type": "quantitative", "format": ".3f", "title": "from"},
                {"field": "end", "type": "quantitative", "format": ".3f", "title": "to"},
                {"field": "state", "title": "state"},
            ],
        },
    }  # fmt: skip


def _at_work(timeline: Timeline, time: Bar) -> Bar:
    """How many workers were running at each time."""
    points = at_work(timeline)
    most = max(1, *(int(point["workers"]) for point in points))
    return {
        "width": WIDTH,
        "height": 90,
        "data": {"values": points},
        "mark": {"type": "area", "interpolate": "step-after", "color": COLORS["running"], "opacity": 0.55},
        "encoding": {
            "x": {**time, "field": "at", "title": None},
            "y": {
                "field": "workers", "type": "quantitative", "title": "workers",
                "axis": {"format": "d", "tickCount": min(4, most)},
            },
        },
    }  # fmt: skip


def at_work(timeline: Timeline) -> list[dict[str, float]]:
    """Seconds since the begin, and how many workers run from then on."""
    changes: dict[float, int] = {0.0: 0}
    for stage in timeline.of(Part.WORKER):
        for at, by in ((stage.started_at, 1), (stage.ended_at, -1)):
            moment = round(at - timeline.began_at, 3)
            changes[moment] = changes.get(moment, 0) + by
    workers, points = 0, []
    for at in sorted(changes):
        workers += changes[at]
        points.append({"at": at, "workers": workers})
    return points
