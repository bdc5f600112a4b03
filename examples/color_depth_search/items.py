"""The images of a job: those of built libraries and of plain folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any

import skyburst
from skyburst.library import open_library

from .images import SUFFIXES, ImageError, image_size
from .index.document import LIBRARY_FILES, usable_index
from .masks import Mask
from .names import library_name, parse_name
from .query import library_locations, load_masks

LOOKED_AT = 10
"""Images of a plain folder whose size is compared with the masks before anything starts."""


def list_images(
    parameters: dict[str, Any], context: skyburst.ItemsContext
) -> Iterator[dict[str, Any]] | skyburst.Manifest | skyburst.Items | skyburst.JoinedItems:
    """Return the images to search, after checking the masks: of each library those of its index, if it can be used.

    Raises:
        ValueError: if the masks can't be used, there are no images, the images have another size, or a library is named twice.
    """
    masks, _ = load_masks(parameters, context.read)
    locations = library_locations(parameters)
    check_different(locations)
    lists = [_list_library(location, masks[0], parameters, context) for location in locations]
    return lists[0] if len(lists) == 1 else skyburst.JoinedItems(lists)


def check_different(libraries: Sequence[str]) -> None:
    """Raise ValueError if a library is named twice: each of its images would be found twice."""
    seen: set[str] = set()
    for location in libraries:
        if (plain := location.rstrip("/")) in seen:
            raise ValueError(f"library {location} is named twice; name each library once")
        seen.add(plain)


def _list_library(
    location: str, mask: Mask, parameters: Mapping[str, Any], context: skyburst.ItemsContext
) -> Iterator[dict[str, Any]] | skyburst.Manifest | skyburst.Items:
    """The images of one library, or of one folder."""
    size = (mask.width, mask.height)
    folder = skyburst.open_folder(location)
    if any(folder.has(name) for name in LIBRARY_FILES):
        library = open_library(location)
        if library.size is not None and library.size != size:
            raise _other_size(location, library.size, mask.name, size)
        if parameters["use_index"]:
            index = usable_index(library, parameters["data_threshold"])
            if not isinstance(index, str):
                return skyburst.Items(index.manifest(library.location), batch_size=index.shard_images)
        return library.manifest
    images = list_folder(folder)
    first = list(islice(images, LOOKED_AT))
    _check_sizes(first, mask.name, size, location, context)
    return chain(first, images)


def list_folder(folder: skyburst.Folder) -> Iterator[dict[str, Any]]:
    """Yield an item for each image of a folder and its subfolders, in the order of their names.

    Images are told by their suffix.

    Raises:
        ValueError: if it is not a folder, or holds no image.
    """
    if folder.is_file:
        raise ValueError(f"library {folder.location} is not a folder; give a built library or a folder of images")
    empty = True
    for file in folder.files():
        if file.name.lower().endswith(SUFFIXES):
            empty = False
            yield make_item(file)
    if empty:
        raise ValueError(
            f"library {folder.location} holds no images: no file ends with {', '.join(SUFFIXES)} (links that "
            "lead out of the folder are not followed)"
        )


def make_item(image: skyburst.FileInfo) -> dict[str, Any]:
    """Return the item of an image file."""
    path = PurePosixPath(image.name)
    return {
        "id": path.stem,
        "file": path.name,
        "location": image.location,
        "key": image.name,
        "size_bytes": image.size,
        "sha256": None,
        "thumbnail": None,
        "metadata": (metadata := parse_name(image.location)),
        "library": library_name({"metadata": metadata}, image.location.removesuffix(image.name)),
    }


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
