"""The web client in a browser: first paints, bytes, and scrolling through 10,000 matches.

    .venv/bin/python -m benchmarks.web_client

needs the client (`make client`), Chromium, and what the tests need. Pages come from a server of this machine. Cold: a browser
that was never there; warm: the same browser again. Beside the page of results, what there is without a server: `matches.html`
of the same job. Paints are from the start of the navigation, medians; the largest paint is the last one that the browser names.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from examples.color_depth_search.generate import generate_library
from tests.browser import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES
from tests.web_client.conftest import LIBRARY, Site, serving

ANALYSIS = Path(__file__).parents[1] / "tests" / "web_client" / "many_matches"
IMAGES, MANY, KINDS = 60, 10_000, 12
FRAMES = 240
SETTLED_MS = 800
"""After its first match, a page is given so long for what else it paints."""
WAIT_S = 120
LOOSE = {"min_matching_pix_ratio": 0, "mask_threshold": 40, "data_threshold": 40, "pix_color_fluctuation": 5}
"""So that a small library has many matches."""
PAINTS = """() => {
    window.largest = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) largest = one.startTime; })
        .observe({type: 'largest-contentful-paint', buffered: true});
}"""
SCROLL = """async frames => {
    const end = document.documentElement.scrollHeight - innerHeight, start = scrollY, gaps = [];
    let before = await new Promise(requestAnimationFrame);
    for (let frame = 1; frame <= frames; frame++) {
        scrollTo(0, start + (end - start) * frame / frames);
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - before);
        before = now;
    }
    return gaps;
}"""


class Paint(NamedTuple):
    """How a page came."""

    first_ms: float
    largest_ms: float
    kilobytes: float
    """That were transferred, compressed as they were."""
    requests: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="how often each page is opened")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        generate_library(folder / "generated", IMAGES, seed=7, masks=1, planted=4)
        with serving(folder, folder / "generated") as site:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
            print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Chromium {browser.version}")
            print(f"load of the machine over a minute: {os.getloadavg()[0]:.1f} at the start")
            given = {"mask": str(site.masks[0])}
            found = finish(site, "color-depth-search", {**given, "library": f"library:{LIBRARY}", **LOOSE})
            many = finish(site, str(ANALYSIS), {**given, "library": str(many_images(folder / "many"))})
            paints(browser, site, found, folder / "matches.html", options.repeat)
            scrolling(browser, site, many)
            browser.close()
            print(f"\nload of the machine over a minute: {os.getloadavg()[0]:.1f} at the end")


def chromium() -> str:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        sys.exit(f"no Chromium is installed (looked for {', '.join(CHROMIUM_NAMES)})")
    return found


def many_images(folder: Path) -> Path:
    """A folder of small images, of which a few only are different files."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(MANY):
        path = folder / f"L{number // 4:04}-image-{number:05}.png"
        if number < KINDS:
            Image.fromarray(random.integers(0, 255, (57, 121, 3), dtype=np.uint8)).save(path)
        else:
            kind = number % KINDS
            os.link(folder / f"L{kind // 4:04}-image-{kind:05}.png", path)
    return folder


def finish(site: Site, analysis: str, parameters: dict[str, Any]) -> str:
    """The id of a job that has ended well."""
    end = time.monotonic() + WAIT_S
    with site.api() as api:
        answer = api.post("/api/jobs", json={"analysis": analysis, "parameters": parameters})
        answer.raise_for_status()
        job = str(answer.json()["job_id"])
        while (now := api.get(f"/api/jobs/{job}").json())["state"] != "SUCCEEDED":
            if now["state"] not in ("PENDING", "RUNNING", "COMBINING") or time.monotonic() > end:
                sys.exit(f"the job {job} did not end well: {now['state']} {now['reason']}")
            time.sleep(0.1)
    return job


@contextmanager
def tab(browser: Any, site: Site) -> Iterator[Any]:
    """A browser profile of its own that has the token and nothing in its cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.add_init_script(f"({PAINTS})()")
    context.request.get(site.url).dispose()
    try:
        yield context
    finally:
        context.close()


def paint(context: Any, address: str, there: str) -> Paint:
    """Open a page in a new tab, until the element `there` is seen and all is quiet."""
    page = context.new_page()
    page.set_default_timeout(WAIT_S * 1000)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    finished: list[float] = []
    session.on("Network.loadingFinished", lambda event: finished.append(event["encodedDataLength"]))
    page.goto(address)
    page.locator(there).first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    largest = page.evaluate("largest")
    page.close()
    return Paint(first, largest, sum(finished) / 1000, len(finished))


def paints(browser: Any, site: Site, job: str, file: Path, repeat: int) -> None:
    """The table of first paints."""
    with site.api() as api:
        answer = api.get(f"/api/jobs/{job}/files/matches.html")
        answer.raise_for_status()
        file.write_bytes(answer.content)
        matches = api.get(f"/api/jobs/{job}/results", params={"at": "/results", "limit": 1}).json()["total"]
    print(f"\nresults: {matches} matches, of which the page shows 30; median of {repeat}\n")
    print("                             first paint   largest paint   transferred   requests")
    pages = (
        ("New search", f"{site.base}/search", "text=Drop"),
        ("results", f"{site.base}/jobs/{job}", "[data-key]"),
    )
    for name, address, there in pages:
        cold, warm = [], []
        for _ in range(repeat):
            with tab(browser, site) as context:
                cold.append(paint(context, address, there))
                warm.append(paint(context, address, there))
        row(f"{name}, cold", cold)
        row(f"{name}, warm", warm)
    alone = []
    for _ in range(repeat):
        with tab(browser, site) as context:
            one = paint(context, file.as_uri(), "img")
            alone.append(one._replace(kilobytes=file.stat().st_size / 1000, requests=1))
    row("matches.html, from the disk", alone)


def row(name: str, paints: list[Paint]) -> None:
    first, largest, kilobytes, requests = (statistics.median(values) for values in zip(*paints, strict=True))
    print(f"  {name:<27}{first:8.0f} ms{largest:13.0f} ms{kilobytes:11,.0f} kB{requests:11.0f}")


def scrolling(browser: Any, site: Site, job: str) -> None:
    """The table of scrolling from the first of many matches to the last."""
    print(f"\nscrolling through {MANY:,} matches, from end to end in {FRAMES} steps, one a frame\n")
    print("             frames a second   longest frame   longest task, processor time")
    for layout in ("grid", "list"):
        with tab(browser, site) as context:
            page = context.new_page()
            page.set_default_timeout(WAIT_S * 1000)
            page.goto(f"{site.base}/jobs/{job}?size=all&view={layout}")
            page.locator("[data-key]").first.wait_for()
            page.wait_for_timeout(SETTLED_MS)
            browser.start_tracing(page=page, categories=["toplevel"])
            gaps = page.evaluate(SCROLL, FRAMES)
            page.locator(f"[data-index='{MANY - 1}'][data-key]").wait_for()
            longest = longest_task_ms(browser.stop_tracing())
        print(f"  {layout:<8}{1000 / statistics.mean(gaps):15.0f}{max(gaps):17.0f} ms{longest:24.0f} ms")


def longest_task_ms(trace: bytes) -> float:
    """The processor's time for the longest task of the page, by a trace of the browser."""
    events = json.loads(trace)["traceEvents"]
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(event["tdur"] for event in events if (event["pid"], event["tid"]) in pages and "tdur" in event) / 1000


if __name__ == "__main__":
    main()
