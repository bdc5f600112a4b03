"""Builds a library on a disk that gets full, then larger; run as root of a name space of its own by the test.

    python -m tests.library.full_disk_program SOURCE MOUNT_POINT

Prints one JSON line: the message of the error, files stored then, and what the second build did.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from skyburst.errors import StorageFull
from skyburst.library import inspect_library
from tests.library.samples import build


def main() -> None:
    source, disk = Path(sys.argv[1]), Path(sys.argv[2])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[3]}", "none", disk], check=True)
    message = ""
    try:
        build(source, disk / "library")
    except StorageFull as error:
        message = str(error)
    stored = len(list((disk / "library").glob("images/*/*")))
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    summary = build(source, disk / "library")
    problems = inspect_library(disk / "library", verify=True).problems
    print(
        json.dumps(
            {
                "message": message,
                "stored": stored,
                "added": summary.added,
                "already_there": summary.already_there,
                "count": summary.library.count,
                "problems": problems,
            }
        )
    )


if __name__ == "__main__":
    main()
