"""What the two analyses promise, on generated videos whose truth is known."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from widefield import denoising, generation
from widefield.blocks import make_grid
from widefield.compress import Patchwork, compress
from widefield.decompose import until_failures
from widefield.device import NoDevice, numpy_device, pick_device
from widefield.matching import assign, correlations
from widefield.noise import noise_of, rough_in_space, rough_in_time, thresholds
from widefield.parameters import Demixing, Denoising, check
from widefield.penalties import smooth_images, smooth_traces
from widefield.problems import Refused
from widefield.regions import distances, find_seeds, non_negative

import skyburst

ANALYSIS = Path(__file__).parent
SCENE = generation.Scene(frames=800, height=64, width=64, regions=6, seed=3)
HOST = numpy_device()
quick = settings(max_examples=30, deadline=None)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    truth = generation.make_truth(SCENE)
    generation.write_video(SCENE, truth, folder / "video.npy")
    generation.write_truth(SCENE, truth, folder / "truth.npz")
    return folder


@pytest.fixture(scope="module")
def chain(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of results of a job and of the one that follows it."""
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYBURST_HOME", str(state))
        item = {"data": [str(dataset / "video.npy"), str(dataset / "truth.npz")], "name": "mouse-1"}
        first = skyburst.submit(str(ANALYSIS), items=[item], parameters={"device": "cpu"})
        assert first.wait(120) is skyburst.JobState.SUCCEEDED, first.logs()
        (following,) = first.following()
        assert following["dataset"] == "mouse-1"
        second = skyburst.JobHandle(following["job"])
        assert second.wait(120) is skyburst.JobState.SUCCEEDED, second.logs()
    results = [state / "jobs" / job.job_id / "datasets" / "00000000" / "results" for job in (first, second)]
    return results[0], results[1]


@pytest.fixture(scope="module")
def denoised(chain: tuple[Path, Path]) -> Path:
    """The results of the first analysis."""
    return chain[0]


@pytest.fixture(scope="module")
def components(chain: tuple[Path, Path]) -> Path:
    """Those of the second one."""
    return chain[1]


