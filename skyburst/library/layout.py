"""Where things are in a library."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

LIBRARY = "library.json"
JOURNAL = "items.jsonl"
REFUSED = "refused.jsonl"
REMOVED = "removed.json"
LOCK = ".lock"
IMAGES = "images"
THUMBNAILS = "thumbnails"
VARIANTS = "variants"
NEXT_VARIANTS = "variants/next.jsonl"
"""The list of variants while a build writes it."""
MANIFESTS = "manifests"
INDEX = "index/index.json"
"""What the index of a library is; the other files in its folder are its analysis' own."""
ITEMS_PER_PREFIX = 100
ITEMS_PER_CHUNK = 100


def prefix_of(number: int) -> int:
    """Numbered prefix of the item that was added as the given one, counted from 0; prefixes count from 1."""
    return 1 + number // ITEMS_PER_PREFIX


def image_key(number: int, file: str, *, apart: bool = False) -> str:
    """Key of an item's file; `apart` from the others when a removed item of the same prefix has its name."""
    return f"{IMAGES}/{_folder(number, apart)}/{file}"


def thumbnail_key(number: int, file: str, suffix: str, *, apart: bool = False) -> str:
    """Key of an item's thumbnail."""
    return f"{THUMBNAILS}/{_folder(number, apart)}/{item_id(file)}{suffix}"


def variant_key(key: str, name: str, suffix: str) -> str:
    """Key of a variant of the item whose file has a key."""
    folder, file = PurePosixPath(key).parts[-2:]
    return f"{VARIANTS}/{name}/{folder}/{item_id(file)}{suffix}"


def variants_list(version: int) -> str:
    """Key of the list of variants that was made with a version."""
    return f"{VARIANTS}/{version}.jsonl"


def is_apart(folder: str) -> bool:
    """True for the name of a folder of one item that lies apart."""
    return "." in folder


def prefix_in(folder: str) -> int:
    """The prefix that is in the name of a folder of files."""
    return int(folder.partition(".")[0])


def manifest_prefix(version: int) -> str:
    """Under which the chunks of a version's manifest lie."""
    return f"{MANIFESTS}/{version}"


def item_id(file: str) -> str:
    """Name of an item: the name of its file without the last suffix."""
    return PurePosixPath(file).stem


def comparable(name: str) -> str:
    """Equal for names that some file system takes for one: those that differ in case or Unicode form only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _folder(number: int, apart: bool) -> str:
    return f"{prefix_of(number)}.{number}" if apart else str(prefix_of(number))
