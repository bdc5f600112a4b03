"""What every home says of the datasets of a job in the same way: it needs an object store and a task table, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from skyburst.contracts.records import JobRecord
from skyburst.homes.home import StoredObject

if TYPE_CHECKING:
    from skyburst.homes.home import Home, Readable
    from skyburst.objects import ObjectStore
    from skyburst.ports import TaskTable


class Stores(Protocol):
    """What a home keeps things in."""

    @property
    def objects(self) -> ObjectStore:
        """The object store."""

    @property
    def table(self) -> TaskTable:
        """The task table."""


class DatasetsOfHome:
    """The part of a home that is about datasets."""

    def datasets(self: Stores, job: JobRecord) -> Iterator[dict[str, Any]]:
        """The status of each dataset of a job of a command, in order."""
        from skyburst.environments.reading import statuses

        return statuses(self.objects, self.table, job)

    def dataset_log(self: Stores, job: JobRecord, number: int, after: int = 0) -> list[dict[str, Any]]:
        """The lines of the log of a dataset after one of them. Raises DatasetNotFound."""
        from skyburst.environments.reading import log_lines

        return log_lines(self.objects, job, number, after)

    def dataset_files(self: Stores, job: JobRecord, status: dict[str, Any]) -> dict[str, StoredObject]:
        """The result files of a dataset, of which this is the status, by name."""
        from skyburst.environments.reading import result_keys

        return {
            name: StoredObject(self.objects, key, f"{self.objects.location}/{key}", size)
            for name, (key, size) in result_keys(job, status).items()
        }


def files_by_dataset(home: Home, job: JobRecord) -> dict[str, Readable]:
    """The result files of all datasets of a job by the names that they have in a folder of copies: `NAME/FILE`."""
    from skyburst.environments.reading import folder_names

    statuses = list(home.datasets(job))
    names = folder_names(status["dataset"] for status in statuses)
    return {
        f"{name}/{file}": stored
        for name, status in zip(names, statuses, strict=True)
        for file, stored in home.dataset_files(job, status).items()
    }