def run(program: str, inputs: Path, results: Path, **parameters: Any) -> subprocess.CompletedProcess[str]:
    """Run a program as an environment does."""
    config = results.parent / f"{results.name}-config.json"
    config.write_text(json.dumps(parameters))
    variables = {"SKYBURST_INPUTS": inputs, "SKYBURST_CONFIG": config, "SKYBURST_RESULTS": results}
    return subprocess.run(
        [sys.executable, str(ANALYSIS / program)],
        env={**os.environ, **{name: str(path) for name, path in variables.items()}, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def centred(truth: generation.Truth) -> np.ndarray:
    clean = truth.clean(0, truth.traces.shape[1])
    return clean - clean.mean(0)


def decibels(signal: np.ndarray, estimate: np.ndarray) -> float:
    return float(10 * np.log10((signal**2).mean() / ((signal - estimate) ** 2).mean()))


# Denoising


def test_denoising_beats_the_best_truncated_svd_by_three_decibels(dataset: Path, denoised: Path) -> None:
    truth = generation.read_truth(dataset / "truth.npz")
    video = np.load(dataset / "video.npy").astype(np.float32)
    found, _ = denoising.load(denoised / "denoised.npz")
    signal = (centred(truth) / found.noise)[:, truth.brain]
    ours = decibels(signal, (found.frames(0, len(video)) / found.noise)[:, truth.brain])
    scaled = ((video - video.mean(0)) / found.noise).reshape(len(video), -1)
    _, vectors = np.linalg.eigh(scaled @ scaled.T)  # those of the singular value decomposition, weakest first
    plain = [
        decibels(signal, (left @ (left.T @ scaled)).reshape(video.shape)[:, truth.brain])
        for left in (vectors[:, -rank:] for rank in range(4, 14))
    ]
    assert ours > max(plain) + 3
    assert ours > decibels(signal, scaled.reshape(video.shape)[:, truth.brain]) + 20


def test_what_is_taken_away_is_noise(denoised: Path) -> None:
    report = json.loads((denoised / "denoised.json").read_text())
    assert report["rest"]["over_noise"] == pytest.approx(1, abs=0.02)
    assert report["rest"]["lag_one"] == pytest.approx(0, abs=0.02)
    assert report["rank"] == SCENE.regions + 2  # blood has two maps
    assert report["compression_ratio"] > 15
    assert report["recovery"]["denoised_db"] > report["recovery"]["video_db"] + 20
    assert report["device"] == "numpy"


def test_a_video_of_noise_has_no_components(tmp_path: Path) -> None:
    inputs, results = tmp_path / "inputs", tmp_path / "results"
    inputs.mkdir()
    video = np.random.default_rng(5).poisson(400, (400, 40, 40)).astype(np.uint16)
    video[:, 32:, 32:] = 17  # and pixels that never change
    np.save(inputs / "video.npy", video)
    assert run("denoise.py", inputs, results, device="cpu").returncode == 0
    report = json.loads((results / "denoised.json").read_text())
    assert (
        report["blocks"]["components"] <= 1
    )  # of 16 blocks, where one in a hundred is as smooth in space, and in time
    assert report["rank"] == 0
    assert report["noise_counts"] == pytest.approx(20, rel=0.05)
    ran = run("demix.py", results, tmp_path / "components")
    assert (ran.returncode, ran.stderr.count("no signal to demix")) == (2, 1)


def test_the_same_video_gives_the_same_result_to_the_last_bit_with_any_number_of_threads(dataset: Path) -> None:
    mapped = np.load(dataset / "video.npy", mmap_mode="r")[:200, 16:48, 16:48]
    first, second = (
        denoising.denoise(video, "video.npy", Denoising(), HOST, lambda _done, _text: None, processors)
        for video, processors in ((mapped, 1), (np.array(mapped, dtype=np.float64), 3))
    )
    assert len(first.images) > 0
    for name, value in vars(first).items():
        assert np.array_equal(value, getattr(second, name)), name


def test_torch_gives_what_numpy_gives(dataset: Path, denoised: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code for GPUs, on this machine's processor: what differs there is the place only."""
    torch = pytest.importorskip(
        "torch",
        reason="torch is not installed: too large to lock",
    )
    device = pick_device("torch-cpu")

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError("a tensor of a GPU does not become a numpy array unasked")

    monkeypatch.setattr(torch.Tensor, "__array__", refuse)
    video = np.load(dataset / "video.npy")
    there = denoising.denoise(video, "video.npy", Denoising(), device, lambda _done, _text: None)
    here, _ = denoising.load(denoised / "denoised.npz")
    difference = here.frames(0, len(video)) - there.frames(0, len(video))
    assert np.abs(difference / here.noise).max() < 0.01
    assert (here.ranks == there.ranks).all()


def test_a_gpu_that_is_asked_for_and_not_there_is_refused_with_the_reasons() -> None:
    device = pick_device("auto")
    if device.why:
        assert device.name == "numpy"
        with pytest.raises(NoDevice, match=r"none answers \(torch: .*; cupy: .*\): say 'auto' or 'cpu'"):
            pick_device("gpu")
    else:
        assert pick_device("gpu").name == device.name


def test_the_decomposition_uses_only_names_that_numpy_torch_and_cupy_share() -> None:
    """Where there is no torch to run it, a name that it lacks would show on a GPU only."""
    shared = {
        *("abs", "argsort", "asarray", "clip", "concatenate", "flip", "ones_like", "sign", "sqrt", "swapaxes", "where"),
        *("fft.irfft", "fft.rfft", "linalg.eigh", "linalg.qr", "zeros_like"),
    }
    used = set()
    for name in ("compress", "decompose", "noise", "penalties"):
        text = (ANALYSIS / "widefield" / f"{name}.py").read_text()
        used |= set(re.findall(r"\bxp\.((?:fft\.|linalg\.)?\w+)", text))
    assert used <= shared
    assert len(used) > 10


# Demixing


def test_demixing_finds_the_true_components_and_how_many_there_are(components: Path) -> None:
    recovery = json.loads((components / "components.json").read_text())["recovery"]
    assert recovery["found_components"] == recovery["true_components"] == SCENE.regions
    assert recovery["traces"]["median"] > 0.9
    assert recovery["footprints"]["median"] > 0.95


def test_components_are_non_negative_and_in_their_regions(components: Path) -> None:
    report = json.loads((components / "components.json").read_text())
    with np.load(components / "components.npz", allow_pickle=False) as found:
        footprints, traces, brain = found["footprints"], found["traces"], found["brain"]
        slow = found["background_traces"]
    assert footprints.min() == 0
    assert footprints.max((1, 2)) == pytest.approx(np.ones(SCENE.regions))
    assert not footprints[:, ~brain].any()
    assert min(report["localization"]) > 0.7 - 0.02
    assert np.abs(correlations(traces, slow)).max() < 0.02
    assert np.loadtxt(components / "traces.csv", delimiter=",", skiprows=1)[:, 1:] == pytest.approx(traces.T, abs=1e-5)


def test_a_map_of_regions_is_followed(denoised: Path, dataset: Path, tmp_path: Path) -> None:
    truth = generation.read_truth(dataset / "truth.npz")
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name in ("denoised.npz", "truth.npz"):
        os.link(denoised / name, inputs / name)
    strongest = truth.footprints.argmax(0) + 1
    np.save(inputs / "atlas-regions.npy", np.where(truth.footprints.max(0) > 0.2, strongest * 10, 0))
    ran = run("demix.py", inputs, tmp_path / "results")
    assert ran.returncode == 0, ran.stderr
    recovery = json.loads((tmp_path / "results" / "components.json").read_text())["recovery"]
    assert [pair["found"] for pair in recovery["pairs"]] == list(range(SCENE.regions))  # in the order of the map
    assert recovery["traces"]["median"] > 0.9


def test_pictures_show_something(denoised: Path, components: Path) -> None:
    for path in (denoised / "denoised.png", components / "components.png"):
        with Image.open(path) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 100


def test_a_chain_hands_on_what_was_beside_the_video_and_tells_what_it_does(
    chain: tuple[Path, Path], dataset: Path
) -> None:
    assert (chain[0] / "truth.npz").read_bytes() == (dataset / "truth.npz").read_bytes()
    assert {path.name for path in chain[1].iterdir()} == {
        "components.npz", "components.json", "components.png", "traces.csv"
    }  # fmt: skip
    assert [json.loads((results.parent / "status.json").read_text())["progress"] for results in chain] == [1, 1]
    lines = [json.loads(line)["text"] for line in (chain[1].parent / "log.jsonl").read_text().splitlines()]
    assert any(line.startswith("as the truth tells: median correlation of traces 0.9") for line in lines)


def test_the_truth_of_another_video_is_refused(chain: tuple[Path, Path], tmp_path: Path) -> None:
    scene = generation.Scene(frames=100, height=32, width=32, regions=2)
    (tmp_path / "inputs").mkdir()
    os.link(chain[0] / "denoised.npz", tmp_path / "inputs" / "denoised.npz")
    generation.write_truth(scene, generation.make_truth(scene), tmp_path / "inputs" / "truth.npz")
    ran = run("demix.py", tmp_path / "inputs", tmp_path / "results")
    assert ran.returncode == 2
    assert "the truth is that of 100 frames of 32 x 32 pixels, and the video has 800 of 64 x 64" in ran.stderr


# The plain parts


@given(
    st.integers(4, 40), st.integers(4, 40), st.integers(4, 20), st.integers(4, 20), st.sampled_from([0, 0.3, 0.5, 0.75])
)
@quick
def test_the_weights_of_blocks_add_up_to_one_everywhere(
    height: int, width: int, block_height: int, block_width: int, overlap: float
) -> None:
    block_height, block_width = min(block_height, height), min(block_width, width)
    grid = make_grid(height, width, block_height, block_width, overlap)
    total = np.zeros((height, width))
    for (top, left), weights in zip(grid.corners(), grid.weights(), strict=True):
        total[top : top + block_height, left : left + block_width] += weights
    assert total == pytest.approx(np.ones((height, width)), abs=1e-5)


def test_blocks_that_are_larger_than_the_field_are_refused() -> None:
    with pytest.raises(ValueError, match="block_width is 16, and the video has a width of 12 pixels"):
        make_grid(20, 12, 16, 16, 0.5)


@given(st.integers(0, 10_000))
@quick
def test_blended_components_are_compressed_without_loss_when_all_may_stay(seed: int) -> None:
    stream = np.random.default_rng(seed)
    grid = make_grid(14, 11, 6, 5, 0.5)
    corners = np.asarray(list(grid.corners()))
    images = stream.standard_normal((len(grid), 6, 5), dtype=np.float32)
    traces = stream.standard_normal((len(grid), 23), dtype=np.float32)
    patchwork = Patchwork(14, 11, corners, images, traces)
    whole = np.zeros((23, 14, 11))
    for (top, left), image, trace in zip(corners, images, traces, strict=True):
        whole[:, top : top + 6, left : left + 5] += trace[:, None, None] * image
    together, small = compress(patchwork, 40, 0, HOST)
    assert np.einsum("kt,kyx->tyx", small, together) == pytest.approx(whole, abs=1e-3)
    assert small @ small.T == pytest.approx(np.eye(len(small)), abs=1e-4)


def test_components_end_at_failures_in_a_row_and_at_the_most_there_may_be() -> None:
    passed = np.array([[1, 0, 1, 0, 0, 1, 1], [1, 1, 1, 1, 0, 1, 0], [0, 0, 1, 1, 1, 1, 1]], dtype=bool)
    assert until_failures(passed, 2, 3).astype(int).tolist() == [
        [1, 0, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]
    ]  # fmt: skip


def test_noise_is_measured_beside_a_signal() -> None:
    stream = np.random.default_rng(0)
    slow = 30 * np.sin(np.arange(4_000) / 40)
    signals = (slow + stream.standard_normal((50, 4_000)) * 2.5).astype(np.float32)
    assert noise_of(signals, HOST) == pytest.approx(np.full(50, 2.5), rel=0.1)


def test_components_of_noise_are_as_rough_as_the_thresholds_say() -> None:
    """Singular vectors of noise, decomposed, beside the independent numbers that thresholds are made of."""
    stream = np.random.default_rng(1)
    space, time = thresholds((6, 6), 60, 0.9)
    passed = np.zeros(2)
    blocks = 150
    for _ in range(blocks):
        left, _, right = np.linalg.svd(stream.standard_normal((36, 60), dtype=np.float32), full_matrices=False)
        passed += [rough_in_space(left[:, 0].reshape(6, 6), HOST) < space, rough_in_time(right[0], HOST) < time]
    assert passed / blocks == pytest.approx(np.array([0.1, 0.1]), abs=0.08)


def objective(points: np.ndarray, given: np.ndarray, price: float, differences: list[np.ndarray]) -> float:
    return float(((points - given) ** 2).sum() / 2 + price * sum(np.abs(part).sum() for part in differences))


@given(st.integers(0, 10_000), st.floats(0.05, 3))
@quick
def test_smoothed_images_are_better_than_what_is_near_them(seed: int, price: float) -> None:
    stream = np.random.default_rng(seed)
    image = stream.standard_normal((7, 9))

    def cost(candidate: np.ndarray) -> float:
        return objective(candidate, image, price, [np.diff(candidate, axis=0), np.diff(candidate, axis=1)])

    smooth = smooth_images(image[None], np.full((1, 1, 1), price), HOST, steps=400)[0]
    for _ in range(20):
        assert cost(smooth) <= cost(smooth + 0.01 * stream.standard_normal(image.shape)) + 1e-6
    assert smooth.mean() == pytest.approx(image.mean())


@given(st.integers(0, 10_000), st.floats(0.05, 3))
@settings(max_examples=8, deadline=None)
def test_smoothed_traces_are_better_than_what_is_near_them(seed: int, price: float) -> None:
    stream = np.random.default_rng(seed)
    trace = stream.standard_normal(40)

    def cost(candidate: np.ndarray) -> float:
        bends = np.diff(np.pad(candidate, 1, mode="edge"), 2)
        return objective(candidate, trace, price, [bends])

    smooth = smooth_traces(trace[None], price, HOST, steps=1_000)[0]
    for _ in range(20):
        assert cost(smooth) <= cost(smooth + 0.01 * stream.standard_normal(trace.shape)) + 1e-4


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000))
@quick
def test_assignments_are_the_best_of_all(rows: int, columns: int, seed: int) -> None:
    gains = np.random.default_rng(seed).integers(-9, 9, (rows, columns)).astype(float)
    pairs = assign(gains)
    assert len(pairs) == len({row for row, _ in pairs}) == len({column for _, column in pairs}) == min(rows, columns)
    assert sum(gains[pair] for pair in pairs) == max(every_sum(gains))


def every_sum(gains: np.ndarray) -> Iterator[float]:
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    rows = range(gains.shape[0])
    return (float(gains[rows, chosen].sum()) for chosen in itertools.permutations(range(gains.shape[1]), len(rows)))


@given(st.lists(st.booleans(), min_size=30, max_size=30).filter(any))
@quick
def test_distances_are_those_to_the_nearest_pixel_of_the_region(cells: list[bool]) -> None:
    region = np.asarray(cells).reshape(5, 6)
    places = np.argwhere(region)
    expected = [[np.hypot(*(places - (y, x)).T).min() for x in range(6)] for y in range(5)]
    assert distances(region) == pytest.approx(np.asarray(expected))


def test_seeds_are_the_pure_pixels_of_a_mixture() -> None:
    stream = np.random.default_rng(2)
    pure = stream.standard_normal((4, 30))
    mixed = stream.dirichlet(np.ones(4), 200) @ pure
    assert sorted(find_seeds(np.vstack([mixed, pure]), 10, 0.001)) == [200, 201, 202, 203]
    shares = non_negative(mixed @ pure.T, pure @ pure.T, sweeps=2_000)
    assert shares @ pure == pytest.approx(mixed, abs=1e-4)
    assert shares.min() >= 0


def test_generated_videos_are_the_same_for_the_same_seed_and_noisy_as_light_is(tmp_path: Path) -> None:
    scene = generation.Scene(frames=100, height=32, width=32, regions=2)
    truth = generation.make_truth(scene)
    for name in ("a.npy", "b.npy"):
        generation.write_video(scene, generation.make_truth(scene), tmp_path / name)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    generation.write_video(dataclasses.replace(scene, seed=1), truth, tmp_path / "c.npy")
    assert (tmp_path / "a.npy").read_bytes() != (tmp_path / "c.npy").read_bytes()
    clean = truth.clean(0, 100)
    errors = np.load(tmp_path / "a.npy") - clean
    expected = clean - truth.offset + scene.read_noise**2
    assert (errors**2).mean() == pytest.approx(expected.mean(), rel=0.03)
    assert abs(errors.mean()) < 0.5


# What is refused


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (np.zeros((40, 40), np.uint16), r"video.npy has the shape (40, 40): expected three dimensions"),
        (np.zeros((8, 40, 40), np.uint16), r"video.npy has the shape (8, 40, 40): expected at least 32 frames"),
        (np.zeros((40, 40, 12), np.uint16), "block_width is 16, and the video has a width of 12 pixels"),
        (np.zeros((40, 20, 20), bool), "video.npy has values of type bool: expected whole or real numbers"),
        (np.full((40, 20, 20), np.nan, np.float32), "video.npy has nan in frame 0, row 0, column 0"),
    ],
)
def test_videos_that_cannot_be_used_are_refused(video: np.ndarray, message: str, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    np.save(inputs / "video.npy", video)
    ran = run("denoise.py", inputs, tmp_path / "results")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"error: {message}")


