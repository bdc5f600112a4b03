"""The ring around a mask in which signal counts against an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .channels import grey, largest_channel
from .disk import disk_maximum

NEAR, FAR = 20, 60
"""The ring begins beyond the first distance from the mask and ends with the second, in pixels."""


def ring(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pixels lie in the ring around what is not black in an image (height, width, 3)."""
    # A colour whose grey rounds to 0 makes no ring of its own, but keeps that of others away.
    return (grey(disk_maximum(image, FAR)) > 0) & ~disk_maximum(largest_channel(image) > 0, NEAR)
