"""Commands are run, watched, bounded and ended with all that they started: real scripts, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from skyburst.environments.runner import run_command
from skyburst.environments.supervisor import Order
from tests.waiting import PATIENCE_S, eventually

REPOSITORY = Path(__file__).resolve().parents[2]


class Heard:
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []
        self.uses = []
        self.endings = []
        self.first_line_at = None

    def line(self, stream, text):
        self.first_line_at = self.first_line_at or time.monotonic()
        self.lines.append((stream, text))

    def use(self, cpu_percent, memory_mb, peak_memory_mb):
        self.uses.append((cpu_percent, memory_mb, peak_memory_mb))

    def ending(self, reason):
        self.endings.append(reason)

    def tick(self):
        pass


@pytest.fixture
def heard():
    return Heard()


def order(tmp_path, command, **fields):
    fields = {"timeout_s": 30.0, "memory_mb": 500.0, "grace_s": 0.3, **fields}
    variables = {"PATH": os.environ["PATH"], "MARK": str(tmp_path)}
    return Order(command=command, folder=str(tmp_path), variables=variables, **fields)


def shell(tmp_path, script, **fields):
    return order(tmp_path, ["bash", "-c", script], **fields)


def python(tmp_path, script, **fields):
    return order(tmp_path, [sys.executable, "-c", textwrap.dedent(script)], **fields)


def left_of(tmp_path):
    """Processes of a test's commands that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("MARK") == str(tmp_path):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_lines_come_as_they_are_written_and_the_exit_code_is_kept(tmp_path, heard):
    began = time.monotonic()
    ended = run_command(shell(tmp_path, "echo out; echo err >&2; sleep 0.5; printf rest; exit 3"), heard, lambda: False)
    assert (ended.exit_code, ended.reason) == (3, None)
    assert sorted(heard.lines) == [("err", "err"), ("out", "out"), ("out", "rest")]
    assert time.monotonic() - heard.first_line_at >= 0.4, "not all at the end"
    assert ended.seconds < time.monotonic() - began


@pytest.mark.parametrize("script", ["true", "sleep 0.05"], ids=["at once", "soon"])
def test_what_a_command_used_is_known_however_short_it_was(tmp_path, heard, script):
    ended = run_command(shell(tmp_path, script), heard, lambda: False)
    assert ended.peak_memory_mb > 0
    assert ended.cpu_s > 0


def test_a_command_that_is_not_there_is_refused(tmp_path, heard):
    ended = run_command(order(tmp_path, ["no-such-program"]), heard, lambda: False)
    assert ended.refused.startswith(
        "its command cannot be started: there is no program 'no-such-program' in the folder"
    )


@pytest.mark.parametrize(
    ("first", "mode", "told"),
    [
        ("#!/bin/sh", 0o644, "is not executable: `chmod +x` makes it so, or put its interpreter before it, such as"),
        ("echo hi", 0o755, "no first line such as #!/bin/bash names an interpreter: put its interpreter before it"),
        ("#!/no/such/shell", 0o755, "run.sh names is not there: install it, or put its interpreter before it"),
    ],
)
def test_a_script_that_cannot_be_started_says_what_to_do_about_it(tmp_path, heard, first, mode, told):
    script = tmp_path / "run.sh"
    script.write_text(f"{first}\n")
    script.chmod(mode)
    ended = run_command(order(tmp_path, [str(script)]), heard, lambda: False)
    assert told in ended.refused
    assert 'command = ["bash", "run.sh"]' in ended.refused


def test_the_signal_that_ended_a_command_is_kept(tmp_path, heard):
    assert run_command(shell(tmp_path, "kill -SEGV $$"), heard, lambda: False).exit_code == -signal.SIGSEGV


def test_binary_output_and_very_much_of_it_hurt_nobody(tmp_path, heard):
    ended = run_command(
        shell(tmp_path, "head -c 3000000 /dev/urandom; head -c 3000000 /dev/zero | tr '\\0' x; yes | head -n 100000"),
        heard,
        lambda: False,
    )
    assert ended.exit_code == 0
    assert heard.lines[-1] == ("out", "y")
    assert max(len(text) for _, text in heard.lines) <= 4_096


def test_output_without_an_end_is_read_until_the_time_is_over(tmp_path, heard):
    ended = run_command(
        shell(tmp_path, "yes $(head -c 2000 /dev/zero | tr '\\0' x)", timeout_s=0.6), heard, lambda: False
    )
    assert ended.reason == "TIMED_OUT"
    assert heard.endings == ["TIMED_OUT"]


def test_a_command_past_its_time_is_asked_to_end_and_may_tidy_up(tmp_path, heard):
    script = "trap 'echo tidied; exit 9' TERM; while :; do sleep 0.05; done"
    ended = run_command(shell(tmp_path, script, timeout_s=0.5, grace_s=5), heard, lambda: False)
    assert (ended.reason, ended.exit_code) == ("TIMED_OUT", 9)
    assert ("out", "tidied") in heard.lines


