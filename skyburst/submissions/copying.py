"""Copies of objects between stores: results, to where the submitter wants them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from skyburst.objects import ObjectStore

Copy = Callable[[ObjectStore, str, ObjectStore, str], None]
"""Copies an object of a store to a key of another one. Raises ObjectNotFound and StorageError."""


def copy_object(source: ObjectStore, key: str, target: ObjectStore, new_key: str) -> None:
    """Copy an object with bounded memory, whole or not at all."""
    if "://" not in source.location:
        path = Path(source.location) / key
        if path.is_file():
            target.put(new_key, path)
            return
    with source.open(key) as stream, tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.flush()
        target.put(new_key, Path(file.name))
