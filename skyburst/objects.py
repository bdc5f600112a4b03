"""Objects in a folder, in memory or in a bucket, through one library that speaks to all of them."""

from __future__ import annotations

import functools
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from skyburst.errors import AwsUnavailable, InvalidItems, ObjectNotFound, StorageDenied, StorageError, StorageFull
from skyburst.local_files import Range, check_range
from skyburst.ports import Beginning, ObjectInfo

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

READ_AHEAD = 1 << 20
AT_ONCE = 32
"""Reads in flight from a bucket: at 25 ms each, about 1,300 objects a second, or what the network of a function carries."""
UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
UNFINISHED = re.compile(r"#\d+$")
"""Ends of the names of files in a folder that a write was to rename when it was complete."""
DRIVE = re.compile(r"[A-Za-z][:|]$")
"""Ends of names that stores in a folder take for a drive of Windows."""
CREDENTIALS = (
    "name a profile in AWS_PROFILE (`aws configure sso` makes one, `aws sso login` logs in), or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY"
)
"""What to do without any."""
NAMED = (
    "AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE",
)  # fmt: skip
"""Variables that say which credentials the library takes; it reads no profiles."""
PROFILES = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION")
"""Variables that say which profile counts, and where it is."""
ONLY_HTTPS = "data is read from s3:// and https:// only: give its https:// URL, or download it and give the file"
METADATA = "/latest/api/token"
"""Where the library asks for credentials when nothing names any: it is there on machines of EC2 only."""


class ObjectVersion(NamedTuple):
    """One version of an object."""

    size: int
    """Bytes."""
    etag: str | None
    """Changes with the content."""
    version: str | None
    """Its version in a bucket that keeps versions."""


