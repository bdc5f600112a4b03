"""The comparison as a picture: both crossovers, by batches, modes and lives of the hardware, as a Vega-Lite specification.

Source of the figure: Abe et al., Neuroscience Cloud Analysis As a Service, Neuron 2022, figures 4 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import SCENARIOS, Row, Subject

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 330
BAR = 17
"""Pixels of a bar and what is beside it."""
COLORS = {
    Mode.STANDARD: ["#08519c", "#2171b5", "#4292c6", "#7bb3d9", "#b5d3e9"],
    Mode.SAVE: ["#a63603", "#d95f0e", "#ec8632", "#fdae6b", "#fdd0a2"],
}
"""Of each mode, from the shortest life of the hardware to the longest: blue and orange, which people with colour-blindness
tell apart."""
WHOLE_WEEK = 100
"""Percent. Own hardware cannot compute more."""
Part = dict[str, Any]


def chart(subject: Subject, rows: Sequence[Row]) -> Part:
    """A Vega-Lite specification with its data: LCC beside LUC, a group of bars for each batch.

    Args:
        subject: what is compared.
        rows: of `compare`; at least one.
    """
    series = {_series(row): COLORS[mode][row.years - 1] for mode in Mode for row in rows if row.mode is mode}
    values = [
        {
            "batch": row.batch.label, "series": _series(row), "lcc": row.lcc, "luc": row.luc,
            "lcc_text": number(row.lcc), "luc_text": f"{number(row.luc)} %",
        }
        for row in rows
    ]  # fmt: skip
    dates = [f"{price.of}: {price.date or 'as given'}" for price in subject.prices]
    return {
        "$schema": SCHEMA,
        "background": "white",
        "padding": 12,
        "config": {"font": "system-ui, sans-serif", "view": {"stroke": "#dfe3e8"}, "axis": {"gridColor": "#eef0f3"}},
        "title": {
            "text": f"{subject.analysis}: own hardware for {subject.price_usd:,.0f} USD beside the cloud",
            "subtitle": ["Prices of: " + "; ".join(dates)], "anchor": "start", "offset": 14,
        },
        "data": {"values": values},
        "hconcat": [
            _panel("lcc", "LCC: batches a week from which on own hardware is cheaper", series, rows),
            _panel("luc", "LUC: % of the week that own hardware then computes", series, rows),
        ],
    }  # fmt: skip


def number(value: float) -> str:
    """With four digits, or all of a whole number that has more."""
    return f"{value:,.0f}" if value >= 999.95 else f"{value:#.4g}"


def _panel(field: str, title: str, series: dict[str, str], rows: Sequence[Row]) -> Part:
    labels = list(dict.fromkeys(row.batch.label for row in rows))
    first = field == "lcc"
    largest = max(getattr(row, field) for row in rows)
    end = 1.2 * largest or 1.0  # room for the number behind the longest bar
    position = {
        "y": {
            "field": "batch", "type": "nominal", "sort": labels, "scale": {"paddingInner": 0.2, "paddingOuter": 0.1},
            "axis": {"title": None, "labelLimit": 220, "labelFontSize": 12, "ticks": False} if first else None,
        },
        "yOffset": {"field": "series", "type": "nominal", "sort": list(series), "scale": {"paddingInner": 0.1}},
        "x": {
            "field": field, "type": "quantitative", "title": title,
            "scale": {"domain": [0, end], "nice": False},
        },
    }  # fmt: skip
    color = {
        "field": "series", "type": "nominal", "title": None,
        "scale": {"domain": list(series), "range": list(series.values())},
        "legend": {"orient": "bottom", "direction": "horizontal", "columns": len({row.years for row in rows}), "labelLimit": 260},
    }  # fmt: skip
    layers: list[Part] = [
        {"mark": {"type": "bar"}, "encoding": {**position, "color": color}},
        {
            "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 4, "fontSize": 11},
            "encoding": {**position, "text": {"field": f"{field}_text", "type": "nominal"}},
        },
    ]
    if not first and largest > WHOLE_WEEK:
        rule = {"type": "rule", "color": "#4a4a4a", "strokeDash": [5, 4]}
        layers.append({"mark": rule, "encoding": {"x": {"datum": WHOLE_WEEK, "type": "quantitative"}}})
    return {"width": WIDTH, "height": (len(series) + 1) * BAR * len(labels), "layer": layers}


def _series(row: Row) -> str:
    named = f" ({SCENARIOS[row.years]})" if row.years in SCENARIOS else ""
    return f"{row.mode}, {row.years} year{'s' if row.years > 1 else ''}{named}"
