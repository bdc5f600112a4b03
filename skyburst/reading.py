"""Reads files by their location, a path or a URL: one, or many ahead of who wants them.

Imports nothing but the standard library until a URL is read: workers read local files at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from skyburst.local_files import open_regular

if TYPE_CHECKING:
    from concurrent.futures import Future

    from skyburst.objects import ObjectStore

AT_ONCE = 16
"""Files that are read ahead: at 30 ms each about 500 a second, and some tens of megabytes of images."""
MOST_STORES = 32
SETTINGS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID")
"""A store speaks to where these led when it was opened."""

Item = TypeVar("Item")
Read = Callable[[], bytes]
"""The bytes of a file. Raises what reading it raised."""


def read_location(location: str) -> bytes:
    """The bytes of a local file or of an object behind a URL. Raises OSError, or ObjectNotFound of a URL."""
    if not _is_url(location):
        with open_regular(location) as file:
            return file.read()
    root, key = _split(location)
    return _store(root, tuple(os.environ.get(name) for name in SETTINGS)).get(key)


def read_each(items: Iterable[Item], location: Callable[[Item], str]) -> Iterator[tuple[Item, Read]]:
    """Each item with a function that gives the bytes of its file, in their order.

    Files behind URLs are read ahead, many at a time, because each one waits for the network; local files are read when they
    are asked for. Bytes are kept no longer than until the next item.

    Args:
        items: any number; they are taken as they are needed.
        location: path or URL of an item's file.
    """
    coming: deque[tuple[Item, Read]] = deque()
    pool = None
    try:
        for item in items:
            place = location(item)
            if not _is_url(place):
                coming.append((item, partial(read_location, place)))
            else:
                if pool is None:
                    from concurrent.futures import ThreadPoolExecutor

                    pool = ThreadPoolExecutor(AT_ONCE, "read-ahead")
                future: Future[bytes] = pool.submit(read_location, place)
                coming.append((item, future.result))
            if pool is None or len(coming) > AT_ONCE:
                yield coming.popleft()
        while coming:
            yield coming.popleft()
    finally:  # also when nobody wants the rest
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _is_url(location: str) -> bool:
    return "://" in location


def _split(location: str) -> tuple[str, str]:
    """The store of a URL and the key in it. One store serves a bucket: a new one would connect anew for each file."""
    if location.startswith("s3://"):
        bucket, _, key = location.removeprefix("s3://").partition("/")
        return f"s3://{bucket}", key
    root, _, key = location.rpartition("/")
    return root, key


@lru_cache(MOST_STORES)
def _store(root: str, settings: tuple[str | None, ...]) -> ObjectStore:
    from skyburst.objects import open_store

    del settings  # they are read from the environment
    return open_store(root)
