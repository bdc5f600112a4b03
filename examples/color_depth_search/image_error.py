"""The errors of images that can't be read."""

from __future__ import annotations


class ImageError(ValueError):
    """Raised when a file can't be read as a color-depth image, or has another size than is wanted."""


def broken(name: str, what: str) -> ImageError:
    """The error of a file that is not as it was written; another copy of it may be whole."""
    return ImageError(f"{name}: {what}; fetch or save it again")
