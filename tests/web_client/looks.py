"""What is wrong with a page for anybody: what axe finds, and what is wider than the window."""

from __future__ import annotations

from typing import Any

from tests.conftest import REPOSITORY, need

AXE = REPOSITORY / "web" / "client" / "node_modules" / "axe-core" / "axe.min.js"


def serious(page: Any) -> list[str]:
    """What axe finds serious or critical, with the first elements of each."""
    need(AXE.is_file(), "axe is not installed: `make client` does that")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


def too_wide(page: Any) -> list[str]:
    """Whether a page scrolls sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} pixels wider than the window"] if wide > 0 else []
