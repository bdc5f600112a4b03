"""Load an analysis: `python -m skyburst.cli.checks.load LOCATION WORKER COMBINER ITEMS STAGE FUNCTION...`.

STAGE is the section `second_stage` of the blueprint, as JSON, and the functions are those of the section `library`; what an
analysis does not have is empty.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from skyburst.loading import load_code, load_function


def load(location: str, worker: str, combiner: str, items: str, stage: str, *functions: str) -> None:
    """Load all functions of an analysis; raises what the loading raises."""
    load_code(location, worker, combiner, items or None, json.loads(stage) if stage else None)
    for reference in filter(None, functions):
        load_function(Path(location), reference)


if __name__ == "__main__":
    load(*sys.argv[1:])
