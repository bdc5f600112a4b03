"""Images per second on one core: the color-depth search beside a plain numpy transcription of it.

    python -m benchmarks.raw_search                          generates 200 images in a temporary folder
    python -m benchmarks.raw_search IMAGES --mask MASK.tif   searches a folder of images of yours

Both read the same files, decode them, and must find the same scores. They take turns, a pass over all images each.
Times are CPU time of the one thread that each uses, so that waiting for other programs doesn't count.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import Any

import skyburst
from benchmarks.plain_search import PlainSearch, read
from examples.color_depth_search.images import image_size, read_image
from examples.color_depth_search.items import list_folder
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask
from examples.color_depth_search.pixel_match import PixelMatch

Seconds = dict[str, list[float]]


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        if options.images is None:
            generate(Path(folder), options.count)
            options.images = Path(folder) / "images"
            options.mask = options.mask or medium_mask(Path(folder) / "masks", options.mask_threshold)
        if options.mask is None:
            sys.exit("give --mask with a folder of images")
        compare(options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="?", type=Path, help="folder of images; generated if left out")
    parser.add_argument("--mask", type=Path, help="mask image; a generated one of about 10,000 pixels if left out")
    parser.add_argument("--count", type=int, default=200, help="how many images to generate, or to use at most")
    parser.add_argument("--repeat", type=int, default=3, help="how many passes each makes over the images")
    parser.add_argument("--mask-threshold", type=int, default=20)
    parser.add_argument("--data-threshold", type=int, default=20)
    parser.add_argument("--pix-color-fluctuation", type=float, default=1.0)
    parser.add_argument("--xy-shift", type=int, default=2, choices=(0, 2, 4))
    parser.add_argument("--no-mirror", dest="mirror", action="store_false")
    return parser.parse_args()


def generate(folder: Path, count: int) -> None:
    from examples.color_depth_search.generate import generate_library

    print(f"generating {count} images ...", flush=True)
    generate_library(folder, count)


def medium_mask(folder: Path, threshold: int) -> Path:
    """The mask whose size is nearest to 10,000 pixels."""

    def distance(path: Path) -> int:
        image = read_image(path.read_bytes(), path.name)
        return abs(make_mask(image, path.name, threshold, DEFAULT_LABEL_BOXES).pixels - 10_000)

    return min(sorted(folder.iterdir()), key=distance)


def compare(options: argparse.Namespace) -> None:
    common: dict[str, Any] = {
        "data_threshold": options.data_threshold,
        "tolerance": options.pix_color_fluctuation / 100,
        "xy_shift": options.xy_shift,
        "mirror": options.mirror,
    }
    image = read(options.mask)
    mask = make_mask(image, options.mask.name, options.mask_threshold, DEFAULT_LABEL_BOXES)
    fast = PixelMatch([mask], **common)
    plain = PlainSearch(image, mask_threshold=options.mask_threshold, **common)
    paths = [Path(item["location"]) for item in list_folder(skyburst.open_folder(options.images))][: options.count]
    size = (mask.width, mask.height)
    bytes_each = statistics.mean(path.stat().st_size for path in paths)
    print(
        f"{len(paths)} images of {mask.width} x {mask.height} pixels, {bytes_each / 1000:.0f} kB each; mask of "
        f"{mask.pixels} pixels in rows {fast.rows.start}-{fast.rows.stop - 1}; xy_shift {options.xy_shift}, "
        f"mirror {options.mirror}, thresholds {options.mask_threshold} and {options.data_threshold}"
    )

    def search_fast(path: Path) -> Any:
        return fast.scores(read_image(path.read_bytes(), path.name, size=size, rows=fast.rows))[0]

    def search_plain(path: Path) -> Any:
        return plain.score(read(path))

    seconds: Seconds = defaultdict(list)
    for _ in range(options.repeat):
        ours = [timed(seconds["skyburst"], search_fast, path) for path in paths]
        theirs = [timed(seconds["plain numpy"], search_plain, path) for path in paths]
        for path, one, other in zip(paths, ours, theirs, strict=True):
            if one != other:
                sys.exit(f"{path.name}: skyburst scores {one}, plain numpy {other}")
    matching = sum(score.matching_pixels > 0 for score in ours)
    print(f"the scores of all {len(paths)} images are equal; {matching} are above 0\n")
    print_speeds(seconds)
    print_stages(paths, fast, size, options.repeat)


def timed(into: list[float], function: Callable[..., Any], *arguments: Any) -> Any:
    start = thread_time()
    result = function(*arguments)
    into.append(thread_time() - start)
    return result


def print_speeds(seconds: Seconds) -> None:
    print(f"{'one core, decoding included':30}{'images/s':>10}{'ms/image':>10}{'median ms':>11}")
    for name in ("plain numpy", "skyburst"):
        mean, median = statistics.mean(seconds[name]), statistics.median(seconds[name])
        print(f"{name:30}{1 / mean:10.1f}{1000 * mean:10.2f}{1000 * median:11.2f}")
    ratio = sum(seconds["plain numpy"]) / sum(seconds["skyburst"])
    print(f"{'skyburst is faster':30}{ratio:9.1f}x\n")


def print_stages(paths: list[Path], fast: PixelMatch, size: tuple[int, int], repeat: int) -> None:
    """Time the parts of the fast path one after the other."""
    seconds: Seconds = defaultdict(list)
    for _ in range(repeat):
        for path in paths:
            data = timed(seconds["read the file"], path.read_bytes)
            timed(seconds["parse the header"], image_size, data, path.name)
            pixels = timed(
                seconds["decode the rows"],
                lambda: read_image(data, path.name, size=size, rows=fast.rows),  # noqa: B023
            )
            timed(seconds["keys of the colours"], fast.plane.load, pixels)
            timed(seconds["keys and count matches"], fast.scores, pixels)
    for path in paths:
        timed(seconds["(decode all with Pillow)"], read, path)
    mean = {name: 1000 * statistics.mean(values) for name, values in seconds.items()}
    mean["decode the rows"] -= mean["parse the header"]
    mean["count matches"] = mean.pop("keys and count matches") - mean["keys of the colours"]
    aside = "(decode all with Pillow)"
    total = sum(value for name, value in mean.items() if name != aside)
    print(f"{'where the time goes':30}{'':10}{'ms/image':>10}{'share':>11}")
    for name in ("read the file", "parse the header", "decode the rows", "keys of the colours", "count matches"):
        print(f"{name:30}{'':10}{mean[name]:10.3f}{mean[name] / total:11.0%}")
    print(f"{aside:30}{'':10}{mean[aside]:10.3f}")


if __name__ == "__main__":
    main()
