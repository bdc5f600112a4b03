"""Numbers, times and names as people read them."""

from __future__ import annotations

import shutil
import textwrap
from datetime import datetime

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
NARROWEST = 60


def duration(seconds: float) -> str:
    """Such as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"


def size(count: float) -> str:
    """Bytes, such as `512 B`, `3.4 MB`."""
    if count < 1_000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1_000
        if count < 999.5:
            return f"{count:.1f} {unit}" if count < 99.95 else f"{count:.0f} {unit}"
    return f"{count / 1_000:.1f} TB"


def rate(per_second: float) -> str:
    """Items in a second, such as `12,300/s` or `0.4/s`."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.1f}/s"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Such as `1 batch`, `1,000 batches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(seconds: float | None) -> str:
    """A time of this machine's zone, such as `2026-08-13 14:05:09`."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def printable(text: str) -> str:
    """Without characters that a terminal would obey: names of files and messages may hold any."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def printable_lines(text: str) -> str:
    """The same for text of several lines."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def shortened(text: str, most: int) -> str:
    """On one line, cut at so many characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def width() -> int:
    """Columns to write in."""
    return max(NARROWEST, min(shutil.get_terminal_size((100, 24)).columns, 120))


def wrapped(text: str, indent: int) -> str:
    """A paragraph as wide as the terminal, indented."""
    space = " " * indent
    return textwrap.fill(printable(" ".join(text.split())), width(), initial_indent=space, subsequent_indent=space)


def columns(rows: list[list[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as aligned columns; those in `right` are aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
