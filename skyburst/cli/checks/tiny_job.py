"""Run a real job, with real workers and a task table, on the disk of the state folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.contracts.job import JobSpec
from skyburst.errors import SkyburstError
from skyburst.finding import find_analysis
from skyburst.homes.local.home import LocalHome

PROBE = Path(__file__).resolve().parent / "probe.py"
NUMBERS = 1_000
BATCHES = 20


def check_tiny_job(home: LocalHome) -> Iterator[Finding]:
    """Whether a job of a few batches ends with the right answer. Leaves nothing behind."""
    began = time.monotonic()
    spec = JobSpec(analysis=str(PROBE), items={"range": [0, NUMBERS]}, batch_size=NUMBERS // BATCHES)
    try:
        with tempfile.TemporaryDirectory(dir=home.folder / "scratch", prefix="doctor-") as folder:
            own = LocalHome(Path(folder))
            try:
                job = own.create_job(spec, find_analysis(str(PROBE)), Path(folder))
                job = own.drive(job.job_id)
                value = own.result(job).value
            finally:
                own.close()
    except (SkyburstError, OSError) as error:
        yield Finding("a tiny job", Verdict.BAD, str(error))
        return
    expected = sum(number * number for number in range(NUMBERS))
    seconds = time.monotonic() - began
    if value != expected:
        yield Finding("a tiny job", Verdict.BAD, f"{job.state}, {job.reason}: the result is {value}, not {expected}")
    else:
        yield Finding(
            "a tiny job", Verdict.GOOD, f"{BATCHES} batches in {text.duration(seconds)}, with the right answer"
        )
