"""What stands for the container of a Batch job here: a process with a folder of its own and a clean environment.

The image is not used: the command runs on this machine, with the Python that runs the local cloud as `python3` and none of
the packages of its virtual environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from skyburst.local_cloud.keeping import MARK, end_all

LOOK_S = 0.05
"""Seconds between looks at a running process: what it wrote, whether it lives."""
BETWEEN_MEMORY_LOOKS_S = 0.2
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
KILLED = 137
"""Exit code of a container that was killed: 128 and the number of the signal."""
NOT_FOUND = 127
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
TIMED_OUT = "Job attempt duration exceeded timeout"
EXITED = "Essential container in task exited"


@dataclass(frozen=True, slots=True)
class Exit:
    """How an attempt ended."""

    status_reason: str
    """Of the job."""
    exit_code: int | None = None
    """None when its machine was lost, or it never ran."""
    reason: str = ""
    """Of the container, beside its exit code."""
    final: bool = False
    """Whether the retry strategy is not asked: it ran out of time, or somebody ended it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends an attempt from outside. Each is looked at again and again while it runs."""

    memory_mb: int
    timeout_s: float | None
    stop_s: float
    """Seconds between the wish that a process ends and the order."""
    ended_by: Callable[[], str | None]
    """The reason of whoever ended the job, if somebody has."""
    lost_with: Callable[[float], str | None]
    """From the seconds since it began to what became of its machine, if something has."""


class Container:
    """A process that runs one attempt."""

    def __init__(self, command: list[str], variables: Mapping[str, str], folder: Path, programs: Path) -> None:
        """Start it.

        Args:
            command: program and arguments; looked for on the search path of the container.
            variables: its environment, besides what every container has.
            folder: its own, made here and removed by `close`.
            programs: folder that is first on the search path; see `provide_programs`.
        """
        self._folder = folder
        self._rest = b""
        self.lines: list[str] = []
        """What it wrote and nobody has taken yet."""
        for name in ("work", "tmp"):
            (folder / name).mkdir(parents=True)
        environment = {
            "PATH": f"{programs}:{SEARCH_PATH}",
            "HOME": str(folder / "work"),
            "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8",
            **variables,
            MARK: str(folder),
        }
        self.failed_to_start: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        program = shutil.which(command[0], path=environment["PATH"]) if command else None
        if program is None:
            what = f"exec: {command[0]!r}: executable file not found in $PATH" if command else "no command specified"
            self.failed_to_start = f"CannotStartContainerError: {what}"
            return
        self._process = subprocess.Popen(
            [program, *command[1:]],
            cwd=folder / "work",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)

    def watch(self, limits: Limits, wrote: Callable[[list[str]], None]) -> Exit:
        """Wait for the end of the process, whatever end that is; what it writes is handed on as it comes."""
        if self.failed_to_start is not None or self._process is None:
            return Exit("Task failed to start", NOT_FOUND, self.failed_to_start or "")
        exit_ = self._watch(self._process, limits, wrote)
        self._kill()
        self._read(wrote, last=True)
        return exit_

    def close(self) -> None:
        """End whatever is left of it, and remove its folder."""
        self._kill()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self, process: subprocess.Popen[bytes], limits: Limits, wrote: Callable[[list[str]], None]) -> Exit:
        started = time.monotonic()
        next_memory_look = started
        stopping: Exit | None = None
        kill_at = 0.0
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
            self._read(wrote)
            now = time.monotonic()
            if lost := limits.lost_with(now - started):
                self._kill()
                return Exit(lost)
            if stopping is not None:
                if now >= kill_at:
                    self._kill()
                continue
            if now >= next_memory_look:
                next_memory_look = now + BETWEEN_MEMORY_LOOKS_S
                if memory_mb_of(process.pid) > limits.memory_mb:
                    self._kill()
                    return Exit(EXITED, KILLED, OUT_OF_MEMORY)
            if (reason := limits.ended_by()) is not None:
                stopping = Exit(reason, KILLED, final=True)
            elif limits.timeout_s is not None and now - started > limits.timeout_s:
                stopping = Exit(TIMED_OUT, KILLED, final=True)
            if stopping is not None:
                kill_at = now + limits.stop_s
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
        # A machine that was lost in the same moment took the process with it.
        if process.returncode and (lost := limits.lost_with(time.monotonic() - started)):
            return Exit(lost)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        if stopping is not None:
            return Exit(stopping.status_reason, code, final=True)
        return Exit(EXITED, code)

    def _kill(self) -> None:
        """End the process and all that it started, also in sessions of their own: nothing outlives a container."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end_all(str(self._folder))

    def _read(self, wrote: Callable[[list[str]], None], *, last: bool = False) -> None:
        """Hand on the whole lines that the process wrote, and at the end also one that is not whole."""
        lines: list[bytes] = []
        while True:
            try:
                data = os.read(self._output, 65_536)
            except BlockingIOError:
                break
            if not data:
                break
            *whole, self._rest = (self._rest + data).split(b"\n")
            lines += whole
        if last and self._rest:
            lines.append(self._rest)
            self._rest = b""
        texts = [line.decode("utf-8", "replace").rstrip("\r") for line in lines if line.strip()]
        if texts:
            wrote(texts)


def memory_mb_of(process: int) -> int:
    """MiB that a process and all that it started hold."""
    total = 0
    try:
        family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total >> 20


def provide_programs(folder: Path) -> Path:
    """A folder with `python3` and `python`: the interpreter that this one's virtual environment was made from.

    So no package that is installed beside the local cloud is seen by what runs in a container, as none is in an image.
    """
    folder.mkdir(parents=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / f"python{version}"
    for name in ("python3", "python", f"python{version}"):
        (folder / name).symlink_to(base if base.exists() else sys.executable)
    return folder
