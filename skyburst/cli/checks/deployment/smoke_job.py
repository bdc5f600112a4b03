"""Run a real job in a deployment, look at everything that it promises, and delete it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from skyburst.cli import text
from skyburst.cli.checks.deployment.asked import refused, tried
from skyburst.cli.checks.deployment.deleting import delete
from skyburst.cli.checks.deployment.listening import Listening
from skyburst.cli.checks.deployment.traces import check_log, check_managers, check_undelivered
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.cli.checks.probing import Probing, not_retried
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.errors import SkyburstError
from skyburst.finding import find_probe
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.executions import Executions
from skyburst.homes.aws.home import AwsHome

WHAT = "smoke job"
BATCHES = 101
"""A hundred go through the tree of managers, which has three levels for the analysis `probe`; more than a hundred are combined as
a tree too."""
DIES, HANGS = 40, 80
"""Batches that go wrong in a thorough job."""
LONGEST_S = 300.0
RIGHTS = (
    "states:StartExecution and states:DescribeExecution on the machine, dynamodb:GetItem, BatchGetItem and Query on the two "
    "tables, s3:GetObject and s3:ListBucket on the bucket"
)
CERTIFIED = (
    "certificate",
    "job",
    "analysis",
    "parameters",
    "items",
    "plan",
    "counts",
    "environment",
    "times",
    "result",
)


class SmokeJob:
    """A job that does what jobs do, and what happens to them.

    Args:
        home: the deployment.
        lanes: of the analysis `probe`; None when that is not known.
        queue: URL of the queue of invocations that failed; None when it is not known.
        thorough: workers die and hang too, and somebody listens to events; takes about half a minute longer.
        run: takes the job to its end, and shows how it goes.
    """

    def __init__(
        self, home: AwsHome, lanes: int | None, queue: str | None, *, thorough: bool,
        run: Callable[[AwsHome, JobRecord], JobRecord],
    ) -> None:  # fmt: skip
        self._home, self._lanes, self._queue, self._thorough, self._run = home, lanes, queue, thorough, run
        wrong = {"dies": DIES, "hangs": HANGS} if thorough else {}
        self._probing = Probing(BATCHES, **wrong, more={"timeout_s": LONGEST_S, "name": "skyburst doctor"})

    def check(self) -> Iterator[Finding]:
        """Run it; each thing that it promises is a finding, that nothing is left of it too."""
        with ExitStack() as stack:
            listening = stack.enter_context(Listening(self._home.account)) if self._thorough else None
            began = time.monotonic()
            try:
                job = self._home.create_job(self._probing.spec(), find_probe(), Path.cwd())
            except (SkyburstError, OSError) as error:
                yield Finding(WHAT, Verdict.BAD, refused(error, RIGHTS))
                return
            try:
                job = self._run(self._home, job)
            except (SkyburstError, OSError) as error:
                yield Finding(WHAT, Verdict.BAD, f"{refused(error, RIGHTS)}; {self._kept(job)}")
                return
            if job.state not in (JobState.SUCCEEDED, JobState.CANCELLED):
                yield Finding(WHAT, Verdict.BAD, f"it is {job.state}: {job.reason}; {self._kept(job)}")
                return
            yield self._ended(job, time.monotonic() - began)
            if job.state is JobState.SUCCEEDED:
                yield from self._promises(job)
                if listening:
                    yield listening.check(job)
            yield from delete(self._home, job)

    def _ended(self, job: JobRecord, seconds: float) -> Finding:
        if job.state is not JobState.SUCCEEDED:
            return Finding(WHAT, Verdict.BAD, f"it was cancelled: {job.reason}")
        return Finding(WHAT, Verdict.GOOD, f"{job.job_id}: {BATCHES} batches in {text.duration(seconds)}")

    def _kept(self, job: JobRecord) -> str:
        """What to do about a job that did not do well: it is kept, so that somebody can look at it."""
        name, option = job.job_id, self._home.option
        return f"`skyburst logs {name}{option}` has what its batches wrote, `skyburst delete {name}{option}` removes it"

    def _promises(self, job: JobRecord) -> Iterator[Finding]:
        """What a job that has SUCCEEDED left, one thing after the other."""
        home, job_id = self._home, job.job_id
        yield tried("result", "s3:GetObject", partial(self._result, job))
        yield tried(
            "retry", "dynamodb:GetItem", partial(self._retried, job_id, "retry", self._probing.fails, "OnPurpose")
        )
        if self._thorough:
            right = "dynamodb:GetItem"
            yield tried("dead worker", right, partial(self._retried, job_id, "dead worker", DIES, "Killed"))
            yield tried("time limit", right, partial(self._retried, job_id, "time limit", HANGS, "TimedOut"))
        yield tried("partial results", "s3:ListBucket", partial(self._stored, job_id))
        yield tried("certificate", "s3:GetObject", partial(self._certificate, job_id))
        yield tried("execution", "states:DescribeExecution", partial(self._execution, job_id))
        yield tried("logs", "logs:GetLogEvents", partial(check_log, home, job_id))
        yield tried("managers", "logs:FilterLogEvents", partial(check_managers, home.account, job))
        if self._thorough and self._queue:
            right = "sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility"
            yield tried("undelivered", right, partial(check_undelivered, home.account, self._queue, job_id, expected=2))

    def _result(self, job: JobRecord) -> Finding:
        value = self._home.result(job).value
        if wrong := self._probing.wrong(value):
            return Finding("result", Verdict.BAD, wrong)
        worked = len(value["lanes"])
        where = ", ".join(value["machines"])
        if self._lanes not in (None, worked):
            told = (
                f"right, but {worked} of {self._lanes} lanes worked: the function of another one fails or is not there"
            )
            return Finding("result", Verdict.BAD, told)
        return Finding("result", Verdict.GOOD, f"right, from {text.counted(worked, 'lane')}: {where}")

    def _retried(self, job_id: str, what: str, batch: int, kind: str) -> Finding:
        record = self._home.table.batch(job_id, batch)
        if wrong := not_retried(record, kind):
            return Finding(what, Verdict.BAD, f"batch {batch} was to fail once ({kind}): {wrong}")
        return Finding(what, Verdict.GOOD, f"batch {batch} failed once ({kind}) and was sent again")

    def _stored(self, job_id: str) -> Finding:
        """The result says that all came through whole; here is where the long ones were."""
        what, probing = "partial results", self._probing
        sizes = {}
        for batch in (0, probing.medium, probing.large):
            record = self._home.table.batch(job_id, batch)
            sizes[batch] = record.size if record else 0
        stored = [entry.size for entry in self._home.objects.list(f"{job_prefix(job_id)}partials/")]
        if sizes[probing.large] not in stored:
            return Finding(what, Verdict.BAD, f"that of batch {probing.large} is not among the objects of the job")
        told = (text.size(sizes[batch]) for batch in (0, probing.medium, probing.large))
        return Finding(what, Verdict.GOOD, "whole: {} and {} in DynamoDB, {} in S3".format(*told))

    def _certificate(self, job_id: str) -> Finding:
        certificate: dict[str, Any] = self._home.certificate(job_id)
        lacks = [name for name in CERTIFIED if name not in certificate]
        if lacks:
            return Finding("certificate", Verdict.BAD, f"it has no {', '.join(lacks)}")
        result = self._home.result_file(self._home.table.job(job_id))
        assert result is not None
        digest = hashlib.sha256(self._home.objects.get(result.key)).hexdigest()
        if certificate["result"]["sha256"] != digest:
            return Finding("certificate", Verdict.BAD, "the digest in it is not that of the result")
        environment = certificate["environment"]
        return Finding(
            "certificate",
            Verdict.GOOD,
            f"of the result, by skyburst {environment['skyburst']} on {environment['system']}",
        )

    def _execution(self, job_id: str) -> Finding:
        execution = Executions(self._home.account).look(job_id)
        if execution is None or execution.running or execution.error:
            return Finding("execution", Verdict.BAD, f"Step Functions says of it: {execution or 'nothing'}")
        return Finding("execution", Verdict.GOOD, "it has ended well in Step Functions")
