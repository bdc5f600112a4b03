"""Puts the built web client into wheels and source archives, so that who installs them needs no Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the client where nobody has, and adds it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Nothing is built for editable installs: a checkout has its own client, or none."""
        if version == "editable":
            return
        client = Path(self.root, "web", "client")
        built = client / "dist"
        if not (built / "index.html").is_file():
            npm = shutil.which("npm")
            if npm is None:
                raise RuntimeError(
                    f"{built} is not there, and no npm to build it: run `make client`, or install Node 20.19 or newer"
                )
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=client, check=True)
            subprocess.run([npm, "run", "build"], cwd=client, check=True)
        inside = "skyburst/_shipped/client" if self.target_name == "wheel" else "web/client/dist"
        build_data["force_include"][str(built)] = inside
