"""Errors as problem documents (RFC 9457): a code for programs, a sentence for people, and the field that is wrong."""

from __future__ import annotations

import re

from skyburst.contracts.refusals import shortened
from skyburst.errors import (
    AwsUnavailable,
    Conflict,
    Invalid,
    InvalidPeople,
    JobEnded,
    NotAllowed,
    NotFound,
    OverBudget,
    ResultNotReady,
    SkyburstError,
    StorageFull,
    TooManyJobs,
    UnreadableLibrary,
)
from skyburst.web.documents import Problem

MEDIA_TYPE = "application/problem+json"
LONGEST = 2_000
"""Characters of a sentence."""
FIELD = re.compile(r"(job\.[\w.\[\]-]+|parameters\.[\w.\[\]-]+)[: ]")
STATUSES: tuple[tuple[type[SkyburstError], int], ...] = (
    (NotAllowed, 403),
    (OverBudget, 402),
    (ResultNotReady, 409),
    (TooManyJobs, 429),
    (AwsUnavailable, 503),
    (InvalidPeople, 500),
    (UnreadableLibrary, 500),
    (Invalid, 400),
    (NotFound, 404),
    (Conflict, 409),
    (JobEnded, 409),
    (StorageFull, 507),
)
"""The first kind that an error is decides; all others are the server's fault."""
TITLES = {
    400: "The request cannot be used",
    401: "Not signed in",
    402: "The budget is used up",
    403: "Not allowed",
    404: "Not found",
    405: "There is no such operation",
    409: "Not possible at this time",
    413: "Too large",
    429: "Too many",
    500: "Something went wrong here",
    503: "Not possible for a while",
    507: "No room",
}


def problem_of(error: SkyburstError) -> Problem:
    """An error as a problem document."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    told = str(error)
    found = FIELD.match(told)
    field = error.field or (found[1] if found else None)
    return problem(status, code_of(type(error)), told, field)


def problem(status: int, code: str, detail: str, field: str | None = None) -> Problem:
    """A problem document. What was sent is told of in part only when it is very long."""
    told = shortened(detail, LONGEST)
    return Problem(title=TITLES.get(status, TITLES[400]), status=status, code=code, detail=told, field=field)


def code_of(kind: type[Exception]) -> str:
    """Of a kind of error, such as `invalid_job`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
