"""What the commands about environments do: trials, shells, images, instances."""

from __future__ import annotations

import getpass
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from skyburst.blueprints.content import content_digest
from skyburst.blueprints.history import record
from skyburst.cli import text
from skyburst.cli.setting import parameters_from
from skyburst.contracts.blueprint import Blueprint
from skyburst.contracts.parameters import Declared, resolve
from skyburst.environments import developing
from skyburst.environments.container import ENGINES, choose_engine
from skyburst.environments.saving import make_image, recipe_of, run_tool, save_image
from skyburst.environments.trying import Say, Trial, Tried
from skyburst.errors import Invalid, ObjectNotFound, StorageError, ToolFailed
from skyburst.finding import Found, find_analysis
from skyburst.homes.local.folder import state_folder


class Environment(NamedTuple):
    """An environment in which an analysis is developed."""

    id: str
    """Name of the container, or id of the instance."""
    analysis: str
    kind: str
    """The image, or the instance type."""
    state: str
    user: str
    until: float | None
    """When its lifetime ends, seconds since the epoch; None for one without."""


def open_trial(
    analysis: str, data: Sequence[str], config_file: str | None, settings: Sequence[str], folder: Path | None, say: Say
) -> Trial:
    """A trial with its data and its config, in a folder that is kept."""
    found = find_analysis(analysis)
    if config_file is not None and settings:
        raise click.UsageError("give one of --config and --set: a config file is handed over as it is")
    declared = found.blueprint.parameters
    given = parameters_from(declared, settings)
    parameters = given if declared is None or config_file is not None else resolve(declared, given, Path.cwd())
    item: dict[str, Any] = {"data": [_place(entry) for entry in data], "name": "trial"}
    item |= {"config_file": _place(config_file)} if config_file else {}
    for place in [*item["data"], *filter(None, [item.get("config_file")])]:
        if "://" not in place and not Path(place).exists():  # before a folder is made that stays
            raise ObjectNotFound(f"there is no file or folder {place}")
    if config_file and declared is not None:
        _check_config(item["config_file"], declared)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    root = folder or developing.new_folder(Path.cwd(), found.blueprint.name, stamp)
    trial = Trial(found, root, say)
    trial.prepare(item, parameters)
    return trial


def _check_config(place: str, declared: Declared) -> None:
    """Refuse a config that a submission would be refused for."""
    from skyburst.submissions.config_file import check_config

    path = Path(place)
    if "://" in place or path.is_dir():
        return
    try:
        check_config(path.read_bytes(), path.name, declared)
    except OSError as error:
        raise StorageError(f"{place} cannot be read: {error.strerror}") from error


def tell(stream: str, line: str) -> None:
    """Print a line of a command where it wrote it; what the engine says goes to standard error."""
    if stream == "env":
        click.echo(click.style(f"[env] {text.printable(line)}", dim=True), err=True)
    else:
        click.echo(text.printable_lines(line), err=stream == "err")


def tried_lines(tried: Tried, trial: Trial) -> list[str]:
    """How a trial went."""
    reason = f": {tried.reason}" if tried.reason else ""
    lines = [f"{tried.state} after {text.duration(tried.seconds)}, peak memory {tried.peak_memory_mb:,.0f} MiB{reason}"]
    lines += [f"  results/{text.printable(name)}" for name in tried.results] or ["  no results"]
    return [*lines, f"kept in {trial.root}"]


def local_shell(
    analysis: str, data: Sequence[str], config_file: str | None, settings: Sequence[str], folder: Path | None
) -> int:
    """Open a shell here; what it exits with."""
    found = find_analysis(analysis)
    name = found.blueprint.name
    engine = choose_engine(_image_of(found)).engine
    if engine is not None:
        there = developing.container_of(engine, name, run_tool)
        if there is not None:  # go on where it was left
            click.echo(f"the container {there.name} goes on; `skyburst env stop {name}` ends it", err=True)
            return subprocess.run([engine, "start", "--attach", "--interactive", there.name], check=False).returncode
    trial = open_trial(analysis, data, config_file, settings, folder, tell)
    words, variables, begin, container = developing.words_of_shell(trial, name)
    click.echo(f"a shell in {trial.root}: the data is in $SKYBURST_INPUTS, results go to $SKYBURST_RESULTS", err=True)
    click.echo(f"the command is: {' '.join(found.blueprint.command or [])}", err=True)
    if not sys.stdin.isatty() and container is not None:
        words.remove("--tty")
    code = subprocess.run(words, env=variables, cwd=begin, check=False).returncode
    if container is not None:
        click.echo(
            f"the container {container.name} stays: `skyburst env save {name} --push REPOSITORY:TAG` saves it, "
            f"`skyburst env stop {name}` removes it",
            err=True,
        )
    return code


