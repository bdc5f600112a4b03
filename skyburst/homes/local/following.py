"""Jobs that follow a job at home `local`: each in a process of its own, which goes on when this one ends."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from skyburst.contracts.job import parse_job
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.following import FollowUp, sections
from skyburst.errors import AnalysisNotFound, SkyburstError
from skyburst.finding import Found, find_analysis
from skyburst.homes.following import Following

if TYPE_CHECKING:
    from skyburst.homes.local.home import LocalHome


class LocalFollowing:
    """What follows one job; a job of which nothing follows costs nothing."""

    def __init__(self, home: LocalHome, job: JobRecord) -> None:
        self._home, self._job = home, job
        self.on_each = bool(sections(job, "each"))
        """Whether something follows each dataset."""
        self._on_all = bool(sections(job, "all"))
        self._known: Following | None = None

    def each(self, batches: Iterable[int]) -> None:
        """Start what follows the datasets of these batches, which are done."""
        if self.on_each:
            self._following().each(batches)

    def all(self) -> None:
        """Start what follows a job that has succeeded."""
        if self._on_all:
            self._following().all()

    def _following(self) -> Following:
        if self._known is None:
            self._known = Following(self._home.objects, f"jobs/{self._job.job_id}/", self._job, self._start)
        return self._known

    def _start(self, follow_up: FollowUp) -> str:
        home = self._home
        found = find_beside(follow_up.analysis, Path(self._job.analysis["location"]))
        job = home.create_job(parse_job(follow_up.specification), found, Path(self._job.analysis["location"]))
        if job.state is JobState.CANCELLED:  # with the one that it follows, which goes on
            home.prepare_resume(job.job_id)
            home.drive_in_background(job.job_id)
        elif not job.state.finished and not home.is_driven(job.job_id):
            home.drive_in_background(job.job_id)
        return job.job_id


def find_beside(name: str, location: Path) -> Found:
    """The analysis of a name, as anywhere, else among the neighbours of another one.

    Args:
        name: of the analysis.
        location: of the other one.

    Raises:
        AnalysisNotFound: when it is at neither place.
    """
    try:
        return find_analysis(name)
    except AnalysisNotFound as error:
        try:
            return find_analysis(name, location.parent)
        except SkyburstError:
            raise error from None
