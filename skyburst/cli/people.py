"""What the commands about people read, write and print."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyburst.cli import text
from skyburst.errors import Conflict, StorageError
from skyburst.people.files import PEOPLE_VARIABLE, Kept, load_files, people_location, write_records
from skyburst.people.records import ALL, Group, People, Settings, User, document_of

LOCK_S = 10


@dataclass(frozen=True)
class Profiles:
    """The profiles of a folder, while a command has them."""

    location: str
    kept: Kept

    @property
    def people(self) -> People:
        """All profiles."""
        return self.kept.people

    def write(self, *records: User | Group | Settings) -> None:
        """Write profiles. Raises StorageError."""
        write_records(self.location, records, self.kept)


def looked_at(given: str | None) -> Profiles:
    """The profiles of a folder, for a command that changes nothing; it makes no folder in place of one that is not there.

    Raises:
        InvalidPeople: when one cannot be used, or there is none in a folder that somebody named.
    """
    location = people_location(given)
    return Profiles(location, load_files(location, required=bool(given or os.environ.get(PEOPLE_VARIABLE))))


@contextmanager
def opened(given: str | None) -> Iterator[Profiles]:
    """The profiles of a folder, to be changed; on this machine no other command changes them meanwhile.

    Raises:
        InvalidPeople: when one cannot be used.
        Conflict: when another command does not let go of them.
    """
    location = people_location(given)
    with nullcontext() if "://" in location else _locked(Path(location)):
        yield Profiles(location, load_files(location))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=LOCK_S):
            yield
    except Timeout as error:
        raise Conflict(f"another program changes the profiles in {folder}: try again") from error
    except OSError as error:
        raise StorageError(f"the folder of profiles {folder} cannot be used: {error}") from error


def user_lines(users: Sequence[User]) -> list[str]:
    """Users as a table."""
    if not users:
        return ["there are none"]
    rows = [["NAME", "GROUP", "STATE", "E-MAIL", "NOTIFY", "FULL NAME"]]
    rows += [
        [user.name, user.group or "-", state_of(user), user.email or "-", user.notify, user.full_name] for user in users
    ]
    return [text.printable(line) for line in text.columns(rows)]


def state_of(user: User) -> str:
    """Whether a user is approved, in a word."""
    return "denied" if user.denied else "approved" if user.approved else "pending"


def group_lines(people: People) -> list[str]:
    """Groups as a table."""
    if not people.groups:
        return ["there are none"]
    rows = [["NAME", "STATE", "CODE", "MEMBERS", "MAY RUN"]]
    for name, group in sorted(people.groups.items()):
        may = ALL if group.analyses == ALL else ", ".join(group.analyses) or "nothing"
        members = ", ".join(user.name for user in people.members(name)) or "-"
        rows.append([name, "approved" if group.approved else "pending", "yes" if group.code else "none", members, may])
    return [text.printable(line) for line in text.columns(rows)]


def group_documents(people: People) -> list[dict[str, Any]]:
    """Groups with their members as JSON, without what is kept of their codes."""
    found = []
    for name, group in sorted(people.groups.items()):
        document = {field: value for field, value in document_of(group).items() if field != "code"}
        found.append(
            {**document, "has_code": group.code is not None, "members": [user.name for user in people.members(name)]}
        )
    return found
