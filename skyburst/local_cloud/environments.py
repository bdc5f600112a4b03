"""One execution environment of a Lambda function: a process, the zip it runs, and the credentials of its role."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import psutil

from skyburst.errors import Invalid, WrongVersion
from skyburst.local_cloud.faults import Kill
from skyburst.local_cloud.keeping import MARK
from skyburst.local_cloud.runtime_api import Invocation, RuntimeApi

HERE = Path(__file__).resolve().parent
PROVIDED = (
    "awslambdaric", "simplejson", "snapshot_restore_py", "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six",
    "urllib3",
)  # fmt: skip
"""What the Python runtime of AWS brings along, so that functions need not: the runtime client and boto3."""
LOOK_S = 0.02
"""Seconds between looks at a running process: what it wrote, its memory, whether it lives."""
BETWEEN_MEMORY_LOOKS_S = 0.1
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/opt/bin"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an execution environment is made from."""

    name: str
    arn: str
    version: str
    runtime: str
    """Such as `python3.12`."""
    handler: str
    code: str
    """Digest of the deployed zip."""
    layers: tuple[str, ...]
    """Likewise."""
    variables: tuple[tuple[str, str], ...]
    memory_mb: int
    timeout_s: float
    role: str
    region: str
    log_group: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of an environment are, and what it speaks to."""

    task: Path
    """The unpacked zip."""
    layers: Path | None
    provided: Path
    """The packages that the Python runtime brings along."""
    scratch: Path
    """Its /tmp, deleted with the environment."""
    endpoint: str
    credentials: dict[str, str]
    """Environment variables with the credentials of the function's role."""
    init_s: float
    """Seconds that the process may take until it is ready."""


