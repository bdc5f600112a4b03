"""A real `skyburst serve` with a generated library and the built client, and tabs of a browser that look at it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser
from tests.cli.terminal import PROGRAM, environment
from tests.conftest import need, needed
from tests.waiting import PATIENCE_MS, PATIENCE_S, eventually

__all__ = ["browser"]

IMAGES = 60
LIBRARY = "brains"


@dataclass(frozen=True)
class Site:
    """A server of pages."""

    url: str
    """With the token."""
    home: Path
    """The state folder of its jobs."""
    libraries: Path
    masks: tuple[Path, ...]
    """Of neurons that are in the library."""
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        """Its address without a path."""
        return self.url.partition("/?")[0]

    def api(self) -> Any:
        """A client of its API, for what a test wants to know or do beside the page."""
        httpx = needed("httpx")
        token = self.url.rpartition("=")[2]
        return httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def ended(api: Any, job_id: str) -> dict[str, Any]:
    """A job when it has ended, as the API tells it."""
    job: dict[str, Any] = {}

    def has_ended() -> bool:
        job.update(api.get(f"/api/jobs/{job_id}").json())
        return job["finished_at"] is not None

    eventually(has_ended, lambda: job)
    return job


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with one library of generated images."""
    from examples.color_depth_search.generate import generate_library
    from skyburst.web.client import client_folder

    needed("litestar")
    need(client_folder() is not None, "the client is not built: `make client`")
    folder = tmp_path_factory.mktemp("site")
    images = folder / "generated"
    generate_library(images, IMAGES, seed=7, masks=2, planted=4)
    with serving(folder, images) as found:
        yield found


@contextmanager
def serving(folder: Path, images: Path, port: int = 0) -> Iterator[Site]:
    """A server over a folder of its own, with the library that is built of generated images unless it is there."""
    home, libraries = folder / "home", folder / "libraries"
    variables = environment(SKYBURST_HOME=str(home))
    if not libraries.is_dir():
        build = [*PROGRAM, "library", "build", str(images / "images"), str(libraries / LIBRARY), "--quiet"]
        subprocess.run(build, env=variables, check=True, capture_output=True, timeout=120)
    command = [*PROGRAM, "serve", "--port", str(port), "--libraries", str(libraries)]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("open http://127.0.0.1:"), line + process.communicate()[1]
            masks = tuple(sorted((images / "masks").glob("*.tif")))
            yield Site(line.removeprefix("open ").strip(), home, libraries, masks, process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE_S)
            finally:
                process.kill()


@pytest.fixture
def expect() -> Any:
    """Playwright's claims, which wait."""
    claims = needed("playwright.sync_api").expect
    claims.set_options(timeout=PATIENCE_MS)
    return claims


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Opens a page of the site; afterwards fails on errors in the console, but on those that a test has expected."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_tab(path: str = "/", *, width: int = 1280, height: int = 900, dark: bool = False, expect: str = "") -> Any:
        """A tab with a browser profile of its own.

        Args:
            path: of the page.
            width: of the window in pixels.
            height: of the window in pixels.
            dark: whether the system's colours are dark.
            expect: errors of the console with this in them are none.
        """
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))

        def look(message: Any) -> None:
            if message.type in ("error", "warning") and not (expect and expect in message.text):
                complaints.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")

        page.on("console", look)
        if path == "/":
            page.goto(site.url)
        else:  # lets this browser in, without a page that nobody looks at
            context.request.get(site.url).dispose()
            page.goto(site.base + path)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def until(page: Any, look: Callable[[], Any], why: str = "it did not happen in time") -> None:
    """Wait, and let the page go on, until a look finds something."""
    end = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < end, why
        page.wait_for_timeout(50)


def holding(page: Any, address: str) -> list[Any]:
    """Requests to an address, as they come; each waits until the test goes on with it, or aborts it."""
    held: list[Any] = []

    def hold(route: Any) -> None:  # Playwright looks at how many arguments it takes
        held.append(route)

    page.route(address, hold)
    return held
