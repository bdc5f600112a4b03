"""Small analyses, and the program run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from skyburst.cli.main import run_program
from skyburst.engine import watch

SQUARES = '''"""Sums squares."""
import skyburst

@skyburst.worker
def squares(batch):
    return sum(number * number for number in batch.items)

total = skyburst.combiners.total()
'''
NAPS = '''"""Sleeps, and fails where it is told to."""
import heapq
import os
import time

import skyburst

@skyburst.worker
def nap(batch):
    for number in batch.items:
        time.sleep(batch.parameters.get("nap", 0))
        if number in batch.parameters.get("bad", []) and not os.path.exists("mended"):
            raise ValueError(f"item {number} is bad")
        if number in batch.parameters.get("broken", []):
            batch.context.item_failed({"file": f"image {number}.tif"}, "it is truncated")
        else:
            yield {"number": number, "score": number * 7919 % 1009}

@skyburst.combiner(associative=True)
def best(partials, context):
    if not context.preview:
        time.sleep(context.parameters.get("combine", 0))
    found = (result for partial in partials for result in partial.results())
    return heapq.nlargest(3, found, key=lambda result: result["score"])

@best.summary
def lines(value, parameters):
    if parameters.get("summary") == "broken":
        raise RuntimeError("no lines today")
    return [f"item {result['number']} scores {result['score']}" for result in value]

@best.finish
def report(value, context):
    context.write("tables/best.csv", b"number\\n" + b"".join(b"%d\\n" % result["number"] for result in value))
    return value
'''
TYPED = """
blueprint = 1
name = "typed"
version = "1.2.0"
title = "Shows what it was given"
worker = "code:work"
combiner = "code:first"
[parameters.count]
type = "integer"
required = true
minimum = 1
description = "How many."
[parameters.names]
type = "array"
items = { type = "string" }
default = []
[parameters.mode]
type = "string"
enum = ["fast", "exact"]
default = "fast"
[parameters.exact]
type = "boolean"
default = false
[parameters.note]
type = "string"
[parameters.mask]
type = ["string", "null"]
format = "path"
"""
CODE = """
import skyburst

@skyburst.worker
def work(batch):
    return batch.parameters

@skyburst.combiner
def first(partials):
    return next(partials).value
"""


class Ended(NamedTuple):
    """What the program did."""

    code: int
    out: str
    err: str


Program = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with three analyses."""
    folder = tmp_path / "project"
    (folder / "typed").mkdir(parents=True)
    (folder / "squares.py").write_text(SQUARES)
    (folder / "naps.py").write_text(NAPS)
    (folder / "typed" / "blueprint.toml").write_text(TYPED)
    (folder / "typed" / "code.py").write_text(CODE)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SKYBURST_WORKERS", "2")
    monkeypatch.setenv("COLUMNS", "100")
    return folder


@pytest.fixture
def program(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Runs the program in this process: the same as in one of its own, and sooner; so are its repeated attempts."""
    monkeypatch.setattr(watch, "FIRST_DELAY_S", 0.05)

    def run(*arguments: object) -> Ended:
        code = run_program([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ended(int(code), out, err)

    return run