class ObjectStore:
    """The objects port over `obstore`: writes are atomic, errors are ours."""

    def __init__(self, store: Store, location: str, *, at_once: int = 1) -> None:
        self._store = store
        self.location = location
        """Folder or URL that `open_store` opens again."""
        self.at_once = at_once
        """Reads that are worth having in flight at a time."""

    def put(self, key: str, data: bytes | Path) -> None:
        """Store an object, whole or not at all, over an older one; a path stands for its bytes."""
        import obstore

        if isinstance(data, Path) and not data.is_file():
            raise InvalidItems(f"{str(data)!r} cannot be stored as {key!r}: it is not a file")
        with self._errors(key):
            obstore.put(self._store, check_key(key), data)

    def put_pieces(self, key: str, pieces: Iterator[bytes]) -> int:
        """Store an object of pieces that are made one by one, in bounded memory, whole or not at all; how many bytes it has."""
        import obstore

        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                size += len(piece)
                yield piece

        with self._errors(key):
            obstore.put(self._store, check_key(key), counted(), use_multipart=True)
        return size

    def put_new(self, key: str, data: bytes) -> bool:
        """Store an object unless there is one; True when it was stored."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._errors(key):
            try:
                obstore.put(self._store, check_key(key), data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def get(self, key: str) -> bytes:
        """The whole object."""
        import obstore

        with self._errors(key):
            return bytes(obstore.get(self._store, check_key(key)).bytes())

    def get_version(self, key: str, version: str | None) -> bytes:
        """The whole object as it was in a version, of a bucket that keeps versions; None for how it is now."""
        import obstore

        with self._errors(key):
            options: Any = {"version": version} if version else None
            return bytes(obstore.get(self._store, check_key(key), options=options).bytes())

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes `[start, end)` of the object, fewer where it ends before; `start` must lie inside."""
        import obstore

        if start >= end:  # which the library refuses
            return b""
        with self._errors(key):
            return bytes(obstore.get_range(self._store, check_key(key), start=start, end=end))

    def get_ranges(self, key: str, ranges: Sequence[Range]) -> list[memoryview]:
        """Half-open ranges of the object's bytes, each with a byte at least, in the order given; ten are in flight together.

        Ranges that touch or overlap are one request.

        Raises:
            StorageError: when one lies beyond the object's end.
        """
        import obstore
        from obstore.exceptions import BaseError

        starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
        with self._errors(key):
            try:
                found = obstore.get_ranges(self._store, check_key(key), starts=starts, ends=ends, coalesce=0)
            except BaseError:
                self._check_ranges(key, ranges)
                raise
        views = [memoryview(data) for data in found]
        if any(len(view) != end - start for view, (start, end) in zip(views, ranges, strict=True)):
            self._check_ranges(key, ranges)
            raise StorageError(f"object {key!r} in {self.location} changed while it was read: read it again")
        return views

    def _check_ranges(self, key: str, ranges: Sequence[Range]) -> None:
        size = self.size(key)
        for wanted in ranges:
            check_range(f"object {key!r} in {self.location}", size, wanted)

    def size(self, key: str) -> int:
        """Bytes of the object."""
        import obstore

        with self._errors(key):
            return int(obstore.head(self._store, check_key(key))["size"])

    def version(self, key: str) -> ObjectVersion:
        """What the store says of the object as it is now."""
        import obstore

        with self._errors(key):
            found = obstore.head(self._store, check_key(key))
            return ObjectVersion(int(found["size"]), found["e_tag"], found["version"])

    def beginning(self, key: str, most: int) -> Beginning:
        """The first bytes of the object, at most so many, and its size."""
        import obstore
        from obstore.exceptions import BaseError

        with self._errors(key):
            try:
                found = obstore.get(self._store, check_key(key), options={"range": (0, most)})
                return Beginning(bytes(found.bytes()), int(found.meta["size"]))
            except BaseError:
                if self.size(key):  # else the range did not fit: it is empty
                    raise
                return Beginning(b"", 0)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """The object as a file, which can seek, read with bounded memory."""
        import obstore

        with self._errors(key):
            reader = obstore.open_reader(self._store, check_key(key), buffer_size=READ_AHEAD)
        with io.BufferedReader(_Stream(reader, partial(self._errors, key)), READ_AHEAD) as file:
            yield file

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose keys lie under the prefix, which ends at a `/`."""
        import obstore

        folder = check_key(prefix.removesuffix("/")) if prefix else None
        with self._errors(prefix):
            for page in obstore.list(self._store, folder):
                for entry in page:
                    yield ObjectInfo(entry["path"], entry["size"])

    def folders(self, prefix: str = "") -> Sequence[str]:
        """The folders right below the prefix, which ends at a `/`, without that of their own; what is in them is not listed."""
        import obstore

        folder = check_key(prefix.removesuffix("/")) if prefix else None
        with self._errors(prefix):
            return sorted(obstore.list_with_delimiter(self._store, folder)["common_prefixes"])

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that do not exist are no error."""
        import obstore

        for key in keys:
            try:
                with self._errors(key):
                    obstore.delete(self._store, check_key(key))
            except ObjectNotFound:
                continue

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        """Translate the library's errors into ours, at this edge only."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except FileNotFoundError as error:
            raise ObjectNotFound(f"there is no object {key!r} in {self.location}") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise StorageDenied(f"object {key!r} in {self.location}: {self._denied}") from error
        except (BaseError, OSError) as error:
            text = str(error).split("\n")[0]
            if "os error 28" in str(error) or "os error 122" in str(error):
                raise StorageFull(f"the disk of {self.location} is full: free some space and resume the job") from error
            if "NoSuchBucket" in str(error):
                raise StorageDenied(f"{self.location}: there is no such bucket: look at its name") from error
            if METADATA in text:
                raise StorageDenied(
                    f"object {key!r} in {self.location}: there are no AWS credentials: {CREDENTIALS}"
                ) from error
            raise StorageError(f"object {key!r} in {self.location}: {text}") from error

    @property
    def _denied(self) -> str:
        if not self.location.startswith("s3://"):
            return "access is denied"
        return (
            "access is denied, or there is no such bucket: look at its name, and at what these credentials may do; jobs of a "
            "deployment may use its own bucket, and those that its settings `input_buckets` and `result_buckets` name"
        )


class _Stream(io.RawIOBase):
    """Gives obstore's reader the shape of a raw stream."""

    def __init__(self, reader: Any, errors: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._reader = reader
        self._errors = errors

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return int(self._reader.seek(offset, whence))

    def readinto(self, buffer: Any) -> int:
        with self._errors():
            data = bytes(self._reader.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def open_store(location: str | Path, *, create: bool = False) -> ObjectStore:
    """Open a folder, or a URL such as `s3://bucket/prefix` or `memory://`.

    Raises:
        InvalidItems: when the location is neither.
        AwsUnavailable: when it is in S3, and the profile of this user gives no credentials.
    """
    from obstore.store import LocalStore, MemoryStore, from_url

    text = str(location)
    if text.startswith("http://"):
        raise InvalidItems(f"{text!r}: {ONLY_HTTPS}")
    if text == "memory://":
        return ObjectStore(MemoryStore(), text)
    if "://" in text:
        scheme, _, rest = text.partition("://")
        text = f"{scheme}://{rest.rstrip('/') or rest}"  # keys follow it after a slash, and `//` is another place in a bucket
        try:
            # Unencrypted only where somebody names such a server: a cloud on this machine, or a store in the same room.
            plain = text.startswith("s3://") and os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
            options: Any = {"allow_http": True} if plain else None
            named = (
                _profile(*map(os.environ.get, PROFILES))
                if scheme == "s3" and not any(map(os.environ.get, NAMED))
                else {}
            )
            return ObjectStore(from_url(text, client_options=options, **named), text, at_once=AT_ONCE)
        except AwsUnavailable:
            raise
        except Exception as error:  # its errors for an unknown scheme have no common base
            raise InvalidItems(
                f"{text!r} is not a location of objects: give a folder or a URL such as s3://bucket/prefix"
            ) from error
    folder = Path(text)
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise InvalidItems(f"{text!r} is not a folder")
    return ObjectStore(LocalStore(folder.resolve()), str(folder.resolve()))


@functools.cache
def _profile(profile: str | None, *_files: str | None) -> dict[str, Any]:
    """Credentials and region of a user's profile, single sign-on included; nothing where boto3 is not installed or finds none."""
    try:
        from boto3.session import Session
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return {}
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        session = Session(profile_name=profile, region_name=os.environ.get("AWS_REGION") or None)
        credentials = session.get_credentials()
        if credentials is None:
            return {}
        credentials.get_frozen_credentials()  # a session that is over says so here
    except BotoCoreError as error:
        raise AwsUnavailable(f"there are no AWS credentials: {str(error).rstrip('.')}: {CREDENTIALS}") from error
    region: dict[str, Any] = {"region": session.region_name} if session.region_name else {}
    return {"credential_provider": Boto3CredentialProvider(session), **region}


def check_key(key: str) -> str:
    """The key, when every store can hold it and none would read it as another place.

    Raises:
        InvalidItems: when it is not such a key.
    """
    reason = None
    if not key or "\\" in key or any(part in ("", ".", "..") for part in key.split("/")):
        reason = r"keys are relative, without empty, '.' or '..' parts and without '\'"
    elif UNSTORABLE.search(key):
        reason = "keys have no control characters and are valid Unicode"
    elif UNFINISHED.search(key):
        reason = "an end such as '#1' marks unfinished writes in a folder"
    elif DRIVE.search(key):
        reason = "an end such as 'c:' means a drive"
    if reason:
        raise InvalidItems(f"{key!r} is not a key: {reason}")
    return key


def locate(location: str, key: str) -> str:
    """Path or URL of an object, from the location of its store and its key.

    Raises:
        InvalidItems: when the key would lead out of the store.
    """
    return f"{location.rstrip('/')}/{check_key(key)}"
