"""`skyburst show`."""

from __future__ import annotations

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag


@click.command("show")
@click.argument("analysis", shell_complete=analysis_names)
@json_flag("the analysis, with the JSON Schema of its parameters,")
def command(analysis: str, as_json: bool) -> None:
    """Show an analysis and its parameters: types, defaults and what they mean.

    \b
    Examples:
      skyburst show color-depth-search
      skyburst show ./my_analysis --json
    """
    show_analysis(analysis, as_json=as_json)


def show_analysis(name: str, *, as_json: bool) -> None:
    """Print an analysis. Raises AnalysisNotFound."""
    from skyburst.cli.listing import analysis_lines
    from skyburst.cli.output import echo_json
    from skyburst.documents import analysis_document
    from skyburst.finding import find_analysis

    found = find_analysis(name)
    if as_json:
        echo_json(analysis_document(found))
    else:
        click.echo("\n".join(analysis_lines(found)))
