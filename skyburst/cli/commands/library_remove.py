"""`skyburst library remove`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.ids import STANDARD_INPUT, all_ids, item_ids
from skyburst.cli.options import json_flag, quiet_option

if TYPE_CHECKING:
    from skyburst.library import RemovalSummary

MOST_SHOWN = 10
LOST = "versions of the library that have them can no longer be run"


@click.command("remove")
@click.argument("library", type=click.Path(path_type=str))
@click.argument("ids", nargs=-1, shell_complete=item_ids, metavar="ID...")
@click.option(
    "--from",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Read ids from FILE, one a line; - is standard input.",
)
@click.option(
    "--purge", is_flag=True, help="Delete their files now: older versions that have the items can no longer be run."
)
@click.option("--purge-removed", is_flag=True, help="Delete the files of all items that were removed before, no more.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@quiet_option
@json_flag("what was done")
def command(
    library: str,
    ids: tuple[str, ...],
    file: str | None,
    purge: bool,
    purge_removed: bool,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Take items out of a LIBRARY, a folder: make a version without them.

    Jobs that run with an older version go on, so the files of the items are kept, unless they are purged. An item that
    is removed keeps its number, and no other gets it. When an ID is not there, nothing is removed.

    \b
    Examples:
      skyburst library remove my-library VT007350-20180803_63_H2
      skyburst library remove my-library --from ids.txt --yes
      skyburst library remove my-library --purge-removed
    """
    from skyburst import library as libraries
    from skyburst.cli.counting import counting
    from skyburst.cli.index_report import changed_index
    from skyburst.cli.libraries import stopped
    from skyburst.cli.output import echo_json

    named = bool(ids) or file is not None
    if purge_removed and (named or purge):
        raise click.UsageError("--purge-removed is for items that were removed before: it goes with no ids")
    if not (named or purge_removed):
        raise click.UsageError("name the items to remove, or a file of their ids with --from")
    if not yes and (file == STANDARD_INPUT or not sys.stdin.isatty()):
        raise click.UsageError("give --yes to remove without being asked")
    wanted = all_ids(ids, file)
    if not yes:
        click.confirm("\n".join(_question_lines(library, wanted, purge or purge_removed)), abort=True, err=True)
    with stopped(_how_to_go_on(library, purge or purge_removed)), counting("items", quiet=quiet) as count:
        if purge_removed:
            summary = libraries.purge_removed(library)
        else:
            summary = libraries.remove_items(
                library, wanted, purge=purge, progress=lambda progress: count(*progress)
            )  # fmt: skip
    lines, index = changed_index(summary.library, library)
    if as_json:
        echo_json({**_document(summary), "index": index})
    else:
        click.echo("\n".join([*_lines(summary, purge or purge_removed), *lines]))


def _question_lines(location: str, ids: list[str], purge: bool) -> list[str]:
    """What is asked, after the same checks as when it is done."""
    from skyburst.cli import text
    from skyburst.library.removal import check_some_stay, open_folder_library
    from skyburst.library.selection import find_items

    library = open_folder_library(location)
    items = find_items(library, ids)
    check_some_stay(library, len(items))
    lines = [f"  {text.printable(item.id)}" for _, item, _ in items[:MOST_SHOWN]]
    if len(items) > MOST_SHOWN:
        lines.append(f"  ... and {len(items) - MOST_SHOWN:,} more")
    if purge:
        whose = "their files" if items else f"the files of {text.counted(library.removed_count, 'removed item')}"
        lines.append(f"{whose} will be deleted: {LOST}, and jobs that run with one fail")
    if not items:
        return [*lines, "delete these files?"]
    return [*lines, f"remove {text.counted(len(items), 'item')} of {library.count:,} from {library.name}?"]


def _how_to_go_on(library: str, purge: bool) -> str:
    name = shlex.quote(library)
    shown = f"stopped; `skyburst library inspect {name}` shows whether the items are removed"
    return f"{shown}; `skyburst library remove {name} --purge-removed` deletes files that are left" if purge else shown


def _lines(summary: RemovalSummary, purge: bool) -> list[str]:
    from skyburst.cli import text

    library = summary.library
    lines = [
        f"library {library.name} in {library.location}: {text.counted(library.count, 'item')}, version {library.version}",
        f"{len(summary.items):,} removed, {library.removed_count:,} in all, in {text.duration(summary.seconds)}",
    ]
    if purge:
        deleted = f"deleted the files of {text.counted(summary.purged, 'item')}, {text.size(summary.freed_bytes)}"
        lines.append(f"{deleted}: {LOST}" if summary.purged else deleted)
    return lines


def _document(summary: RemovalSummary) -> dict[str, Any]:
    library = summary.library
    return {
        "location": library.location, "name": library.name, "version": library.version, "count": library.count,
        "removed": [{"number": number, "id": item.id} for number, item, _ in summary.items],
        "removed_count": library.removed_count, "purged": summary.purged, "freed_bytes": summary.freed_bytes,
        "seconds": round(summary.seconds, 3),
    }  # fmt: skip
