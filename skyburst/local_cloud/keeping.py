"""What a local cloud starts ends with it, however it ends: also what left its process group, and when the cloud was killed.

Every process that runs a function or a container has a folder of the cloud in its environment, and so has all that it starts. A
keeper beside the cloud, this file run as a program, reads its standard input until the cloud is gone; then it ends what is left.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time

import psutil

MARK = "SKYBURST_LOCAL_CLOUD"
"""Environment variable with the folder that a process belongs to."""
PREFIX = "skyburst-local-cloud-"
"""Of the names of folders of clouds."""
LOOK_S = 0.05
ENDING_S = 30.0


class Keeper:
    """Outlives the cloud for as long as it takes to end what that has started.

    Args:
        folder: of the cloud, removed at its end.
    """

    def __init__(self, folder: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, folder], stdin=subprocess.PIPE, start_new_session=True
        )

    def close(self) -> None:
        """End what is left, and remove the folder."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_S)


def end_all(folder: str) -> None:
    """Kill every process that belongs to a folder, or to one in it."""
    until = time.monotonic() + ENDING_S
    while (left := _processes_of(folder)) and time.monotonic() < until:  # one may have started another meanwhile
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, LOOK_S)


def _processes_of(folder: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it has ended, or is somebody else's
            mark = process.environ().get(MARK, "")
            if (mark == folder or mark.startswith(f"{folder}/")) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def main(folder: str) -> None:
    """Entry point of the keeper."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while sys.stdin.buffer.read(1):
        continue
    end_all(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
