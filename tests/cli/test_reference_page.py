"""docs/command-line.md has every command, option, exit code and variable that there is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from skyburst.cli.deploying import BUNDLES_VARIABLE
from skyburst.cli.exits import MEANINGS
from skyburst.cli.group import COMMANDS
from skyburst.cli.main import skyburst
from skyburst.cli.options import ON_VARIABLE
from skyburst.environments import container
from skyburst.environments.inputs import LINK_VARIABLE
from skyburst.finding import PATH_VARIABLE
from skyburst.homes.aws.account import PREFIX_VARIABLE
from skyburst.homes.local.folder import VARIABLE
from skyburst.homes.local.home import WORKERS_VARIABLE
from skyburst.prices.current import VARIABLE as PRICES_VARIABLE

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "command-line.md").read_text()


def command_of(name: str) -> click.Command:
    command = skyburst.get_command(click.Context(skyburst), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_command_with_all_its_options(name: str) -> None:
    command = command_of(name)
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for each in commands:
        full = name if each is command else f"{name} {each.name}"
        assert f"`skyburst {full}" in PAGE
        for option in (option for option in each.params if isinstance(option, click.Option)):
            assert option.opts[-1] in PAGE or option.opts[0] in PAGE, option.opts


def test_the_page_names_no_command_that_there_is_not() -> None:
    named = set(re.findall(r"(?:`|\$ )skyburst ([a-z]+)\b", PAGE))
    assert named <= set(COMMANDS)


def where_jobs_run(name: str) -> list[str]:
    """The names with which the commands of a name take `--on`: only its own when all of several do."""
    command = command_of(name)
    commands = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    taking = [each for each in commands if any("--on" in option.opts for option in each.params)]
    if command in taking or len(taking) == len(commands) > 1:
        return [name]
    return [f"{name} {each.name}" for each in taking]


def test_the_page_of_home_aws_names_the_commands_that_speak_to_it() -> None:
    sentence = re.search(r"`--on aws` goes with (.*?); `SKYBURST_ON", (DOCS / "aws.md").read_text(), re.DOTALL)
    assert sentence is not None
    told = re.findall(r"`([a-z ]+)`", sentence[1])
    # Of `cost`, the command about a job has no name; `compare` reads a file.
    there_are = [name for command in COMMANDS for name in where_jobs_run(command)]
    assert sorted(told) == sorted("cost" if name == "cost estimate" else name for name in there_are)


def test_the_page_has_the_table_of_exit_codes_as_the_program_has_it() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(str(int(code)), meaning) for code, meaning in MEANINGS.items()]


def test_the_page_has_the_variables() -> None:
    of_commands = (ON_VARIABLE, PREFIX_VARIABLE, BUNDLES_VARIABLE, PRICES_VARIABLE, container.VARIABLE, LINK_VARIABLE)
    for variable in (VARIABLE, PATH_VARIABLE, WORKERS_VARIABLE, *of_commands):
        assert f"| `{variable}` |" in PAGE
