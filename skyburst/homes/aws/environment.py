"""Runs one batch in an environment: the process of a container that AWS Batch starts.

    python -m skyburst.homes.aws.environment

Which batch, its variables tell (`arrays.py`). The work is done by a process of its own (`environment_worker.py`), which records
how it ended. This one claims the batch, says again and again that it lives, and ends the work when the job is over, when its
time is up, or when its machine is taken away. It ends with 0 when the batch was recorded as done, or is not to be run.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple

from skyburst.contracts import values
from skyburst.contracts.records import ENVIRONMENTS, Claim, Delivery, Failure, Outcome
from skyburst.contracts.states import BatchState
from skyburst.engine.environments import batch_at
from skyburst.errors import InvalidJob, ObjectNotFound, SkyburstError
from skyburst.homes.aws.arrays import ARRAY, JOB, RUN, key_of
from skyburst.homes.aws.batch_service import DELIVER_S
from skyburst.homes.aws.brief import Brief, read_brief
from skyburst.homes.aws.container_log import log_to_container, own_log
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.own_machine import MACHINE, own_machine
from skyburst.homes.aws.standing import look

log = logging.getLogger("skyburst.environment")

BATCH_JOB, BATCH_ATTEMPT, BATCH_CHILD = "AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JOB_ARRAY_INDEX"
LOOK_S = 5.0
"""Between looks at whether the job goes on."""
BEAT_S = 30.0
"""A running batch says so after so many seconds ..."""
SILENT_S = 300.0
"""... and counts as silent after so many without a word."""
ASK_S = 5.0
"""Seconds that ECS has to say what machine this is, each time that it is asked."""
GRACE_S = 25.0
"""From the wish that the work ends to its end; AWS Batch gives its containers 30 s."""
DONE, FAILED, TIMED_OUT, OUT_OF_MEMORY, ENDED = 0, 1, 124, 137, 143
"""Exit codes: those of failures by themselves, of commands by convention, else 128 and the number of the signal."""


class Given(NamedTuple):
    """One batch of an array, and which attempt at it this is."""

    brief: Brief
    batch: int
    attempt: int
    token: str
    """The same for this attempt only."""
    sent_at: float
    token_before: str | None = None
    """Of the attempt before this one that AWS Batch made of the same job; None for the first."""
    machine: dict[str, Any] | None = None
    """As `own_machine` has it."""

    @property
    def outcome(self) -> Outcome:
        """How it ended, if nothing is known of that yet."""
        start, end = self.brief.batches.items_of(self.batch)
        delivery = Delivery(ENVIRONMENTS, self.sent_at, 0.0, self.machine)
        return Outcome(self.batch, self.attempt, end - start, None, None, 0, None, 0.0, 0.0, 0.0, None, None, delivery)


def given_to(deployed: Deployed, variables: Mapping[str, str]) -> Given:
    """The batch that this container is to run.

    Raises:
        InvalidJob: when a variable is missing, or the array or the child is not there.
    """
    missing = [name for name in (JOB, RUN, ARRAY, BATCH_JOB) if not variables.get(name)]
    if missing:
        raise InvalidJob(
            f"{', '.join(missing)} is not set: this program runs in containers that AWS Batch starts for a job"
        )
    job_id, run, number = variables[JOB], int(variables[RUN]), int(variables[ARRAY])
    child, tries = int(variables.get(BATCH_CHILD) or 0), int(variables.get(BATCH_ATTEMPT) or 1)
    key = key_of(job_id, run, number)
    try:
        array = values.decode(deployed.objects.get(key))
        brief = read_brief(deployed.objects, job_id, run)
        batch = batch_at([(first, end) for first, end in array["ranges"]], child)
    except ObjectNotFound as error:
        raise InvalidJob(f"{error}: run {run} of job {job_id} has no array {number}, or was deleted") from error
    except IndexError as error:
        raise InvalidJob(f"{BATCH_CHILD} is {child}: {key} has no such child") from error
    job = variables[BATCH_JOB]
    before = f"{job}#{tries - 1}" if tries > 1 else None
    return Given(brief, batch, array["attempt"] + tries - 1, f"{job}#{tries}", array["at"], before)


@dataclass
class Keeper:
    """Keeps a batch while its work runs: claims it, says that it lives, and decides when the work has to end."""

    deployed: Deployed
    given: Given
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.started_at = self.clock()
        timeout_s = float((self.given.brief.environment or {})["timeout_s"])
        self.until = self.started_at + timeout_s + (DELIVER_S if self._is_command else 0.0)
        """When the work ends; a command ends itself in time, and delivers what it found."""
        self._looked_at = self._beat_at = self.started_at

    @property
    def _is_command(self) -> bool:
        return bool((self.given.brief.environment or {})["command"])

    def claim(self) -> str | None:
        """Claim the batch; why it is not to be run, if so."""
        _, reason = look(self.deployed.table, self.given.brief.job_id, self.given.brief.run)
        if reason is None:
            self._record_lost()
            if not self._beat():
                reason = "it is done, or another environment has it"
        return reason

    def _record_lost(self) -> None:
        """Record the attempt before this one, whose machine was gone before it could say so: its seconds are paid for.

        AWS Batch begins an attempt when the one before has ended; of that, the last sign of life is known.
        """
        if self.given.token_before is None:
            return
        record = self.deployed.table.batch(self.given.brief.job_id, self.given.batch)
        if record is None or record.state is not BatchState.RUNNING or not record.started_at or not record.deadline:
            return
        lived_s = max(0.0, record.deadline - SILENT_S - record.started_at)
        failure = Failure("Killed", "its machine was taken away or broke, and said nothing")
        delivery = Delivery(ENVIRONMENTS, self.given.sent_at, 0.0)  # its machine was another one
        outcome = self.given.outcome._replace(
            attempt=record.attempt, started_at=record.started_at, seconds=lived_s, failure=failure, delivery=delivery
        )
        self.deployed.table.record_failure(
            self.given.brief.job_id, outcome, BatchState.LOST, token=self.given.token_before
        )

    def why_end(self) -> tuple[int, str] | None:
        """Why the work has to end now, with the exit code; None while it goes on. Looks now and then."""
        now = self.clock()
        if now >= self.until:
            return TIMED_OUT, "its time is up"
        try:
            if now - self._beat_at >= BEAT_S:
                self._beat_at = now
                if not self._beat():
                    return ENDED, "another environment has its batch"
            if now - self._looked_at >= LOOK_S:
                self._looked_at = now
                _, reason = look(self.deployed.table, self.given.brief.job_id, self.given.brief.run)
                if reason is not None:
                    return ENDED, reason
        except (
            SkyburstError
        ) as error:  # the table may be out of reach for minutes: hours of work are not given up for that
            log.warning("could not look: %s", error)
        return None

    def is_over(self) -> bool:
        """Whether the job does not go on, as far as that can be known."""
        try:
            return look(self.deployed.table, self.given.brief.job_id, self.given.brief.run)[1] is not None
        except SkyburstError as error:
            log.warning("could not look: %s", error)
            return False

    def record(self, failure: Failure, state: BatchState, stream: str) -> bool:
        """Record how this attempt ended, while it is this container's; whether it was."""
        now = self.clock()
        log_range = (stream, int(1_000 * self.started_at), int(1_000 * now)) if stream else None
        outcome = self.given.outcome._replace(
            started_at=self.started_at, seconds=now - self.started_at, log=log_range, failure=failure
        )
        return self.deployed.table.record_failure(self.given.brief.job_id, outcome, state, token=self.given.token)

    def _beat(self) -> bool:
        claim = Claim(self.given.batch, self.given.attempt, self.started_at, self.clock() + SILENT_S, self.given.token)
        return bool(self.deployed.table.claim(self.given.brief.job_id, [claim]))


