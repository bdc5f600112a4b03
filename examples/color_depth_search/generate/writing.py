"""Writing files that are complete whenever they exist."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ROWS_PER_STRIP: Final = 278  # TIFF tag
_PARTIAL: Final = ".partial"


def write_tiff(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write an image (height, width, 3) the way the published ones are: PackBits, strips of eight rows."""
    partial = path.with_name(path.name + _PARTIAL)
    Image.fromarray(pixels).save(partial, "TIFF", compression="packbits", tiffinfo={_ROWS_PER_STRIP: 8})
    partial.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file."""
    partial = path.with_name(path.name + _PARTIAL)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def remove_partial(folder: Path) -> None:
    """Remove what an interrupted run left half written."""
    for path in folder.glob(f"*{_PARTIAL}"):
        path.unlink()
