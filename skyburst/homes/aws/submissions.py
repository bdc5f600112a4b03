"""Submissions by upload at home `aws`: what a state machine of the deployment does with each `*submit.json` of a bucket.

An upload starts an execution of it. The execution receives the submission, starts its job, and follows it to its end, one step
after the other: nobody else writes to the submission's folder.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.errors import Invalid, InvalidSubmission, JobNotFound, ObjectNotFound, SubmissionNotFound
from skyburst.homes.aws.copies import S3Copies
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.executions import Execution, refusal
from skyburst.homes.job_items import is_long, store_long
from skyburst.objects import ObjectStore, open_store
from skyburst.submissions import layout
from skyburst.submissions.checking import Bucket, Offer
from skyburst.submissions.following import Follower
from skyburst.submissions.gate import Gate, OpenGate
from skyburst.submissions.owners import note_owner, owner_of
from skyburst.submissions.receiving import Reception
from skyburst.submissions.record import Record, SubmissionState
from skyburst.submissions.submit_file import MOST_BYTES

TURN_S = 240.0
"""A call stops delivering after so long, and the next one goes on."""
PLANNING_S = 2
FIRST_S, SOON_S, LATER_S = 2, 60, 900
SOON_UNTIL_S = 4 * 3_600
MOST_LOOKS = 1_500
"""Then another execution goes on: one may have 25,000 events, and each look takes nine; the rest is for what is tried again."""
LOOKS_OF_A_FAILURE = 25
"""What it takes in looks until a look is given up that fails again and again."""
LONGEST_ANALYSIS = 40
LONGEST_TOLD = 1_000


class Submissions:
    """The submissions of all buckets of a deployment.

    Args:
        deployed: the deployment.
        registry: analyses that are deployed, by name.
        buckets: names of the analyses by those of their buckets.
        machine: ARN of the state machine of submissions.
        jobs: ARN of the state machine of jobs.
        gate: who may.
        inputs: names of the buckets that all analyses may read.
    """

    def __init__(
        self, deployed: Deployed, registry: Mapping[str, Any], buckets: Mapping[str, str], *, machine: str, jobs: str,
        gate: Gate | None = None, inputs: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._deployed = deployed
        self._registry = registry
        self._buckets = buckets
        self._machine = machine
        self._jobs = jobs
        self._inputs = frozenset(inputs)
        self._gate = gate or OpenGate()
        self._receptions: dict[str, Reception] = {}
        self._copies = S3Copies(lambda: deployed.client("s3"))

    @cached_property
    def _states(self) -> Any:
        return self._deployed.client("stepfunctions")

    def begin(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Start the execution of an upload, if it is a submission; what EventBridge delivers twice starts one.

        Args:
            event: `Object Created`, as S3 tells it to EventBridge.
        """
        detail = event["detail"]
        bucket, found = detail["bucket"]["name"], detail["object"]
        if layout.group_of(found["key"]) is None or bucket not in self._buckets:
            return {"started": None}
        upload = {
            "bucket": bucket, "key": found["key"], "version": found.get("version-id"), "size": found["size"],
            "uploaded_at": datetime.fromisoformat(event["time"]).timestamp(),
        }  # fmt: skip
        told = json.dumps([*upload.values(), found.get("etag"), found.get("sequencer")])
        name = hashlib.sha256(told.encode()).hexdigest()[:40]
        self._start(self._machine, name, upload)
        return {"started": name}

    def resumed(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Start an execution that follows a submission again, if the job that was resumed is of one.

        Args:
            event: of a job that runs, not for the first time, as the engine tells it to EventBridge.
        """
        detail = event["detail"]
        owner = owner_of(self._deployed.objects, detail["job"])
        bucket = owner.location.removeprefix("s3://") if owner else ""
        if owner is None or bucket not in self._buckets:
            return {"started": None}
        given = {"bucket": bucket, "group": owner.group, "name": owner.name, "run": detail["run"]}
        name = _execution_name(given)
        self._start(self._machine, name, given)
        return {"started": name}

    def receive(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check what was uploaded, and write the first lines of its certificate; or go on with what another execution began.

        Args:
            given: an upload; or `{"bucket", "group", "name"}` of a submission, with `part` when another execution has had its
                looks, with `run` when its job was resumed, and with neither when it follows another submission.
        """
        reception = self._reception(given["bucket"])
        if "name" not in given:
            try:
                record, _ = reception.receive(given["key"], self._content(given), given["uploaded_at"])
            except ObjectNotFound:  # somebody took it away again
                return {**given, "state": "", "over": True, "wait_s": 0}
            return self._told(record, 0)
        record = reception.records.get(given["group"], given["name"])
        if "run" in given and "part" not in given:
            follower = self._follower(reception)
            if follower.is_resumed(record):
                follower.reopen(record, given["run"])
            elif record.resumed_run != given["run"]:  # whatever followed it when it was resumed sees to it
                return {**self._told(record, 0), "over": True}
        return self._told(record, 0, given)

    def turn(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Take a submission further: start its job, or show how it is, or deliver what is due."""
        if given.get("looks", 0) >= MOST_LOOKS:
            return self._hand_over(given)
        reception = self._reception(given["bucket"])
        record = reception.records.get(given["group"], given["name"])
        reception.go_on(record)
        wait_s = _wait_s(time.time() - max(record.received_at, record.resumed_at or 0.0))
        if record.state is SubmissionState.QUEUED:
            self._start_job(reception, record)
            wait_s = PLANNING_S
        elif record.state is SubmissionState.STARTED:
            until = time.time() + TURN_S
            self._follow(self._follower(reception), record, until)
            wait_s = 0 if time.time() > until else wait_s
        if record.trouble and not record.state.over:
            reception.passed(record)
        return self._told(record, wait_s, given, looks=1)

    def failed(self, given: Mapping[str, Any], error: str, cause: str) -> dict[str, Any]:
        """Tell the submitter that a submission could not be taken further for a reason of the deployment's.

        One that has a job, or may have, goes on: what is in the way may pass, and the job runs meanwhile. Any other is refused.
        """
        reception = self._reception(given["bucket"])
        try:
            record = (
                reception.records.get(given["group"], given["name"])
                if "name" in given
                else reception.claim(given["key"], self._content(given), given["uploaded_at"])
            )
        except (ObjectNotFound, SubmissionNotFound):
            return {**given, "state": "", "over": True, "wait_s": 0}
        problem = f"{error}: {cause[:LONGEST_TOLD]}"
        if record.state is SubmissionState.RECEIVED:
            reception.fail(record, 1, problem)
        elif not record.state.over:
            reception.trouble(record, problem)
        if given.get("looks", 0) >= MOST_LOOKS:
            return self._hand_over(given)
        return self._told(record, SOON_S, given, looks=LOOKS_OF_A_FAILURE)

    def _follower(self, reception: Reception) -> Follower:
        deployed, bucket = self._deployed, reception.bucket
        return Follower(bucket, deployed.table, deployed.objects, time.time, self._copies, price_of, self._begun)

    def _follow(self, follower: Follower, record: Record, until: float) -> None:
        """Show how a job is; one that was resumed while its end was written has not ended."""
        if follower.turn(record, until) and follower.is_resumed(record):
            follower.reopen(record)

    def _begun(self, record: Record) -> None:
        """A job follows a submission: an execution of its own follows it."""
        given = {"bucket": record.bucket, "group": record.group, "name": record.name}
        self._start(self._machine, _execution_name(given), given)

    def _hand_over(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Have another execution go on, before this one has had all the events that it may have."""
        names = {name: given[name] for name in ("bucket", "group", "name", "run") if name in given}
        names["part"] = given.get("part", 1) + 1
        self._start(self._machine, _execution_name(names), names)
        return {**names, "state": "", "job": given.get("job"), "over": True, "wait_s": 0}

    def _reception(self, bucket: str) -> Reception:
        """What receives the submissions of a bucket; kept between calls."""
        if bucket not in self._receptions:
            if bucket not in self._buckets:
                raise InvalidSubmission(f"{bucket!r} is no bucket of submissions of this deployment")
            reference = self._registry[self._buckets[bucket]]["reference"]
            blueprint = parse_blueprint(reference["blueprint"], reference["name"])
            others = frozenset(self._buckets) - {bucket} | {self._deployed.bucket}
            offer = Offer(blueprint.name, blueprint, reference["digest"])
            closed = frozenset(self._buckets) - {bucket} - self._inputs
            here = Bucket(bucket, open_store(f"s3://{bucket}"), offer, others, closed)
            self._receptions[bucket] = Reception(here, time.time, self._gate, price_of)
        return self._receptions[bucket]

    def _content(self, upload: Mapping[str, Any]) -> bytes:
        """What was uploaded, also when something else was put over it since. Raises ObjectNotFound."""
        if upload["size"] > MOST_BYTES:
            return b" " * (MOST_BYTES + 1)
        store: ObjectStore = self._reception(upload["bucket"]).bucket.objects
        return store.get_version(upload["key"], upload["version"])

    def _start_job(self, reception: Reception, record: Record) -> None:
        """Start the execution of the job, or look whether it has made one."""
        # By the name too: the same that was refused before, and is uploaded once more, is to have an execution of its own.
        digest = hashlib.sha256(f"{record.identity}/{record.name}".encode()).hexdigest()
        job_id = f"{record.analysis[:LONGEST_ANALYSIS]}-{digest[:24]}"
        note_owner(self._deployed.objects, job_id, reception.bucket.objects.location, record)
        if not self._has_made(job_id):
            execution = self._execution(job_id)
            if execution is None:
                self._start(self._jobs, job_id, self._specification(record))
                return
            if execution.running:
                return
            if not self._has_made(job_id):  # else it has made one since, and ended
                reception.refuse(record, 4, "process_inputs", [str(refusal(execution, job_id))])
                return
        reception.started(record, job_id)

    def _has_made(self, job_id: str) -> bool:
        """Whether an execution has made its job."""
        try:
            self._deployed.table.job(job_id)
        except JobNotFound:
            return False
        return True

    def _specification(self, record: Record) -> dict[str, Any]:
        spec = parse_job(record.specification or {}).document()
        objects = self._deployed.objects
        if is_long(spec["items"]):
            spec["items"] = {"manifest": f"{objects.location}/{store_long(spec['items'], objects)}"}
        return spec

    def _start(self, machine: str, name: str, given: Mapping[str, Any]) -> None:
        from botocore.exceptions import ClientError

        try:
            self._states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise

    def _execution(self, job_id: str) -> Execution | None:
        from botocore.exceptions import ClientError

        arn = f"{self._jobs.replace(':stateMachine:', ':execution:')}:{job_id}"
        try:
            found = self._states.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return None
        return Execution(found["status"] == "RUNNING", str(found.get("error", "")), str(found.get("cause", "")))

    def _told(
        self, record: Record, wait_s: int, given: Mapping[str, Any] | None = None, *, looks: int = 0
    ) -> dict[str, Any]:
        """What an execution goes on with.

        Args:
            record: of the submission.
            wait_s: after which it is looked at.
            given: what the execution has had so far; None of a new one.
            looks: that it has had since.
        """
        given = given or {}
        return {
            "bucket": record.bucket, "group": record.group, "name": record.name, "state": str(record.state),
            "job": record.job_id, "over": record.state.over, "wait_s": wait_s, "looks": given.get("looks", 0) + looks,
            **{name: given[name] for name in ("run", "part") if name in given},
        }  # fmt: skip


def _execution_name(given: Mapping[str, Any]) -> str:
    """Name of the execution that goes on with a submission: the same whenever it is asked for."""
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:40]


def price_of(instance_type: str) -> float | None:
    """USD an hour of an instance type on demand; None when the prices that are shipped do not have it."""
    from skyburst.prices.choose import named
    from skyburst.prices.current import shipped_prices

    try:
        return float(named(shipped_prices(), instance_type).hour())
    except Invalid:
        return None


def _wait_s(elapsed_s: float) -> int:
    """Seconds to the next look at a submission, by how long ago it was received."""
    return int(max(FIRST_S, min(elapsed_s / 10, SOON_S if elapsed_s < SOON_UNTIL_S else LATER_S)))
