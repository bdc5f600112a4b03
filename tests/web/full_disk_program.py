"""Begins uploads on disks that have room for few files; run as root of a name space of its own by the test.

    python -m tests.web.full_disk_program FOLDER

Prints a JSON list: of each disk what was said, empty when the upload began, and the names of what is there of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from skyburst.errors import StorageFull
from skyburst.web.documents import NewUpload
from skyburst.web.uploads import LocalUploads


def main() -> None:
    found: list[tuple[str, list[str]]] = []
    files = 1  # the folder of the disk itself is one
    while not found or found[-1][0]:
        files += 1
        disk = Path(sys.argv[1]) / str(files)
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,nr_inodes={files}", "none", disk], check=True)
        said = ""
        try:
            LocalUploads(disk, 2**30).begin(NewUpload(name="a", size=10), time.time(), None)
        except StorageFull as error:
            said = str(error)
        found.append((said, sorted(path.name for folder in disk.iterdir() for path in folder.iterdir())))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
