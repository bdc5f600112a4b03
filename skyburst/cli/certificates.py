"""The certificate that a command was given: a file's, or a job's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.certificates.reading import checked, read_certificate
from skyburst.cli.options import open_job

if TYPE_CHECKING:
    from skyburst.homes.home import Home


def certificate_named(name: str, on: str) -> dict[str, Any]:
    """The certificate in a file, else that of a job.

    Raises:
        InvalidJob: when the file is none.
        JobNotFound, ResultNotReady: when there is no such job, or it has not ended.
    """
    if Path(name).is_file():
        return read_certificate(Path(name))
    with open_job(name, on) as (home, job):
        return certificate_of_job(home, job.job_id)


def certificate_of_job(home: Home, job_id: str) -> dict[str, Any]:
    """The certificate of a job, in the format of this version. Raises ResultNotReady."""
    return checked(home.certificate(job_id), f"the certificate of job {job_id}")
