"""How fast libraries are generated, writing included, and whether the images are like published ones.

    python benchmarks/generate.py [--images 300] [--jobs 1]

The goal is 30 images a second on one core.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from examples.color_depth_search.generate import generate_library

GOAL = 30.0
# Two images of the FlyLight Gen1 MCFO library and an EM mask, measured the same way.
PUBLISHED = "published: micrographs 3.0 and 9.0 % of pixels above 20, 123 and 255 KB; a mask 1.5 %, 67 KB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skyburst-generate-") as name:
        folder = Path(name)
        cpu = time.process_time()
        summary = generate_library(folder, options.images, jobs=options.jobs)
        cpu = time.process_time() - cpu
        rate = summary.written / summary.seconds
        print(f"{summary.written} images in {summary.seconds:.1f} s with {options.jobs} job(s): {rate:.1f} images/s")
        if options.jobs == 1:
            print(f"{summary.written / cpu:.1f} images per second of processor time (goal: {GOAL:.0f})")
        micrographs = sorted((folder / "images").glob("*-GAL4-*.tif"))
        describe("micrographs", micrographs)
        describe("reconstructions", sorted(set((folder / "images").iterdir()) - set(micrographs)))
        describe("masks", sorted((folder / "masks").iterdir()))
        print(PUBLISHED)


def describe(what: str, paths: list[Path]) -> None:
    """Print signal and size of images: median, and the middle 80 %."""
    if not paths:
        return
    for label, values in (
        ("% of pixels above 20", [signal_percent(path) for path in paths]),
        ("KB", [path.stat().st_size / 1000 for path in paths]),
    ):
        low, middle, high = np.percentile(values, [10, 50, 90])
        print(f"{what}: {middle:.1f} {label} ({low:.1f} to {high:.1f})")


def signal_percent(path: Path) -> float:
    """The share of pixels above 20 in any channel, label boxes left out."""
    bright = np.asarray(Image.open(path)).max(axis=2) > 20
    bright[:100, :330] = False
    bright[:90, -270:] = False
    return float(bright.mean()) * 100


if __name__ == "__main__":
    main()
