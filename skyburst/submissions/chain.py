"""What follows a submission, as `[[next]]` of its blueprint says: each job has a folder as if its group had submitted it.

That folder is beside the submission's own, whose follower finds what follows and gives it its record; from then on it is followed
as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.blueprint import EnvironmentSection, parse_blueprint
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.following import key_of, key_of_all, may_follow, sections
from skyburst.errors import JobNotFound
from skyburst.homes.following import CANCELLED, END, FAILED, following_of
from skyburst.manifest import Manifest, parse_source, read_all
from skyburst.objects import ObjectStore
from skyburst.ports import Clock, TaskTable
from skyburst.submissions import layout
from skyburst.submissions.activity import Price
from skyburst.submissions.certificate_text import SUCCESS, done, internal, opening
from skyburst.submissions.checking import Bucket
from skyburst.submissions.owners import note_owner
from skyburst.submissions.receiving import RESOURCE_ERROR, log_start
from skyburst.submissions.record import Dataset, Followed, Record, Records, SubmissionState, identity_of
from skyburst.submissions.submit_file import Place

WAITS_S = 900.0
"""What follows is started within seconds of a job's end; what was not after so long is told, and no longer waited for."""
MOST_TOLD = 100
"""Of what follows, in update.txt, which is written anew each time; the certificate has all."""
Begun = Callable[[Record], None]
"""Is told of the record of what follows, so that it is followed too; may be told again."""


@dataclass
class Chain:
    """Finds what follows the submissions of a bucket.

    Args:
        bucket: of the analysis.
        table: the task table of the home where the jobs run.
        objects: the objects of that home.
        clock: the time.
        price: of instance types.
        begun: is told of what follows.
    """

    bucket: Bucket
    table: TaskTable
    objects: ObjectStore
    clock: Clock
    price: Price
    begun: Begun

    def __post_init__(self) -> None:
        self._records = Records(self.bucket.objects)

    def note(self, record: Record, job: JobRecord, until: float | None = None) -> tuple[bool, bool]:
        """Note in a submission's record what follows it by now.

        Args:
            record: of the submission.
            job: its job.
            until: when to leave the rest to the next time, seconds since the epoch.

        Returns:
            Whether something is new, and whether more is to come although its job has ended.
        """
        if not may_follow(job):
            return False, False
        new = False
        for entry in following_of(self.objects, f"jobs/{job.job_id}/", job, _known(record)):
            if until is not None and self.clock() > until:
                return new, True
            found = self._found(record, entry)
            if found is not None:
                record.followed[entry["key"]] = found
                problem = RESOURCE_ERROR if found.job is None else ""
                record.log(internal("next", f"{problem}{found.text}"), self.clock())
                new = True
        left = _expected(record, job) - record.followed.keys()
        if left and self.clock() - (job.finished_at or self.clock()) > WAITS_S:
            text = internal("next", f"{RESOURCE_ERROR}{len(left):,} jobs that should follow were not started")
            if all(line.text != text for line in record.lines):
                record.log(text, self.clock())
                new = True
            left = set()
        return new, bool(left)

    def _found(self, record: Record, entry: dict[str, Any]) -> Followed | None:
        """What follows, with its folder; None while it is not known well enough."""
        found = Followed(analysis=entry["analysis"], dataset=entry["dataset"], job=entry["job"], reason=entry["reason"])
        if found.job is None:
            return found
        try:
            job = self.table.job(found.job)
        except JobNotFound:
            if self.clock() - entry["at"] < WAITS_S:
                return None
            found.reason, found.job = f"job {found.job} is gone", None
            return found
        child = self._records.claim(self._record(record, entry["key"], found, job))
        note_owner(self.objects, job.job_id, self.bucket.objects.location, child)
        self.begun(child)
        found.name = child.name
        return found

    def _record(self, parent: Record, key: str, found: Followed, job: JobRecord) -> Record:
        """The record of a job that follows; its name is chosen when it is claimed."""
        now = self.clock()
        config = Place(None, f"{parent.group}/{layout.CONFIGS}/{layout.following_config(parent.name, key)}")
        self.bucket.objects.put(config.key, values.encode(job.parameters))
        needs = parse_blueprint(job.analysis["blueprint"], job.analysis["name"]).environment or EnvironmentSection()
        wished = (job.spec.get("environment") or {}).get("instance_type")
        types = needs.instance_types
        instance_type = wished or (types[0] if len(types) == 1 else None)
        identity = identity_of(parent.bucket, parent.group, f"{parent.name}/{key}", job.job_id.encode())
        child = Record(
            identity=identity, bucket=parent.bucket, analysis=job.analysis["name"], group=parent.group, key=parent.key,
            uploaded_at=parent.uploaded_at, name="", timestamp=layout.following_timestamp(parent.timestamp, found.dataset),
            received_at=now, state=SubmissionState.STARTED, results=parent.results, job_id=job.job_id,
            instance_type=instance_type, spot=needs.pricing == "spot",
            price=self.price(instance_type) if instance_type else None, follows=parent.name,
        )  # fmt: skip
        names = layout.status_names([str(item["name"]) for item in self._items(job)])
        environments = layout.environment_ids(identity, len(names))
        child.datasets = [
            Dataset(dataname=_dataname(parent, name), name=name, config=config.key, environment=environment)
            for name, environment in zip(names, environments, strict=True)
        ]
        for text in opening(now, str(job.analysis.get("digest", "")), child.timestamp):
            child.log(text, now)
        child.log(internal("init", f"Follows {parent.name}, as analysis {parent.analysis} says."), now)
        datanames = [dataset.dataname for dataset in child.datasets]
        child.log(internal("init", f"Analysis request with dataset(s): {datanames}, config file {config.key}"), now)
        for step in (1, 2, 3):
            child.log(done(step), now)
        log_start(child, now)
        return child

    def _items(self, job: JobRecord) -> Iterator[dict[str, Any]]:
        given = job.spec.get("items")
        if isinstance(given, list):
            yield from given
            return
        source = parse_source(job.items or {})
        assert isinstance(source, Manifest)
        yield from read_all(source, self.objects)


def update_text(record: Record) -> bytes:
    """What is written anew whenever there is more: clients look at its time, people at what is missing and what follows."""
    newest = list(record.followed.values())[-MOST_TOLD:]
    told = layout.update_text((entry.name, entry.refused) for entry in record.datasets)
    return b"\n".join([told, *(found.text.encode(errors="replace") for found in newest)])


def _known(record: Record) -> set[str]:
    """Names of the objects of what follows that need not be read: what could not be started may be by now."""
    known = {f"{key}{FAILED}" for key in record.followed}
    started = [key for key, found in record.followed.items() if found.job is not None]
    return known | {f"{key}{end}" for key in started for end in (END, CANCELLED)}


def _expected(record: Record, job: JobRecord) -> set[str]:
    """Keys of everything that follows a job that has ended."""
    if not job.state.finished or job.state is JobState.CANCELLED or job.cancel_requested:
        return set()
    done_ = [number for number, dataset in enumerate(record.datasets) if dataset.status == SUCCESS]
    expected = {key_of(section, number) for section, _ in sections(job, "each") for number in done_}
    if job.state is JobState.SUCCEEDED and job.plan is not None:
        expected |= {key_of_all(section) for section, _ in sections(job, "all")}
    return expected


def _dataname(parent: Record, name: str) -> str:
    """What the data of what follows are called: results of the submission, under the name of their dataset."""
    return parent.jobpath if name == parent.name else f"{parent.jobpath}/{name}"
