"""Makes the pictures of the web client in docs/images: of a real server, a generated library, and jobs that really run.

    make screenshots

needs the client, Chromium, and what the tests need. Some minutes.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from examples.color_depth_search.generate import generate_library
from skyburst.local_cloud import LocalCloud
from skyburst.web.client import client_folder
from tests.browser import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES
from tests.deployed.paged import CHOSEN, PREFIX, Page, assembled
from tests.web_client.conftest import LIBRARY, Site, serving

IMAGES_FOLDER = Path(__file__).parents[1] / "docs" / "images"
EXAMPLES = Path(__file__).parents[1] / "examples"
SHOWN = ("color_depth_search", "monte_carlo", "word_statistics")
"""Analyses of the deployment."""
WIDEFIELD = ("widefield_denoise", "widefield_demix")
IMAGES, MASKS, PLANTED = 400, 3, 8
VIDEO = ["--frames", "600", "--height", "96", "--width", "96"]
MOST_BYTES = 150_000
COLOURS = (256, 160, 96, 64)
"""So many colours has a picture; fewer, if it is too large with more."""
WAIT_S = 60
PROFILES = {
    "people/groups/lab.toml": 'name = "lab"\napproved = true\nanalyses = ["color-depth-search", "word-statistics"]\n',
    "people/users/ada.toml": 'name = "ada"\nfull_name = "Ada Lovelace"\ngroup = "lab"\napproved = true\n',
}
LOOSE = {"min_matching_pix_ratio": 0, "mask_threshold": 60, "data_threshold": 60, "pix_color_fluctuation": 4}
"""So that a small library has many matches."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where what is generated is kept, for the next time")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with folder_to_show() as folder:
        images = options.folder or folder / "images"
        generate_library(images, IMAGES, seed=7, masks=MASKS, planted=PLANTED)
        videos = [make_video(folder, name, seed) for seed, name in enumerate(("mouse-1", "mouse-2"), 1)]
        with serving(folder, images) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
            Pictures(site, browser, images / "images", videos).make()
            show_deployment(browser)
            browser.close()


@contextmanager
def folder_to_show() -> Iterator[Path]:
    """A folder whose name may be seen in pictures of logs, with copies of the analyses that write these."""
    folder = Path(tempfile.gettempdir(), "skyburst")
    folder.mkdir()
    before = os.environ.get("SKYBURST_PATH")
    try:
        for name in WIDEFIELD:
            shutil.copytree(EXAMPLES / name, folder / "analyses" / name)
        os.environ["SKYBURST_PATH"] = str(folder / "analyses")
        yield folder
    finally:
        shutil.rmtree(folder)
        os.environ.pop("SKYBURST_PATH")
        if before is not None:
            os.environ["SKYBURST_PATH"] = before


