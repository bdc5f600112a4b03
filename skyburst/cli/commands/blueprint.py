"""`skyburst blueprint`: check, diff, history, show, import."""

from __future__ import annotations

from pathlib import Path

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag

MOST_SHOWN = 30


@click.group("blueprint", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check and compare blueprints, and look at their history.

    \b
    Examples:
      skyburst blueprint check my-analysis
      skyburst blueprint diff my-analysis
      skyburst blueprint import stack_config_template.json
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("check")
@click.argument("analysis", default=".", shell_complete=analysis_names)
@json_flag("the findings")
def check(analysis: str, as_json: bool) -> int:
    """Find everything that is wrong with an analysis without running it.

    ANALYSIS is a folder or a name; else the current folder. All fields are looked at, whether the functions and files that
    are named exist, instance types, parameters, and the analyses that follow. Exits with 1 when something cannot work.

    \b
    Examples:
      skyburst blueprint check
      skyburst blueprint check ./my_analysis --json
    """
    from skyburst.blueprints.checking import Level, check_folder
    from skyburst.blueprints.history import entries
    from skyburst.cli.blueprints import checked_lines, folder_of, known_types
    from skyburst.cli.output import echo_json
    from skyburst.finding import find_analysis
    from skyburst.homes.local.folder import state_folder

    folder = folder_of(analysis)
    blueprint, found = check_folder(
        folder, find=lambda name: find_analysis(name, folder.parent).blueprint, types=known_types(),
        history=lambda name: entries(state_folder(), name),
    )  # fmt: skip
    if as_json:
        echo_json([trouble._asdict() for trouble in found])
    else:
        click.echo("\n".join(checked_lines(folder, blueprint, found)))
    return 1 if any(trouble.level is Level.WRONG for trouble in found) else 0


@command.command("diff")
@click.argument("before", shell_complete=analysis_names)
@click.argument("after", required=False, shell_complete=analysis_names)
@json_flag("the changes")
def diff(before: str, after: str | None, as_json: bool) -> int:
    """Show how two blueprints differ, field by field.

    Each is a folder or a name; NAME@VERSION or NAME@DIGEST for what `skyburst blueprint history` has; or NAME@deployed for
    what is deployed. With one only, it is compared with what was recorded of it last. Exits with 1 when they differ.

    \b
    Examples:
      skyburst blueprint diff my-analysis
      skyburst blueprint diff my-analysis@1.0.0 my-analysis
      skyburst blueprint diff my-analysis@deployed ./my_analysis
    """
    from skyburst.cli.blueprints import change_lines, compared
    from skyburst.cli.output import echo_json

    old, new, found = compared(before, after)
    if as_json:
        echo_json([change.document() for change in found])
    else:
        click.echo("\n".join(change_lines(old, new, found)))
    return 1 if found else 0


@command.command("history")
@click.argument("name", shell_complete=analysis_names)
@click.option(
    "--number", "-n", type=click.IntRange(min=1), default=MOST_SHOWN, show_default=True, metavar="N", help="The last N."
)
@json_flag("the history")
def history(name: str, number: int, as_json: bool) -> None:
    """List what was run, saved and deployed of a blueprint, newest first.

    Each content is told by its digest. It is recorded on this machine, in the state folder.

    \b
    Examples:
      skyburst blueprint history my-analysis
    """
    import msgspec

    from skyburst.blueprints.history import entries
    from skyburst.cli.blueprints import history_lines
    from skyburst.cli.output import echo_json
    from skyburst.errors import NotFound
    from skyburst.homes.local.folder import state_folder

    found = entries(state_folder(), name)[::-1][:number]
    if not found:
        raise NotFound(f"nothing is recorded of {name!r} in {state_folder()}: it is, once it is run, saved or deployed")
    if as_json:
        echo_json(msgspec.to_builtins(found))
    else:
        click.echo("\n".join(history_lines(found)))


@command.command("show")
@click.argument("blueprint", shell_complete=analysis_names)
@json_flag("all fields, defaults included,")
def show(blueprint: str, as_json: bool) -> None:
    """Show a blueprint's fields and the digest of its content.

    BLUEPRINT is given as for `skyburst blueprint diff`.

    \b
    Examples:
      skyburst blueprint show my-analysis
      skyburst blueprint show my-analysis@1.0.0 --json
    """
    from skyburst.cli.blueprints import blueprint_lines, read_side
    from skyburst.cli.output import echo_json

    found = read_side(blueprint)
    if as_json:
        echo_json(found.document())
    else:
        click.echo("\n".join(blueprint_lines(found)))


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output", "-o", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the analysis; else a folder of its name, here.",
)  # fmt: skip
@json_flag("what became of each field")
def import_(file: Path, output: Path | None, as_json: bool) -> None:
    """Make an analysis of a NeuroCAAS blueprint, `stack_config_template.json`.

    Writes a folder with a blueprint and a README. What is carried over, and what cannot be and why, is said line by line.

    \b
    Examples:
      skyburst blueprint import stack_config_template.json
      skyburst blueprint import caiman/stack_config_template.json -o caiman
    """
    from skyburst.blueprints.neurocaas import read_neurocaas
    from skyburst.blueprints.neurocaas_folder import write_folder
    from skyburst.cli.blueprints import machines, name_of
    from skyburst.cli.output import echo_json
    from skyburst.cli.text import printable
    from skyburst.errors import InvalidBlueprint

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidBlueprint(f"{file} cannot be read: {error}") from error
    fallback = name_of(output or file.resolve().parent)
    found = read_neurocaas(text, str(file), fallback_name=fallback, machines=machines())
    folder = output or Path(found.name)
    write_folder(found, folder, file.name)
    if as_json:
        echo_json([said._asdict() for said in found.said])
    else:
        click.echo("\n".join(printable(said.line()) for said in found.said))
    click.echo(f"wrote {folder}: its README.md says what is left to do", err=True)
