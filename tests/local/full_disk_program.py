"""Runs a job on a disk that gets full, then larger; run as root of a name space of its own by the test.

    python full_disk_program.py MOUNT_POINT SIZE RESULT_BYTES

Prints one JSON line: the error, the batches done then, the job's state then, and what resuming it found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from skyburst.client import create
from skyburst.errors import StorageFull

ANALYSIS = """
import random
import skyburst

@skyburst.worker
def noise(batch):
    return random.Random(batch.id).randbytes(SIZE // 2).hex()

@skyburst.combiner
def sizes(partials):
    return [len(partial.value) for partial in partials]
"""


def main() -> None:
    disk, size, result_bytes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], check=True)
    analysis = disk.parent / "noise.py"
    analysis.write_text(ANALYSIS.replace("SIZE", str(result_bytes)))
    os.environ["SKYBURST_HOME"] = str(disk / "state")
    handle = create(str(analysis), items=range(200), batch_size=1)
    message = ""
    try:
        handle.home.drive(handle.job_id)
    except StorageFull as error:
        message = str(error)
    done, state, interrupted = handle.progress().done, handle.status(), handle.interrupted()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    handle.home.prepare_resume(handle.job_id)
    end = handle.home.drive(handle.job_id).state
    value = handle.result().value
    print(
        json.dumps(
            {
                "message": message,
                "done": done,
                "state": state,
                "interrupted": interrupted,
                "end": end,
                "complete": value == [result_bytes] * 200,
            }
        )
    )


if __name__ == "__main__":
    main()
