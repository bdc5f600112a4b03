"""An analysis of text files: the first line is `WIDTHxHEIGHT`, the second a group, the rest is content."""

from __future__ import annotations

import os
import time
from pathlib import Path

from skyburst.library import Description, Variant


def describe(path: Path) -> Description | None:
    if path.suffix != ".item":
        return None
    first, group, content = path.read_text().split("\n", 2)
    if "x" not in first:
        raise ValueError(f"{path.name} begins with {first!r}: a size such as 10x20 is needed")
    if group == "broken":
        raise RuntimeError("this function is broken")
    if group == "killer":
        os._exit(9)
    if group == "slow":
        time.sleep(0.01)
    if group == "noted":
        path.with_suffix(".read").touch()
    width, height = map(int, first.split("x"))
    return Description(
        metadata={"group": group, "published_name": path.stem},
        properties={"width": width, "height": height},
        thumbnail=None if group == "plain" else content[:5].encode(),
        thumbnail_suffix=".txt",
    )


def make_variants(path: Path) -> dict[str, Variant]:
    content = path.read_text()
    if "no variants" in content:
        raise ValueError("it has no variants")
    return {
        "upper": Variant(content.upper().encode(), ".txt"),
        "length": Variant(str(len(content)).encode(), ".number"),
    }
