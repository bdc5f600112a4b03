"""The folders that a program is given by variables, and what it tells while it runs."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .device import NoDevice
from .problems import Refused

SECONDS_BETWEEN = 2.0
HELPER = "skyburst-env"
REFUSED = 2
"""Exit code when data or parameters cannot be used."""


@dataclass
class Surroundings:
    """Where a program's data, config and results are."""

    inputs: Path
    config: Path
    results: Path
    _told_at: float = field(default=-SECONDS_BETWEEN)

    def find(self, ending: str, *, but: tuple[str, ...] = ()) -> Path | None:
        """The file among the inputs whose name ends so, and not with one of `but`; None when there is none.

        Raises:
            Refused: when there are several.
        """
        files = sorted(path for path in self.inputs.rglob("*") if path.is_file())
        found = [path for path in files if path.name.endswith(ending) and not path.name.endswith(but or ("\0",))]
        if len(found) > 1:
            names = ", ".join(str(path.relative_to(self.inputs)) for path in found)
            raise Refused(f"there are {len(found)} files named ...{ending} ({names}): a dataset has one of them")
        return found[0] if found else None

    def need(self, ending: str, what: str, *, but: tuple[str, ...] = ()) -> Path:
        """As `find`, and there has to be one.

        Raises:
            Refused: naming the files that there are.
        """
        found = self.find(ending, but=but)
        if found is None:
            names = ", ".join(sorted(path.name for path in self.inputs.rglob("*") if path.is_file())) or "no files"
            raise Refused(f"there is no {what}, a file named ...{ending}, in the inputs: there are {names}")
        return found

    def tell(self, fraction: float, text: str) -> None:
        """Report how much is done, 0 to 1, to the helper when it is there; every two seconds at most."""
        now = time.monotonic()
        if fraction < 1 and now - self._told_at < SECONDS_BETWEEN:
            return
        self._told_at = now
        if helper := shutil.which(HELPER):
            subprocess.run([helper, "progress", f"{fraction:.3f}", text], check=False)


def run_program(main: Callable[[Surroundings], None]) -> int:
    """Run a program in the surroundings that its variables name, and return its exit code."""
    try:
        main(_surroundings())
    except (Refused, NoDevice) as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    return 0


def say(text: str) -> None:
    """Print a line at once: logs are read while the program runs."""
    print(text, flush=True)


def processors() -> int:
    """How many processors this program may use: those of its environment, and of this machine at most."""
    here = os.cpu_count() or 1
    given = os.environ.get("SKYBURST_VCPUS", "")
    return max(1, min(int(given), here)) if given.isdecimal() else here


def peak_memory_mb() -> float:
    """The largest resident set of this process so far, in MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def _surroundings() -> Surroundings:
    around = Surroundings(_path("SKYBURST_INPUTS"), _path("SKYBURST_CONFIG"), _path("SKYBURST_RESULTS"))
    if not around.inputs.is_dir():
        raise Refused(f"SKYBURST_INPUTS is {around.inputs}: there is no such folder")
    around.results.mkdir(parents=True, exist_ok=True)
    return around


def _path(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        raise Refused(f"the variable {variable} is not set: a job sets it; by hand, set it to a path")
    return Path(value)
