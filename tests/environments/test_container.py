"""A command in a container: what the engine is told, and that the command is run, bounded and ended by way of it.

There is no engine here: a stand-in does what its client is told to, with the words that the real one would get.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import skyburst
from skyburst.environments.container import Container, Mount, choose_engine, parse_stats
from skyburst.errors import CommandFailed, InvalidJob

IMAGE = f"docker.io/lab/fit@sha256:{'0' * 64}"
ENGINE = Path(__file__).parent / "scripts" / "engine.py"


def container(**fields):
    fields = {
        "engine": "/usr/bin/docker", "name": "skyburst-1", "image": IMAGE, "command": ["run", "a b; rm -rf /"],
        "mounts": [Mount(source=Path('/tmp/a,"b'), target="/skyburst/inputs", read_only=True)],
        "variables": {"HOME": "/skyburst/home", "WORD": "x\ny"}, "folder": "/skyburst/work", "vcpus": 2, "memory_mb": 512,
        "gpus": [], "user": 1000, "group": 100, "labels": {"skyburst.job": "j"}, **fields,
    }  # fmt: skip
    return Container(**fields)


def test_the_engine_is_told_everything_in_words_of_its_own():
    assert container().run() == [
        "/usr/bin/docker", "run", "--name", "skyburst-1", "--init", "--workdir", "/skyburst/work", "--cpus", "2",
        "--memory", "512m", "--memory-swap", "512m", "--user", "1000:100",
        "--mount", 'type=bind,"source=/tmp/a,""b",target=/skyburst/inputs,readonly',
        "--env", "HOME=/skyburst/home", "--env", "WORD", "--label", "skyburst.job=j",
        "--entrypoint", "/skyburst/bin/start", IMAGE, "run", "a b; rm -rf /",
    ]  # fmt: skip


def test_gpus_are_asked_for_as_each_engine_wants_it():
    docker, podman = (
        container(gpus=["GPU-1", "GPU-2"]).run(),
        container(engine="/usr/bin/podman", gpus=["GPU-1", "GPU-2"]).run(),
    )
    assert docker[docker.index("--gpus") + 1] == '"device=GPU-1,GPU-2"'
    assert podman.count("--device") == 2
    assert podman[podman.index("--userns") + 1] == "keep-id"


def test_values_of_variables_are_handed_on_by_name():
    own = container().variables_of_engine({"HOME": "/home/me", "DOCKER_HOST": "unix:///x"})
    assert own == {"HOME": "/home/me", "DOCKER_HOST": "unix:///x", "WORD": "x\ny"}


def test_what_a_container_uses_is_read():
    assert parse_stats("97.50% 1.5GiB / 7.6GiB\n") == (97.5, 1536.0)
    assert parse_stats("0.00% 512kB / 1GB")[1] == pytest.approx(0.488, abs=0.001)
    assert parse_stats("-- -- / --") is None


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A stand-in for docker on the PATH; its journal."""
    journal = tmp_path / "journal"
    journal.mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "docker").write_text(f'#!/bin/sh\nexec {sys.executable} {ENGINE} "$@"\n')
    (bin_folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:/usr/bin:/bin")
    monkeypatch.setenv("JOURNAL", str(journal))
    return journal


def calls(journal):
    """What the engine was told, but for the questions what is used, which come now and then."""
    told = [json.loads(line) for line in (journal / "calls").read_text().splitlines()]
    return [words for words in told if words[0] != "stats"]


ENVIRONMENT = f'image = "{IMAGE}"\nmemory_mb = 256\ntimeout_min = 1'


def test_a_command_of_an_image_runs_in_a_container(engine, analysis, data):
    script = (
        'cat "$1"; cat "$SKYBURST_INPUTS/a.txt"; skyburst-env get-config word > "$SKYBURST_RESULTS/word"; pwd; exit 3'
    )
    with pytest.raises(skyburst.JobFailed, match="exit code 3") as error:
        skyburst.run(analysis(script, ENVIRONMENT), items=[str(data / "a.txt")])
    handle = skyburst.JobHandle(error.value.job_id)
    (status,) = handle.datasets()
    assert (status["exit_code"], status["image"], [file["name"] for file in status["files"]]) == (3, IMAGE, ["word"])
    log = [line["text"] for line in handle.home.dataset_log(handle.record(), 0)]
    assert {"a file of the analysis", "alpha"} <= set(log)
    assert "runs in a container, as its blueprint names the image" in " ".join(log)
    verbs = [call[0] for call in calls(engine) if call[0] != "stats"]  # how often depends on how long it took
    assert verbs == ["version", "run", "inspect", "rm"]
    run = calls(engine)[1]
    assert run[run.index(IMAGE) + 1 :] == ["bash", "/skyburst/analysis/run.sh", "/skyburst/analysis/README"]
    assert calls(engine)[-1][-1] == run[run.index("--name") + 1]


def test_a_container_past_its_time_is_stopped_and_removed(engine, analysis, data):
    with pytest.raises(skyburst.JobFailed, match="TimedOut") as error:
        skyburst.run(
            analysis("sleep 100", ENVIRONMENT.replace("timeout_min = 1", "timeout_min = 0.03")),
            items=[str(data / "a.txt")],
        )
    assert [status["state"] for status in skyburst.JobHandle(error.value.job_id).datasets()] == ["TIMED_OUT"]
    verbs = [
        call[0] for call in calls(engine) if call[0] not in ("version", "run", "stats")
    ]  # `run` may be slow to begin
    assert sorted(verbs) == ["rm", "stop"], (
        "either may be noted first: a stopped container can be gone before `stop` is"
    )


def test_a_container_that_its_engine_ended_for_lack_of_memory_says_so(engine, analysis, data):
    (engine / "oom").touch()
    with pytest.raises(skyburst.JobFailed, match="OutOfMemory"):
        skyburst.run(analysis("exit 137", ENVIRONMENT), items=[str(data / "a.txt")])


def test_without_an_engine_a_command_runs_as_it_is_and_the_reason_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose_engine(IMAGE) == (
        None,
        "no container engine for its image: docker is not installed; podman is not installed",
    )
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'cannot connect' >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    assert "docker does not answer (cannot connect)" in choose_engine(IMAGE).why
    monkeypatch.setenv("SKYBURST_CONTAINERS", "required")
    with pytest.raises(CommandFailed, match="start one, or set SKYBURST_CONTAINERS=auto"):
        choose_engine(IMAGE)
    monkeypatch.setenv("SKYBURST_CONTAINERS", "never")
    assert choose_engine(IMAGE) == (None, "SKYBURST_CONTAINERS is never")
    monkeypatch.setenv("SKYBURST_CONTAINERS", "maybe")
    with pytest.raises(InvalidJob, match="expected auto, never, required"):
        choose_engine(IMAGE)
