"""A second stage that fails as scripts tell it to: what each attempt at a task does, the last one repeated."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from .worker import act


def tasks(value, context):
    """One task a script; told `text`, what is no list of tasks."""
    does = context.parameters["stage_does"].get("tasks")
    act(does)
    if does == "text":
        return "a text"
    scripts = context.parameters["tasks"]
    return ({"number": number, "found": len(value["found"]), "script": script} for number, script in enumerate(scripts))


def run(task, context):
    """Follow the script."""
    script = task["script"] if isinstance(task["script"], list) else [task["script"]]
    if context.parameters["journal"]:
        Path(context.parameters["journal"], f"task-{os.getpid()}-{uuid.uuid4().hex}").touch()
    answer = act(script[min(context.attempt, len(script)) - 1])
    return {"task": task["number"], "found": task["found"]} if answer is None else answer


def merge(value, results, context):
    """All results in order."""
    act(context.parameters["stage_does"].get("merge"))
    return {**value, "results": list(results)}
