"""Blueprints of NeuroCAAS become folders; what is not carried over is said."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from skyburst.blueprints.neurocaas import Imported, read_neurocaas
from skyburst.blueprints.neurocaas_command import read_command
from skyburst.blueprints.neurocaas_folder import blueprint_text, readme_text, write_folder
from skyburst.contracts.blueprint import load_blueprint, parse_blueprint
from skyburst.errors import Invalid, InvalidBlueprint
from tests.blueprints.neurocaas_documents import VARIATIONS, text_of


def read(name: str) -> Imported:
    return read_neurocaas(text_of(name), "x.json", fallback_name="fallback")


def paths(document: dict[str, Any], prefix: str = "") -> set[str]:
    """The fields of a NeuroCAAS blueprint, as what is said of them names them."""
    found: set[str] = set()
    for name, value in document.items():
        if name in ("Lambda", "LambdaConfig", "UXData") and isinstance(value, dict) and value:
            found |= paths(value, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


@pytest.mark.parametrize("name", VARIATIONS)
def test_every_form_becomes_a_blueprint_and_something_is_said_of_every_field(name: str, tmp_path: Path) -> None:
    found = read(name)
    blueprint = write_folder(found, tmp_path / "folder", "x.json")
    assert load_blueprint(tmp_path / "folder") == blueprint
    assert parse_blueprint(tomllib.loads(blueprint_text(found)), "x") == blueprint
    assert blueprint.command is not None
    assert blueprint.compute == "ec2"
    assert blueprint.parameters is None
    said = {one.field for one in found.said}
    assert paths(VARIATIONS[name]) <= said
    readme = readme_text(found, "x.json")
    for one in found.said:
        assert f"`{one.field}`" in readme
        assert one.words in readme
        assert one.words in one.line()


def test_what_the_machine_and_its_limits_become() -> None:
    found = read("as described")
    assert found.environment == {
        "vcpus": 8, "memory_mb": 56_192, "gpus": 1, "instance_types": ["p3.2xlarge"], "timeout_min": 2866.67,
        "max_concurrent": 100,
    }  # fmt: skip
    assert found.command == ["bash", "run_track.sh"]
    assert (found.script, found.style) == ("/home/ubuntu/models/run_track.sh", "workflow")
    assert found.groups == {"lab": ["ada", "grace@lab.org"]}
    assert found.ami == "ami-0123456789abcdef0"


def test_numbers_that_are_text_are_numbers() -> None:
    found = read("numbers as text")
    assert (found.environment["timeout_min"], found.environment["max_concurrent"]) == (2866.67, 20)
    assert any("--lifetime 600`" in one.words for one in found.said)


def test_what_nobody_filled_in_is_left_out_and_said() -> None:
    found = read("a template that nobody filled in")
    assert found.name == "fallback"
    assert "instance_types" not in found.environment
    lost = {one.field: one.words for one in found.said if not one.kept}
    assert "it is no instance type" in lost["Lambda.LambdaConfig.INSTANCE_TYPE"]
    assert "it is no machine image" in lost["Lambda.LambdaConfig.AMI"]
    assert "it is no amount" in lost["Lambda.LambdaConfig.MAXCOST"]


def test_gpus_are_kept_and_their_old_family_is_not() -> None:
    found = read("an old GPU")
    assert (found.environment["gpus"], found.environment["vcpus"]) == (8, 32)
    assert "instance_types" not in found.environment
    assert any("not supported by CUDA" in one.words for one in found.said)


@pytest.mark.parametrize(
    ("name", "script", "style", "program"),
    [
        ("as described", "/home/ubuntu/models/run_track.sh", "workflow", "bash"),
        ("a program in Python", "/home/ubuntu/fit/run_main.py", "workflow", "python3"),
        ("a script that is told", "/home/ubuntu/make/run_label.sh", "arguments", "bash"),
        ("a runner that knows its script", "/home/ubuntu/tools/run_main.sh", "whole", "bash"),
        ("three places and the end of the machine", "/home/ubuntu/bin/run.sh", "whole", "bash"),
        ("eight places without quotes", "/home/ubuntu/bin/run.sh", "whole", "bash"),
        ("the way there by parents", "/home/ubuntu/bin/run.sh", "whole", "bash"),
        ("a relative folder", "home/ec2-user/bin/run.sh", "whole", "bash"),
        ("no machine", "", "", "bash"),
    ],
)
def test_the_script_behind_the_command_is_found(name: str, script: str, style: str, program: str) -> None:
    found = read(name)
    assert (found.script, found.style, found.command[0]) == (script, style, program)


def test_a_line_begins_in_its_working_directory_where_that_is_known() -> None:
    called = read_command('ls; bin/run.sh "{}" "{}"', "/home/ubuntu")
    assert called is not None
    assert called.script == "/home/ubuntu/bin/run.sh"
    assert read("a relative folder").script == "home/ec2-user/bin/run.sh"  # ~/bin may be anybody's


@pytest.mark.parametrize("line", ["", "ls; cleanup", 'echo "', '"{}" "{}"', "cd x"])
def test_a_line_that_names_no_script_is_not_guessed_at(line: str) -> None:
    assert read_command(line) is None


def test_nothing_of_the_line_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    called = read_command(f'touch {marker}; $(touch {marker}) "{{}}"')
    assert not marker.exists()
    assert called is not None


def test_a_folder_that_has_a_blueprint_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "blueprint.toml").write_text("mine")
    with pytest.raises(Invalid, match="is there already"):
        write_folder(read("as described"), tmp_path, "x.json")
    assert (tmp_path / "blueprint.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ('{"PipelineName": "x", }', "is not JSON"),
        ("[1]", "is no blueprint of NeuroCAAS"),
        ('{"Lambda": {}}', "is no blueprint of NeuroCAAS"),
        (json.dumps({"PipelineName": "x", "Lambda": 3}), "is no blueprint of NeuroCAAS"),
    ],
)
def test_other_files_are_refused(text: str, refusal: str) -> None:
    with pytest.raises(InvalidBlueprint, match=refusal):
        read_neurocaas(text, "x.json", fallback_name="x")


def test_names_and_texts_cannot_break_out_of_the_file() -> None:
    document = VARIATIONS["as described"]
    script = "cd /home; run_main.sh {} {} {} {} 'a\"\\b\u007f.sh'"
    machine = {**document["Lambda"], "LambdaConfig": {"COMMAND": script}}
    found = read_neurocaas(json.dumps({**document, "Lambda": machine}), "x", fallback_name="x")
    assert tomllib.loads(blueprint_text(found))["command"] == ["bash", 'a"\\b\u007f.sh']
