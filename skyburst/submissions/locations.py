"""Parameters that name files: in what groups share, a group names only what is its own, there as in `dataname`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from skyburst.contracts.parameters import Declared
from skyburst.errors import InvalidSubmission

S3_SCHEMES = frozenset({"s3", "s3a"})
S3_HOSTS = ".amazonaws.com"
"""End of the hosts of S3, whose URLs are read with the credentials of the analysis too."""
NOT_READ = (
    "in the bucket of another analysis, which this one may not read: upload it to this one's, or ask the operator to name "
    "that bucket in `input_buckets`"
)


def check_locations(
    declared: Declared, resolved: Mapping[str, Any], given: Collection[str], group: str, *, shared: Collection[str],
    folder: Path | None, closed: Collection[str] = (),
) -> None:  # fmt: skip
    """Check the parameters of a config that are paths.

    Args:
        declared: the parameters of the blueprint.
        resolved: their values, paths made absolute.
        given: names of those that the config has; defaults are the developer's.
        group: whose config it is.
        shared: names of the buckets in which each group has its own keys only.
        folder: in place of such buckets: the folder of the analysis, beside those of others.
        closed: names of buckets that the functions of the analysis may not read.

    Raises:
        InvalidSubmission: naming the parameter and the location.
    """
    for name, entry in declared.items():
        if entry.get("format") != "path" or name not in given:
            continue
        for location in _texts(resolved.get(name)):
            if "://" in location and _shared_key(location, closed) is not None:
                raise InvalidSubmission(f"parameters.{name} is {location!r}, {NOT_READ}")
            key = _shared_key(location, shared) if "://" in location else _key_beside(location, folder)
            if key is not None and key.partition("/")[0] != group:
                raise InvalidSubmission(
                    f"parameters.{name} is {location!r}: group {group!r} has the keys that start with {group}/ in this bucket, "
                    "and no others"
                )


def _shared_key(location: str, shared: Collection[str]) -> str | None:
    """The key that a URL names in a shared bucket; None of anything else."""
    try:
        parts = urlsplit(location)
        host = (parts.hostname or "").rstrip(".")
    except ValueError as error:
        raise InvalidSubmission(f"{location!r} is no URL: {error}") from error
    path = unquote(parts.path).lstrip("/")
    if parts.scheme.lower() in S3_SCHEMES:
        return path if host in shared else None
    if not host.endswith(S3_HOSTS):
        return None
    first, _, rest = path.partition("/")
    if first in shared:
        return rest
    return path if any(host.startswith(f"{bucket}.") for bucket in shared) else None


def _key_beside(location: str, folder: Path | None) -> str | None:
    """The key that a path names in the folder of this analysis or of another one beside it; None of anything else."""
    if folder is None or not Path(location).is_relative_to(folder.parent):
        return None
    return "/".join(Path(location).relative_to(folder.parent).parts[1:])


def _texts(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, str):
            yield entry
