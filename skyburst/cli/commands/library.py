"""`skyburst library`: build, index, inspect, remove, generate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.commands.library_index import command as index
from skyburst.cli.commands.library_remove import command as remove
from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag, quiet_option

if TYPE_CHECKING:
    from skyburst.library import Library, LibraryReport, LibrarySummary

MOST_SHOWN = 10


@click.group("library", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Build, index, inspect, change and generate libraries of items.

    A library is a stored collection of items that any number of jobs search. How items are described, which analysis
    builds an index, and how an example library is made, an analysis says in the `[library]` section of its blueprint.

    \b
    Examples:
      skyburst library build FOLDER_OF_IMAGES my-library
      skyburst library index my-library
      skyburst library inspect my-library --verify
      skyburst library remove my-library VT007350-20180803_63_H2
      skyburst library generate example --images 1000
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


command.add_command(index)
command.add_command(remove)

analysis_option = click.option(
    "--analysis", shell_complete=analysis_names, metavar="NAME", help="Whose [library] to use; needed when several have one."
)  # fmt: skip


@command.command("build")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("destination", type=click.Path(file_okay=False, path_type=Path))
@analysis_option
@click.option("--name", metavar="TEXT", help="A name for people; else that of the folder DESTINATION.")
@click.option("--seed", type=int, metavar="N", help="Of the order of the manifest; else 0.")
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="That read files; else one a processor.")
@click.option(
    "--variants",
    is_flag=True,
    help="Also make the further files of items that the analysis uses, where they are missing.",
)
@quiet_option
@json_flag("what was done")
def build(
    folder: Path,
    destination: Path,
    analysis: str | None,
    name: str | None,
    seed: int | None,
    processes: int | None,
    variants: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Build the library DESTINATION from the files in FOLDER, or add them to it.

    The same command adds files later, and goes on with a build that was interrupted. Files that cannot be used are
    named and left out; the exit code is then 3.

    \b
    Examples:
      skyburst library build images my-library
      skyburst library build more-images my-library
    """
    from skyburst.cli.counting import counting
    from skyburst.cli.index_report import changed_index
    from skyburst.cli.libraries import describer, library_analysis, stopped, variant_maker
    from skyburst.cli.output import echo_json
    from skyburst.library import build_library

    found = library_analysis(analysis, "describe")
    with (
        stopped(f"stopped; what is stored is kept: `skyburst library build {folder} {destination}` goes on"),
        counting("files", quiet=quiet) as count,
    ):
        summary = build_library(
            folder, destination, describer(found), analysis=found.blueprint.name, name=name, seed=seed,
            load_variants=variant_maker(found) if variants else None, processes=processes,
            progress=lambda progress: count(progress.examined, progress.total),
        )  # fmt: skip
    lines, index = changed_index(summary.library, str(destination))
    if as_json:
        echo_json({**_summary_document(summary), "index": index})
    else:
        click.echo("\n".join([*_summary_lines(summary), *lines]))
    return 3 if summary.refused_count else 0


@command.command("inspect")
@click.argument("library", type=click.Path(path_type=str))
@click.option("--verify", is_flag=True, help="Read every file again and compare it with its checksum.")
@quiet_option
@json_flag("the report")
def inspect(library: str, verify: bool, quiet: bool, as_json: bool) -> int:
    """Show what is in a LIBRARY, a folder or a URL, whether its index fits, and whether everything is as it was stored.

    Exits with 1 when something is damaged or missing.

    \b
    Examples:
      skyburst library inspect my-library
      skyburst library inspect my-library --verify
    """
    from skyburst.cli.counting import counting
    from skyburst.cli.output import echo_json
    from skyburst.library import inspect_library

    with counting("items", quiet=quiet or not verify) as count:
        report = inspect_library(library, verify=verify, progress=lambda progress: count(*progress))
    if as_json:
        echo_json(_report_document(report))
    else:
        click.echo("\n".join(_report_lines(report, library)))
    return 1 if report.problems else 0