def test_inputs_that_are_missing_too_many_or_something_else_are_refused(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    assert "there is no video" in run("denoise.py", inputs, tmp_path / "results").stderr
    (inputs / "a.npy").write_text("not an array")
    assert "a.npy is not a video in a .npy file" in run("denoise.py", inputs, tmp_path / "results").stderr
    (inputs / "b.npy").write_text("not an array")
    assert "there are 2 files named ....npy (a.npy, b.npy)" in run("denoise.py", inputs, tmp_path / "results").stderr
    (inputs / "denoised.npz").write_text("not an archive")
    assert "denoised.npz is no denoised video" in run("demix.py", inputs, tmp_path / "results").stderr


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (Denoising, {"block_hight": 3}, "there is no parameter 'block_hight'"),
        (Denoising, {"block_height": 3}, "block_height is 3: expected a whole number from 4 to 256"),
        (Denoising, {"max_components": 2.5}, "max_components is 2.5: expected a whole number"),
        (Denoising, {"confidence": True}, "confidence is True: expected a number"),
        (Denoising, {"confidence": float("nan")}, "confidence is nan: expected a number"),
        (Denoising, {"device": "tpu"}, "device is 'tpu': expected one of auto, cpu, gpu, torch-cpu"),
        (Demixing, {"localization": 1}, "localization is 1: expected a number from 0 to 0.99"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(kind: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        check(given, kind)


@pytest.mark.parametrize(("folder", "kind"), [("widefield_denoise", Denoising), ("widefield_demix", Demixing)])
def test_blueprints_declare_the_parameters_of_the_programs(folder: str, kind: Any) -> None:
    declared = tomllib.loads((ANALYSIS.parent / folder / "blueprint.toml").read_text())["parameters"]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert list(declared) == list(fields)
    for name, field in fields.items():
        schema = declared[name]
        assert schema["default"] == field.default
        if "enum" in schema:
            assert tuple(schema["enum"]) == field.metadata["values"]
        else:
            assert (schema["minimum"], schema["maximum"]) == (field.metadata["least"], field.metadata["most"])
            assert schema["type"] == ("integer" if isinstance(field.default, int) else "number")
