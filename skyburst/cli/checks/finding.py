"""What a check found."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How it is."""

    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "failed"


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    details: str
    """What is there, and of what is not good the remedy."""
