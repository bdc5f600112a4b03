"""Run a real job, with real workers and a task table, on the disk of the state folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.cli.checks.probing import Probing, not_retried
from skyburst.errors import SkyburstError
from skyburst.finding import find_probe
from skyburst.homes.local.home import LocalHome

WHAT = "a tiny job"
PROBING = Probing(batches=20)


def check_tiny_job(home: LocalHome) -> Iterator[Finding]:
    """Whether a job of a few batches, one of which fails once, ends with the right answer. Leaves nothing behind."""
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(dir=home.folder / "scratch", prefix="doctor-") as folder:
            own = LocalHome(Path(folder))
            try:
                job = own.create_job(PROBING.spec(), find_probe(), Path(folder))
                job = own.drive(job.job_id)
                value = own.result(job).value
                failed_once = own.table.batch(job.job_id, PROBING.fails)
            finally:
                own.close()
    except (SkyburstError, OSError) as error:
        yield Finding(WHAT, Verdict.BAD, str(error))
        return
    seconds = time.monotonic() - began
    if wrong := PROBING.wrong(value):
        yield Finding(WHAT, Verdict.BAD, f"{job.state}, {job.reason}: {wrong}")
    elif wrong := not_retried(failed_once, "OnPurpose"):
        yield Finding(WHAT, Verdict.BAD, f"batch {PROBING.fails} was to fail once: {wrong}")
    else:
        told = f"{PROBING.batches} batches in {text.duration(seconds)}, one of them at the second attempt"
        yield Finding(WHAT, Verdict.GOOD, f"{told}, with the right answer")
