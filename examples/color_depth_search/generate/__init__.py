"""Generated libraries: realistic color-depth MIPs with masks whose matches are known."""

from __future__ import annotations

from .library import Summary, generate_library
from .recall import Recall, recall_at

__all__ = ["Recall", "Summary", "generate_library", "recall_at"]
