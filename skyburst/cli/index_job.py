"""The job that builds the index of a library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from skyburst.cli.setting import parameters_from
from skyburst.errors import AnalysisNotFound, InvalidLibrary
from skyburst.finding import Found, find_analysis
from skyburst.homes.home import Home
from skyburst.library import Library, open_library

PARAMETER = "library"
"""Of an analysis that builds indexes: where the library is."""


def refuse_copies(library: str, on: str) -> None:
    """Refuse a library of this machine whose index would be made somewhere else.

    Raises:
        InvalidLibrary: with the remedy.
    """
    if on != "local" and "://" not in library:
        raise InvalidLibrary(
            f"the library {library} is on this machine, and on AWS the index would be made in a copy of it: index it here, "
            f"`skyburst library index {library} --on local`, or give the s3:// URL of a library"
        )


def index_specification(
    library: str, home: Home, *, analysis: str | None, settings: Sequence[str], timeout_s: float | None
) -> dict[str, Any]:
    """The specification of the job that builds the index of a library.

    Args:
        library: folder or URL.
        home: where the job is to run.
        analysis: whose libraries it is one of; None for the one that described it.
        settings: texts `name=value`, parameters of the job.
        timeout_s: until the job is ended.

    Raises:
        InvalidLibrary: when there is no such library.
        AnalysisNotFound: when there is no such analysis, or none of the name that it gives.
    """
    described = _open(library, home)
    index = _index_analysis(described, analysis)
    given = parameters_from(index.blueprint.parameters, settings)
    if PARAMETER in given:
        raise click.BadParameter("the library is the argument LIBRARY", param_hint="--set library")
    location = library if "://" in library else str(Path(library).expanduser().absolute())
    document: dict[str, Any] = {
        "analysis": str(index.location),
        "parameters": {PARAMETER: location, **given},
    }
    return document if timeout_s is None else {**document, "timeout_s": timeout_s}


def _open(location: str, home: Home) -> Library:
    from skyburst.homes.aws.home import AwsHome

    with _variables(home.account.variables if isinstance(home, AwsHome) else {}):
        return open_library(location)


def _index_analysis(library: Library, analysis: str | None) -> Found:
    """The analysis that builds indexes of a library, found by name; of one that was given by its path beside it first."""
    try:
        found = find_analysis(analysis or library.analysis)
    except AnalysisNotFound as error:
        if analysis:
            raise
        raise AnalysisNotFound(
            f"the analysis that described the library {library.location} is not here: {error}; --analysis names another one"
        ) from error
    section = found.blueprint.library
    if section is None or section.index is None:
        raise click.UsageError(f"analysis {found.blueprint.name!r} has no [library] index in its blueprint")
    if found.origin == "path":
        with suppress(AnalysisNotFound):
            return find_analysis(section.index, found.location.parent)
    return find_analysis(section.index)


@contextmanager
def _variables(added: Mapping[str, str]) -> Iterator[None]:
    """Have these environment variables, which URLs are read with, for a moment."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name)
        os.environ.update({name: before[name] for name in added if name in before})
