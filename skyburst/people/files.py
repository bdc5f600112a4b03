"""The folder of profiles, on this machine or behind a URL: one file each, in TOML, YAML or JSON.

settings.toml           what holds for all
users/NAME.toml         a user
groups/NAME.toml        a group

What a program changes it writes in the format that the file has; comments in it are lost then.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec

from skyburst.errors import InvalidItems, InvalidPeople
from skyburst.folders import Folder, open_folder
from skyburst.people.records import Group, People, Settings, User, document_of, parse_record

PEOPLE_VARIABLE = "SKYBURST_PEOPLE"
"""Folder of profiles: a path or a URL."""
PEOPLE = "people"
"""Folder of profiles in the state folder, and in the bucket of a deployment."""
USERS, GROUPS, SETTINGS = "users", "groups", "settings"
FORMATS = (".toml", ".yaml", ".yml", ".json")
LARGEST = 1 << 20


class Kept(NamedTuple):
    """All profiles, and the files that they are in."""

    people: People
    files: dict[tuple[str, str], str]
    """Name of a file by `users` or `groups` and the profile's name."""


def people_location(given: str | None = None) -> str:
    """Where profiles are: as given, else as SKYBURST_PEOPLE says, else in the state folder."""
    from skyburst.homes.local.folder import state_folder

    return given or os.environ.get(PEOPLE_VARIABLE) or str(state_folder() / PEOPLE)


def load_people(location: str) -> People:
    """All profiles of a folder. One that does not exist keeps none, and everybody may run everything.

    Raises:
        InvalidPeople: naming the file, the field and what was expected.
    """
    return load_files(location).people


def load_files(location: str) -> Kept:
    """All profiles of a folder, with their files. Raises InvalidPeople."""
    folder = open_folder(location)
    try:
        names = [info.name for info in folder.files()]
    except InvalidItems:  # there is no such folder
        return Kept(People(), {})
    for name in folder.links_out():  # were it left out, as elsewhere, those whom it refuses would be let in
        raise InvalidPeople(
            f"{folder.location}/{name} is a link out of the folder of profiles: put there what it leads to"
        )
    users: dict[str, User] = {}
    groups: dict[str, Group] = {}
    settings = Settings()
    files: dict[tuple[str, str], str] = {}
    for name in names:
        part, _, rest = name.rpartition("/")
        stem, ending = PurePosixPath(rest).stem, PurePosixPath(rest).suffix
        if ending not in FORMATS:
            continue
        where = f"{folder.location}/{name}"
        if not part and stem == SETTINGS:
            settings = parse_record(_read(folder, name), Settings, where)
        elif part == USERS:
            user = parse_record(_read(folder, name), User, where)
            _note(files, (USERS, user.name), name, where, stem)
            users[user.name] = user
        elif part == GROUPS:
            group = parse_record(_read(folder, name), Group, where)
            _note(files, (GROUPS, group.name), name, where, stem)
            groups[group.name] = group
    people = People(users, groups, settings, kept=bool(users or groups))
    _check_groups(people, folder.location)
    return Kept(people, files)


def write_records(location: str, records: Iterable[User | Group | Settings], kept: Kept) -> None:
    """Write profiles, each whole or not at all, over older ones.

    Raises:
        StorageError: when one cannot be written.
    """
    folder = open_folder(location)
    for record in records:
        if isinstance(record, Settings):
            existing = (f"{SETTINGS}{ending}" for ending in FORMATS if folder.has(f"{SETTINGS}{ending}"))
            name = next(existing, f"{SETTINGS}.toml")
        else:
            part = USERS if isinstance(record, User) else GROUPS
            name = kept.files.get((part, record.name), f"{part}/{record.name}.toml")
        folder.write(name, _written(record, name).encode())


def _read(folder: Folder, name: str) -> Any:
    """A file's document. YAML is read without the tags that make objects of it."""
    where = f"{folder.location}/{name}"
    with folder.open(name) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InvalidPeople(f"{where} is larger than {LARGEST:,} bytes: a profile is a few lines")
    try:
        text = data.decode()
        if name.endswith(".toml"):
            return tomllib.loads(text)
        if name.endswith(".json"):
            return json.loads(text)
    except ValueError as error:  # of all three: bytes that are no text, TOML, JSON
        raise InvalidPeople(f"{where} cannot be read: {error}") from error
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidPeople(f"{where} is not YAML: {error}") from error


def _written(record: msgspec.Struct, name: str) -> str:
    document = document_of(record)
    if name.endswith(".json"):
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if name.endswith(".toml"):
        # Values are text, booleans and lists of text, which TOML writes as JSON does, but for one character.
        lines = (f"{field} = {json.dumps(value, ensure_ascii=False)}\n" for field, value in document.items())
        return "".join(lines).replace("\x7f", "\\u007F")
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


def _note(files: dict[tuple[str, str], str], key: tuple[str, str], name: str, where: str, stem: str) -> None:
    if key[1] != stem:
        raise InvalidPeople(f"{where}: name is {key[1]!r}: expected {stem!r}, as the file is called")
    if key in files:
        raise InvalidPeople(f"{where}: {key[1]!r} is in {files[key]} too: keep one of the two")
    files[key] = name


def _check_groups(people: People, where: str) -> None:
    for user in people.users.values():
        if user.group is not None and user.group not in people.groups:
            raise InvalidPeople(
                f"{where}: the user {user.name!r} belongs to the group {user.group!r}, and there is none: make it with "
                f"`skyburst group create {user.group}`"
            )
