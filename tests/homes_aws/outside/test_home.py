"""Home `aws` from outside: the program and the Python API against a deployment of the real template in the local cloud."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.cli.deploying import CDK, host_architecture
from skyburst.contracts.states import JobState
from skyburst.engine.finish import counted
from skyburst.homes.aws.account import OUTPUTS
from skyburst.homes.aws.batch_logs import lines_of
from skyburst.homes.aws.home import AwsHome
from skyburst.homes.home import open_home
from tests.cli.terminal import PROGRAM, Terminal, environment
from tests.cli.terminal import skyburst as program
from tests.conftest import REPOSITORY, need
from tests.homes_aws.outside.conftest import BUNDLES, READER, UPLOADS, Run
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.slow
SAMPLES = REPOSITORY / "docs" / "samples"
SMALL = ("--set", "blocks=30", "--set", "points_per_block=500")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "colours & more.txt"
    path.write_text("red\ngreen\nblue\nviolet\n")
    return path


@pytest.fixture
def gate(home: AwsHome) -> str:
    """Where an object is put for the line `blue` to be measured."""
    return f"{home.objects.location}/gates/{time.time_ns()}"


def open_gate(home: AwsHome, gate: str) -> None:
    home.objects.put(gate.removeprefix(f"{home.objects.location}/"), b"open")


def test_a_job_has_the_same_result_as_at_home_local_and_every_command_is_about_it(run: Run, tmp_path: Path) -> None:
    ended = run("run", "monte-carlo", *SMALL, "--on", "aws", "--json", "aws.json", "--name", "first", "--label", "a=b")
    assert ended.returncode == 0, ended.stderr
    assert "30 items in 30 batches on up to 30 workers" in ended.stderr
    local = run("run", "monte-carlo", *SMALL, "--on", "local", "--json", "local.json")
    assert local.returncode == 0, local.stderr
    assert (tmp_path / "aws.json").read_bytes() == (tmp_path / "local.json").read_bytes()

    [job] = json.loads(run("jobs", "--label", "a=b", "--json").stdout)
    job_id = job["job_id"]
    assert job["state"] == "SUCCEEDED"
    assert not job["interrupted"]
    assert job["progress"]["done"] == 30
    assert job_id in run("jobs", "--on", "aws").stdout

    status = run("status", job_id[:-3])
    assert "s3://" in status.stdout
    assert "30 of 30 batches" in status.stdout
    document = json.loads(run("status", job_id, "--json").stdout)
    assert document["result"].endswith(f"/jobs/{job_id}/result.json")

    shown = run("result", job_id, "--json")
    assert shown.stdout == (tmp_path / "aws.json").read_text()
    copied = run("result", job_id, "--output", "copies")
    assert copied.returncode == 0, copied.stderr
    assert (tmp_path / "copies" / "result.json").read_bytes() == (tmp_path / "aws.json").read_bytes()

    certificate = json.loads(run("certificate", job_id).stdout)
    assert certificate["environment"]["home"] == "aws"
    assert f"CERTIFICATE of job {job_id}" in run("certificate", job_id, "--text").stdout
    verified = run("verify", job_id, "--json")
    assert verified.returncode == 0, verified.stdout
    assert {entry["verdict"] for entry in json.loads(verified.stdout) if entry["kind"] == "output"} == {"same"}
    used = json.loads(run("usage", "--by", "job", "--json").stdout)
    assert job_id in {entry["name"] for entry in used}
    again = run("rerun", job_id)
    assert again.returncode == 0, again.stderr
    assert "the same as before, byte for byte" in again.stderr
    assert "differs: " not in again.stderr

    assert run("delete", job_id, "--yes").returncode == 0
    assert run("status", job_id).returncode == 6


def test_an_analysis_of_a_folder_has_the_same_result_as_at_home_local(run: Run, home: AwsHome, tmp_path: Path) -> None:
    texts = {
        "english.txt": "The cat's mat. The CAT sat.\n" * 100,
        "deep/er/français.md": "L’été, l'e\u0301te\u0301 — cœur, naïve Œuvre\u00a0été\n" * 30,
        "deep-sea.txt": "whale squid whale\n",
        "deep/हिन्दी & ö.txt": "नमस्ते दुनिया। नमस्ते\n" * 20,
        "empty.txt": "",
        ".hidden.txt": "hidden",
    }
    for name, text in texts.items():
        (tmp_path / "my texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my texts" / name).write_text(text)
    (tmp_path / "my texts" / "broken.txt").write_bytes(b"caf\xe9 au lait")
    given = ("--set", "texts=my texts", "--set", "range_bytes=700", "--batch-size", "4")
    for where in ("aws", "local"):
        ended = run("run", "word-statistics", *given, "--on", where, "--output", where)
        assert ended.returncode == 0, ended.stderr
        assert "1 item could not be used" in ended.stdout + ended.stderr
        assert "broken.txt" in ended.stdout + ended.stderr
    for name in ("result.json", "words.csv"):
        assert (tmp_path / "aws" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert (tmp_path / "aws" / "words.csv").read_text().startswith("word,times\nthe,200\n")
    digests = {str((where.find_job("last").items or {})["manifest"]["digest"]) for where in (home, open_home("local"))}
    assert len(digests) == 1, "the items are the same, too"


def test_a_file_is_uploaded_once_and_result_files_are_downloaded_when_asked_for(home: AwsHome, table: Path) -> None:
    result = skyburst.run("reader", home=home, parameters={"table": str(table)})
    assert result.value == {"letters": 18}
    assert list(result.files) == ["tables/total.txt"]
    assert result.files["tables/total.txt"].read_text() == "18\n"
    uploads = sorted(home.objects.list("uploads/"))
    assert [entry.size for entry in uploads if entry.key.endswith(f"/{table.name}")] == [table.stat().st_size]
    handle = skyburst.submit("reader", home="aws", parameters={"table": str(table)}, idempotency_key="once")
    same = skyburst.submit("reader", home="aws", parameters={"table": str(table)}, idempotency_key="once")
    assert same.job_id == handle.job_id
    assert handle.wait(PATIENCE_S) is JobState.SUCCEEDED
    assert handle.partial_results() == 18
    record = handle.record()
    kept = counted(home.table, record)
    assert kept == counted(home.table, replace(record, outcome={})), "what the record keeps is what is counted"
    assert sorted(home.objects.list("uploads/")) == uploads
    with pytest.raises(skyburst.IdempotencyConflict, match="once"):
        skyburst.run("reader", home="aws", parameters={"table": str(table), "bad": "red"}, idempotency_key="once")


def test_a_cloud_on_this_machine_has_the_settings_of_a_deployment(home: AwsHome) -> None:
    assert home.name == "aws"
    folder = skyburst.open_folder(f"s3://{UPLOADS}")
    folder.write("mylab/inputs/data.txt", b"data")
    assert [entry.name for entry in folder.files()] == ["mylab/inputs/data.txt"]


def test_what_batches_wrote_and_why_they_failed_is_in_the_logs(run: Run, table: Path) -> None:
    ended = run("run", "reader", "--set", f"table={table}", "--set", "bad=blue", "--tolerate", "50", "--on", "aws")
    assert ended.returncode == 3, ended.stderr
    assert "blue cannot be measured" in ended.stderr
    assert "tables/total.txt (3 B)" in ended.stdout
    assert " --on aws` runs only what is missing" in ended.stderr
    eventually(lambda: "measuring violet" in run("logs", "last").stdout)
    logs = run("logs", "last").stdout
    assert "measuring red\n" in logs
    assert "ValueError: blue cannot be measured" in logs
    assert "RequestId" not in logs
    one = run("logs", "last", "--batch", "3").stdout
    assert one.startswith("== batch 3: DONE")
    assert "red" not in one


def test_a_cancelled_job_is_resumed_and_only_what_is_missing_runs(
    run: Run, home: AwsHome, table: Path, gate: str
) -> None:
    started = run("run", "reader", "--set", f"table={table}", "--set", f"gate={gate}", "--on", "aws", "--detach")
    job_id = started.stdout.strip()
    assert started.returncode == 0, started.stderr
    eventually(lambda: home.table.progress(job_id).done == 3)
    assert run("delete", job_id, "--yes").returncode == 7
    assert run("resume", job_id).returncode == 7
    cancelled = run("cancel", job_id)
    assert "is being ended; `skyburst watch" in cancelled.stdout
    assert run("watch", job_id).returncode == 5
    assert run("cancel", job_id).stdout == f"job {job_id} is CANCELLED already\n"
    open_gate(home, gate)
    resumed = run("resume", job_id, "--json", "-")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout) == {"letters": 18}
    assert "done already" in resumed.stderr
    assert json.loads(run("status", job_id, "--json").stdout)["runs"] == 2


def test_the_best_so_far_is_shown_while_a_job_runs_where_its_code_is(
    home: AwsHome, variables: dict[str, str], table: Path, gate: str, tmp_path: Path
) -> None:
    def watched(path: Path, pattern: str) -> None:
        given = {**variables, "SKYBURST_PATH": str(path)}
        with Terminal("watch", handle.job_id, "--on", "aws", folder=tmp_path, columns=300, **given) as terminal:
            terminal.until(pattern)

    changed = Path(shutil.copytree(READER, tmp_path / "changed" / "reader"))
    (changed / "code.py").write_text((READER / "code.py").read_text() + "\n")
    handle = skyburst.submit("reader", home=home, parameters={"table": str(table), "gate": gate})
    eventually(lambda: handle.progress().done == 3)
    watched(READER.parent, r"found so far:\s+14\s")
    watched(changed.parent, rf"no results are shown while the job runs: analysis 'reader' in {changed} is not the code")
    open_gate(home, gate)
    assert handle.result(PATIENCE_S).value == {"letters": 18}


def test_a_job_whose_execution_was_stopped_is_cancelled_and_goes_on(home: AwsHome, table: Path, gate: str) -> None:
    handle = skyburst.submit("reader", home=home, parameters={"table": str(table), "gate": gate})
    assert not handle.interrupted()
    arn = f"{home.account.machine.replace(':stateMachine:', ':execution:')}:{handle.job_id}"
    eventually(lambda: handle.progress().done == 3)
    home.account.states.stop_execution(executionArn=arn)
    open_gate(home, gate)  # here, unlike on AWS, an execution is stopped when the function that it waits for has ended
    eventually(lambda: handle.status() is JobState.CANCELLED)
    assert handle.record().reason == "its execution ended: ABORTED: no reason was given"
    assert home.certificate(handle.job_id)["job"]["state"] == "CANCELLED"
    assert handle.resume().result(PATIENCE_S).value == {"letters": 18}
    assert handle.record().runs == 2


def test_ctrl_c_ends_the_job(variables: dict[str, str], tmp_path: Path, table: Path, gate: str) -> None:
    given = ["--set", f"table={table}", "--set", f"gate={gate}", "--on", "aws"]
    command = [*PROGRAM, "run", str(READER), *given]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(**variables), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "4 batches" in line:
                break
        running.send_signal(signal.SIGINT)
        assert "--on aws` goes on" in running.stderr.read()
        assert running.wait(PATIENCE_S) == 5


def test_what_cannot_run_is_refused_before_it_starts(run: Run, table: Path, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "a#1").touch()
    (tmp_path / "squares.py").write_text("import skyburst\n")
    for arguments, told in {
        ("monte-carlo", "--set", "blocks=0"): "parameters.blocks is 0: expected at least 1",
        ("reader", "--set", "table=gone.txt"): "there is no file or folder",
        ("reader", "--set", "table=names"): "which cannot be uploaded: 'a#1' is not a key",
        ("reader",): "parameters.table is missing",
        ("squares.py", "--items", "0:5"): "single file",
        ("color-depth-search", "--set", f"mask={table}", "--set", f"library={table}"): (
            "deployed here are monte-carlo, notes-index, reader, word-statistics; `skyburst deploy`"
        ),
    }.items():
        ended = run("run", *arguments, "--on", "aws")
        assert (ended.returncode, told in ended.stderr) == (2, True), ended.stderr
    assert run("status", "nobody-1").returncode == 6


def test_what_lacks_is_named_with_its_remedy(variables: dict[str, str], tmp_path: Path) -> None:
    def told(code: int, **changed: str) -> str:
        ended = program("jobs", "--on", "aws", folder=tmp_path, **{**variables, **changed})
        assert ended.returncode == code, ended.stderr
        return ended.stderr

    assert "nothing is deployed as 'other' in region us-east-1: `skyburst deploy`" in told(6, SKYBURST_PREFIX="other")
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "HOME": str(tmp_path)}
    assert "no AWS credentials: name a profile in AWS_PROFILE" in told(2, **nobody)
    assert "no AWS region is set: set AWS_REGION" in told(2, AWS_REGION="", AWS_DEFAULT_REGION="", HOME=str(tmp_path))
    assert "not accept these credentials" in told(2, AWS_ACCESS_KEY_ID="AKIAWRONGWRONGWRONG1")


SDK = """
import { writeFileSync } from "node:fs";
export class StartExecutionCommand { constructor(input) { this.input = input; } }
export class SFNClient {
  async send(command) { writeFileSync("asked.json", JSON.stringify(command.input)); return { executionArn: "started" }; }
}
"""
"""Stands in for the SDK of Amazon, which the tests do not fetch: notes what is asked."""


def test_the_samples_of_the_documentation_run(home: AwsHome, variables: dict[str, str], tmp_path: Path) -> None:
    need(shutil.which("curl") is not None, "there is no curl")
    modules = tmp_path / "node_modules" / "@aws-sdk" / "client-sfn"
    modules.mkdir(parents=True)
    (modules / "package.json").write_text('{"name": "@aws-sdk/client-sfn", "type": "module", "exports": "./index.js"}')
    (modules / "index.js").write_text(SDK)
    shutil.copy(SAMPLES / "start_execution.mjs", tmp_path)

    def printed(*command: object) -> str:
        changed = environment(**variables, JOB_MACHINE=home.account.machine)
        ended = subprocess.run(
            list(map(str, command)), cwd=tmp_path, env=changed, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert printed(sys.executable, SAMPLES / "on_aws.py").startswith("SUCCEEDED 3.1")
    assert "SUCCEEDED all 40 batches are done\n3.1" in printed(sys.executable, SAMPLES / "start_execution.py")
    assert printed("node", "start_execution.mjs") == "started\n"
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert asked["stateMachineArn"] == home.account.machine
    assert json.loads(asked["input"])["analysis"] == "monte-carlo"
    started = json.loads(printed("sh", "-eu", SAMPLES / "start_execution.sh"))["executionArn"]
    home.account.states.stop_execution(executionArn=started)


def test_lines_are_those_of_the_invocation_that_was_at_work() -> None:
    def event(at: int, message: str) -> dict[str, Any]:
        return {"timestamp": at, "message": message}

    def invocation(start: int, end: int, what: str) -> list[dict[str, Any]]:
        own = '{"level":"INFO","message":"done","service":"worker"}'
        return [
            event(start, f"START RequestId: {what} Version: $LATEST\n"), event(start + 5, f"{what}\n"),
            event(end, own), event(end, f"END RequestId: {what}\n"), event(end, f"REPORT RequestId: {what}\n"),
        ]  # fmt: skip

    both = [event(1, "INIT_START Runtime"), *invocation(10, 100, "first"), *invocation(110, 200, "second")]
    assert lines_of(both, 12, 95) == ["first"]
    assert lines_of(both, 112, 190) == ["second"]
    stamped_late = [*invocation(100, 100, "first"), *invocation(200, 200, "second")]
    assert lines_of(stamped_late, 12, 95) == ["first"]
    assert lines_of(stamped_late, 112, 190) == ["second"]
    assert lines_of(both[:-3], 112, 190) == ["second"]  # the end has not arrived
    assert lines_of([], 1, 2) == []


NPX = """#!/bin/sh
# Stands in for the program of Node that fetches CDK's command line: notes what it is asked.
echo "$JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION $AWS_REGION $*" >> "$ASKED"
"""


def test_deploy_shows_what_it_hands_to_the_cdk(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "npx").write_text(NPX)
    (tmp_path / "npx").chmod(0o755)
    asked = tmp_path / "asked.txt"
    more = {
        **variables, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "ASKED": str(asked), "SKYBURST_BUNDLES": BUNDLES,
    }  # fmt: skip
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = (
        "--analysis",
        READER,
        "--lanes",
        3,
        "--prefix",
        "lab",
        "--web",
        "no",  # nothing is deployed, and so there is no address to print
        "--python",
        python,
        "--architecture",
        host_architecture(),
    )
    refused = program("deploy", *options, folder=tmp_path, **more)
    assert refused.returncode == 2
    assert "give --yes to deploy without being asked" in refused.stderr
    ended = program("deploy", *options, "--yes", folder=tmp_path, **more)
    assert ended.returncode == 0, ended.stderr
    head, *rows = ended.stdout.splitlines()
    assert head == "account 123456789012, region us-east-1, deployment 'lab'"
    assert [row.split()[0] for row in rows] == [
        "FUNCTION", "lab-manager", "lab-notify", "lab-plan", "lab-prepare", "lab-probe-combiner", "lab-probe-worker-0",
        "lab-reader-combiner", "lab-reader-worker-0", "lab-retain", "lab-summary", "lab-watch",
    ]  # fmt: skip
    assert "lab-reader-worker-0 to -2" in ended.stdout
    assert all(row.endswith(" MB") for row in rows[1:])
    [line] = asked.read_text().splitlines()
    node, region, *arguments = line.split()
    assert node.isdigit()
    assert region == "us-east-1"
    assert arguments[:4] == ["--yes", CDK, "deploy", "lab"]
    assert arguments[-4:] == ["--require-approval", "never", "--method", "direct"]


def test_destroy_says_what_is_kept(home: AwsHome, run: Run) -> None:
    outputs = {name: {"Value": f"the-{name}"} for name in OUTPUTS}
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs}
    home.account.client("cloudformation").create_stack(StackName="small", TemplateBody=json.dumps(template))
    assert run("destroy", "--prefix", "small").returncode == 2
    ended = run("destroy", "--prefix", "small", "--yes")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "removed 'small'; kept are", "  bucket the-Bucket", "  table the-Batches", "  table the-Jobs",
    ]  # fmt: skip
    assert run("destroy", "--prefix", "small", "--yes").returncode == 6


def test_without_node_nothing_is_begun(tmp_path: Path) -> None:
    ended = program("deploy", "--yes", folder=tmp_path, PATH=str(tmp_path))
    assert ended.returncode == 2
    assert "there is no program `node`: install Node.js" in ended.stderr
