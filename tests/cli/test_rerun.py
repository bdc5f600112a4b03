"""`rerun`: the same job again, and what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skyburst.certificates.repeating import differences_in_inputs
from tests.cli.conftest import Program
from tests.conftest import REPOSITORY


def test_a_job_is_run_again_and_its_result_is_the_same(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:12", "--batch-size", "5", "--name", "first", "--idempotency-key", "once")
    ended = program("rerun", "last", "--json", "out.json")
    assert ended.code == 0
    assert "differs" not in ended.err
    assert "the result is the same as before, byte for byte (sha256 " in ended.err
    now, before = json.loads(program("jobs", "--json").out)
    assert now["name"] == before["name"] == "first"
    assert now["job_id"] != before["job_id"]
    assert now["progress"]["batches"] == 3


def test_a_certificate_outlives_its_job(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "[1,2,3]", "--set", "broken=[2]")
    (project / "certificate.json").write_text(program("certificate", "last").out)
    program("delete", "--yes", "last")
    ended = program("rerun", "certificate.json")
    assert ended.code == 0
    assert "the result is the same as before" in ended.err


def test_code_versions_and_results_that_differ_are_named(program: Program, project: Path) -> None:
    program("run", "squares.py", "--items", "0:10")
    certificate = json.loads(program("certificate", "last").out)
    certificate["environment"]["skyburst"] = "0.0.1"
    certificate["environment"]["packages"]["numpy"] = "1.0"
    (project / "certificate.json").write_text(json.dumps(certificate))
    code = (project / "squares.py").read_text()
    (project / "squares.py").write_text(code.replace("number * number", "number"))
    ended = program("rerun", "certificate.json")
    assert ended.code == 0
    assert "differs: the digest of the analysis' code: " in ended.err
    assert "differs: skyburst: 0.0.1 then, " in ended.err
    assert "differs: package numpy: 1.0 then, " in ended.err
    assert "the result is not the same as before: sha256 " in ended.err


def test_items_that_differ_are_named(program: Program, project: Path) -> None:
    listing = project / "listing"
    listing.mkdir()
    (listing / "blueprint.toml").write_text(
        'blueprint = 1\nname = "listing"\nversion = "1.0.0"\nworker = "c:work"\ncombiner = "c:n"\nitems = "c:items"\n'
        '[parameters.folder]\ntype = "string"\nformat = "path"\nrequired = true\n[parameters.note]\ntype = "string"\n'
    )
    (listing / "c.py").write_text(
        "import pathlib\nimport skyburst\n\ndef items(parameters, context):\n"
        "    yield from sorted(p.name for p in pathlib.Path(parameters['folder']).iterdir())\n\n"
        "@skyburst.worker\ndef work(batch):\n    return len(batch.items)\n\nn = skyburst.combiners.total()\n"
    )
    (project / "data").mkdir()
    (project / "data" / "a").touch()
    assert program("run", "listing", "--set", "folder=data").code == 0
    same = program("rerun", "last")
    assert "differs" not in same.err
    (project / "data" / "b").touch()
    ended = program("rerun", "last")
    assert "differs: the number of items: 1 then, 2 now" in ended.err
    assert "differs: the items: " in ended.err


def test_inputs_whose_content_differs_are_named(program: Program, project: Path) -> None:
    reader = project / "reader"
    reader.mkdir()
    (reader / "blueprint.toml").write_text(
        'blueprint = 1\nname = "reader"\nversion = "1.0.0"\nworker = "c:work"\ncombiner = "c:n"\n'
        '[parameters.table]\ntype = "string"\nformat = "path"\nrequired = true\n'
    )
    (reader / "c.py").write_text(
        "import skyburst\n\n@skyburst.worker\ndef work(batch):\n    return len(batch.items)\n\nn = skyburst.combiners.total()\n"
    )
    (project / "table.csv").write_text("1")
    assert program("run", "reader", "--items", "0:2", "--set", "table=table.csv").code == 0
    assert "differs" not in program("rerun", "last").err
    (project / "table.csv").write_text("2")
    ended = program("rerun", "last")
    assert f"differs: input table 1 ({project / 'table.csv'}): sha256 " in ended.err
    assert "the result is the same as before" in ended.err


def a_certificate(*inputs: dict[str, Any], datasets: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"inputs": list(inputs), "datasets": datasets or []}


def test_data_and_configs_of_datasets_that_differ_are_named_wherever_they_are() -> None:
    def dataset(location: str, data: str, config: str) -> dict[str, Any]:
        inputs = [{"location": location, "size": 1, "sha256": data}]
        return {"number": 7, "dataset": "mouse", "config": "c.json", "config_digest": config, "inputs": inputs}

    before = a_certificate(datasets=[dataset("/here/a", "aa", "cc")])
    assert differences_in_inputs(before, a_certificate(datasets=[dataset("s3://b/a", "aa", "cc")])) == []
    assert differences_in_inputs(before, a_certificate(datasets=[dataset("s3://b/a", "bb", "dd")])) == [
        "input config of dataset 7, mouse (c.json): sha256 cc then, sha256 dd now",
        "input data 1 of dataset 7, mouse (/here/a): sha256 aa then, sha256 bb now",
    ]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"size": 4, "version": {"etag": "x"}}, None),
        ({"size": 4, "version": {"etag": "y"}}, "version x, size 4 then, version y, size 4 now"),
        ({"size": 5, "version": None}, "version x, size 4 then, size 5 now"),
        ({"size": None, "version": None}, None),
    ],
)
def test_inputs_without_a_checksum_differ_by_version_or_size_if_that_is_known(
    now: dict[str, Any], said: str | None
) -> None:
    entry = {"parameter": "table", "location": "s3://b/t", "sha256": None}
    before = a_certificate({**entry, "size": 4, "version": {"etag": "x"}})
    found = differences_in_inputs(before, a_certificate({**entry, **now}))
    assert found == ([f"input table 1 (s3://b/t): {said}"] if said else [])


def test_an_analysis_that_moved_is_found_by_its_name(program: Program, project: Path) -> None:
    assert program("run", "typed", "--items", "0:2", "--set", "count=3").code == 0
    (project / "typed").rename(project / "moved")
    ended = program("rerun", "last")
    assert ended.code == 0
    assert "differs: the analysis' location: " in ended.err
    (project / "moved").rename(project.parent / "gone")
    ended = program("rerun", "last")
    assert ended.code == 6
    assert "analysis 'typed' of the certificate is neither in " in ended.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a certificate: it is not JSON"),
        ("[]", "is not a certificate"),
        ('{"job": {}}', "it lacks analysis, parameters"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(program: Program, project: Path, content: str, message: str) -> None:
    (project / "certificate.json").write_text(content)
    ended = program("rerun", "certificate.json")
    assert ended.code == 2
    assert message in ended.err


def test_a_certificate_of_a_later_format_is_refused(program: Program, project: Path) -> None:
    program("run", "squares.py", "--items", "0:2")
    certificate = {**json.loads(program("certificate", "last").out), "certificate": 3}
    (project / "certificate.json").write_text(json.dumps(certificate))
    ended = program("rerun", "certificate.json")
    assert ended.code == 2
    assert "is a certificate of format 3, and this version of skyburst reads 1 and 2" in ended.err


def test_a_job_without_a_result_leaves_nothing_to_compare(program: Program) -> None:
    program("run", "naps.py", "--items", "0:2", "--batch-size", "2", "--set", "bad=[0]")
    ended = program("rerun", "last")
    assert ended.code == 1
    assert "there is nothing to compare: the earlier job has no result" in ended.err


def test_a_job_whose_items_say_their_batch_size_is_resumed_and_run_again_with_it(
    program: Program, project: Path
) -> None:
    needed = project / "needed"
    program("run", str(REPOSITORY / "tests" / "listing"), "--set", f"needs={needed}")
    assert "batches   of 4 items" in program("status", "last").out
    needed.touch()
    ended = program("resume", "last")
    assert ended.code == 0
    batches = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert json.loads(program("result", "last", "--json").out) == batches
    assert json.loads(program("status", "last", "--json").out)["plan"]["batch_size"] == 4
    assert json.loads(program("certificate", "last").out)["plan"]["batch_size"] == 4
    ended = program("rerun", "last")
    assert ended.code == 0
    assert "the result is the same as before" in ended.err
    assert "differs" not in ended.err
