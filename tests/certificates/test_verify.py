"""`verify` and `rerun`: what is said of outputs, inputs and code that are not what they were."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.certificates.differences import described, first_byte_that_differs, value_differences
from skyburst.certificates.verification import Verdict, in_folder, verify
from tests.cli.conftest import Program
from tests.json_values import json_values


@pytest.fixture
def ran(program: Program, project: Path) -> Path:
    """The certificate of a job with a result file, and a copy of its outputs beside it."""
    program("run", "naps.py", "--items", "0:12", "--batch-size", "5", "--output", "sent")
    (project / "certificate.json").write_text(program("certificate", "last").out)
    return project


def test_nothing_differs_right_after_a_job(program: Program, project: Path, reads: Path) -> None:
    program("run", "reads", "--items", "0:2", "--set", "data=data.bin")
    ended = program("verify", "last")
    assert ended.code == 0, ended.out
    assert [line.split()[0] for line in ended.out.splitlines()[1:5]] == ["output", "input", "analysis", "blueprint"]
    assert "4 same, 0 changed, 0 missing, 0 unknown" in ended.out


def test_outputs_that_were_sent_along_are_compared(program: Program, ran: Path) -> None:
    assert program("verify", "certificate.json", "--outputs", "sent").code == 0
    (ran / "sent" / "tables" / "best.csv").write_text("number\n1\n")
    ended = program("verify", "certificate.json", "--outputs", "sent", "--json")
    assert ended.code == 1
    found = {(entry["kind"], entry["name"]): entry["verdict"] for entry in json.loads(ended.out)}
    assert found["output", "result.json"] == "same"
    assert found["output", "tables/best.csv"] == "changed"


def test_a_missing_output_has_an_exit_code_of_its_own(program: Program, ran: Path) -> None:
    (ran / "sent" / "result.json").unlink()
    ended = program("verify", "certificate.json", "--outputs", "sent")
    assert ended.code == 6
    assert "missing  it is not there" in ended.out
    program("delete", "--yes", "last")
    assert program("verify", "certificate.json").code == 6


def test_a_job_that_ran_elsewhere_is_looked_for_there(program: Program, ran: Path) -> None:
    certificate = json.loads((ran / "certificate.json").read_text())
    certificate["environment"]["home"] = "aws"
    (ran / "certificate.json").write_text(json.dumps(certificate))
    ended = program("verify", "certificate.json")
    assert ended.code == 2
    assert "the job ran at home aws: give --on aws to look there, or --outputs FOLDER" in ended.err
    assert program("verify", "certificate.json", "--outputs", "sent").code == 0


def test_changed_inputs_and_code_are_named(program: Program, project: Path, reads: Path) -> None:
    program("run", "reads", "--items", "0:2", "--set", "data=data.bin")
    (project / "data.bin").write_bytes(b"tampered")
    (reads / "code.py").write_text((reads / "code.py").read_text() + "# changed\n")
    ended = program("verify", "last")
    assert ended.code == 1
    assert "input" in ended.out
    assert "changed  sha256 " in ended.out
    assert "2 same, 2 changed" in ended.out
    (project / "data.bin").unlink()
    assert "unknown  it cannot be read from here" in program("verify", "last").out


def test_config_files_and_folders_of_datasets_are_compared(program: Program, project: Path) -> None:
    (project / "copy").mkdir()
    (project / "copy" / "blueprint.toml").write_text(
        'blueprint = 1\nname = "copy"\nversion = "1.0.0"\ncommand = ["sh", "-c", "true"]\nparameters = "any"\n'
    )
    (project / "film.zarr").mkdir()
    for path, text in (("film.zarr/.zarray", "{}"), ("film.zarr/0.0", "x"), ("config.yaml", "a: 1\n")):
        (project / path).write_text(text)
    item = {"data": "film.zarr", "config_file": "config.yaml"}
    (project / "job.json").write_text(json.dumps({"analysis": "copy", "items": [item]}))
    assert program("run", "--spec", "job.json", "--quiet").code == 0

    def verdicts() -> dict[str, str]:
        found = json.loads(program("verify", "last", "--json").out)
        return {Path(entry["name"]).name: entry["verdict"] for entry in found if entry["kind"] == "input"}

    assert verdicts() == {"config.yaml": "same", "film.zarr": "same"}
    (project / "config.yaml").write_text("a: 2\n")
    (project / "film.zarr" / ".zarray").write_text("[]")
    assert verdicts() == {"config.yaml": "changed", "film.zarr": "changed"}
    (project / "config.yaml").unlink()
    assert verdicts() == {"config.yaml": "unknown", "film.zarr": "changed"}


def test_a_certificate_cannot_have_files_outside_of_the_folder_read(ran: Path) -> None:
    certificate = json.loads((ran / "certificate.json").read_text())
    certificate["result"]["files"] = [{"name": "../certificate.json", "size": 1, "sha256": "0" * 64}]
    finding = list(verify(certificate, in_folder(ran / "sent", certificate)))[1]
    assert finding.verdict is Verdict.MISSING


def test_a_job_that_is_run_again_says_where_its_outputs_differ(program: Program, ran: Path) -> None:
    same = program("rerun", "certificate.json")
    assert "same outputs: 2" in same.err
    code = (ran / "naps.py").read_text()
    (ran / "naps.py").write_text(code.replace("7919 % 1009", "7919 % 1009 + (number == 7)"))
    ended = program("rerun", "certificate.json")
    assert "differs: result.json: sha256 " in ended.err
    assert "differs:   $[0].score: " in ended.err
    assert "differs: tables/best.csv" not in ended.err


@given(json_values)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert not list(value_differences(value, copy.deepcopy(value)))


def test_differences_of_values_are_named_by_their_place() -> None:
    before, now = {"a": [1, {"b": 2}], "c": 1, "e": 1}, {"a": [1, {"b": 3}, 4], "d": None, "e": 1.0}
    assert list(value_differences(before, now)) == [
        "$.a[1].b: 2 then, 3 now",
        "$.a: 2 entries then, 3 now",
        "$.c: 1 then, not there now",
        "$.e: 1 then, 1.0 now",
        "$.d: not there then, null now",
    ]


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_the_first_byte_that_differs_is_found(before: bytes, now: bytes) -> None:
    found = first_byte_that_differs(io.BytesIO(before), io.BytesIO(now))
    if before == now:
        assert found is None
    else:
        assert found is not None
        assert before[:found] == now[:found]
        assert before[found : found + 1] != now[found : found + 1]


def test_files_that_are_not_json_differ_from_a_byte_on() -> None:
    assert described(io.BytesIO(b"abcd"), io.BytesIO(b"abXd"), json_size=None) == ["from byte 2 on"]
