"""Skyburst: run one function over a very large list of items on many short-lived workers, and combine what they found.

import skyburst

@skyburst.worker
def squares(batch):
    return sum(number * number for number in batch.items)

total = skyburst.combiners.total()

if __name__ == "__main__":
    print(skyburst.run(__file__, items=range(1_000_000)).value)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyburst._version import __version__
from skyburst.analysis import (
    Batch,
    CombineContext,
    Combiner,
    Context,
    FinishContext,
    Items,
    ItemsContext,
    JoinedItems,
    PartialResult,
    TaskContext,
    Worker,
    combiner,
    worker,
)
from skyburst.contracts.records import BatchRecord, Delivery, Failure, JobRecord, Missing, Progress, Result
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import (
    AnalysisNotFound,
    Conflict,
    IdempotencyConflict,
    Invalid,
    InvalidAnalysis,
    InvalidBlueprint,
    InvalidItems,
    InvalidJob,
    InvalidLibrary,
    InvalidPeople,
    ItemNotFound,
    JobBusy,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobInterrupted,
    JobNotFound,
    JobTimedOut,
    LibraryBusy,
    NotAllowed,
    NotFound,
    NotJson,
    ObjectNotFound,
    OverBudget,
    ResultNotReady,
    SkyburstError,
    StorageDenied,
    StorageError,
    StorageFull,
)

if TYPE_CHECKING:
    from skyburst import combiners
    from skyburst.client import JobHandle, run, submit
    from skyburst.contracts.blueprint import Blueprint
    from skyburst.contracts.job import JobSpec
    from skyburst.folders import FileInfo, Folder, open_folder
    from skyburst.manifest import Manifest

LAZY = {
    "combiners": ("skyburst.combiners", None),
    "JobHandle": ("skyburst.client", "JobHandle"),
    "run": ("skyburst.client", "run"),
    "submit": ("skyburst.client", "submit"),
    "Blueprint": ("skyburst.contracts.blueprint", "Blueprint"),
    "JobSpec": ("skyburst.contracts.job", "JobSpec"),
    "FileInfo": ("skyburst.folders", "FileInfo"),
    "Folder": ("skyburst.folders", "Folder"),
    "open_folder": ("skyburst.folders", "open_folder"),
    "Manifest": ("skyburst.manifest", "Manifest"),
}
"""Names that are imported when they are first used: a worker process needs none of them."""


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'skyburst' has no attribute {name!r}")
    import importlib

    module_name, attribute = LAZY[name]
    module = importlib.import_module(module_name)
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


__all__ = [
    "AnalysisNotFound",
    "Batch",
    "BatchRecord",
    "BatchState",
    "Blueprint",
    "CombineContext",
    "Combiner",
    "Conflict",
    "Context",
    "Delivery",
    "Failure",
    "FileInfo",
    "FinishContext",
    "Folder",
    "IdempotencyConflict",
    "Invalid",
    "InvalidAnalysis",
    "InvalidBlueprint",
    "InvalidItems",
    "InvalidJob",
    "InvalidLibrary",
    "InvalidPeople",
    "ItemNotFound",
    "Items",
    "ItemsContext",
    "JobBusy",
    "JobCancelled",
    "JobEnded",
    "JobFailed",
    "JobHandle",
    "JobInterrupted",
    "JobNotFound",
    "JobRecord",
    "JobSpec",
    "JobState",
    "JobTimedOut",
    "JoinedItems",
    "LibraryBusy",
    "Manifest",
    "Missing",
    "NotAllowed",
    "NotFound",
    "NotJson",
    "ObjectNotFound",
    "OverBudget",
    "PartialResult",
    "Progress",
    "Result",
    "ResultNotReady",
    "SkyburstError",
    "StorageDenied",
    "StorageError",
    "StorageFull",
    "TaskContext",
    "Worker",
    "__version__",
    "combiner",
    "combiners",
    "open_folder",
    "run",
    "submit",
    "worker",
]