class Work:
    """The process that does the work, in a session of its own."""

    def __init__(self, command: list[str], variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(command, env=dict(variables), stdin=subprocess.DEVNULL, start_new_session=True)

    def wait(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal; None when it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self, grace_s: float) -> int:
        """Ask it to end, and end it after so many seconds; its exit code."""
        self._process.terminate()
        code = self.wait(grace_s)
        if code is None:
            self._process.kill()
            code = self._process.wait()
        return code

    def sweep(self) -> None:
        """End what it left running in its group; what a command started is ended by who watches that."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # nothing is left, or macOS says so of zombies
            return


class Container:
    """From the claim to the exit code."""

    def __init__(self, keeper: Keeper, work: Callable[[], Work], stream: str, told: threading.Event) -> None:
        """Prepare.

        Args:
            keeper: of the batch.
            work: starts the process that does the work.
            stream: `LOG GROUP:LOG STREAM` of this container, empty when there is none.
            told: set when the system wants this process to end.
        """
        self._keeper = keeper
        self._work = work
        self._stream = stream
        self._told = told

    def run(self) -> int:
        """Run the batch; the exit code."""
        if refused := self._keeper.claim():
            log.info("not run: %s", refused)
            return DONE
        work = self._work()
        try:
            return self._follow(work)
        finally:
            work.sweep()

    def _follow(self, work: Work) -> int:
        while True:
            code = work.wait(1.0) if not self._told.is_set() else None
            if code is not None:
                return self._ended(code)
            if self._told.is_set():
                return self._told_to_end(work)
            if why := self._keeper.why_end():
                exit_code, reason = why
                log.warning("ended: %s", reason)
                code = work.end(GRACE_S)
                if exit_code == TIMED_OUT and code != DONE:
                    self._keeper.record(self._timed_out(), BatchState.FAILED, self._stream)
                return exit_code if code < 0 or code == ENDED else code  # it ended by itself meanwhile

    def _ended(self, code: int) -> int:
        """The work ended by itself: one that was killed, or left, could record nothing."""
        memory_mb = (self._keeper.given.brief.environment or {})["memory_mb"]
        if -code == signal.SIGKILL:
            said = f"it was killed, as the system does when memory runs out: its environment has {memory_mb:,} MiB"
            failure = Failure("OutOfMemory", said, exit_code=OUT_OF_MEMORY)
        elif code < 0:
            failure = Failure("Killed", f"its process ended by signal {-code} ({_name(-code)})", exit_code=128 - code)
        else:
            failure = Failure(
                "Killed", f"its process ended with exit code {code}, and recorded nothing", exit_code=code
            )
        recorded = self._keeper.record(failure, BatchState.FAILED, self._stream)
        return FAILED if recorded and code == DONE else code if code >= 0 else 128 - code

    def _told_to_end(self, work: Work) -> int:
        """The machine is taken away, or the job is over: whoever ended it knows whether there is another attempt."""
        if work.end(GRACE_S) == DONE:
            return DONE
        if not self._keeper.is_over():
            failure = Failure(
                "Killed", "it was told to end: its machine is taken away, or its job of AWS Batch was ended"
            )
            self._keeper.record(failure, BatchState.LOST, self._stream)
        return ENDED

    def _timed_out(self) -> Failure:
        minutes = float((self._keeper.given.brief.environment or {})["timeout_s"]) / 60
        return Failure("TimedOut", f"it took longer than the {minutes:g} min that it has", exit_code=TIMED_OUT)


def main() -> int:
    """Run the batch of this container; the exit code."""
    log_to_container()
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    deployed = Deployed.from_environment()
    machine = own_machine(lambda: deployed.client("ecs", tries=4, read_s=ASK_S))
    given = given_to(deployed, os.environ)._replace(machine=machine)
    stream = own_log()
    command = [sys.executable, "-m", "skyburst.homes.aws.environment_worker"]
    variables = {**os.environ, MACHINE: json.dumps(machine)}
    return Container(Keeper(deployed, given), lambda: Work(command, variables), stream, told).run()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
