# ruff: noqa: T201 - what it prints is what it is for
"""The program `skyburst-env`, on the PATH of every command: get data and config, put results, say how far it is.

Containers run it with a Python of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ABOUT = ".about.json"
MESSAGES = ".messages.jsonl"
PROGRAM = "skyburst-env"
TO_TRY = "set it to try a command by hand; in an environment the engine does"


class Unusable(Exception):
    """Raised when something cannot be done; the message has the remedy."""


def main(arguments: Sequence[str]) -> int:
    """Entry point; what the program exits with."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except Unusable as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    program = argparse.ArgumentParser(
        prog=PROGRAM, description="What a command in an environment of skyburst asks of its engine."
    )
    commands = program.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, function: Callable[[argparse.Namespace], None], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=function)
        return added

    data = command("get-data", get_data, "Print the path of the data, or copy it.")
    data.add_argument("name", nargs="?", metavar="NAME", help="of one file or folder of several")
    data.add_argument("-o", "--output", metavar="DIR", help="copy it there, and print the path of the copy")
    config = command("get-config", get_config, "Print the path of the config file, or one value of it.")
    config.add_argument("key", nargs="?", metavar="KEY", help="of a value; a.b for one that is further down")
    results = command("put-result", put_result, "Copy files or folders to where results are delivered from.")
    results.add_argument("files", nargs="+", metavar="FILE")
    log = command("log", log_text, "Write a line to the log of the dataset.")
    log.add_argument("text", nargs="+", metavar="TEXT")
    progress = command("progress", log_progress, "Say how far the command is.")
    progress.add_argument("fraction", metavar="FRACTION", help="0 to 1, or such as 40%%")
    progress.add_argument("text", nargs="*", metavar="TEXT", help="what it does now")
    return program


def get_data(options: argparse.Namespace) -> None:
    """Print where the data is, one file or folder a line, or where its copy is."""
    folder = folder_of("SKYBURST_INPUTS")
    names = sorted(entry.name for entry in folder.iterdir())
    if options.name is not None:
        if options.name not in names:
            raise Unusable(f"there is no data {options.name!r}: there is {', '.join(names) or 'none'}")
        names = [options.name]
    for name in names:
        print(copied(folder / name, Path(options.output)) if options.output else folder / name)


def get_config(options: argparse.Namespace) -> None:
    """Print the path of the config file, or a value: text as it is, anything else as JSON."""
    path = Path(variable("SKYBURST_CONFIG"))
    if options.key is None:
        print(path)
        return
    value = values_of(path)
    for step in options.key.split("."):
        if not isinstance(value, dict) or step not in value:
            there = ", ".join(map(str, value)) if isinstance(value, dict) else "no further ones"
            raise Unusable(f"the config {path} has no {options.key!r}: at {step!r} there are {there or 'none'}")
        value = value[step]
    print(value if isinstance(value, str) else json.dumps(value))


def put_result(options: argparse.Namespace) -> None:
    """Copy files and folders into the folder of results."""
    folder = folder_of("SKYBURST_RESULTS")
    for name in options.files:
        source = Path(name)
        if not source.exists():
            raise Unusable(f"there is no file or folder {name!r} to put among the results")
        print(copied(source, folder))


def log_text(options: argparse.Namespace) -> None:
    """Hand a line to the engine."""
    tell({"log": " ".join(options.text)})


def log_progress(options: argparse.Namespace) -> None:
    """Hand the progress to the engine."""
    text = options.fraction
    try:
        fraction = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        fraction = -1.0
    if not 0 <= fraction <= 1:
        raise Unusable(f"progress is {text!r}: expected a number from 0 to 1, or a share such as 40%")
    tell({"progress": fraction, "text": " ".join(options.text)})


def tell(message: dict[str, Any]) -> None:
    """Append a message for the engine, in one write, so that several programs may do so at once."""
    path = folder_of("SKYBURST_LOGS") / MESSAGES
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, json.dumps(message).encode() + b"\n")
    finally:
        os.close(descriptor)


def values_of(path: Path) -> Any:
    """The values of the config file, which the engine leaves beside it as JSON."""
    beside = path.parent / ABOUT
    if beside.is_file():
        values = json.loads(beside.read_text(encoding="utf-8"))["values"]
        if values is None:
            raise Unusable(
                f"the config {path} is neither JSON nor plain YAML: read it yourself, `get-config` has its path"
            )
        return values
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unusable(
            f"the config {path} is not JSON, and nothing else is read outside of environments: {error}"
        ) from error


def copied(source: Path, folder: Path) -> Path:
    """Copy a file or folder into a folder, over what has its name; the path of the copy."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.absolute().name
    if target.exists() and source.samefile(target):
        return target
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
    return target


def folder_of(name: str) -> Path:
    """The folder that a variable names."""
    folder = Path(variable(name))
    if not folder.is_dir():
        raise Unusable(f"{name} is {str(folder)!r}, and there is no such folder: {TO_TRY}")
    return folder


def variable(name: str) -> str:
    """The value of a variable of the contract."""
    value = os.environ.get(name)
    if not value:
        raise Unusable(f"{name} is not set: {TO_TRY}")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
