"""Memory and time of a combiner on AWS: 10,000 partial results of 100 KB in a function of 512 MB.

The task table is in DynamoDB (moto's server, in a process of its own), the partial results in an S3 of this file that answers
each request after so many milliseconds. The combiner is the code that is deployed, in processes that may have no more
memory than the function; groups of a combining tree each run in such a process, as each has an environment of its own on AWS.

    python -m benchmarks.combine_memory

Beside it, what is usually written: read every partial result into a list, then combine the list.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import re
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.homes_aws.dynamodb import CREDENTIALS, REGION, new_tables

ROOT = Path(__file__).resolve().parent.parent
BUCKET = "bucket"
MEMORY_MB = 512
DIFFERENT = 100
"""Partial results that differ; the others have the content of one of them."""
ENTRIES = 100
"""Of one partial result."""
GROUPS_AT_ONCE = 2
SHARDS = 4
"""Of the job; it would have 32, but moto answers few queries a second, and a tree of 100 groups asks each shard 100 times."""
ENDED = json.dumps({"peak_mb": MEMORY_MB, "state": "(ended: out of memory)"})
ANALYSIS = """
import skyburst
from skyburst import combiners

@skyburst.combiner
def streaming(partials):
    for partial in partials:
        yield max(entry["score"] for entry in partial.results())

tree = combiners.top_k(1_000, "score")

@skyburst.combiner
def list_of_all(partials):
    values = [partial.value for partial in partials]
    return [max(entry["score"] for entry in value) for value in values]
"""


def partial_result(seed: int, size: int) -> bytes:
    """A stored partial result of about so many bytes, of entries that hardly shrink when compressed."""
    from skyburst.stored import store_value

    chance = random.Random(seed)
    text = "".join(chance.choices(string.ascii_letters + string.digits, k=int(size * 1.34)))
    width = len(text) // ENTRIES
    value = [{"score": chance.random(), "image": text[at * width : (at + 1) * width]} for at in range(ENTRIES)]
    with tempfile.TemporaryDirectory() as scratch:
        stored = store_value(value, Path(scratch))
        return stored.path.read_bytes() if stored.path else stored.payload or b""


class Store(ThreadingHTTPServer):
    """An S3 that keeps what is put into it in memory, and takes its time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, size: int, wait_s: float) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.wait_s = wait_s
        self.partials = [partial_result(seed, size) for seed in range(DIFFERENT)]
        self.objects: dict[str, bytes] = {}

    def handle_error(self, *_: Any) -> None:
        """Nothing: who asked was ended, out of memory."""

    def found(self, key: str) -> bytes | None:
        """An object; a partial result has one of a few contents."""
        partial = re.fullmatch(r"jobs/job/partials/(\d+)", key)
        return self.partials[int(partial[1]) % DIFFERENT] if partial else self.objects.get(key)


