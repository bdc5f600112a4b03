"""Checks of what a job leaves besides its results: lines in logs, and invocations that failed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.contracts.records import JobRecord
from skyburst.engine.plan import Node, Plan, children, root
from skyburst.homes.aws.account import Account
from skyburst.homes.aws.home import AwsHome

LATE_S = 60.0
"""CloudWatch and queues have most things within seconds."""
LOOK_S = 1.0
BATCH = 0
HIDDEN_S = 90
"""A message that was read is not seen again for so long: as long as one looks."""


def check_log(home: AwsHome, job_id: str) -> Finding:
    """Whether what a batch wrote can be read."""
    record = home.table.batch(job_id, BATCH)
    log = record.log if record else None
    if log is None:
        return Finding("logs", Verdict.BAD, f"batch {BATCH} does not say where its log is")
    wanted = f"probing item {BATCH},"
    began = time.monotonic()
    if until(lambda: wanted in home.log_of(job_id, log)):
        seconds = text.duration(time.monotonic() - began)
        return Finding(
            "logs", Verdict.GOOD, f"what batch {BATCH} wrote is in {log[0].partition(':')[0]}, read after {seconds}"
        )
    return Finding("logs", Verdict.BAD, f"what batch {BATCH} wrote has not come to {log[0]} in {text.duration(LATE_S)}")


def check_managers(account: Account, job: JobRecord) -> Finding:
    """Whether managers split the range of the job, on each level of its tree: their log says so."""
    assert job.plan is not None
    expected = managers_of(Plan(**job.plan))
    seen: Counter[int] = Counter()

    def all_seen() -> bool:
        seen.clear()
        seen.update(Counter(_levels(account, job)))
        return all(seen[level] >= number for level, number in expected.items())

    if until(all_seen):
        total, levels = sum(expected.values()), text.counted(len(expected), "level")
        return Finding("managers", Verdict.GOOD, f"{total} of them on {levels} split the job, as their log says")
    found = ", ".join(f"{seen[level]} of {number} on level {level}" for level, number in expected.items())
    verdict = Verdict.DOUBTFUL if seen else Verdict.BAD
    remedy = "the watcher sent what they did not; their log and `Undelivered` say why"
    return Finding("managers", verdict, f"their log tells of {found}: {remedy}")


def managers_of(plan: Plan) -> Counter[int]:
    """Nodes of a tree that managers split, by level."""
    counts: Counter[int] = Counter()
    nodes: list[Node] = [root(plan)]
    while nodes and nodes[0].level < plan.levels:
        counts[nodes[0].level] += len(nodes)
        nodes = [child for node in nodes for child in children(plan, node)]
    return counts


def _levels(account: Account, job: JobRecord) -> Iterator[int]:
    """The level of each manager of a job that has split its part."""
    pages = account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{account.prefix}-manager",
        filterPattern=f'"{job.job_id}"',
        startTime=max(0, int(1_000 * (job.created_at - LATE_S))),
    )
    for page in pages:
        for event in page["events"]:
            if event["message"].startswith("{"):
                line: dict[str, Any] = json.loads(event["message"])
                if line.get("job") == job.job_id and line.get("message") == "split":
                    yield int(line["tree_level"])


def check_undelivered(account: Account, queue: str, job_id: str, *, expected: int) -> Finding:
    """Whether invocations that ended badly are kept; those of the job are removed, all others stay."""
    client = account.client("sqs")
    others: list[str] = []
    found = 0

    def all_found() -> bool:
        nonlocal found
        answer = client.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=1
        )
        for message in answer.get("Messages", []):
            payload = json.loads(message["Body"]).get("requestPayload") or {}
            if payload.get("job") == job_id:
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found += 1
            else:
                others.append(message["ReceiptHandle"])
        return found >= expected

    complete = until(all_found)
    for handle in others:  # somebody else may want to look at them at once
        client.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    if complete:
        told = f"the {found} invocations that ended badly were kept, and are removed"
        return Finding("undelivered", Verdict.GOOD, told)
    return Finding(
        "undelivered", Verdict.BAD, f"{found} of {expected} invocations that ended badly were kept in {queue}"
    )


def until(true: Callable[[], bool], seconds: float = LATE_S) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True
