"""What certificates have, that they are as their schema says, and how they read as text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import skyburst
from skyburst.blueprints.content import content_digest
from skyburst.certificates.reading import checked, schema
from skyburst.cli.certificate_text import certificate_text, instances_text
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import JobState
from skyburst.engine.certificate import certificate_of, digest_of, machines, phases
from skyburst.errors import InvalidJob
from tests.certificates.conftest import READS
from tests.cli.conftest import Program
from tests.contracts.records import a_job


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (["--items", "0:4"], "SUCCEEDED"),
        (["--items", "0:4", "--batch-size", "1", "--set", "bad=[1]", "--tolerate", "50"], "PARTIAL"),
        (["--items", "0:4", "--set", "bad=[1]"], "FAILED"),
        (["--items", "0:400", "--batch-size", "1", "--set", "nap=0.1", "--timeout", "0.5"], "TIMED_OUT"),
    ],
)
def test_the_certificate_of_a_job_is_as_its_schema_says_however_it_ended(
    program: Program, arguments: list[str], state: str
) -> None:
    program("run", "naps.py", *arguments)
    certificate = json.loads(program("certificate", "last").out)
    assert certificate["job"]["state"] == state
    assert checked(certificate, "it") == certificate
    assert [entry["phase"] for entry in certificate["times"]["phases"]][:2] == ["planning", "working"]
    assert f"state    {state}" in program("certificate", "last", "--text").out


def test_a_job_that_is_cancelled_while_nobody_drives_it_has_one_too(project: Path) -> None:
    job = skyburst.client.create("squares.py", items=range(10))
    job.cancel()
    certificate = checked(job.certificate(), "it")
    assert certificate["job"]["state"] == "CANCELLED"
    assert certificate["result"] == {"sha256": None, "size": None, "files": None}
    assert "none: the job has no result" in certificate_text(certificate)


def test_it_has_the_checksums_of_the_files_that_parameters_name_and_of_the_result_files(
    program: Program, project: Path, reads: Path
) -> None:
    assert program("run", "reads", "--items", "0:2", "--set", "data=data.bin").code == 0
    certificate = json.loads(program("certificate", "last").out)
    (given,) = certificate["inputs"]
    assert (given["parameter"], given["location"]) == ("data", str(project / "data.bin"))
    assert (given["sha256"], given["size"]) == (hashlib.sha256(b"measured").hexdigest(), 8)
    assert certificate["config_digest"] == digest_of({"scale": 0.5, "data": str(project / "data.bin")})
    blueprint = parse_blueprint(certificate["analysis"]["blueprint"], "here")
    assert certificate["analysis"]["blueprint_digest"] == content_digest(blueprint)
    program("run", "naps.py", "--items", "0:4")
    result = json.loads(program("certificate", "last").out)["result"]
    (file,) = result["files"]
    content = Path(json.loads(program("status", "last", "--json").out)["files"][file["name"]]).read_bytes()
    assert (file["sha256"], file["size"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_an_input_that_was_changed_while_the_job_ran_has_no_checksum_and_says_why(
    program: Program, project: Path, reads: Path
) -> None:
    writing = "    open(batch.parameters['data'], 'a').write('more')\n    return len"
    (reads / "code.py").write_text(READS.replace("    return len", writing))
    assert program("run", "reads", "--items", "0:2", "--set", "data=data.bin").code == 0
    (given,) = json.loads(program("certificate", "last").out)["inputs"]
    assert given["sha256"] is None
    assert given["reason"] == "it was changed after the job was created"


def test_the_text_has_what_a_reader_looks_for_and_nothing_that_a_terminal_obeys(
    program: Program, project: Path, reads: Path
) -> None:
    program("run", "reads", "--items", "0:2", "--set", "data=data.bin", "--name", "red\x1b[31m", "--label", "lab=a")
    shown = program("certificate", "last", "--text").out
    for text in (
        "reads 1.0.0",
        "labels   lab=a",
        f"sha256 {hashlib.sha256(b'measured').hexdigest()}",
        "scale",
        "worked",
        "0.0000 USD",
    ):
        assert text in shown, text
    assert "\x1b" not in shown
    assert program("certificate", "last", "--text", "--json").code == 2


def test_instances_are_listed_each_and_the_text_counts_them_by_type() -> None:
    spare, other = ({"type": "m5.large", "id": name, "zone": "us-east-1a", "spot": True} for name in ("i-1", "i-2"))
    had = [spare, other, spare, {**spare, "spot": False}, "p3.2xlarge", None]
    found = machines(a_job(), [{"instance": machine} for machine in had])["instances"]
    assert len(found) == 4, "one that ran two datasets is one"
    assert instances_text(found) == "1 m5.large, 2 m5.large (spot), 1 p3.2xlarge"


def test_a_certificate_of_the_first_format_is_read(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:4")
    new = json.loads(program("certificate", "last").out)
    old = {
        name: new[name] for name in ("job", "parameters", "items", "plan", "counts", "missing", "environment", "cost")
    }
    old |= {"certificate": 1, "analysis": {k: v for k, v in new["analysis"].items() if k != "blueprint_digest"}}
    old["times"] = {k: v for k, v in new["times"].items() if k != "phases"}
    old["result"] = {"sha256": new["result"]["sha256"], "files": ["tables/best.csv"]}
    read = checked(old, "it")
    assert read["result"]["files"] == [{"name": "tables/best.csv", "size": None, "sha256": None}]
    assert read["analysis"] == new["analysis"]
    (project / "old.json").write_text(json.dumps(old))
    ended = program("verify", "old.json")
    assert ended.code == 0
    assert "no checksum was recorded" in ended.out
    assert "the result is the same as before, byte for byte" in program("rerun", "old.json").err


def test_what_is_wrong_with_a_certificate_is_named_with_its_place(program: Program, project: Path) -> None:
    program("run", "squares.py", "--items", "0:2")
    certificate = json.loads(program("certificate", "last").out)
    certificate["counts"]["done"] = "two"
    with pytest.raises(
        InvalidJob, match=r"it is not a certificate: certificate\.counts\.done: 'two' is not of type 'integer'"
    ):
        checked(certificate, "it")


def test_the_schema_is_one() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())


def test_phases_follow_each_other_and_end_with_the_job() -> None:
    job = JobRecord(
        "j",
        {},
        {"name": "a", "blueprint_digest": "f" * 64},
        {},
        JobState.SUCCEEDED,
        started_at=10.0,
        finished_at=20.0,
        run_began={"at": 12.0},
    )
    spans = [
        Span(Part.COMBINE, "all", 1, 17.0, 19.0),
        Span(Part.GROUP, "0", 1, 16.5, 17.0),
        Span(Part.WATCH, "w", 1, 10.0, 20.0),
    ]
    found = phases(job, spans)
    assert [(entry["phase"], entry["seconds"]) for entry in found] == [
        ("planning", 2.0),
        ("working", 4.5),
        ("combining", 3.5),
    ]
    job.run_began = None
    assert [entry["phase"] for entry in phases(job, [])] == ["planning"]
    assert certificate_of(job, Progress(job.state), "aws")["cost"]["amount"] is None
