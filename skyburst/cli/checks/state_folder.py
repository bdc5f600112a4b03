"""Checks of the state folder: SQLite's write-ahead log and its locks want a local disk with room on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import SkyburstError
from skyburst.homes.local.folder import VARIABLE
from skyburst.homes.local.home import LocalHome

NETWORK_FILE_SYSTEMS = frozenset({
    "nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "afs", "afpfs", "webdav", "davfs", "9p", "ceph", "lustre", "gpfs",
    "beegfs", "glusterfs", "orangefs", "ocfs2", "gfs2", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs",
    "fuse.gcsfuse", "fuse.mount-s3", "macfuse", "osxfuse",
})  # fmt: skip
LITTLE_BYTES = 1_000_000_000


def check_state_folder(home: LocalHome) -> Iterator[Finding]:
    """Whether it can be written, has room, and lies on a disk of this machine."""
    folder = home.folder
    try:
        table = home.table  # makes the folder and opens the task table
        with tempfile.TemporaryFile(dir=folder / "scratch") as file:
            file.write(b"skyburst")
            os.fsync(file.fileno())
        jobs = sum(1 for _ in table.jobs())
    except (SkyburstError, OSError) as error:
        yield Finding("state folder", Verdict.BAD, f"{folder} cannot be used: {error}; set {VARIABLE} to another one")
        return
    yield Finding("state folder", Verdict.GOOD, f"{folder}, {text.counted(jobs, 'job')}")
    free = shutil.disk_usage(folder).free
    if free < LITTLE_BYTES:
        remedy = f"delete old jobs (`skyburst delete`), or set {VARIABLE} to a folder on another disk"
        yield Finding("free space", Verdict.DOUBTFUL, f"only {text.size(free)}: {remedy}")
    else:
        yield Finding("free space", Verdict.GOOD, text.size(free))
    yield _file_system(folder)


def _file_system(folder: Path) -> Finding:
    kind = file_system_of(folder)
    if kind is None:
        return Finding("file system", Verdict.DOUBTFUL, "unknown; it must be a disk of this machine")
    if kind.lower() in NETWORK_FILE_SYSTEMS:
        return Finding(
            "file system",
            Verdict.BAD,
            f"{kind}, a network file system, on which the task table can be damaged: set {VARIABLE} to a folder on a local disk",
        )
    return Finding("file system", Verdict.GOOD, kind)


def file_system_of(folder: Path) -> str | None:
    """Kind of the file system that a folder is on, such as `ext4`; None when the system does not tell."""
    import psutil

    resolved = folder.resolve()
    mounted = [
        (len(Path(partition.mountpoint).parts), partition.fstype)
        for partition in psutil.disk_partitions(all=True)
        if resolved.is_relative_to(partition.mountpoint)
    ]
    # Of several on one mount point the last hides the others.
    return max(reversed(mounted), key=lambda entry: entry[0])[1] if mounted else None
