"""Drawing in several processes.

They are started as programs of their own rather than through multiprocessing, because an analysis is loaded
under a private package name that a spawned interpreter could not import, and because spawning would run the
caller's main module again.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from skyburst.errors import SkyburstError

from .plan import Plan

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_READ_SIZE: Final = 65536


def draw_in_processes(folder: Path, plan: Plan, numbers: list[int], jobs: int) -> Iterator[int]:
    """Write the images of these numbers into a folder, in ``jobs`` processes; yields how many more are done.

    Raises:
        SkyburstError: when a process fails, with the end of what it wrote to its standard error.
    """
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for job in range(jobs):
            process, errors = stack.enter_context(_process(folder, plan, numbers[job::jobs]))
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ, (process, errors))
        while selector.get_map():
            for key, _ in selector.select():
                output = os.read(key.fd, _READ_SIZE)
                if output:
                    yield output.count(b"\n")
                else:
                    selector.unregister(key.fileobj)
                    _check(*key.data)


@contextmanager
def _process(folder: Path, plan: Plan, numbers: list[int]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_PACKAGE.parent), *filter(None, sys.path)]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-P", "-m", f"{_PACKAGE.name}.{__package__.rpartition('.')[2]}.part"]
    # A file for the errors: nobody has to read it while the process runs.
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as process,
    ):
        try:
            assert process.stdin is not None
            request = {"folder": str(folder.resolve()), "plan": asdict(plan), "numbers": numbers}
            process.stdin.write(json.dumps(request).encode())
            process.stdin.close()
            yield process, errors
        finally:
            process.kill()


def _check(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    status = process.wait()
    if status:
        errors.seek(0)
        message = errors.read().decode(errors="replace")[-2000:].strip()
        raise SkyburstError(f"a process that draws images ended with status {status}: {message or 'it said nothing'}")
