"""The error of an image that can't be read."""

from __future__ import annotations


class ImageError(ValueError):
    """Raised when a file can't be read as a color-depth image, or has another size than is wanted."""
