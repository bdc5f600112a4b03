"""`skyburst blueprint`, as a developer uses it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.blueprints.neurocaas_documents import text_of
from tests.cli.conftest import Program


def test_a_whole_day_of_a_developer(program: Program, project: Path) -> None:
    assert program("blueprint", "check", "typed").out.startswith("typed 1.2.0: nothing is wrong; content ")
    assert program("blueprint", "history", "typed").code == 6
    assert program("run", "typed", "--items", "0:1", "--set", "count=1").code == 0
    assert program("run", "typed", "--items", "0:1", "--set", "count=1").code == 0
    assert program("blueprint", "diff", "typed").out.endswith("are the same\n")
    path = project / "typed" / "blueprint.toml"
    path.write_text(
        path.read_text().replace('version = "1.2.0"', 'version = "1.3.0"').replace("minimum = 1", "minimum = 2")
    )
    changed = program("blueprint", "diff", "typed")
    assert changed.code == 1
    assert "~ parameters.count.minimum: 1 -> 2" in changed.out
    assert '~ version: "1.2.0" -> "1.3.0"' in changed.out
    assert program("run", "typed", "--items", "0:1", "--set", "count=2").code == 0
    rows = program("blueprint", "history", "typed").out.splitlines()
    assert [row.split()[2:4] for row in rows[1:]] == [["run", "1.3.0"], ["run", "1.2.0"]]
    entries = json.loads(program("blueprint", "history", "typed", "--json").out)
    old = f"typed@{entries[1]['digest'][:10]}"
    assert json.loads(program("blueprint", "diff", old, "typed@1.3.0", "--json").out)[0] == {
        "field": "parameters.count.minimum", "before": 1, "after": 2,
    }  # fmt: skip
    assert json.loads(program("blueprint", "show", old, "--json").out)["version"] == "1.2.0"
    shown = program("blueprint", "show", "typed").out
    assert f"content {entries[0]['digest']}" in shown
    digest = json.loads(program("certificate", "last").out)["analysis"]["blueprint_digest"]
    assert digest == entries[0]["digest"]


def test_check_says_everything_and_exits_with_1(program: Program, project: Path) -> None:
    path = project / "typed" / "blueprint.toml"
    path.write_text(path.read_text().replace("code:work", "code:wrk").replace('title = "', 'titel = "'))
    ended = program("blueprint", "check", "typed")
    assert ended.code == 1
    assert "wrong     typed/blueprint.toml: titel: there is no such field; did you mean 'title'?" in ended.out
    assert "worker is 'code:wrk': typed/code.py has no 'wrk'" in ended.out
    assert ended.out.endswith("2 things cannot work\n")
    assert [one["level"] for one in json.loads(program("blueprint", "check", "typed", "--json").out)] == [
        "wrong",
        "wrong",
    ]
    (project / "typed" / "blueprint.toml").write_text("name = ")
    assert program("blueprint", "check", "typed").code == 2
    assert "has no blueprint" in program("blueprint", "check", "squares.py").err


def test_of_two_with_one_name_the_folder_that_is_named_is_meant(program: Program, project: Path) -> None:
    (project / "a").mkdir()
    for file in ("blueprint.toml", "code.py"):
        text = (project / "typed" / file).read_text()
        (project / "a" / file).write_text(text.replace('title = "', 'title = "Another: '))
    assert "~ title" in program("blueprint", "diff", "typed", "./a").out


def test_import_writes_a_folder_and_says_what_became_of_each_field(program: Program, project: Path) -> None:
    (project / "stack_config_template.json").write_text(text_of("as described"))
    ended = program("blueprint", "import", "stack_config_template.json")
    assert ended.code == 0
    assert "kept  Lambda.LambdaConfig.DEPLOY_LIMIT = 100: max_concurrent = 100" in ended.out
    assert "not kept  Lambda.LambdaConfig.AMI" in ended.out
    assert "wrote tracking-web" in ended.err
    checked = program("blueprint", "check", "tracking-web")
    assert checked.code == 1
    assert "command has 'run_track.sh', and there is no such file" in checked.out
    (project / "tracking-web" / "run_track.sh").write_text("ls\n")
    assert program("blueprint", "check", "tracking-web").code == 0
    again = program("blueprint", "import", "stack_config_template.json")
    assert again.code == 2
    assert "is there already: name another folder with --output" in again.err
    (project / "x.json").write_text(text_of("a template that nobody filled in"))
    assert program("blueprint", "import", "x.json", "-o", "My Tracker 2").code == 0
    assert 'name = "my-tracker-2"' in (project / "My Tracker 2" / "blueprint.toml").read_text()
