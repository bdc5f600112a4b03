"""What the API does, in plain functions over a home: no HTTP here."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from skyburst.certificates.repeating import specification_again
from skyburst.client import JobHandle, create
from skyburst.contracts.job import parse_job
from skyburst.contracts.parameters import ORDER, Declared, resolve, schema
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import UNFINISHED, BatchState, JobState
from skyburst.documents import job_document, job_line
from skyburst.engine.compute import choose
from skyburst.engine.finish import counted
from skyburst.errors import (
    Invalid,
    InvalidPeople,
    InvalidQuery,
    JobBusy,
    JobNotFound,
    NotFound,
    PictureNotFound,
    ResultNotReady,
    UploadInUse,
)
from skyburst.finding import Found
from skyburst.homes.home import Home, Readable, StoredObject
from skyburst.homes.waiting import UNDRIVEN_S
from skyburst.manifest import Manifest, parse_source, read_all
from skyburst.people.records import People
from skyburst.people.rules import Refused, may_run
from skyburst.submissions.config_file import MOST_BYTES
from skyburst.web import pictures
from skyburst.web.batches import batches_of
from skyburst.web.documents import (
    About,
    Analysis,
    Batch,
    Budget,
    Checked,
    CheckedProblem,
    Dataset,
    DatasetFile,
    Estimate,
    Job,
    JobFile,
    JobLine,
    JobPage,
    Limits,
    Link,
    LogLine,
    NewUpload,
    Preset,
    Profile,
    Results,
    Timeline,
    ToCheck,
    Upload,
    UploadPage,
)
from skyburst.web.files import file_of_job, files_of_job, path_of
from skyburst.web.offered import Analyses, LocalAnalyses
from skyburst.web.pages import Query, page
from skyburst.web.paths import dotted, path_refused, paths_in, refuse_paths, refuse_paths_in_config, uploaded_configs
from skyburst.web.pictures import Picture
from skyburst.web.ports import Libraries, Links, Uploads
from skyburst.web.quota import Quota
from skyburst.web.references import references_of, resolved, texts_in
from skyburst.web.zips import zipped

ARCHIVES = "answers/"
"""Under which archives are stored where they are not sent from here; what is there is removed after a day."""
MOST_ARCHIVED = 2**30
"""Bytes of the files of an archive that is stored, for which there is half a minute."""
CONFIGS_AT_ONCE = 16
MOST_LOOKED_AT = 1_000
"""Jobs that are read for a page of a list: where few match, it has fewer than were asked for, and there may be more."""
SEARCHED = "library"
"""The parameter that names the library whose items a job searches."""


class Administrator(str):
    """Name of a user who sees the jobs of everybody."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Service:
    """The API over the jobs of one home."""

    open_home: Callable[[], Home]
    """A home for the use of one request."""
    uploads: Uploads
    libraries: Libraries
    folder: Path
    """What paths of jobs are relative to."""
    quota: Quota
    """How much each user may do."""
    offered: Analyses = field(default_factory=LocalAnalyses)
    """What can be run."""
    people: Callable[[str], People] | None = None
    """The profiles that say what a user may do, and whose group pays for the jobs; None where a job says so itself."""
    links: Links | None = None
    """Where files of jobs are had from elsewhere than from the API."""
    paths_refused: bool = False
    """Whether jobs may name uploads and libraries only, and no paths and addresses: where there are users."""

    # What there is

    def about(self, user: str | None, version: str) -> About:
        """Whom and what one speaks to."""
        with self._home() as home:
            return About(
                version=version,
                home=home.name,
                where=home.where,
                user=_name(user),
                limits=self._limits(home, user),
            )

    def profile(self, user: str | None) -> Profile:
        """What is known of who asks. Raises InvalidPeople."""
        known = self.people(user).users.get(user) if user is not None and self.people is not None else None
        return Profile(
            user=_name(user), administrator=isinstance(user, Administrator),
            full_name=known.full_name if known else "", email=known.email if known else None,
            group=known.group if known else None, approved=known.approved if known else None,
            notify=known.notify if known else None,
        )  # fmt: skip

    def analyses(self, user: str | None) -> list[Analysis]:
        """All that can be run."""
        found: dict[str, Found] = {}
        for entry in self.offered.all():
            found.setdefault(entry.blueprint.name, entry)
        return [self._shown(entry, user) for entry in found.values()]

    def analysis(self, name: str, user: str | None) -> Analysis:
        """One of them. Raises AnalysisNotFound."""
        return self._shown(self.offered.get(name), user)

    def _shown(self, found: Found, user: str | None) -> Analysis:
        shown = _shown(found)
        if user is not None and self.people is not None:
            try:
                answer = may_run(self.people(user), None, user, shown.name)
            except InvalidPeople as error:  # nobody is let in whom a damaged profile is about
                shown.refused = str(error)
            else:
                shown.refused = answer.words if isinstance(answer, Refused) else None
        return shown

    # Uploads

    def begin_upload(self, new: NewUpload, user: str | None) -> Upload:
        """Expect a file."""
        return self.uploads.begin(new, time.time(), user)

    def complete_upload(self, upload_id: str, library: str | None, user: str | None) -> Upload:
        """Check a file; of an image also whether it has the size of those of a library."""
        return self.uploads.complete(upload_id, self.libraries.size(library) if library else None, user)

    def all_uploads(
        self,
        user: str | None,
        *,
        name: str | None,
        purpose: str | None,
        state: str | None,
        after: str | None,
        limit: int,
    ) -> UploadPage:
        """Some uploads, newest first. Raises InvalidQuery."""
        theirs = iter(self.uploads.all(user))
        if after is not None and not any(one.id == after for one in theirs):
            raise InvalidQuery(f"after is {after[:100]!r}: there is no such upload in the list", "after")
        found = [
            one for one in theirs
            if (name is None or name.lower() in one.name.lower())
            and (purpose is None or one.purpose == purpose)
            and (state is None or one.state == state)
        ]  # fmt: skip
        return UploadPage(uploads=found[:limit], next=found[limit - 1].id if len(found) > limit else None)

    def upload_picture(self, upload_id: str, channel: int, user: str | None) -> Picture:
        """The very pixels of a channel of an uploaded image. Raises PictureNotFound."""
        upload = self.uploads.get(upload_id, user)
        with self.uploads.open(upload_id, user) as file:
            return pictures.exact(file, upload.name, channel)

    def remove_upload(self, upload_id: str, user: str | None) -> None:
        """Remove a file. Raises UploadInUse while a job needs it that has not ended, or not even begun."""
        with self._home() as home:
            self.uploads.remove(upload_id, user, lambda noted: self._refuse_needed(home, upload_id, noted))

    def _refuse_needed(self, home: Home, upload_id: str, noted: Mapping[str, float]) -> None:
        for job_id, at in noted.items():
            try:
                job = home.table.job(job_id)
            except JobNotFound:
                if home.is_awaited(job_id, at):
                    raise UploadInUse(
                        f"job {job_id} needs upload {upload_id}, and is about to begin: cancel the job once it is there"
                    ) from None
            else:
                if not job.state.finished:
                    raise self._in_use(job, upload_id)
        using = next((job for job in home.table.jobs(UNFINISHED) if self._needs(home, job, upload_id)), None)
        if using is not None:
            raise self._in_use(using, upload_id)

    def _in_use(self, job: JobRecord, upload_id: str) -> UploadInUse:
        return UploadInUse(f"job {job.job_id} needs upload {upload_id}, and has not ended: cancel the job first")

    def _needs(self, home: Home, job: JobRecord, upload_id: str) -> bool:
        return any(
            self.uploads.named(text) == upload_id
            for part in (job.parameters, _given_items(home, job))
            for _, text in texts_in(part)
        )

    # Jobs

    def submit(self, document: Mapping[str, Any], user: str | None) -> Job:
        """Check and start a job.

        Raises:
            InvalidJob: naming the field; nothing was started.
            TooManyJobs: when the user has as many as is allowed.
        """
        with self._home() as home:
            return self._start(home, self._resolved(document, user), user)

    def _resolved(self, document: Mapping[str, Any], user: str | None) -> dict[str, Any]:
        """A job specification with the locations of the uploads and libraries that it names. Raises PathRefused."""
        given = dict(document)
        if self.paths_refused:
            self._refuse_paths(given, user)
        for part in ("parameters", "items"):
            if part in given:
                given[part] = self._named(part, given[part], user)
        return given

    def _named(self, field: str, value: Any, user: str | None) -> Any:
        """A JSON value with the locations of the uploads and libraries that it names; errors say where it names them."""
        upload, library = cache(lambda one: self.uploads.location(one, user)), cache(self._searchable)
        for at, text in texts_in(value):
            try:
                resolved(text, upload, library)
            except (NotFound, Invalid) as error:
                error.field = f"{field}{dotted(at)}"
                raise
        return resolved(value, upload, library)

    def _searchable(self, library_id: str) -> str:
        """Where a library is that can be read. Raises LibraryNotFound, UnreadableLibrary."""
        self.libraries.get(library_id)
        return self.libraries.location(library_id)

    def _refuse_paths(self, document: Mapping[str, Any], user: str | None) -> None:
        analysis = document.get("analysis")
        refuse_paths({"analysis": analysis}, {}, command=False)  # before it is looked for at what may be a path
        if isinstance(analysis, str):
            blueprint = self.offered.get(analysis).blueprint
            refuse_paths(document, blueprint.parameters, command=blueprint.command is not None)
            if blueprint.command is not None and (configs := uploaded_configs(document)):
                refuse = partial(self._refuse_config, blueprint.parameters, user)
                with ThreadPoolExecutor(CONFIGS_AT_ONCE, "configs") as pool:
                    for _ in pool.map(refuse, configs, configs.values()):
                        continue

    def _refuse_config(self, declared: Declared | None, user: str | None, upload_id: str, field: str) -> None:
        """Look into an uploaded config that a dataset has. Raises PathRefused, InvalidJob."""
        name = self.uploads.get(upload_id, user).name
        with self.uploads.open(upload_id, user) as file:
            refuse_paths_in_config(field, name, file.read(MOST_BYTES + 1), declared)

    def check(self, name: str, given: ToCheck, user: str | None) -> Checked:
        """Everything that is wrong with parameters of an analysis, uploads and libraries that are not there included."""
        from skyburst.web.checking import check

        declared = self.offered.get(name).blueprint.parameters
        found = check(given, declared)
        wrong = {problem.field for problem in found.problems}
        for at, text in texts_in(found.parameters or {}):
            field = f"parameters{dotted(at)}"
            try:
                resolved(text, lambda one: self.uploads.location(one, user), self._searchable)
            except (NotFound, Invalid) as error:
                if field not in wrong:
                    found.problems.append(CheckedProblem(field=field, detail=str(error)))
        for field, text in (
            paths_in({"parameters": found.parameters}, declared, command=False) if self.paths_refused else ()
        ):
            found.problems.append(CheckedProblem(field=field, detail=str(path_refused(field, text))))
        return found

    def budget(self, user: str | None, group: str | None, analysis: str | None) -> Budget:
        """The budget that leaves a user, or a group where there are no users, least."""
        from skyburst.web.budgets import budget_of

        if user is not None and self.people is not None:
            group = self._group(user)
        with self._home() as home:
            return budget_of(home, group, _name(user), analysis, time.time())

    def timeline(self, job_id: str, user: str | None) -> Timeline:
        """What the parts of a job did when, so far."""
        from skyburst.timeline.chart import chart
        from skyburst.timeline.numbers import numbers_of
        from skyburst.timeline.stages import timeline_of

        with self._home() as home:
            job = self._job(home, job_id, user)
            found = timeline_of(job, home.name, home.table.batches(job.job_id), home.spans(job), now=time.time())
        return Timeline(numbers=[entry._asdict() for entry in numbers_of(found)], specification=chart(found))

    def estimate(self, document: Mapping[str, Any], user: str | None) -> Estimate:
        """What a job will take and cost; it is checked as in `submit`, and not started. Raises InvalidJob."""
        from skyburst.prices.current import current_prices
        from skyburst.web.estimates import estimate_of

        spec = parse_job(self._owned(self._resolved(document, user), user))
        found = self.offered.get(spec.analysis)
        with self._home() as home:
            home.check_job(spec, found, self.folder)
            declared = found.blueprint.parameters
            parameters = dict(spec.parameters) if declared is None else resolve(declared, spec.parameters, self.folder)
            return estimate_of(home, spec, found, parameters, self.folder, SEARCHED, current_prices().book)

    def rerun(self, job_id: str, user: str | None, key: str | None = None) -> Job:
        """Run a job that has ended once more, from its certificate; two requests with the same key are one job."""
        with self._home() as home:
            certificate = home.certificate(self._job(home, job_id, user).job_id)
            again = specification_again(certificate, self.offered.again(certificate))
            return self._start(home, again if key is None else {**again, "idempotency_key": key}, user)

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
        """Some jobs, newest first: with `next`, there may be more. Raises InvalidQuery."""
        _check_states(state, JobState)

        def wanted(job: JobRecord) -> bool:
            return (
                (not state or job.state in state)
                and (analysis is None or job.analysis["name"] == analysis)
                and (name is None or name.lower() in f"{job.job_id} {job.spec.get('name') or ''}".lower())
            )

        with self._home() as home:
            whose = None if user is None or isinstance(user, Administrator) else str(user)
            found: list[JobRecord] = []
            following: str | None = None
            for looked_at, job in enumerate(self._jobs_after(home, after, user, whose), 1):
                if wanted(job):
                    found.append(job)
                if len(found) > limit:
                    following = found[limit - 1].job_id
                    break
                if looked_at == MOST_LOOKED_AT:
                    following = job.job_id
                    break
            return JobPage(jobs=list(_lines(home, found[:limit])), next=following)

    def _jobs_after(self, home: Home, after: str | None, user: str | None, whose: str | None) -> Iterator[JobRecord]:
        """Jobs of a user, or of all, in their order: those after one, which since then may be in another state."""
        if after is not None:
            try:
                self._job(home, after, user)
            except JobNotFound as error:
                raise InvalidQuery(f"after is {after[:100]!r}: there is no such job in the list", "after") from error
        return home.table.jobs(user=whose, after=after)

    def job(self, job_id: str, user: str | None) -> Job:
        """Everything that is known of a job but its result. Raises JobNotFound."""
        with self._home() as home:
            return self._document(home, self._job(home, job_id, user))

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
            return self._document(home, home.table.job(job.job_id))

    def resume(self, job_id: str, user: str | None) -> Job:
        """Run what is missing."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            _refuse_driven(home, job)
            with self.quota.resuming(home, user, job):
                JobHandle(job.job_id, home).resume()
            return self._document(home, home.table.job(job.job_id))

    def delete(self, job_id: str, user: str | None) -> None:
        """Forget a job and all its files. Raises JobBusy while it runs."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            _refuse_driven(home, job)
            home.delete(job.job_id)

    # Pictures

    def library_picture(self, library_id: str, key: str, *, thumbnail: bool) -> Picture:
        """The picture of an item of a library. Raises LibraryNotFound, PictureNotFound."""
        return pictures.of_item(self.libraries.location(library_id), key, thumbnail=thumbnail)

    def job_picture(self, job_id: str, user: str | None, library: int, key: str, *, thumbnail: bool) -> Picture:
        """The picture of an item of a library that a job searches, by its number among those. Raises PictureNotFound."""
        with self._home() as home:
            job = self._job(home, job_id, user)
        libraries = _libraries_of(job)
        if not libraries:
            raise PictureNotFound(f"job {job.job_id} searches no library, so that its items have no pictures")
        if library >= len(libraries):
            raise PictureNotFound(f"job {job.job_id} searches no library number {library}: it has {len(libraries)}")
        return pictures.of_item(libraries[library], key, thumbnail=thumbnail)

    def job_input(self, job_id: str, user: str | None, name: str, number: int) -> Picture:
        """The picture of the image that a parameter of a job names, or one of those. Raises PictureNotFound."""
        with self._home() as home:
            job = self._job(home, job_id, user)
        given = job.parameters.get(name) if _is_path(job, name) else None
        images = given if isinstance(given, list) else [] if given is None else [given]
        if number >= len(images):
            raise PictureNotFound(f"job {job.job_id} names no image number {number} as its {name[:100]!r}")
        return pictures.of_file(images[number])

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
            yield file_of_job(home, self._job(home, job_id, user), name)

    def link(self, job_id: str, user: str | None, name: str) -> Link:
        """Where a file can be had by a plain link. Raises ObjectNotFound."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            return self._link(job, name, file_of_job(home, job, name))

    def file_list(self, job_id: str, user: str | None) -> list[JobFile]:
        """All files of a job, and where they can be had."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            return [
                JobFile(name=name, size=readable.size, url=self._link(job, name, readable).url)
                for name, readable in files_of_job(home, job).items()
            ]

    def _link(self, job: JobRecord, name: str, readable: Readable) -> Link:
        return Link(url=path_of(job.job_id, name)) if self.links is None else self.links.of(readable, name)

    @contextmanager
    def archive(self, job_id: str, user: str | None) -> Iterator[Iterator[bytes]]:
        """All files of a job as a ZIP archive, piece by piece. Raises ResultNotReady when there are none."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            yield zipped(_some(job, files_of_job(home, job)).items(), job.finished_at or time.time())

    def archive_link(self, links: Links, job_id: str, user: str | None) -> Link:
        """Where the archive can be had, which is made there first. Raises ResultNotReady, InvalidQuery."""
        with self._home() as home:
            job = self._job(home, job_id, user)
            files = _some(job, files_of_job(home, job))
            size = sum(readable.size for readable in files.values())
            if size > MOST_ARCHIVED:
                raise InvalidQuery(
                    f"the files of job {job.job_id} have {size:,} bytes, and {MOST_ARCHIVED:,} at most are put into one archive: "
                    "download them one by one; `links` has all their addresses",
                    "job_id",
                )
            key = f"{ARCHIVES}{secrets.token_hex(16)}.zip"
            stored = home.objects.put_pieces(key, zipped(files.items(), job.finished_at or time.time()))
            readable = StoredObject(home.objects, key, f"{home.objects.location}/{key}", stored)
            return links.of(readable, f"{job.job_id}.zip")

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
            counts, uses = counted(home.table, job), uses_of(home.objects, home.table, job)
            book, architecture = current_prices().book, architecture_of(home, job)
            return cost_of(job, counts, home.name, book, time.time(), uses, architecture=architecture).document()

    def batches(self, job_id: str, user: str | None, states: list[str], first: int, limit: int) -> list[Batch]:
        """Batches of a job in some states, or in any. Raises InvalidQuery."""
        _check_states(states, BatchState)
        with self._home() as home:
            return batches_of(
                home.table, self._job(home, job_id, user), [BatchState(one) for one in states], first, limit
            )

    def datasets(self, job_id: str, user: str | None) -> list[Dataset]:
        """The datasets of a job whose analysis is a command; of others none."""
        with self._home() as home:
            return [
                Dataset(
                    number=told["number"], dataset=str(told["dataset"]), state=str(told["state"]),
                    reason=str(told.get("reason") or ""), files=msgspec.convert(told.get("files") or [], list[DatasetFile]),
                    status=told,
                )
                for told in home.datasets(self._job(home, job_id, user))
            ]  # fmt: skip

    def dataset_log(self, job_id: str, user: str | None, number: int, after: int) -> list[LogLine]:
        """The lines of the log of a dataset after one of them. Raises DatasetNotFound."""
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
        named = {
            upload_id
            for part in (document.get("parameters"), document.get("items"))
            for _, text in texts_in(part)
            if (upload_id := self.uploads.named(text)) is not None
        }
        with (
            self.quota.starting(home, user, self._owned(document, user)) as given,
            self.uploads.starting(named) as note_id,
        ):
            handle = create(given, home=home, folder=self.folder, note_id=note_id)
        if handle.status() is JobState.PENDING and not home.is_driven(handle.job_id):
            home.drive_in_background(handle.job_id)
        return self._document(home, handle.record())

    def _document(self, home: Home, job: JobRecord) -> Job:
        document = job_document(home, job)
        return msgspec.convert(
            {
                **document,
                **_about(job),
                "files": list(document["files"]),
                "has_result": document["result"] is not None,
                "references": self._references(job),
            },
            Job,
        )

    def _references(self, job: JobRecord) -> dict[str, str]:
        """What the API was given, or could have been, by JSON Pointer into the specification."""
        given = {name: job.parameters[name] for name in job.spec.get("parameters", ()) if name in job.parameters}
        named = self.uploads.named, self.libraries.named
        items = job.spec.get("items")
        return references_of(given, *named, "/parameters") | references_of(items, *named, "/items")

    def _owned(self, document: dict[str, Any], user: str | None) -> dict[str, Any]:
        """The specification of a job of the user, whatever it says itself; keys of users are apart."""
        if user is None:
            return document
        owned = {**document, "user": str(user)}
        if isinstance(key := document.get("idempotency_key"), str):
            owned["idempotency_key"] = f"{user}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        if self.people is not None:
            owned.pop("group", None)
            if (group := self._group(user)) is not None:
                owned["group"] = group
        return owned

    def _group(self, user: str) -> str | None:
        """The group that a user belongs to. Raises InvalidPeople."""
        known = self.people(user).users.get(user) if self.people is not None else None
        return known.group if known else None

    def _limits(self, home: Home, user: str | None) -> Limits:
        allowed, standing = self.quota.allowed, self.quota.standing(home, user)
        return Limits(
            jobs_per_day=allowed.jobs_per_day, jobs_today=standing.today, concurrent=allowed.concurrent,
            running=standing.running, upload_bytes=self.uploads.limit_bytes,
        )  # fmt: skip


def _name(user: str | None) -> str | None:
    """The name alone, which documents have."""
    return None if user is None else str(user)


def _some(job: JobRecord, files: dict[str, Readable]) -> dict[str, Readable]:
    if not files:
        raise ResultNotReady(f"job {job.job_id} is {job.state} and has no files")
    return files


def _given_items(home: Home, job: JobRecord) -> list[Any]:
    """The items that a job was given as a list, also one so long that it was stored."""
    items = job.spec.get("items")
    if isinstance(items, list):
        return items
    if isinstance(items, dict) and str(items.get("manifest")).startswith(f"{home.objects.location}/"):
        source = parse_source(job.items or {})
        if isinstance(source, Manifest):
            return list(read_all(source, home.objects))
    return []


def _refuse_driven(home: Home, job: JobRecord) -> None:
    """Raise JobBusy for a job that runs, at once: homes wait a while for its end, and others for this request."""
    if not job.state.finished and home.is_driven(job.job_id):
        raise JobBusy(f"job {job.job_id} is running: cancel it first, or wait until it has ended")


def _check_states(given: list[str], states: type[JobState] | type[BatchState]) -> None:
    """Raise InvalidQuery for a state that there is not."""
    unknown = sorted(set(given) - set(states))
    if unknown:
        raise InvalidQuery(f"state is {unknown[0][:100]!r}: expected one of {', '.join(states)}", "state")


def _is_path(job: JobRecord, name: str) -> bool:
    """Whether a parameter of a job names files, by the blueprint of its analysis."""
    declared = job.analysis["blueprint"].get("parameters") or {}
    return bool(declared.get(name, {}).get("format") == "path")


def _libraries_of(job: JobRecord) -> list[str]:
    """Where the libraries are that a job searches."""
    given = job.parameters.get(SEARCHED) if _is_path(job, SEARCHED) else None
    found = given if isinstance(given, list) else [given]
    return [location for location in found if isinstance(location, str)]


def _may_see(job: JobRecord, user: str | None) -> bool:
    return user is None or isinstance(user, Administrator) or job.spec.get("user") == user


def _line(home: Home, job: JobRecord) -> JobLine:
    return msgspec.convert({**job_line(home, job), **_about(job)}, JobLine)


def _lines(home: Home, jobs: Iterable[JobRecord]) -> Iterator[JobLine]:
    """The same of some, without those that somebody deleted since they were listed."""
    for job in jobs:
        with suppress(JobNotFound):
            yield _line(home, job)


def _about(job: JobRecord) -> dict[str, Any]:
    """What the documents of commands have otherwise, or not at all."""
    summary = (job.outcome or {}).get("summary") if job.state.finished else None
    about: dict[str, Any] = {
        "analysis": job.analysis["name"],
        "user": job.spec.get("user"),
        "libraries": [PurePosixPath(location.replace("\\", "/")).name for location in _libraries_of(job)],
        "summary": summary[0] if summary else None,
    }
    if job.state is JobState.PENDING and time.time() - job.created_at < UNDRIVEN_S:
        about["interrupted"] = False  # the program that will drive it is starting
    return about


def _shown(found: Found) -> Analysis:
    blueprint = found.blueprint
    declared = blueprint.parameters
    ordered = None
    if declared is not None:
        ordered = schema(dict(sorted(declared.items(), key=lambda named: named[1].get(ORDER, 0))))
    kind: Literal["search", "datasets", "items"] = "search" if SEARCHED in (declared or {}) else "items"
    if blueprint.command is not None:
        kind = "datasets"
    return Analysis(
        name=blueprint.name, version=blueprint.version, title=blueprint.title, description=blueprint.description,
        kind=kind, lists_items=bool(blueprint.items), compute=choose(blueprint).why, parameters=ordered,
        presets=[
            Preset(name=name, title=preset.title or name, description=preset.description, parameters=preset.parameters)
            for name, preset in blueprint.presets.items()
        ],
        next=[section.analysis for section in blueprint.next], links=dict(blueprint.links),
    )  # fmt: skip
