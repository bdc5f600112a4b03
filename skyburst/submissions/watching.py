"""A watched folder: submit files that are put there become jobs at home `local`, and their results go back there.

    FOLDER/{analysis}/{group}/submissions/*submit.json

Each `FOLDER/{analysis}` is what the bucket of an analysis is in the cloud. Everything that a watcher knows is in there and in the
state folder: one that is started again goes on.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from skyburst.client import create
from skyburst.contracts.job import parse_job
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.errors import (
    FolderBusy,
    Invalid,
    InvalidSubmission,
    JobBusy,
    JobNotFound,
    SkyburstError,
    StorageError,
)
from skyburst.finding import find_analysis
from skyburst.homes.local.home import LocalHome
from skyburst.objects import open_store
from skyburst.ports import Clock
from skyburst.retention.enforcing import deleted_of
from skyburst.submissions import layout
from skyburst.submissions.arrivals import UNFINISHED_S, Arrivals, Signature
from skyburst.submissions.checking import Bucket, Offer, stays_within
from skyburst.submissions.following import Follower
from skyburst.submissions.gate import Gate, OpenGate
from skyburst.submissions.json_documents import read_json
from skyburst.submissions.owners import note_owner
from skyburst.submissions.receiving import RESOURCE_ERROR, Reception
from skyburst.submissions.record import Record, SubmissionState
from skyburst.submissions.room import Waiting, admitted
from skyburst.submissions.submit_file import MOST_BYTES

LOCK = ".watch.lock"
LOCK_S = 0.2
STARTING_S = 10.0
"""A program that drives a job has so long to begin."""
RESUMED_S = 2.0
"""Whether jobs of submissions that have ended were resumed is looked at so often."""
BUSY_S = 1.0
"""What is due is looked at again after so long when another program is at it."""
RESUMABLE = frozenset(str(state) for state in JobState if state.finished and state is not JobState.SUCCEEDED)
AGAIN_S = 30.0
"""A submission with which something went wrong on this machine is looked at again after so long."""
MORE_BYTES = 1 << 20
"""More room than this, at least, was made by somebody."""
ANYWAY_S = 600.0
"""A job that a full disk stopped goes on after so long also when there is no more room: what it still needs is not known."""
log = logging.getLogger(__name__)


class Told(NamedTuple):
    """Something that happened, for people."""

    submission: str
    """`GROUP/NAME` of its job's folder; of a folder, its name."""
    text: str
    state: SubmissionState | None = None


Tell = Callable[[Told], None]


def find_offer(analysis: str) -> Offer:
    """The analysis of a name or path, as submissions run it. Raises AnalysisNotFound."""
    found = find_analysis(analysis)
    return Offer(str(found.location), found.blueprint, str(found.reference()["digest"]))


def make_folders(folder: Path, analysis: str, group: str) -> Path:
    """Make the folders of a group in a watched folder; the group's folder.

    Raises:
        AnalysisNotFound: when there is no such analysis.
        InvalidSubmission: when a group cannot be called so.
    """
    name = find_offer(analysis).blueprint.name
    if not layout.is_group(group):
        raise InvalidSubmission(
            f"group is {group!r}: expected letters, digits, hyphens and underscores, starting with a letter or digit, at most "
            f"63, and none of {', '.join(sorted(layout.RESERVED))}"
        )
    for below in layout.GROUP_FOLDERS:
        (folder / name / group / below).mkdir(parents=True, exist_ok=True)
    return folder / name / group


