"""Checks that each analysis can be loaded, in a process of its own: its imports are the developer's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import SkyburstError
from skyburst.finding import Broken, Found, all_analyses

LONGEST_S = 60.0


def check_analyses() -> Iterator[Finding]:
    """Whether the functions of each analysis can be loaded."""
    try:
        entries = list(all_analyses())
    except SkyburstError as error:
        yield Finding("analyses", Verdict.BAD, str(error))
        return
    if not entries:
        yield Finding("analyses", Verdict.DOUBTFUL, "there are none: `skyburst new NAME` writes one")
    for entry in entries:
        if isinstance(entry, Broken):
            yield Finding(f"analysis {entry.location.name}", Verdict.BAD, f"{entry.origin}: {entry.error}")
        else:
            yield _loads(entry)


def _loads(found: Found) -> Finding:
    what = f"analysis {found.blueprint.name}"
    reference = found.reference()
    library = found.blueprint.library
    functions = [library.describe, library.generate or "", library.variants or ""] if library else []
    stage = reference["blueprint"]["second_stage"]
    command = [
        sys.executable, "-P", "-m", "skyburst.cli.checks.load", reference["code"], reference["worker"],
        reference["combiner"], reference["items"] or "", json.dumps(stage) if stage else "", *functions,
    ]  # fmt: skip
    try:
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=LONGEST_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Finding(what, Verdict.BAD, f"{found.location}: loading it took longer than {LONGEST_S:g} s")
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        return Finding(what, Verdict.BAD, f"{found.location}: {text.shortened(last, 300)}")
    return Finding(what, Verdict.GOOD, f"{found.blueprint.version}, {found.origin}: {found.location}")
