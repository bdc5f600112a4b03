"""Result files of a job on AWS as files of this machine: each is downloaded when it is first asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from skyburst.homes.home import Readable


class Downloads(Mapping[str, Path]):
    """Result files by name; looking one up downloads it."""

    def __init__(self, folder: Path, files: Mapping[str, Readable]) -> None:
        self._folder = folder
        self._files = files

    def __getitem__(self, name: str) -> Path:
        file, path = self._files[name], self._folder / name
        if path.is_file() and path.stat().st_size == file.size:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        partly = path.with_name(f".{path.name[:200]}-{os.getpid()}.part")
        try:
            with file.open() as source, open(partly, "wb") as target:
                shutil.copyfileobj(source, target)
            partly.replace(path)
        finally:
            partly.unlink(missing_ok=True)
        return path

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
