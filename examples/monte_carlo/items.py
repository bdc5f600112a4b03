"""The items of a job: the numbers of its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import skyburst


def number_blocks(parameters: dict[str, Any], _context: skyburst.ItemsContext) -> Iterator[int]:
    """Return the numbers from 0; a job that is given its items, such as `range(100, 200)`, doesn't ask."""
    return iter(range(parameters["blocks"]))
