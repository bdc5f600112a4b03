"""`skyburst analyses`."""

from __future__ import annotations

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag


@click.command("analyses")
@click.argument("analysis", required=False, shell_complete=analysis_names)
@json_flag("the analyses")
def command(analysis: str | None, as_json: bool) -> None:
    """List what can be run, and where it comes from.

    Names are looked for in the current folder (itself, its sub-folders, `analyses/` and `examples/`), in the folders of
    SKYBURST_PATH and of `[tool.skyburst] analyses` in pyproject.toml, and among those that come with skyburst. Of two
    with one name the first is run. With a name: the same as `skyburst show`.

    \b
    Examples:
      skyburst analyses
      skyburst analyses color-depth-search
    """
    from skyburst.cli.listing import analyses_lines
    from skyburst.cli.output import echo_json
    from skyburst.documents import analysis_document
    from skyburst.finding import Broken, all_analyses

    if analysis:
        from skyburst.cli.commands.show import show_analysis

        show_analysis(analysis, as_json=as_json)
        return
    entries = list(all_analyses())
    if as_json:
        echo_json([
            {"name": entry.location.name, "origin": entry.origin, "location": str(entry.location), "error": str(entry.error)}
            if isinstance(entry, Broken) else analysis_document(entry)
            for entry in entries
        ])  # fmt: skip
    else:
        click.echo("\n".join(analyses_lines(entries)))
