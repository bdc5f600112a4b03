"""What a search found, in the one form that every report is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NotRequired, TypedDict

from ..query import library_locations

UNKNOWN = "unknown"

# Width and height, in pixels, of the two templates that color-depth libraries are registered to.
_SPACES = {(1210, 566): "JRC2018_Unisex_20x_HR", (573, 1119): "JRC2018_VNC_Unisex_40x_DS"}


class Item(TypedDict):
    """One image of the library."""

    id: str
    file: str
    location: str
    key: str
    """Path relative to the library."""
    library: NotRequired[str]
    """Name of the library."""
    metadata: NotRequired[dict[str, Any]]
    thumbnail: NotRequired[str | None]
    """Path relative to the library."""
    size_bytes: NotRequired[int]
    sha256: NotRequired[str | None]


class Shape(TypedDict):
    """How well the shapes of a mask and an image fit; lower is better, -1 is "not known"."""

    gradient_area_gap: int
    high_expression_area: int
    score: int
    mirrored: bool
    """Whether the mirrored mask fits better in shape, whatever its pixels do."""


class Match(TypedDict):
    """One image that matched one mask."""

    mask: int
    item: Item
    matching_pixels: int
    matching_ratio: float
    """Matching pixels as a share of the mask's pixels, 0 to 1."""
    mirrored: bool
    normalized_score: NotRequired[float]
    """What matches are ordered by that are ranked by shape; those that are not are ordered by their pixels."""
    shape: NotRequired[Shape]
    """Of matches that were compared in shape."""


@dataclass(frozen=True)
class Mask:
    """A mask that was searched with."""

    location: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    pixels: int
    """Pixels above the mask threshold, outside the label boxes."""
    label_boxes: Sequence[tuple[int, int, int, int]] = ()
    """Boxes left out of the mask: x0, y0, x1, y1, half-open."""

    @property
    def file(self) -> str:
        """The file name."""
        return file_name(self.location)

    @property
    def alignment_space(self) -> str:
        """The template of this size, or "unknown"."""
        return _SPACES.get((self.width, self.height), UNKNOWN)


@dataclass(frozen=True)
class Findings:
    """The masks of a search and their matches, best first."""

    masks: Sequence[Mask]
    matches: Sequence[Sequence[Match]]
    """One list a mask."""
    searched: int
    """Images in the batches that ended, unreadable ones included."""
    parameters: Mapping[str, Any]
    job_id: str = ""
    item_errors: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """`{"item", "error"}` of images that could not be searched."""
    index: Mapping[str, Any] | None = None
    """What was read of the library's index; None when the images were searched themselves."""
    index_not_used: str | None = None
    """Why images of libraries were searched themselves though an index was wanted; None when they were not."""
    shape: Mapping[str, Any] | None = None
    """What was compared in shape: numbers, and under `unread` images that could not be; None when nothing was."""
    missing: Sequence[tuple[int, int, str]] = field(default_factory=list)
    """Ranges of images that were not searched: start, end (half-open), reason."""

    @property
    def libraries(self) -> list[str]:
        """Locations of the libraries."""
        return library_locations(self.parameters) if self.parameters.get("library") else []

    @property
    def library_names(self) -> list[str]:
        """What the libraries' folders are called."""
        return [file_name(location.rstrip("/")) for location in self.libraries]

    def library_of(self, item: Item) -> str:
        """Location of the library that an image is of, as the parameter has it."""
        if len(self.libraries) <= 1:
            return self.libraries[0] if self.libraries else ""
        place = item["location"].removesuffix(item["key"]).rstrip("/")
        return next((location for location in self.libraries if location.rstrip("/") == place), place)


def file_name(location: str) -> str:
    """The last part of a path or URL."""
    return PurePosixPath(location.replace("\\", "/")).name or location


def area_of(alignment_space: str) -> str:
    """The anatomical area of a template: Brain, VNC or unknown."""
    if alignment_space == UNKNOWN:
        return UNKNOWN
    return "VNC" if "VNC" in alignment_space else "Brain"


def metadata(item: Item) -> dict[str, Any]:
    """What the file name told of an image; empty when it told nothing."""
    return item.get("metadata") or {}


def library_name_of(item: Item) -> str:
    """What the library of an image is called; empty when that is not known."""
    return str(metadata(item).get("library_name") or item.get("library") or "")


def score_of(match: Match) -> float:
    """What a match is ranked by: its normalised score, or its pixels when it is not ranked by shape."""
    return match.get("normalized_score", match["matching_pixels"])


def name_of(item: Item) -> str:
    """What scientists call the image: its line or neuron, else its file's stem."""
    return str(metadata(item).get("published_name") or item["id"])
