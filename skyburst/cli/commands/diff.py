"""`skyburst diff`."""

from __future__ import annotations

from typing import Any

import click

from skyburst.cli.deploying import deploy_options


@click.command("diff")
@deploy_options
def command(
    analyses: tuple[str, ...], architecture: str, python: str, lanes: int, prefix: str, **settings: Any
) -> None:
    """Show what `skyburst deploy` would change.

    Give the options of the deploy. Nothing is changed.

    \b
    Examples:
      skyburst diff
      skyburst diff --analysis my-analysis
    """
    from skyburst.cli.deploying import Wanted, analyses_of, check_tools, run_cdk, synthesised
    from skyburst.cli.deployment_settings import chosen_settings
    from skyburst.homes.aws.account import Account

    wanted = Wanted(
        prefix, analyses_of(analyses), architecture, lanes, python, settings=chosen_settings(settings)
    )  # fmt: skip
    check_tools()
    region = Account(prefix).region
    with synthesised(wanted) as assembly:
        run_cdk(assembly, region, "diff", prefix, "--app", str(assembly), "--method", "template")
