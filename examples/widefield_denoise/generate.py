"""Generates a widefield-like video with its truth: FOLDER/video.npy and FOLDER/truth.npz.

python generate.py FOLDER [--frames 2000] [--height 128] [--width 128] [--regions 16] [--seed 0] ...
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from widefield.generation import Scene, make_truth, write_truth, write_video


def main(arguments: list[str]) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for field in dataclasses.fields(Scene):
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=type(field.default), default=field.default, help=f"default {field.default}")
    options = vars(parser.parse_args(arguments))
    folder: Path = options.pop("folder")
    scene = Scene(**options)
    try:
        truth = make_truth(scene)
    except ValueError as error:
        parser.error(str(error))
    folder.mkdir(parents=True, exist_ok=True)
    write_video(scene, truth, folder / "video.npy")
    write_truth(scene, truth, folder / "truth.npz")
    size = (folder / "video.npy").stat().st_size / 1e6
    print(
        f"{folder / 'video.npy'}: {scene.frames} x {scene.height} x {scene.width}, {scene.regions} regions, {size:,.0f} MB"
    )
    print(f"{folder / 'truth.npz'}: what it was made of")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
