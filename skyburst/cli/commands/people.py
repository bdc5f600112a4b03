"""`skyburst people`: add, join, approve, deny, list, check, import."""

from __future__ import annotations

from pathlib import Path

import click

from skyburst.cli.deploying import prefix_option
from skyburst.cli.options import json_flag

people_option = click.option(
    "--people",
    "location",
    metavar="FOLDER",
    help="Folder of profiles, or its URL; else SKYBURST_PEOPLE, else in the state folder.",
)
email_option = click.option("--email", metavar="ADDRESS", help="E-mail address.")
full_name_option = click.option("--full-name", metavar="TEXT", help="A name for people.")
notify_option = click.option(
    "--notify",
    type=click.Choice(["always", "failures", "never"]),
    help="Of which ends of jobs there is a message; else never.",
)
webhook_option = click.option("--webhook", metavar="URL", help="Where messages are posted to, besides mail.")


@click.group("people", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look after users: who they are and what they may run.

    Profiles are files in a folder: see docs/people.md. While there is no group, everybody may run everything.

    \b
    Examples:
      skyburst people add ada --email ada@lab.edu --group imaging
      skyburst people list --pending
      skyburst people approve ada
      skyburst people check ada caiman
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("add")
@click.argument("name")
@email_option
@full_name_option
@click.option("--group", metavar="NAME", help="The group that the user belongs to.")
@notify_option
@webhook_option
@click.option("--approve", is_flag=True, help="Approve at once; else by the rule for e-mail addresses.")
@people_option
def add(
    name: str, email: str | None, full_name: str | None, group: str | None, notify: str | None, webhook: str | None,
    approve: bool, location: str | None,
) -> None:  # fmt: skip
    """Add a user.

    \b
    Examples:
      skyburst people add ada --email ada@lab.edu --group imaging --approve
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import added_user

    with opened(location) as profiles:
        user = added_user(
            profiles.people,
            name,
            approved=approve,
            email=email,
            full_name=full_name,
            group=group,
            notify=notify,
            webhook=webhook,
        )
        profiles.write(user)
    click.echo(f"added {name}{_waits(approved=user.approved)}", err=True)


@command.command("join")
@click.argument("code")
@click.option("--user", "name", required=True, metavar="NAME", help="Who joins.")
@email_option
@full_name_option
@notify_option
@people_option
def join(
    code: str, name: str, email: str | None, full_name: str | None, notify: str | None, location: str | None
) -> None:
    """Join a group with its CODE, as a new user or a known one.

    \b
    Examples:
      skyburst people join F7KM-2QXW-9HRT --user ada --email ada@lab.edu
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import joined

    with opened(location) as profiles:
        user = joined(profiles.people, code, name, email=email, full_name=full_name, notify=notify)
        profiles.write(user)
    click.echo(f"{name} belongs to the group {user.group}{_waits(approved=user.approved)}", err=True)


@command.command("approve")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@people_option
def approve(names: tuple[str, ...], location: str | None) -> None:
    """Approve users, so that they may run what their group may.

    \b
    Examples:
      skyburst people approve ada grace
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import approved_user

    with opened(location) as profiles:
        profiles.write(*[approved_user(profiles.people, name) for name in names])
    click.echo(f"approved {', '.join(names)}", err=True)


@command.command("deny")
@click.argument("name")
@click.option("--why", default="", metavar="TEXT", help="The reason, which the user is told.")
@people_option
def deny(name: str, why: str, location: str | None) -> None:
    """Deny a user, who may then run nothing.

    \b
    Examples:
      skyburst people deny mallory --why "nobody here knows them"
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import denied_user

    with opened(location) as profiles:
        profiles.write(denied_user(profiles.people, name, why))
    click.echo(f"denied {name}", err=True)


@command.command("list")
@click.option("--group", metavar="NAME", help="Only its members.")
@click.option("--pending", is_flag=True, help="Only those who wait to be approved.")
@people_option
@json_flag("the users")
def list_(group: str | None, pending: bool, location: str | None, as_json: bool) -> None:
    """List users.

    \b
    Examples:
      skyburst people list
      skyburst people list --pending --json
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.people import looked_at, user_lines
    from skyburst.people.records import document_of

    people = looked_at(location).people
    users = people.pending() if pending else [user for _, user in sorted(people.users.items())]
    users = [user for user in users if group is None or user.group == group]
    if as_json:
        echo_json([document_of(user) for user in users])
    else:
        click.echo("\n".join(user_lines(users)))


@command.command("check")
@click.argument("user", required=False)
@click.argument("analysis", required=False)
@click.option("--group", metavar="NAME", help="For which group; else the user's own.")
@people_option
def check(user: str | None, analysis: str | None, group: str | None, location: str | None) -> int:
    """Say whether a USER may run an ANALYSIS, and why not; or check all profiles.

    Exits with 1 when the user may not.

    \b
    Examples:
      skyburst people check
      skyburst people check ada caiman
    """
    from skyburst.cli.people import looked_at
    from skyburst.cli.text import counted
    from skyburst.people.rules import Refused, may_run

    if user is not None and analysis is None:
        raise click.UsageError("name the analysis too: skyburst people check USER ANALYSIS")
    profiles = looked_at(location)
    people = profiles.people
    if user is None or analysis is None:
        click.echo(
            f"{counted(len(people.users), 'user')} and {counted(len(people.groups), 'group')} in {profiles.location}: "
            "nothing is wrong"
        )
        if not people.has_rules:
            click.echo("there is no group, so that everybody may run everything")
        return 0
    answer = may_run(people, group, user, analysis)
    click.echo(answer.words if isinstance(answer, Refused) else f"{user} may run {analysis}")
    return 0 if answer.allowed else 1


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@people_option
def import_(file: Path, dry_run: bool, location: str | None) -> int:
    """Add users and groups of a table in CSV, or of a profile or a blueprint of NeuroCAAS.

    The first line of a table has titles, such as Email,FirstName,LastName,Affiliation,Verified. Known users keep what the
    file does not say. Exits with 1 when something could not be used.

    \b
    Examples:
      skyburst people import people.csv --dry-run
      skyburst people import user_config_template.json
    """
    from skyburst.cli.people import opened
    from skyburst.cli.text import counted, printable
    from skyburst.errors import InvalidPeople
    from skyburst.people.importing import read_people

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidPeople(f"{file} cannot be read: {error}") from error
    with opened(location) as profiles:
        found = read_people(text, file.name, profiles.people)
        click.echo("\n".join(printable(said) for said in found.said))
        if not dry_run:
            profiles.write(*found.groups.values(), *found.users.values())
    changed = f"{counted(len(found.groups), 'group')} and {counted(len(found.users), 'user')}"
    click.echo(f"{changed} {'would be' if dry_run else 'are'} written, {found.refused} left out", err=True)
    return 1 if found.refused else 0


@command.command("invite")
@click.argument("name")
@click.option("--email", required=True, metavar="ADDRESS", help="Where the invitation goes.")
@click.option("--administrator", is_flag=True, help="Who sees the jobs of everybody.")
@click.option("--again", is_flag=True, help="Send another password to who has not signed in yet.")
@prefix_option
def invite(name: str, email: str, administrator: bool, again: bool, prefix: str) -> None:
    """Invite somebody to sign in to the page of a deployment.

    NAME is that of the profile: jobs that are started from the page are of the user and the group that it names. Cognito
    sends a password for the first sign-in; the page's address is printed, for you to send.

    \b
    Examples:
      skyburst people invite ada --email ada@lab.edu
      skyburst people invite grace --email grace@lab.edu --administrator
    """
    from skyburst.homes.aws.account import Account
    from skyburst.homes.aws.signing_in import Invitations

    invitations = Invitations(Account(prefix))
    invitations.invite(name, email, administrator=administrator, again=again)
    click.echo(invitations.page)
    click.echo(f"{name} may sign in there, with the password that {email} gets", err=True)


@command.command("uninvite")
@click.argument("name")
@prefix_option
def uninvite(name: str, prefix: str) -> None:
    """Have somebody sign in no more; the profile and the jobs stay.

    Who is signed in stays so for an hour at most.

    \b
    Examples:
      skyburst people uninvite mallory
    """
    from skyburst.homes.aws.account import Account
    from skyburst.homes.aws.signing_in import Invitations

    Invitations(Account(prefix)).remove(name)
    click.echo(f"{name} signs in no more", err=True)


@command.command("invited")
@prefix_option
@json_flag("who may sign in")
def invited(prefix: str, as_json: bool) -> None:
    """List who may sign in to the page of a deployment.

    \b
    Examples:
      skyburst people invited
      skyburst people invited --json
    """
    from skyburst.cli import text
    from skyburst.cli.output import echo_json
    from skyburst.homes.aws.account import Account
    from skyburst.homes.aws.signing_in import Invitations

    users = sorted(Invitations(Account(prefix)).users())
    if as_json:
        echo_json([user._asdict() for user in users])
        return
    rows = [["NAME", "ADDRESS", "SIGN-IN", ""]]
    rows += [[user.name, user.email, user.standing, "administrator" if user.administrator else ""] for user in users]
    click.echo("\n".join(text.columns(rows)))


def _waits(*, approved: bool) -> str:
    return "" if approved else ", and waits to be approved"
