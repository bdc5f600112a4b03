"""A watched folder: what is put there runs here, whatever is ended meanwhile. Real jobs in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from skyburst.cli.main import run_program
from skyburst.errors import FolderBusy, InvalidSubmission
from skyburst.homes.local.home import LocalHome
from skyburst.submissions import arrivals
from skyburst.submissions.watching import Told, Watcher, make_folders
from tests.waiting import PATIENCE_S, eventually

NAPPING = """
import os
import time
import skyburst

@skyburst.worker
def nap(batch):
    (item,) = batch.items
    with open(item["data"]) as file:
        text = file.read()
    with open(os.path.join(os.environ["SKYBURST_HOME"], "journal"), "ab", buffering=0) as journal:
        journal.write(b"+")
        time.sleep(batch.parameters["nap"])
        journal.write(b"-")
    if "bad" in text:
        raise ValueError("it is bad")
    return {item["name"]: text}

@skyburst.combiner
def collect(partials, context):
    return {name: text for partial in partials for name, text in partial.value.items()}
"""
BLUEPRINT = """
blueprint = 1
name = "nap"
version = "1.0.0"
worker = "worker:nap"
combiner = "worker:collect"

[resources]
attempts = 1

[environment]
max_concurrent = 2

[parameters.nap]
type = "number"
default = 0.0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A watched folder with the inputs of a group, and the analysis `nap`."""
    analysis = tmp_path / "analyses" / "nap"
    analysis.mkdir(parents=True)
    (analysis / "worker.py").write_text(NAPPING)
    (analysis / "blueprint.toml").write_text(BLUEPRINT)
    monkeypatch.setenv("SKYBURST_PATH", str(analysis.parent))
    monkeypatch.setattr(arrivals, "SETTLED_S", 0.1)
    shared = tmp_path / "shared"
    lab = make_folders(shared, "nap", "mylab")
    for name, text in {"a": "one", "b": "two", "c": "bad"}.items():
        (lab / "inputs" / name).write_text(text)
    (lab / "configs" / "c.yaml").write_text("nap: 0.0\n")
    (lab / "configs" / "long.yaml").write_text("nap: 5.0\n")
    return shared


def submit(folder: Path, timestamp: str, *names: str, config: str = "c.yaml") -> Path:
    lab = folder / "nap" / "mylab"
    document = {
        "dataname": [f"mylab/inputs/{name}" for name in names], "configname": f"mylab/configs/{config}",
        "timestamp": timestamp,
    }  # fmt: skip
    (lab / "submissions" / f"{timestamp}submit.json").write_text(json.dumps(document))
    return lab / "results" / f"job__nap_{timestamp}"


def watching(folder: Path, told: list[Told], *, at_once: int = 4) -> Watcher:
    return Watcher(folder, LocalHome(), time.time, told.append, at_once=at_once)


def until(watcher: Watcher, done: Callable[[], Any]) -> None:
    """Have a watcher look until something is so."""

    def turned() -> Any:
        found = done()
        if not found:
            watcher.turn()
        return found

    eventually(turned)


def _is_driver(process: psutil.Process, job_id: str) -> bool:
    try:
        return process.cmdline()[-1:] == [job_id]
    except psutil.Error:
        return False


def ended(*folders: Path) -> bool:
    return all((folder / "process_results" / "end.txt").exists() for folder in folders)


def test_what_is_put_there_runs_and_what_is_wrong_is_told(folder: Path) -> None:
    told: list[Told] = []
    good, wrong = submit(folder, "1", "a", "b", "c"), submit(folder, "2", "nothing")
    (folder / "nap" / "mylab" / "submissions" / "submit.json").write_text("{no json")
    (folder / "unknown").mkdir()
    watcher = watching(folder, told)
    until(watcher, lambda: ended(good, wrong))
    assert json.loads((good / "process_results" / "result.json").read_text()) == {"a": "one", "b": "two"}
    statuses = [json.loads((good / "logs" / f"DATASET_NAME:{name}_STATUS.txt").read_text())["status"] for name in "abc"]
    assert statuses == ["SUCCESS", "SUCCESS", "FAILED"]
    assert "does not contain mylab/inputs/nothing" in (wrong / "logs" / "certificate.txt").read_text()
    assert watcher.turn() == 1  # the half of a file may still become a whole one
    assert {entry.submission for entry in told if entry.state is None} == {"unknown"}
    assert [entry.state for entry in told if entry.submission == "mylab/job__nap_1"] == ["QUEUED", "STARTED", "ENDED"]


def test_a_file_that_stays_without_sense_is_refused_for_all_to_see(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyburst.submissions.watching.UNFINISHED_S", 0.3)
    lab = folder / "nap" / "mylab"
    (lab / "submissions" / "submit.json").write_text("{no json")
    until(watching(folder, []), lambda: list(lab.glob("results/*/process_results/end.txt")))
    (certificate,) = lab.glob("results/job__nap_2*/logs/certificate.txt")
    assert "INPUT ERROR: Submit file is not JSON" in certificate.read_text()


def test_an_ensemble_of_a_command_has_a_config_and_a_log_each(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = tmp_path / "analyses" / "telling"
    analysis.mkdir()
    (analysis / "blueprint.toml").write_text(
        'blueprint = 1\nname = "telling"\nversion = "1.0.0"\ncommand = ["sh", "run.sh"]\n[environment]\nmemory_mb = 256\n'
    )
    (analysis / "run.sh").write_text(
        'echo "I am $SKYBURST_DATASET"; cp "$SKYBURST_CONFIG" "$SKYBURST_RESULTS/mine.json"; exit 3\n'
    )
    lab = make_folders(folder, "telling", "mylab")
    (lab / "inputs" / "a").write_text("one")
    (lab / "configs" / "e.yml").write_text("ensemble_size: 2\n__duration__: 1\n")
    document = {"dataname": "mylab/inputs/a", "configname": "mylab/configs/e.yml", "timestamp": "1"}
    (lab / "submissions" / "submit.json").write_text(json.dumps(document))
    results = lab / "results" / "job__telling_1"
    until(watching(folder, []), lambda: ended(results))
    delivered = [results / "process_results" / name for name in ("mine.json", "a-2/mine.json", "a/mine.json")]
    configs = [json.loads(path.read_text()) for path in delivered if path.exists()]
    assert sorted(config["jobnb"] for config in configs) == [1, 2]
    for number, name in enumerate(("a", "a-2"), start=1):
        status = json.loads((results / "logs" / f"DATASET_NAME:{name}_STATUS.txt").read_text())
        assert (status["status"], status["reason"]) == ("FAILED", 3)
        assert f"I am {name}" in status["std"].values()
        assert (results / "process_results" / f"job__telling_1inst{number}config.json").exists()
    assert "STATUS: FAILED" in (results / "logs" / "certificate.txt").read_text()


def test_over_the_limit_of_an_analysis_submissions_wait_and_none_is_refused(folder: Path) -> None:
    told: list[Told] = []
    (folder / "nap" / "mylab" / "configs" / "short.yaml").write_text("nap: 0.3")
    folders = [submit(folder, str(number), "a", "b", config="short.yaml") for number in range(3)]
    watcher = watching(folder, told)
    until(watcher, lambda: ended(*folders))
    journal = (watcher.home.folder / "journal").read_bytes()
    running = [journal[:end].count(b"+") - journal[:end].count(b"-") for end in range(len(journal) + 1)]
    assert (journal.count(b"+"), max(running)) == (6, 2)
    certificates = [(path / "logs" / "certificate.txt").read_text() for path in folders]
    assert sum("Waiting for room: of the 2 environments" in text for text in certificates) >= 1
    assert sum("Waiting" in text for text in certificates) == 2


def test_another_watcher_goes_on_when_watcher_and_job_were_killed(folder: Path) -> None:
    told: list[Told] = []
    running = submit(folder, "1", "a", "b", config="long.yaml")
    queued = submit(folder, "2", "a")
    watcher = watching(folder, told)
    until(watcher, lambda: any(entry.state == "STARTED" for entry in told))
    job_id = next(entry.text for entry in told if entry.state == "STARTED").split()[-1]
    home = LocalHome()
    until(watcher, lambda: home.is_driven(job_id))
    found = [one for one in psutil.process_iter(["create_time"]) if _is_driver(one, job_id)]
    min(found, key=lambda one: one.info["create_time"]).kill()  # others are its own, before they are what they will be
    watcher.home.close()
    del watcher
    until(watching(folder, told), lambda: ended(running, queued))
    assert json.loads((running / "process_results" / "result.json").read_text()) == {"a": "one", "b": "two"}
    assert [job.state for job in home.table.jobs()] == ["SUCCEEDED", "SUCCEEDED"]
    home.close()


def test_a_link_out_of_the_folder_of_a_group_and_a_pipe_are_refused_and_nothing_waits_for_them(folder: Path) -> None:
    told: list[Told] = []
    inputs = folder / "nap" / "mylab" / "inputs"
    (folder / "nap" / "other").mkdir()
    (folder / "nap" / "other" / "secret").write_text("one")
    (inputs / "theirs").symlink_to("../../other/secret")
    (inputs / "mine").symlink_to("a")
    (inputs / "loop").symlink_to("loop")
    os.mkfifo(inputs / "pipe")
    (inputs.parent / "configs" / "theirs.yaml").symlink_to("../../other/secret")
    os.mkfifo(inputs.parent / "submissions" / "pipe_submit.json")
    names = ("theirs", "pipe", "loop")
    refused = [submit(folder, name, name) for name in names]
    config, good = submit(folder, "c", "a", config="theirs.yaml"), submit(folder, "good", "mine")
    until(watching(folder, told), lambda: ended(*refused, config, good))
    reasons = {entry.submission.rpartition("_")[2]: entry.text for entry in told if entry.state == "REFUSED"}
    assert "dataname is mylab/inputs/theirs, a link that leads out of the folder of group 'mylab'" in reasons["theirs"]
    assert "configname is mylab/configs/theirs.yaml, a link that leads out" in reasons["c"]
    assert "is mylab/inputs/pipe, which is no file and no folder" in reasons["pipe"]
    assert reasons.keys() == {*names, "c"}


@pytest.mark.parametrize("link", ["job__nap_1", "job__nap_1/logs", "job__nap_1/process_results"])
def test_nothing_is_written_through_a_link_that_leads_out_of_the_results(
    folder: Path, tmp_path: Path, link: str
) -> None:
    told: list[Told] = []
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    path = folder / "nap" / "mylab" / "results" / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(theirs)
    submit(folder, "1", "a")
    until(watching(folder, told), lambda: told)
    assert f"leads out of {folder / 'nap' / 'mylab' / 'results'} by a link" in told[-1].text
    assert list(theirs.iterdir()) == []


def test_a_folder_that_is_gone_for_a_while_and_a_broken_record_end_no_watcher(folder: Path) -> None:
    told: list[Told] = []
    watcher = watching(folder, told)
    watcher.turn()
    for path in (folder / "nap", folder):
        away = path.with_name("away")
        path.rename(away)
        watcher.turn()
        away.rename(path)
        assert "No such file" in told[-1].text
    first = submit(folder, "1", "a")
    until(watcher, lambda: ended(first))
    record = folder / "nap" / "logs" / "submissions" / "mylab" / "job__nap_1.json"
    record.write_bytes(b"")  # as after a loss of power
    another = watching(folder, told)
    another.turn()
    assert f"{record.relative_to(folder / 'nap')} in {folder / 'nap'} is no record" in told[-1].text
    record.unlink()
    until(another, lambda: told[-1].state == "ENDED")


def test_one_watches_a_folder_and_groups_are_called_as_they_can_be(folder: Path) -> None:
    first, second = watching(folder, []), watching(folder, [])
    with first.lock(), pytest.raises(FolderBusy, match="another program watches"), second.lock():
        pass
    with pytest.raises(InvalidSubmission, match="group is 'logs'"):
        make_folders(folder, "nap", "logs")


def test_the_commands_watch_list_and_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    submit(folder, "1", "a")
    assert run_program(["submissions", "watch", str(folder), "--once"]) == 0
    assert "mylab/job__nap_1 ENDED: SUCCEEDED" in capsys.readouterr().err
    assert run_program(["submissions", "list", str(folder)]) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["SUBMISSION", "GROUP", "STATE", "DATASETS", "DONE", "RECEIVED", "JOB"]
    assert line.split()[:6] == ["job__nap_1", "mylab", "ENDED", "(SUCCEEDED)", "1", "1"]
    assert run_program(["submissions", "list", str(folder / "nap"), "--json", "--group", "mylab"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["datasets"][0]["dataname"] == "mylab/inputs/a"
    assert run_program(["submissions", "show", str(folder), "job__nap_1"]) == 0
    assert "DATANAME: mylab/inputs/a | STATUS: SUCCESS" in capsys.readouterr().out
    assert run_program(["submissions", "show", str(folder), "nothing"]) == 6


def test_ctrl_c_stops_watching_and_the_job_goes_on(folder: Path) -> None:
    results = submit(folder, "1", "a", config="long.yaml")
    command = [sys.executable, "-m", "skyburst", "submissions", "watch", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ}) as program:
        assert program.stderr
        for line in program.stderr:
            if "STARTED" in line:
                break
        program.send_signal(signal.SIGINT)
        rest = program.stderr.read()
        assert program.wait(timeout=PATIENCE_S) == 0
    assert "goes on" in rest
    assert not ended(results)
    until(watching(folder, []), lambda: ended(results))
    assert json.loads((results / "process_results" / "result.json").read_text()) == {"a": "one"}
