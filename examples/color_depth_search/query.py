"""What a job searches for, read from its parameters: the masks and how they are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .images import ImageError, read_image
from .masks import Mask, check_boxes, make_mask
from .pixel_match import PixelMatch, check_same_size

if TYPE_CHECKING:
    from .index.index_match import IndexMatch

Read = Callable[[str], bytes]


def mask_locations(parameters: Mapping[str, Any]) -> list[str]:
    """Return where the masks are: the parameter `mask` is one location or a list of them."""
    mask = parameters["mask"]
    return [mask] if isinstance(mask, str) else list(mask)


def library_locations(parameters: Mapping[str, Any]) -> list[str]:
    """Return where the libraries are: the parameter `library` is one location or a list of them."""
    library = parameters["library"]
    return [library] if isinstance(library, str) else list(library)


def load_masks(parameters: Mapping[str, Any], read: Read) -> tuple[list[Mask], Mask | None]:
    """Read the masks and the negative mask, if there is one.

    Raises:
        ValueError: naming the mask, if it can't be read, has no pixel to search with, or another size than
            the first; or if the label boxes are malformed.
    """
    masks = [_load(location, parameters, read) for location in mask_locations(parameters)]
    for mask in masks:
        if mask.pixels == 0:
            raise ValueError(
                f"mask {mask.name} has no pixel above mask_threshold {parameters['mask_threshold']} outside "
                "the label boxes; lower mask_threshold or draw the mask elsewhere"
            )
    negative = parameters.get("negative_mask")
    against = _load(negative, parameters, read) if negative else None
    for mask in [*masks[1:], *([against] if against else [])]:
        check_same_size(mask, masks[0])
    return masks, against


def make_pixel_match(parameters: Mapping[str, Any], read: Read) -> PixelMatch:
    """Return the masks, prepared to be compared with images; raises like `load_masks`."""
    masks, negative = load_masks(parameters, read)
    return PixelMatch(masks, negative=negative, **_comparison(parameters))


def make_index_match(parameters: Mapping[str, Any], read: Read) -> IndexMatch:
    """Return the masks, prepared to be compared with the shards of an index; raises like `load_masks`."""
    from .index.index_match import IndexMatch

    masks, negative = load_masks(parameters, read)
    return IndexMatch(masks, negative=negative, **_comparison(parameters))


def _comparison(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "data_threshold": parameters["data_threshold"],
        "tolerance": parameters["pix_color_fluctuation"] / 100,
        "xy_shift": parameters["xy_shift"],
        "mirror": parameters["mirror_mask"],
    }


def _load(location: str, parameters: Mapping[str, Any], read: Read) -> Mask:
    name = PurePosixPath(location.replace("\\", "/")).name
    boxes = check_boxes(parameters["label_boxes"])
    try:
        image = read_image(read(location), name)
    except IsADirectoryError as error:
        raise ValueError(f"mask {location} is a folder; give an image, or a list of images") from error
    except ImageError as error:
        raise ValueError(f"mask {error}") from error
    return make_mask(image, name, parameters["mask_threshold"], boxes)
