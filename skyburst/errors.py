"""Every error that Skyburst raises on purpose.

    SkyburstError
    ├── Invalid (ValueError)          what was given cannot be used
    │   ├── InvalidJob
    │   ├── InvalidBlueprint
    │   ├── InvalidAnalysis
    │   ├── InvalidItems
    │   ├── InvalidLibrary
    │   │   └── UnreadableLibrary
    │   ├── InvalidTemplate
    │   ├── InvalidPeople
    │   ├── NotAllowed
    │   ├── InvalidSubmission
    │   ├── InvalidRequest
    │   │   ├── InvalidUpload
    │   │   ├── PathRefused
    │   │   └── InvalidQuery
    │   ├── NotJson
    │   ├── OverBudget
    │   └── AwsUnavailable
    ├── NotFound (LookupError)        what was named does not exist
    │   ├── AnalysisNotFound
    │   ├── JobNotFound
    │   ├── DatasetNotFound
    │   ├── ItemNotFound
    │   ├── ObjectNotFound
    │   ├── PersonNotFound
    │   ├── ResultNotReady
    │   ├── SubmissionNotFound
    │   ├── UploadNotFound
    │   ├── LibraryNotFound
    │   ├── PictureNotFound
    │   └── NotDeployed
    ├── Conflict                      somebody else has it, or it changed meanwhile
    │   ├── JobBusy
    │   ├── LibraryBusy
    │   ├── FolderBusy
    │   ├── IdempotencyConflict
    │   ├── TooManyJobs
    │   ├── UploadInUse
    │   ├── UploadBusy
    │   └── LocalCloudBusy
    ├── JobEnded                      a job ended without the result that was asked for
    │   ├── JobFailed
    │   ├── JobTimedOut
    │   ├── JobCancelled
    │   └── JobInterrupted
    ├── StorageError                  a state could not be stored
    │   ├── StorageFull
    │   └── StorageDenied
    ├── DatasetEnded                  the command of a dataset ended without success
    │   ├── CommandFailed
    │   ├── TimedOut
    │   ├── OutOfMemory
    │   ├── Cancelled
    │   └── Killed
    ├── NotDelivered                  a message about a job was not accepted
    ├── ToolFailed                    a program that was called, such as a container engine, did not succeed
    ├── DriftUnknown                  whether a deployment is as its template says cannot be found out
    ├── DeployFailed                  a stack could not be created, updated or deleted
    └── WrongVersion                  a library is not the version that is needed

To handle everything that Skyburst reports:

    try:
        result = skyburst.run(...)
    except skyburst.SkyburstError as error:
        ...
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyburst.contracts.records import Result


class SkyburstError(Exception):
    """Base of all errors that Skyburst raises on purpose."""

    field: str | None = None
    """Of what was given, the one that is wrong, where that is known."""


class Invalid(SkyburstError, ValueError):
    """Raised when something given by the user cannot be used; says what, its value and the remedy."""


class InvalidJob(Invalid):
    """Raised when a job specification has an unknown field, a wrong type or an impossible value."""


class InvalidBlueprint(Invalid):
    """Raised when a blueprint.toml cannot be used."""


class InvalidAnalysis(Invalid):
    """Raised when the code of an analysis cannot be loaded or has no worker or combiner where it should."""


class InvalidItems(Invalid):
    """Raised when the items of a job cannot be used or read."""


class InvalidLibrary(Invalid):
    """Raised when a library cannot be built, read or trusted."""


class UnreadableLibrary(InvalidLibrary):
    """Raised when a library that a server offers is damaged or cannot be reached: no fault of who asks for it."""


class NotJson(Invalid):
    """Raised when a worker or combiner hands over a value that JSON cannot hold exactly."""


class OverBudget(Invalid):
    """Raised when a budget has not enough left for a job; nothing was started."""


class InvalidTemplate(Invalid):
    """Raised when a CloudFormation template asks for something that the local cloud does not have."""


class InvalidPeople(Invalid):
    """Raised when a profile of a user or a group cannot be used."""


class NotAllowed(Invalid):
    """Raised when a user or a group may not run an analysis; says why and who can change that."""


class InvalidRequest(Invalid):
    """Raised when a request to the API cannot be used.

    Args:
        message: what is wrong, and the remedy.
        field: of the request that is wrong.
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidUpload(InvalidRequest):
    """Raised when an uploaded file, or a part of it, is not what it should be."""


class InvalidQuery(InvalidRequest):
    """Raised when what is asked of a result or a list cannot be understood."""


class PathRefused(InvalidRequest):
    """Raised when a job names a path or an address where it may name uploads and libraries only."""


class InvalidSubmission(Invalid):
    """Raised when an uploaded submit file, its config or what they name cannot be used."""


