"""Parallelism as a picture, a Vega-Lite specification: how many workers ran over time, and for how long how many."""

from __future__ import annotations

from typing import Any

from skyburst.usage.parallelism import Step, histogram, mean, peak, thinned

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH, HEIGHT = 620, 220
COLOR = "#2171b5"
Part = dict[str, Any]


def figure(found: list[Step], title: str, subtitle: str) -> Part:
    """A Vega-Lite specification with its data.

    Args:
        found: from `steps`; at least one.
        title: what is shown.
        subtitle: of which jobs.
    """
    start = found[0].at
    over_time = [{"seconds": step.at - start, "running": step.running} for step in thinned(found)]
    bins = histogram(found)
    lengths = [
        {"running": str(one.least) if one.least == one.most else f"{one.least}-{one.most}", "seconds": one.seconds}
        for one in bins
    ]
    return {
        "$schema": SCHEMA,
        "background": "white",
        "padding": 12,
        "config": {"font": "system-ui, sans-serif", "view": {"stroke": "#dfe3e8"}, "axis": {"gridColor": "#eef0f3"}},
        "title": {
            "text": title, "anchor": "start", "offset": 14,
            "subtitle": [subtitle, f"at most {peak(found):,} at a time, {mean(found):,.1f} on average while something ran"],
        },
        "vconcat": [
            {
                "width": WIDTH, "height": HEIGHT,
                "data": {"values": over_time},
                "mark": {"type": "area", "interpolate": "step-after", "color": COLOR, "opacity": 0.85, "line": {"color": COLOR}},
                "encoding": {
                    "x": {"field": "seconds", "type": "quantitative", "title": "seconds from the first start"},
                    "y": {"field": "running", "type": "quantitative", "title": "running at a time", "axis": {"tickMinStep": 1}},
                },
            },
            {
                "width": WIDTH, "height": HEIGHT,
                "data": {"values": lengths},
                "mark": {"type": "bar", "color": COLOR},
                "encoding": {
                    "x": {
                        "field": "running", "type": "nominal", "sort": None, "title": "running at a time (bounds double)",
                        "axis": {"labelAngle": 0},
                    },
                    "y": {"field": "seconds", "type": "quantitative", "title": "seconds"},
                },
            },
        ],
    }  # fmt: skip
