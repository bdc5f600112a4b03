"""Fixtures of these tests: a real browser."""

from __future__ import annotations

from tests.browser import browser, open_html

__all__ = ["browser", "open_html"]
