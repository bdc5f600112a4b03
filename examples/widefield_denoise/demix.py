"""Demixes a denoised video into components: footprints and traces.

Reads `SKYBURST_INPUTS` (...denoised.npz, which `denoise.py` writes; optionally ...regions.npy, a map of regions, and
...truth.npz) and `SKYBURST_CONFIG` (parameters as JSON), and writes into `SKYBURST_RESULTS`: components.npz, components.json,
components.png and traces.csv.
"""

from __future__ import annotations

import json
import sys
import time

from widefield import denoising, generation, pictures
from widefield.components import find_components, read_region_map, recovery_from, save_components
from widefield.parameters import Demixing, read_parameters
from widefield.reports import demixing_report, write_traces
from widefield.surroundings import Surroundings, run_program, say


def main(around: Surroundings) -> None:
    """Run the program."""
    started = time.monotonic()
    parameters = read_parameters(around.config, Demixing)
    denoised, rate = denoising.load(around.need("denoised.npz", "denoised video"))
    map_file, truth_file = around.find("regions.npy"), around.find("truth.npz")
    truth = generation.read_truth(truth_file) if truth_file else None
    if truth:
        truth.check_shape(denoised.traces.shape[1], denoised.mean.shape)
    region_map = read_region_map(map_file) if map_file else None
    say(
        f"{denoised.traces.shape[1]} frames of {' x '.join(map(str, denoised.mean.shape))} pixels, rank {len(denoised.images)}"
    )

    components = find_components(denoised, rate, parameters, region_map, around.tell)
    seconds = time.monotonic() - started
    recovery = recovery_from(truth, components) if truth else None
    save_components(components, around.results / "components.npz")
    write_traces(components, rate, around.results / "traces.csv")
    report = demixing_report(components, recovery, truth, parameters, seconds)
    (around.results / "components.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    picture = pictures.draw_components(denoised, components, rate, truth, recovery)
    picture.save(around.results / "components.png")

    number = report["components"]
    say(
        f"{number} component{'s' * (number != 1)} explain {report['explained']:.2%} of the denoised video: {seconds:.1f} s"
    )
    if recovered := report.get("recovery"):
        say(
            f"as the truth tells: median correlation of traces {recovered['traces']['median']:.3f}, "
            f"of footprints {recovered['footprints']['median']:.3f}"
        )
    around.tell(1, "done")


if __name__ == "__main__":
    sys.exit(run_program(main))
