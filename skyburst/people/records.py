"""Profiles of users and groups, and the settings that hold for all of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from skyburst.contracts.refusals import GROUP, NAME, explain
from skyburst.errors import InvalidPeople

USER = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}\Z"
EMAIL = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s.\x00-\x1f\x7f]+\Z"
ENDING = r"^[@.]?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z"
WEBHOOK = r"^https?://[^\s\x00-\x1f\x7f]+\Z"
CODE = r"^sha256:[0-9a-f]{32}:[0-9a-f]{64}\Z"
ALL = "all"
WORDS = {
    USER: "of letters, digits and ._@+-, starting with a letter or digit, at most 100",
    EMAIL: "that is an e-mail address, such as ada@example.edu",
    ENDING: "that is the end of e-mail addresses, such as edu or example.org",
    WEBHOOK: "that is an http or https URL",
    CODE: "that `skyburst group code` made",
}
"""What patterns stand for, for people."""
ShortText = Annotated[str, msgspec.Meta(max_length=200)]
Record = TypeVar("Record", bound=msgspec.Struct)


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who runs jobs."""

    name: Annotated[str, msgspec.Meta(pattern=USER)]
    full_name: ShortText = ""
    email: Annotated[str, msgspec.Meta(pattern=EMAIL, max_length=254)] | None = None
    group: Annotated[str, msgspec.Meta(pattern=GROUP)] | None = None
    """The one group that the user belongs to."""
    approved: bool = False
    denied: str = ""
    """Why somebody who asked was not approved; empty when nobody said no."""
    notify: Literal["always", "failures", "never"] = "never"
    """Of which ends of the user's jobs there is a message."""
    webhook: Annotated[str, msgspec.Meta(pattern=WEBHOOK, max_length=2_000)] | None = None
    """Where messages are posted to, besides mail."""


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who share data, results and a budget."""

    name: Annotated[str, msgspec.Meta(pattern=GROUP)]
    title: ShortText = ""
    contact: Annotated[str, msgspec.Meta(pattern=EMAIL, max_length=254)] | None = None
    approved: bool = False
    analyses: Literal["all"] | list[Annotated[str, msgspec.Meta(pattern=NAME)]] = []
    """Names of the analyses that its members may run, or `all`."""
    code: Annotated[str, msgspec.Meta(pattern=CODE)] | None = None
    """Salted digest of the code with which people join; None when nobody can."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for all people."""

    approve_endings: list[Annotated[str, msgspec.Meta(pattern=ENDING)]] = []
    """Whose e-mail address ends so, at a dot or at the @, is approved when joining; all others wait for somebody to do it."""
    analyses: Literal["all"] | list[Annotated[str, msgspec.Meta(pattern=NAME)]] = []
    """What a new group may run."""
    users_required: bool = False
    """Whether a job, and a submission, has to say whose it is; else naming a group is enough, as being in its folder is."""


@dataclass(frozen=True)
class People:
    """All profiles."""

    users: Mapping[str, User] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    has_rules: bool = False
    """Whether there are profiles of groups: without any, everybody may run everything, and those of users are about messages."""

    def members(self, group: str) -> list[User]:
        """The users of a group by name."""
        return [user for _, user in sorted(self.users.items()) if user.group == group]

    def pending(self) -> list[User]:
        """Users who wait to be approved, by name."""
        return [user for _, user in sorted(self.users.items()) if not user.approved and not user.denied]


def parse_record(document: Any, kind: type[Record], where: str) -> Record:
    """Check a profile.

    Raises:
        InvalidPeople: naming the file, the field, its value and what was expected.
    """
    if not isinstance(document, dict):
        raise InvalidPeople(f'{where}: expected fields with values, such as name = "ada"')
    for name in document:
        if name not in kind.__struct_fields__:
            near = difflib.get_close_matches(str(name), kind.__struct_fields__, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(kind.__struct_fields__)}"
            raise InvalidPeople(f"{where}: {name}: there is no such field; {hint}")
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        said = explain(error, document, "", kind)
        for pattern, words in WORDS.items():
            said = said.replace(f"matching regex {pattern!r}", words)
        raise InvalidPeople(f"{where}: {said}") from error


def document_of(record: msgspec.Struct) -> dict[str, Any]:
    """A profile as JSON, without what is at its default."""
    found: dict[str, Any] = msgspec.to_builtins(record)
    defaults = {entry.name: entry for entry in msgspec.structs.fields(type(record))}
    return {
        name: value for name, value in found.items() if defaults[name].required or value != _default(defaults[name])
    }


def _default(entry: msgspec.structs.FieldInfo) -> Any:
    return entry.default if entry.default is not msgspec.NODEFAULT else entry.default_factory()
