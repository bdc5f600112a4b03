"""Looks now and then at what a running job has found, and never takes much time from it."""

from __future__ import annotations

import json
import time
from typing import Any

from skyburst.cli.text import shortened
from skyburst.errors import SkyburstError
from skyburst.homes.home import Home, Looking

FIRST_AFTER_S = 1.0
"""Shorter jobs are over before a look at them would be."""
SHARE = 0.1
"""Of the time, at most, in which something looks."""
MOST_CHARACTERS = 100
MOST_OF_ERROR = 300


class Best:
    """The lines of the best results so far, brought up to date while a job runs."""

    heading = "found so far:"
    partly = 0.0
    """Nothing is known of batches that run."""

    def __init__(self, home: Home, job_id: str) -> None:
        self._home = home
        self._job_id = job_id
        self._looking: Looking | None = None
        self._began: float | None = None
        self._due = time.monotonic() + FIRST_AFTER_S
        self._gave_up = False
        self.lines: list[str] = []

    def look(self, *, found_something: bool) -> str | None:
        """Begin or go on looking, without waiting; why it was given up, once, when it was."""
        now = time.monotonic()
        if self._gave_up or (self._began is None and (not found_something or now < self._due)):
            return None
        try:
            if self._began is None:
                self._began = now
                looking = self._opened()
                if looking is None:
                    self._gave_up = True
                    return None
                looking.begin()
            assert self._looking is not None
            found = self._looking.poll()
        except (SkyburstError, OSError) as error:
            self._gave_up = True
            self.close()
            return f"no results are shown while the job runs: {shortened(str(error), MOST_OF_ERROR)}"
        if found is not None:
            took = time.monotonic() - self._began
            self._began = None
            self._due = time.monotonic() + max(self._looking.every_s, took * (1 / SHARE - 1))
            self.lines = lines_of(*found)
        return None

    def close(self) -> None:
        """End the process that looks."""
        if self._looking is not None:
            self._looking.close()
            self._looking = None

    def _opened(self) -> Looking | None:
        """None where there is nothing to look with."""
        if self._looking is None:
            self._looking = self._home.looking(self._job_id)
        return self._looking


def lines_of(value: Any, summary: list[str]) -> list[str]:
    """The summary's lines; without a summary a value that fits on one line."""
    if summary or value in (None, [], {}):
        return summary
    if isinstance(value, list | dict) and len(value) > MOST_CHARACTERS:
        return [f"{len(value):,} entries"]
    return [shortened(json.dumps(value), MOST_CHARACTERS)]
