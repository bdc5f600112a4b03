"""`skyburst cost`: JOB, estimate, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_home, open_job
from skyburst.cost.own_hardware import MOST_YEARS

if TYPE_CHECKING:
    from skyburst.prices.book import Architecture

JOB = "JOB"


class CostGroup(click.Group):
    """A group in which a word that is no command is a job."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command about a job before what names one."""
        words = [word for word in args if not word.startswith("-")]
        if words and words[0] not in self.commands:
            args = [JOB, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; the one about a job has none that could be typed."""
        return of_job if cmd_name == JOB else super().get_command(ctx, cmd_name)


@click.group(
    "cost", cls=CostGroup, invoke_without_command=True, no_args_is_help=False, subcommand_metavar="JOB | COMMAND"
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Tell what jobs cost, before and after; compare own hardware.

    With a JOB, tells what it cost, by part: from the seconds that its workers were busy, its attempts, the machines that
    it had. A job on this machine costs nothing, and is told what it would have cost on AWS.

    \b
    Examples:
      skyburst cost last
      skyburst cost last --on aws --json
      skyburst cost estimate job.json
      skyburst cost compare hardwarecost.yaml
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.command(JOB)
@job_argument
@on_option
@json_flag("the cost")
def of_job(job: str, on: str, as_json: bool) -> None:
    """Tell what a job cost, by part."""
    import time

    from skyburst.cli.costing import cost_lines
    from skyburst.cli.output import echo_json
    from skyburst.cost.job_cost import cost_of
    from skyburst.cost.uses import architecture_of, uses_of
    from skyburst.prices.current import current_prices

    with open_job(job, on) as (home, record):
        counts = home.table.progress(record.job_id)
        uses = uses_of(home.objects, home.table, record)
        book = current_prices().book
        cost = cost_of(record, counts, home.name, book, time.time(), uses, architecture=architecture_of(home, record))
        if as_json:
            echo_json({"job_id": record.job_id, "state": record.state, **cost.document()})
        else:
            click.echo("\n".join(cost_lines(record, counts, cost)))


@command.command("estimate")
@click.argument("jobspec", metavar="JOBSPEC|ANALYSIS")
@click.option("--items", metavar="ITEMS", help="As for `run`: 0:1000, @FILE, a library, or values with commas.")
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N",
    help="The number of items, of an analysis that lists them itself.",
)  # fmt: skip
@click.option(
    "--architecture", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True,
    help="Processors of the deployment's functions.",
)  # fmt: skip
@on_option
@json_flag("the estimate")
def estimate(
    jobspec: str, items: str | None, count: int | None, architecture: Architecture, on: str, as_json: bool
) -> None:
    """Tell what a job will cost on AWS: at least, as earlier jobs took, at most.

    JOBSPEC is a job specification in JSON (- is standard input), or the name or path of an analysis. What earlier jobs of
    the analysis took is read at home `local`, or with --on aws in a deployment. The most is what budgets keep for a job.

    \b
    Examples:
      skyburst cost estimate job.json
      skyburst cost estimate my-analysis --items 0:100000
      skyburst cost estimate color-depth-search --count 40000 --on aws
    """
    from skyburst.cli.costing import estimate_document, estimate_lines, items_of, specification_of
    from skyburst.cli.output import echo_json
    from skyburst.cost.estimate import estimate as estimated
    from skyburst.cost.history import earlier_jobs
    from skyburst.cost.work import work_of
    from skyburst.finding import find_analysis
    from skyburst.prices.current import current_prices

    spec = specification_of(jobspec, items)
    blueprint = find_analysis(spec.analysis).blueprint
    number = items_of(spec, count)
    book = current_prices().book
    with open_home(on) as home:
        earlier = earlier_jobs(home.table, blueprint.name, home.name)
    listed = earlier[0].listed if earlier and spec.items is None else None
    work = work_of(blueprint, spec.document(), number, book, listed=listed)
    found = estimated(work, book, earlier, architecture=architecture)
    if as_json:
        echo_json(estimate_document(blueprint.name, found))
    else:
        click.echo("\n".join(estimate_lines(blueprint.name, found)))


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
