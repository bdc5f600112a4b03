"""Arrays: the batches that one job of AWS Batch runs in environments, and what its containers are told.

An array is 1 to 10,000 batches that are submitted together: an array job of AWS Batch, or a single job for one batch. What it
holds lies under `jobs/JOB/arrays/RUN-NUMBER.json`, because a call of SubmitJob has room for 30 KB:

    {"ranges": [[first, end], ...], "attempt": 1, "last": 3, "at": 1795287600.0}

Child number i of the array runs the i-th batch of the half-open ranges, counted in order; its first attempt is number `attempt`
of the batch, each retry of AWS Batch is one more, and `last` is the last one.

**The deployment** tells the planner of an analysis, in its registry, when it may run in environments:

    "environment": {"queues": {"on_demand": ARN, "spot": ARN}, "definition": ARN,
                    "instance_types": {TYPE: {"on_demand": ARN, "spot": ARN}}}

`instance_types` is optional: queues whose machines are of one type each, for jobs that wish one. Job definitions carry the image,
vCPUs, memory and GPUs of the blueprint, the role, the log, the disk, the command

    ["python", "-m", "skyburst.homes.aws.environment"]

and the variables of every deployed function (`deployed.py`: SKYBURST_BUCKET, SKYBURST_BATCHES, SKYBURST_JOBS, SKYBURST_PREFIX)
and of workers (SKYBURST_ANALYSIS, SKYBURST_CODE), and SKYBURST_SPOT (`own_machine.py`). The folder of the analysis is `analysis`
beside the package `skyburst`, as in the code of functions, unless SKYBURST_FOLDER names another.

**Each submission** is SubmitJob with

    jobName             `name_of`: PREFIX-JOB-RUN-NUMBER
    jobQueue            of what the job pays: "on_demand" or "spot"
    jobDefinition       of the analysis
    arrayProperties     {"size": 2 to 10,000}; not of one batch
    containerOverrides  environment: SKYBURST_JOB, SKYBURST_RUN, SKYBURST_ARRAY (the number)
    retryStrategy       attempts, and evaluateOnExit: "Host EC2*" as the reason of the status is tried again, all else is not
    timeout             attemptDurationSeconds: of the blueprint or the job, and what it takes to record that the time ran out
    tags                skyburst = PREFIX, skyburst-job = JOB, skyburst-run = RUN, skyburst-analysis = NAME
    propagateTags       true

A container finds out by AWS_BATCH_JOB_ID, AWS_BATCH_JOB_ATTEMPT and AWS_BATCH_JOB_ARRAY_INDEX, which AWS Batch sets, which batch
is its own. The watcher submits, asks (DescribeJobs, ListJobs by array, by name) and terminates (TerminateJob); the planner
terminates what a job whose execution ended has left. `max_concurrent` of a blueprint bounds the processors of its compute
environments, across its jobs: what is submitted beyond that waits in the queue of AWS Batch, which fills every place that gets
free at once. The engine bounds what one job has submitted, by its `max_parallelism`. A queue of pricing `spot` should have
a compute environment on demand as its second one, and end what finds no capacity (jobStateTimeLimitActions with the reason
CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY): the engine submits that on demand.
"""

from __future__ import annotations

import hashlib
import re

ARRAY = "SKYBURST_ARRAY"
JOB, RUN = "SKYBURST_JOB", "SKYBURST_RUN"
FOLDER = "SKYBURST_FOLDER"
LONGEST_NAME = 128
JOB_TAG, RUN_TAG, ANALYSIS_TAG, DEPLOYMENT_TAG = "skyburst-job", "skyburst-run", "skyburst-analysis", "skyburst"
"""Tags of jobs of AWS Batch; what has the first one is ended when its job is."""
LONGEST_TAG = 256
DIGEST_CHARACTERS = 8


def name_of(prefix: str, job_id: str, run: int, number: int) -> str:
    """Name of an array in AWS Batch, which takes 128 letters, digits, hyphens and underscores.

    The id of a job may have other characters, and then a digest tells it from others.
    """
    end = f"-{run}-{number}"
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", job_id)
    room = LONGEST_NAME - len(prefix) - 1 - len(end)
    if plain != job_id or len(plain) > room:
        digest = hashlib.sha256(job_id.encode()).hexdigest()[:DIGEST_CHARACTERS]
        plain = f"{plain[: room - len(digest) - 1]}-{digest}"
    return f"{prefix}-{plain}{end}"


def key_of(job_id: str, run: int, number: int) -> str:
    """Key of the object that says which batches an array has."""
    return f"jobs/{job_id}/arrays/{run}-{number}.json"


def tag_of(value: str) -> str:
    """A value as a tag may have it."""
    return re.sub(r"[^\w\s.:/=+@-]", "_", value)[:LONGEST_TAG]
