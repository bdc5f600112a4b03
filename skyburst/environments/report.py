"""What is known of a dataset while it runs: its status and its log, stored every few seconds and at the end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from skyburst.contracts.dataset import LOG, STATUS, Dataset, DatasetState
from skyburst.environments.container import Container, stats_of
from skyburst.environments.gpus import Gpus
from skyburst.environments.log import ENV, Log
from skyburst.errors import StorageError
from skyburst.ports import Objects

EVERY_S = 2.0
BYTES_PER_S = 1 << 20
"""A long log is stored less often, so that storing it takes no more than this on average."""
LOOK_S = 0.2


@dataclass(slots=True)
class Status:
    """The status of a dataset."""

    dataset: Dataset
    config: Any
    """Location of the config file, or the parameters."""
    attempt: int
    instance: str | dict[str, Any] | None
    """Type of the machine, or `{"type", "id", "zone", "spot"}`."""
    image: str | None
    started_at: float
    """Seconds since the epoch, as all times here; as text in the document."""
    state: DatasetState = DatasetState.RUNNING
    reason: str = ""
    """Why it is in this state, one sentence; while it runs, what it is doing."""
    exit_code: int | None = None
    finished_at: float | None = None
    progress: float | None = None
    """0 to 1, as the command says; None when it says nothing."""
    cpu_percent: float | None = None
    """100 for one processor that is wholly busy."""
    mean_cpu_percent: float | None = None
    """The same over the time of its command, once that has ended."""
    memory_mb: float | None = None
    peak_memory_mb: float | None = None
    gpu_percent: float | None = None
    gpu_memory_mb: float | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    """`{"name", "size", "sha256"}` of what is delivered."""
    logs: list[dict[str, Any]] = field(default_factory=list)
    """The same of the command's own logs."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """`{"folder", "name", "reason"}` of what was not delivered; the folder is `results` or `logs`."""
    config_digest: str | None = None
    """SHA-256 of the config file, hexadecimal."""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    """`{"location", "size", "sha256"}` of what was fetched."""

    def document(self, lines: int, now: float) -> dict[str, Any]:
        """As JSON.

        Args:
            lines: of the log so far.
            now: seconds since the epoch.
        """
        return {
            "dataset": self.dataset.name,
            "data": list(self.dataset.data),
            "config": self.config,
            "state": str(self.state),
            "reason": self.reason,
            "exit_code": self.exit_code,
            "attempt": self.attempt,
            "started_at": iso(self.started_at),
            "finished_at": None if self.finished_at is None else iso(self.finished_at),
            "seconds": round((self.finished_at or now) - self.started_at, 3),
            "progress": self.progress,
            "cpu_percent": self.cpu_percent,
            "mean_cpu_percent": self.mean_cpu_percent,
            "memory_mb": self.memory_mb,
            "peak_memory_mb": self.peak_memory_mb,
            "gpu_percent": self.gpu_percent,
            "gpu_memory_mb": self.gpu_memory_mb,
            "instance": self.instance,
            "image": self.image,
            "files": self.files,
            "logs": self.logs,
            "refused": self.refused,
            "lines": lines,
            "config_digest": self.config_digest,
            "inputs": self.inputs,
        }


class Report:
    """Keeps what there is to know, and stores it in a thread of its own: a slow store holds nothing up.

    Args:
        status: changed by whoever reports.
        objects: where it is stored.
        prefix: start of the keys of the dataset's objects.
        gpus: that the command may use, whose use is looked at.
    """

    def __init__(self, status: Status, objects: Objects, prefix: str, gpus: list[str]) -> None:
        self.status = status
        self._objects = objects
        self._prefix = prefix
        self._log = Log()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stored_lines = -1
        self._log_due = 0.0
        self._gpu_ids = gpus
        self._gpus = Gpus() if gpus else None
        self.container: Container | None = None
        """Of the command, if it runs in one: the engine is asked what it uses."""
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def __enter__(self) -> Report:
        self._store_status()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def say(self, text: str, stream: str = ENV) -> None:
        """Add a line to the log."""
        with self._lock:
            self._log.add(stream, text, time.time())

    def doing(self, what: str) -> None:
        """Say what is done now."""
        self.status.reason = what
        self.say(what)

    def tail(self) -> str:
        """The last lines of the command."""
        with self._lock:
            return self._log.tail()

    def end(self, state: DatasetState, reason: str) -> dict[str, Any]:
        """Store the final status and the whole log; the status.

        Raises:
            StorageError: when they cannot be stored.
        """
        self._over.set()
        self._thread.join()
        self.say(f"{state}: {reason}" if reason else str(state))
        status = self.status
        status.state, status.reason, status.finished_at = state, reason, time.time()
        if state is DatasetState.SUCCEEDED:
            status.progress = 1.0
        status.cpu_percent = status.memory_mb = status.gpu_percent = status.gpu_memory_mb = None
        self._store_log()
        return self._store_status()

    def _run(self) -> None:
        due = time.monotonic() + EVERY_S / 2
        while not self._over.wait(LOOK_S):
            now = time.monotonic()
            if now < due:
                continue
            due = now + EVERY_S
            if self._gpus:
                use = self._gpus.use(self._gpu_ids)
                if use:
                    self.status.gpu_percent, self.status.gpu_memory_mb = round(use.percent, 1), round(use.memory_mb, 1)
            if self.container is not None:
                self._ask_engine(self.container)
            self._patiently(self._store_status)
            if now >= self._log_due:
                self._patiently(self._store_log)

    def _ask_engine(self, container: Container) -> None:
        used = stats_of(container)
        if used is not None:
            self.status.cpu_percent, self.status.memory_mb = round(used[0], 1), round(used[1], 1)
            self.status.peak_memory_mb = max(self.status.peak_memory_mb or 0.0, self.status.memory_mb)

    def _patiently(self, store: Callable[[], object]) -> None:
        """Store something; that it cannot be is said, and tried again later."""
        try:
            store()
        except StorageError as error:
            self.say(f"what is known of it could not be stored, and will be later: {error}")

    def _store_status(self) -> dict[str, Any]:
        with self._lock:
            lines = self._log.lines
        document = self.status.document(lines, time.time())
        self._objects.put(self._prefix + STATUS, json.dumps(document).encode())
        return document

    def _store_log(self) -> None:
        with self._lock:
            lines = self._log.lines
            if lines == self._stored_lines:
                return
            content = self._log.content()
        self._objects.put(self._prefix + LOG, content)
        self._stored_lines = lines
        self._log_due = time.monotonic() + len(content) / BYTES_PER_S


def iso(seconds: float) -> str:
    """A time as text, such as `2026-08-13T14:05:09.123+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
