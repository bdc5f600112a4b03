"""Runs what a template has in JavaScript: functions of CloudFront and handlers of AppSync, in one process of Node."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Literal

from skyburst.errors import Invalid
from skyburst.local_cloud.keeping import MARK

PROGRAM = Path(__file__).parent / "scripts.mjs"
ENDING_S = 5.0
Kind = Literal["cloudfront", "appsync"]


class ScriptError(Exception):
    """What a script threw."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Scripts:
    """One process for all scripts of a cloud, started when it is first needed; one script runs at a time.

    Args:
        folder: for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._process: subprocess.Popen[str] | None = None

    def run(self, kind: Kind, code: str, argument: Any, handler: str = "handler") -> Any:
        """Call a function of a script; None when an AppSync handler has none of that name.

        Raises:
            ScriptError: what it threw.
            Invalid: when there is no Node.
        """
        request = {"id": next(self._numbers), "kind": kind, "code": code, "handler": handler, "argument": argument}
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        if not line:
            raise ScriptError("Ended", f"the process that runs scripts ended with {process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ScriptError(answer["error"]["name"], answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            node = shutil.which("node")
            if node is None:
                raise Invalid("there is no program `node`, which runs the scripts of a template: install Node.js")
            self._folder.mkdir(parents=True, exist_ok=True)
            self._process = subprocess.Popen(
                [node, str(PROGRAM), str(self._folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
                env={"PATH": os.environ.get("PATH", ""), MARK: str(self._folder)},
            )  # fmt: skip
        return self._process
