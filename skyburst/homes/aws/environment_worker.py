"""Does the work of one batch in an environment: runs the developer's function, and records how it ended.

Started by `environment.py`, which has claimed the batch. Ends with 0 when the partial result is recorded, else with the exit code
of the command that failed, or 1. When it is told to end, what the developer's code has to put in order is done, and nothing is
recorded: whoever told it knows why.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import skyburst
from skyburst.analysis import Ending
from skyburst.contracts.records import Outcome
from skyburst.contracts.states import BatchState
from skyburst.engine.work import Task, describe, limit_memory, peak_memory_mb, work
from skyburst.homes.aws.arrays import FOLDER
from skyburst.homes.aws.container_log import log_to_container, own_log
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.environment import DONE, ENDED, FAILED, OUT_OF_MEMORY, TIMED_OUT, Given, given_to
from skyburst.homes.aws.own_machine import told_machine
from skyburst.homes.aws.worker import bench_of

log = logging.getLogger("skyburst.environment")

OWN_MB, LEAST_MB = 160, 64
"""MiB that the engine's own processes take of an environment's memory; and what is left of it at least."""
CODES = {"OutOfMemory": OUT_OF_MEMORY, "TimedOut": TIMED_OUT}
"""Exit codes of failures that have none of their own."""


class Stopped(SystemExit):
    """Raised in the developer's function when this process is told to end."""


def machine_of(image: str | None, types: Sequence[str]) -> str:
    """What a command runs in and on, for the log of its dataset. Pure.

    Args:
        image: that the blueprint names; None for that of the deployment.
        types: instance types, and families, of which the machine is.
    """
    named = f"the image {image}" if image else "the deployment's image for environments"
    of = f"of {' or '.join(types)}" if types else "that has what it needs"
    return f"in {named}, on an instance {of}"


class Worker:
    """One attempt at one batch."""

    def __init__(self, deployed: Deployed, given: Given, folder: Path, stream: str) -> None:
        self._deployed = deployed
        self._given = given
        self._folder = folder
        self._stream = stream
        self._stopped = False
        self._ending = Ending()
        self._needs: dict[str, Any] = given.brief.environment or {}

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """End the developer's function from within; a command is ended in good order, and its results are delivered."""
        self._stopped = True
        self._ending.reason = "its job was ended, or its machine is taken away"
        if not self._needs["command"]:
            raise Stopped(ENDED)

    def run(self) -> int:
        """Run the batch and record how it ended; the exit code."""
        try:
            outcome = self._work()
        except Stopped:
            return ENDED
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what was found is recorded, whoever wants the machine
        return ENDED if self._stopped and outcome.failure else self._record(outcome)

    def _work(self) -> Outcome:
        given, started_at = self._given, time.time()
        brief, needs = given.brief, self._needs
        if not needs["command"] and not needs["gpus"]:  # drivers of GPUs reserve far more than they use
            limit_memory(max(LEAST_MB, needs["memory_mb"] - OWN_MB))
        try:
            setup = self._setup() if needs["command"] else None
            bench = bench_of(self._deployed, self._folder, brief, setup, self._ending)
        except Stopped:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - its code cannot be loaded, and the batch says so
            return given.outcome._replace(
                started_at=started_at,
                seconds=time.time() - started_at,
                peak_memory_mb=peak_memory_mb(),
                failure=describe(error),
            )
        start, end = brief.batches.items_of(given.batch)
        return work(bench, Task(given.batch, given.attempt, start, end, float(needs["timeout_s"])))

    def _setup(self) -> dict[str, Any]:
        """What the command is given."""
        from skyburst.contracts.dataset import Setup
        from skyburst.environments.gpus import Gpus

        needs, types, own = self._needs, self._needs["instance_types"], self._given.machine
        setup = Setup(
            command=needs["command"], folder=str(self._folder), timeout_s=needs["timeout_s"],
            memory_mb=max(LEAST_MB, needs["memory_mb"] - OWN_MB), vcpus=needs["vcpus"], gpus_wanted=needs["gpus"],
            gpus=Gpus().ids()[: needs["gpus"]] if needs["gpus"] else [], variables=needs["variables"],
            instance=own or (types[0] if len(types) == 1 and "." in types[0] else None),
            machine=machine_of(needs.get("image"), [str(own["type"])] if own else types),
            analysis=self._given.brief.analysis["name"], group=needs["group"],
        )  # fmt: skip
        return setup.document()

    def _record(self, outcome: Outcome) -> int:
        given, ended_at = self._given, time.time()
        log_range = (self._stream, int(1_000 * outcome.started_at), int(1_000 * ended_at)) if self._stream else None
        outcome = outcome._replace(log=log_range, delivery=given.outcome.delivery)
        table, job_id = self._deployed.table, given.brief.job_id
        if outcome.failure is None:
            table.record(job_id, [outcome])
            log.info("done in %.1f s", outcome.seconds)
            return DONE
        table.record_failure(job_id, outcome, BatchState.FAILED, token=given.token)
        log.error("failed: %s: %s", outcome.failure.kind, outcome.failure.message)
        code = outcome.failure.exit_code or CODES.get(outcome.failure.kind, FAILED)
        return code if code > 0 else 128 - code


def analysis_folder() -> Path:
    """The folder of the analysis: beside the framework, unless a variable names another."""
    given = os.environ.get(FOLDER)
    return Path(given) if given else Path(skyburst.__file__).parent.parent / "analysis"


def main() -> int:
    """Run the batch; the exit code."""
    log_to_container()
    deployed = Deployed.from_environment()
    given = given_to(deployed, os.environ)._replace(machine=told_machine())
    worker = Worker(deployed, given, analysis_folder(), own_log())
    signal.signal(signal.SIGTERM, worker.stop)
    return worker.run()


if __name__ == "__main__":
    sys.exit(main())