def make_video(folder: Path, name: str, seed: int) -> Path:
    """A video of brain activity; its file has the name of the dataset that it becomes."""
    command = [
        sys.executable,
        str(EXAMPLES / "widefield_denoise" / "generate.py"),
        str(folder / name),
        *VIDEO,
        "--seed",
        str(seed),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (folder / name / "video.npy").rename(folder / f"{name}.npy")


def chromium() -> str:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        sys.exit(f"no Chromium is installed (looked for {', '.join(CHROMIUM_NAMES)})")
    return found


class Pictures:
    """What somebody does with the client, in the order in which it is told of, with a picture of each page."""

    def __init__(self, site: Site, browser: Any, images: Path, videos: list[Path]) -> None:
        self.site, self.browser, self.images, self.videos = site, browser, images, videos
        self.page = self.tab()

    def make(self) -> None:
        self.search()
        job = self.finish(self.start(LOOSE, name="neuron 2236067978"))
        self.results(job)
        self.analyses()
        self.jobs(job)

    def tab(self, **more: Any) -> Any:
        """A tab of a browser that has the token."""
        viewport = {"width": 1280, "height": 860}
        context = self.browser.new_context(**{"viewport": viewport, "reduced_motion": "reduce", **more})
        page = context.new_page()
        page.set_default_timeout(WAIT_S * 1000)
        page.goto(self.site.url)
        page.get_by_role("heading", name="New search").wait_for()
        return page

    def search(self) -> None:
        """The mask that is drawn, and the search while it runs."""
        page = self.page
        page.get_by_label("Image file").set_input_files(self.site.masks[0])
        canvas = page.get_by_role("application")
        canvas.wait_for()
        box = canvas.bounding_box()
        page.mouse.move(*self.on_canvas(box, self.lasso()[0]))
        page.mouse.down()
        for point in self.lasso()[1:]:
            page.mouse.move(*self.on_canvas(box, point))
        page.mouse.up()
        page.get_by_text("of what is drawn").wait_for()
        page.mouse.move(2, 200)
        page.get_by_text(re.compile("^(about .*|not known yet|nothing)$")).first.wait_for()
        save("search", page)

    def lasso(self) -> list[tuple[float, float]]:
        """Points around the neuron's left half, in pixels of the image."""
        import numpy as np

        with Image.open(self.site.masks[0]) as image:
            bright = np.array(image.convert("RGB"))[110:].max(2) > 100
        ys, xs = np.nonzero(bright)
        x0, x1, y0, y1 = xs.min() - 14, np.median(xs), ys.min() + 98, ys.max() + 122
        turns = np.linspace(0, 2 * np.pi, 60)
        return [((x0 + x1) / 2 + (x1 - x0) / 2 * np.cos(t), (y0 + y1) / 2 + (y1 - y0) / 2 * np.sin(t)) for t in turns]

    @staticmethod
    def on_canvas(box: dict[str, float], point: tuple[float, float]) -> tuple[float, float]:
        scale = min(box["width"] / 1210, box["height"] / 566)
        left = box["x"] + (box["width"] - 1210 * scale) / 2
        top = box["y"] + (box["height"] - 566 * scale) / 2
        return left + point[0] * scale, top + point[1] * scale

    def start(self, parameters: dict[str, Any], **more: Any) -> str:
        """The id of a search."""
        given = {"mask": str(self.site.masks[0]), "library": f"library:{LIBRARY}", **parameters}
        body = {"analysis": "color-depth-search", "parameters": given, **more}
        with self.site.api() as api:
            answer = api.post("/api/jobs", json=body)
            answer.raise_for_status()
            return str(answer.json()["job_id"])

    def finish(self, job: str) -> str:
        with self.site.api() as api:
            self.until(lambda: api.get(f"/api/jobs/{job}").json()["state"] == "SUCCEEDED", f"the end of {job}")
        return job

    @staticmethod
    def until(holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            if time.monotonic() > end:
                sys.exit(f"waited {WAIT_S} s in vain for {what}")
            time.sleep(0.2)

    def results(self, job: str) -> None:
        """A search that runs, the matches of one that has ended, and a comparison."""
        page = self.page
        slow = {**LOOSE, "mask": str(self.slow_mask()), "xy_shift": 4, "use_index": False}
        running = self.start(slow, name="all of the brain", batch_size=4, max_parallelism=1)
        page.goto(f"{self.site.base}/jobs/{running}")
        self.until(lambda: self.matches(page).count() >= 24, "matches of a search that runs")
        self.pictures_are_there(page)
        save("running", page)

        page.goto(f"{self.site.base}/jobs/{job}")
        self.matches(page).first.wait_for()
        self.pictures_are_there(page)
        save("results", page)
        self.matches(page).nth(1).get_by_role("button").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("figure img").nth(1).wait_for()
        self.pictures_are_there(page)
        pane = dialog.locator("figure img").first.locator("..").bounding_box()
        page.mouse.move(pane["x"] + pane["width"] * 0.4, pane["y"] + pane["height"] * 0.55)
        save("comparison", page)

        phone = self.tab(viewport={"width": 390, "height": 844}, color_scheme="dark")
        phone.goto(f"{self.site.base}/jobs/{job}")
        self.matches(phone).first.wait_for()
        phone.get_by_role("tablist").evaluate("tabs => scrollTo(0, tabs.getBoundingClientRect().top + scrollY - 64)")
        self.pictures_are_there(phone)
        save("phone", phone)

    def slow_mask(self) -> Path:
        """An image that is bright nearly everywhere: a search with it takes long enough to be looked at."""
        import numpy as np

        library = sorted(self.images.glob("*.tif"))[:40]
        brightest = np.zeros((566, 1210, 3), np.uint8)
        for file in library:
            with Image.open(file) as image:
                brightest = np.maximum(brightest, np.array(image.convert("RGB")))
        path = self.videos[0].parent / "all.png"
        Image.fromarray(brightest).save(path)
        return path

    @staticmethod
    def matches(page: Any) -> Any:
        return page.get_by_role("list", name="Matches").get_by_role("listitem")

    @staticmethod
    def pictures_are_there(page: Any) -> None:
        page.wait_for_function(
            """() => [...document.images].every(image => {
                const box = image.getBoundingClientRect();
                return box.bottom < 0 || box.top > innerHeight || (image.complete && image.naturalWidth > 0);
            })"""
        )

    def analyses(self) -> None:
        """All analyses, how one is started, and its datasets."""
        page = self.page
        page.goto(f"{self.site.base}/analyses")
        page.get_by_role("link", name="Denoise widefield imaging").wait_for()
        save("analyses", page)
        page.get_by_role("link", name="Denoise widefield imaging").click()
        page.locator("input[type=file]").first.set_input_files(self.videos)
        page.get_by_role("button", name="Start", exact=True).and_(page.locator(":enabled")).wait_for()
        page.get_by_text("uploaded", exact=True).nth(1).wait_for()
        page.get_by_label("Name of the job").fill("two mice")
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(2, 200)
        page.get_by_text("Estimating").wait_for(state="detached")
        save("start", page)
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_url(re.compile(r"/jobs/[\w-]+"))
        line = page.get_by_role("list", name="Datasets").get_by_role("listitem").first
        line.get_by_role("button").first.click()
        log = page.get_by_role("log")
        log.wait_for()
        self.until(lambda: log.locator("[data-index]").count() >= 3, "lines of a log")
        save("datasets", page)
        self.finish(page.url.rpartition("/jobs/")[2].partition("?")[0])
        page.get_by_role("tab", name="Files").click()
        page.get_by_text("denoised.png").first.click()
        page.get_by_role("img", name=re.compile("denoised.png")).wait_for()
        self.pictures_are_there(page)
        save("files", page)

    def jobs(self, job: str) -> None:
        """The list of jobs, and the timeline of one."""
        page = self.page
        with self.site.api() as api:
            running = {"state": ["PENDING", "RUNNING", "COMBINING"]}
            self.until(lambda: api.get("/api/jobs", params=running).json()["jobs"] == [], "the end of all jobs")
        page.goto(f"{self.site.base}/jobs")
        page.get_by_role("list", name="Jobs").get_by_role("listitem").first.wait_for()
        save("jobs", page)
        page.goto(f"{self.site.base}/jobs/{job}?tab=timeline")
        chart = page.get_by_role("region", name="Picture").locator("svg.marks, canvas").first
        chart.wait_for()
        page.evaluate("document.activeElement?.blur()")
        save("timeline", page)
        page.get_by_role("tab", name="Certificate and cost").click()
        page.get_by_role("heading", name="What ran").wait_for()
        save("certificate", page)
        page.get_by_role("link", name="Help", exact=True).click()
        page.get_by_role("heading", name="Help", level=1).wait_for()
        save("help", page)


def show_deployment(browser: Any) -> None:
    """The pages that only a deployment has: of one in the local cloud."""
    with tempfile.TemporaryDirectory() as folder, LocalCloud() as cloud:
        assembly = assembled(
            Path(folder), web="yes", web_client=str(client_folder()), analyses=[str(EXAMPLES / name) for name in SHOWN]
        )
        site = Page(cloud, dict(cloud.deploy(assembly, PREFIX).outputs))
        site.invited("ada")
        for key, text in PROFILES.items():
            cloud.client("s3").put_object(Bucket=site.outputs["Bucket"], Key=key, Body=text.encode())
        page = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce").new_page()
        page.set_default_timeout(WAIT_S * 1000)
        page.goto(f"{site.address}/profile")
        page.get_by_label("Name or e-mail address").fill("ada")
        page.get_by_label(re.compile("^Password")).fill(CHOSEN)
        save("sign-in", page)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Profile", level=1).wait_for()
        page.get_by_text("Ada Lovelace").wait_for()
        save("profile", page)
        page.context.close()
        cloud.destroy(PREFIX)


def save(name: str, page: Any) -> None:
    """What is seen now, with as many colours as fit."""
    page.wait_for_timeout(400)  # what fades in is there
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colours in COLOURS:
        data = io.BytesIO()
        seen.quantize(colours, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
        if data.tell() <= MOST_BYTES:
            break
    path = IMAGES_FOLDER / f"web-{name}.png"
    path.write_bytes(data.getvalue())
    sys.stdout.write(f"docs/images/{path.name}: {data.tell():,} bytes\n")


if __name__ == "__main__":
    main()
