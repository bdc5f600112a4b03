"""The programs on the PATH of commands, tried by hand as without an engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skyburst.contracts.dataset import ABOUT, MESSAGES
from skyburst.environments.programs import aws, env, neurocaas
from skyburst.environments.workspace import HELPERS, PROGRAMS
from tests.waiting import PATIENCE_S

ABOUT_IT = {
    "values": {"fit": {"sigma": 1.5}, "name": "x", "flag": True},
    "data": ["s3://pca/lab/inputs/a.npy"],
    "config_file": "s3://pca/lab/configs/config.yaml",
    "group": None,
    "analysis": "pca",
}


@pytest.fixture
def around(tmp_path, monkeypatch):
    """The variables and folders of the contract, made by hand."""
    for name in ("inputs", "config", "results", "logs", "home", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "inputs" / "a.npy").write_text("data")
    (tmp_path / "config" / "config.yaml").write_text("fit: {sigma: 1.5}\nname: x\nflag: true\n")
    (tmp_path / "config" / ABOUT).write_text(json.dumps(ABOUT_IT))
    variables = {
        "SKYBURST_INPUTS": tmp_path / "inputs", "SKYBURST_CONFIG": tmp_path / "config" / "config.yaml",
        "SKYBURST_RESULTS": tmp_path / "results", "SKYBURST_LOGS": tmp_path / "logs", "SKYBURST_JOB": "job-1",
        "SKYBURST_BIN": tmp_path / "bin", "SKYBURST_ANALYSIS": tmp_path, "HOME": tmp_path / "home",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def call(program, *words):
    """Run a program as its script does."""
    command = [sys.executable, "-E", "-s", "-S", str(PROGRAMS / HELPERS[program]), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    return ran.returncode, ran.stdout.rstrip("\n"), ran.stderr


def test_data_is_named_or_copied(around):
    assert call("skyburst-env", "get-data") == (0, str(around / "inputs" / "a.npy"), "")
    assert call("skyburst-env", "get-data", "a.npy", "-o", "here")[1] == "here/a.npy"
    assert Path("here/a.npy").read_text() == "data"
    code, _, told = call("skyburst-env", "get-data", "b.npy")
    assert (code, told) == (2, "skyburst-env: there is no data 'b.npy': there is a.npy\n")


@pytest.mark.parametrize(
    ("key", "value"), [("name", "x"), ("fit.sigma", "1.5"), ("flag", "true"), ("fit", '{"sigma": 1.5}')]
)
def test_a_value_of_the_config_is_printed_whatever_its_format_is(around, key, value):
    assert call("skyburst-env", "get-config", key)[1] == value


def test_the_config_is_read_outside_of_environments_when_it_is_json(around, monkeypatch, capsys):
    path = around / "by-hand.json"
    path.write_text('{"sigma": 3}')
    monkeypatch.setenv("SKYBURST_CONFIG", str(path))
    (around / "config" / ABOUT).unlink()
    assert env.main(["get-config", "sigma"]) == 0
    assert env.main(["get-config", "gamma"]) == 2
    path.write_text("sigma: 3")
    assert env.main(["get-config", "sigma"]) == 2
    said = capsys.readouterr()
    assert said.out == "3\n"
    assert "no 'gamma': at 'gamma' there are sigma" in said.err
    assert "is not JSON" in said.err


def test_results_are_copied_and_progress_and_lines_are_handed_on(around, capsys):
    Path("one.csv").write_text("1")
    Path("more").mkdir()
    Path("more/two.csv").write_text("2")
    assert env.main(["put-result", "one.csv", "more/"]) == 0
    assert (around / "results" / "more" / "two.csv").read_text() == "2"
    assert env.main(["progress", "40%", "fitting", "it"]) == 0
    assert env.main(["log", "a", "line"]) == 0
    messages = [json.loads(line) for line in (around / "logs" / MESSAGES).read_text().splitlines()]
    assert messages == [{"progress": 0.4, "text": "fitting it"}, {"log": "a line"}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["put-result", "none.csv"], "there is no file or folder 'none.csv'"),
        (["progress", "3"], "expected a number from 0 to 1"),
        (["progress", "nan"], "expected a number from 0 to 1"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_remedy(around, capsys, words, told):
    assert env.main(words) == 2
    assert told in capsys.readouterr().err


def test_without_an_engine_around_the_variable_is_named_that_is_not_set(monkeypatch, capsys):
    monkeypatch.delenv("SKYBURST_LOGS", raising=False)
    assert env.main(["log", "x"]) == 2
    assert capsys.readouterr().err.startswith("skyburst-env: SKYBURST_LOGS is not set: set it to try a command by hand")


def test_the_helper_starts_quickly_and_imports_the_standard_library_alone(around):
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert call("skyburst-env", "get-config")[0] == 0
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5, "60 ms where nothing else runs"


def test_names_are_those_of_neurocaas_where_the_data_is_in_its_layout():
    names = neurocaas.names_of(ABOUT_IT, Path("/x/config.yaml"), "17")
    assert names == (
        "pca",
        "lab",
        "a.npy",
        "lab/inputs/a.npy",
        "config.yaml",
        "lab/configs/config.yaml",
        "results/job__pca_17",
    )
    other = neurocaas.names_of(
        {**ABOUT_IT, "data": ["/disk/a.npy"], "config_file": None, "group": "g1"}, Path("c.json"), "17"
    )
    assert (other.bucket, other.inputpath, other.configpath) == ("pca", "g1/inputs/a.npy", "g1/configs/c.json")


def test_copies_to_and_from_the_urls_of_a_dataset_need_no_bucket(around):
    url = "s3://pca/lab/results/job__pca_job-1"
    Path("out/deep").mkdir(parents=True)
    for name in ("a.csv", "b.mp4", "deep/c.csv"):
        Path("out", name).write_text(name)
    assert call("aws", "s3", "sync", "out", f"{url}/process_results", "--exclude", "*.mp4")[0] == 0
    assert sorted(path.name for path in (around / "results").rglob("*.*")) == ["a.csv", "c.csv"]
    assert call("aws", "s3", "cp", "s3://pca/lab/inputs/a.npy", "got/")[0] == 0
    assert Path("got/a.npy").read_text() == "data"
    assert call("aws", "s3", "cp", "s3://pca/lab/configs/config.yaml", "c.yaml", "--quiet")[0] == 0
    assert Path("c.yaml").read_bytes() == (around / "config" / "config.yaml").read_bytes()
    code, _, told = call("aws", "s3", "cp", "out/a.csv", f"{url}/process_results/../../x")
    assert (code, "leads out of" in told) == (1, True)


def test_other_calls_of_aws_are_those_of_the_real_program(around, monkeypatch):
    real = around / "real"
    real.mkdir()
    (real / "aws").write_text('#!/bin/sh\necho "real $*"\nexit 7\n')
    (real / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", f"{real}{os.pathsep}{os.environ['PATH']}")
    assert call("aws", "s3", "ls")[:2] == (7, "real s3 ls")
    assert call("aws", "s3", "cp", "s3://other/x", "y")[:2] == (7, "real s3 cp s3://other/x y")
    mixed = call("aws", "s3", "cp", "s3://other/x", "s3://pca/lab/results/job__pca_job-1/process_results/x")
    assert mixed[:2] == (7, f"real s3 cp s3://other/x {around}/results/x")
    monkeypatch.setenv("PATH", str(around))
    code, _, told = call("aws", "s3", "ls")
    assert (code, "the AWS command line is not here" in told) == (127, True)


def test_what_is_no_copy_is_not_taken_for_one():
    assert aws.parse(["s3", "cp", "-", "s3://b/k"]) is None
    assert aws.parse(["ec2", "describe-instances"]) is None
    assert aws.parse(["--region", "us-east-1", "s3", "cp", "--exclude=*.x", "a", "b"]).filters == [("--exclude", "*.x")]


def test_the_workflow_commands_of_neurocaas_do_what_they_did(around):
    def workflow(*words):
        code, out, told = call("neurocaas-contrib", "workflow", *words)
        assert code == 0, told
        return out

    workflow("initialize-job", "-p", "data")
    workflow("register-dataset", "-b", "pca", "-k", "lab/inputs/a.npy")
    assert workflow("get-datapath") == str(around / "inputs" / "a.npy")
    workflow("get-data", "-f", "-o", "local/")
    assert workflow("get-datapath") == "local/a.npy"
    assert Path("local/a.npy").read_text() == "data"
    workflow("get-config", "-f")
    assert workflow("get-configpath") == str(around / "work" / "data" / "configs" / "config.yaml")
    names = [workflow(f"get-{name}") for name in ("dataname", "configname", "group", "bucket")]
    assert names == ["a.npy", "config.yaml", "lab", "pca"]
    assert workflow("get-resultpath", "-l", "out/r.csv") == "s3://pca/lab/results/job__pca_job-1/process_results/r.csv"
    Path("extra.txt").write_text("e")
    workflow("register-file", "-n", "mask", "-l", "extra.txt")
    workflow("get-file", "-n", "mask", "-f", "-o", "files")
    assert (workflow("get-filepath", "-n", "mask"), workflow("get-filename", "-n", "mask")) == (
        "files/extra.txt",
        "extra.txt",
    )
    workflow("put-result", "-r", "extra.txt")
    workflow("cleanup")
    assert sorted(path.name for path in (around / "results").iterdir()) == ["config.yaml", "extra.txt", "update.txt"]


def test_the_exit_code_of_a_script_that_is_run_is_handed_on(around):
    assert call("neurocaas-contrib", "workflow", "log-command", "-b", "pca", "-c", "sh -c 'exit 5'", "-r", "x")[0] == 5


def test_fields_of_yaml_are_read(around):
    read = ("scripting", "read-yaml", "-p")
    assert call("neurocaas-contrib", *read, str(around / "config" / "config.yaml"), "-f", "name")[1] == "x"
    assert call("neurocaas-contrib", *read, str(around / "config" / "config.yaml"), "-f", "none", "-d", "4")[1] == "4"
    Path("other.yaml").write_text("deep: [1, 2]\n")
    assert call("neurocaas-contrib", *read, "other.yaml", "-f", "deep")[1] == "[1, 2]"
    code, _, told = call("neurocaas-contrib", *read, "other.yaml", "-f", "none")
    assert (code, "has no field 'none'" in told) == (2, True)
