"""The one local cloud of this process: moto keeps its state in globals, and what is patched into it must find ours."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from skyburst.errors import LocalCloudBusy

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

_lock = threading.Lock()
_services: list[Services] = []


def current() -> Services:
    """The services of the running cloud. Raises RuntimeError when there is none."""
    if not _services:
        raise RuntimeError("no local cloud is running in this process; start one with `with LocalCloud():`")
    return _services[0]


def claim(services: Services) -> None:
    """Make these the running services. Raises LocalCloudBusy when there are others."""
    with _lock:
        if _services:
            raise LocalCloudBusy("a local cloud is running in this process already; stop it first, or use it")
        _services.append(services)


def release() -> None:
    """No cloud is running any more."""
    with _lock:
        _services.clear()
