"""A bucket that is a folder, a home with a task table, and what environments leave there, for the tests of submissions."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.contracts.records import Claim, Failure, JobRecord, Outcome
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.local.home import LocalHome
from skyburst.objects import open_store
from skyburst.submissions.checking import Bucket, Offer
from skyburst.submissions.following import Follower
from skyburst.submissions.receiving import Reception
from skyburst.submissions.record import Record

BLUEPRINT: dict[str, Any] = {
    "blueprint": 1, "name": "pca", "version": "1.0.0", "command": ["./run.sh"],
    "environment": {"instance_types": ["m5.large"], "max_concurrent": 3, "disk_gb": 40},
    "parameters": {
        "threshold": {"type": "number", "default": 0.5, "maximum": 1}, "mode_of": {"type": "string", "default": "x"},
    },
}  # fmt: skip


def blueprint(**changes: Any) -> Blueprint:
    return parse_blueprint({**BLUEPRINT, **changes}, "test")


class Lab:
    """A bucket of an analysis with the inputs of a group, and a home."""

    def __init__(self, folder: Path, *, name: str = "pca", offer: Blueprint | None = None, **more: Any) -> None:
        self.now = 1795219900.0
        self.path = folder / name
        self.path.mkdir(parents=True)
        self.objects = open_store(self.path)
        self.bucket = Bucket(name, self.objects, Offer("pca", offer or blueprint(), "ab12"), **more)
        self.home = LocalHome(folder / "home")
        self.reception = Reception(self.bucket, self.clock, price=lambda _: 0.5)
        self.put("mylab/inputs/a.npy", b"a")
        self.put("mylab/inputs/b.npy", b"b")
        self.put("mylab/configs/c.yaml", b"threshold: 0.25\n")

    def clock(self) -> float:
        return self.now

    def put(self, key: str, data: bytes = b"") -> None:
        self.objects.put(key, data)

    def text(self, key: str) -> str:
        return self.objects.get(key).decode()

    def listed(self, prefix: str = "") -> set[str]:
        return {entry.key for entry in self.objects.list(prefix)}

    def submit(self, *, at: float | None = None, raw: bytes | None = None, **fields: Any) -> Record:
        document = {
            "dataname": ["mylab/inputs/a.npy", "mylab/inputs/b.npy"], "configname": "mylab/configs/c.yaml", "timestamp": "17",
            **fields,
        }  # fmt: skip
        data = json.dumps({name: value for name, value in document.items() if value is not ...}).encode()
        key = "mylab/submissions/submit.json"
        record, _ = self.reception.receive(key, data if raw is None else raw, self.now if at is None else at)
        return record

    def refused(self, **fields: Any) -> str:
        """Why a submission was refused, which its submitter can see."""
        record = self.submit(**fields)
        assert record.state == "REFUSED", record
        assert self.text(record.folder.end) == "end of analysis marker"
        certificate = self.text(record.folder.certificate)
        assert record.reason.splitlines()[0] in certificate
        assert "Shutting down job." in certificate
        return record.reason

    def follower(self) -> Follower:
        return Follower(self.bucket, self.home.table, self.home.objects, self.clock)

    def start(self, record: Record, combiner: str = "skyburst.environments.dataset:collect") -> Job:
        """Have the submission have a job in the task table, which nothing drives."""
        spec = parse_job(record.specification or {})
        job_id = f"pca-{record.name}"
        analysis = {"name": "pca", "blueprint": blueprint().document(), "combiner": combiner}
        self.home.table.create_job(
            JobRecord(job_id, spec.document(), analysis, {}, JobState.RUNNING, created_at=time.time())
        )
        self.reception.started(record, job_id)
        return Job(self, job_id)


class Job:
    """A job whose environments are this script."""

    def __init__(self, lab: Lab, job_id: str) -> None:
        self.lab = lab
        self.job_id = job_id
        self.table = lab.home.table
        self.objects = lab.home.objects
        self.names: dict[int, str] = {}
        """Of datasets, where they matter."""
        self._logs: dict[int, bytes] = {}

    def tells(self, number: int, **document: Any) -> None:
        """An environment says how its dataset is."""
        self.table.claim(self.job_id, [Claim(number, 1, self.lab.now, self.lab.now + 60)])
        whole = {
            "dataset": self.names.get(number, "x"), "data": "x", "config": None, "state": "RUNNING", "reason": "",
            "exit_code": None, "attempt": 1,
            "started_at": self.lab.now, "finished_at": None, "cpu_percent": 12.3, "memory_mb": 100.0, "files": [],
            **document,
        }  # fmt: skip
        self.objects.put(f"jobs/{self.job_id}/datasets/{number:08d}/status.json", json.dumps(whole).encode())

    def writes(self, number: int, *lines: str) -> None:
        """A command writes lines."""
        for line in lines:
            entry = json.dumps({"at": self.lab.now, "stream": "out", "text": line}).encode() + b"\n"
            self._logs[number] = self._logs.get(number, b"") + entry
        self.objects.put(f"jobs/{self.job_id}/datasets/{number:08d}/log.jsonl", self._logs[number])

    def ends(
        self, number: int, state: str = "SUCCEEDED", exit_code: int | None = 0, *,
        refused: list[dict[str, str]] | None = None, **files: bytes,
    ) -> None:  # fmt: skip
        """A command ends with outputs; `_` in their names stands for a dot, `__` for a slash."""
        named = {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
        for name, data in named.items():
            self.objects.put(f"jobs/{self.job_id}/datasets/{number:08d}/results/{name}", data)
        self.tells(
            number, state=state, exit_code=exit_code, finished_at=self.lab.now + 60,
            reason="" if state == "SUCCEEDED" else "it went wrong",
            files=[{"name": name, "size": len(data), "sha256": ""} for name, data in named.items()], refused=refused or [],
        )  # fmt: skip
        failure = None if state == "SUCCEEDED" else Failure("CommandFailed", "it went wrong")
        self.batch_ends(number, failure)

    def batch_ends(self, number: int, failure: Failure | None = None) -> None:
        """The engine notes the end of a batch."""
        outcome = Outcome(number, 1, 1, b"0", None, 1, None, self.lab.now, 60.0, 100.0, None, failure)
        if failure is None:
            self.table.record(self.job_id, [outcome])
        else:
            self.table.record_failure(self.job_id, outcome, BatchState.FAILED)

    def finish(self, state: JobState = JobState.SUCCEEDED, reason: str = "all 2 batches are done") -> None:
        job = self.table.job(self.job_id)
        job.state, job.reason, job.finished_at = state, reason, self.lab.now
        self.table.update_job(job)
