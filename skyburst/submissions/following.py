"""Follow the job of a submission: its datasets' states, logs and results go to where the submitter looks, until its end.

A follower keeps nothing that it cannot do without: another one goes on where it was ended. Each thing is written before it is
noted as done, and writing it twice is the same as once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.blueprint import COMMAND_COMBINER
from skyburst.contracts.dataset import DELIVERED, DELIVERED_LOGS, LOG, STATUS, dataset_prefix, not_delivered
from skyburst.contracts.records import JobRecord
from skyburst.engine.combine import FILES, RESULT
from skyburst.errors import JobNotFound, ObjectNotFound, SkyburstError, StorageFull
from skyburst.objects import ObjectStore
from skyburst.ports import Clock, TaskTable
from skyburst.submissions import activity, layout, looks, status_text
from skyburst.submissions.certificate_text import FAILED, INITIALIZING, SUCCESS, internal, render
from skyburst.submissions.chain import Begun, Chain, update_text
from skyburst.submissions.checking import Bucket
from skyburst.submissions.copying import Copy, copy_object
from skyburst.submissions.output import Output
from skyburst.submissions.outputs import assigned
from skyburst.submissions.receiving import RESOURCE_ERROR, dataset_lines, write_first
from skyburst.submissions.record import Dataset, Record, Records, SubmissionState
from skyburst.submissions.status_text import NOT_KNOWN
from skyburst.submissions.submit_file import place_of
from skyburst.submissions.targets import Targets

GIVE_UP_S = 3_600.0
"""What cannot be delivered is tried for so long after the end of the job; then the submission ends without it, and says so."""
CERTIFICATE = "certificate.json"
MOST_REFUSED = 20
"""Of what one dataset could not deliver, so much is in the setup log and in `update.txt`; its status has all."""


def nobody(_: Record) -> None:
    """Nobody is to be told."""


@dataclass
class Follower:
    """Follows the jobs of the submissions of a bucket.

    Args:
        bucket: of the analysis.
        table: the task table of the home where the jobs run.
        objects: the objects of that home.
        clock: the time.
        copy: delivers an output.
        price: of instance types, for records of activity too.
        begun: is told of the record of each job that follows a submission.
    """

    bucket: Bucket
    table: TaskTable
    objects: ObjectStore
    clock: Clock
    copy: Copy = copy_object
    price: activity.Price = activity.unknown_price
    begun: Begun = nobody
    _outputs: dict[str, Output] = field(default_factory=dict)
    """By the environments of datasets that run."""
    _written: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Digests of what was written last, by submission and key: what is the same is not written again."""

    def __post_init__(self) -> None:
        self.records = Records(self.bucket.objects)
        self.targets = Targets(self.bucket)
        self._chain = Chain(self.bucket, self.table, self.objects, self.clock, self.price, self.begun)

    def turn(self, record: Record, until: float | None = None) -> bool:
        """Show how a submission that is STARTED is by now, and deliver what is due.

        Args:
            record: of the submission.
            until: when to leave the rest to the next turn, seconds since the epoch.

        Returns:
            Whether it has ended.
        """
        if record.state.over or record.job_id is None:
            return record.state.over
        try:
            job = self.table.job(record.job_id)
        except JobNotFound:
            self._deleted(record)
            return True
        self._note_run(record, job)
        self._begin(record)
        batches = {batch.batch_id: batch for batch in self.table.batches(record.job_id)}
        size = job.plan["batch_size"] if job.plan else 1  # more than one in what follows, if its blueprint says so
        for number, dataset in enumerate(record.datasets):
            if dataset.over or (until is not None and self.clock() > until):
                continue
            batch = batches.get(number // size)
            told = self._told(record.job_id, number) if batch is not None or job.state.finished else None
            document = looks.look(job, batch, told)
            if document is not None:
                self._show(record, number, dataset, document, job, final=looks.is_final(job, batch))
        more = self._note_what_follows(record, job, until)
        if more or not job.state.finished or not all(dataset.over for dataset in record.datasets):
            self._write_certificate(record)
            return False
        self._deliver_result(record, job)
        self._end(record, str(job.state), job.reason)
        return True

    def is_resumed(self, record: Record) -> bool:
        """Whether the job of a submission that has ended was resumed, and is to be followed again."""
        if record.state is not SubmissionState.ENDED or record.job_id is None or record.run is None:
            return False
        try:
            job = self.table.job(record.job_id)
        except JobNotFound:
            return False
        return not job.state.finished or job.runs != record.run

    def reopen(self, record: Record, run: int | None = None) -> None:
        """Follow a submission again whose job was resumed: what did not succeed is to come, and so is the end.

        Args:
            record: of the submission.
            run: number of the run whose beginning was told; None when the job was merely looked at.
        """
        self.targets.remove_end(record)  # first: clients take it for the end, whatever becomes of this program
        self._run_again(record)
        record.followed = {key: found for key, found in record.followed.items() if found.job is not None}
        record.state, record.reason, record.outcome = SubmissionState.STARTED, "", ""
        record.ended_at, record.resumed_at, record.resumed_run = None, self.clock(), run
        record.log(f"[Job Manager] Job {record.job_id} was resumed: it is followed again", self.clock())
        self.records.put(record)
        self._write_certificate(record)

    def _note_run(self, record: Record, job: JobRecord) -> None:
        """Note which run of the job is looked at; in another one, what had failed in the one before runs again."""
        if record.run == job.runs:
            return
        if record.run is not None:
            self._run_again(record)
        record.run = job.runs
        self.records.put(record)

    def _run_again(self, record: Record) -> None:
        """Have the datasets that were over, and had not succeeded, be as at the start, each in an environment of its own."""
        objects, folder = self.targets.of(record)
        environments = layout.environment_ids(f"{record.identity}/{record.run}", len(record.datasets))
        for dataset, environment in zip(record.datasets, environments, strict=True):
            if not dataset.over or dataset.status == SUCCESS:
                continue
            objects.delete([self.targets.within(record, folder.result(key)) for key in dataset.outputs.values()])
            dataset.environment, dataset.outputs = environment, {}
            dataset.over, dataset.status, dataset.last, dataset.cpu, dataset.at = False, INITIALIZING, "", None, 0.0

    def _begin(self, record: Record) -> None:
        """Write the files that datasets have from the start, of those that have none."""
        new = [dataset for dataset in record.datasets if not dataset.at and not dataset.over]
        if new:
            write_first(self.bucket, record, new, self.clock())
            self.records.put(record)

    def _note_what_follows(self, record: Record, job: JobRecord, until: float | None) -> bool:
        """Tell the submitter what follows; whether more is to come."""
        new, more = self._chain.note(record, job, until)
        if new:
            objects, folder = self.targets.of(record)
            objects.put(folder.update, update_text(record))
            self.records.put(record)
        return more

    def _deleted(self, record: Record) -> None:
        """The job was deleted while it was followed: what did not end by then has no results."""
        reason = f"job {record.job_id} was deleted"
        for number, dataset in enumerate(record.datasets):
            if not dataset.over:
                dataset.status, dataset.last, dataset.cpu, dataset.at = FAILED, reason, NOT_KNOWN, self.clock()
                document = {"state": "CANCELLED", "reason": reason, "finished_at": self.clock(), "files": []}
                text = status_text.rendered(dataset.environment, str(record.job_id), dataset.dataname, document, [])
                self._deliver(record, number, dataset, document, text)
        self._end(record, "DELETED", reason)

    def _told(self, job_id: str, number: int) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] = values.decode(self.objects.get(f"{_prefix(job_id, number)}{STATUS}"))
        except ObjectNotFound:
            return None
        return document

    def _show(
        self, record: Record, number: int, dataset: Dataset, document: dict[str, Any], job: JobRecord, *, final: bool
    ) -> None:
        output = self._outputs.setdefault(
            dataset.environment, Output(self.objects, f"{_prefix(job.job_id, number)}{LOG}")
        )
        lines = output.look()
        reasons = [*status_text.refused_lines(document), *status_text.reason_lines(document)]
        status, last = status_text.status_of(document), (reasons or [output.last])[-1]
        seen = (status, last, status_text.cpu_usage(document))
        if seen != (dataset.status, dataset.last, dataset.cpu):
            dataset.status, dataset.last, dataset.cpu = seen
            dataset.at = self.clock()
        text = status_text.rendered(dataset.environment, job.job_id, dataset.dataname, document, lines)
        if not final:
            objects, folder = self.targets.of(record)
            self._put(record, objects, folder.status(dataset.name), text)
            environment = activity.placed(activity.environment_of(record, dataset), document, self.price)
            started = activity.record(environment, document.get("started_at"), None)
            self._put(record, self.bucket.objects, f"{layout.ACTIVE}/{dataset.environment}.json", started)
            return
        try:
            self._deliver(record, number, dataset, document, text)
        except SkyburstError as error:
            self._not_delivered(record, dataset, job, error)
        else:
            self._outputs.pop(dataset.environment, None)

    def _deliver(self, record: Record, number: int, dataset: Dataset, document: dict[str, Any], text: bytes) -> None:
        """Everything of a dataset that has ended."""
        objects, folder = self.targets.of(record)
        prefix = _prefix(str(record.job_id), number)
        results = f"{prefix}{DELIVERED}"
        names = self._names(document, results)
        if set(names) != dataset.outputs.keys():
            dataset.outputs = assigned(names, self._taken(record, dataset), dataset.name)
            self.records.put(record)
        for name, key in dataset.outputs.items():
            self.copy(self.objects, f"{results}{name}", objects, self.targets.within(record, folder.result(key)))
        for entry in self.objects.list(f"{prefix}{DELIVERED_LOGS}"):
            name = entry.key.removeprefix(f"{prefix}{DELIVERED_LOGS}")
            self.copy(self.objects, entry.key, objects, self.targets.within(record, folder.log(dataset.name, name)))
        config = place_of(dataset.config)
        self.copy(self.bucket.store(config), config.key, objects, folder.result(_base(config.key)))
        self._put(record, objects, folder.status(dataset.name), text)
        environment = activity.placed(activity.environment_of(record, dataset), document, self.price)
        ended = activity.record(environment, document.get("started_at"), document.get("finished_at"))
        name = f"{dataset.environment}.json"
        self.bucket.objects.put(f"{layout.LOGS}/{record.group}/{name}", ended)
        self.bucket.objects.delete([f"{layout.ACTIVE}/{name}"])
        dataset.refused = _shortened(not_delivered(document))
        for said in dataset.refused:
            self._log(record, f"WARNING: {dataset.dataname}: not delivered: {said}")
        objects.put(folder.update, update_text(record))
        dataset.over = True
        self.records.put(record)

    def _names(self, document: dict[str, Any], results: str) -> list[str]:
        """Names of the outputs of a dataset: as its environment told them at its end, else those that there are."""
        if isinstance(document.get("files"), list):
            return [entry["name"] for entry in document["files"]]
        return sorted(entry.key.removeprefix(results) for entry in self.objects.list(results))

    def _taken(self, record: Record, dataset: Dataset) -> set[str]:
        """What the outputs of a dataset cannot be called, because something else is."""
        configs = {_base(place_of(entry.config).key) for entry in record.datasets}
        others = {key for entry in record.datasets if entry is not dataset for key in entry.outputs.values()}
        return {layout.END, layout.UPDATE} | configs | others

    def _not_delivered(self, record: Record, dataset: Dataset, job: JobRecord, error: SkyburstError) -> None:
        """Tell it, and try it again at the next turn unless that was so for long."""
        self._tell(record, f"results of {dataset.dataname} cannot be delivered: {error}")
        full = isinstance(error, StorageFull)  # somebody will make room, and then it can be delivered
        if not full and job.finished_at is not None and self.clock() - job.finished_at > GIVE_UP_S:
            dataset.over = True
            self.records.put(record)

    def _deliver_result(self, record: Record, job: JobRecord) -> None:
        """What the combiner made, of an analysis that has one of its own; and the engine's own certificate."""
        objects, folder = self.targets.of(record)
        prefix = f"jobs/{job.job_id}/"
        wanted: dict[str, str] = {}
        if job.analysis["combiner"] != COMMAND_COMBINER and (job.outcome or {}).get("files") is not None:
            sources = {RESULT: RESULT}
            for entry in self.objects.list(f"{prefix}{FILES}"):
                name = entry.key.removeprefix(prefix)
                sources[name.removeprefix(FILES)] = name
            taken = {key for entry in record.datasets for key in entry.outputs.values()} | self._taken(
                record, record.datasets[0]
            )
            wanted = {
                f"{prefix}{sources[name]}": folder.result(key)
                for name, key in assigned(sources, taken, "result").items()
            }
        wanted[f"{prefix}{CERTIFICATE}"] = f"{folder.prefix}/{layout.LOGS}/{CERTIFICATE}"
        for source, target in wanted.items():
            try:
                self.copy(self.objects, source, objects, self.targets.within(record, target))
            except ObjectNotFound:  # a job that was ended while nothing drove it has no certificate
                continue
            except SkyburstError as error:
                self._tell(record, f"{target} cannot be delivered: {error}")

    def _end(self, record: Record, outcome: str, reason: str) -> None:
        """The last words, and the end."""
        now = self.clock()
        text = f"[Job Manager] Job {record.job_id} is {outcome}: {' '.join(reason.splitlines())}"
        if record.lines[-1].text != text:  # else the end could not be written the time before
            record.log(text, now)
        self._write_certificate(record)
        self.targets.write_end(record)
        record.state, record.reason, record.outcome, record.ended_at = SubmissionState.ENDED, reason, outcome, now
        self.records.put(record)
        self._written.pop(record.identity, None)

    def _tell(self, record: Record, problem: str) -> None:
        self._log(record, f"{RESOURCE_ERROR}{problem}")

    def _log(self, record: Record, said: str) -> None:
        """Have the setup log say it, once."""
        text = internal("deliver", said)
        if not any(line.text == text for line in record.lines):
            record.log(text, self.clock())
            self.records.put(record)

    def _write_certificate(self, record: Record) -> None:
        text = render(record.lines, dataset_lines(record))
        if self._is_new(record, "certificate", text):
            self.targets.write_certificate(record, text)
            self._note(record, "certificate", text)

    def _put(self, record: Record, objects: ObjectStore, key: str, data: bytes) -> None:
        if self._is_new(record, key, data):
            objects.put(key, data)
            self._note(record, key, data)

    def _is_new(self, record: Record, key: str, data: bytes) -> bool:
        return self._written.get(record.identity, {}).get(key) != hashlib.sha256(data).digest()

    def _note(self, record: Record, key: str, data: bytes) -> None:
        self._written.setdefault(record.identity, {})[key] = hashlib.sha256(data).digest()


def _shortened(refused: list[str]) -> list[str]:
    more = len(refused) - MOST_REFUSED
    return (
        refused if more <= 0 else [*refused[:MOST_REFUSED], f"and {more:,} more, which the status of the dataset names"]
    )


def _prefix(job_id: str, number: int) -> str:
    return dataset_prefix(f"jobs/{job_id}/", number)


def _base(key: str) -> str:
    return key.rpartition("/")[2]
