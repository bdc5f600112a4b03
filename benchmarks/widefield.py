"""Recovery of a known truth by the widefield analyses, beside truncated SVD and plain non-negative factorisation.

    python benchmarks/widefield.py [--frames 2000] [--size 128] [--regions 16] [--brightness 2000] [--seeds 0 1 2] [--device auto]
                                   [--threads 1] [--programs-only]

For each seed a video is generated, denoised and demixed by the programs as a job runs them, each in a process of its own, whose
processor time and memory are measured. Beside them: the truncated singular value decomposition of the whole video, on counts and
in units of the noise, at the same rank and at the best of all ranks, which only the truth tells; and non-negative factorisation
(hierarchical alternating least squares, random start) of what the latter left, with as many components as there are.

Signal to noise is the variance of the true signal over the mean squared error, within the brain, in units of each pixel's noise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: idle threads would count as work

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ANALYSIS = Path(__file__).resolve().parent.parent / "examples" / "widefield_denoise"
sys.path.insert(0, str(ANALYSIS))

from widefield import denoising, generation  # noqa: E402
from widefield.components import recovery_of  # noqa: E402

from benchmarks.measured import Took, measure  # noqa: E402

PLAIN_SWEEPS = 200


class Row(NamedTuple):
    """What one way of doing it reached."""

    name: str
    decibels: float
    rank: float | None = None
    traces: float | None = None
    footprints: float | None = None
    core_s: float | None = None
    """Seconds of processors."""
    memory_mb: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("frames", 2_000), ("size", 128), ("regions", 16), ("brightness", 2_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1, help="of the programs")
    parser.add_argument(
        "--programs-only", action="store_true", help="what the programs take and recover, and nothing beside"
    )
    options = parser.parse_args()
    found = []
    for seed in options.seeds:
        scene = generation.Scene(
            frames=options.frames, height=options.size, width=options.size, regions=options.regions,
            brightness=options.brightness, seed=seed,
        )  # fmt: skip
        # What is large is made elsewhere: the peak memory of a process that this one starts is no less than that of this one.
        with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
            print(f"\nseed {seed}: {scene.frames} frames of {scene.height} x {scene.width}, {scene.regions} regions")
            found.append(compare(scene, Path(folder), options, elsewhere))
            print_table(found[-1])
    if len(found) > 1:
        print(f"\nmeans over {len(found)} seeds")
        print_table([mean_of(rows) for rows in zip(*found, strict=True)])


def compare(scene: generation.Scene, folder: Path, options: argparse.Namespace, elsewhere: Executor) -> list[Row]:
    elsewhere.submit(generate, scene, folder / "in").result()
    denoise = run("denoise.py", options.threads, folder / "in", folder / "denoised", device=options.device)
    demix = run("demix.py", options.threads, folder / "denoised", folder / "components")
    for name, took in (("denoise", denoise), ("demix", demix)):
        threads = f"{options.threads} thread{'s' * (options.threads > 1)}"
        print(f"{name}, {threads}: {took.wall_s:.1f} s, {took.core_s:.1f} s of processors, {took.peak_mb:.0f} MiB")
    report = json.loads((folder / "denoised" / "denoised.json").read_text())
    recovery = json.loads((folder / "components" / "components.json").read_text())["recovery"]
    print(
        f"with {report['device']}: {report['compression_ratio']:.0f} times smaller, {recovery['found_components']} of "
        f"{recovery['true_components']} components, least correlation of a trace {recovery['traces']['least']:.3f}"
    )
    others = [] if options.programs_only else elsewhere.submit(svd_rows, scene, folder).result()
    return [
        Row("as measured", report["recovery"]["video_db"]),
        *others,
        Row(
            "denoise, then demix", report["recovery"]["denoised_db"], report["rank"], recovery["traces"]["median"],
            recovery["footprints"]["median"], denoise.core_s + demix.core_s, max(denoise.peak_mb, demix.peak_mb),
        ),
    ]  # fmt: skip


def mean_of(rows: tuple[Row, ...]) -> Row:
    """What one way of doing it reached on average."""
    columns = zip(*(row[1:] for row in rows), strict=True)
    means: list[Any] = [None if None in column else sum(column) / len(column) for column in columns]
    return Row(rows[0].name, *means)


def generate(scene: generation.Scene, folder: Path) -> None:
    truth = generation.make_truth(scene)
    folder.mkdir()
    generation.write_video(scene, truth, folder / "video.npy")
    generation.write_truth(scene, truth, folder / "truth.npz")


def run(program: str, threads: int, inputs: Path, results: Path, **parameters: Any) -> Took:
    config = results.with_suffix(".json")
    config.write_text(json.dumps(parameters))
    folders = {"SKYBURST_INPUTS": inputs, "SKYBURST_CONFIG": config, "SKYBURST_RESULTS": results}
    variables = {name: str(path) for name, path in folders.items()} | {"SKYBURST_VCPUS": str(threads)}
    command = [sys.executable, str(ANALYSIS / program)]
    return measure(command, variables, results.with_suffix(".log"))


def svd_rows(scene: generation.Scene, folder: Path) -> list[Row]:
    """Truncated SVD at the rank that the denoised video has and at the best one, and factorisation of the best."""
    truth = generation.make_truth(scene)
    found, _ = denoising.load(folder / "denoised" / "denoised.npz")
    video = np.load(folder / "in" / "video.npy")
    brain = truth.brain
    centred = (video - video.mean(0))[:, brain].astype(np.float32)
    clean = truth.clean(0, len(video))[:, brain]
    clean = (clean - clean.mean(0)).astype(np.float32)
    noise = found.noise[brain]
    rows = []
    for name, scale in (("SVD of counts", np.ones_like(noise)), ("SVD in units of the noise", noise)):
        scaled = centred / scale
        began = time.process_time()
        vectors = np.linalg.eigh(scaled @ scaled.T)[1][:, ::-1][:, :64]
        images = vectors.T @ scaled * scale
        core_s = time.process_time() - began
        scores = decibels_of_each_rank(clean / noise, vectors, images / noise)
        best = int(np.argmax(scores)) + 1
        rows.append(Row(f"{name}, same rank", scores[len(found.images) - 1], len(found.images), core_s=core_s))
        began = time.process_time()
        light = truth.baseline[brain]
        traces, footprints = plain_factorisation(vectors[:, :best] @ (images[:best] / light), scene.regions)
        recovery = recovery_of(truth.footprints[:, brain], truth.traces, footprints, traces)
        rows.append(
            Row(
                f"{name}, best rank, then NMF", scores[best - 1], best, float(np.median(recovery.traces)),
                float(np.median(recovery.footprints)), core_s + time.process_time() - began,
            )
        )  # fmt: skip
    return rows


def plain_factorisation(changes: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Factorise (frames, pixels), from which each pixel's least value is taken: traces and footprints, both non-negative."""
    data = (changes - changes.min(0)).astype(np.float32)
    stream = np.random.default_rng(0)
    traces = stream.random((len(data), number), dtype=np.float32)
    footprints = stream.random((number, data.shape[1]), dtype=np.float32)
    for _ in range(PLAIN_SWEEPS):
        _sweep(traces, data @ footprints.T, footprints @ footprints.T)
        _sweep(footprints.T, data.T @ traces, traces.T @ traces)
    return traces.T, footprints


