"""The files of the web client, as they were built into the wheel or in a checkout."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

INDEX, CONFIG, HASHED = "index.html", "config.json", "assets/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may do: load from its own server, and nothing else. Styles are written into pages by the components."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
LOCAL: Mapping[str, Any] = {"auth": None, "live": {"kind": "sse"}}
"""What pages of this machine's server are told: nobody signs in, and jobs are heard of by server-sent events."""


def client_folder() -> Path | None:
    """Where the built client is; None in a checkout in which nobody built it."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_shipped" / "client", package.parent / "web" / "client" / "dist"):
        if (folder / INDEX).is_file():
            return folder
    return None


class Client:
    """The files of a built client.

    Args:
        folder: of the build.
        config: what `/config.json` holds.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any] = LOCAL) -> None:
        self._files = dict(_files(folder))
        self._config = msgspec.json.encode(config)

    def answer(self, path: str) -> tuple[bytes, str, str] | None:
        """What a path without its first slash is answered with: bytes, media type, and how long it may be kept.

        Every path that is no file is a page of the client, which knows its own paths; None for a file that is not there.
        """
        if path == CONFIG:
            return self._config, "application/json", "no-store"
        if path.startswith(HASHED):
            found = self._files.get(path)
            return (found.read_bytes(), _kind(path), "public, max-age=31536000, immutable") if found else None
        found = self._files.get(path) or self._files[INDEX]
        return found.read_bytes(), _kind(found.name), "no-cache"


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Known before anybody asks: no path of a request is ever looked for on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _kind(name: str) -> str:
    if name.endswith(".js"):
        return "text/javascript; charset=utf-8"  # what systems say of .js differs
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
