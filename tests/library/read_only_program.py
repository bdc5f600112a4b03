"""Removes an item from a library on a disk that cannot be written; run as root of a name space of its own by the test.

    python -m tests.library.read_only_program LIBRARY MOUNT_POINT

Prints one JSON line: the message of the error, and the version and the problems of the library.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from skyburst.errors import StorageError
from skyburst.library import inspect_library, remove_items


def main() -> None:
    source, disk = Path(sys.argv[1]), Path(sys.argv[2])
    subprocess.run(["mount", "-t", "tmpfs", "none", disk], check=True)
    shutil.copytree(source, disk / "library")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    message = ""
    try:
        remove_items(disk / "library", ["item-0007"])
    except StorageError as error:
        message = str(error)
    report = inspect_library(disk / "library", verify=True)
    print(json.dumps({"message": message, "version": report.library.version, "problems": report.problems}))


if __name__ == "__main__":
    main()
