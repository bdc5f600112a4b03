"""What a folder was generated with: an interrupted generation continues, another one is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from skyburst.errors import Conflict, InvalidLibrary

from .plan import Plan
from .writing import write_text

RECORD: Final = "generation.json"
LOCK: Final = ".generation.lock"
_GENERATOR: Final = 1
"""Raised whenever the same plan gives other pictures than before."""


@contextmanager
def claimed(destination: Path, plan: Plan, images: int) -> Iterator[None]:
    """Hold a folder while it is filled according to a plan.

    Raises:
        InvalidLibrary: when the folder holds something else, or more images than asked for.
        Conflict: when another program is filling it.
    """
    if destination.exists() and not destination.is_dir():
        raise InvalidLibrary(f"{destination} is a file; name a folder for the generated library")
    destination.mkdir(parents=True, exist_ok=True)
    _refuse_foreign(destination)
    try:
        with FileLock(destination / LOCK, timeout=0):
            _check_record(destination, plan, images)
            write_text(destination / RECORD, json.dumps(_record(plan, images), indent=2) + "\n")
            yield
    except Timeout as error:
        raise Conflict(
            f"another program is generating images in {destination}; wait for it, or name another folder"
        ) from error


def _record(plan: Plan, images: int) -> dict[str, int]:
    return {"generator": _GENERATOR, **asdict(plan), "images": images}


def _refuse_foreign(destination: Path) -> None:
    found = {path.name for path in destination.iterdir()}
    if found and not found & {RECORD, LOCK}:
        raise InvalidLibrary(
            f"{destination} holds files that are not a generated library, such as {min(found)!r}; "
            "name an empty or a new folder"
        )


def _check_record(destination: Path, plan: Plan, images: int) -> None:
    path = destination / RECORD
    if not path.exists():
        return
    remedy = "name another folder, or delete this one first"
    try:
        known: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidLibrary(f"{path} is not JSON, so what the folder holds is unknown; {remedy}") from error
    wanted = _record(plan, images)
    if not isinstance(known, dict) or known.keys() != wanted.keys():
        raise InvalidLibrary(f"{path} is not the record of a generated library; {remedy}")
    differences = [
        f"{field} {known[field]}, not {value}"
        for field, value in wanted.items()
        if field != "images" and known[field] != value
    ]
    if differences:
        raise InvalidLibrary(f"{destination} holds a library generated with {'; '.join(differences)}; {remedy}")
    if known["images"] > images:
        raise InvalidLibrary(
            f"{destination} is a library of {known['images']} images, more than the {images} asked for; "
            f"ask for at least {known['images']}, or {remedy}"
        )
