"""Names of delivered outputs: those that commands gave them, where no other dataset had the name before. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count


def assigned(names: Iterable[str], taken: Collection[str], dataset: str) -> dict[str, str]:
    """Where the outputs of a dataset go, relative to process_results.

    Args:
        names: as its command gave them, with `/` for folders.
        taken: keys that others have.
        dataset: its name, which is the folder of what would be in the way of others, with `-2` and so on where that is not free.

    Returns:
        Keys by names. None is another's, nor below another's, nor above it.
    """
    found: dict[str, str] = {}
    files, folders = set(taken), {folder for key in taken for folder in _above(key)}
    for name in names:
        key = name
        if not _is_free(key, files, folders):
            key = next(
                key
                for number in count(1)
                if _is_free(key := f"{dataset}{f'-{number}' if number > 1 else ''}/{name}", files, folders)
            )
        found[name] = key
        files.add(key)
        folders.update(_above(key))
    return found


def _is_free(key: str, files: Collection[str], folders: Collection[str]) -> bool:
    return key not in files and key not in folders and not any(folder in files for folder in _above(key))


def _above(key: str) -> Iterable[str]:
    parts = key.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))
