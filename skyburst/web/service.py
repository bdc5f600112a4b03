"""What the API does, in plain functions over a home: no HTTP here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec
from filelock import FileLock

from skyburst.certificates.repeating import locate, specification_again
from skyburst.client import JobHandle, create
from skyburst.contracts.parameters import ORDER, schema
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.documents import job_document, job_line
from skyburst.engine.compute import choose
from skyburst.errors import InvalidQuery, JobNotFound, ObjectNotFound, ResultNotReady, TooManyJobs
from skyburst.finding import Found, all_analyses, find_analysis
from skyburst.homes.home import Home, Readable
from skyburst.homes.waiting import UNDRIVEN_S
from skyburst.web.documents import (
    About,
    Analysis,
    Dataset,
    Job,
    JobLine,
    JobPage,
    Limits,
    LogLine,
    NewUpload,
    Results,
    Upload,
)
from skyburst.web.libraries import Libraries
from skyburst.web.pages import Query, page
from skyburst.web.references import resolved
from skyburst.web.uploads import Uploads

DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much each user may do; None for no limit."""

    jobs_per_day: int | None = None
    concurrent: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """The API over the jobs of one home."""

    open_home: Callable[[], Home]
    """A home for the use of one request."""
    uploads: Uploads
    libraries: Libraries
    folder: Path
    """Where what is shared between requests is locked, and paths of jobs are relative to."""
    allowed: Allowed = Allowed()

    # What there is

    def about(self, user: str | None, version: str) -> About:
        """Whom and what one speaks to."""
        with self._home() as home:
            return About(
                version=version,
                home=home.name,
                where=home.where,
                user=user,
                limits=self._limits(home, user, time.time()),
            )

    def analyses(self) -> list[Analysis]:
        """All that can be run."""
        found: dict[str, Found] = {}
        for entry in all_analyses():
            if isinstance(entry, Found):
                found.setdefault(entry.blueprint.name, entry)
        return [_shown(entry) for entry in found.values()]

    def analysis(self, name: str) -> Analysis:
        """One of them. Raises AnalysisNotFound."""
        return _shown(find_analysis(name))

    # Uploads

    def begin_upload(self, new: NewUpload) -> Upload:
        """Expect a file."""
        return self.uploads.begin(new, time.time())

    def complete_upload(self, upload_id: str, library: str | None) -> Upload:
        """Check a file; of an image also whether it has the size of those of a library."""
        return self.uploads.complete(upload_id, self.libraries.size(library) if library else None)

    # Jobs

    def submit(self, document: Mapping[str, Any], user: str | None) -> Job:
        """Check and start a job.

        Raises:
            InvalidJob: naming the field; nothing was started.
            TooManyJobs: when the user has as many as is allowed.
        """
        given = dict(document)
        for field in ("parameters", "items"):
            if field in given:
                given[field] = resolved(
                    given[field], lambda one: str(self.uploads.path(one)), lambda one: str(self.libraries.location(one))
                )
        if user is not None:
            given["user"] = user
        with self._home() as home:
            return self._start(home, given, user)

    def rerun(self, job_id: str, user: str | None) -> Job:
        """Run a job that has ended once more, from its certificate."""
        with self._home() as home:
            certificate = home.certificate(self._job(home, job_id, user).job_id)
            return self._start(home, specification_again(certificate, locate(certificate)), user)

    def jobs(
        self,
        user: str | None,
        *,
        state: list[str],
        analysis: str | None,
        name: str | None,
        after: str | None,
        limit: int,
    ) -> JobPage:
        """Some jobs, newest first."""

        def wanted(job: JobRecord) -> bool:
            return (
                _may_see(job, user)
                and (not state or job.state in state)
                and (analysis is None or job.analysis["name"] == analysis)
                and (name is None or name.lower() in f"{job.job_id} {job.spec.get('name') or ''}".lower())
            )

        with self._home() as home:
            matching = (job for job in home.table.jobs() if wanted(job))
            if after is not None:
                for job in matching:
                    if job.job_id == after:
                        break
                else:
                    raise InvalidQuery(f"after is {after[:100]!r}: there is no such job in the list", "after")
            found = list(islice(matching, limit + 1))
            lines = [_line(home, job) for job in found[:limit]]
            return JobPage(jobs=lines, next=lines[-1].job_id if len(found) > limit else None)

    def job(self, job_id: str, user: str | None) -> Job:
        """Everything that is known of a job but its result. Raises JobNotFound."""
        with self._home() as home:
            return _document(home, self._job(home, job_id, user))

    def line(self, job_id: str, user: str | None) -> JobLine:
        """What lists have of a job. Raises JobNotFound."""
        with self._home() as home:
            return _line(home, self._job(home, job_id, user))

    def cancel(self, job_id: str, user: str | None) -> Job:
        """Ask for the end of a job; one that has ended stays as it is."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            if not job.state.finished:
                home.cancel(job.job_id)
            return _document(home, home.table.job(job.job_id))

    def resume(self, job_id: str, user: str | None) -> Job:
        """Run what is missing."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            JobHandle(job.job_id, home).resume()
            return _document(home, home.table.job(job.job_id))

    def delete(self, job_id: str, user: str | None) -> None:
        """Forget a job and all its files. Raises JobBusy while it runs."""
        with self._home() as home:
            home.delete(self._job(home, job_id, user).job_id)

    # What jobs found

    def results(self, job_id: str, user: str | None, query: Query) -> Results:
        """A page of what a job found; while it runs, of what it found so far."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            if job.state.finished:
                return page(home.result(job).value, query)
            if job.plan is None:
                raise ResultNotReady(f"job {job.job_id} is {job.state}, and its items are not listed yet")
            return page(home.partial_results(job), query, complete=False)

    @contextmanager
    def file(self, job_id: str, user: str | None, name: str) -> Iterator[Readable]:
        """A result file; `result.json` is the result. Raises ObjectNotFound."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            files = dict(home.result_files(job))
            result = home.result_file(job)
            found = files.get(name) or (result if name == "result.json" else None)
            if found is None:
                raise ObjectNotFound(f"job {job.job_id} has no file {name[:200]!r}")
            yield found

    def certificate(self, job_id: str, user: str | None) -> dict[str, Any]:
        """The certificate of a job that has ended. Raises ResultNotReady."""
        with self._home() as home:
            return home.certificate(self._job(home, job_id, user).job_id)

    def cost(self, job_id: str, user: str | None) -> dict[str, Any]:
        """What a job cost so far, by part."""
        from skyburst.cost.job_cost import cost_of
        from skyburst.cost.uses import architecture_of, uses_of
        from skyburst.prices.current import current_prices

        with self._home() as home:
            job = self._job(home, job_id, user)
            counts, uses = home.table.progress(job.job_id), uses_of(home.objects, home.table, job)
            book, architecture = current_prices().book, architecture_of(home, job)
            return cost_of(job, counts, home.name, book, time.time(), uses, architecture=architecture).document()

    def datasets(self, job_id: str, user: str | None) -> list[Dataset]:
        """The datasets of a job whose analysis is a command; of others none."""
        with self._home() as home:
            return [
                Dataset(
                    number=told["number"], dataset=str(told["dataset"]), state=str(told["state"]),
                    reason=str(told.get("reason") or ""), files=[str(file) for file in told.get("files") or ()], status=told,
                )
                for told in home.datasets(self._job(home, job_id, user))
            ]  # fmt: skip

    def dataset_log(self, job_id: str, user: str | None, number: int, after: int) -> list[LogLine]:
        """The lines of the log of a dataset after one of them."""
        with self._home() as home:
            lines = home.dataset_log(self._job(home, job_id, user), number, after)
            return msgspec.convert(lines, list[LogLine])

    # Inside

    @contextmanager
    def _home(self) -> Iterator[Home]:
        with closing(self.open_home()) as home:
            yield home

    def _job(self, home: Home, job_id: str, user: str | None) -> JobRecord:
        """A job of the user; those of others are as if they were not there. Raises JobNotFound."""
        job = home.table.job(job_id)
        if not _may_see(job, user):
            raise JobNotFound(f"there is no job {job_id!r} in {home.where}")
        return job

    def _start(self, home: Home, document: dict[str, Any], user: str | None) -> Job:
        with FileLock(self.folder / "limits.lock"):  # two requests at once must not both be the last one allowed
            limits = self._limits(home, user, time.time())
            if limits.concurrent is not None and limits.running >= limits.concurrent:
                raise TooManyJobs(
                    f"{limits.running} of your jobs run, and {limits.concurrent} may at once: wait for one to end, or cancel one"
                )
            if limits.jobs_per_day is not None and limits.jobs_today >= limits.jobs_per_day:
                raise TooManyJobs(
                    f"you started {limits.jobs_today} jobs in the last 24 hours, and may start {limits.jobs_per_day}: "
                    "try again tomorrow, or ask who runs this server"
                )
            handle = create(document, home=home, folder=self.folder)
        if handle.status() is JobState.PENDING and not home.is_driven(handle.job_id):
            home.drive_in_background(handle.job_id)
        return _document(home, handle.record())

    def _limits(self, home: Home, user: str | None, now: float) -> Limits:
        today = running = 0
        if self.allowed != Allowed():
            mine = [job for job in home.table.jobs() if job.spec.get("user") == user]
            today = sum(now - job.created_at < DAY_S for job in mine)
            running = sum(not job.state.finished for job in mine)
        return Limits(
            jobs_per_day=self.allowed.jobs_per_day, jobs_today=today, concurrent=self.allowed.concurrent,
            running=running, upload_bytes=self.uploads.limit_bytes,
        )  # fmt: skip