class Environment:
    """A process that runs one invocation at a time."""

    def __init__(self, configuration: Configuration, place: Place) -> None:
        now = dt.datetime.now(dt.UTC)
        self.log_stream = f"{now:%Y/%m/%d}/[{configuration.version}]{uuid.uuid4().hex}"
        self._configuration = configuration
        self._place = place
        self._rest = b""
        self._fresh = True
        self._peak_mb = 0
        self._killed = False
        self.idle_since = 0.0
        """When it last had done something, by `time.monotonic`; whoever keeps it sets this."""
        self._api = RuntimeApi()
        place.scratch.mkdir(parents=True)
        self._process = subprocess.Popen(
            command_of(configuration.runtime, place),
            cwd=place.task,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._output, False)
        # The memory of a process that just ended cannot be asked for; it is told to be dead by `alive`.
        self._usage = psutil.Process(self._process.pid)

    @property
    def alive(self) -> bool:
        """Whether the process can run another invocation."""
        # The operating system ends a killed process when it comes to it, and until then it looks alive.
        return not self._killed and self._process.poll() is None

    def run(self, invocation: Invocation, kill: Kill | None = None) -> None:
        """Run one invocation to its end, whatever end that is.

        Args:
            invocation: its outcome and what it logs are put there.
            kill: when the process is killed on purpose, if it is.
        """
        cold, self._fresh = self._fresh, False
        started = time.monotonic()
        invocation.lines.append(f"START RequestId: {invocation.id} Version: {self._configuration.version}")
        if not cold or self._became_ready(invocation):
            init_s = time.monotonic() - started
            started = time.monotonic()
            invocation.deadline = time.time() + invocation.timeout_s
            if kill == Kill():
                self.kill()
            self._api.hand_over(invocation)
            self._watch(invocation, started, kill)
        else:
            init_s = time.monotonic() - started
        self._read_output(invocation)
        ran_ms = (time.monotonic() - started) * 1000
        report = (
            f"REPORT RequestId: {invocation.id}\tDuration: {ran_ms:.2f} ms\tBilled Duration: {int(ran_ms) + 1} ms\t"
            f"Memory Size: {self._configuration.memory_mb} MB\tMax Memory Used: {self._peak_mb} MB"
        )
        if cold:
            report += f"\tInit Duration: {init_s * 1000:.2f} ms"
        invocation.lines += [f"END RequestId: {invocation.id}", report]

    def kill(self) -> None:
        """End the process at once; who runs an invocation in it finds out."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process and delete its scratch folder. Not while it runs an invocation."""
        self.kill()
        self._process.wait()
        self._api.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._place.scratch, ignore_errors=True)

    def _became_ready(self, invocation: Invocation) -> bool:
        until = time.monotonic() + self._place.init_s
        while not self._api.ready.wait(LOOK_S) and self.alive and time.monotonic() < until:
            self._read_output(invocation)
        if self._api.init_error is not None:
            invocation.finish(self._api.init_error, "Unhandled")
        elif not self.alive:
            invocation.fail("Runtime.ExitError", f"Runtime exited with error: {self._how_it_ended()}")
        elif not self._api.ready.is_set():
            invocation.fail("Sandbox.Timedout", f"Task timed out after {self._place.init_s:.2f} seconds")
        else:
            return True
        self.kill()
        return False

    def _watch(self, invocation: Invocation, started: float, kill: Kill | None) -> None:
        next_memory_look = started
        while not invocation.done.wait(LOOK_S):
            now = time.monotonic()
            self._read_output(invocation)
            if kill is not None and not kill.at_end and now - started >= kill.after_s:
                self.kill()
            if now >= next_memory_look and self._uses_too_much():
                self.kill()
            if now >= next_memory_look:
                next_memory_look = now + BETWEEN_MEMORY_LOOKS_S
            # An answer that was given before the process ended counts; it is there when the process is seen to be dead.
            if not self.alive and not invocation.done.wait(LOOK_S):
                invocation.fail("Runtime.ExitError", f"Runtime exited with error: {self._how_it_ended()}")
            elif now - started > invocation.timeout_s:
                invocation.fail("Sandbox.Timedout", f"Task timed out after {invocation.timeout_s:.2f} seconds")
                self.kill()

        if kill is not None and kill.at_end and invocation.error is None:
            self.kill()
            invocation.done.clear()
            invocation.fail("Runtime.ExitError", f"Runtime exited with error: {self._how_it_ended()}")

    def _uses_too_much(self) -> bool:
        try:
            used_mb = self._usage.memory_info().rss >> 20
        except psutil.NoSuchProcess:
            return False
        self._peak_mb = max(self._peak_mb, used_mb)
        return used_mb > self._configuration.memory_mb

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        return f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name[3:].lower()}"

    def _read_output(self, invocation: Invocation) -> None:
        """Put the whole lines that the process wrote into the log of the invocation."""
        while True:
            try:
                data = os.read(self._output, 65_536)
            except BlockingIOError:
                return
            if not data:
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            invocation.lines += [line.decode("utf-8", "replace") for line in lines if line]

    def _variables(self) -> dict[str, str]:
        is_ = self._configuration
        variables = {
            "PATH": SEARCH_PATH,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(self._place.scratch),
            "TMPDIR": str(self._place.scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
            **dict(is_.variables),
            MARK: str(self._place.scratch),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "_HANDLER": is_.handler,
            "LAMBDA_TASK_ROOT": str(self._place.task),
            "AWS_LAMBDA_FUNCTION_NAME": is_.name,
            "AWS_LAMBDA_FUNCTION_VERSION": is_.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(is_.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": is_.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{is_.runtime}",
            "AWS_REGION": is_.region,
            "AWS_DEFAULT_REGION": is_.region,
            "AWS_ENDPOINT_URL": self._place.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._place.credentials,
        }
        if self._place.layers and is_.runtime.startswith("nodejs"):
            variables["NODE_PATH"] = str(self._place.layers / "nodejs" / "node_modules")
        return variables


def command_of(runtime: str, place: Place) -> list[str]:
    """The command that runs a function of a runtime. Raises Invalid for a runtime that cannot be run here."""
    if runtime.startswith("python3."):
        # -I -S: not the project's source, not what else is installed. What a zip lacks is missed, as on AWS.
        paths = [place.task, *([place.layers / "python"] if place.layers else []), place.provided]
        return [sys.executable, "-I", "-S", str(HERE / "python_runtime.py"), *map(str, paths)]
    node = shutil.which("node")
    if runtime.startswith("nodejs") and node:
        return [node, str(HERE / "node_runtime.mjs")]
    missing = "there is no `node` on the search path" if runtime.startswith("nodejs") else "only Python and Node.js are"
    raise Invalid(f"the runtime {runtime!r} of a function cannot be run here: {missing}")


def provide_packages(folder: Path) -> Path:
    """A folder with the packages that AWS's Python runtime brings along, linked from where they are installed."""
    folder.mkdir(parents=True)
    missing = []
    for name in PROVIDED:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            missing.append(name)
        else:
            origin = Path(found.origin)
            source = origin.parent if found.submodule_search_locations else origin
            (folder / source.name).symlink_to(source)
    native = importlib.util.find_spec("runtime_client")
    if native is not None and native.origin is not None:
        (folder / Path(native.origin).name).symlink_to(native.origin)
    if missing:
        raise WrongVersion(f"the local cloud needs {', '.join(missing)}; install skyburst[cloud]")
    return folder


def error_document(error: BaseException) -> bytes:
    """An error in the shape in which Lambda reports errors of functions."""
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()
