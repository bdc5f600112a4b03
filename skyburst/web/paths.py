"""Where a server has users, jobs name uploads and libraries only: what runs them may read more than a user may. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from skyburst.contracts.parameters import Declared, check_given
from skyburst.errors import Invalid, InvalidJob, PathRefused
from skyburst.submissions.config_file import MOST_BYTES, READERS, read_config
from skyburst.web.references import LIBRARY, UPLOAD, texts_in

PLACES = ("/", "~", "\\", "file:")
"""What texts begin with that are places of files; so are those that have `://` or `..` in them."""
NAMES_OF_FILES = ("data", "config_file")
"""Fields of a dataset that name files."""


def refuse_paths(document: Mapping[str, Any], declared: Declared | None, *, command: bool) -> None:
    """Refuse a job specification that names files in another way than as `upload:ID` and `library:ID`.

    Args:
        document: as it was sent.
        declared: the parameters of its analysis; None where any are handed on.
        command: whether its analysis is a command, whose items are datasets.

    Raises:
        PathRefused: naming the field.
    """
    for field, text in paths_in(document, declared, command=command):
        raise path_refused(field, text)


def path_refused(field: str, text: str) -> PathRefused:
    """Of a field that names a file in another way."""
    return PathRefused(
        f"{field} is {text[:200]!r}: upload the file and give upload:ID, or give library:ID of a library that this server offers",
        field,
    )


def uploaded_configs(document: Mapping[str, Any]) -> dict[str, str]:
    """Ids of the uploads that datasets have as their config files, each with a field that names it."""
    items = document.get("items")
    found: dict[str, str] = {}
    for number, item in enumerate(items) if isinstance(items, list) else ():
        location = item.get("config_file") if isinstance(item, dict) else None
        if isinstance(location, str) and location.startswith(UPLOAD):
            found.setdefault(location.removeprefix(UPLOAD), f"job.items[{number}].config_file")
    return found


def refuse_paths_in_config(field: str, name: str, data: bytes, declared: Declared | None) -> None:
    """Refuse a config file that names files, which its command would look for with rights that its user has not.

    One that is neither JSON nor YAML is not looked into: as data, it is the command's own.

    Args:
        field: of the dataset.
        name: of the file.
        data: its bytes, or more of them than a config may have.
        declared: the parameters of the analysis; None where any are handed on.

    Raises:
        PathRefused: naming the field and the parameter.
        InvalidJob: when it cannot be read, or is no config of the analysis.
    """
    end = PurePosixPath(name).suffix.lower()
    if end not in READERS:
        return
    try:
        if declared is None:
            found = ((at, text) for at, text in texts_in(READERS[end](data, MOST_BYTES)) if is_place(text))
        else:
            config = read_config(data, str(PurePosixPath(name).with_suffix(end)), MOST_BYTES)
            check_given(declared, parameters := config.parameters(declared))
            found = ((f"/{at}", text) for at, text in _in_parameters("", parameters, declared))
        first = next(found, None)
    except Invalid as error:
        raise InvalidJob(f"{field}: {error}") from error
    if first is not None:
        raise PathRefused(
            f"{field}: the file {name!r} has {first[1][:200]!r} as its {first[0].strip('/.')}: a config that is uploaded names "
            "no files; give them as the `data` of the dataset, or parameters with upload:ID as its `config`",
            field,
        )


def paths_in(document: Mapping[str, Any], declared: Declared | None, *, command: bool) -> Iterator[tuple[str, str]]:
    """What names files in another way, with its field."""
    for field, text in _named(document, declared, command=command):
        if not text.startswith((UPLOAD, LIBRARY)):
            yield field, text


def _named(document: Mapping[str, Any], declared: Declared | None, *, command: bool) -> Iterator[tuple[str, str]]:
    """Texts that name files, with their fields."""
    analysis, items = document.get("analysis"), document.get("items")
    if isinstance(analysis, str) and is_place(analysis):
        yield "job.analysis", analysis
    yield from _in_parameters("parameters", document.get("parameters"), declared)
    if isinstance(items, dict) and isinstance(items.get("manifest"), str):
        yield "job.items.manifest", items["manifest"]
    for number, item in enumerate(items) if isinstance(items, list) else ():
        field = f"job.items[{number}]"
        if not command:
            yield from ((f"{field}{dotted(at)}", text) for at, text in texts_in(item) if is_place(text))
            continue
        files = {name: item.get(name) for name in NAMES_OF_FILES} if isinstance(item, dict) else item
        yield from ((f"{field}{dotted(at)}", text) for at, text in texts_in(files))
        if isinstance(item, dict):
            yield from _in_parameters(f"{field}.config", item.get("config"), declared)


def _in_parameters(field: str, parameters: Any, declared: Declared | None) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items() if isinstance(parameters, dict) else ():
        files = declared is not None and (declared.get(name) or {}).get("format") == "path"
        for at, text in texts_in(value):
            if files or (declared is None and is_place(text)):
                yield f"{field}.{name}{dotted(at)}", text


def is_place(text: str) -> bool:
    """Whether a text can be taken for a path or an address."""
    return text.startswith(PLACES) or "://" in text or ".." in text.replace("\\", "/").split("/")


def dotted(pointer: str) -> str:
    """The rest of a field, such as `[0].data`, of a JSON Pointer."""
    return "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in pointer.split("/")[1:])