def _may_see(job: JobRecord, user: str | None) -> bool:
    return user is None or job.spec.get("user") == user


def _line(home: Home, job: JobRecord) -> JobLine:
    return msgspec.convert({**job_line(home, job), **_about(job)}, JobLine)


def _about(job: JobRecord) -> dict[str, Any]:
    """What the documents of commands have otherwise, or not at all."""
    about: dict[str, Any] = {"analysis": job.analysis["name"], "user": job.spec.get("user")}
    if job.state is JobState.PENDING and time.time() - job.created_at < UNDRIVEN_S:
        about["interrupted"] = False  # the program that will drive it is starting
    return about


def _document(home: Home, job: JobRecord) -> Job:
    document = job_document(home, job)
    return msgspec.convert(
        {
            **document,
            **_about(job),
            "files": list(document["files"]),
            "has_result": document["result"] is not None,
        },
        Job,
    )


def _shown(found: Found) -> Analysis:
    blueprint = found.blueprint
    declared = blueprint.parameters
    ordered = None
    if declared is not None:
        ordered = schema(dict(sorted(declared.items(), key=lambda named: named[1].get(ORDER, 0))))
    kind: Literal["search", "datasets", "items"] = "search" if blueprint.items else "items"
    if blueprint.command is not None:
        kind = "datasets"
    return Analysis(
        name=blueprint.name, version=blueprint.version, title=blueprint.title, description=blueprint.description,
        kind=kind, compute=choose(blueprint).why, parameters=ordered, next=[section.analysis for section in blueprint.next],
    )  # fmt: skip
