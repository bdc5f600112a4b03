"""One mask, prepared to be counted against the keys of many images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .key_plane import KeyPlane
from .masks import Mask
from .ranks import NO_KEY, matching_runs


class PreparedMask:
    """Where the pixels of a mask lie in the key plane, and the runs of keys that match each of them.

    There is one entry for each run of each pixel. The two runs that a pixel can have lie in different classes, so no
    pixel is counted twice; a pixel that nothing matches has no entry.
    """

    def __init__(self, mask: Mask, plane: KeyPlane, tolerance: float) -> None:
        self.size = mask.pixels
        first, length = matching_runs(mask.colours, tolerance)
        runs = first != NO_KEY
        pixels = np.nonzero(runs)[0]
        self._first, self._length = first[runs], length[runs]
        self._plane = plane
        self._cells = plane.cells(mask, mirrored=False)[pixels]
        self._mirrored_cells = plane.cells(mask, mirrored=True)[pixels]
        self._keys = np.empty(pixels.size, np.uint32)
        self._hits = np.empty(pixels.size, bool)

    def best(self, *, mirrored: bool) -> int:
        """Return the number of pixels that match the image in the plane, for the best shift."""
        cells = self._mirrored_cells if mirrored else self._cells
        starts = self._plane.mirrored_starts if mirrored else self._plane.starts
        return max(self._count(self._plane.keys[start:], cells) for start in starts)

    def _count(self, view: NDArray[np.uint32], cells: NDArray[np.intp]) -> int:
        # With mode "clip" numpy writes straight into the buffer; no cell is out of bounds.
        view.take(cells, out=self._keys, mode="clip")
        np.subtract(self._keys, self._first, out=self._keys)
        np.less_equal(self._keys, self._length, out=self._hits)
        return int(np.count_nonzero(self._hits))
