"""`skyburst library index`."""

from __future__ import annotations

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import detach_option, on_option, open_home, showing_options


@click.command("index")
@click.argument("library", type=click.Path(path_type=str))
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="NAME=VALUE",
    help="A parameter of the analysis that builds the index; given again with the same name, a list.",
)  # fmt: skip
@click.option(
    "--analysis", shell_complete=analysis_names, metavar="NAME",
    help="Whose [library] to use; else that of the analysis that described the library.",
)  # fmt: skip
@click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="End the job after so long.")
@on_option
@detach_option
@showing_options
def command(
    library: str,
    settings: tuple[str, ...],
    analysis: str | None,
    timeout_s: float | None,
    on: str,
    detach: bool,
    quiet: bool,
    output: str | None,
    json_file: str | None,
) -> int:
    """Build the index of a LIBRARY, a folder or a URL, with which it is searched faster.

    A job builds it, of the analysis that `index` in the blueprint's `[library]` names: it is shown, ended with Ctrl-C,
    resumed and looked at as any other job.

    \b
    Examples:
      skyburst library index my-library
      skyburst library index s3://BUCKET/libraries/my-library --on aws
    """
    from skyburst.cli.index_job import index_specification, refuse_copies
    from skyburst.cli.running import run_job, wanted_result

    wanted = wanted_result(json_file, output, quiet=quiet, detach=detach)
    refuse_copies(library, on)
    with open_home(on, quiet=quiet) as home:
        document = index_specification(library, home, analysis=analysis, settings=settings, timeout_s=timeout_s)
        return run_job(home, document, wanted, detach=detach)
