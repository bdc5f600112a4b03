"""Items of a job: a range of numbers, or a stored list split into one small object per range of items.

A worker reads only the chunks that its batch touches, where the field's services had each worker download
the whole list.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from skyburst.analysis import Items, JoinedItems
from skyburst.contracts import values
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.ports import Objects

CHUNK_BYTES = 256 * 1024
MOST_ITEMS_PER_CHUNK = 1_000
PREFIXES = 64
"""Chunks are spread over so many prefixes, because a store serves each prefix at a limited rate."""
KEPT_CHUNKS = 4


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The whole numbers of a half-open range, as items."""

    start: int
    end: int

    @property
    def count(self) -> int:
        """Number of items."""
        return self.end - self.start

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"range": [self.start, self.end]}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A stored list of items."""

    location: str
    """Folder or URL of the object store."""
    prefix: str
    """Under which the chunks lie."""
    count: int
    """Number of items."""
    chunk_items: int
    """Items in each chunk but the last."""
    digest: str
    """SHA-256 over the SHA-256s of the chunks, hexadecimal: the version of all items."""

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.count // self.chunk_items)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"manifest": asdict(self)}

    def chunk_key(self, chunk: int) -> str:
        """Key of a chunk."""
        return _chunk_key(self.prefix, chunk)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several stored lists of items, one after the other. A batch has items of one of them alone."""

    parts: tuple[Manifest, ...]
    batch_sizes: tuple[int | None, ...]
    """Of each list, the batch size that fits its items, if who listed them gave one."""

    @property
    def count(self) -> int:
        """Number of items."""
        return sum(part.count for part in self.parts)

    @property
    def starts(self) -> list[int]:
        """Number of the first item of each list, and the number of all."""
        return list(accumulate((part.count for part in self.parts), initial=0))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        sizes = ({} if size is None else {"batch_size": size} for size in self.batch_sizes)
        return {"joined": [{**part.document(), **size} for part, size in zip(self.parts, sizes, strict=True)]}


Source = NumberRange | Manifest | Joined
IsOwn = Callable[[Manifest], bool]


def write_manifest(
    objects: Objects, location: str, prefix: str, items: Iterable[Any], *, chunk_items: int | None = None
) -> Manifest:
    """Store items under a prefix of an object store, in bounded memory.

    Without `chunk_items` the size of a chunk is chosen from the first items, so that it is about 256 KiB.

    Raises:
        NotJson: when an item is not a JSON value, with its number.
    """
    digest = hashlib.sha256()
    count = chunk = 0
    waiting: list[bytes] = []
    waiting_bytes = 0

    def flush() -> None:
        nonlocal chunk
        data = b"[" + b",\n".join(waiting) + b"]\n"
        digest.update(hashlib.sha256(data).digest())
        objects.put(_chunk_key(prefix, chunk), data)
        chunk += 1

    for item in items:
        values.check(item, f"items[{count}]")
        encoded = values.encode(item)
        waiting.append(encoded)
        waiting_bytes += len(encoded)
        count += 1
        if chunk_items is None and (waiting_bytes >= CHUNK_BYTES or len(waiting) >= MOST_ITEMS_PER_CHUNK):
            chunk_items = len(waiting)
        if chunk_items is not None and len(waiting) == chunk_items:
            flush()
            waiting, waiting_bytes = [], 0
    if waiting:
        flush()
    return Manifest(location, prefix, count, chunk_items or max(1, count), digest.hexdigest())


def store_listed(objects: Objects, location: str, prefix: str, listed: Any) -> dict[str, Any]:
    """Store what the function that lists an analysis' items returned, unless it is a manifest already.

    Returns:
        The source's document, with a `batch_size` when the function gave one.

    Raises:
        InvalidItems: when it returned neither items nor a manifest, or no items.
    """
    document = _store(objects, location, prefix, listed)
    if not parse_source(document).count:
        raise InvalidItems("there are no items for these parameters: there is nothing to run")
    return document


