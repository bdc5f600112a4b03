"""What can be found wrong with an analysis without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.blueprints.checking import InstanceType, Level, check_folder
from skyburst.blueprints.content import content_digest
from skyburst.blueprints.history import Entry
from skyburst.contracts.blueprint import Blueprint, load_blueprint, parse_blueprint
from skyburst.errors import AnalysisNotFound, InvalidBlueprint

HEAD = 'blueprint = 1\nname = "one"\nversion = "1.0.0"\n'
PYTHON = f'{HEAD}worker = "code:work"\ncombiner = "code:join"\n'
TWO = '[[next]]\nanalysis = "two"\n'
CODE = """
import os
if os:
    def work(batch): ...
try:
    from json import loads as join
except ImportError:
    join = 1
"""
TYPES = {
    "m5.large": InstanceType(2, 8_192, 0),
    "m5.xlarge": InstanceType(4, 16_384, 0),
    "g5.xlarge": InstanceType(4, 16_384, 1),
}
KNOWN = {
    "two": {"next": [{"analysis": "three"}], "parameters": {"rank": {"type": "integer"}}},
    "three": {"next": [{"analysis": "one"}]},
    "four": {"parameters": {"mask": {"type": "string", "required": True}}},
    "end": {},
}


def find(name: str) -> Blueprint:
    if name not in KNOWN:
        raise AnalysisNotFound(f"there is no analysis {name!r}")
    document = {"blueprint": 1, "name": name, "version": "1.0.0", "command": ["ls"], **KNOWN[name]}
    return parse_blueprint(document, name)


def troubles(folder: Path, blueprint: str, history: list[Entry] | None = None, **files: str) -> list[tuple[Level, str]]:
    folder.mkdir(exist_ok=True)
    (folder / "blueprint.toml").write_text(blueprint)
    for name, text in files.items():
        (folder / name.replace("_dot_", ".")).write_bytes(text.encode())
    return [tuple(one) for one in check_folder(folder, find=find, types=TYPES, history=lambda _: history or [])[1]]  # type: ignore[misc]


def test_nothing_is_wrong_with_what_is_right_and_no_code_is_run(tmp_path: Path) -> None:
    assert troubles(tmp_path, PYTHON, code_dot_py=f"{CODE}\nraise SystemExit('it ran')\n") == []


@pytest.mark.parametrize(
    ("blueprint", "files", "words"),
    [
        (PYTHON, {}, "worker is 'code:work': there is no module 'code'"),
        (PYTHON, {"code_dot_py": "def work(batch): ..."}, "combiner is 'code:join'"),
        (PYTHON, {"code_dot_py": "def work(:"}, "is no Python"),
        (f'{PYTHON}items = "lists:all"\n', {"code_dot_py": CODE}, "items is 'lists:all': there is no module 'lists'"),
        (f'{PYTHON}[library]\ndescribe = "code:look"\n', {"code_dot_py": CODE}, "library.describe is 'code:look'"),
        (f'{HEAD}command = ["bash", "run.sh"]\n', {}, "command has 'run.sh', and there is no such file"),
        (f'{HEAD}command = ["./run"]\n', {}, "command starts with './run', and there is no such file"),
        (f'{HEAD}command = ["run.sh"]\n', {}, "command starts with 'run.sh', and there is no such file"),
        (f'{HEAD}command = ["run.sh"]\n', {"run_dot_sh": "#!/bin/sh\n"}, "is not executable: `chmod +x"),
        (f'{HEAD}command = ["sh", "run.sh"]\n', {"run_dot_sh": "#!/bin/sh\r\n"}, "lines end as on Windows"),
        (f'{HEAD}command = ["sh", "../../up.sh"]\n', {}, "command has '../../up.sh', and there is no such file"),
        (f'{HEAD}command = ["ls"]\ncode = "../none"\n', {}, "expected a folder beside"),
        (f'{HEAD}command = ["ls"]\n[[next]]\nanalysis = "nowhere"\n', {}, "next[0].analysis: there is no analysis 'nowhere'"),
        (f'{HEAD}command = ["ls"]\n[[next]]\nanalysis = "one"\n', {}, "in a circle, without end: one -> one"),
        (f'{HEAD}command = ["ls"]\n[[next]]\nanalysis = "two"\n', {}, "in a circle, without end: one -> two -> three -> one"),
        (
            f'{HEAD}command = ["ls"]\n[[next]]\nanalysis = "two"\nparameters = {{ rnk = 1 }}\n', {},
            "next[0], 'two': parameters.rnk: there is no such parameter; did you mean 'rank'?",
        ),
        (
            f'{HEAD}command = ["ls"]\n{TWO}{TWO}parameters = {{ rank = true }}\n', {},
            "next[1], 'two': parameters.rank is true: expected integer",
        ),
        (f'{HEAD}command = ["ls"]\n[[next]]\nanalysis = "four"\n', {}, "next[0], 'four': parameters.mask is missing"),
        (
            f'{HEAD}command = ["ls"]\n[environment]\nvcpus = 8\ninstance_types = ["m5.large", "m5.xlarge"]\n', {},
            "environment.vcpus is 8, and the largest of environment.instance_types has 4",
        ),
        (
            f'{HEAD}command = ["ls"]\n[environment]\nmemory_mb = 16384\ninstance_types = ["m5"]\n', {},
            "none of environment.instance_types has",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_found(tmp_path: Path, blueprint: str, files: dict[str, str], words: str) -> None:
    found = troubles(tmp_path / "one", blueprint, **files)
    assert {level for level, said in found if words in said} == {Level.WRONG}


@pytest.mark.parametrize(
    ("blueprint", "words"),
    [
        (f'{HEAD}command = ["no-such-program-anywhere"]\n', "there is no such program on this machine"),
        (
            f'{HEAD}command = ["ls"]\n[environment]\ninstance_types = ["z9.huge"]\n',
            "which the price data does not know",
        ),
        (
            f"{PYTHON}[environment]\ntimeout_min = 5\n",
            "[environment] is not used: all it needs is to be had in a function",
        ),
    ],
)
def test_what_may_not_work_is_a_doubt(tmp_path: Path, blueprint: str, words: str) -> None:
    assert [level for level, said in troubles(tmp_path, blueprint, code_dot_py=CODE) if words in said] == [
        Level.DOUBTFUL
    ]


def test_everything_is_found_at_once(tmp_path: Path) -> None:
    found = troubles(
        tmp_path,
        f'{HEAD}command = ["run.sh"]\ncompute = "gpu"\n[environment]\nmemory_mb = "much"\n[[next]]\nanalysis = "nowhere"\n',
    )
    assert len(found) == 4


def test_another_content_under_the_same_version_is_a_doubt(tmp_path: Path) -> None:
    assert troubles(tmp_path, PYTHON, code_dot_py=CODE) == []
    blueprint = load_blueprint(tmp_path)
    same = Entry(digest=content_digest(blueprint), version="1.0.0", at=0, how="run", who="ada")
    other = Entry(digest="f" * 64, version="1.0.0", at=0, how="run", who="ada")
    assert troubles(tmp_path, PYTHON, [other, same]) == []
    ((level, words),) = troubles(tmp_path, PYTHON, [same, other])
    assert level is Level.DOUBTFUL
    assert "another content (ffffffffffff) is recorded: give it a new version" in words


def test_a_star_import_or_a_module_that_makes_its_names_is_believed(tmp_path: Path) -> None:
    assert troubles(tmp_path, PYTHON, code_dot_py="from somewhere import *") == []
    assert troubles(tmp_path, PYTHON, code_dot_py="def __getattr__(name): ...") == []


def test_a_folder_without_a_blueprint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidBlueprint, match="does not exist"):
        check_folder(tmp_path, find=find, types=TYPES, history=lambda _: [])
