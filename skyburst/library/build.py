"""Build a library from a folder of files, or add files to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.errors import InvalidLibrary
from skyburst.library import layout
from skyburst.library.additions import Additions, Outcome
from skyburst.library.document import Library, read_library
from skyburst.library.examination import LoadDescribe, examine_all
from skyburst.library.in_processes import processes_for
from skyburst.library.journal import Journal
from skyburst.library.leftovers import remove_leftovers
from skyburst.library.lock import only_writer
from skyburst.library.refused import RefusedLog
from skyburst.library.removals import removals_of
from skyburst.library.sources import Refused, list_files
from skyburst.library.variant_build import LoadVariants, MadeVariants, keep_list, make_variants
from skyburst.library.versions import add_version
from skyburst.objects import open_store

AGAIN = "build again; what is stored already will not be done again"


class BuildProgress(NamedTuple):
    """How far a build is."""

    examined: int
    """Files looked at, and items whose variants were made."""
    total: int
    """Files in the folder, and from when it is known items whose variants are to be made."""
    added: int
    refused: int


@dataclass(frozen=True, slots=True)
class LibrarySummary:
    """What a build did."""

    library: Library
    added: int
    already_there: int
    """Files that the library had, with the same content."""
    ignored: int
    """Files that are no items of this analysis, such as notes among images."""
    refused_count: int
    refused: list[Refused]
    """The first thousand; all are in the library's `refused.jsonl`."""
    seconds: float
    variants_made: int = 0
    """Items whose variants were made."""


def build_library(
    source: Path,
    destination: Path,
    load_describe: LoadDescribe,
    *,
    analysis: str,
    load_variants: LoadVariants | None = None,
    name: str | None = None,
    properties: Mapping[str, Any] | None = None,
    seed: int | None = None,
    processes: int | None = None,
    progress: Callable[[BuildProgress], None] | None = None,
) -> LibrarySummary:
    """Build a library, add to it, or finish a build that was interrupted: all the same call.

    Files are copied unchanged. A file whose name the library has already is skipped when its content is the
    same, and refused when it is not; one whose item was removed is added again, with a new number. Files that
    cannot be used are reported and the rest is built. Jobs that search the library meanwhile, or after it
    changed, go on with the version that they started with.

    Args:
        source: folder, searched with its sub-folders.
        destination: the library's folder; made when it does not exist.
        load_describe: gives the function that describes a file. Called once in each process.
        analysis: name of the analysis whose function that is.
        load_variants: gives the function that makes variants: those of all items of the library are made that are
            missing. None: none are made; those that are there stay.
        name: for people; None keeps the library's, at first the name of its folder.
        properties: what every item must have, such as `{"width": 1210, "height": 566}`; None: what the first
            item has.
        seed: of the order of the manifest; None keeps the library's, at first 0.
        processes: that describe files; None: one for each processor.
        progress: called after each file, and after each item whose variants were made.

    Raises:
        InvalidLibrary: when the folders cannot be used so, or nothing in the source can be.
        InvalidAnalysis: when the describe function is broken, or that which makes variants.
        LibraryBusy: when another program is building or changing the library.
        StorageFull: when the disk is full. What was stored is kept; the same call continues.
    """
    started = time.monotonic()
    source, destination = source.absolute(), destination.resolve()
    _check_folders(source, destination)
    with only_writer(destination, again=AGAIN, make=True):
        objects = open_store(destination)
        library = read_library(objects) if (destination / layout.LIBRARY).exists() else None
        with Journal(destination, analysis, library, removals_of(library, objects)) as journal:
            remove_leftovers(objects, destination, journal, library)
            additions = Additions(objects, journal, properties)
            with RefusedLog(destination / layout.REFUSED) as refused:
                outcomes = _add_files(source, load_describe, additions, refused, processes, progress)
                if next(journal.live(), None) is None:
                    raise InvalidLibrary(_nothing_usable(source, refused))
                files = outcomes.total() + refused.count

                def made_so_far(done: int, total: int) -> None:
                    if progress is not None:
                        progress(BuildProgress(files + done, files + total, outcomes[Outcome.ADDED], refused.count))

                made = MadeVariants(library.variants if library else None, 0, [])
                if load_variants is not None:
                    made = make_variants(objects, destination, journal, library, load_variants, processes, made_so_far)
                for entry in made.failed:
                    refused.add(entry)
            library = add_version(
                objects, journal, library, analysis=analysis, name=name, seed=seed, variants=made.listed
            )
            keep_list(destination, library)
    return LibrarySummary(
        library=library,
        added=outcomes[Outcome.ADDED],
        already_there=outcomes[Outcome.ALREADY_THERE],
        ignored=outcomes[Outcome.IGNORED],
        refused_count=refused.count,
        refused=refused.first,
        seconds=time.monotonic() - started,
        variants_made=made.made,
    )


def _add_files(
    source: Path,
    load_describe: LoadDescribe,
    additions: Additions,
    refused: RefusedLog,
    processes: int | None,
    progress: Callable[[BuildProgress], None] | None,
) -> Counter[Outcome]:
    files, unusable = list_files(source)
    for entry in unusable:
        refused.add(entry)
    outcomes: Counter[Outcome] = Counter()
    total = len(files) + len(unusable)
    requests = ((path, additions.known_sha256(path)) for path in files)
    with closing(examine_all(load_describe, requests, processes or processes_for(len(files)))) as all_examined:
        for examined in all_examined:
            outcome = additions.add(examined)
            if isinstance(outcome, Refused):
                refused.add(outcome)
            else:
                outcomes[outcome] += 1
            if progress is not None:
                done = outcomes.total() + refused.count
                progress(BuildProgress(done, total, outcomes[Outcome.ADDED], refused.count))
    return outcomes


def _check_folders(source: Path, destination: Path) -> None:
    if not source.is_dir():
        raise InvalidLibrary(f"{source} is not a folder: name the folder of files to build from")
    if destination.exists() and not destination.is_dir():
        raise InvalidLibrary(f"{destination} is a file: name a folder for the library")
    if source.resolve().is_relative_to(destination) or destination.is_relative_to(source.resolve()):
        raise InvalidLibrary(
            f"the library {destination} and the folder of files {source} lie in each other: "
            "choose a place outside for the library"
        )
    if destination.exists() and not any((destination / file).exists() for file in (layout.JOURNAL, layout.LIBRARY)):
        others = sorted(entry.name for entry in destination.iterdir() if entry.name != layout.LOCK)
        if others:
            raise InvalidLibrary(
                f"{destination} is not a library and not empty (it has {others[0]!r}): choose a new folder"
            )


def _nothing_usable(source: Path, refused: RefusedLog) -> str:
    if not refused.first:
        return f"{source} has no files that this analysis can use: name a folder that has"
    first = refused.first[0]
    return (
        f"none of the files in {source} can be used: {refused.count} were refused, "
        f"the first {first.path}: {first.reason}"
    )