def aws_shell(analysis: str, instance_type: str | None, minutes: float) -> int:
    """Start an instance, unless there is one for the analysis, and open a shell on it; what it exits with."""
    from skyburst.homes.aws import development
    from skyburst.homes.aws.account import Account

    found = find_analysis(analysis)
    name, needs = found.blueprint.name, found.blueprint.environment
    types = [one for one in (needs.instance_types if needs else []) if "." in one]
    kind = instance_type or next(iter(types), development.DEFAULT_TYPE)
    account = Account()
    development.session_words("i-0", account.region)  # says what is not installed before anything is started
    there = development.instances(account, name)
    if there:
        instance = there[0].id
        click.echo(f"the instance {instance} ({there[0].kind}) is there", err=True)
    else:
        instance = development.start_instance(
            account, name, user=getpass.getuser(), minutes=minutes, now=time.time(), kind=kind
        )
        click.echo(f"started the instance {instance} ({kind}), which lives for {minutes:g} minutes", err=True)
    click.echo("waiting until it can be reached", err=True)
    development.wait_online(account, instance)
    code = subprocess.run(development.session_words(instance, account.region), check=False).returncode
    click.echo(f"the instance stays: `skyburst env stop {instance} --on aws` ends it", err=True)
    return code


def saved(analysis: str, image: str | None, tag: str | None, message: str) -> tuple[Blueprint, str]:
    """Put an image, which is built and pushed when a tag is given, into the blueprint; the blueprint and its digest."""
    found = find_analysis(analysis)
    if found.location.is_file():
        raise Invalid(f"{analysis} is a single file, which has no blueprint")
    if tag is not None:
        image = _built(found, tag)
    assert image is not None
    blueprint = save_image(found.location, image)
    record(state_folder(), blueprint, how="saved", now=time.time(), message=message, folder=found.location)
    return blueprint, content_digest(blueprint)


def environments(on: str) -> list[Environment]:
    """Containers of this machine, or instances of the deployment."""
    if on == "aws":
        from skyburst.homes.aws import development
        from skyburst.homes.aws.account import Account

        return [
            Environment(one.id, one.analysis, one.kind, one.state, one.user, one.until)
            for one in development.instances(Account())
        ]
    chosen = choose_engine("any")
    if chosen.engine is None:  # then it has no containers
        click.echo(f"note: {_no_engine(chosen.why)}", err=True)
        return []
    engine = chosen.engine
    return [
        Environment(one.name, one.analysis, one.image, one.status, "", None)
        for one in developing.containers(engine, run_tool)
    ]


def environment_lines(found: Sequence[Environment]) -> list[str]:
    """Environments as a table."""
    if not found:
        return ["there are none"]
    rows = [["ENVIRONMENT", "ANALYSIS", "KIND", "STATE", "USER", "UNTIL"]]
    rows += [[one.id, one.analysis, one.kind, one.state, one.user or "-", text.moment(one.until)] for one in found]
    return [text.printable(line) for line in text.columns(rows)]


def to_stop(named: str, on: str) -> tuple[str, Callable[[], object]]:
    """An environment that is there, and what ends it.

    Raises:
        NotFound: when there is none of that name.
    """
    if on == "aws":
        from skyburst.homes.aws import development
        from skyburst.homes.aws.account import Account

        account = Account()
        found = development.find_instance(account, named)
        return found.id, lambda: development.terminate(account, found)
    engine, analysis = _engine(), named.removeprefix("skyburst-develop-")
    container = developing.find_container(engine, analysis, run_tool)
    return container.name, lambda: developing.stop_container(engine, analysis, run_tool)


def _built(found: Found, tag: str) -> str:
    engine = _engine()
    recipe = recipe_of(found.location)
    container = None if recipe else developing.container_of(engine, found.blueprint.name, run_tool)
    if recipe is None and container is None:
        raise Invalid(
            f"{found.location} has no Dockerfile, and no container of `skyburst env develop {found.blueprint.name}` is there: "
            "make one of them, or name an image with --image"
        )
    return make_image(engine, tag, run_tool, recipe=recipe, container=container.name if container else None)


def _engine() -> str:
    """The container engine of this machine. Raises ToolFailed when none answers."""
    chosen = choose_engine("any")
    if chosen.engine is None:
        raise ToolFailed(_no_engine(chosen.why))
    return chosen.engine


def _no_engine(why: str) -> str:
    told = why.partition(": ")[2] or why
    return f"there is no container engine: {told}; install and start one of {' and '.join(ENGINES)}"


def _image_of(found: Found) -> str | None:
    return found.blueprint.environment.image if found.blueprint.environment else None


def _place(given: str) -> str:
    """A path as it is from anywhere, or a URL."""
    return given if "://" in given else str(Path(given).expanduser().absolute())
