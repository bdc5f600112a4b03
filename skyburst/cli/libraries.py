"""The functions of an analysis that make libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from skyburst.cli.failures import Stopped
from skyburst.errors import InvalidAnalysis, SkyburstError
from skyburst.finding import Found, all_analyses, find_analysis
from skyburst.library import Describe, MakeVariants
from skyburst.loading import load_function


def library_analysis(name: str | None, needs: Literal["describe", "generate"]) -> Found:
    """The analysis of a name, or the only one that says how libraries are made.

    Raises:
        AnalysisNotFound: when there is none of that name.
    """
    if name is not None:
        found = find_analysis(name)
        if not _function(found, needs):
            raise click.UsageError(f"analysis {name!r} has no [library] {needs} in its blueprint")
        return found
    able: dict[str, Found] = {}
    for entry in all_analyses():
        if isinstance(entry, Found) and _function(entry, needs):
            able.setdefault(entry.blueprint.name, entry)
    if len(able) == 1:
        return next(iter(able.values()))
    if not able:
        raise click.UsageError(f"no analysis has a [library] {needs} in its blueprint")
    raise click.UsageError(f"say whose library it is with --analysis: {', '.join(able)}")


def describer(found: Found) -> Callable[[], Describe]:
    """Gives the function that describes an item; may be called in other processes."""
    return partial(load_library_function, str(found.code), _function(found, "describe"))


def variant_maker(found: Found) -> Callable[[], MakeVariants]:
    """Gives the function that makes variants of an item; may be called in other processes."""
    reference = _function(found, "variants")
    if not reference:
        raise click.UsageError(f"analysis {found.blueprint.name!r} has no [library] variants in its blueprint")
    return partial(load_library_function, str(found.code), reference)


def call_generate(
    found: Found, destination: Path, *, images: int, seed: int, progress: Callable[[int, int], None]
) -> None:
    """Call `generate(destination, images, seed=..., progress=...)` of an analysis.

    Raises:
        InvalidAnalysis: when it fails in another way than with an error of ours.
    """
    generate = load_library_function(str(found.code), _function(found, "generate"))
    try:
        generate(destination, images, seed=seed, progress=progress)
    except (SkyburstError, OSError):
        raise
    except Exception as error:
        raise InvalidAnalysis(
            f"generate of {found.blueprint.name!r} failed: {type(error).__name__}: {error}"
        ) from error


def load_library_function(location: str, reference: str) -> Any:
    """A function of an analysis.

    Raises:
        InvalidAnalysis: when it cannot be loaded.
    """
    try:
        return load_function(Path(location), reference)
    except SkyburstError:
        raise
    except Exception as error:
        raise InvalidAnalysis(f"{reference} of {location} cannot be loaded: {type(error).__name__}: {error}") from error


@contextmanager
def stopped(how_to_go_on: str) -> Iterator[None]:
    """Say at Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Stopped(how_to_go_on) from interrupt


def _function(found: Found, needs: Literal["describe", "generate", "variants"]) -> str:
    section = found.blueprint.library
    return (section and getattr(section, needs)) or ""
