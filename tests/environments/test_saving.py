"""An image's digest is put into a blueprint: one line changes, and all else stays."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.environments.saving import make_image, recipe_of, run_tool, save_image, with_image
from skyburst.errors import Invalid, InvalidBlueprint, ToolFailed

OLD, NEW = f"lab/old@sha256:{'0' * 64}", f"lab/new@sha256:{'1' * 64}"
HEAD = '# mine\nblueprint = 1\nname = "one"\nversion = "1.0.0"\ncommand = ["ls"] # lists\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'[environment] # big\nimage = "{OLD}"   # of May\nvcpus = 2\n',
            f'[environment] # big\nimage = "{NEW}"   # of May\nvcpus = 2\n',
        ),
        (f"[environment]\nvcpus = 2\nimage='{OLD}'", f'[environment]\nvcpus = 2\nimage="{NEW}"'),
        ("[environment]\r\nvcpus = 2\r\n", f'[environment]\r\nimage = "{NEW}"\r\nvcpus = 2\r\n'),
        (
            f'[environment]\n# image = "{OLD}"\n[resources]\n',
            f'[environment]\nimage = "{NEW}"\n# image = "{OLD}"\n[resources]\n',
        ),
        ("[environment]", f'[environment]\nimage = "{NEW}"\n'),
        ("", f'\n[environment]\nimage = "{NEW}"\n'),
        (
            '[parameters.image]\ntype = "string"\n',
            f'[parameters.image]\ntype = "string"\n\n[environment]\nimage = "{NEW}"\n',
        ),
    ],
)
def test_one_line_changes_and_comments_stay(before: str, after: str) -> None:
    assert with_image(HEAD + before, NEW, "here") == HEAD + after
    assert with_image(HEAD + after, NEW, "here") == HEAD + after


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}environment = {{ vcpus = 2 }}\n",
        f"{HEAD}environment.vcpus = 2\n",
        f'{HEAD}[environment]\nimage = """{OLD}"""\n',
        f'{HEAD}[environment]\nvariables = {{ TEXT = """\nimage = "x"\n""" }}\n',
        f'{HEAD}environment = "x"\n',
    ],
)
def test_what_is_written_in_another_way_is_left_to_its_author(text: str) -> None:
    with pytest.raises(InvalidBlueprint, match="write image = "):
        with_image(text, NEW, "here")


@given(st.text(alphabet='[]environmt \n"=#@sha256:image.1', max_size=60))
def test_nothing_but_the_image_is_ever_changed(text: str) -> None:
    try:
        before = tomllib.loads(text)
        changed = with_image(text, NEW, "here")
    except (tomllib.TOMLDecodeError, InvalidBlueprint):
        return
    after = tomllib.loads(changed)
    assert after.pop("environment") == {**before.pop("environment", {}), "image": NEW}
    assert after == before


@pytest.mark.parametrize(
    "image", ["lab/new:latest", "lab/new@sha256:1234", f"lab new@sha256:{'1' * 64}", f'x"@sha256:{"1" * 64}']
)
def test_an_image_is_named_by_its_digest(image: str) -> None:
    with pytest.raises(Invalid, match="expected REPOSITORY@sha256:DIGEST"):
        with_image(HEAD, image, "here")


def test_a_blueprint_that_cannot_be_used_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "blueprint.toml"
    path.write_text(HEAD.replace("1.0.0", "one"))
    with pytest.raises(InvalidBlueprint, match="version is"):
        save_image(tmp_path, NEW)
    assert "image" not in path.read_text()
    path.write_text(HEAD)
    blueprint = save_image(tmp_path, NEW)
    assert blueprint.environment is not None
    assert blueprint.environment.image == NEW


ENGINE = f"""#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$1 $2" in
"push fail/one:1") echo "denied" ; exit 1 ;;
"image inspect")
    case "$*" in
    *silent*) ;;
    *) echo "elsewhere/x@sha256:{"2" * 64}"; echo "{NEW.replace("lab/", "host:5000/lab/")}" ;;
    esac ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path) -> str:
    """A program that is called as a container engine is, and notes how."""
    path = tmp_path / "docker"
    path.write_text(ENGINE)
    path.chmod(0o755)
    return str(path)


def calls(engine: str) -> list[str]:
    return Path(engine).with_name("calls").read_text().splitlines()


def test_an_image_is_built_pushed_and_known_by_the_digest_of_its_repository(engine: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    recipe = recipe_of(tmp_path)
    assert recipe is not None
    found = make_image(engine, "host:5000/lab/new:2", run_tool, recipe=recipe)
    assert found == f"host:5000/lab/new@sha256:{'1' * 64}"
    assert [call.split()[0] for call in calls(engine)] == ["build", "push", "image"]
    make_image(engine, "host:5000/lab/new:3", run_tool, container="skyburst-develop-one")
    assert calls(engine)[3] == "commit skyburst-develop-one host:5000/lab/new:3"


def test_an_engine_that_does_not_succeed_is_told(engine: str) -> None:
    with pytest.raises(ToolFailed, match="push` ended with 1: denied"):
        make_image(engine, "fail/one:1", run_tool, container="x")
    with pytest.raises(ToolFailed, match="knows no digest of silent/one:1"):
        make_image(engine, "silent/one:1", run_tool, container="x")
    with pytest.raises(Invalid, match="is no place for an image"):
        make_image(engine, "--all", run_tool, container="x")
    with pytest.raises(ToolFailed, match="cannot be run"):
        run_tool([os.fspath(Path(engine).with_name("none"))])
