"""Folders of small files, and libraries made of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from skyburst.library import LibrarySummary, build_library
from skyburst.loading import load_function

ANALYSIS = Path(__file__).parent / "plain_analysis"
load_describe = partial(load_function, ANALYSIS, "describing:describe")
load_variants = partial(load_function, ANALYSIS, "describing:make_variants")


def write_item(path: Path, *, size: str = "10x20", group: str = "a", content: str = "content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{size}\n{group}\n{content}")
    return path


def write_items(folder: Path, count: int, *, start: int = 0, group: str | None = None) -> Path:
    for number in range(start, start + count):
        write_item(
            folder / f"item-{number:04d}.item",
            group=group or "abc"[number % 3],
            content=f"content of {number}\n" * (1 + number % 50),
        )
    return folder


def build(source: Path, destination: Path, *, processes: int = 1, **options: Any) -> LibrarySummary:
    return build_library(source, destination, load_describe, analysis="plain", processes=processes, **options)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a library but its lock and the times in library.json."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "library.json")
    }
