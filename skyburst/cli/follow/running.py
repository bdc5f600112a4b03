"""Looks now and then at the datasets that run, and how far each is."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from skyburst.cli.datasets import running_lines
from skyburst.cli.text import shortened
from skyburst.contracts.records import JobRecord
from skyburst.errors import SkyburstError
from skyburst.homes.home import Home

if TYPE_CHECKING:
    from skyburst.environments.reading import DatasetsLooking

MOST_OF_ERROR = 300


class Running:
    """The lines of the running datasets of a job, brought up to date while it runs; used as `Best` is."""

    heading = "running:"

    def __init__(self, home: Home, job: JobRecord) -> None:
        self._home = home
        self._job = job
        self._open = ExitStack()
        self._looking: DatasetsLooking | None = None
        self._due = time.monotonic()
        self._gave_up = False
        self.lines: list[str] = []
        self.partly = 0.0
        """How much of the running datasets is done, in datasets."""

    def look(self, *, found_something: bool) -> str | None:
        """Look if it is time to; why it was given up, once, when it was."""
        del found_something  # what runs is to be seen before anything is done
        now = time.monotonic()
        if self._gave_up or now < self._due:
            return None
        try:
            if self._looking is None:
                self._looking = self._open.enter_context(self._home.looking_at_datasets(self._job))
            self.partly, found = self._looking.poll()
        except (SkyburstError, OSError) as error:
            self._gave_up = True
            self.close()
            return f"running datasets are not shown: {shortened(str(error), MOST_OF_ERROR)}"
        self.lines = running_lines(found)
        self._due = time.monotonic() + max(self._looking.every_s, 10 * (time.monotonic() - now))
        return None

    def close(self) -> None:
        """Close what was opened."""
        self._open.close()