class Answers(BaseHTTPRequestHandler):
    """Answers what the combiner asks of S3."""

    server: Store
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        time.sleep(self.server.wait_s)
        path, _, query = self.path.partition("?")
        if "list-type" in query:
            self._answer(
                200, b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
            )
            return
        data = self.server.found(path.removeprefix(f"/{BUCKET}/"))
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not asked:
            self._answer(200, data)
            return
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(data))
        self._answer(206, data[start:end], {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"})

    def do_PUT(self) -> None:
        time.sleep(self.server.wait_s)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.objects[self.path.removeprefix(f"/{BUCKET}/")] = data
        self._answer(200, b"", {"ETag": '"0"'})

    def do_POST(self) -> None:  # EventBridge
        entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
        self._answer(200, json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * len(entries)}).encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        more = {"Last-Modified": "Sat, 01 Jan 2000 00:00:00 GMT", "ETag": '"0"', "Content-Length": str(len(body))}
        for name, value in {**more, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


# The function: a process of its own


def function() -> None:
    """One environment of the combiner's function: answers events, one a line, with its peak memory."""
    from skyburst.engine.work import peak_memory_mb
    from skyburst.homes.aws.combiner import CombinerFunction
    from skyburst.homes.aws.deployed import Deployed

    threading.Thread(target=end_beyond_memory, daemon=True).start()
    answers, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to which metrics go
    deployed = Deployed.from_environment()
    deployed.objects.at_once = int(os.environ.get("AT_ONCE", deployed.objects.at_once))
    combiner = CombinerFunction(deployed, Path(os.environ["ANALYSIS"]))
    invoking = Invoking()
    deployed_client = deployed.client
    object.__setattr__(
        deployed,
        "client",
        lambda service, **more: invoking if service == "lambda" else deployed_client(service, **more),
    )
    for line in sys.stdin:
        answer = combiner.handle(json.loads(line))
        told = {
            "peak_mb": max(peak_memory_mb(), invoking.peak_mb), "state": answer.get("state"), "reason": answer.get("reason"),
        }  # fmt: skip
        print(json.dumps(told), file=answers, flush=True)


def end_beyond_memory() -> None:
    """End this process when it is larger than the function may be, as Lambda does: a limit of Linux would count stacks."""
    while True:
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
        if resident > MEMORY_MB * 2**20:
            os._exit(137)
        time.sleep(0.01)


class Invoking:
    """Has other environments merge the groups of a tree."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._idle: queue.Queue[Environment] = queue.Queue()
        self._made = 0
        self._lock = threading.Lock()

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """Run one event in an environment."""
        with self._lock:
            if self._made < GROUPS_AT_ONCE:
                self._made += 1
                self._idle.put(Environment(dict(os.environ)))
        environment = self._idle.get()
        try:
            self.peak_mb = max(self.peak_mb, environment.run(json.loads(arguments["Payload"]))["peak_mb"])
        finally:
            self._idle.put(environment)
        return {}


class Environment:
    """A process that runs the function."""

    def __init__(self, variables: dict[str, str]) -> None:
        command = [sys.executable, "-m", "benchmarks.combine_memory", "--function"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer one event."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or ENDED)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


# What is measured


@contextmanager
def dynamodb() -> Iterator[str]:
    """A server of DynamoDB; its address."""
    command = [sys.executable, "-m", "tests.homes_aws.dynamodb"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        yield server.stdout.readline().strip()
        server.stdin.close()


def fill(tables: Any, store: Store, batches: int, size: int) -> None:
    """Record the job, and the partial results of all of its batches."""
    from skyburst.contracts import values
    from skyburst.contracts.records import JobRecord, Outcome
    from skyburst.contracts.states import JobState

    plan = {"items": batches, "batch_size": 1, "batches": batches, "levels": 2, "fan_out": 100}
    job_settings = {"tolerated_failure_percent": 0.0}
    analysis = {"name": "benchmark", "blueprint": {"job": job_settings}}
    spec = {"analysis": "benchmark"}
    job = JobRecord("job", spec, analysis, {}, JobState.RUNNING, created_at=time.time(), plan=plan, runs=1)
    table = tables.open()
    table.create_job(job, shards=SHARDS)
    outcomes = [
        Outcome(n, 1, 1, None, f"jobs/job/partials/{n}", size, None, 1.0, 1.0, 1.0, None, None) for n in range(batches)
    ]
    for first in range(0, batches, 500):
        table.record("job", outcomes[first : first + 500])
    table.close()
    for combiner in ("streaming", "tree", "list_of_all"):
        reference = {"name": "benchmark", "worker": "", "combiner": f"code:{combiner}", "items": None}
        brief = {
            "job_id": "job", "name": None, "analysis": reference, "parameters": {}, "items": {"range": [0, batches]},
            "plan": plan, "resources": {}, "manager": "m", "lanes": [], "combiner": "c", "run": RUNS[combiner],
        }  # fmt: skip
        store.objects[f"jobs/job/brief-{RUNS[combiner]}.json"] = values.encode(brief)


RUNS = {"streaming": 1, "tree": 2, "list_of_all": 3}


def measure(tables: Any, variables: dict[str, str], combiner: str) -> tuple[float, dict[str, Any]]:
    """Seconds of combining, and what the function answered."""
    from skyburst.contracts.states import JobState

    table = tables.open()
    job = table.job("job")
    job.state = JobState.RUNNING
    table.update_job(job)
    table.close()
    environment = Environment(variables)
    try:
        began = time.monotonic()
        answer = environment.run({"task": "combine", "job": "job", "run": RUNS[combiner]})
        return time.monotonic() - began, answer
    finally:
        environment.close()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--function", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=100)
    parser.add_argument("--wait-ms", type=float, default=25.0, help="of S3 before it answers")
    parser.add_argument("--one-at-a-time", action="store_true", help="without reading ahead as well: five minutes more")
    given = parser.parse_args()
    if given.function:
        function()
        return
    os.environ.update(CREDENTIALS, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION)
    store = Store(given.kilobytes * 1000, given.wait_ms / 1000)
    threading.Thread(target=store.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, dynamodb() as address, new_tables(address) as tables:
        (Path(folder) / "code.py").write_text(ANALYSIS, encoding="utf-8")
        fill(tables, store, given.batches, len(store.partials[0]))
        variables = {
            **os.environ, "ANALYSIS": folder, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store.server_port}",
            "AWS_ENDPOINT_URL_DYNAMODB": address, "SKYBURST_BUCKET": BUCKET, "SKYBURST_BATCHES": tables.batches,
            "SKYBURST_JOBS": tables.jobs, "SKYBURST_PREFIX": "benchmark",
        }  # fmt: skip
        stored = sum(len(store.partials[n % DIFFERENT]) for n in range(given.batches)) / 1e6
        print(
            f"{given.batches:,} partial results of {len(store.partials[0]) / 1000:.0f} KB, {stored:,.0f} MB, in objects that "
            f"take {given.wait_ms:g} ms each; {MEMORY_MB} MiB of memory\n"
        )
        print(f"{'':38}{'peak MiB':>9}{'seconds':>9}  ended as")
        alone = [("streaming", "streaming, one object at a time")] if given.one_at_a_time else []
        for combiner, what in (
            *alone,
            ("streaming", "streaming combiner"),
            ("tree", f"associative one, as a tree ({GROUPS_AT_ONCE} at once)"),
            ("list_of_all", "a list of all partial results"),
        ):
            more = {"AT_ONCE": "1"} if "one object" in what else {}
            seconds, answer = measure(tables, {**variables, **more}, combiner)
            ended = f"{answer['state']}{': ' + answer['reason'] if answer['state'] == 'FAILED' else ''}"
            print(f"{what:38}{answer['peak_mb']:9.0f}{seconds:9.1f}  {ended}", flush=True)
    store.shutdown()


if __name__ == "__main__":
    main()
