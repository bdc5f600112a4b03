"""Draws charts with Vega-Lite, which the extra `timeline` brings: the same specification as a picture and in a page."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from skyburst.errors import Invalid

PICTURES = ("svg", "png")
SCALE = 2
"""Pixels of a PNG for one of the specification."""
SHOW = """
vegaEmbed("#chart", JSON.parse(document.getElementById("specification").textContent), {actions: false, renderer: "canvas"})
  .catch(error => { document.getElementById("chart").textContent = String(error); });
"""


def picture(specification: dict[str, Any], kind: str) -> bytes:
    """The chart as a picture; needs no network.

    Args:
        specification: of Vega-Lite, with its data.
        kind: `svg` or `png`.

    Raises:
        Invalid: when what draws is not installed.
    """
    library = _library()
    text = json.dumps(specification)
    if kind == "png":
        drawn: bytes = library.vegalite_to_png(text, scale=SCALE, allowed_base_urls=[])
        return drawn
    svg: str = library.vegalite_to_svg(text, allowed_base_urls=[])
    return svg.encode()


def script() -> str:
    """JavaScript that shows the specification in the element `specification` in the element `chart`, with all it needs.

    Raises:
        Invalid: when what draws is not installed.
    """
    bundle: str = _library().javascript_bundle(SHOW)
    return bundle


def _library() -> ModuleType:
    try:
        import vl_convert
    except ImportError as error:
        raise Invalid(
            "pictures are drawn by the package vl-convert-python, which is not installed: "
            'pip install "skyburst[timeline]"'
        ) from error
    library: ModuleType = vl_convert
    return library