def _store(objects: Objects, location: str, prefix: str, listed: Any) -> dict[str, Any]:
    if isinstance(listed, JoinedItems):
        parts = [_store(objects, location, f"{prefix}/{number}", part) for number, part in enumerate(listed.parts)]
        if any("joined" in part for part in parts):
            raise InvalidItems(
                "lists of items that are joined were joined once more: give all of them in one JoinedItems"
            )
        return {"joined": parts}
    if isinstance(listed, Items):
        return {**_store(objects, location, prefix, listed.items), "batch_size": listed.batch_size}
    if not isinstance(listed, Manifest) and (isinstance(listed, str | bytes) or not hasattr(listed, "__iter__")):
        raise InvalidItems(
            f"the function that lists items returned {type(listed).__name__}: expected an iterator or a manifest"
        )
    manifest = listed if isinstance(listed, Manifest) else write_manifest(objects, location, prefix, listed)
    return manifest.document()


class ItemReader:
    """Reads the items of batches, keeping the last chunks.

    Args:
        source: of the items.
        objects: where they are stored, if that is open already; of lists that are joined, each is opened.
        is_own: whether a list was stored for the job, and so is of no library.
    """

    def __init__(self, source: Source, objects: Objects | None = None, is_own: IsOwn | None = None) -> None:
        self._source = source
        self._is_own = is_own
        self._objects = objects
        self._chunks: OrderedDict[int, list[Any]] = OrderedDict()
        self._readers: dict[int, ItemReader] = {}

    def read(self, start: int, end: int) -> list[Any]:
        """Items `[start, end)`.

        Raises:
            InvalidItems: when the stored manifest is damaged.
        """
        if isinstance(self._source, NumberRange):
            return list(range(self._source.start + start, min(self._source.start + end, self._source.end)))
        if isinstance(self._source, Joined):
            return self._read_joined(self._source, start, end)
        size = self._source.chunk_items
        end = min(end, self._source.count)
        found: list[Any] = []
        for chunk in range(start // size, -(-end // size)):
            first, last = max(0, start - chunk * size), end - chunk * size
            if first == 0 and last >= size:  # nobody else wants it: it is given away, which spares the copy
                found.extend(self._read(self._source, chunk))
            else:  # a worker may change its items, and a second attempt must not see that
                found.extend(copy.deepcopy(self._chunk(self._source, chunk)[first:last]))
        return found

    def library(self, item: int) -> str | None:
        """Folder or URL of the library that an item, by its number, comes from; None when it comes from none."""
        source = self._source
        if isinstance(source, Joined):
            source = next(part for part, end in zip(source.parts, source.starts[1:], strict=True) if item < end)
        return library_of(source, self._is_own)

    @property
    def one_library(self) -> str | None:
        """Folder or URL of the library that all items come from, if they do."""
        return library_of(self._source, self._is_own)

    def _read_joined(self, source: Joined, start: int, end: int) -> list[Any]:
        found: list[Any] = []
        for number, (part, first) in enumerate(zip(source.parts, source.starts, strict=False)):
            if start < first + part.count and first < end:
                if number not in self._readers:
                    self._readers[number] = ItemReader(part)
                found += self._readers[number].read(max(0, start - first), end - first)
        return found

    def _chunk(self, manifest: Manifest, chunk: int) -> list[Any]:
        if chunk in self._chunks:
            self._chunks.move_to_end(chunk)
            return self._chunks[chunk]
        items = self._chunks[chunk] = self._read(manifest, chunk)
        if len(self._chunks) > KEPT_CHUNKS:
            self._chunks.popitem(last=False)
        return items

    def _read(self, manifest: Manifest, chunk: int) -> list[Any]:
        if self._objects is None:
            from skyburst.objects import open_store

            self._objects = open_store(manifest.location)
        return read_chunk(manifest, self._objects, chunk)[0]


def read_chunk(manifest: Manifest, objects: Objects, chunk: int) -> tuple[list[Any], bytes]:
    """The items of a chunk, as many as there should be, and its bytes.

    Raises:
        InvalidItems: when the chunk is missing or damaged.
    """
    key = manifest.chunk_key(chunk)
    expected = min(manifest.chunk_items, manifest.count - chunk * manifest.chunk_items)
    where = _name_chunk(manifest, chunk)
    try:
        data = objects.get(key)
        items = values.decode(data)
    except (ValueError, ObjectNotFound) as error:
        raise InvalidItems(f"{where} is missing or damaged: {error}") from error
    if not isinstance(items, list) or len(items) != expected:
        raise InvalidItems(f"{where} is damaged: it should hold {expected} items")
    return items, data


def read_all(manifest: Manifest, objects: Objects) -> Iterator[Any]:
    """All items in order, checked against the digest at the end.

    Raises:
        InvalidItems: when the chunks are not those that were written.
    """
    digest = hashlib.sha256()
    for chunk in range(manifest.chunks):
        items, data = read_chunk(manifest, objects, chunk)
        digest.update(hashlib.sha256(data).digest())
        yield from items
    _check_digest(manifest, digest.hexdigest())


def verify_chunks(manifest: Manifest, objects: Objects) -> None:
    """Compare the chunks with the digest, without decoding them; where each read waits for a network, many are in flight.

    Raises:
        InvalidItems: when the chunks are not those that were written.
        StorageError: when one cannot be read.
    """

    def digest_of(chunk: int) -> bytes:
        try:
            return hashlib.sha256(objects.get(manifest.chunk_key(chunk))).digest()
        except ObjectNotFound as error:
            raise InvalidItems(f"{_name_chunk(manifest, chunk)} is missing: {error}") from error

    digest = hashlib.sha256()
    if objects.at_once > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(objects.at_once, "verify") as pool:
            for found in pool.map(digest_of, range(manifest.chunks)):
                digest.update(found)
    else:
        for chunk in range(manifest.chunks):
            digest.update(digest_of(chunk))
    _check_digest(manifest, digest.hexdigest())


def parse_source(document: dict[str, Any]) -> Source:
    """The source that `document()` described.

    Raises:
        InvalidItems: when it is none.
    """
    match document:
        case {"joined": [*entries]}:
            parts = manifests_of(document)
            return Joined(tuple(parts), tuple(entry.get("batch_size") for entry in entries))
        case {"range": [int(start), int(end)]}:
            return NumberRange(start, end)
        case {"manifest": dict(fields)}:
            try:
                return Manifest(**fields)
            except TypeError as error:
                raise InvalidItems(f"{fields!r} does not describe a manifest: {error}") from error
    raise InvalidItems(f"{document!r} describes neither a range nor a manifest")


def manifests_of(document: dict[str, Any]) -> list[Manifest]:
    """The stored lists of a source's document; none of a range.

    Raises:
        InvalidItems: when it is no source.
    """
    parts = [parse_source(part) for part in document["joined"]] if "joined" in document else [parse_source(document)]
    return [part for part in parts if isinstance(part, Manifest)]


def library_of(source: Source, is_own: IsOwn | None) -> str | None:
    """Folder or URL of the library that all items come from, if they do.

    Args:
        source: of the items.
        is_own: whether a list was stored for the job.
    """
    if not isinstance(source, Manifest) or (is_own and is_own(source)):
        return None
    return source.location


def _check_digest(manifest: Manifest, found: str) -> None:
    if found != manifest.digest:
        raise InvalidItems(
            f"the manifest {manifest.prefix!r} in {manifest.location} was changed since it was written: build it again"
        )


def _name_chunk(manifest: Manifest, chunk: int) -> str:
    return f"chunk {manifest.chunk_key(chunk)!r} of the manifest in {manifest.location}"


def _chunk_key(prefix: str, chunk: int) -> str:
    return f"{prefix}/{chunk % PREFIXES:02d}/{chunk:08d}.json"
