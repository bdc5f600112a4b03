"""Changes of profiles: each gives the profiles that are to be written. Pure but for the chance of codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from skyburst.errors import InvalidPeople, PersonNotFound
from skyburst.people.codes import kept_code, new_code
from skyburst.people.records import ALL, Group, People, User, document_of, parse_record
from skyburst.people.rules import approved_by_rule, group_of_code


def find_user(people: People, name: str) -> User:
    """A user by name. Raises PersonNotFound."""
    _require(people.users, name, "user", "`skyburst people list` lists them")
    return people.users[name]


def find_group(people: People, name: str) -> Group:
    """A group by name. Raises PersonNotFound."""
    _require(people.groups, name, "group", "`skyburst group list` lists them")
    return people.groups[name]


def added_user(people: People, name: str, *, approved: bool = False, **fields: Any) -> User:
    """A new user; approved when that is said, or by the rule for e-mail addresses.

    Raises:
        InvalidPeople: when there is one of that name, or a field cannot be used.
        PersonNotFound: when there is no such group.
    """
    _refuse_same(people.users, name, "user")
    given = {field: value for field, value in fields.items() if value is not None}
    user = parse_record({"name": name, **given}, User, f"user {name!r}")
    if user.group is not None:
        find_group(people, user.group)
    return msgspec.structs.replace(user, approved=approved or approved_by_rule(people, user.email))


def joined(people: People, code: str, name: str, **fields: Any) -> User:
    """A user, new or known, in the group of a code.

    A known one stays approved only when the group stays the same, or by the rule: a group's members are approved for it.

    Raises:
        InvalidPeople: when no group has the code.
    """
    group = group_of_code(people, code)
    if group is None:
        raise InvalidPeople(
            "no group has this code: ask for it anew, as `skyburst group code` makes a new one each time"
        )
    known = people.users.get(name)
    if known is None:
        return added_user(people, name, group=group.name, **fields)
    if known.denied:
        raise InvalidPeople(f"the user {name!r} was not approved ({known.denied}): ask the operator")
    given = {field: value for field, value in fields.items() if value is not None}
    user = parse_record({**document_of(known), **given, "group": group.name}, User, f"user {name!r}")
    stays = known.approved and known.group == group.name and known.email == user.email
    return msgspec.structs.replace(user, approved=stays or approved_by_rule(people, user.email))


def approved_user(people: People, name: str) -> User:
    """A user, approved."""
    return msgspec.structs.replace(find_user(people, name), approved=True, denied="")


def denied_user(people: People, name: str, why: str) -> User:
    """A user who is not approved, and why."""
    return msgspec.structs.replace(find_user(people, name), approved=False, denied=why or "no reason was given")


def created_group(people: People, name: str, *, approved: bool, **fields: Any) -> tuple[Group, str]:
    """A new group, and the code with which people join it.

    Raises:
        InvalidPeople: when there is one of that name, or a field cannot be used.
    """
    _refuse_same(people.groups, name, "group")
    code = new_code()
    given = {field: value for field, value in fields.items() if value is not None}
    document = {
        "analyses": people.settings.analyses,
        **given,
        "name": name,
        "approved": approved,
        "code": kept_code(code),
    }
    return parse_record(document, Group, f"group {name!r}"), code


def with_new_code(people: People, name: str) -> tuple[Group, str]:
    """A group with a new code, and the code; the one before is of no use any more."""
    code = new_code()
    return msgspec.structs.replace(find_group(people, name), code=kept_code(code)), code


def without_code(people: People, name: str) -> Group:
    """A group that nobody can join."""
    return msgspec.structs.replace(find_group(people, name), code=None)


def approved_group(people: People, name: str, *, approved: bool = True) -> Group:
    """A group, approved or not any more."""
    return msgspec.structs.replace(find_group(people, name), approved=approved)


def allowed(people: People, name: str, analyses: Sequence[str]) -> Group:
    """A group that may run these analyses too, or all."""
    group = find_group(people, name)
    if ALL in analyses or group.analyses == ALL:
        return msgspec.structs.replace(group, analyses=ALL)
    return _with_analyses(group, dict.fromkeys([*group.analyses, *analyses]))


def disallowed(people: People, name: str, analyses: Sequence[str]) -> Group:
    """A group that may not run these analyses any more, or none.

    Raises:
        InvalidPeople: when it may run all but what is named: then those that it may have to be named.
    """
    group = find_group(people, name)
    if ALL in analyses:
        return _with_analyses(group, [])
    if group.analyses == ALL:
        raise InvalidPeople(
            f"the group {name!r} may run all analyses: deny it `all` first, then allow those that it may run"
        )
    missing = [analysis for analysis in analyses if analysis not in group.analyses]
    if missing:
        raise InvalidPeople(
            f"the group {name!r} may not run {', '.join(missing)} as it is: it may run {', '.join(group.analyses) or 'nothing'}"
        )
    return _with_analyses(group, [analysis for analysis in group.analyses if analysis not in analyses])


def _with_analyses(group: Group, analyses: Iterable[str]) -> Group:
    return parse_record({**document_of(group), "analyses": list(analyses)}, Group, f"group {group.name!r}")


def _require(known: Iterable[str], name: str, what: str, where: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else where
    raise PersonNotFound(f"there is no {what} {name!r}: {hint}")


def _refuse_same(known: Iterable[str], name: str, what: str) -> None:
    """Also names that differ in capitals only: some disks do not tell their files apart."""
    same = next((other for other in known if other.lower() == name.lower()), None)
    if same is not None:
        raise InvalidPeople(f"there is a {what} {same!r} already: give another name")
