"""Watches a folder on a disk that is too small, then larger; run as root of a name space of its own by the test.

    python full_disk_program.py MOUNT_POINT

Prints one JSON line: what the watcher told, the certificate and the runs of the job on the small disk, and what it came to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skyburst.homes.local.home import LocalHome
from skyburst.submissions import arrivals, watching
from skyburst.submissions.watching import Told, Watcher, make_folders

BLUEPRINT = 'blueprint = 1\nname = "big"\nversion = "1.0.0"\ncommand = ["sh", "run.sh"]\n'
TURNS = 8
"""So often is a job that stopped looked at while there is no more room."""


def main() -> None:
    disk = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", disk], check=True)
    analysis = disk.parent / "analyses" / "big"
    analysis.mkdir(parents=True)
    (analysis / "blueprint.toml").write_text(BLUEPRINT)
    (analysis / "run.sh").write_text('head -c 30000000 /dev/zero > "$SKYBURST_RESULTS/zeros"\n')
    os.environ |= {"SKYBURST_PATH": str(analysis.parent), "SKYBURST_HOME": str(disk / "state"), "TMPDIR": str(disk)}
    arrivals.SETTLED_S = watching.AGAIN_S = 0.1
    lab = make_folders(disk / "shared", "big", "mylab")
    (lab / "inputs" / "a").write_text("a")
    (lab / "configs" / "c.yaml").write_text("{}")
    document = {"dataname": "mylab/inputs/a", "configname": "mylab/configs/c.yaml", "timestamp": "1"}
    (lab / "submissions" / "submit.json").write_text(json.dumps(document))
    results = lab / "results" / "job__big_1"
    told: list[Told] = []
    home = LocalHome()
    watcher = Watcher(disk / "shared", home, time.time, told.append)
    # Before its job stops, the watcher itself may come upon the full disk.
    _until(watcher, lambda: any("its job stopped" in entry.text for entry in told))
    for _ in range(TURNS):
        watcher.turn()
        time.sleep(0.1)
    (job,) = home.table.jobs()
    found: dict[str, Any] = {
        "certificate": (results / "logs" / "certificate.txt").read_text(),
        "told": [entry.text for entry in told],
        "runs": job.runs,
    }
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
    _until(watcher, (results / "process_results" / "end.txt").exists)
    found["outcome"] = told[-1].text
    found["delivered"] = (results / "process_results" / "zeros").stat().st_size
    print(json.dumps(found))


def _until(watcher: Watcher, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not done():
        if time.monotonic() > deadline:
            sys.exit("it took too long")
        watcher.turn()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
