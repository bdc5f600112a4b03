"""What a local cloud starts ends with it: when it is killed, and when what it started has left its process group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from skyburst.homes.local.temporary import TemporaryFolder
from skyburst.local_cloud.batch.containers import Container, Limits, provide_programs
from skyburst.local_cloud.keeping import PREFIX, end_all
from tests.waiting import eventually

LEAVES = """
import json, os, subprocess, sys, time
left = subprocess.Popen(["python3", "-c", "import time; time.sleep(600)"], start_new_session=True)
with open(sys.argv[1] + "-", "w") as file:
    json.dump([os.getpid(), left.pid], file)
os.rename(sys.argv[1] + "-", sys.argv[1])
if sys.argv[2] == "stays":
    time.sleep(600)
"""
CLOUD = """
import sys, time
from pathlib import Path
from skyburst.homes.local.temporary import TemporaryFolder
from skyburst.local_cloud.batch.containers import Container, provide_programs
from skyburst.local_cloud.keeping import PREFIX, Keeper, end_all

folder = TemporaryFolder("unused", prefix=PREFIX, end=end_all)
keeper = Keeper(folder.path)
programs = provide_programs(Path(folder.path) / "programs")
container = Container(["python3", "-c", sys.argv[1], sys.argv[2], "stays"], {}, Path(folder.path) / "one", programs)
print(keeper._process.pid, folder.path, flush=True)
time.sleep(600)
"""


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], int, Path, list[int]]]:
    """A process that has a container as clouds have, its keeper, its folder, and the processes of the container."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    told = tmp_path / "told"
    with subprocess.Popen(
        [sys.executable, "-c", CLOUD, LEAVES, str(told)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        keeper, folder = process.stdout.readline().split()
        eventually(told.exists)
        yield process, int(keeper), Path(folder), json.loads(told.read_text())
        process.kill()
    end_all(folder)


def test_a_cloud_that_is_killed_leaves_no_process_and_no_folder(
    cloud: tuple[subprocess.Popen[str], int, Path, list[int]],
) -> None:
    process, keeper, folder, started = cloud
    assert all(lives(pid) for pid in started)
    process.kill()
    process.wait()
    eventually(lambda: not any(lives(pid) for pid in started))
    eventually(lambda: not folder.exists())
    eventually(lambda: not lives(keeper))


def test_what_a_cloud_left_that_was_killed_with_its_keeper_is_removed_when_the_next_one_starts(
    cloud: tuple[subprocess.Popen[str], int, Path, list[int]], tmp_path: Path
) -> None:
    process, keeper, folder, started = cloud
    next_one = TemporaryFolder(str(tmp_path), prefix=PREFIX, end=end_all)
    assert folder.exists(), "of a cloud that lives"
    next_one.remove()
    os.kill(keeper, signal.SIGKILL)
    process.kill()
    process.wait()
    next_one = TemporaryFolder(str(tmp_path), prefix=PREFIX, end=end_all)
    assert not folder.exists()
    assert not any(lives(pid) for pid in started)
    assert [path.name for path in tmp_path.glob(f"{PREFIX}*")] == [Path(next_one.path).name]
    next_one.remove()


@pytest.mark.parametrize("how", ["stays", "ends"])
def test_nothing_outlives_a_container_wherever_it_went(tmp_path: Path, how: str) -> None:
    told = tmp_path / "told"
    command = ["python3", "-c", LEAVES, str(told), how]
    container = Container(command, {}, tmp_path / "one", provide_programs(tmp_path / "programs"))
    limits = Limits(4_096, None, 0.0, lambda: "ended" if told.exists() and how == "stays" else None, lambda _: None)
    container.watch(limits, lambda _: None)
    container.close()
    assert not any(lives(pid) for pid in json.loads(told.read_text()))
    assert not (tmp_path / "one").exists()
