"""People from elsewhere: a table in CSV, user profiles and blueprints of NeuroCAAS. Pure; all of a file is looked at.

A NeuroCAAS profile lists groups as `UXData.Affiliates`, each with `UserNames`, `ContactEmail` (a text, a list in the order of the
names, or an object by name) and `Pipelines`; a blueprint has the same, with its own name as the one analysis.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from skyburst.contracts.refusals import GROUP, NAME
from skyburst.errors import InvalidPeople
from skyburst.people.records import ALL, EMAIL, USER, Group, People, User, document_of, parse_record
from skyburst.people.rules import approved_by_rule

COLUMNS = {
    "user": "name", "username": "name", "name": "name", "email": "email", "firstname": "first", "lastname": "last",
    "affiliation": "group", "group": "group", "verified": "approved", "approved": "approved", "notify": "notify",
    "webhook": "webhook", "loaded": "loaded",
}  # fmt: skip
"""What columns of a table are called, in small letters without spaces and hyphens; those of NeuroCAAS among them."""
TRUE, FALSE = {"true", "yes", "y", "1"}, {"false", "no", "n", "0", ""}


@dataclass
class Imports:
    """What a file adds and changes."""

    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """What became of each row or entry, a sentence each."""
    refused: int = 0
    """Rows or entries that could not be used."""

    def refuse(self, words: str) -> None:
        """Note something that could not be used."""
        self.refused += 1
        self.said.append(f"left out: {words}")


def read_people(text: str, where: str, people: People) -> Imports:
    """Read a file of people.

    Args:
        text: of the file: a table in CSV with a line of titles, or JSON of NeuroCAAS.
        where: what it is called in errors.
        people: those that there are; known users keep what the file does not say.

    Raises:
        InvalidPeople: when it is neither.
    """
    text = text.removeprefix("\ufeff")
    imports = Imports()
    if text.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InvalidPeople(f"{where} is not JSON: {error}") from error
        _affiliates(document, where, people, imports)
    else:
        _table(text, where, people, imports)
    return imports


def _table(text: str, where: str, people: People, imports: Imports) -> None:
    rows = csv.DictReader(io.StringIO(text))
    titles = {title: COLUMNS.get(re.sub(r"[^a-z]", "", title.lower())) for title in rows.fieldnames or [] if title}
    if "email" not in titles.values() and "name" not in titles.values():
        raise InvalidPeople(
            f"{where}: its first line is {text[:80].splitlines()[:1]}: expected titles, with Email or User among them, such as "
            "Email,FirstName,LastName,Affiliation,Verified"
        )
    for title in (title for title, known in titles.items() if known is None):
        imports.said.append(f"not read: the column {title!r}")
    try:
        for row in rows:
            fields = {known: (row.get(title) or "").strip() for title, known in titles.items() if known}
            if any(fields.values()):
                _row(fields, f"{where}, line {rows.line_num}", people, imports)
    except csv.Error as error:
        raise InvalidPeople(f"{where}, line {rows.line_num} is no CSV: {error}") from error


def _row(fields: dict[str, str], where: str, people: People, imports: Imports) -> None:
    email = fields.get("email", "")
    name = fields.get("name") or re.sub(r"[^A-Za-z0-9._+-]", "", email.partition("@")[0])
    said = fields.get("approved", "").lower()
    if said not in TRUE | FALSE:
        imports.refuse(f"{where}: {fields['approved']!r} is neither yes nor no")
        return
    group = (
        _group(fields.get("group", ""), where, people, imports, approved=said in TRUE) if fields.get("group") else None
    )
    if fields.get("group") and group is None:
        return
    full_name = " ".join(filter(None, [fields.get("first", ""), fields.get("last", "")]))
    given = {
        "full_name": full_name,
        "email": email,
        "group": group,
        "notify": fields.get("notify"),
        "webhook": fields.get("webhook"),
    }
    _user(name, given, where, people, imports, approved=said in TRUE)


def _affiliates(document: Any, where: str, people: People, imports: Imports) -> None:
    data = document.get("UXData") if isinstance(document, dict) else None
    listed = data.get("Affiliates") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise InvalidPeople(f"{where} is no profile of NeuroCAAS: expected UXData.Affiliates, a list of groups")
    own = document.get("PipelineName")
    for number, entry in enumerate(listed):
        place = f"{where}, UXData.Affiliates[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("AffiliateName"), str):
            imports.refuse(f"{place}: expected an object with AffiliateName")
            continue
        analyses = list(_analyses(entry.get("Pipelines", []) if own is None else [own], place, imports))
        group = _group(entry["AffiliateName"], place, people, imports, approved=True, analyses=analyses)
        users = entry.get("UserNames", [])
        if not isinstance(users, list):
            imports.refuse(f"{place}.UserNames is {users!r}: expected a list of names")
            continue
        if "KeySerialNumber" in entry:
            imports.said.append(f"{place}.KeySerialNumber: not needed, as nobody has a key that stays valid")
        for position, name in enumerate(users):
            email = _email_of(entry.get("ContactEmail"), position, str(name), len(users))
            given = {"email": email, "group": group}
            if group is not None:
                _user(str(name), given, f"{place}.UserNames[{position}]", people, imports, approved=True)


def _analyses(listed: Any, where: str, imports: Imports) -> Iterator[str]:
    for name in listed if isinstance(listed, list) else [listed]:
        if isinstance(name, str) and re.match(NAME, name):
            yield name
        else:
            imports.refuse(f"{where}: {name!r} is not the name of an analysis")


def _email_of(given: Any, position: int, name: str, users: int) -> str | None:
    """The address of a user; a text that is none, as templates have, is none."""
    found = given
    if isinstance(given, list):
        found = given[position] if position < len(given) else None
    elif isinstance(given, Mapping):
        found = given.get(name)
    elif users > 1:
        found = None  # of the group, not of each of them
    if found is None and re.match(EMAIL, name):
        found = name
    return found if isinstance(found, str) and re.match(EMAIL, found) else None


def _group(
    given: str, where: str, people: People, imports: Imports, *, approved: bool, analyses: list[str] | None = None
) -> str | None:
    """The name of the group, which is made when there is none."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", given.strip()).strip("-_")[:63]
    if not re.match(GROUP, name):
        imports.refuse(f"{where}: {given!r} cannot be the name of a group")
        return None
    if name != given:
        imports.said.append(f"{where}: the group {given!r} is called {name!r}")
    known = imports.groups.get(name) or people.groups.get(name)
    if known is None:
        allowed = people.settings.analyses if analyses is None else analyses
        imports.groups[name] = parse_record(
            {"name": name, "title": given[:200], "approved": approved, "analyses": allowed}, Group, where
        )
        imports.said.append(f"added: the group {name!r}")
    elif analyses and known.analyses != ALL and set(analyses) - set(known.analyses):
        more = list(dict.fromkeys([*known.analyses, *analyses]))
        imports.groups[name] = msgspec.structs.replace(known, analyses=more)
        imports.said.append(
            f"changed: the group {name!r} may run {', '.join(sorted(set(analyses) - set(known.analyses)))}"
        )
    return name


def _user(name: str, given: Mapping[str, Any], where: str, people: People, imports: Imports, *, approved: bool) -> None:
    if not re.match(USER, name):
        imports.refuse(f"{where}: {name!r} cannot be the name of a user: letters, digits and ._@+-")
        return
    known = imports.users.get(name) or people.users.get(name)
    fields = {field: value for field, value in given.items() if value}
    group = fields.get("group")
    if known and group and known.group and known.group != group:
        imports.refuse(
            f"{where}: the user {name!r} belongs to the group {known.group!r}, and a user has one: not to {group!r} too"
        )
        return
    try:
        user = parse_record({**(document_of(known) if known else {}), **fields, "name": name}, User, where)
    except InvalidPeople as error:
        imports.refuse(str(error))
        return
    approved = approved or (known.approved if known else approved_by_rule(people, user.email))
    user = msgspec.structs.replace(user, approved=approved and not user.denied)
    if user == known:
        imports.said.append(f"the same: the user {name!r}")
        return
    imports.users[name] = user
    state = "" if user.approved else ", who is not approved yet"
    imports.said.append(f"{'changed' if known else 'added'}: the user {name!r}{state}")
