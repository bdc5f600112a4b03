"""`skyburst new`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from skyburst.cli.options import json_flag

TEMPLATE = Path(__file__).resolve().parent.parent / "template"
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
PLACEHOLDERS = {"my-analysis": "{name}", "my_analysis": "{module}"}
"""The template runs as it is, under a name of its own."""


@click.command("new")
@click.argument("analysis")
@click.option("--folder", type=click.Path(file_okay=False), help="Where to write it; else ANALYSIS with _ for -.")
@json_flag("the paths of the files")
def command(analysis: str, folder: str | None, as_json: bool) -> None:
    """Write a new analysis that runs, to start from: a blueprint, a worker, a combiner, a test, a README.

    ANALYSIS is its name: lower-case letters, digits and hyphens.

    \b
    Examples:
      skyburst new my-analysis
      skyburst run my-analysis
    """
    from skyburst.cli.output import echo_json

    if not NAME.fullmatch(analysis):
        raise click.BadParameter(
            f"{analysis!r} cannot be a name: it starts with a lower-case letter, and has lower-case letters, digits and hyphens",
            param_hint="ANALYSIS",
        )
    target = Path(folder or analysis.replace("-", "_")).expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise click.UsageError(f"{target} is there already and not empty: choose another --folder")
    files = _write(analysis, target)
    if as_json:
        echo_json([str(path) for path in files])
        return
    for path in files:
        click.echo(path)
    run = analysis if target.absolute().parent == Path.cwd() else target
    click.echo(f"`skyburst run {run}` runs it, `python -m pytest {target}` tests it (`pip install pytest`)", err=True)
    _warn_if_hidden(analysis, target)


def _write(analysis: str, target: Path) -> list[Path]:
    from skyburst.cli.failures import storage_error

    names = {"name": analysis, "module": analysis.replace("-", "_")}
    files = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted(TEMPLATE.iterdir()):
            if source.is_dir() or source.name == "__init__.py":
                continue
            name, text = source.name, source.read_text(encoding="utf-8")
            for placeholder, form in PLACEHOLDERS.items():
                name = name.replace(placeholder, form.format(**names))
                text = text.replace(placeholder, form.format(**names))
            (target / name).write_text(text, encoding="utf-8")
            files.append(target / name)
    except OSError as error:
        raise storage_error(error, f"{target} cannot be written") from error
    return files


def _warn_if_hidden(analysis: str, target: Path) -> None:
    """Another analysis of this name is met first, or is hidden by the new one."""
    from skyburst.finding import Found, all_analyses

    for entry in all_analyses():
        if isinstance(entry, Found) and entry.blueprint.name == analysis and entry.location != target.resolve():
            click.echo(f"note: there is another analysis {analysis!r} in {entry.location}", err=True)