class AwsUnavailable(Invalid):
    """Raised when AWS cannot be asked: no credentials, no region, no permission or no network."""


class NotFound(SkyburstError, LookupError):
    """Raised when something named does not exist."""


class AnalysisNotFound(NotFound):
    """Raised when no analysis of that name is shipped, in the project's folder or in a configured path."""


class JobNotFound(NotFound):
    """Raised when the state folder has no such job."""


class DatasetNotFound(NotFound):
    """Raised when a job has no dataset of a number."""


class ItemNotFound(NotFound):
    """Raised when a library has no items of some ids; `ids` has them all."""

    def __init__(self, message: str, *, ids: Sequence[str]) -> None:
        super().__init__(message)
        self.ids = tuple(ids)


class ObjectNotFound(NotFound):
    """Raised when an object store has no object under that key."""


class PersonNotFound(NotFound):
    """Raised when there is no user or no group of that name."""


class ResultNotReady(NotFound):
    """Raised when a job has no result yet."""


class UploadNotFound(NotFound):
    """Raised when there is no such upload, or no such part of one."""


class LibraryNotFound(NotFound):
    """Raised when there is no library of an id."""


class PictureNotFound(NotFound):
    """Raised when there is no image where one is named, or it cannot be shown as a picture."""


class SubmissionNotFound(NotFound):
    """Raised when there is no submission of that name."""


class NotDeployed(NotFound):
    """Raised when there is no deployment of that name in the account and region."""


class Conflict(SkyburstError):
    """Raised when somebody else holds what was asked for."""


class JobBusy(Conflict):
    """Raised when another program is driving the job."""


class LibraryBusy(Conflict):
    """Raised when another program is building or changing the library."""


class FolderBusy(Conflict):
    """Raised when another program watches a folder of submissions, or deletes what is due in a folder of jobs."""


class TooManyJobs(Conflict):
    """Raised when a user has started as many jobs as is allowed at once, or in a day; nothing was started."""


class UploadInUse(Conflict):
    """Raised when an upload is to be removed that a job needs which has not ended."""


class UploadBusy(Conflict):
    """Raised when parts of an upload are received while it is to be completed, or the other way round."""


class IdempotencyConflict(Conflict):
    """Raised when an idempotency key was used before for a different job specification."""


class LocalCloudBusy(Conflict):
    """Raised when a local cloud is started in a process that runs one already."""


class JobEnded(SkyburstError):
    """Raised when a job ended without the whole result; `result` has what was found, if anything."""

    def __init__(self, message: str, *, job_id: str, result: Result | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id
        self.result = result


class JobFailed(JobEnded):
    """Raised when a job ended as FAILED."""


class JobTimedOut(JobEnded):
    """Raised when a job ended as TIMED_OUT."""


class JobCancelled(JobEnded):
    """Raised when a job ended as CANCELLED."""


class JobInterrupted(JobEnded):
    """Raised when a job has not ended, but the program that drove it is gone; it can be resumed."""


class StorageError(SkyburstError):
    """Raised when the task table or the object store could not keep a state."""


class StorageFull(StorageError):
    """Raised when the disk of the state folder is full."""


class StorageDenied(StorageError):
    """Raised when the object store does not let this user read or write: it will not when asked again."""


class DatasetEnded(SkyburstError):
    """Raised when the command of a dataset ended without success; `tail` has the last lines that it wrote.

    The names of its kinds are the kinds of failures of batches.
    """

    def __init__(self, message: str, *, tail: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.tail = tail
        self.exit_code = exit_code


class CommandFailed(DatasetEnded):
    """Raised when a command cannot be started, or ends with another exit code than 0: it would again."""


class TimedOut(DatasetEnded):
    """Raised when a command was ended because its time was over."""


class OutOfMemory(DatasetEnded):
    """Raised when a command was ended because its processes took more memory than they have."""


class Cancelled(DatasetEnded):
    """Raised when a command was ended because its job was, or its machine is to be given back."""


class Killed(DatasetEnded):
    """Raised when what watches a command was killed, which is not the command's fault."""


class NotDelivered(SkyburstError):
    """Raised when a message about a job was not accepted; `temporary` when it may be later."""

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class DeployFailed(SkyburstError):
    """Raised when a stack could not be created, updated or deleted."""


class ToolFailed(SkyburstError):
    """Raised when a program that was called, such as a container engine, does not succeed."""


class DriftUnknown(SkyburstError):
    """Raised when CloudFormation cannot say whether a stack is as its template says."""


class WrongVersion(SkyburstError):
    """Raised when a library that is patched or imitated is not the version that is needed."""


def is_disk_full(error: BaseException) -> bool:
    """True when an operating system error says that there is no space left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
