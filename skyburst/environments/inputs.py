"""The data and the config file of a dataset, brought into the folders of its command.

A command gets copies of its own: it may change them, and the originals stay as they are. Where the file system can share the
bytes of two files until one is changed (Btrfs, XFS), a copy takes neither time nor room. With SKYBURST_LINK_INPUTS=1 files of
this machine are links to the originals instead, for data that would not fit twice; whether the command changed one is looked
at when it has ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from skyburst.contracts.dataset import ABOUT, CONFIG_NAME, Dataset, base_name
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.folders import FileInfo, Folder, is_junk, open_folder
from skyburst.objects import check_key

LINK_VARIABLE = "SKYBURST_LINK_INPUTS"
PIECE = 1 << 20
SHARE_BYTES = 0x40049409
"""FICLONE of Linux."""
MOST_SAID = 20
LARGEST_CONFIG = 16 << 20
READABLE_CONFIGS = (".json", ".yaml", ".yml")


class Input(NamedTuple):
    """What was fetched from one location."""

    location: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal; of a folder over the names, sizes and digests of its files."""


class Linked(NamedTuple):
    """An original that the command can reach."""

    path: Path
    size: int
    changed_ns: int


def links_wanted() -> bool:
    """Whether files of this machine are to be linked rather than copied."""
    return os.environ.get(LINK_VARIABLE, "") not in ("", "0")


class Fetching:
    """Fetches what one dataset needs.

    Args:
        link: whether files of this machine are linked.
        stop: asked between pieces; raises when there is no time for more.
    """

    def __init__(self, *, link: bool, stop: Callable[[], None]) -> None:
        self._link = link
        self._stop = stop
        self._linked: list[Linked] = []
        self.left_out: list[str] = []
        """Links in folders, to other folders or out of theirs, which are not followed."""

    def data(self, dataset: Dataset, folder: Path) -> Iterator[Input]:
        """Fetch the data, one location after the other.

        Raises:
            InvalidItems, ObjectNotFound: when there is no such file or folder.
            StorageError: when it cannot be read.
        """
        for location in dataset.data:
            name = base_name(location)
            with _named(location):
                source = open_folder(location)
                if source.is_file:
                    yield self._file(source, folder / name)
                else:
                    yield self._folder(source, folder if location.endswith("/") else folder / name)

    def said(self) -> Iterator[str]:
        """What whoever looks for missing data should know, a line each."""
        for path in self.left_out[:MOST_SAID]:
            yield f"left out: {path} is a link to a folder or out of its folder: put there what it leads to"
        if len(self.left_out) > MOST_SAID:
            yield f"left out: {len(self.left_out) - MOST_SAID:,} more links"

    def changed(self) -> str | None:
        """An original that is not as it was, if there is one."""
        for linked in self._linked:
            try:
                now = linked.path.stat()
            except OSError:
                return str(linked.path)
            if (now.st_size, now.st_mtime_ns) != (linked.size, linked.changed_ns):
                return str(linked.path)
        return None

    def _file(self, source: Folder, target: Path) -> Input:
        (info,) = source.files()
        size, digest = self._copy(source, info.name, target)
        return Input(source.location, size, digest)

    def _folder(self, source: Folder, target: Path) -> Input:
        target.mkdir(exist_ok=True)
        self.left_out += [f"{source.location}/{name}" for name in source.links_out()]
        total, digest = 0, hashlib.sha256()
        for info in _files_of(source):
            place = target.joinpath(*check_key(info.name).split("/"))
            place.parent.mkdir(parents=True, exist_ok=True)
            size, file_digest = self._copy(source, info.name, place)
            total += size
            digest.update(_line(info.name, size, file_digest))
        return Input(source.location, total, digest.hexdigest())

    def _copy(self, source: Folder, name: str, target: Path) -> tuple[int, str]:
        """Bring a file there; its size and digest. Raises InvalidItems when there is one of its name."""
        if target.exists():
            raise InvalidItems(
                f"{name!r} in {source.location} has the name of another file of this dataset: rename one of them"
            )
        digest, size = hashlib.sha256(), 0
        with source.open(name) as old:
            local = isinstance(getattr(old, "name", None), str | os.PathLike)
            if local and self._link:
                self._reach(Path(old.name), target)
            with open(os.devnull if local and self._link else target, "wb") as new:
                shared = local and not self._link and _share(old, new)
                while piece := old.read(PIECE):
                    self._stop()
                    digest.update(piece)
                    size += len(piece)
                    if not shared:
                        new.write(piece)
        return size, digest.hexdigest()

    def _reach(self, path: Path, target: Path) -> None:
        path = path.resolve()
        found = path.stat()
        self._linked.append(Linked(path, found.st_size, found.st_mtime_ns))
        target.symlink_to(path)