@dataclass
class Watcher:
    """Watches the folders of analyses.

    Args:
        folder: with a folder for each analysis.
        home: where the jobs run.
        clock: the time.
        tell: is told what happens.
        analyses: names of those that are watched; all when there are none.
        gate: who may.
        at_once: datasets that run at once, at most.
    """

    folder: Path
    home: LocalHome
    clock: Clock
    tell: Tell
    analyses: frozenset[str] = frozenset()
    gate: Gate = field(default_factory=OpenGate)
    at_once: int = 1

    def __post_init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._unusable: dict[str, str] = {}
        self._over: set[str] = set()
        """Jobs of submissions that are over, of which something may be due to be deleted."""
        self._busy_at = 0.0
        """When another program was deleting what is due, by the clock."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one that watches the folder; the system frees it when a program dies. Raises FolderBusy."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=LOCK_S)
        except Timeout as error:
            raise FolderBusy(
                f"another program watches {self.folder}: one is enough, and two would be in each other's way"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def turn(self) -> int:
        """Look at everything once: take in what arrived, start what has room, show what runs.

        Returns:
            Submissions that are not over.
        """
        self._find_folders()
        for watched in self._watched.values():
            watched.take_in()
        self._start()
        for watched in self._watched.values():
            watched.follow()
        self._retain()
        return sum(len(watched.open) + watched.arriving for watched in self._watched.values()) + len(self._over)

    def note_over(self, job_id: str) -> None:
        """The submission of a job is over that says how long something is kept."""
        self._over.add(job_id)

    def _retain(self) -> None:
        """Delete what is due; what goes wrong with that is told, and is tried again when another submission ends."""
        now = self.clock()
        if not self._over or 0 <= now - self._busy_at < BUSY_S:
            return
        try:
            for deleted in self.home.retain(now):
                self.tell(Told(deleted.job_id, deleted.kept or f"{deleted.kind} deleted: {deleted.objects:,}"))
                self._over.discard(deleted.job_id)
            self._tell_deleted()
        except FolderBusy:  # such as the program of such a job, which may have looked before its submission was over
            self._busy_at = now
            return
        except SkyburstError as error:
            self.tell(Told(str(self.folder), f"what is due is not deleted yet: {error}"))
        self._over.clear()

    def _tell_deleted(self) -> None:
        """Tell what another program has deleted before this one came to it."""
        for job_id in sorted(self._over):
            try:
                job = self.home.table.job(job_id)
            except JobNotFound:
                continue
            for kind, entry in deleted_of(job).items():
                self.tell(Told(job_id, f"{kind} deleted: {entry['objects']:,}"))

    def _find_folders(self) -> None:
        try:
            paths = sorted(self.folder.iterdir())
        except OSError as error:  # a share that is gone for a while
            self.unreachable(self.folder.name, error)
            return
        self.reached(self.folder.name)
        for path in paths:
            name = path.name
            if name.startswith(".") or not path.is_dir() or name in self._watched:
                continue
            if self.analyses and name not in self.analyses:
                continue
            try:
                self._watched[name] = _Watched(self, Bucket(name, open_store(path), find_offer(name)), path)
            except SkyburstError as error:
                self.unreachable(name, error)

    def unreachable(self, name: str, error: Exception) -> None:
        """A folder cannot be used at present: tell it, once for each reason."""
        if self._unusable.get(name) != str(error):
            self._unusable[name] = str(error)
            self.tell(Told(name, f"its submissions wait: {error}"))

    def reached(self, name: str) -> None:
        """A folder can be used."""
        self._unusable.pop(name, None)

    def _start(self) -> None:
        waiting: list[tuple[float, Waiting, _Watched, Record]] = []
        running: dict[str, int] = {}
        limits: dict[str, int] = {}
        for name, watched in self._watched.items():
            limits[name] = watched.limit
            for record in watched.open.values():
                if record.state is SubmissionState.STARTED:
                    left = sum(not dataset.over for dataset in record.datasets)
                    analysis = record.analysis if record.follows else name
                    running[analysis] = running.get(analysis, 0) + min(left, self._slots(record))
                elif record.state is SubmissionState.QUEUED and watched.is_due(record):
                    entry = Waiting(record.identity, name, self._slots(record))
                    waiting.append((record.received_at, entry, watched, record))
        waiting.sort(key=lambda each: each[0])
        verdict = admitted([entry for _, entry, _, _ in waiting], running, limits, self.at_once)
        for _, entry, watched, record in waiting:
            try:
                if entry.identity in verdict.wait:
                    watched.waits(record, verdict.wait[entry.identity])
                else:
                    watched.start(record)
            except SkyburstError as error:
                watched.put_off(record, error)

    def _slots(self, record: Record) -> int:
        """Datasets that a submission runs at once."""
        wanted = (record.specification or {}).get("max_parallelism") or len(record.datasets)
        return min(int(wanted), self.at_once)


class _Watched:
    """The folder of one analysis."""

    def __init__(self, watcher: Watcher, bucket: Bucket, path: Path) -> None:
        self._watcher = watcher
        self._path = path
        self._arrivals = Arrivals()
        self._bucket = bucket
        self._reception = Reception(bucket, watcher.clock, watcher.gate, price=lambda _: 0.0)  # it is this machine
        self._follower = Follower(
            bucket, watcher.home.table, watcher.home.objects, watcher.clock, price=lambda _: 0.0, begun=self._begun
        )
        self._again: dict[str, float] = {}
        """When to look again at submissions with which something went wrong, by their identities."""
        self._driven: dict[str, float] = {}
        """When programs that drive jobs were started, by jobs."""
        self._room: dict[str, int] = {}
        """Bytes that were free then, or when the job stopped if these are fewer."""
        self._stopped: dict[str, float] = {}
        """When it was seen that jobs had stopped because a disk is full."""
        self.arriving = 0
        """Submit files that are there and not taken in."""
        self.open: dict[str, Record] = {}
        """Submissions that are not over, by their identities."""
        self._ended: dict[str, Record] = {}
        """Those whose jobs could be resumed, by their identities."""
        self._looked_at = 0.0
        """When these were looked at, by the clock."""
        for record in self._reception.records.all():
            if self._reception.go_on(record):
                self._received(record)
            elif not record.state.over:
                self.open[record.identity] = record
            else:
                self._keep_if_resumable(record)

    @property
    def limit(self) -> int:
        """Datasets that the blueprint lets run at once."""
        needs = self._bucket.offer.blueprint.environment
        return needs.max_concurrent if needs else sys.maxsize

    def is_due(self, record: Record) -> bool:
        """False for some time after something went wrong with it."""
        return self._again.get(record.identity, 0.0) <= self._watcher.clock()

    def take_in(self) -> None:
        """Receive the submit files that have arrived."""
        try:
            found = dict(self._submit_files())
        except OSError as error:  # a share that is gone for a while, or a folder that was renamed
            self._watcher.unreachable(self._path.name, error)
            return
        self._watcher.reached(self._path.name)
        now = self._watcher.clock()
        settled = self._arrivals.settled(found.items(), now)
        for key, quiet_s in sorted(settled, key=lambda each: (found[each[0]].modified_ns, each[0])):
            if self._again.get(key, 0.0) > now:
                continue
            try:
                self._take(key, found[key], quiet_s)
            except (SkyburstError, OSError) as error:
                self._put_off(key, f"{self._path.name}/{key}", error)
        self.arriving = self._arrivals.pending

    def start(self, record: Record) -> None:
        """Give a submission its job. Raises SkyburstError when something of this machine is in the way."""
        try:
            handle = create(parse_job(record.specification or {}), home=self._watcher.home, folder=self._path)
            note_owner(self._watcher.home.objects, handle.job_id, self._bucket.objects.location, record)
            # Not before it is noted that there is a job: what is noted and not driven is resumed.
            self._reception.started(record, handle.job_id)
            if not handle.status().finished and not self._watcher.home.is_driven(handle.job_id):
                self._drive_in_background(handle.job_id)
        except Invalid as error:
            self._reception.refuse(record, 4, "process_inputs", [str(error)])
            self._close(record)
        else:
            count = len(record.datasets)
            text = f"{count:,} dataset{'s' * (count != 1)}: job {record.job_id}"
            self._watcher.tell(Told(_name(record), text, record.state))

    def waits(self, record: Record, why: str) -> None:
        """Tell why a submission does not start yet."""
        known = len(record.lines)
        self._reception.waits(record, why)
        if len(record.lines) > known:
            self._watcher.tell(Told(_name(record), why, record.state))

    def follow(self) -> None:
        """Show what runs, and have what was interrupted go on."""
        self._reopen()
        for record in list(self.open.values()):
            if record.state is not SubmissionState.STARTED or not self.is_due(record):
                continue
            known = len(record.lines)
            try:
                if self._follower.turn(record):
                    self._close(record)
                else:
                    self._tell_troubles(record, known)
                    self._drive(record, str(record.job_id))
            except SkyburstError as error:
                self._tell_troubles(record, known)
                self.put_off(record, error)

    def _reopen(self) -> None:
        """Follow those again whose jobs were resumed."""
        now = self._watcher.clock()
        if 0 <= now - self._looked_at < RESUMED_S:
            return
        self._looked_at = now
        for record in list(self._ended.values()):
            try:
                if not self.is_due(record) or not self._follower.is_resumed(record):
                    continue
                self._follower.reopen(record)
            except SkyburstError as error:
                self._put_off(record.identity, _name(record), error)
                continue
            del self._ended[record.identity]
            self.open[record.identity] = record
            self._watcher.tell(Told(_name(record), f"job {record.job_id} was resumed", record.state))

    def _begun(self, record: Record) -> None:
        """A job follows a submission."""
        if not record.state.over and record.identity not in self.open:
            self.open[record.identity] = record
            self._watcher.tell(Told(_name(record), f"follows {record.follows}: job {record.job_id}", record.state))

    def _keep_if_resumable(self, record: Record) -> None:
        if record.outcome in RESUMABLE:
            self._ended[record.identity] = record

    def _tell_troubles(self, record: Record, known: int) -> None:
        """Tell who runs this what the submitter was told is in the way of the results."""
        for line in record.lines[known:]:
            if RESOURCE_ERROR in line.text:
                self._watcher.tell(Told(_name(record), line.text.partition(RESOURCE_ERROR)[2], record.state))

    def _drive(self, record: Record, job_id: str) -> None:
        """Have a job go on whose program is gone; one that a full disk stopped, when there is more room."""
        home = self._watcher.home
        if self._watcher.clock() - self._driven.get(job_id, 0.0) < STARTING_S:
            return
        try:
            if _is_left(home, job_id) and self._has_room(record, home.table.job(job_id)):
                home.prepare_resume(job_id)
                self._drive_in_background(job_id)
        except (JobBusy, JobNotFound):  # its program has just begun, or somebody deleted it: the next turn sees
            return

    def _has_room(self, record: Record, job: JobRecord) -> bool:
        """Whether a job may go on. Running it where a disk is as full as before would do its work again for nothing.

        What a job that has not ended, and that nothing drives, has as its reason is why its program stopped.
        """
        if not job.reason or job.job_id not in self._driven:
            return True
        now, free = self._watcher.clock(), self._watcher.home.free_bytes()
        if job.job_id not in self._stopped:
            self._stopped[job.job_id] = now
            self._room[job.job_id] = min(free, self._room[job.job_id])
            text = f"its job {job.reason}; it goes on by itself when there is more room"
            self._watcher.tell(Told(_name(record), text, record.state))
            self._reception.troubled(record, text)
            return False
        since_s = now - self._stopped[job.job_id]
        return since_s >= ANYWAY_S or (since_s >= AGAIN_S and free >= self._room[job.job_id] + MORE_BYTES)

    def _drive_in_background(self, job_id: str) -> None:
        self._room[job_id] = self._watcher.home.free_bytes()
        self._driven[job_id] = self._watcher.clock()
        self._stopped.pop(job_id, None)
        self._watcher.home.drive_in_background(job_id)

    def _take(self, key: str, signature: Signature, quiet_s: float) -> None:
        data = (self._path / key).read_bytes() if signature.size <= MOST_BYTES else b" " * (MOST_BYTES + 1)
        if quiet_s < UNFINISHED_S and not _is_whole(data):
            return
        self._bucket.offer = find_offer(self._path.name)  # its blueprint may have been changed meanwhile
        record, fresh = self._reception.receive(key, data, signature.modified_ns / 1e9)
        self._arrivals.take(key)
        if fresh:
            self._received(record)

    def _received(self, record: Record) -> None:
        self._watcher.tell(Told(_name(record), record.reason or record.key, record.state))
        if not record.state.over:
            self.open[record.identity] = record

    def _close(self, record: Record) -> None:
        self.open.pop(record.identity, None)
        self._keep_if_resumable(record)
        text = f"{record.outcome}: {record.reason}" if record.outcome else record.reason
        self._watcher.tell(Told(_name(record), text, record.state))
        if record.job_id is not None and (record.specification or {}).get("keep"):
            self._watcher.note_over(record.job_id)

    def put_off(self, record: Record, error: SkyburstError) -> None:
        """Look at a submission again later, as something of this machine is in the way; of a disk the submitter is told."""
        self._put_off(record.identity, _name(record), error)
        if not isinstance(error, StorageError):
            return
        try:
            self._reception.troubled(record, f"{error}; it is tried again every {AGAIN_S:g} s")
        except SkyburstError as untold:  # such as a full disk: the line stays, and is written with the next ones
            log.warning("%s is not told yet: %s", _name(record), untold)

    def _put_off(self, key: str, name: str, error: Exception) -> None:
        """Something of this machine is in the way, such as a full disk: tell it, and try again later."""
        self._again[key] = self._watcher.clock() + AGAIN_S
        self._watcher.tell(Told(name, f"looked at again in {AGAIN_S:g} s: {error}"))

    def _submit_files(self) -> Iterator[tuple[str, Signature]]:
        for group in _folders(self._path):
            if not layout.is_group(group.name):
                continue
            for folder, folders, files in os.walk(group / layout.SUBMISSIONS):
                folders[:] = [name for name in folders if not name.startswith(".")]
                for file in files:
                    path = Path(folder) / file
                    key = path.relative_to(self._path).as_posix()
                    if layout.group_of(key) is None:
                        continue
                    try:
                        found = path.stat()
                    except OSError:  # it was taken away meanwhile
                        continue
                    if not stat.S_ISREG(found.st_mode) or not stays_within(path, group):
                        continue  # a pipe would be waited for, and a link may lead to what the group may not read
                    yield key, Signature(found.st_size, found.st_mtime_ns)


def _is_left(home: LocalHome, job_id: str) -> bool:
    """Whether a job has not ended and nothing drives it."""

    def unfinished() -> bool:
        job: JobRecord = home.table.job(job_id)
        return not job.state.finished

    return unfinished() and not home.is_driven(job_id) and unfinished()


def _name(record: Record) -> str:
    return f"{record.group}/{record.name}"


def _is_whole(data: bytes) -> bool:
    try:
        read_json(data, MOST_BYTES)
    except InvalidSubmission:
        return False
    return True


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
