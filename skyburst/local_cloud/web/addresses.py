"""Addresses of their own, on this machine, of what AWS gives a name of its own: a port for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

HOST = "127.0.0.1"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Address:
    """A WSGI application on a port of its own, until it is closed."""

    def __init__(self, application: Application) -> None:
        from werkzeug.serving import make_server

        self._server = make_server(HOST, 0, application, threaded=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="address", daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Such as `127.0.0.1:41234`: what stands for the domain name that AWS would give."""
        return f"{HOST}:{self._server.server_port}"

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