def _sweep(factor: np.ndarray, products: np.ndarray, gram: np.ndarray) -> None:
    """One sweep over the columns of a factor, in place."""
    for place in range(len(gram)):
        step = (products[:, place] - factor @ gram[:, place]) / max(float(gram[place, place]), 1e-20)
        factor[:, place] = np.maximum(factor[:, place] + step, 0)


def decibels_of_each_rank(signal: np.ndarray, vectors: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Signal over error of the sum of the first products of orthonormal vectors (frames, n) and images (n, pixels)."""
    power = float((signal**2).sum())
    errors = power + np.cumsum((images**2).sum(1) - 2 * ((vectors.T @ signal) * images).sum(1))
    return 10 * np.log10(power / errors)


def print_table(rows: list[Row]) -> None:
    print(f"{'':46} {'signal/noise':>12} {'rank':>5} {'traces':>7} {'footprints':>10} {'core-s':>8} {'MiB':>6}")
    for row in rows:
        cells = (("traces", 7, ".3f"), ("footprints", 10, ".3f"), ("core_s", 8, ".1f"), ("memory_mb", 6, ".0f"))
        texts = [
            f"{format(value, form) if (value := getattr(row, name)) is not None else '':>{width}}"
            for name, width, form in cells
        ]
        print(
            f"{row.name:46} {row.decibels:9.1f} dB {'' if row.rank is None else f'{row.rank:.3g}':>5} {' '.join(texts)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
