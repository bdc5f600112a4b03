"""`skyburst drift`."""

from __future__ import annotations

import click

from skyburst.cli.deploying import prefix_option
from skyburst.cli.options import json_flag


@click.command("drift")
@prefix_option
@json_flag("what drifted")
def command(prefix: str, as_json: bool) -> int:
    """Look whether a deployment is still as it was deployed.

    CloudFormation compares each resource with the template, which takes a minute or two; each property that somebody changed
    by hand is named. Nothing is changed: `skyburst deploy` does not undo it either unless the template changes there, so
    undo it by hand, or destroy and deploy. Exits with 1 when something drifted.

    \b
    Examples:
      skyburst drift
      skyburst drift --prefix lab --json
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.text import printable
    from skyburst.homes.aws.account import Account, asking
    from skyburst.homes.aws.drift import find_drift

    account = Account(prefix)
    if not as_json:
        click.echo(f"comparing {prefix!r} with its template, {account.status}", err=True)
    with asking("compare the deployment with its template"):
        found = find_drift(account.client("cloudformation"), prefix)
    if as_json:
        echo_json(found.document())
        return 1 if found.drifted else 0
    for resource in found.drifted:
        click.echo(
            printable(f"{resource.status.lower()}  {resource.kind} {resource.physical_id} ({resource.logical_id})")
        )
        for one in resource.properties:
            click.echo(printable(f"  {one.words}"))
    drifted = f"{len(found.drifted)} of {found.checked} resources drifted"
    click.echo(drifted if found.drifted else f"{found.checked} resources are as deployed")
    return 1 if found.drifted else 0
