"""Jobs of commands at home local: what they find around them, what they leave, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import skyburst
from skyburst.cli.certificate_text import certificate_text
from skyburst.cli.datasets import table_lines
from skyburst.homes.local.home import LocalHome
from tests.waiting import PATIENCE_S, eventually

EVERYTHING = """
set -e
cat "$1" >&2
pwd > "$SKYBURST_RESULTS/pwd"
env > "$SKYBURST_RESULTS/env"
(cd "$SKYBURST_INPUTS" && find . -type f | sort) > "$SKYBURST_RESULTS/inputs"
cp "$SKYBURST_CONFIG" "$SKYBURST_RESULTS/"
mkdir -p "$SKYBURST_RESULTS/deep/er"
echo spoilt > "$SKYBURST_INPUTS/$(ls "$SKYBURST_INPUTS" | head -1)" || true
echo table > "$SKYBURST_RESULTS/deep/er/table.csv"
ln -s deep/er/table.csv "$SKYBURST_RESULTS/link.csv"
ln -s /etc/passwd "$SKYBURST_RESULTS/passwd"
mkfifo "$SKYBURST_RESULTS/pipe"
echo mine > "$SKYBURST_LOGS/own.log"
skyburst-env progress 0.5 halfway
skyburst-env log "a note"
"""


GREEDY = f"{sys.executable} -c 'import time; x = b\"x\" * (400 << 20); time.sleep(100)'"


def files_of(handle, number=0):
    """The delivered files of a dataset by name."""
    job = handle.record()
    return {
        name: Path(file.location).read_bytes()
        for name, file in handle.home.dataset_files(job, handle.datasets()[number]).items()
    }


def job_of(error):
    return skyburst.JobHandle(error.value.job_id)


def test_a_command_finds_its_data_and_config_and_leaves_its_results(analysis, data):
    items = [{"data": [str(data / "a.txt"), str(data / "session")], "name": "mouse 1", "config": {"word": "bye"}}]
    result = skyburst.run(analysis(EVERYTHING), items=items)
    handle = skyburst.JobHandle(result.job_id)
    (status,) = handle.datasets()
    assert (status["state"], status["exit_code"], status["progress"], status["attempt"]) == ("SUCCEEDED", 0, 1.0, 1)
    files = files_of(handle)
    assert set(files) == {"pwd", "env", "inputs", "config.json", "deep/er/table.csv", "link.csv"}
    assert files["inputs"].split() == [b"./a.txt", b"./session/part/y.txt", b"./session/x.txt"]
    assert json.loads(files["config.json"]) == {"word": "bye"}
    assert files["link.csv"] == b"table\n"
    variables = dict(line.split("=", 1) for line in files["env"].decode().splitlines())
    assert variables["SKYBURST_DATASET"] == "mouse 1"
    assert (variables["SKYBURST_DATASET_NUMBER"], variables["SKYBURST_ATTEMPT"], variables["SKYBURST_GPUS"]) == (
        "0",
        "1",
        "0",
    )
    assert (variables["SKYBURST_MEMORY_MB"], variables["SKYBURST_TIMEOUT_S"]) == ("512", "60")
    assert variables["SKYBURST_JOB"] == result.job_id
    assert "SKYBURST_HOME" not in variables, "nothing of this process but what is needed"
    assert "OMP_NUM_THREADS" not in variables
    assert Path(variables["HOME"]).parent == Path(files["pwd"].decode()).parent
    assert not Path(variables["HOME"]).parent.exists(), "what it worked in is removed"
    assert (data / "a.txt").read_text() == "alpha\n", "a command has copies of its own"
    assert {entry["name"]: entry["size"] for entry in status["files"]}["deep/er/table.csv"] == 6
    assert [entry["name"] for entry in status["logs"]] == ["own.log"]
    assert {entry["name"] for entry in status["refused"]} == {"passwd", "pipe"}
    assert "not delivered: mouse 1: results/pipe: it is not a file" in table_lines([status], result.job_id, "")
    certificate = handle.certificate()
    assert certificate["datasets"][0]["refused"] == status["refused"]
    assert "    not delivered: results/pipe: it is not a file" in certificate_text(certificate)
    assert [(entry["location"], entry["size"]) for entry in status["inputs"]] == [
        (str(data / "a.txt"), 6),
        (str(data / "session"), 3),
    ]
    log = handle.home.dataset_log(handle.record(), 0)
    assert ("err", "a file of the analysis") in [(line["stream"], line["text"]) for line in log]
    assert {"halfway", "a note"} <= {line["text"] for line in log if line["stream"] == "env"}
    assert [line["line"] for line in log] == list(range(1, len(log) + 1))
    assert status["lines"] == len(log)
    assert set(result.files) == {"datasets.json", "datasets.csv"}
    assert result.value[0]["dataset"] == "mouse 1"


def test_a_config_file_is_handed_over_byte_for_byte(analysis, data):
    config = data / "my config.yaml"
    config.write_bytes(b"# by hand\nword: 'x'\r\n")
    script = (
        'cp "$SKYBURST_CONFIG" "$SKYBURST_RESULTS/"; '
        'skyburst-env get-config word > "$SKYBURST_RESULTS/word"; cat "$SKYBURST_INPUTS"/*.txt'
    )
    items = [{"data": f"{data}/session/", "config_file": str(config)}]
    handle = skyburst.JobHandle(skyburst.run(analysis(script), items=items).job_id)
    assert files_of(handle) == {"my config.yaml": config.read_bytes(), "word": b"x\n"}
    assert "x" in [line["text"] for line in handle.home.dataset_log(handle.record(), 0)], "a folder's files themselves"


def test_a_command_that_fails_fails_its_dataset_once_and_its_results_are_kept(analysis, data):
    script = 'echo partly > "$SKYBURST_RESULTS/partly"; echo "no such knob" >&2; grep -q alpha "$SKYBURST_INPUTS/a.txt" && exit 4'
    with pytest.raises(skyburst.JobFailed, match="CommandFailed: its command ended with exit code 4") as error:
        skyburst.run(analysis(script), items=[str(data / "a.txt"), {"data": [str(data / "b.txt")], "name": "b"}])
    handle = job_of(error)
    first, second = handle.datasets()
    assert (first["state"], first["exit_code"], first["attempt"]) == ("FAILED", 4, 1)
    assert second["exit_code"] == 2, "grep says so of a file that is not there"
    assert files_of(handle) == {"partly": b"partly\n"}
    failures = handle.batches()[0].failures
    assert [(failure.kind, failure.traceback) for failure in failures] == [("CommandFailed", "no such knob")]


def test_datasets_that_failed_are_in_the_result_beside_those_that_did_not(analysis, data):
    items = [str(data / "a.txt"), str(data / "b.txt")]
    result = skyburst.run(analysis('[ "$SKYBURST_DATASET" = a.txt ]'), items=items, tolerated_failure_percent=50)
    assert result.state == "PARTIAL"
    assert [(entry["dataset"], entry["state"], entry["exit_code"]) for entry in result.value] == [
        ("a.txt", "SUCCEEDED", 0),
        ("b.txt", "FAILED", 1),
    ]
    table = result.files["datasets.csv"].read_text().splitlines()
    assert table[2].startswith("1,b.txt,FAILED,1,1,")


@pytest.mark.parametrize(
    ("script", "environment", "state", "kind"),
    [
        ("sleep 100", "timeout_min = 0.02", "TIMED_OUT", "TimedOut"),
        (GREEDY, "memory_mb = 200", "OUT_OF_MEMORY", "OutOfMemory"),
        ("kill -KILL $$", "", "FAILED", "CommandFailed"),
    ],
)  # fmt: skip
def test_a_dataset_past_its_limits_is_ended_and_not_tried_again(analysis, data, script, environment, state, kind):
    with pytest.raises(skyburst.JobFailed) as error:
        skyburst.run(analysis(script, environment), items=[str(data / "a.txt")])
    (status,) = job_of(error).datasets()
    assert (status["state"], status["attempt"]) == (state, 1)
    assert [failure.kind for failure in job_of(error).batches()[0].failures] == [kind]


@pytest.mark.parametrize(
    ("item", "told"),
    [("/nowhere/at/all", "there is no file or folder /nowhere/at/all"), ({"dta": 1}, "a dataset has no such field")],
)
def test_data_that_is_gone_fails_its_dataset_with_the_reason(analysis, data, tmp_path, item, told):
    from skyburst.homes.job_items import INDEX
    from skyburst.manifest import write_manifest
    from skyburst.objects import open_store

    store = open_store(tmp_path / "list", create=True)  # a stored list is not looked through before the job starts
    store.put(INDEX, json.dumps(write_manifest(store, store.location, "items", [item]).document()).encode())
    with pytest.raises(skyburst.JobFailed, match=told) as error:
        skyburst.run(analysis("true"), items={"manifest": str(tmp_path / "list")})
    (status,) = job_of(error).datasets()
    assert status["state"] == "FAILED"
    assert told in status["reason"]
    assert len(job_of(error).batches()[0].failures) == 1


def test_a_command_that_removes_its_own_folders_succeeds_all_the_same(analysis, data):
    result = skyburst.run(analysis('rm -rf "$SKYBURST_RESULTS" "$SKYBURST_LOGS" "$HOME"'), items=[str(data / "a.txt")])
    (status,) = skyburst.JobHandle(result.job_id).datasets()
    assert [entry["name"] for entry in status["refused"]] == [".", "."]


SLOW = """
trap 'echo kept > "$SKYBURST_RESULTS/kept"; exit 9' TERM
(setsid sleep 1000 &)
touch "{mark}" "{mark}-$SKYBURST_DATASET_NUMBER"
while :; do sleep 0.05; done
"""


def sleepers(folder):
    """Processes that work below a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(str(folder)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_cancelled_job_ends_its_command_soon_and_keeps_what_it_left(analysis, data, tmp_path, state_folder):
    mark = tmp_path / "begun"
    handle = skyburst.submit(
        analysis(SLOW.format(mark=mark)), items=[str(data / "a.txt"), str(data / "b.txt"), str(data / "session")]
    )
    eventually(lambda: all(mark.with_name(f"begun-{number}").exists() for number in range(2)))
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "CANCELLED"
    states = [status["state"] for status in handle.datasets()]
    assert states == ["CANCELLED", "CANCELLED", "PENDING"]
    assert files_of(handle) == {"kept": b"kept\n"}
    assert sleepers(state_folder) == []


def test_a_job_whose_driver_is_killed_leaves_no_command_behind_and_goes_on(analysis, data, tmp_path, state_folder):
    mark = tmp_path / "begun"
    folder = analysis(f'[ -e "{mark}2" ] && exit 0\n' + SLOW.format(mark=mark))
    program = [sys.executable, "-m", "skyburst", "run", folder, "--items", str(data / "a.txt"), "-q"]
    driver = subprocess.Popen(program, start_new_session=True, stderr=subprocess.DEVNULL)
    eventually(mark.exists)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    eventually(lambda: sleepers(state_folder) == [])
    home = LocalHome()
    job = home.find_job("last")
    handle = skyburst.JobHandle(job.job_id, home)
    assert [status["state"] for status in handle.datasets()] == ["RUNNING"]
    assert handle.interrupted()
    Path(f"{mark}2").touch()
    handle.resume()
    assert handle.wait(PATIENCE_S) == "SUCCEEDED"
    assert [status["state"] for status in handle.datasets()] == ["SUCCEEDED"]


def test_originals_are_linked_on_request_and_a_command_that_changes_one_fails(analysis, data, monkeypatch):
    monkeypatch.setenv("SKYBURST_LINK_INPUTS", "1")
    items = [str(data / "a.txt"), str(data / "session")]
    script = 'find -L "$SKYBURST_INPUTS" -type f -exec cat {} +; '
    script += '[ -L "$SKYBURST_INPUTS/a.txt" ] && echo more >> "$SKYBURST_INPUTS/a.txt"; true'
    with pytest.raises(skyburst.JobFailed, match=r"changed its data .*a\.txt") as error:
        skyburst.run(analysis(script), items=items)
    assert [status["state"] for status in job_of(error).datasets()] == ["FAILED", "SUCCEEDED"]
