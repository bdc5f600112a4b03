"""Look at a library: what is in it, and whether everything is as it was stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import InvalidLibrary, ObjectNotFound
from skyburst.library import layout
from skyburst.library.document import Library, open_library
from skyburst.library.index import LibraryIndex, read_index
from skyburst.library.lines import Entry, read_entries
from skyburst.library.variants import read_variants
from skyburst.library.verification import Problem, verify_library
from skyburst.objects import ObjectStore, open_store

MOST_DISTINCT = 50
"""Kinds of metadata with more distinct values, such as the names of lines, are not counted."""


class VerifyProgress(NamedTuple):
    """How far a verification is."""

    verified: int
    """Items whose files were read again, removed ones that have theirs among them."""
    total: int


@dataclass(slots=True)
class LibraryReport:
    """What is in a library."""

    library: Library
    prefixes: int = 0
    """Numbered prefixes that the items' files are spread over."""
    thumbnails: int = 0
    variants: dict[str, int] = field(default_factory=dict)
    """Items that have a variant, by its name."""
    metadata: dict[str, dict[str, int]] = field(default_factory=dict)
    """Items by value for each kind of metadata, most frequent first; kinds with many values are left out."""
    unfinished: int = 0
    """Items added by a build that was interrupted; they are in no version yet."""
    verified: bool = False
    """True when every file was read again."""
    problems: list[Problem] = field(default_factory=list)
    """Damaged and missing files."""
    index: LibraryIndex | None = None
    """What its index is, if it has one that can be read; of this version of the library when it `fits`."""


def inspect_library(
    location: str | Path, *, verify: bool = False, progress: Callable[[VerifyProgress], None] | None = None
) -> LibraryReport:
    """Report what is in a library.

    Args:
        location: its folder or URL.
        verify: read every file again, compare it with its checksum, and name what is damaged or missing.
        progress: called after each item that was verified.

    Raises:
        InvalidLibrary: when there is no complete library.
    """
    library = open_library(location)
    objects = open_store(location)
    report = LibraryReport(library=library, verified=verify)
    _read_journal(objects, library, report)
    if verify:
        done = 0
        total = library.numbers - len(library.purged_numbers)

        def verified() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(VerifyProgress(done, total))

        report.problems = list(verify_library(objects, library, verified))
    _read_index(location, report)
    return report


def _read_journal(objects: ObjectStore, library: Library, report: LibraryReport) -> None:
    tally = _Tally()
    variants: Counter[str] = Counter()
    removed = library.removed_numbers
    prefixes = {layout.prefix_of(number) for number in range(library.numbers) if number not in removed}
    report.prefixes = len(prefixes)
    found = 0
    try:
        with objects.open(layout.JOURNAL) as file:
            both = zip(read_entries(file), read_variants(objects, library.variants), strict=False)
            for number, ((end, entry), made) in enumerate(both):
                if end > library.journal_bytes:
                    report.unfinished += entry is not None
                elif entry is not None:
                    found += 1
                    if number not in removed:
                        report.thumbnails += entry.item.thumbnail is not None
                        variants.update(list(made.files) if made else ())
                        tally.add(entry)
    except ObjectNotFound:
        report.problems.append(Problem(layout.JOURNAL, "is missing"))
        return
    report.metadata = tally.counts()
    report.variants = dict(variants)
    if found != library.numbers:
        report.problems.append(Problem(layout.JOURNAL, f"is damaged: {found} of {library.numbers} items can be read"))


def _read_index(location: str | Path, report: LibraryReport) -> None:
    try:
        report.index = read_index(location)
    except InvalidLibrary as error:
        report.problems.append(Problem(layout.INDEX, str(error)))


class _Tally:
    """Counts the values of each kind of metadata, and gives up on kinds that have many."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter[str]] = {}

    def add(self, entry: Entry) -> None:
        for kind, value in entry.item.metadata.items():
            counter = self._counters.setdefault(kind, Counter())
            if isinstance(value, str) and len(counter) <= MOST_DISTINCT:
                counter[value] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            kind: dict(counter.most_common())
            for kind, counter in self._counters.items()
            if 0 < len(counter) <= MOST_DISTINCT
        }
