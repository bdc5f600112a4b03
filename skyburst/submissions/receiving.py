"""Receive a submission: give it its folder, check it, and tell the submitter each step in the certificate.

Nothing of what is wrong with a submission is an error here: it is told where the submitter looks, and the submission is REFUSED.
Everything may be done twice: what was interrupted is received again and comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from skyburst.engine.compute import choose
from skyburst.errors import Invalid, InvalidSubmission, SkyburstError
from skyburst.ports import Clock
from skyburst.submissions import activity, layout, status_text
from skyburst.submissions.certificate_text import (
    COMPLETE,
    DatasetLine,
    done,
    given_up,
    internal,
    opening,
    render,
    utility,
)
from skyburst.submissions.checking import Bucket, Checked, accept, results_of
from skyburst.submissions.gate import Gate, OpenGate, Wanted
from skyburst.submissions.record import Dataset, Record, Records, SubmissionState, identity_of
from skyburst.submissions.submit_file import Read, SubmitFile, place_of, read_submit_file
from skyburst.submissions.targets import Targets

INPUT_ERROR, RESOURCE_ERROR, INTERNAL_ERROR = "INPUT ERROR: ", "RESOURCE ERROR: ", "INTERNAL ERROR: "


class _Refused(Exception):
    """A submission cannot be run."""

    def __init__(self, step: int, part: str, problems: list[str], kind: str = INPUT_ERROR) -> None:
        super().__init__("; ".join(problems))
        self.step = step
        self.part = part
        self.problems = problems
        self.kind = kind


@dataclass
class Reception:
    """Receives the submissions of a bucket, and starts those that are right when there is room."""

    bucket: Bucket
    clock: Clock
    gate: Gate = field(default_factory=OpenGate)
    price: activity.Price = activity.unknown_price

    def __post_init__(self) -> None:
        self.records = Records(self.bucket.objects)
        self.targets = Targets(self.bucket)

    def receive(self, key: str, data: bytes, uploaded_at: float) -> tuple[Record, bool]:
        """Take a submit file in, and check it. Arguments as for `claim`.

        Returns:
            The record, QUEUED or REFUSED, and True; or the record of the same that was submitted before, and False.
        """
        record = self.claim(key, data, uploaded_at)
        return record, self.go_on(record)

    def claim(self, key: str, data: bytes, uploaded_at: float) -> Record:
        """Give a submission its folder.

        Args:
            key: of the submit file, in a group's folder of submissions.
            data: its content.
            uploaded_at: when it was uploaded, seconds since the epoch.

        Returns:
            Its record, RECEIVED; or as it is by now when the same was submitted before.
        """
        group = layout.group_of(key)
        if group is None:
            raise InvalidSubmission(f"{key!r} is no submission: expected GROUP/{layout.SUBMISSIONS}/*{layout.SUFFIX}")
        timestamp = read_submit_file(data).timestamp or layout.upload_timestamp(uploaded_at)
        return self.records.claim(
            Record(
                identity=identity_of(self.bucket.name, group, timestamp, data), bucket=self.bucket.name,
                analysis=self.bucket.offer.blueprint.name, group=group, key=key, uploaded_at=uploaded_at, name="",
                timestamp=timestamp, received_at=self.clock(), content=data,
            )
        )  # fmt: skip

    def go_on(self, record: Record) -> bool:
        """Check a submission that is RECEIVED, also one whose reception was interrupted; whether it was."""
        if record.state is not SubmissionState.RECEIVED:
            return False
        read, record.content = read_submit_file(record.content), b""
        self._check(record, read)
        return True

    def refuse(self, record: Record, step: int, part: str, problems: list[str], kind: str = RESOURCE_ERROR) -> None:
        """End a submission that cannot be run: its certificate says why, and there is an end.

        Args:
            record: of the submission.
            step: 1 to 4, that it failed at.
            part: of the job manager that found it.
            problems: a sentence each.
            kind: what they start with.
        """
        now = self.clock()
        for problem in problems:
            record.log(internal(part, f"{kind}{problem}"), now)
        record.log(given_up(step, "; ".join(problems)), now)
        record.state, record.reason, record.ended_at = SubmissionState.REFUSED, "; ".join(problems), now
        self._write_certificate(record)
        self.targets.write_end(record)
        self.records.put(record)

    def fail(self, record: Record, step: int, problem: str) -> None:
        """End a submission that could not be taken further. Where its results should go may be what is in the way: then the
        group's own folder alone tells it.
        """
        try:
            self.targets.check(record)
        except SkyburstError as error:
            record.log(
                internal("job_manager", f"{RESOURCE_ERROR}{record.results} cannot be written: {error}"), self.clock()
            )
            record.results = None
        self.refuse(record, step, "job_manager", [problem], INTERNAL_ERROR)

    def trouble(self, record: Record, problem: str) -> None:
        """Tell that a submission that goes on could not be looked at, unless the same was told since it could."""
        if record.trouble == problem:
            return
        what = (
            f"its job {record.job_id} is not ended by this, and" if record.job_id else "it has not ended by this, and"
        )
        text = f"{INTERNAL_ERROR}it could not be looked at: {problem}; {what} is looked at again"
        record.log(internal("job_manager", text), self.clock())
        record.trouble = problem
        # In the group's own folder only: another one, which the submitter named, may be what is in the way.
        self.targets.write_certificate(record, render(record.lines, dataset_lines(record)), own=True)
        self.records.put(record)

    def passed(self, record: Record) -> None:
        """Tell that it could be looked at again."""
        record.trouble = ""
        record.log(internal("job_manager", "It is looked at again: what was in the way has passed."), self.clock())
        self._write_certificate(record)
        self.records.put(record)

    def started(self, record: Record, job_id: str) -> None:
        """Note that a submission has its job: its datasets have files of their own from here on."""
        now = self.clock()
        record.job_id, record.state, record.reason = job_id, SubmissionState.STARTED, ""
        log_start(record, now)
        write_first(self.bucket, record, record.datasets, now)
        self._write_certificate(record)
        self.records.put(record)

    def waits(self, record: Record, why: str) -> None:
        """Tell the submitter why a submission that is right has not started; told once for each reason."""
        self._tell_once(record, internal("acquire_instances", why))

    def troubled(self, record: Record, problem: str) -> None:
        """Tell the submitter what is in the way of a submission that will go on; told once for each problem."""
        self._tell_once(record, internal("job_manager", f"{RESOURCE_ERROR}{problem}"))

    def _tell_once(self, record: Record, text: str) -> None:
        if any(line.text == text for line in record.lines):
            return
        record.log(text, self.clock())
        self._write_certificate(record)
        self.records.put(record)

    def _check(self, record: Record, read: Read) -> None:
        """Take a submission through the steps before its start."""
        record.lines = []  # of a reception that was interrupted
        for text in opening(record.received_at, self.bucket.offer.version, record.timestamp):
            record.log(text, self.clock())
        self._write_certificate(record)
        try:
            file = self._first_step(record, read)
            checked = self._second_step(record, file)
            self._third_step(record, checked)
        except _Refused as refused:
            self.refuse(record, refused.step, refused.part, refused.problems, refused.kind)

    def _first_step(self, record: Record, read: Read) -> SubmitFile:
        """What the submit file says."""
        now = self.clock()
        for note in read.notes:
            record.log(internal("init", f"WARNING: {note}"), now)
        if read.file is None:
            raise _Refused(1, "init", read.problems)
        file = read.file
        where = choose(self.bucket.offer.blueprint)
        if not where.environment:
            ignored = "" if file.instance_type is None else f"WARNING: instance_type {file.instance_type} is not used: "
            record.log(internal("init", f"{ignored}the analysis runs in functions: {where.why}"), now)
        elif file.instance_type is None:
            default = " or ".join(self._environment_types()) or "that fits what the analysis needs"
            record.log(internal("init", f"Using default instance type {default} from config file."), now)
        names = [str(place) for place in file.datasets]
        record.log(internal("init", f"Analysis request with dataset(s): {names}, config file {file.config}"), now)
        try:
            record.results = results_of(self.bucket, record.group, file)
            for place in {file.datasets[0].bucket, file.config.bucket} - {None}:
                record.log(internal("init", f"Storage Bypass initiated from bucket: s3://{place}"), now)
            if file.results is not None:
                record.log(internal("init", f"Storage Bypass initiated to bucket: s3://{file.results.bucket}"), now)
                self.targets.check(record)
        except SkyburstError as error:
            record.results = None  # which leaves the group's own folder to tell it
            raise _Refused(1, "init", [f"resultpath: {error}"]) from error
        record.log(done(1), now)
        self._write_certificate(record)
        return file

    def _second_step(self, record: Record, file: SubmitFile) -> Checked:
        """Whether everything is there, what the config says, and whether the group may."""
        forbidden = self.gate.may_submit(record.group, file.user, record.analysis)
        if forbidden is not None:
            raise _Refused(2, "check_permission", [forbidden], kind="")
        try:
            checked = accept(self.bucket, record.group, file, record.name, record.identity)
        except Invalid as error:
            raise _Refused(2, "check_existence", [str(error)]) from error
        except SkyburstError as error:
            raise _Refused(2, "check_existence", [f"something could not be read: {error}"]) from error
        for name in checked.left_out:
            record.log(
                internal("check_existence", f"WARNING: {name} is a hidden file and no dataset: left out"), self.clock()
            )
        self._tell_config(record, checked)
        wanted = Wanted(record.group, file.user, record.analysis, record.identity, checked.spec, len(checked.datasets))
        try:
            for sentence in self.gate.reserve(wanted):
                record.log(internal("get_costmonitoring", sentence), self.clock())
        except Invalid as error:
            raise _Refused(2, "get_costmonitoring", [str(error)], kind="") from error
        record.log(done(2), self.clock())
        self._write_certificate(record)
        return checked

    def _third_step(self, record: Record, checked: Checked) -> None:
        """What the job is, and what it needs to be stored before."""
        for place, content in checked.made:
            self.bucket.objects.put(place.key, content)
        wishes = checked.spec.environment
        types = self._environment_types()
        record.instance_type = (wishes.instance_type if wishes else None) or (types[0] if len(types) == 1 else None)
        needs = self.bucket.offer.blueprint.environment
        record.spot = bool(needs and needs.pricing == "spot")
        record.price = self.price(record.instance_type) if record.instance_type else None
        record.specification = checked.spec.document()
        record.datasets = checked.datasets
        record.log(done(3), self.clock())
        record.state = SubmissionState.QUEUED
        self._write_certificate(record)
        self.records.put(record)

    def _tell_config(self, record: Record, checked: Checked) -> None:
        for field_, value, otherwise in (
            ("__duration__", checked.config.duration_min, "proceeding with standard compute launch."),
            ("__dataset_size__", checked.config.dataset_gb, "proceeding with standard storage."),
        ):
            text = f"not given, {otherwise}" if value is None else f"given: {checked.config.document[field_]}"
            record.log(internal("parse_config", f"parameter {field_} {text}"), self.clock())
        if checked.config.ensemble is not None:
            record.log(internal("parse_config", f"ensemble of {checked.config.ensemble}"), self.clock())

    def _environment_types(self) -> list[str]:
        needs = self.bucket.offer.blueprint.environment
        return list(needs.instance_types) if needs else []

    def _write_certificate(self, record: Record) -> None:
        self.targets.write_certificate(record, render(record.lines, dataset_lines(record)))


def log_start(record: Record, now: float) -> None:
    """The lines of a setup log that say that there is a job."""
    kind = record.instance_type or "default"
    record.log(utility(f"Acquiring new {kind} instances for job {record.job_id} ..."), now)
    for dataset in record.datasets:
        record.log(utility(f"New instance ec2.Instance(id='{dataset.environment}') created!"), now)
    count = len(record.datasets)
    record.log(internal("start_instance", f"Created {count} immutable analysis environments."), now)
    for number, dataset in enumerate(record.datasets, start=1):
        name = place_of(dataset.dataname).key.rpartition("/")[2]
        record.log(internal("process_inputs", f"Starting analysis {number} with parameter set {name}"), now)
    record.log(internal("process_inputs", "All jobs submitted. Processing..."), now)
    record.log(done(4), now)
    record.log(COMPLETE, now)


def write_first(bucket: Bucket, record: Record, datasets: Sequence[Dataset], now: float) -> None:
    """Write the files that datasets of a submission have from the start."""
    objects, folder = Targets(bucket).of(record)

    def write(dataset: Dataset) -> None:
        dataset.at = now
        text = status_text.initial(dataset.environment, str(record.job_id), dataset.dataname)
        objects.put(folder.status(dataset.name), text)
        running = activity.record(activity.environment_of(record, dataset), None, None)
        bucket.objects.put(f"{layout.ACTIVE}/{dataset.environment}.json", running)

    with ThreadPoolExecutor(max(1, bucket.objects.at_once), "start") as pool:
        for _ in pool.map(write, datasets):
            continue


def dataset_lines(record: Record) -> list[DatasetLine]:
    """The block of datasets of a certificate, as the record has it; empty until the job has started."""
    if record.job_id is None:
        return []
    return [
        DatasetLine(entry.dataname, entry.status, entry.at, entry.last, entry.cpu, entry.over)
        for entry in record.datasets
    ]
