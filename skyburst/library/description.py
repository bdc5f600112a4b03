"""What an analysis says of one item when a library is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Description:
    """One item, as its analysis sees it."""

    metadata: dict[str, Any] = field(default_factory=dict)
    """JSON values that are shown, filtered by and counted: names, sex, region."""
    properties: dict[str, Any] = field(default_factory=dict)
    """JSON values that must be equal for all items of a library, such as width and height in pixels."""
    thumbnail: bytes | None = None
    """A small picture for people."""
    thumbnail_suffix: str = ".jpg"


@dataclass(frozen=True, slots=True)
class Variant:
    """A further file of an item, which is made of the item's file for workers."""

    data: bytes
    suffix: str
    """End of its name, such as `.png`."""


Describe = Callable[[Path], Description | None]
"""Checks and describes the file of one item; None when it is no item of this kind and is left out silently.

Raises ValueError when the file should be an item and cannot be used, naming what it has and what is needed.
"""

MakeVariants = Callable[[Path], Mapping[str, Variant]]
"""Makes the variants of the file of an item, by the names of their kinds, which are all lower-case identifiers.

Raises ValueError when they cannot be made.
"""