@pytest.mark.parametrize(
    "script",
    [
        "trap '' TERM; sleep 1000 & while :; do sleep 1; done",
        "(trap '' TERM INT HUP; while :; do sleep 1; done) & sleep 1000",
        "setsid sleep 1000 & nohup sleep 1000 >/dev/null 2>&1 & sleep 1000",
        "(setsid bash -c 'trap \"\" TERM; (sleep 1000 &) ; sleep 1000' &) ; sleep 1000",
        "sleep 1000 & kill -STOP $!; kill -STOP $$",
    ],
    ids=["ignores", "child-ignores", "new-sessions", "orphans-that-ignore", "stopped"],
)
def test_nothing_of_a_command_survives_its_end(tmp_path, heard, script):
    began = time.monotonic()
    ended = run_command(shell(tmp_path, script, timeout_s=0.5), heard, lambda: False)
    assert (ended.reason, ended.left) == ("TIMED_OUT", 0)
    assert left_of(tmp_path) == []
    assert time.monotonic() - began < 500, "it was not waited for"


def test_what_a_command_left_running_is_ended_when_it_ends_itself(tmp_path, heard):
    ended = run_command(
        shell(tmp_path, "sleep 100 & setsid sleep 100 & (setsid sleep 100 &) ; echo done"), heard, lambda: False
    )
    assert (ended.exit_code, ended.reason) == (0, None)
    assert left_of(tmp_path) == []


def test_a_command_is_ended_when_somebody_asks(tmp_path, heard):
    ended = run_command(shell(tmp_path, "echo begun; sleep 100"), heard, lambda: bool(heard.lines))
    assert ended.reason == "CANCELLED"
    assert ended.seconds < 100


def test_a_command_whose_processes_together_take_too_much_memory_is_ended(tmp_path, heard):
    script = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                held = bytearray(b"x" * (100 << 20))
                time.sleep(100)
        time.sleep(100)
    """
    ended = run_command(python(tmp_path, script, memory_mb=200.0), heard, lambda: False)
    assert ended.reason == "OUT_OF_MEMORY"
    assert ended.peak_memory_mb > 200
    assert left_of(tmp_path) == []


def test_memory_that_processes_share_counts_once(tmp_path, heard):
    script = """
        import os, time
        held = bytearray(b"x" * (100 << 20))
        children = [os.fork() or time.sleep(1) or os._exit(0) for _ in range(4)]
        for child in children:
            os.waitpid(child, 0)
    """
    ended = run_command(python(tmp_path, script, memory_mb=300.0), heard, lambda: False)
    assert (ended.exit_code, ended.reason) == (0, None)


def test_what_a_command_uses_is_told_while_it_runs(tmp_path, heard):
    busy = "while time.process_time() < 0.8 or time.time() < end: pass"
    script = f"import time; end = time.time() + 1.2\nheld = bytearray(b'x' * (80 << 20))\n{busy}"
    ended = run_command(python(tmp_path, script, every_s=0.4), heard, lambda: False)
    assert max(use[1] for use in heard.uses) > 80
    assert max(use[0] for use in heard.uses) > 5, "the share of a core that it got, beside all else that runs"
    assert ended.cpu_s > 0.7
    assert ended.peak_memory_mb > 80


def worker_program(tmp_path):
    """A worker that runs a command, in a process of its own."""
    return f"""
import os, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.environments.test_runner import Heard, shell
from skyburst.environments.runner import run_command
from pathlib import Path
script = "trap '' TERM; (setsid sleep 100 &); echo x > begun; while :; do sleep 0.1; done"
ended = run_command(shell(Path({str(tmp_path)!r}), script), Heard(), lambda: False)
print(ended.refused)
"""


def test_a_command_ends_when_its_worker_is_killed(tmp_path):
    worker = subprocess.Popen([sys.executable, "-c", worker_program(tmp_path)], start_new_session=True)
    eventually((tmp_path / "begun").exists)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    eventually(lambda: left_of(tmp_path) == [])


def test_a_command_whose_supervisor_is_killed_is_ended_and_not_taken_for_failed(tmp_path):
    worker = subprocess.Popen([sys.executable, "-c", worker_program(tmp_path)], stdout=subprocess.PIPE, text=True)
    eventually((tmp_path / "begun").exists)
    (supervisor,) = psutil.Process(worker.pid).children()
    supervisor.kill()
    out, _ = worker.communicate(timeout=PATIENCE_S)
    assert "what watches its command was killed" in out
    for process in left_of(tmp_path):  # what left its group and its session is nobody's now
        process.kill()
