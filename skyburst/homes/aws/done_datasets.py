"""Tells which datasets of a running job are done, so that what follows them is started."""

from __future__ import annotations

import logging
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import JobRecord
from skyburst.engine.following import sections
from skyburst.homes.aws.deployed import Deployed

log = logging.getLogger(__name__)


class DoneDatasets:
    """Has what follows datasets started while their job runs: a watcher tells it which batches are done.

    What gets lost is made good when the job ends.

    Args:
        client: of Lambda.
        deployed: the deployment.
        job: that is watched.
        run: of the job.
    """

    def __init__(self, client: Any, deployed: Deployed, job: JobRecord, run: int) -> None:
        self._client, self._function = client, f"{deployed.prefix}-plan"
        self._job_id, self._run = job.job_id, run
        self._wanted = bool(sections(job, "each"))
        self._told = bytearray()

    def tell(self, done: bytearray) -> None:
        """Tell which batches are done since the last call; `done` has a 1 for each that is."""
        if not self._wanted or done == self._told:
            return
        known = self._told.ljust(len(done), b"\0")
        batches = [number for number, flag in enumerate(done) if flag and not known[number]]
        if not batches:
            return
        event = {"task": "follow", "job": self._job_id, "run": self._run, "batches": batches}
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=values.encode(event))
        except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on, and its end starts what follows
            log.warning("what follows is started later", extra={"batches": len(batches), "reason": str(error)})
            return
        self._told = bytearray(done)
