"""Ids of items: from the command line, a file or standard input; and what TAB completes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from skyburst.errors import SkyburstError

FROM_HINT = "--from"
STANDARD_INPUT = "-"
MOST_IDS = 50
MOST_BYTES = 20_000_000
"""Of a list of items that is read while a line is typed."""


def all_ids(given: Sequence[str], file: str | None) -> list[str]:
    """Ids that were given, and those of a file, one a line; empty lines are left out."""
    return [*given, *([] if file is None else _read(file))]


def item_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of the items that start so, when the library on the line is a folder and not large."""
    from skyburst.library import numbered_items, open_library
    from skyburst.library.layout import JOURNAL

    library = str(ctx.params.get("library") or "")
    try:
        if not library or (Path(library) / JOURNAL).stat().st_size > MOST_BYTES:
            return []
        ids = (each.item.id for each in numbered_items(open_library(library)) if not each.removed)
        return [
            CompletionItem(name) for name in islice((name for name in ids if name.startswith(incomplete)), MOST_IDS)
        ]
    except (SkyburstError, OSError):  # there is nowhere to say so while a line is typed; the command itself will
        return []


def _read(file: str) -> list[str]:
    where = "standard input" if file == STANDARD_INPUT else file
    try:
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise click.BadParameter(f"{where} cannot be read: {reason}", param_hint=FROM_HINT) from error
    ids = [line for line in (line.removesuffix("\r") for line in text.split("\n")) if line.strip()]
    if not ids:
        raise click.BadParameter(f"{where} has no ids: expected one a line", param_hint=FROM_HINT)
    return ids
