"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skyburst.cli.completing import job_ids

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home

ON_VARIABLE = "SKYBURST_ON"
Command = TypeVar("Command", bound=Callable[..., Any])


def job_argument(command: Command) -> Command:
    """Add the argument JOB."""
    return click.argument("job", metavar="JOB", shell_complete=job_ids)(command)


def json_flag(what: str) -> Callable[[Command], Command]:
    """Add `--json`, for programs that read the output."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON.")


def showing_options(command: Command) -> Command:
    """Add what the commands that run or follow a job have in common."""
    for option in (
        click.option("--quiet", "-q", is_flag=True, help="No progress; print only the path of the result."),
        click.option(
            "--output", metavar="FOLDER", type=click.Path(file_okay=False), help="Copy the result and its files there."
        ),
        click.option(
            "--json",
            "json_file",
            metavar="FILE",
            type=click.Path(dir_okay=False, allow_dash=True),
            help="Write the result to FILE; - is standard output.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress.")
detach_option = click.option(
    "--detach", is_flag=True, help="Run in the background: print the job's id and return at once."
)


on_option = click.option(
    "--on", type=click.Choice(["local", "aws"]), default="local", envvar=ON_VARIABLE, show_default=True,
    help="Where jobs run.",
)  # fmt: skip
"""Where the job of a command is: on this machine or in a deployment."""


@contextmanager
def open_home(on: str, *, quiet: bool = False) -> Iterator[Home]:
    """The home whose jobs the commands are about; it shows uploads unless `quiet`."""
    from skyburst.homes import home as homes

    if on == "aws":
        from skyburst.cli.counting import counting
        from skyburst.homes.aws.home import AwsHome

        home: Home = AwsHome(showing=lambda what: counting(what, quiet=quiet))
    else:
        home = homes.open_home(on)
    try:
        yield home
    finally:
        home.close()


@contextmanager
def open_job(name: str, on: str) -> Iterator[tuple[Home, JobRecord]]:
    """The job of a name. Raises JobNotFound."""
    with open_home(on) as home:
        yield home, home.find_job(name)
