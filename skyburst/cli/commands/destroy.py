"""`skyburst destroy`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from skyburst.cli.deploying import prefix_option

if TYPE_CHECKING:
    from skyburst.homes.aws.account import Account

LOOK_S = 3.0


@click.command("destroy")
@prefix_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(prefix: str, yes: bool) -> None:
    """Remove a deployment; results are kept.

    Its functions, roles, logs and state machine are removed. The bucket with all results and the tables of jobs and
    budgets are kept, and named at the end: results are worth more than what made them. A later deployment makes new ones.

    \b
    Examples:
      skyburst destroy
      skyburst destroy --prefix lab --yes
    """
    from skyburst.homes.aws.account import BUDGETS, Account

    account = Account(prefix)
    outputs = account.outputs
    tables = [outputs[name] for name in ("Batches", "Jobs", BUDGETS) if name in outputs]
    kept = [f"  bucket {outputs['Bucket']}", *(f"  table {table}" for table in tables)]
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("give --yes to destroy without being asked")
        click.confirm(f"remove the deployment {prefix!r} in {account.region}?", abort=True, err=True)
    _delete(account)
    click.echo("\n".join([f"removed {prefix!r}; kept are", *kept]))


def _delete(account: Account) -> None:
    """Delete the stack and wait for it. Raises DeployFailed."""
    from skyburst.errors import DeployFailed
    from skyburst.homes.aws.account import asking

    client = account.client("cloudformation")
    with asking("remove the deployment"):
        # By its id: a stack that is gone has no name.
        stack = client.describe_stacks(StackName=account.prefix)["Stacks"][0]["StackId"]
        client.delete_stack(StackName=stack)
        while True:
            found = client.describe_stacks(StackName=stack)["Stacks"][0]
            status = found["StackStatus"]
            if status == "DELETE_COMPLETE":
                return
            if not status.endswith("_IN_PROGRESS"):
                raise DeployFailed(
                    f"the stack {account.prefix} is {status}: {found.get('StackStatusReason', 'its events say why')}"
                )
            time.sleep(LOOK_S)
