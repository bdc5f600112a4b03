"""Denoises a video of widefield imaging.

Reads `SKYBURST_INPUTS` (one video, .npy, frames x height x width; optionally ...truth.npz, what it was generated from, and
...regions.npy, a map for the demixing) and `SKYBURST_CONFIG` (parameters as JSON), and writes into `SKYBURST_RESULTS`:
denoised.npz, denoised.json, denoised.png, and what was beside the video.
"""

from __future__ import annotations

import json
import shutil
import sys
import time

from widefield import denoising, generation, pictures
from widefield.device import pick_device
from widefield.parameters import Denoising, read_parameters
from widefield.reports import denoising_report
from widefield.surroundings import Surroundings, processors, run_program, say
from widefield.video import open_video

BESIDE = ("truth.npz", "regions.npy")


def main(around: Surroundings) -> None:
    """Run the program."""
    started = time.monotonic()
    parameters = read_parameters(around.config, Denoising)
    path = around.need(".npy", "video", but=("regions.npy",))
    video = open_video(path)
    truth_file = around.find("truth.npz")
    truth = generation.read_truth(truth_file) if truth_file else None
    if truth:
        truth.check_shape(len(video), video.shape[1:])
    device = pick_device(parameters.device)
    say(
        f"{path.name}: {' x '.join(map(str, video.shape))} {video.dtype}, {video.nbytes / 1e6:,.0f} MB; with {device.name}"
    )
    if device.why:
        say(f"no GPU ({device.why})")

    denoised = denoising.denoise(video, path.name, parameters, device, around.tell, processors())
    seconds = time.monotonic() - started
    around.tell(0.9, "looking at what is left over")
    denoising.save(denoised, parameters.frame_rate_hz, around.results / "denoised.npz")
    for ending in BESIDE:
        if beside := around.find(ending):
            shutil.copyfile(beside, around.results / ending)
    size = (around.results / "denoised.npz").stat().st_size
    report = denoising_report(video, path.name, denoised, truth, parameters, device.name, seconds, size)
    (around.results / "denoised.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    pictures.draw_denoised(video, denoised, truth, parameters.frame_rate_hz).save(around.results / "denoised.png")

    blocks, rest = report["blocks"], report["rest"]
    say(
        f"{blocks['components']} components of {blocks['number']} blocks, of the whole field {report['rank']}: {seconds:.1f} s"
    )
    say(
        f"the rest has {rest['over_noise']:.3f} times the noise and a correlation of {rest['lag_one']:+.4f} with the next frame"
    )
    say(f"{report['compression_ratio']:.0f} times smaller than the video")
    if recovery := report.get("recovery"):
        say(
            f"signal to noise, as the truth tells: {recovery['video_db']:.1f} dB before, {recovery['denoised_db']:.1f} dB after"
        )
    around.tell(1, "done")


if __name__ == "__main__":
    sys.exit(run_program(main))
