"""`skyburst budget`: set, show, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from skyburst.cli.options import json_flag, on_option, open_home

Command = TypeVar("Command", bound=Callable[..., object])


def _scope_options(command: Command) -> Command:
    for option in (
        click.option(
            "--default", "default", is_flag=True, help="Each group and analysis that have no budget together."
        ),
        click.option("--analysis", metavar="NAME", help="Of an analysis."),
        click.option("--user", metavar="NAME", help="Of a user."),
        click.option("--group", metavar="NAME", help="Of a group."),
    ):
        command = option(command)
    return command


@click.group("budget", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Set what may be spent, by whom, and see what is left.

    A job is paid from all budgets that it falls under. What it may cost at most is kept for it before it starts, in all of
    them or, if one has not enough left, it is refused; when it has ended, what it really cost is spent.

    \b
    Examples:
      skyburst budget set --group lab1 --monthly 200
      skyburst budget set --group lab1 --analysis my-analysis 50
      skyburst budget show
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("set")
@_scope_options
@click.option("--monthly/--lifetime", "monthly", default=False, help="Anew with each month (UTC), or once for ever.")
@click.argument("amount", metavar="USD")
@on_option
def set_(
    group: str | None, user: str | None, analysis: str | None, default: bool, monthly: bool, amount: str, on: str
) -> None:
    """Set a budget of a group, a user, an analysis, or some of them together.

    Setting it again changes its limit; what was spent stays spent. With --default it is for each group and analysis by
    itself that have no budget of their own together.

    \b
    Examples:
      skyburst budget set --group lab1 --monthly 200
      skyburst budget set --group lab1 --user anna --monthly 40
      skyburst budget set --analysis my-analysis --lifetime 1000 --on aws
      skyburst budget set --default 300
    """
    from skyburst.budgets.records import Budget, Period
    from skyburst.cli.budgeting import scope_given
    from skyburst.prices.money import money, parse_usd

    period = Period.MONTHLY if monthly else Period.LIFETIME
    budget = Budget(scope_given(group, user, analysis, default=default), period, parse_usd(amount, "USD"))
    with open_home(on) as home:
        home.budgets.set(budget)
    click.echo(f"{budget.name} is {money(budget.limit)} USD", err=True)


@command.command("show")
@click.option("--group", metavar="NAME", help="Only those of a group.")
@click.option("--user", metavar="NAME", help="Only those of a user.")
@click.option("--analysis", metavar="NAME", help="Only those of an analysis.")
@on_option
@json_flag("the budgets")
def show(group: str | None, user: str | None, analysis: str | None, on: str, as_json: bool) -> None:
    """Show all budgets: what is spent, reserved by jobs that have not ended, and left.

    Reservations of jobs that have ended or are gone, because the program that ran them died, are settled first.

    \b
    Examples:
      skyburst budget show
      skyburst budget show --group lab1 --json
    """
    import time

    from skyburst.budgets.documents import budget_document
    from skyburst.cli.budgeting import budget_lines
    from skyburst.cli.output import echo_json

    wanted = (group, user, analysis)
    with open_home(on) as home:
        now = time.time()
        paying = home.paying
        if paying is not None:
            paying.sweep(now)
        standings = home.budgets.standings(now) if paying is not None else []
        name = home.name
    found = [
        entry
        for entry in standings
        if all(one is None or one == other for one, other in zip(wanted, entry.account.scope, strict=True))
    ]
    if as_json:
        echo_json([budget_document(entry) for entry in found])
    elif found:
        click.echo("\n".join(budget_lines(found, name)))
    else:
        click.echo(
            "no such budget is set" if any(wanted) else "no budget is set: `skyburst budget set` sets one", err=True
        )


@command.command("remove")
@_scope_options
@click.option("--monthly/--lifetime", "monthly", default=None, help="Only this one of the two.")
@on_option
def remove(
    group: str | None, user: str | None, analysis: str | None, default: bool, monthly: bool | None, on: str
) -> None:
    """Remove a budget: nobody is limited by it any more. What was spent is remembered, should it be set again.

    \b
    Examples:
      skyburst budget remove --group lab1 --user anna
    """
    from skyburst.budgets.records import Period
    from skyburst.cli.budgeting import scope_given
    from skyburst.errors import NotFound

    scope = scope_given(group, user, analysis, default=default)
    period = None if monthly is None else Period.MONTHLY if monthly else Period.LIFETIME
    with open_home(on) as home:
        removed = home.budgets.remove(scope, period) if home.paying is not None else []
    if not removed:
        raise NotFound("there is no such budget: `skyburst budget show` lists them")
    for budget in removed:
        click.echo(f"{budget.name} is removed", err=True)
