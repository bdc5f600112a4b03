"""Frames between the driver and a worker process, over a socket pair.

A frame is a JSON header and any number of binary parts, because partial results are bytes already and JSON has none.
Nothing here can run code, unlike pickle.
"""

from __future__ import annotations

import json
import select
import socket
import struct
from typing import Any, NamedTuple

HEAD = struct.Struct("<IQ")
RECEIVE_BYTES = 1 << 18


class Frame(NamedTuple):
    """One message."""

    header: Any
    """Any JSON value."""
    parts: list[bytes]


class Channel:
    """One end of a socket pair."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._buffer = bytearray()

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, header: Any, parts: list[bytes] | None = None) -> None:
        """Send one frame. Raises OSError when the other end is gone."""
        parts = parts or []
        text = json.dumps([header, [len(part) for part in parts]], separators=(",", ":")).encode()
        body = b"".join(parts)
        self._socket.sendall(HEAD.pack(len(text), len(body)) + text + body)

    def receive(self) -> Frame:
        """Wait for one frame. Raises EOFError when the other end is gone."""
        while (frame := self._next()) is None:
            self._fill()
        return frame

    def receive_available(self) -> list[Frame]:
        """Frames that have arrived, after waiting for some if there are none.

        Raises EOFError when the other end is gone.
        """
        frames = []
        if (first := self._next()) is not None:
            frames.append(first)
        else:
            self._fill()
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def readable(self) -> bool:
        """True when something has arrived that was not looked at, or the other end is gone: receiving does not wait."""
        return self._end_of_next() is not None or bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _fill(self) -> None:
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except ConnectionResetError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        self._buffer += data

    def _end_of_next(self) -> int | None:
        """Where the first frame ends, when it has arrived whole."""
        if len(self._buffer) < HEAD.size:
            return None
        end = HEAD.size + sum(HEAD.unpack_from(self._buffer))
        return end if len(self._buffer) >= end else None

    def _next(self) -> Frame | None:
        end = self._end_of_next()
        if end is None:
            return None
        position = HEAD.size + HEAD.unpack_from(self._buffer)[0]
        header, sizes = json.loads(self._buffer[HEAD.size : position])
        parts = []
        for size in sizes:
            parts.append(bytes(self._buffer[position : position + size]))
            position += size
        del self._buffer[:end]
        return Frame(header, parts)


def pair() -> tuple[Channel, socket.socket]:
    """The driver's channel and the socket to hand to the worker."""
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs
