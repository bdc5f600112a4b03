"""What commands write: JSON, the result of a job, and copies of its files."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from skyburst.cli.failures import storage_error

if TYPE_CHECKING:
    from skyburst.homes.home import Readable

STANDARD_OUTPUT = "-"


def echo_json(document: Any) -> None:
    """Print a JSON document."""
    click.echo(json.dumps(document, indent=2))


def check_target(option: str, target: str | None) -> None:
    """Refuse, before anything runs, a file that could not be written later."""
    if target is None or target == STANDARD_OUTPUT:
        return
    path = Path(target).expanduser()
    folder = path.absolute().parent
    if path.is_dir():
        raise click.BadParameter(f"{target} is a folder: name a file", param_hint=option)
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder} to write it in", param_hint=option)
    if not os.access(folder, os.W_OK):
        raise click.BadParameter(f"the folder {folder} cannot be written", param_hint=option)


def write_copy(source: Readable, target: str) -> None:
    """Copy a file to a path, whole or not at all, or to standard output.

    Raises:
        StorageError: when it cannot be written.
    """
    if target == STANDARD_OUTPUT:
        with source.open() as file:
            sys.stdout.flush()
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return
    _copy(source, Path(target).expanduser())


def copy_files(files: Mapping[str, Readable], folder: Path) -> list[Path]:
    """Copy result files into a folder under their names.

    Raises:
        StorageError: when they cannot be written.
    """
    copies = []
    for name, source in files.items():
        target = folder / name
        _make_folder(target.parent)
        _copy(source, target)
        copies.append(target)
    return copies


def write_file(target: Path, data: bytes) -> Path:
    """Write a file, whole or not at all, and its folder; its path.

    Raises:
        StorageError: when it cannot be written.
    """
    _make_folder(target.parent)
    _write(target, lambda new: new.write(data))
    return target


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, f"{folder} cannot be made") from error


def _copy(source: Readable, target: Path) -> None:
    def fill(new: BinaryIO) -> None:
        with source.open() as old:
            shutil.copyfileobj(old, new)

    _write(target, fill)


def _write(target: Path, fill: Callable[[BinaryIO], object]) -> None:
    target = target.resolve()  # of a link, what it points to
    replaced = target.is_file() or not target.exists()  # a device or a pipe cannot be replaced
    path = target.with_name(f".{target.name[:200]}-{os.getpid()}.part") if replaced else target
    try:
        try:
            with open(path, "wb") as new:
                fill(new)
            if replaced:
                path.replace(target)
        except BaseException:
            if replaced:
                path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_error(error, f"{target} cannot be written") from error
