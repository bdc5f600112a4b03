"""`skyburst deploy`."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from skyburst.cli.deploying import deploy_options


@click.command("deploy")
@deploy_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(
    analyses: tuple[str, ...], architecture: str, python: str, lanes: int, prefix: str, yes: bool, **settings: Any
) -> None:
    """Deploy skyburst and analyses to an AWS account.

    The account is that of the current credentials. Shows what will be deployed and asks before anything changes. The
    same command updates a deployment: analyses and settings that are not named any more are removed, jobs and their
    results stay.
    Nothing deployed costs money while no job runs, but for what is stored. Needs Node.js, and credentials that may
    create what is shown.

    \b
    Examples:
      skyburst deploy
      skyburst deploy --analysis my-analysis --analysis color-depth-search
      skyburst deploy --analysis my-analysis --submission-buckets my-analysis=my-bucket
      AWS_PROFILE=lab AWS_REGION=eu-central-1 skyburst deploy --prefix lab --yes
    """
    from skyburst.blueprints.history import record
    from skyburst.cli.deploying import (
        BOOTSTRAP,
        Wanted,
        analyses_of,
        check_tools,
        function_lines,
        functions_of,
        run_cdk,
        synthesised,
    )
    from skyburst.cli.deployment_settings import chosen_settings
    from skyburst.homes.aws.account import Account, asking
    from skyburst.homes.aws.signing_in import page_of
    from skyburst.homes.local.folder import state_folder

    wanted = Wanted(
        prefix, analyses_of(analyses), architecture, lanes, python, settings=chosen_settings(settings)
    )  # fmt: skip
    check_tools()
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("give --yes to deploy without being asked")
    account = Account(prefix)
    with asking("find the account"):
        number = account.client("sts").get_caller_identity()["Account"]
    names = ", ".join(found.blueprint.name for found in wanted.analyses)
    click.echo(f"putting together {names} for {architecture}; the first time this takes a minute or two", err=True)
    with synthesised(wanted) as assembly:
        click.echo(f"account {number}, region {account.region}, deployment {prefix!r}")
        click.echo("\n".join(function_lines(functions_of(assembly, prefix))))
        if not yes:
            click.confirm("deploy this?", abort=True, err=True)
        with asking("find out whether CDK was used here before"):
            used = account.client("ssm").get_parameters(Names=[BOOTSTRAP])["Parameters"]
        if not used:
            click.echo("CDK is used here for the first time: it makes a bucket and roles of its own", err=True)
            run_cdk(assembly, account.region, "bootstrap", f"aws://{number}/{account.region}")
        run_cdk(
            assembly, account.region, "deploy", prefix, "--app", str(assembly), "--require-approval", "never",
            "--method", "direct",
        )  # fmt: skip
    for found in wanted.analyses:
        record(state_folder(), found.blueprint, how="deployed", now=time.time(), folder=found.location)
    if wanted.settings.get("web") != "no" and (page := page_of(Account(prefix).outputs)):
        click.echo(f"the page is at {page}: `skyburst people invite NAME --email ADDRESS` lets somebody sign in")
    click.echo(
        f"deployed: `skyburst run {wanted.analyses[0].blueprint.name} --on aws` runs the first of them", err=True
    )
