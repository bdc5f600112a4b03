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
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
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
MEND = "mend it by hand: it is a few lines of text, as docs/people.md has them, and until then nobody whom it is about is let in"
"""What to do about a file that is damaged."""


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
    """All profiles of a folder. One that does not exist keeps none, and while it has no group everybody may run everything.

    Raises:
        InvalidPeople: naming the file, the field and what was expected.
    """
    return load_files(location).people


def load_files(location: str, *, required: bool = False) -> Kept:
    """All profiles of a folder, with their files.

    Args:
        location: of the folder.
        required: whether there have to be profiles, as in a folder that somebody named: a share that is not mounted has none.

    Raises:
        InvalidPeople: naming the file, the field and what was expected.
    """
    reading = _Reading(location, required=required)
    for place in reading.places:
        reading.read(place)
    return reading.kept()


def load_concerned(location: str, group: str | None, user: str | None, *, required: bool = False) -> People:
    """The profiles that say what somebody may run: the settings, the user, the group, and that of the user.

    Others are not read, of which there may be thousands: one that cannot be used keeps out whom it is about, and nobody else.

    Args:
        location: of the folder.
        group: for which a job is to run; None for the user's own.
        user: whose it is, if that is said.
        required: as `load_files` has it.

    Raises:
        InvalidPeople: naming the file, the field and what was expected.
    """
    reading = _Reading(location, required=required)
    for place in reading.places:
        if place.part == SETTINGS or (place.part == USERS and place.stem == user):
            reading.read(place)
    known = reading.users.get(user or "")
    for place in reading.places:
        if place.part == GROUPS and place.stem in (group, known.group if known else None):
            reading.read(place)
    return reading.people()


class _Place(NamedTuple):
    """A file with a profile."""

    name: str
    part: str
    """USERS, GROUPS or SETTINGS."""
    stem: str


class _Reading:
    """Reads files of a folder of profiles. Raises InvalidPeople, for what cannot be used."""

    def __init__(self, location: str, *, required: bool) -> None:
        self.folder = open_folder(location)
        self.places = list(_places(self.folder, location))
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.settings = Settings()
        self.files: dict[tuple[str, str], str] = {}
        self._has_rules = any(place.part == GROUPS for place in self.places)
        if required and not any(place.part != SETTINGS for place in self.places):
            raise InvalidPeople(
                f"there are no profiles in {location}, which was named as the folder of profiles, so that nobody may run "
                "anything: mount it if it is a share, or make the first one with `skyburst group create`; without a name for "
                f"it in {PEOPLE_VARIABLE} or --people, those of the state folder count"
            )

    def read(self, place: _Place) -> None:
        where = f"{self.folder.location}/{place.name}"
        document = _read(self.folder, place.name)
        if place.part == SETTINGS:
            self.settings = parse_record(document, Settings, where)
        elif place.part == USERS:
            user = parse_record(document, User, where)
            _note(self.files, (USERS, user.name), place.name, where, place.stem)
            self.users[user.name] = user
        else:
            group = parse_record(document, Group, where)
            _note(self.files, (GROUPS, group.name), place.name, where, place.stem)
            self.groups[group.name] = group

    def people(self) -> People:
        return People(self.users, self.groups, self.settings, has_rules=self._has_rules)

    def kept(self) -> Kept:
        people = self.people()
        _check_groups(people, self.folder.location)
        return Kept(people, self.files)


def _places(folder: Folder, location: str) -> Iterator[_Place]:
    """The files with profiles of a folder; none when there is no such folder."""
    if "://" not in location and Path(location).is_symlink() and not Path(location).exists():
        raise InvalidPeople(
            f"{location} leads to {Path(location).readlink()}, which is not there, so that nobody may run anything: mount it if "
            "it is a share, or remove the link"
        )
    try:
        names = [info.name for info in folder.files()]
    except InvalidItems:  # there is no such folder
        return
    except OSError as error:
        raise InvalidPeople(
            f"the folder of profiles {location} cannot be read, so that nobody may run anything: {error}; mount it if it is a "
            "share, or see to its permissions"
        ) from error
    for name in folder.links_out():  # were it left out, as elsewhere, those whom it refuses would be let in
        raise InvalidPeople(
            f"{folder.location}/{name} is a link out of the folder of profiles: put there what it leads to"
        )
    for name in names:
        part, _, rest = name.rpartition("/")
        stem, ending = PurePosixPath(rest).stem, PurePosixPath(rest).suffix
        if ending not in FORMATS:
            continue
        if not part and stem == SETTINGS:
            yield _Place(name, SETTINGS, stem)
        elif part in (USERS, GROUPS):
            yield _Place(name, part, stem)


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
    try:
        with folder.open(name) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InvalidPeople(
            f"{where} cannot be read: {error}; see to its permissions, or mount its share anew"
        ) from error
    if len(data) > LARGEST:
        raise InvalidPeople(f"{where} is larger than {LARGEST:,} bytes: a profile is a few lines")
    try:
        text = data.decode()
        if name.endswith(".toml"):
            return tomllib.loads(text)
        if name.endswith(".json"):
            return json.loads(text)
    except ValueError as error:  # of all three: bytes that are no text, TOML, JSON
        raise InvalidPeople(f"{where} cannot be read: {error}; {MEND}") from error
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidPeople(f"{where} is not YAML: {error}; {MEND}") from error


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