def look_again(location: str) -> Input:
    """A file or folder as it is now, with the digest that it has when it is fetched.

    Raises:
        InvalidItems, ObjectNotFound: when there is no such file or folder.
        StorageError: when it cannot be read.
    """
    with _named(location):
        source = open_folder(location)
        total, digest = 0, hashlib.sha256()
        for info in _files_of(source):
            content, size = hashlib.sha256(), 0
            with source.open(info.name) as file:
                while piece := file.read(PIECE):
                    content.update(piece)
                    size += len(piece)
            if source.is_file:
                return Input(location, size, content.hexdigest())
            total += size
            digest.update(_line(info.name, size, content.hexdigest()))
        return Input(location, total, digest.hexdigest())


def _files_of(source: Folder) -> Iterator[FileInfo]:
    """The files of a folder that are data; hidden ones are, as in some formats, such as Zarr."""
    for info in source.files(hidden=True):
        if source.is_file or not is_junk(info.name):
            yield info


def _line(name: str, size: int, digest: str) -> bytes:
    """Of a file, in what the digest of its folder is made of."""
    return f"{name}\0{size}\0{digest}\n".encode()


def put_config(
    dataset: Dataset, parameters: dict[str, Any], folder: Path, *, analysis: str, group: str | None
) -> tuple[Path, str]:
    """Make the config file of a dataset, and what helpers read beside it; its path and its digest.

    Raises:
        InvalidItems, ObjectNotFound: when there is no such config file.
        StorageError: when it cannot be read.
    """
    if dataset.config_file is None:
        values: Any = {**parameters, **dataset.config}
        data = json.dumps(values, indent=2).encode() + b"\n"
        path = folder / CONFIG_NAME
    else:
        with _named(dataset.config_file):
            source = open_folder(dataset.config_file)
            if not source.is_file:
                raise InvalidItems(f"the config file {dataset.config_file} is not a file")
            (info,) = source.files()
            if info.size > LARGEST_CONFIG:
                raise InvalidItems(
                    f"the config file {dataset.config_file} has {info.size:,} bytes, and {LARGEST_CONFIG:,} are the most: "
                    "what is that large is data"
                )
            data = source.read(info.name)
        path = folder / base_name(dataset.config_file)
        values = read_values(path.name, data)
    path.write_bytes(data)
    about = {
        "values": values,
        "data": list(dataset.data),
        "config_file": dataset.config_file,
        "group": group,
        "analysis": analysis,
    }
    (folder / ABOUT).write_text(json.dumps(about))
    return path, hashlib.sha256(data).hexdigest()


def read_values(name: str, data: bytes) -> Any:
    """The values of a config file in JSON or YAML; None of another one, or one that is damaged: that is the command's to say."""
    if not name.lower().endswith(READABLE_CONFIGS):
        return None
    import yaml

    try:
        values = json.loads(data) if name.lower().endswith(".json") else yaml.safe_load(data)
        json.dumps(values)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):  # YAML has dates, and keys of any kind
        return None
    return values


@contextmanager
def _named(location: str) -> Iterator[None]:
    """Name the location of what cannot be found."""
    try:
        yield
    except (ObjectNotFound, FileNotFoundError) as error:
        raise ObjectNotFound(f"there is no file or folder {location}") from error


def _share(old: BinaryIO, new: BinaryIO) -> bool:
    """Have the new file share the bytes of the old one until either is changed; whether the file system can."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(new.fileno(), SHARE_BYTES, old.fileno())
    except OSError:
        return False
    return True
