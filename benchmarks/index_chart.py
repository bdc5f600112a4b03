"""Draws what `benchmarks.library_index --json FIGURES` measured: `python -m benchmarks.index_chart FIGURES PICTURE.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from skyburst.timeline.drawing import picture

SIZE = {"width": 240, "height": 200}


def main() -> None:
    figures, destination = Path(sys.argv[1]), Path(sys.argv[2])
    destination.write_bytes(picture(chart(json.loads(figures.read_text())), "svg"))


def chart(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """The specification of Vega-Lite."""
    libraries = [figure for figure in figures if figure["part"] == "libraries"]
    masks = [figure for figure in figures if figure["part"] == "masks" and figure["how"].startswith("index")]
    many = [{**figure, "each_s": figure["wall_s"] / figure["masks"]} for figure in figures if figure["part"] == "many"]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "hconcat": [
            panel("One mask of 10,000 pixels, warm", libraries, ("images", "images of the library"), ("wall_s", "seconds")),
            panel("One mask, largest library", masks, ("pixels", "pixels of the mask"), ("wall_s", "seconds"), by="how"),
            panel("Masks in one job, largest library", many, ("masks", "masks in the job"), ("each_s", "seconds a mask")),
        ],
    }  # fmt: skip


def panel(
    title: str, rows: list[dict[str, Any]], x: tuple[str, str], y: tuple[str, str], by: str | None = None
) -> dict[str, Any]:
    """One curve, or one for each value of a field."""
    encoding: dict[str, Any] = {
        "x": {"field": x[0], "type": "quantitative", "title": x[1], "scale": {"zero": True}},
        "y": {"field": y[0], "type": "quantitative", "title": y[1], "scale": {"zero": True}},
    }
    if by:
        encoding["color"] = {"field": by, "type": "nominal", "title": None, "legend": {"orient": "bottom"}}
    fields = [name for name in (x[0], y[0], by) if name]
    data = [{name: row[name] for name in fields} for row in rows]
    return {
        "title": title,
        **SIZE,
        "data": {"values": data},
        "mark": {"type": "line", "point": True},
        "encoding": encoding,
    }


if __name__ == "__main__":
    main()
