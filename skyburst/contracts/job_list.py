"""Many jobs at once: what one execution that runs a list of jobs is given."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from skyburst.contracts.job import Share
from skyburst.contracts.refusals import EXECUTION, explain
from skyburst.errors import InvalidJob

MOST_JOBS = 100_000
MOST_AT_ONCE = 10_000
"""Children of a distributed map that run side by side."""

ListName = Annotated[str, msgspec.Meta(pattern=EXECUTION)]


class JobList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of jobs, and how to run it."""

    jobs: list[Any] | None = None
    """Job specifications."""
    manifest: str | None = None
    """Instead of `jobs`: `s3://bucket/key` of a JSON list of job specifications, 100,000 at most."""
    max_concurrency: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 10
    """Jobs that run side by side, at most."""
    tolerated_failure_percent: Share = 0
    """Share of the jobs that may end without a result for the list to end as PARTIAL rather than FAILED."""
    name: ListName | None = None
    """Starts the names of the jobs' executions. None: the name of the execution. A list that is started again under its name
    starts no job a second time."""


def parse_job_list(document: Mapping[str, Any]) -> JobList:
    """Check what an execution was given, but not the jobs in it.

    Raises:
        InvalidJob: with the field and what was expected.
    """
    fields = JobList.__struct_fields__
    unknown = [field for field in document if field not in fields]
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(fields)}"
        raise InvalidJob(f"{unknown[0]}: there is no such field; {hint}")
    try:
        given = msgspec.convert(dict(document), JobList)
    except msgspec.ValidationError as error:
        raise InvalidJob(explain(error, document, "", JobList)) from error
    if (given.jobs is None) == (given.manifest is None):
        raise InvalidJob("give the jobs either as `jobs`, a list, or as `manifest`, the s3://bucket/key of one")
    return given


def check_length(jobs: Any, where: str) -> list[Any]:
    """The list of jobs, if it is one that can be run."""
    if not isinstance(jobs, list):
        raise InvalidJob(f"{where} holds {type(jobs).__name__}: expected a JSON list of job specifications")
    if not jobs:
        raise InvalidJob(f"{where} has no jobs: expected 1 to {MOST_JOBS:,}")
    if len(jobs) > MOST_JOBS:
        raise InvalidJob(f"{where} has {len(jobs):,} jobs: expected 1 to {MOST_JOBS:,}; split it into several lists")
    return jobs
