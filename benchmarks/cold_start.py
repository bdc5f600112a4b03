"""Cold start of a worker: from an interpreter that has imported nothing to the first line of the developer's code.

Measured in processes of their own, from the very folder that is deployed, as read-only as in Lambda: nothing that one process
compiles helps the next. What Lambda does before, starting a machine and unpacking the code, is not in it.

    python benchmarks/cold_start.py

`with bytecode` is how it is deployed; `without`, how it is when it was bundled by another version of Python than it runs with.
Beside it, what is usually written: boto3 and powertools imported, and clients made, at the top of the file.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cdk_app.bundle import LAYER_FOLDER, Contents, Machine, bundle, layer

TIMES = 15
GOAL_MS = 250
ENVIRONMENT = {
    "SKYBURST_BUCKET": "bucket", "SKYBURST_BATCHES": "batches", "SKYBURST_JOBS": "jobs", "SKYBURST_PREFIX": "skyburst",
    "SKYBURST_LANE": "0", "SKYBURST_ANALYSIS": "nothing", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "worker", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "PATH": os.environ["PATH"],
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-65a5b0c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
}  # fmt: skip
BRIEF = {
    "job_id": "j", "name": None, "analysis": {"name": "nothing", "worker": "worker:work", "combiner": "", "items": None},
    "parameters": {}, "items": {"range": [0, 1]}, "plan": {"items": 1, "batches": 1, "batch_size": 1, "levels": 1, "fan_out": 1},
    "resources": {"batch_timeout_s": 60, "attempts": 1}, "manager": "m", "lanes": ["l"], "combiner": "c", "run": 1,
}  # fmt: skip
WORKER = """
import sys, time
import skyburst

@skyburst.worker
def work(batch):
    sys.stdout.write(f"FIRST {time.perf_counter()}\\n")
    sys.stdout.flush()
    import os
    os._exit(0)
"""
OURS = """
import sys, time
began = time.perf_counter()
sys.path[:0] = PATHS
from workers import handler
imported = time.perf_counter()
from skyburst.objects import ObjectStore, open_store
made = time.perf_counter()

# S3 answers at once: what it takes is not the start of the function. DynamoDB's client is made in the thread beside, as always,
# and takes time away from the developer's code; nobody answers it.
brief_bytes = BRIEF.encode()
class Objects:
    location = "s3://bucket"
    def get(self, key): return brief_bytes
open_store("s3://bucket")
handler.deployed.__dict__["objects"] = Objects()
handler.worker._briefs._objects = Objects()
class Context:
    log_group_name, log_stream_name, aws_request_id = "group", "stream", "request"
    def get_remaining_time_in_millis(self): return 60_000
sys.stdout.write(f"BEGAN {began}\\nIMPORTED {imported}\\nS3 {made}\\n")
handler.handler({"job": "j", "run": 1, "batch": 0, "attempt": 1, "sent_at": 0, "level": 1}, Context())
"""
USUAL = """
import sys, time
began = time.perf_counter()
sys.path[:0] = PATHS
from aws_lambda_powertools import Logger, Metrics, Tracer
imported = time.perf_counter()
import boto3
made = time.perf_counter()
logger, metrics, tracer = Logger(service="worker"), Metrics(namespace="worker"), Tracer(service="worker", disabled=False)
s3, table, functions = boto3.client("s3"), boto3.resource("dynamodb").Table("t"), boto3.client("lambda")
sys.stdout.write(f"BEGAN {began}\\nIMPORTED {imported}\\nS3 {made}\\nFIRST {time.perf_counter()}\\n")
"""

TRACED = """
import sys, time
sys.path[:0] = PATHS
from skyburst.homes.aws.telemetry import logger_of, traced
logger_of("watch")
began = time.perf_counter()
with traced("watch", {"job": "j", "run": 1}):
    made = time.perf_counter()
