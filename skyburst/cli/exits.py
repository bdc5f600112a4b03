"""Exit codes of the program: one table, for the code, `--help` and the docs."""

from __future__ import annotations

from enum import IntEnum

from skyburst.contracts.states import JobState
from skyburst.errors import (
    Conflict,
    Invalid,
    JobCancelled,
    JobFailed,
    JobInterrupted,
    JobTimedOut,
    NotFound,
    SkyburstError,
    StorageError,
)


class ExitCode(IntEnum):
    """How the program ended."""

    SUCCEEDED = 0
    FAILED = 1
    INVALID = 2
    PARTIAL = 3
    TIMED_OUT = 4
    CANCELLED = 5
    NOT_FOUND = 6
    CONFLICT = 7
    STORAGE = 8
    INTERRUPTED = 9
    BUG = 70
    STOPPED = 130
    PIPE = 141


MEANINGS = {
    ExitCode.SUCCEEDED: "done; of a job: SUCCEEDED",
    ExitCode.FAILED: "the job FAILED; or a check of `doctor`, `verify` or `library inspect --verify` did",
    ExitCode.INVALID: "something given cannot be used: an option, a parameter, a file, a blueprint",
    ExitCode.PARTIAL: "the job is PARTIAL: there is a result, and it says what is missing; or `library build` refused files",
    ExitCode.TIMED_OUT: "the job TIMED_OUT; what was found before is combined",
    ExitCode.CANCELLED: "the job is CANCELLED, for example by Ctrl-C; what was found before is combined",
    ExitCode.NOT_FOUND: "there is no such job, analysis, file or item, or no result yet",
    ExitCode.CONFLICT: "another program is at it, or an idempotency key belongs to another job",
    ExitCode.STORAGE: "the state folder cannot be written, for example because the disk is full",
    ExitCode.INTERRUPTED: "the job has not ended, but the program that ran it is gone; `skyburst resume` goes on",
    ExitCode.BUG: "a mistake in skyburst itself",
    ExitCode.STOPPED: "stopped by Ctrl-C: a second one while a job runs, the first one anywhere else",
    ExitCode.PIPE: "the program that read the output is gone",
}
"""What each exit code means."""

OF_STATES = {
    JobState.SUCCEEDED: ExitCode.SUCCEEDED,
    JobState.PARTIAL: ExitCode.PARTIAL,
    JobState.FAILED: ExitCode.FAILED,
    JobState.TIMED_OUT: ExitCode.TIMED_OUT,
    JobState.CANCELLED: ExitCode.CANCELLED,
    JobState.PENDING: ExitCode.INTERRUPTED,
    JobState.RUNNING: ExitCode.INTERRUPTED,
    JobState.COMBINING: ExitCode.INTERRUPTED,
}
"""What the commands that run, watch or show the result of a job exit with."""

OF_ERRORS: list[tuple[type[SkyburstError], ExitCode]] = [
    (Invalid, ExitCode.INVALID),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.CONFLICT),
    (StorageError, ExitCode.STORAGE),
    (JobFailed, ExitCode.FAILED),
    (JobTimedOut, ExitCode.TIMED_OUT),
    (JobCancelled, ExitCode.CANCELLED),
    (JobInterrupted, ExitCode.INTERRUPTED),
]


def exit_code_of(error: SkyburstError) -> ExitCode:
    """The exit code that tells an error's kind."""
    return next((code for kind, code in OF_ERRORS if isinstance(error, kind)), ExitCode.FAILED)
