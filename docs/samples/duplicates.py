"""Find files that occur more than once: `python duplicates.py FOLDER`."""

import hashlib
import sys
from pathlib import Path

import skyburst


@skyburst.worker
def digests(batch):
    for path in batch.items:
        yield [hashlib.sha256(batch.context.read(path)).hexdigest(), path]


@skyburst.combiner
def duplicates(partials):
    paths = {}
    for partial in partials:
        for digest, path in partial.results():
            paths.setdefault(digest, []).append(path)
    return [same for same in paths.values() if len(same) > 1]


if __name__ == "__main__":
    files = sorted(str(path) for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    for same in skyburst.run(__file__, items=files).value:
        print(" = ".join(same))
