"""`skyburst env`: develop, test, save, list, extend, stop."""

from __future__ import annotations

from pathlib import Path

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag, on_option

data_option = click.option(
    "--data", "-d", "data", multiple=True, metavar="PATH", help="File, folder or URL of data; may be given again."
)
config_option = click.option(
    "--config",
    "-c",
    "config_file",
    metavar="FILE",
    help="Config file, handed over byte for byte; else one is made of --set.",
)
set_option = click.option(
    "--set", "-s", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter, when there is no config file."
)
folder_option = click.option(
    "--folder", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path),
    help="Folder to work in, which is kept; else a new one here.",
)  # fmt: skip
DEFAULT_MIN = 120.0


@click.group("env", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Develop the environment of an analysis that is a command: look around, try it out, save it.

    \b
    Examples:
      skyburst env test my-analysis --data recording.npy --config config.yaml
      skyburst env develop my-analysis
      skyburst env save my-analysis --push registry.example.org/lab/track:2
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("test")
@click.argument("analysis", shell_complete=analysis_names)
@data_option
@config_option
@set_option
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End it after so long.",
)
@folder_option
def test(
    analysis: str, data: tuple[str, ...], config_file: str | None, settings: tuple[str, ...], timeout_s: float | None,
    folder: Path | None,
) -> int:  # fmt: skip
    """Run an analysis on one dataset here, show what it writes, and keep its folder.

    The same folders and variables as in a job, in a container when the blueprint names an image and there is an engine. What
    the command writes goes to standard output and standard error as it is written. Exits with 1 when it does not succeed.

    \b
    Examples:
      skyburst env test my-analysis --data recording.npy
      skyburst env test my-analysis -d a.npy -d b.npy -c config.yaml --folder trial
    """
    from skyburst.cli.developing import open_trial, tell, tried_lines
    from skyburst.contracts.dataset import DatasetState

    trial = open_trial(analysis, data, config_file, settings, folder, tell)
    tried = trial.run(timeout_s)
    click.echo("\n".join(tried_lines(tried, trial)), err=True)
    return 0 if tried.state is DatasetState.SUCCEEDED else 1


@command.command("develop")
@click.argument("analysis", shell_complete=analysis_names)
@data_option
@config_option
@set_option
@folder_option
@on_option
@click.option(
    "--instance-type", metavar="TYPE", help="On AWS: of the instance; else the first of the blueprint, else m5.large."
)
@click.option(
    "--minutes",
    type=float,
    default=DEFAULT_MIN,
    show_default=True,
    metavar="N",
    help="On AWS: lifetime of the instance.",
)
def develop(
    analysis: str, data: tuple[str, ...], config_file: str | None, settings: tuple[str, ...], folder: Path | None, on: str,
    instance_type: str | None, minutes: float,
) -> int:  # fmt: skip
    """Open a shell in the environment of an analysis.

    Here: with the folders and variables of the command, in a container when the blueprint names an image and there is an
    engine; the container stays when the shell ends, for `skyburst env save`. With --on aws: on an instance with a lifetime,
    by a session of Systems Manager, which needs the AWS CLI with its plugin; the instance stays until it is stopped or its
    lifetime has passed.

    \b
    Examples:
      skyburst env develop my-analysis --data recording.npy
      skyburst env develop my-analysis --on aws --instance-type g5.xlarge --minutes 240
    """
    from skyburst.cli.developing import aws_shell, local_shell

    if on == "aws":
        return aws_shell(analysis, instance_type, minutes)
    return local_shell(analysis, data, config_file, settings, folder)


@command.command("save")
@click.argument("analysis", shell_complete=analysis_names)
@click.option("--image", metavar="REPOSITORY@sha256:DIGEST", help="An image that is there; nothing is built.")
@click.option("--push", "tag", metavar="REPOSITORY:TAG", help="Build an image and push it there.")
@click.option("--message", "-m", default="", metavar="TEXT", help="What changed, for the history.")
def save(analysis: str, image: str | None, tag: str | None, message: str) -> None:
    """Save the environment of an analysis: the digest of its image goes into the blueprint.

    With --push, the image is built of the folder's Dockerfile, or of the container of `skyburst env develop`, and pushed by
    the container engine. One line of the blueprint changes, and its history has what it was.

    \b
    Examples:
      skyburst env save my-analysis --push registry.example.org/lab/track:2 -m "new model"
      skyburst env save my-analysis --image lab/track@sha256:DIGEST
    """
    from skyburst.cli.developing import saved

    if (image is None) == (tag is None):
        raise click.UsageError("give one of --image and --push")
    blueprint, digest = saved(analysis, image, tag, message)
    assert blueprint.environment is not None
    click.echo(f"{blueprint.name} {blueprint.version}: image {blueprint.environment.image}, content {digest[:12]}")


@command.command("list")
@on_option
@json_flag("the environments")
def list_(on: str, as_json: bool) -> None:
    """List environments in which analyses are developed: containers here, or instances on AWS.

    \b
    Examples:
      skyburst env list
      skyburst env list --on aws
    """
    from skyburst.cli.developing import environment_lines, environments
    from skyburst.cli.output import echo_json

    found = environments(on)
    if as_json:
        echo_json([one._asdict() for one in found])
    else:
        click.echo("\n".join(environment_lines(found)))


@command.command("extend")
@click.argument("environment")
@click.option(
    "--minutes", type=float, default=DEFAULT_MIN, show_default=True, metavar="N", help="Lifetime from now on."
)
def extend(environment: str, minutes: float) -> None:
    """Give an instance on AWS a longer, or shorter, lifetime. ENVIRONMENT is its id, or its analysis.

    \b
    Examples:
      skyburst env extend my-analysis --minutes 240
    """
    import time

    from skyburst.cli.text import moment
    from skyburst.homes.aws import development
    from skyburst.homes.aws.account import Account

    account = Account()
    found = development.find_instance(account, environment)
    until = development.extend(account, found, minutes, time.time())
    click.echo(f"{found.id} lives until {moment(until)}", err=True)


@command.command("stop")
@click.argument("environment")
@on_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def stop(environment: str, on: str, yes: bool) -> None:
    """End an environment: the container of an analysis here, or an instance on AWS. What is not saved is gone.

    \b
    Examples:
      skyburst env stop my-analysis
      skyburst env stop i-0123456789abcdef0 --on aws --yes
    """
    from skyburst.cli.developing import to_stop

    name, stop_it = to_stop(environment, on)
    if not yes:
        click.confirm(f"end the environment {name}? What is not saved is gone", abort=True, err=True)
    stop_it()
    click.echo(f"ended {name}", err=True)
