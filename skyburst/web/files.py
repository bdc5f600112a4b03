"""The files of a job: its result, its result files, and those of its datasets."""

from __future__ import annotations

from urllib.parse import quote

from skyburst.contracts.records import JobRecord
from skyburst.environments.reading import is_command
from skyburst.errors import ObjectNotFound, ResultNotReady
from skyburst.homes.datasets import files_by_dataset
from skyburst.homes.home import Home, Readable, no_result

RESULT = "result.json"


def files_of_job(home: Home, job: JobRecord) -> dict[str, Readable]:
    """All files of a job by their names; those of datasets are `NAME/FILE`."""
    found = _own(home, job)
    return found | files_by_dataset(home, job) if is_command(job) else found


def file_of_job(home: Home, job: JobRecord, name: str) -> Readable:
    """One of them. Raises ObjectNotFound, and ResultNotReady for the result of a job that has none yet."""
    found = _own(home, job).get(name)
    if found is None and is_command(job):  # whose datasets are looked through only when they have to be
        found = files_by_dataset(home, job).get(name)
    if found is None and name == RESULT:
        raise ResultNotReady(no_result(job))
    if found is None:
        raise ObjectNotFound(f"job {job.job_id} has no file {name[:200]!r}")
    return found


def path_of(job_id: str, name: str) -> str:
    """Where the API has a file of a job."""
    return f"/api/jobs/{quote(job_id, safe='')}/files/{quote(name, safe='/')}"


def _own(home: Home, job: JobRecord) -> dict[str, Readable]:
    result = home.result_file(job)
    return ({RESULT: result} if result is not None else {}) | dict(home.result_files(job))
