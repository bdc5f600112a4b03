"""A worker and a combiner that fail as scripts tell them to: the one language of failure in these tests.

A script says what each attempt at its item does, the last one repeated: `ok`, `raise`, `hang`, `kill`, `exit`, `memory`,
`not json`, `large`, `print`, `spawn`, `item error`, a number of seconds to sleep, or what `act_at_length` is given.
"""

from __future__ import annotations

import os
import random
import signal
import string
import subprocess
import sys
import time
import uuid
from pathlib import Path

import skyburst

IDEOGRAPHS = "".join(map(chr, range(0x4E00, 0x9FFF)))
"""Six bytes each in JSON."""


@skyburst.worker
def scripted(batch):
    """Follow the script of the first item."""
    script = batch.items[0]["script"]
    action = script[min(batch.context.attempt, len(script)) - 1]
    if batch.parameters["journal"]:
        Path(batch.parameters["journal"], f"{batch.id}-{uuid.uuid4().hex}").touch()
    answer = act_at_length(batch, **action) if isinstance(action, dict) else act(action, batch)
    return [batch.start] if answer is None else answer


def act(action, batch=None):
    """Do what one word of a script says."""
    if isinstance(action, int | float):
        time.sleep(action)
    elif action == "raise":
        raise ValueError("told to fail")
    elif action == "hang":
        time.sleep(3600)
    elif action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "exit":
        os._exit(3)
    elif action == "memory":
        held = [bytearray(2**24) for _ in range(1_000)]
        return len(held)
    elif action == "not json":
        return {"when": {1, 2}}
    elif action == "large":
        return "x" * 50_000_000
    elif action == "print":
        print("hello from", batch.id)
        print("and a warning", file=sys.stderr)
        os.write(1, b"and from below Python\n")
    elif action == "spawn":
        started = subprocess.Popen(["sleep", "3600"])
        Path(batch.parameters["journal"], "started").write_text(str(started.pid))
        time.sleep(3600)
    elif action == "item error":
        batch.context.item_failed(batch.items[0], ValueError("cannot be read"))
    return None


def act_at_length(batch, *, characters=0, item_errors=0, reason=0):
    """Return a text, report items that cannot be used, each with a long reason, or fail for good with a long reason."""
    if reason:
        return {ballast(reason, batch.id): {1, 2}}
    for number in range(item_errors):
        batch.context.item_failed(number, ballast(2_000, batch.id * item_errors + number, IDEOGRAPHS))
    return ballast(characters, batch.id) if characters else None


def ballast(characters, seed=0, alphabet=string.ascii_letters + string.digits):
    """A text that hardly shrinks when compressed."""
    return "".join(random.Random(seed).choices(alphabet, k=characters))


@skyburst.combiner
def everything(partials, context):
    """All values in order."""
    action = context.parameters["combiner_does"]
    if action == "raise the first time":
        action = "ok" if leave_mark(context.parameters["journal"]) else "raise"
    act(action)
    found = []
    for partial in partials:
        value = partial.value
        found.extend([len(value)] if isinstance(value, str) else value)
    return {"found": found, "missing": [gap.first for gap in context.missing]}


def leave_mark(journal):
    """Leave a file in the journal that says that something was combined; whether there was one."""
    mark = Path(journal, "combined")
    there = mark.exists()
    mark.touch()
    return there


@everything.summary
def lines(value, parameters):
    """How many so far."""
    return [f"{len(value['found'])} found"]


def list_items(parameters, context):
    """One item a script."""
    for script in parameters["scripts"]:
        if script == "raise while listing":
            raise ValueError("told to fail while listing")
        yield {"script": script if isinstance(script, list) else [script]}
