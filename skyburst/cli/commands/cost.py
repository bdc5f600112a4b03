"""`skyburst cost`: compare."""

from __future__ import annotations

from pathlib import Path

import click

from skyburst.cli.options import json_flag
from skyburst.cost.own_hardware import MOST_YEARS


@click.group("cost", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Compare what own hardware costs with the cloud.

    \b
    Examples:
      skyburst cost compare hardwarecost.yaml
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("compare")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--year", "years", type=click.IntRange(1, MOST_YEARS), multiple=True, metavar="N",
    help="Years that the hardware is used for, 1 to 5; may be given again. Else 2 (realistic) and 4 (optimistic).",
)  # fmt: skip
@click.option("--picture", metavar="FILE", type=click.Path(), help="Draw the comparison too, as FILE.svg or FILE.png.")
@json_flag("the comparison")
def compare(file: Path, years: tuple[int, ...], picture: str | None, as_json: bool) -> None:
    """Compare own hardware, as FILE describes it, with the cloud.

    Tells from how many batches a week on own hardware is cheaper, and how much of the week it then computes. FILE is
    YAML: `hardwarecost.yaml` of NeuroCAAS for CaImAn, DLC or PMDLocaNMF, or the same with `batches` of an analysis of
    your own. A picture needs the extra `timeline`: pip install "skyburst[timeline]".

    \b
    Examples:
      skyburst cost compare hardwarecost.yaml
      skyburst cost compare hardwarecost.yaml --year 1 --year 3 --year 5
      skyburst cost compare hardwarecost.yaml --picture costs.svg
    """
    from skyburst.cli.comparing import comparison_document, comparison_lines
    from skyburst.cli.output import echo_json, write_file
    from skyburst.cost.chart import chart
    from skyburst.cost.comparison import SCENARIOS
    from skyburst.cost.comparison import compare as compared
    from skyburst.cost.hardware_file import read_hardware
    from skyburst.timeline.drawing import picture as drawn

    kind = _kind(picture)
    subject = read_hardware(file)
    rows = compared(subject, sorted(set(years) or SCENARIOS))
    if picture is not None:
        write_file(Path(picture).expanduser(), drawn(chart(subject, rows), kind))
    if as_json:
        echo_json(comparison_document(subject, rows))
    else:
        click.echo("\n".join(comparison_lines(subject, rows)))


def _kind(picture: str | None) -> str:
    """`svg` or `png`. Refuses, before anything is computed, a file that could not be drawn or written."""
    from skyburst.cli.output import check_target
    from skyburst.timeline.drawing import PICTURES

    if picture is None:
        return ""
    kind = Path(picture).suffix.removeprefix(".").lower()
    if kind not in PICTURES:
        raise click.BadParameter(f"{picture} ends in neither .svg nor .png: name it so", param_hint="--picture")
    check_target("--picture", picture)
    return kind
