"""Searches of a library with its index, beside the same searches of its images; and what the index costs.

    .venv/bin/python -m benchmarks.library_index                       5,000 images, about ten minutes
    .venv/bin/python -m benchmarks.library_index --images 50000        needs 45 GB of disk and an hour, most of it preparation
    .venv/bin/python -m benchmarks.library_index --folder DIR          keeps what is generated, for the next time

Each figure is of a whole `skyburst` command: its start, the progress it shows, durable batches, the combiner, all result
files. Seconds of processors and the largest process are of the command and all processes below it. A cold search begins
with none of the index in the file cache. With and without the index, the files of results must be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.index_masks import many_masks, mask_of
from benchmarks.index_steps import steps_of_a_shard
from benchmarks.measured import Took, measure

QUICK = 5_000
LIBRARIES = (1_000, 5_000, 10_000, 25_000, 50_000)
MASKS = (2_000, 10_000, 20_000)
PIXELS = 10_000
MANY = (1, 3, 10, 30, 100)
SEED, GENERATED_MASKS, PLANTED = 7, 24, 12
PARAMETERS = {"mask_threshold": 20, "data_threshold": 100, "pix_color_fluctuation": 2.0}
"""The default ones, but for that of the mask, whose pixels are counted so."""
FAINT = {"data_threshold": 20, "pix_color_fluctuation": 1.0}
"""With faint signal too: about twice as much is read."""
SKYBURST = [sys.executable, "-m", "skyburst"]


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(options.folder or Path(temporary), options.images, options.repeat)
        bench.prepare()
        if not options.prepare_only:
            for part in options.parts:
                getattr(bench, part)()
    bench.write(options.json)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=QUICK, help="of the largest library")
    parser.add_argument("--folder", type=Path, help="where to keep libraries; a temporary folder if left out")
    parser.add_argument("--repeat", type=int, default=3, help="how often each warm search is measured")
    parser.add_argument("--prepare-only", action="store_true", help="make the libraries, and measure nothing")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--json", type=Path, help="file for all figures")
    return parser.parse_args()


class Bench:
    """The libraries of one run, and what was measured with them."""

    def __init__(self, folder: Path, images: int, repeat: int) -> None:
        self.folder, self.images, self.repeat = folder, images, repeat
        self.sizes = sorted({size for size in LIBRARIES if size < images} | {images})
        self.library = folder / "libraries" / str(images)
        self.figures: list[dict[str, Any]] = []
        for name in ("masks", "logs", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        """Generate the images, and make a library with an index of each size, as far as they are not there."""
        from examples.color_depth_search.generate import generate_library

        made = self.folder / "made"
        if len(list((made / "images").glob("*"))) < self.images:
            print(f"generating {self.images:,} images ...", flush=True)
            generate_library(made, self.images, seed=SEED, masks=GENERATED_MASKS, planted=PLANTED)
        names = sorted(path.name for path in (made / "images").iterdir())
        for size in self.sizes:
            library = self.folder / "libraries" / str(size)
            if not (library / "library.json").exists():
                print(f"building a library of {size:,} ...", flush=True)
                with tempfile.TemporaryDirectory(dir=self.folder) as part:
                    for name in names[:size]:
                        os.link(made / "images" / name, Path(part) / name)
                    self.skyburst("library", "build", part, str(library), "--quiet")
            print(f"indexing {size:,}, as far as it is not there ...", flush=True)
            self.skyburst("library", "index", str(library), "--quiet", "--set", "verify=false")

    def build(self) -> None:
        """What building the index costs, and its size."""
        shutil.rmtree(self.library / "index", ignore_errors=True)
        took = self.skyburst("library", "index", str(self.library), "--quiet")
        index, images = (
            sum(each.stat().st_size for each in files(self.library / name)) for name in ("index", "images")
        )
        again = self.skyburst("library", "index", str(self.library), "--quiet", "--set", "verify=false")
        print(f"\nindex of {self.images:,} images")
        print(
            f"  built in {took.wall_s:.0f} s, {took.core_s:.0f} core-s: {self.images / took.core_s:.0f} images/s and core"
        )
        print(f"  largest process {took.peak_mb:,.0f} MB; again, with nothing to do: {again.wall_s:.1f} s")
        print(f"  {index / 1e6:,.0f} MB, {index / images:.2f} times the images", flush=True)
        self.keep("build", took, images=self.images, bytes=index, images_bytes=images, again_s=again.wall_s)

    def masks(self) -> None:
        """Searches with masks of three sizes: of the images, and of the index, cold and warm."""
        print(f"\none mask, {self.images:,} images")
        header()
        for pixels in MASKS:
            mask = mask_of(self.folder / "made" / "masks", pixels, self.folder / "masks")
            raw, found = self.search([mask], self.library, use_index="false")
            row("masks", self, raw, f"{pixels:>6,} px", "images", pixels=pixels)
            self.forget()
            cold, found_cold = self.search([mask], self.library)
            row(
                "masks", self, cold, f"{pixels:>6,} px", "index, cold", raw.wall_s, pixels=pixels, **found_cold["index"]
            )
            warm, found_warm = self.median([mask], self.library)
            row("masks", self, warm, f"{pixels:>6,} px", "index, warm", raw.wall_s, pixels=pixels)
            traffic(found_warm["index"])
            faint, found_faint = self.median([mask], self.library, **FAINT)
            row("masks", self, faint, f"{pixels:>6,} px", "index, faint", pixels=pixels, **found_faint["index"])
            traffic(found_faint["index"])
            assert found["files"] == found_cold["files"] == found_warm["files"], "the same results to the byte"

    def sizes_of_libraries(self) -> None:
        """How the time grows with the library."""
        mask = mask_of(self.folder / "made" / "masks", PIXELS, self.folder / "masks")
        print(f"\none mask of {PIXELS:,} pixels, warm")
        header()
        for size in self.sizes:
            took, _ = self.median([mask], self.folder / "libraries" / str(size))
            row("libraries", self, took, f"{size:>6,}", "images", images=size)

    def many(self) -> None:
        """Many masks in one job, beside as many jobs."""
        masks = many_masks(self.folder / "made" / "masks", PIXELS, max(MANY), self.folder / "masks")
        print(f"\nmasks of {PIXELS:,} pixels in one job, {self.images:,} images, warm")
        header()
        one: Took | None = None
        for count in MANY:
            took, found = self.search(masks[:count], self.library, max_results_per_mask=300)
            one = one or took
            row("many", self, took, f"{count:>4} masks", "one job", masks=count, **found["index"])
            print(f"{'':>12}  {found['index']['bytes'] / 1e6:,.0f} MB; {took.wall_s / count:.2f} s a mask; "
                  f"{count} jobs would take {count * one.wall_s:,.0f} s", flush=True)  # fmt: skip

    def parts(self) -> None:
        """Where the time of one search goes."""
        mask = mask_of(self.folder / "made" / "masks", PIXELS, self.folder / "masks")
        took, _ = self.search([mask], self.library)
        stages = json.loads(self.skyburst("timeline", "last", "--json").output)["stages"]
        print(f"\nwhere the time goes: one search of {took.wall_s:.2f} s wall, {took.core_s:.2f} core-s")
        print(f"{'stage':28} {'number':>7} {'mean s':>8} {'sum s':>8}")
        for stage in stages:
            print(
                f"{stage['stage']:28} {stage['number']:>7} {stage['mean']:>8.3f} {stage['mean'] * stage['number']:>8.2f}"
            )
        steps = steps_of_a_shard(self.library, mask, PARAMETERS)
        print("\nof one shard, ms of one core (mean)")
        for step, milliseconds in steps.items():
            print(f"  {step:40} {milliseconds:>7.1f}")
        self.keep("parts", took, stages=stages, steps=steps)

    def median(self, masks: list[Path], library: Path, **more: Any) -> tuple[Took, dict[str, Any]]:
        """The middle one of several warm searches; the first one is not counted."""
        self.search(masks, library, **more)
        runs = [self.search(masks, library, **more) for _ in range(self.repeat)]
        middle = statistics.median_low(took.wall_s for took, _ in runs)
        return next(run for run in runs if run[0].wall_s == middle)

    def search(self, masks: list[Path], library: Path, **more: Any) -> tuple[Took, dict[str, Any]]:
        """Search; what it took, and `{"files": what is in matches.csv and matches.json, "index": what was read}`."""
        results = self.folder / "results"
        shutil.rmtree(results, ignore_errors=True)
        settings = [f"library={library}", *(f"mask={mask}" for mask in masks)]
        settings += [f"{name}={value}" for name, value in {**PARAMETERS, **more}.items()]
        given = [part for setting in settings for part in ("--set", setting)]
        took = self.skyburst("run", "color-depth-search", *given, "--output", str(results))
        record = json.loads((results / "parameters.json").read_bytes())
        assert ("use_index" in more) == (record["index"] is None), "what is searched is what is named"
        return took, {
            "files": [(results / name).read_bytes() for name in ("matches.csv", "matches.json")],
            "index": record["index"] or {},
        }

    def forget(self) -> None:
        """Take the index out of the file cache."""
        os.sync()  # what was not written stays in the cache
        for file in files(self.library / "index"):
            descriptor = os.open(file, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)

    def skyburst(self, *arguments: str) -> Took:
        """Run `skyburst`."""
        return measure(
            [*SKYBURST, *arguments], {"SKYBURST_HOME": str(self.folder / "home")}, self.folder / "logs" / "last.log"
        )

    def keep(self, part: str, took: Took, **more: Any) -> None:
        """Remember a figure."""
        more.pop("damaged", None)
        self.figures.append({"part": part, **took._asdict(), **more, "output": ""})

    def write(self, path: Path | None) -> None:
        """Write all figures."""
        if path is not None:
            path.write_text(json.dumps(self.figures, indent=1) + "\n")


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def header() -> None:
    print(f"{'':>12}  {'':12} {'wall s':>7} {'core-s':>7} {'peak MB':>8}  x faster")


def traffic(read: dict[str, Any]) -> None:
    """Print what was read of an index."""
    print(
        f"{'':>12}  {read['bytes'] / 1e6:,.0f} MB in {read['requests']:,} reads of {read['shards']} shards", flush=True
    )


def row(part: str, bench: Bench, took: Took, what: str, how: str, raw_s: float | None = None, **more: Any) -> None:
    """Print and keep a figure."""
    faster = f"{raw_s / took.wall_s:>8.1f}x" if raw_s else ""
    print(f"{what:>12}  {how:12} {took.wall_s:>7.2f} {took.core_s:>7.2f} {took.peak_mb:>8,.0f}  {faster}", flush=True)
    bench.keep(part, took, how=how, **more)


PARTS = ("build", "masks", "sizes_of_libraries", "many", "parts")

if __name__ == "__main__":
    main()
