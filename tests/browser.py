"""Fixtures for tests of pages: a real browser. Folders that need them import them in their conftest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_MS

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Of one module only: while it is open, playwright's event loop runs in this thread, where no other can.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium: required in CI, optional elsewhere."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        reason = f"no Chromium is installed (looked for {', '.join(CHROMIUM_NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must provide one")
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_html(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens HTML in a tab; afterwards fails on any error in the console and on any request."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_in_tab(html: bytes, *, width: int = 1280, height: int = 900, dark: bool = False) -> Any:
        file = tmp_path / "page.html"
        file.write_bytes(html)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        tab.on("console", lambda message: complaints.append(f"console: {message.type}: {message.text}"))
        tab.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        own = file.as_uri()
        tab.on(
            "request",
            lambda request: (
                complaints.append(f"request: {request.url[:200]}")
                if not request.url.startswith(("data:", own))
                else None
            ),
        )
        tab.goto(own)
        return tab

    yield open_in_tab
    for context in contexts:
        context.close()
    assert complaints == []
