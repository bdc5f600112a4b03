"""Waiting in tests. No time is a claim: other tests run beside each one, and a machine may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 300.0
"""What has not come after so long does not come."""
PATIENCE_MS = 90_000
"""The same for what a page is to show, in milliseconds."""


def eventually(look: Callable[[], Any], why: object = "it did not happen in time", every_s: float = 0.05) -> Any:
    """What a look finds once it finds something.

    Args:
        look: is asked until it finds something.
        why: what is said when it does not; a function is asked then.
        every_s: seconds between looks.
    """
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, why() if callable(why) else why
        time.sleep(every_s)
    return found
