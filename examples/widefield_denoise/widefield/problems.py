"""What these programs refuse."""

from __future__ import annotations


class Refused(Exception):
    """Data or parameters that cannot be used. The message names what, its value and the remedy."""
