"""Recall of the search on a generated library: how many planted matches are found, by kind and by xy_shift.

    python benchmarks/recall.py [--images 1000] [--masks 8] [--planted 12] [--seed 1] [--library FOLDER]

Recall at rank k is the share of a mask's planted matches among its first k results, averaged over the masks; with
12 planted matches it cannot exceed 1/12 at rank 1. "Found" asks the same of each planted match alone: whether
fewer than k images without a planted match outrank it. A library given with --library is kept and reused.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import skyburst  # noqa: E402
from examples.color_depth_search.generate import Recall, generate_library, recall_at  # noqa: E402

RANKS = (1, 10, 50)
DATA_THRESHOLDS = (100, 20)
XY_SHIFTS = (0, 2, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("images", 1000), ("masks", 8), ("planted", 12), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--library", type=Path)
    options = parser.parse_args()
    with _folder(options.library) as folder:
        summary = generate_library(folder, options.images, options.seed, options.masks, options.planted)
        print(
            f"{summary.images} images with {summary.planted} planted matches of {summary.masks} masks, "
            f"{summary.written} of them drawn in {summary.seconds:.0f} s"
        )
        truth = json.loads((folder / "truth.json").read_text())
        for threshold in DATA_THRESHOLDS:
            for shift in XY_SHIFTS:
                began = time.perf_counter()
                ranked = search(folder, truth, data_threshold=threshold, xy_shift=shift)
                print(f"\ndata_threshold {threshold}, xy_shift {shift} ({time.perf_counter() - began:.1f} s)")
                print_table(recall_at(truth, ranked, RANKS))


def search(folder: Path, masks: dict[str, Any], **parameters: int) -> dict[str, list[str]]:
    """The file names of the results of each mask, best first: all images with at least one matching pixel."""
    result = skyburst.run(
        analysis=str(REPOSITORY / "examples" / "color_depth_search"),
        parameters={
            "mask": [str(folder / "masks" / mask) for mask in masks],
            "library": str(folder / "images"),
            "min_matching_pix_ratio": 0,
            **parameters,
        },
    )
    documents = result.value["masks"] if len(masks) > 1 else [result.value]
    return {
        PurePosixPath(document["inputImage"]["filename"]).name: [
            PurePosixPath(match["files"]["CDMMatch"]).name for match in document["results"]
        ]
        for document in documents
    }


def print_table(rows: list[Recall]) -> None:
    heads = [f"recall@{rank}" for rank in RANKS] + [f"found@{rank}" for rank in RANKS]
    print(f"{'kind':10}{'planted':>8}" + "".join(f"{head:>11}" for head in heads))
    for row in rows:
        shares = [row.recall[rank] for rank in RANKS] + [row.found[rank] for rank in RANKS]
        print(f"{row.kind:10}{row.planted:8}" + "".join(f"{share:11.1%}" for share in shares))
    best = [rows[0].best_possible[rank] for rank in RANKS]
    print(f"{'(possible)':18}" + "".join(f"{share:11.1%}" for share in best))


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
    else:
        with tempfile.TemporaryDirectory(prefix="skyburst-recall-") as folder:
            yield Path(folder)


if __name__ == "__main__":
    main()
