"""`skyburst group`: create, code, approve, allow, deny, list, policy."""

from __future__ import annotations

import click

from skyburst.cli.commands.people import people_option
from skyburst.cli.options import json_flag


@click.group("group", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look after groups: people who share data, results and a budget.

    \b
    Examples:
      skyburst group create imaging --allow caiman --approve
      skyburst group code imaging
      skyburst group list
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("create")
@click.argument("name")
@click.option("--title", metavar="TEXT", help="A name for people.")
@click.option("--contact", metavar="ADDRESS", help="E-mail address of whoever speaks for the group.")
@click.option(
    "--allow", "analyses", multiple=True, metavar="ANALYSIS", help="What it may run, or `all`; may be given again."
)
@click.option("--approve", is_flag=True, help="Approve it at once.")
@people_option
def create(
    name: str, title: str | None, contact: str | None, analyses: tuple[str, ...], approve: bool, location: str | None
) -> None:
    """Make a group, and print the code with which people join it.

    The code is shown this once: what is kept of it does not tell it. `skyburst group code` makes another one.

    \b
    Examples:
      skyburst group create imaging --allow caiman --allow pmd --approve
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import created_group
    from skyburst.people.records import ALL

    allowed = (ALL if ALL in analyses else list(dict.fromkeys(analyses))) if analyses else None
    with opened(location) as profiles:
        group, code = created_group(
            profiles.people, name, approved=approve, title=title, contact=contact, analyses=allowed
        )
        profiles.write(group)
    click.echo(code)


@command.command("code")
@click.argument("name")
@click.option("--none", "remove", is_flag=True, help="Have nobody join: the group has no code then.")
@people_option
def code(name: str, remove: bool, location: str | None) -> None:
    """Make a new code for a group and print it; the one before does not work any more.

    \b
    Examples:
      skyburst group code imaging
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import with_new_code, without_code

    with opened(location) as profiles:
        if remove:
            profiles.write(without_code(profiles.people, name))
            return
        group, made = with_new_code(profiles.people, name)
        profiles.write(group)
    click.echo(made)


@command.command("approve")
@click.argument("name")
@click.option("--withdraw", is_flag=True, help="Approve it no more: its members may run nothing.")
@people_option
def approve(name: str, withdraw: bool, location: str | None) -> None:
    """Approve a group, so that its members may run what it may.

    \b
    Examples:
      skyburst group approve imaging
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import approved_group

    with opened(location) as profiles:
        profiles.write(approved_group(profiles.people, name, approved=not withdraw))


@command.command("allow")
@click.argument("name")
@click.argument("analyses", nargs=-1, required=True, metavar="ANALYSIS...")
@people_option
def allow(name: str, analyses: tuple[str, ...], location: str | None) -> None:
    """Allow a group to run analyses, or `all`.

    \b
    Examples:
      skyburst group allow imaging caiman pmd
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import allowed

    with opened(location) as profiles:
        profiles.write(allowed(profiles.people, name, analyses))


@command.command("deny")
@click.argument("name")
@click.argument("analyses", nargs=-1, required=True, metavar="ANALYSIS...")
@people_option
def deny(name: str, analyses: tuple[str, ...], location: str | None) -> None:
    """Deny a group analyses that it may run, or `all`.

    \b
    Examples:
      skyburst group deny imaging pmd
    """
    from skyburst.cli.people import opened
    from skyburst.people.changes import disallowed

    with opened(location) as profiles:
        profiles.write(disallowed(profiles.people, name, analyses))


@command.command("list")
@people_option
@json_flag("the groups")
def list_(location: str | None, as_json: bool) -> None:
    """List groups: what they may run, and who is in them.

    \b
    Examples:
      skyburst group list
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.people import group_documents, group_lines, looked_at

    people = looked_at(location).people
    if as_json:
        echo_json(group_documents(people))
    else:
        click.echo("\n".join(group_lines(people)))


@command.command("policy")
@click.argument("buckets", nargs=-1, required=True, metavar="BUCKET[/PREFIX]...")
def policy(buckets: tuple[str, ...]) -> None:
    """Print the IAM policy with which members use the folders of their own group, and no others.

    One policy serves all groups: it goes by the tag `skyburst-group` of the session. It is what a permission set of IAM
    Identity Center takes as its inline policy.

    \b
    Examples:
      skyburst group policy skyburst-objects-1a2b3c/caiman
    """
    from skyburst.cli.output import echo_json
    from skyburst.people.policies import Root, group_policy

    roots = []
    for given in buckets:
        bucket, _, prefix = given.removeprefix("s3://").partition("/")
        roots.append(Root(f"arn:aws:s3:::{bucket}", f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""))
    echo_json(group_policy(roots))