sys.stdout.write(f"BEGAN {began}\\nIMPORTED {made}\\nS3 {made}\\nFIRST {made}\\n")
"""


def measure(program: str, *folders: Path) -> dict[str, float]:
    """Milliseconds of each part, medians, with these folders to import from."""
    text = program.replace("PATHS", repr(list(map(str, folders)))).replace(
        "BRIEF.encode()", f"{json.dumps(BRIEF)!r}.encode()"
    )
    runs: list[dict[str, float]] = []
    for _ in range(TIMES):
        ran = subprocess.run(
            [sys.executable, "-S", "-s", "-c", text], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        found = dict(
            line.split() for line in ran.stdout.splitlines() if line.startswith(("BEGAN", "IMPORTED", "S3", "FIRST"))
        )
        if "FIRST" not in found:
            raise SystemExit(f"{ran.stdout}{ran.stderr}")
        at = {name: 1_000 * float(value) for name, value in found.items()}
        runs.append(
            {
                "import": at["IMPORTED"] - at["BEGAN"],
                "s3": at["S3"] - at["IMPORTED"],
                "rest": at["FIRST"] - at["S3"],
                "all": at["FIRST"] - at["BEGAN"],
            }
        )
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def imports(*folders: Path) -> list[tuple[float, str]]:
    """The costliest imports of the worker's file, in milliseconds, each with what it imports."""
    text = f"import sys; sys.path[:0] = {list(map(str, folders))}; from workers import handler"
    ran = subprocess.run(
        [sys.executable, "-S", "-s", "-X", "importtime", "-c", text],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.removeprefix("import time:").split("|") for line in ran.stderr.splitlines() if "|" in line][1:]
    own: dict[str, float] = {}
    for alone, _, name in rows:
        package = name.strip().split(".")[0]
        package = (
            package
            if package in ("aws_lambda_powertools", "skyburst", "msgspec", "jmespath", "workers")
            else "standard library"
        )
        own[package] = own.get(package, 0.0) + int(alone) / 1_000
    return sorted(((spent, name) for name, spent in own.items()), reverse=True)


def copy_without_bytecode(source: Path, target: Path) -> Path:
    """The folder as another version of Python would have bundled it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def usual(folder: Path) -> Path:
    """A folder with boto3 and powertools with its tracer, with bytecode."""
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--compile", f"--target={folder}",
         "boto3", "aws-lambda-powertools[tracer]"], check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        analysis = folder / "nothing"
        analysis.mkdir()
        (analysis / "worker.py").write_text(WORKER, encoding="utf-8")
        machine = Machine(
            f"{sys.version_info.major}.{sys.version_info.minor}",
            "x86_64" if os.uname().machine == "x86_64" else "arm64",
        )
        code = bundle(Contents(analysis), machine, folder / "bundles")
        framework = layer(machine, folder / "bundles")
        own = code, framework / LAYER_FOLDER
        plain = copy_without_bytecode(code, folder / "plain")
        plain_framework = copy_without_bytecode(framework, folder / "plain-framework") / LAYER_FOLDER
        theirs = usual(folder / "usual")
        table = {
            "skyburst, with bytecode": measure(OURS, *own),
            "skyburst, without": measure(OURS, plain, plain_framework),
            "boto3 and powertools, with bytecode": measure(USUAL, theirs),
            "boto3 and powertools, without": measure(USUAL, copy_without_bytecode(theirs, folder / "theirs-plain")),
        }
        print(f"Python {sys.version.split()[0]}, median of {TIMES} processes, milliseconds; goal {GOAL_MS}\n")
        print(f"{'':<38}{'imports':>9}{'S3/boto3':>10}{'rest':>8}{'all':>9}")
        for name, row in table.items():
            print(f"{name:<38}{row['import']:9.0f}{row['s3']:10.0f}{row['rest']:8.0f}{row['all']:9.0f}")
        print(
            f"\nother functions, the first time that an invocation is sampled: {measure(TRACED, *own)['all']:.0f} more"
        )
        print("\nimports of the worker's file, with bytecode, milliseconds (slowed by measuring each)")
        for spent, name in imports(*own):
            print(f"{name:<24}{spent:7.1f}")


if __name__ == "__main__":
    main()
