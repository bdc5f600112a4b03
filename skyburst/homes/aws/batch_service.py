"""AWS Batch: submits arrays, asks what became of them, and ends them. What is said of that is in `arrays.py`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from skyburst.contracts import values
from skyburst.engine.environments import Array, News, each, index_of, size_of
from skyburst.homes.aws.arrays import (
    ANALYSIS_TAG,
    ARRAY,
    DEPLOYMENT_TAG,
    JOB,
    JOB_TAG,
    RUN,
    RUN_TAG,
    key_of,
    name_of,
    tag_of,
)
from skyburst.homes.aws.brief import Brief
from skyburst.homes.aws.calls import chunks
from skyburst.homes.aws.ended import HOST, end_of
from skyburst.ports import Objects

AT_ONCE = 100
"""Jobs that one call of DescribeJobs describes."""
MOST_ENDS = 1_000
"""Children whose ends are looked at after one question; the others are at the next."""
LEAST_S = 60
"""AWS Batch ends no attempt sooner."""
GRACE_S = 120.0
"""After its time an environment has so long to say so itself, before AWS Batch ends it ..."""
DELIVER_S = 900.0
"""... and a command, to deliver its results."""
GONE_AFTER_S = 300.0
"""A job that AWS Batch does not know is not taken for gone before."""
ENDED = ("SUCCEEDED", "FAILED")


@dataclass(frozen=True)
class BatchService:
    """AWS Batch, for the environments of one run of a job."""

    client: Any
    objects: Objects
    brief: Brief
    prefix: str
    """Of the deployment."""

    @property
    def _needs(self) -> dict[str, Any]:
        assert self.brief.environment is not None
        return self.brief.environment

    def write(self, array: Array) -> None:
        """Store which batches an array has, for its containers."""
        document = {
            "ranges": array.ranges,
            "attempt": array.attempt,
            "at": array.at,
            "last": array.attempt + array.tries - 1,
        }
        self.objects.put(key_of(self.brief.job_id, self.brief.run, array.number), values.encode(document))

    def submit(self, array: Array) -> str:
        """Submit an array that is written; its id. Raises what botocore raises."""
        size = size_of(array.ranges)
        needs, job_id, run = self._needs, self.brief.job_id, self.brief.run
        timeout_s = needs["timeout_s"] + (DELIVER_S if needs["command"] else GRACE_S)
        variables = {JOB: job_id, RUN: str(run), ARRAY: str(array.number)}
        tags = {
            DEPLOYMENT_TAG: self.prefix,
            JOB_TAG: job_id,
            RUN_TAG: str(run),
            ANALYSIS_TAG: str(self.brief.analysis["name"]),
        }
        answer = self.client.submit_job(
            jobName=self._name(array),
            jobQueue=self._queue(array),
            jobDefinition=needs["definition"],
            **({"arrayProperties": {"size": size}} if size > 1 else {}),
            containerOverrides={
                "environment": [{"name": name, "value": value} for name, value in variables.items()],
            },
            retryStrategy={
                "attempts": array.tries,
                "evaluateOnExit": [
                    {"onStatusReason": f"{HOST}*", "action": "RETRY"},
                    {"onReason": "*", "action": "EXIT"},
                ],
            },
            timeout={"attemptDurationSeconds": max(LEAST_S, math.ceil(timeout_s))},
            tags={name: tag_of(value) for name, value in tags.items()},
            propagateTags=True,
        )
        return str(answer["jobId"])

    def find(self, array: Array) -> str | None:
        """The id of an array whose submission was perhaps not heard of, by its name."""
        name = self._name(array)
        pages = self.client.get_paginator("list_jobs").paginate(
            jobQueue=self._queue(array), filters=[{"name": "JOB_NAME", "values": [name]}]
        )
        found = [entry["jobId"] for page in pages for entry in page["jobSummaryList"] if entry["jobName"] == name]
        return str(found[0]) if found else None

    def ask(self, arrays: Sequence[Array], *, now: float) -> dict[int, News]:
        """What became of arrays, by their numbers; `failed` of each is what was looked at.

        What was just submitted may be unknown for a while, and lists of jobs are behind what DescribeJobs tells of one.
        """
        known = {array.job: array for array in arrays if array.job is not None}
        news = {}
        for ids in chunks(known, AT_ONCE):
            told = {entry["jobId"]: entry for entry in self.client.describe_jobs(jobs=list(ids))["jobs"]}
            for job, array in ((job, known[job]) for job in ids):
                if job in told:
                    news[array.number] = self._news(array, told[job])
                elif now - max(array.at, array.taken_at) > GONE_AFTER_S:
                    news[array.number] = News(over=True)
        return news

    def terminate(self, array: Array, reason: str, child: int | None = None) -> None:
        """End what runs of an array, and what waits; or one child of it."""
        if array.job is None:
            return
        is_child = child is not None and size_of(array.ranges) > 1
        self.client.terminate_job(jobId=f"{array.job}:{child}" if is_child else array.job, reason=reason)

    def _news(self, array: Array, told: dict[str, Any]) -> News:
        size = size_of(array.ranges)
        over = told["status"] in ENDED
        if size == 1:
            return News({0: end_of(told)} if told["status"] == "FAILED" else {}, over)
        counts = (told.get("arrayProperties") or {}).get("statusSummary") or {}
        failed = int(counts.get("FAILED", 0))
        if counts:
            over = failed + int(counts.get("SUCCEEDED", 0)) >= size
        if failed == array.failed:
            return News({}, over)
        still_open = {index_of(array.ranges, batch) for batch in each(array.open)}
        listed = set(self._failed(str(told["jobId"])))
        whole = len(listed) >= failed
        # While the list lacks some that have failed, nothing else tells them from those that succeeded: each is asked for.
        children = sorted(still_open if over and not whole else still_open & listed)
        looked_at = children[:MOST_ENDS]
        found = self._described(array, looked_at)
        ends = {child: end_of(entry) for child, entry in found.items() if entry["status"] == "FAILED"}
        sure = len(looked_at) == len(children) == len(found) and all(
            entry["status"] in ENDED for entry in found.values()
        )
        if sure and (whole or over):
            array.failed = failed
        return News(ends, over and sure)

    def _described(self, array: Array, children: Sequence[int]) -> dict[int, dict[str, Any]]:
        """What is told of children of an array, by their numbers."""
        found = {}
        for some in chunks(children, AT_ONCE):
            ids = [f"{array.job}:{child}" for child in some]
            for entry in self.client.describe_jobs(jobs=ids)["jobs"]:
                found[int(entry["arrayProperties"]["index"])] = entry
        return found

    def _failed(self, job: str) -> Iterator[int]:
        pages = self.client.get_paginator("list_jobs").paginate(arrayJobId=job, jobStatus="FAILED")
        for page in pages:
            for entry in page["jobSummaryList"]:
                yield int(entry["arrayProperties"]["index"])

    def _name(self, array: Array) -> str:
        return name_of(self.prefix, self.brief.job_id, self.brief.run, array.number)

    def _queue(self, array: Array) -> str:
        queues = self._needs["queues"]
        return str(queues.get(array.pricing) or queues["on_demand"])
