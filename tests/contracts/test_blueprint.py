"""A blueprint describes an analysis, or is refused with its file, the field and what was expected."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.blueprints.problems import all_problems
from skyburst.contracts import values
from skyburst.contracts.blueprint import code_folder, digest_of_code, load_blueprint, parse_blueprint
from skyburst.errors import InvalidBlueprint
from tests.json_values import json_values

SMALL: dict[str, Any] = {
    "blueprint": 1,
    "name": "count-words",
    "version": "1.0.0",
    "worker": "search:search",
    "combiner": "results:best",
}
FULL = {
    **SMALL,
    "title": "A title",
    "description": "What it does",
    "links": {"Paper": "https://example.org/paper"},
    "items": "items.listing:list_items",
    "code": "../search",
    "second_stage": {"tasks": "best:tasks", "worker": "best:compare", "merge": "best:sort"},
    "job": {"batch_size": 10, "max_parallelism": 2, "timeout_s": 60, "tolerated_failure_percent": 5},
    "resources": {
        "memory_mb": 512,
        "disk_mb": 1_024,
        "batch_timeout_s": 1.5,
        "combiner_timeout_s": 20,
        "attempts": 2,
        "writes": ["libraries/*/index/*", "top.json"],
    },
    "parameters": {"k": {"type": "integer", "default": 3}},
    "library": {
        "describe": "library:describe",
        "generate": "generate:generate",
        "variants": "library:variants",
        "index": "index-words",
    },
    "command": None,
    "compute": "ec2",
    "environment": {
        "image": f"lab/count@sha256:{'0' * 64}",
        "vcpus": 4,
        "memory_mb": 16_384,
        "gpus": 1,
        "disk_gb": 100,
        "timeout_min": 90.5,
        "instance_types": ["g5.xlarge", "g6"],
        "max_concurrent": 20,
        "pricing": "spot",
        "ami": "ami-0849b3d20fe3258e3",
        "attempts": 2,
        "fallback": False,
        "variables": {"OMP_NUM_THREADS": "4"},
    },
    "next": [{"analysis": "sort-words", "on": "each", "parameters": {"k": 2}}],
    "presets": {"few": {"title": "Few", "description": "Only the best.", "parameters": {"k": 1}}},
}
TOML = """
blueprint = 1
name = "count-words"
version = "1.0.0"
worker = "search:search"
combiner = "results:best"
[parameters.k]
type = "integer"
default = 3
"""


def test_a_small_blueprint_gets_defaults() -> None:
    blueprint = parse_blueprint(SMALL, "here")
    assert blueprint.resources.memory_mb == 2_048
    assert blueprint.resources.disk_mb == 512
    assert blueprint.resources.attempts == 3
    assert blueprint.job.tolerated_failure_percent == 0
    assert blueprint.parameters == {}
    assert blueprint.items is None
    assert blueprint.second_stage is None


def test_a_full_blueprint_is_kept_and_is_json() -> None:
    document = parse_blueprint(FULL, "here").document()
    assert document == FULL
    assert parse_blueprint(values.decode(values.encode(document)), "again").document() == FULL


def test_a_blueprint_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "blueprint.toml").write_text(TOML)
    blueprint = load_blueprint(tmp_path)
    assert blueprint.name == "count-words"
    assert blueprint.parameters == {"k": {"type": "integer", "default": 3}}


def test_code_may_lie_in_a_folder_beside_that_of_the_blueprint_and_nowhere_else(tmp_path: Path) -> None:
    for folder in ("mine", "elsewhere/other"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "mine" / "blueprint.toml").write_text('code = "../other"\n' + TOML)
    with pytest.raises(
        InvalidBlueprint, match=r"blueprint\.toml: code is '\.\./other': expected a folder beside .*/mine"
    ):
        load_blueprint(tmp_path / "mine")
    (tmp_path / "other").symlink_to(tmp_path / "elsewhere" / "other")
    with pytest.raises(InvalidBlueprint, match=r"/other is none"):
        load_blueprint(tmp_path / "mine")
    (tmp_path / "other").unlink()
    (tmp_path / "other").mkdir()
    blueprint = load_blueprint(tmp_path / "mine")
    assert code_folder(tmp_path / "mine", blueprint) == tmp_path / "other"
    (tmp_path / "mine" / "blueprint.toml").write_text('code = "../mine"\n' + TOML)
    with pytest.raises(InvalidBlueprint, match=r"/mine is none"):
        load_blueprint(tmp_path / "mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"does not exist: an analysis is a folder with a blueprint\.toml"),
        ("blueprint = 1\nname =", r"is not TOML: .*(line 2|end of document)"),
        (b"\xff\xfe", r"is not TOML"),
        (f"{TOML}\n[parameters.when]\ndefault = 2020-01-01\n", r"parameters\.when\.default is of type datetime\.date"),
        (f"{TOML}\n[parameters.big]\ndefault = inf\n", r"parameters\.big\.default is inf"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "blueprint.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidBlueprint, match=message) as caught:
        load_blueprint(tmp_path)
    assert str(tmp_path / "blueprint.toml") in str(caught.value)


def test_a_blueprint_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "blueprint.toml").mkdir()
    with pytest.raises(InvalidBlueprint, match="cannot be read: Is a directory"):
        load_blueprint(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nmae": "x"}, "here: nmae: there is no such field; did you mean 'name'?"),
        ({"zzz": 1}, "here: zzz: there is no such field; the fields are blueprint, name, version"),
        ({"job": {"batchsize": 1}}, "here: job.batchsize: there is no such field; did you mean 'batch_size'?"),
        ({"resources": {"memory": 1}}, "here: resources.memory: there is no such field; did you mean 'memory_mb'?"),
        ({"library": {"describe": "a:b", "zzz": 1}}, "here: library.zzz: there is no such field"),
        ({"blueprint": 2, "new_field": 1}, "here: blueprint = 2, and this version of skyburst reads 1"),
        ({"blueprint": "1"}, 'here: blueprint is "1": expected int, got str'),
        ({"blueprint": True}, "here: blueprint is true: expected int, got bool"),
        (
            {"name": "Count Words"},
            'here: name is "Count Words": expected str of lower-case letters, digits and hyphens',
        ),
        ({"name": "a\n"}, "expected str of lower-case letters"),
        ({"name": "../a"}, "expected str of lower-case letters"),
        ({"version": "1.0"}, 'here: version is "1.0": expected str such as 1.0.0'),
        ({"version": "1.0.0\n"}, "expected str such as 1.0.0"),
        ({"worker": "search"}, 'here: worker is "search": expected str such as module:function'),
        ({"worker": "../search:f"}, "expected str such as module:function"),
        ({"combiner": "a:b.c"}, "expected str such as module:function"),
        ({"items": 3}, "here: items is 3: expected str"),
        ({"links": {"Paper": "javascript:alert(1)"}}, "expected str that is an http or https URL"),
        ({"links": {"": "https://example.org"}}, "expected str of length >= 1"),
        ({"links": "https://example.org"}, 'here: links is "https://example.org": expected object, got str'),
        ({"job": {"batch_size": 0}}, "here: job.batch_size is 0: expected int >= 1"),
        ({"job": 3}, "here: job is 3: expected object, got int"),
        ({"resources": {"memory_mb": 64}}, "here: resources.memory_mb is 64: expected int >= 128"),
        ({"resources": {"disk_mb": 511}}, "here: resources.disk_mb is 511: expected int >= 512"),
        ({"resources": {"attempts": 11}}, "here: resources.attempts is 11: expected int <= 10"),
        ({"resources": {"batch_timeout_s": 901}}, "here: resources.batch_timeout_s is 901: expected float <= 900.0"),
        *(
            ({"resources": {"writes": [key]}}, f"here: resources.writes has {key!r}: expected a key of the")
            for key in (
                "",
                "*",
                "/a/b",
                "a/",
                "a//b",
                "../a",
                "a/../b",
                "a/./b",
                ".",
                "*/index/*",
                "job*/x",
                "a/b?",
                "a/${b}",
                "a b",
                "ä/b",
                "a\\b",
                "a\n",
                "jobs",
                "jobs/*",
                "jobs/x/result.json",
                "items/x",
                "uploads/*/index/*",
                "batches/x",
                "map-runs/*",
                "answers/x",
                "web/libraries/x",
            )
        ),
        ({"resources": {"writes": "a/b"}}, 'here: resources.writes is "a/b": expected array'),
        ({"resources": {"writes": ["a/b"] * 11}}, "expected array of length <= 10"),
        (
            {"library": {"describe": "a:b", "index": "../words"}},
            'here: library.index is "../words": expected str of lower-case letters, digits and hyphens',
        ),
        ({"library": {}}, "here: library is {}: object missing required field describe"),
        (
            {"second_stage": {"tasks": "a:b", "workers": "a:b", "merge": "a:b"}},
            "here: second_stage.workers: there is no such field; did you mean 'worker'?",
        ),
        ({"second_stage": {"tasks": "a:b", "worker": "a:b"}}, "object missing required field merge"),
        (
            {"second_stage": {"tasks": "a:b", "worker": "compare", "merge": "a:b"}},
            'here: second_stage.worker is "compare": expected str such as module:function',
        ),
        ({"second_stage": "a:b"}, 'here: second_stage is "a:b": expected object'),
        ({"parameters": {"k": 3}}, 'here: parameters[...] in {"k": 3}: expected object, got int'),
        ({"parameters": {"k": {"type": "x"}}}, 'here: parameters.k.type is "x": expected one of array'),
        ({"parameters": {"k": {"type": "integer", "default": "3"}}}, 'here: the default of parameters.k is "3"'),
        ({"resources": {"writes": ["a", 3]}}, "here: resources.writes[1] is 3: expected str, got int"),
        ({"title": 3}, "here: title is 3: expected str, got int"),
        ({"code": 3}, "here: code is 3: expected str"),
        *(
            ({"code": value}, f"here: code is {value!r}: expected '../FOLDER', a folder beside that of the blueprint")
            for value in (
                "",
                ".",
                "..",
                "../",
                "../.",
                "../..",
                "../../x",
                "../x/y",
                "../x/",
                "x",
                "./x",
                "/x",
                "..\\x",
                "../a\\b",
            )
        ),
    ],
)
def test_a_blueprint_that_cannot_be_used_is_refused_with_field_and_expectation(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidBlueprint) as caught:
        parse_blueprint({**SMALL, **change}, "here")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run.sh", '["bash", "run.sh"]'),
        ("code/fit.py --fast 'a b'", '["python3", "code/fit.py", "--fast", "a b"]'),
        ("matlab -batch main", '["matlab", "-batch", "main"]'),
        ("say 'it", '["say", "\'it"]'),
    ],
)
def test_a_command_that_is_one_text_is_refused_with_the_words_that_are_meant(command: str, words: str) -> None:
    document = {name: value for name, value in SMALL.items() if name not in ("worker", "combiner")} | {
        "command": command
    }
    expected = f": expected a list of its words, such as command = {words}"
    with pytest.raises(InvalidBlueprint) as refused:
        parse_blueprint(document, "here")
    assert str(refused.value).startswith("here: command is ")
    assert str(refused.value).endswith(expected)
    (problem,) = all_problems(document, "here").problems
    assert problem == str(refused.value)


@pytest.mark.parametrize("field", list(SMALL))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(InvalidBlueprint, match=rf"^here: object missing required field {field}$"):
        parse_blueprint({name: value for name, value in SMALL.items() if name != field}, "here")


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*FULL, "other"]), json_values, max_size=3))
def test_any_document_is_accepted_or_refused_with_where_it_is(noise: dict[str, Any]) -> None:
    refusal = "here: "
    try:
        parse_blueprint({**FULL, **noise}, "here")
    except InvalidBlueprint as error:
        refusal = str(error)
    assert refusal.startswith("here: ")


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_digest_of_code_follows_names_and_contents_and_nothing_else(tmp_path: Path) -> None:
    first = write(tmp_path / "first", a_py="1", below__b_py="2")
    digest = digest_of_code(first)
    assert len(digest) == 64
    assert digest_of_code(write(tmp_path / "second", below__b_py="2", a_py="1")) == digest
    os.utime(first / "a.py", (1, 1))
    assert digest_of_code(first) == digest
    assert digest_of_code(write(tmp_path / "third", a_py="1", below__b_py="3")) != digest
    assert digest_of_code(write(tmp_path / "fourth", c_py="1", below__b_py="2")) != digest
    assert digest_of_code(write(tmp_path / "fifth", a_py="12", below__b_py="")) != digest


def test_what_running_the_code_leaves_behind_does_not_change_its_digest(tmp_path: Path) -> None:
    digest = digest_of_code(write(tmp_path / "code", a_py="1"))
    for place in ("__pycache__", "below/__pycache__", ".git", ".venv/lib", ".pytest_cache"):
        (tmp_path / "code" / place).mkdir(parents=True)
        (tmp_path / "code" / place / "x.txt").write_text("x")
    (tmp_path / "code" / "a.pyc").write_text("x")
    assert digest_of_code(tmp_path / "code") == digest


def test_a_single_file_has_a_digest_wherever_it_lies(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1", a_py="1") / "a.py", write(tmp_path / "2", a_py="1") / "a.py"
    assert digest_of_code(first) == digest_of_code(second)
    second.write_text("2")
    assert digest_of_code(first) != digest_of_code(second)
