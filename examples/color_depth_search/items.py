"""The images of a job: those of a built library, or of a plain folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import skyburst
from skyburst.library import open_library

from .images import SUFFIXES, ImageError, image_size
from .names import parse_name
from .query import load_masks

LOOKED_AT = 10
"""Images of a plain folder whose size is compared with the masks before anything starts."""

_LIBRARY_FILES = ("library.json", "items.jsonl")


def list_images(
    parameters: dict[str, Any], context: skyburst.ItemsContext
) -> Iterator[dict[str, Any]] | skyburst.Manifest:
    """Return the images to search, after checking the masks.

    Raises:
        ValueError: if the masks can't be used, there are no images, or the images have another size.
    """
    masks, _ = load_masks(parameters, context.read)
    size = (masks[0].width, masks[0].height)
    location = parameters["library"]
    if "://" in location or any((Path(location) / name).is_file() for name in _LIBRARY_FILES):
        library = open_library(location)
        if library.size is not None and library.size != size:
            raise _other_size(location, library.size, masks[0].name, size)
        return library.manifest
    images = list_folder(Path(location))
    first = list(islice(images, LOOKED_AT))
    _check_sizes(first, masks[0].name, size, location, context)
    return chain(first, images)


def list_folder(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield an item for each image of a folder and its subfolders, in the order of their names.

    Images are told by their suffix. Hidden files and folders are left out, and so are links that lead out
    of the folder and links to folders.

    Raises:
        ValueError: if it is not a folder, or holds no image.
    """
    if not folder.is_dir():
        raise ValueError(f"library {folder} is not a folder; give a built library or a folder of images")
    root = folder.resolve()
    empty = True
    for path in _walk(root, root):
        empty = False
        yield make_item(path, root)
    if empty:
        raise ValueError(
            f"library {folder} holds no images: no file ends with {', '.join(SUFFIXES)} (links that lead out "
            "of the folder are not followed)"
        )


def make_item(path: Path, root: Path) -> dict[str, Any]:
    """Return the item of an image file in the folder `root`."""
    key = path.relative_to(root).as_posix()
    return {
        "id": path.stem,
        "file": path.name,
        "location": str(path),
        "key": key,
        "size_bytes": path.stat().st_size,
        "sha256": None,
        "thumbnail": None,
        "metadata": parse_name(path.as_posix()),
    }


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root)
        elif path.suffix.lower() in SUFFIXES and entry.is_file() and path.resolve().is_relative_to(root):
            yield path


def _check_sizes(
    items: Iterable[Mapping[str, Any]],
    mask: str,
    size: tuple[int, int],
    library: str,
    context: skyburst.ItemsContext,
) -> None:
    """Refuse images that all have one size, but not that of the masks.

    An image that can't be read, or a single one of another size, is an error of that image, found when it is
    searched.
    """
    sizes = []
    for item in items:
        try:
            sizes.append(image_size(context.read(item["location"]), item["file"]))
        except (ImageError, OSError):
            return
    if len(sizes) > 1 and len(set(sizes)) == 1 and sizes[0] != size:
        raise _other_size(library, sizes[0], mask, size)


def _other_size(library: str, has: tuple[int, int], mask: str, needed: tuple[int, int]) -> ValueError:
    return ValueError(
        f"the images of the library {library} have {has[0]} x {has[1]} pixels, mask {mask} has {needed[0]} x "
        f"{needed[1]}; masks and images must have one size (Brain 1210 x 566, VNC 573 x 1119)"
    )
