"""Delivers messages: tried again after a while when that may help, and remembered. No job fails of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skyburst.contracts import values
from skyburst.errors import InvalidJob, NotDelivered, ObjectNotFound
from skyburst.notifications.targets import MOST_TARGETS, Target, parse_target
from skyburst.ports import Objects

FOLDER = "notified/"
ATTEMPTS = 4
FIRST_WAIT_S = 1.0
STALE_S = 180.0
"""A message that somebody began to send so long ago, and that was neither sent nor given up, is sent again: its sender died."""
LONGEST_REASON = 500
DIGITS = 20
Send = Callable[[Target, dict[str, Any], str], None]
"""Sends a message to a target, with what tells the delivery from others. Raises NotDelivered, or InvalidJob for a setting."""


class Delivery:
    """Tells everybody who is to be told of one job.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of them.
        send: sends one message once.
        sleep: waits before another attempt.
    """

    def __init__(
        self, objects: Objects, prefix: str, send: Send, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._objects, self._prefix, self._send, self._sleep = objects, prefix, send, sleep

    def deliver(self, message: dict[str, Any], targets: list[str]) -> list[dict[str, Any]]:
        """Tell all targets, at the same time, each once for a run of the job.

        Returns:
            What became of each: `{"target", "run", "state", "attempts", "at", "reason"}`; `state` is `sent` or `failed`, and
            `sending` when somebody else is at it.
        """
        if not targets:
            return []
        with ThreadPoolExecutor(MOST_TARGETS, "notify") as pool:
            return list(pool.map(lambda target: self._one(message, target), dict.fromkeys(targets)))

    def _one(self, message: dict[str, Any], target: str) -> dict[str, Any]:
        key = f"{self._prefix}{FOLDER}{message['run']}-{identity_of(target)}.json"
        entry = {
            "target": target,
            "run": message["run"],
            "state": "sending",
            "attempts": 0,
            "at": time.time(),
            "reason": "",
        }
        if not self._objects.put_new(key, values.encode(entry)):
            earlier = self._earlier(key)
            if earlier["state"] != "sending" or entry["at"] - earlier["at"] < STALE_S:
                return earlier
            self._objects.put(key, values.encode(entry))
        delivery = f"{message['job']}/{message['run']}/{identity_of(target)}"
        while True:
            entry["attempts"] += 1
            try:
                self._send(parse_target(target), message, delivery)
                entry |= {"state": "sent", "reason": ""}
                break
            except (NotDelivered, InvalidJob) as error:
                entry |= {"state": "failed", "reason": str(error)[:LONGEST_REASON]}
                if entry["attempts"] == ATTEMPTS or not getattr(error, "temporary", False):
                    break
            self._sleep(FIRST_WAIT_S * 2 ** (entry["attempts"] - 1))
        entry["at"] = time.time()
        self._objects.put(key, values.encode(entry))
        return entry

    def _earlier(self, key: str) -> dict[str, Any]:
        entry: dict[str, Any] = values.decode(self._objects.get(key))
        return entry


def identity_of(target: str) -> str:
    """Tells a target from others, by its kind and its address, wherever it is in a list: a profile may be edited meanwhile."""
    return hashlib.sha256(target.encode()).hexdigest()[:DIGITS]


def notified(objects: Objects, prefix: str, run: int) -> list[dict[str, Any]]:
    """What became of the messages about a run of a job, by target."""
    start = f"{prefix}{FOLDER}{run}-"
    keys = [entry.key for entry in objects.list(prefix + FOLDER) if entry.key.startswith(start)]
    found = []
    for key in keys:
        try:
            found.append(values.decode(objects.get(key)))
        except ObjectNotFound:  # the job is being deleted
            continue
    return sorted(found, key=lambda entry: str(entry["target"]))
