"""The prices that count: the newest of the user's own files, else those that come with skyburst."""

from __future__ import annotations

import os
import re
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import StorageError, StorageFull, is_disk_full
from skyburst.prices.book import PriceBook, read_book, written

VARIABLE = "SKYBURST_PRICES"
SHIPPED = Path(__file__).parent / "shipped.json"
DATED = re.compile(r"prices-\d{4}-\d{2}-\d{2}\.json")
KEPT = 4


class Counting(NamedTuple):
    """The prices that count, and where they are."""

    book: PriceBook
    path: Path

    @property
    def shipped(self) -> bool:
        """Whether they came with skyburst."""
        return self.path == SHIPPED


def prices_folder() -> Path:
    """The folder of the user's prices: the one that `SKYBURST_PRICES` names, else the platform's place for configuration."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_config_dir("skyburst", appauthor=False)) / "prices"


def shipped_prices() -> PriceBook:
    """The prices that come with skyburst."""
    return _read(SHIPPED, 0)


def current_prices(folder: Path | None = None) -> Counting:
    """The prices that count: a dated file of the folder that is newer than all others, those of skyburst included.

    Raises:
        Invalid: when the newest file cannot be used.
    """
    folder = folder or prices_folder()
    shipped = Counting(shipped_prices(), SHIPPED)
    names = sorted(path.name for path in folder.glob("prices-*.json") if DATED.fullmatch(path.name))
    if not names:
        return shipped
    path = folder / names[-1]
    book = _read(path, path.stat().st_mtime_ns)
    return Counting(book, path) if book.date >= shipped.book.date else shipped


def store_prices(book: PriceBook, folder: Path | None = None) -> Path:
    """Write a price book as a dated file, whole or not at all, over one of the same day; its path.

    Raises:
        StorageError: when it cannot be written.
    """
    folder = folder or prices_folder()
    target = folder / f"prices-{book.date}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
        try:
            with open(handle, "wb") as file:
                file.write(written(book))
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        kind = StorageFull if is_disk_full(error) else StorageError
        raise kind(
            f"the prices cannot be written to {target}: {error.strerror}; {VARIABLE} names another folder"
        ) from error
    return target


@lru_cache(KEPT)
def _read(path: Path, _changed: int) -> PriceBook:
    return read_book(path)
