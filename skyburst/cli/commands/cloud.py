"""`skyburst cloud`: a cloud on this machine."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.deployment_settings import settings_options
from skyburst.cli.options import json_flag

if TYPE_CHECKING:
    from skyburst.cli.deploying import Wanted
    from skyburst.local_cloud import LocalCloud
    from skyburst.local_cloud.deploy import Deployed

LOOK_S = 0.2


@click.group("cloud", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Try a deployment on this machine, without an account.

    \b
    Examples:
      skyburst cloud up
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("up")
@click.option(
    "--analysis", "analyses", multiple=True, metavar="PATH",
    help="Folder or name of an analysis; may be given again. Else those that come with skyburst.",
)  # fmt: skip
@click.option(
    "--lanes", type=click.IntRange(1, 100), default=1, show_default=True, metavar="N", help="Worker functions for each."
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, metavar="N", help="Of 127.0.0.1; else any that is free."
)
@settings_options
@json_flag("the variables")
def up(analyses: tuple[str, ...], lanes: int, port: int, as_json: bool, **settings: Any) -> None:
    """Start a cloud on this machine and deploy to it what would be deployed to AWS, until Ctrl-C.

    The very template and the very code run, each function in a process of its own with its own role. Prints variables
    for another terminal, in which all commands then speak to this cloud. Everything in it is gone when it ends.

    \b
    Examples:
      skyburst cloud up
      skyburst cloud up --analysis my-analysis
      skyburst cloud up --analysis my-analysis --submission-buckets my-analysis=uploads
    """
    from skyburst.cli.deploying import Wanted, analyses_of, host_architecture, host_c_library
    from skyburst.cli.deployment_settings import chosen_settings
    from skyburst.homes.local.interrupts import Interrupts

    _check()
    _forget_profiles()
    from skyburst.local_cloud import LocalCloud

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = Wanted(
        "skyburst", analyses_of(analyses), host_architecture(), lanes, python, host_c_library(),
        settings=chosen_settings(settings),
    )  # fmt: skip
    with Interrupts() as interrupts, LocalCloud(port=port) as cloud:
        deployed = _deploy(cloud, wanted)
        _tell(cloud, wanted, deployed, as_json=as_json)
        shown = 0
        while not interrupts.requested:
            for mail in cloud.mails()[shown:]:
                click.echo(f"mail to {mail.to}: {mail.text}", err=True)
                shown += 1
            time.sleep(LOOK_S)
    click.echo("the cloud has ended, and everything in it is gone", err=True)


def _check() -> None:
    """Raises Invalid when a cloud cannot run here."""
    from importlib.util import find_spec

    from skyburst.cli.deploying import check_tools
    from skyburst.errors import Invalid

    if sys.platform != "linux":
        raise Invalid(
            "`skyburst cloud up` runs the code of functions, which is for Linux: use it on Linux, or in a container"
        )
    if find_spec("moto") is None:
        raise Invalid("the local cloud is not installed: pip install 'skyburst[aws,cloud]'")
    check_tools()


def _forget_profiles() -> None:
    """Have this process read no profiles: they are for AWS, and the libraries of the cloud fail on one that is not there."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _deploy(cloud: LocalCloud, wanted: Wanted) -> Deployed:
    from skyburst.cli.deploying import function_lines, functions_of, synthesised

    click.echo("putting together what is deployed; the first time this takes a minute or two", err=True)
    with synthesised(wanted) as assembly:
        click.echo("\n".join(function_lines(functions_of(assembly, wanted.prefix))), err=True)
        return cloud.deploy(assembly, wanted.prefix)


def _tell(cloud: LocalCloud, wanted: Wanted, deployed: Deployed, *, as_json: bool) -> None:
    import json

    from skyburst.homes.aws.account import SUBMISSIONS
    from skyburst.homes.aws.signing_in import page_of

    variables = {**cloud.variables(), "SKYBURST_ON": "aws"}
    if as_json:
        click.echo(json.dumps(variables))
        return
    name = wanted.analyses[0].blueprint.name
    click.echo("\n".join(f"export {variable}='{value}'" for variable, value in variables.items()))
    if page := page_of(deployed.outputs):
        click.echo(
            f"the page is at {page}\n"
            "  skyburst people invite NAME --email ADDRESS    lets somebody sign in; the password is shown here",
            err=True,
        )
    for output, bucket in deployed.outputs.items():
        if output.endswith(SUBMISSIONS):
            click.echo(f"submissions are uploaded to s3://{bucket}", err=True)
    click.echo(
        "the cloud is up until Ctrl-C. Put the lines above into another terminal, and there\n"
        f"  skyburst show {name}    lists what to set with --set\n"
        f"  skyburst run {name}     runs it in this cloud\n"
        "  skyburst jobs, status, logs, result, certificate, cancel, resume, delete work as ever",
        err=True,
    )
