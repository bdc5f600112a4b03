"""The worker that builds the shards of an index."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import skyburst
from skyburst.errors import is_disk_full
from skyburst.objects import locate

from ..images import ImageError, read_image
from ..search import located
from .document import SHARDS
from .entries import Entries
from .grid import Grid
from .shard import Shard, directory_name, entries_name
from .shard_file import Directory, IndexDamaged, write_entries


@skyburst.worker
def build_shards(batch: skyburst.Batch) -> Iterator[dict[str, Any]]:
    """Build the shards of a batch, unless they are there and whole.

    Yields:
        Of each `{"name", "first", "images", "entries", "size_bytes", "library_bytes", "built"}` and the library it is of.

    Raises:
        ImageError: naming an image that is damaged or is not the one that the library was built from.
        StorageFull: naming the folder of temporary files when its disk is full.
    """
    for item in batch.items:
        folder = skyburst.open_folder(locate(batch.parameters["library"], SHARDS))
        directory = _whole(folder, item["name"], verify=batch.parameters["verify"])
        built = directory is None
        if directory is None:
            directory = _build(batch, item, folder)
        yield {
            "name": item["name"],
            "first": item["first"],
            "images": len(item["images"]),
            "entries": directory.header.entries,
            "size_bytes": directory.header.size_bytes + len(directory.encode()),
            "library_bytes": item["library_bytes"],
            "library": item["library"],
            "built": built,
        }


def _whole(folder: skyburst.Folder, name: str, *, verify: bool) -> Directory | None:
    """The directory of a shard that is there and whole; `verify` reads all of it."""
    try:
        shard = Shard(folder, name)
        shard.check_size()
        if verify:
            shard.verify()
    except (skyburst.ObjectNotFound, IndexDamaged):
        return None
    return shard.directory


def _build(batch: skyburst.Batch, item: dict[str, Any], folder: skyburst.Folder) -> Directory:
    """Build a shard; its directory is stored last, so that a shard which has one is whole."""
    width, height = item["size"]
    threshold, first = batch.parameters["data_threshold"], item["first"]
    with tempfile.TemporaryDirectory() as temporary:
        entries = Entries(Grid(width, height), threshold, Path(temporary))
        images = (located(image, batch.parameters["library"]) for image in item["images"])
        last = first
        file = Path(temporary) / "stored"
        with _full_disk_named(temporary):
            for image, read in batch.context.read_each(images, lambda image: image["location"]):
                data = read()
                if hashlib.sha256(data).hexdigest() != image["sha256"]:
                    raise ImageError(
                        f"{image['file']}: is not the file that the library was built from; "
                        "`skyburst library inspect --verify` says which files are damaged"
                    )
                entries.add(image["number"] - first, read_image(data, image["file"], size=(width, height)))
                last = image["number"]
            directory = write_entries(
                file, entries.blocks(), size=(width, height), threshold=threshold, first=first, images=last - first + 1
            )
        folder.write(entries_name(item["name"]), file)
    folder.write(directory_name(item["name"]), directory.encode())
    return directory


@contextmanager
def _full_disk_named(temporary: str) -> Iterator[None]:
    """Name the folder of temporary files when its disk is full: neither a file's `write` nor numpy's `tofile` says where."""
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise skyburst.StorageFull(
            f"the disk of {Path(temporary).parent} is full, where a shard is put together: free some space there, set TMPDIR "
            "to a folder with more, or at home aws raise disk_mb in [resources] of the blueprint; then resume the job"
        ) from error