@command.command("generate")
@click.argument("destination", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--images", type=click.IntRange(min=1), default=1_000, show_default=True, metavar="N", help="Items to make."
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Another seed, another library.")
@analysis_option
@quiet_option
@json_flag("what was made")
def generate(destination: Path, images: int, seed: int, analysis: str | None, quiet: bool, as_json: bool) -> None:
    """Make an example library in DESTINATION; the same command goes on when it was interrupted.

    \b
    Examples:
      skyburst library generate example --images 500 --seed 7
    """
    from skyburst.cli.counting import counting
    from skyburst.cli.libraries import call_generate, library_analysis, stopped
    from skyburst.cli.output import echo_json

    found = library_analysis(analysis, "generate")
    with stopped("stopped; the same command goes on"), counting("images", quiet=quiet) as count:
        began = time.monotonic()
        call_generate(found, destination, images=images, seed=seed, progress=count)
        seconds = time.monotonic() - began
    if as_json:
        echo_json({"destination": str(destination), "images": images, "seed": seed, "seconds": round(seconds, 3)})
    else:
        click.echo(f"{images:,} images of seed {seed} are in {destination} ({seconds:.1f} s)")


def _summary_document(summary: LibrarySummary) -> dict[str, Any]:
    library = summary.library
    return {
        "location": library.location, "name": library.name, "version": library.version, "count": library.count,
        "added": summary.added, "already_there": summary.already_there, "ignored": summary.ignored,
        "variants_made": summary.variants_made,
        "refused_count": summary.refused_count, "refused": [entry._asdict() for entry in summary.refused],
        "seconds": round(summary.seconds, 3),
    }  # fmt: skip


def _summary_lines(summary: LibrarySummary) -> list[str]:
    from skyburst.cli import text

    library = summary.library
    counts = [f"{summary.added:,} added", f"{summary.already_there:,} there already", f"{summary.ignored:,} ignored"]
    lines = [
        f"library {library.name} in {library.location}: {text.counted(library.count, 'item')}, version {library.version}",
        f"{', '.join(counts)}, {summary.refused_count:,} refused, in {text.duration(summary.seconds)}",
    ]
    if summary.variants_made:
        lines.append(f"variants of {text.counted(summary.variants_made, 'item')} made")
    lines += [
        f"refused {text.printable(entry.path)}: {text.shortened(entry.reason, 300)}"
        for entry in summary.refused[:MOST_SHOWN]
    ]
    if summary.refused_count > MOST_SHOWN:
        lines.append(f"... and {summary.refused_count - MOST_SHOWN:,} more: {library.location}/refused.jsonl")
    return lines


def _report_document(report: LibraryReport) -> dict[str, Any]:
    from skyburst.cli.index_report import index_document

    library = report.library
    return {
        "location": library.location, "name": library.name, "version": library.version, "count": library.count,
        "removed": library.removed_count, "purged": len(library.purged_numbers),
        "size_bytes": library.size_bytes, "analysis": library.analysis, "properties": library.properties,
        "size": library.size, "created_at": library.created_at, "updated_at": library.updated_at,
        "prefixes": report.prefixes, "chunks": library.manifest.chunks, "thumbnails": report.thumbnails,
        "variants": report.variants,
        "metadata": report.metadata, "unfinished": report.unfinished, "verified": report.verified,
        "problems": [problem._asdict() for problem in report.problems],
        "index": index_document(report.index, library) if report.index else None,
    }  # fmt: skip


def _report_lines(report: LibraryReport, location: str) -> list[str]:
    from skyburst.cli import text

    library = report.library
    rows = [
        ["library", f"{library.name}, version {library.version}"],
        ["where", library.location],
        ["analysis", library.analysis],
        ["items", f"{library.count:,}, {text.size(library.size_bytes)}, {text.counted(report.prefixes, 'prefix', 'prefixes')}"],
        *_removed_rows(library),
        ["manifest", text.counted(library.manifest.chunks, "chunk")],
        ["thumbnails", f"{report.thumbnails:,}"],
        *([["variants", ", ".join(f"{name} {count:,}" for name, count in report.variants.items())]] if report.variants else []),
        ["index", _index_text(report, location)],
        ["created", text.moment(library.created_at)],
        ["updated", text.moment(library.updated_at)],
    ]  # fmt: skip
    rows += [[key, str(value)] for key, value in library.properties.items()]
    for kind, values in report.metadata.items():
        shown = ", ".join(f"{value} {count:,}" for value, count in list(values.items())[:MOST_SHOWN])
        rows.append([kind, text.shortened(shown, 300)])
    if report.unfinished:
        rows.append(["unfinished", f"{report.unfinished:,} items of a build that was interrupted; build again"])
    lines = text.columns(rows)
    lines += [f"problem: {text.printable(key)}: {text.shortened(reason, 300)}" for key, reason in report.problems]
    if report.verified and not report.problems:
        lines.append("verified: every file is as it was stored")
    return lines


def _index_text(report: LibraryReport, location: str) -> str:
    from skyburst.cli.index_report import index_text
    from skyburst.library.layout import INDEX

    if report.index is None:
        return "damaged" if any(problem.key == INDEX for problem in report.problems) else "none"
    return index_text(report.index, report.library, location)


def _removed_rows(library: Library) -> list[list[str]]:
    if not library.removed:
        return []
    purged = len(library.purged_numbers)
    return [["removed", f"{library.removed_count:,}" + (f", the files of {purged:,} deleted" if purged else "")]]
