"""Who may run what, and who is approved without being asked. Pure."""

from __future__ import annotations

from typing import NamedTuple

from skyburst.people.codes import is_code
from skyburst.people.records import ALL, Group, People, User


class Allowed(NamedTuple):
    """Somebody may."""

    allowed: bool = True


class Refused(NamedTuple):
    """Somebody may not."""

    why: str
    remedy: str
    allowed: bool = False

    @property
    def words(self) -> str:
        """One sentence."""
        return f"{self.why}: {self.remedy}"


def may_run(people: People, group: str | None, user: str | None, analysis: str) -> Allowed | Refused:
    """Whether somebody may run an analysis for a group.

    Args:
        people: the profiles; while there is none of a group, everybody may run everything.
        group: who pays; None for the user's own.
        user: who runs it; None when only the group is known.
        analysis: its name.
    """
    if not people.has_rules:
        return Allowed()
    known = _user_may(people, group, user)
    if isinstance(known, Refused):
        return known
    if known is None and group is None:
        return Refused(
            "the job says neither whose it is nor for which group",
            "give `group`, or a `user` who belongs to one, as `skyburst run --group --user` do",
        )
    name = group if group is not None else known.group if known else None
    if name is None:
        return Refused(f"the user {user!r} belongs to no group", "join one with its code: `skyburst people join CODE`")
    return _group_may(people, name, analysis)


def _user_may(people: People, group: str | None, user: str | None) -> User | Refused | None:
    if user is None:
        if people.settings.users_required:
            return Refused(
                "the job does not say whose it is",
                "give `user`, in the job, in the submit file, or as `skyburst run --user` does",
            )
        return None
    known = people.users.get(user)
    if known is None:
        return Refused(f"there is no user {user!r}", "join a group with its code: `skyburst people join CODE`")
    if known.denied:
        return Refused(f"the user {user!r} was not approved ({known.denied})", "ask the operator")
    if not known.approved:
        return Refused(
            f"the user {user!r} is not approved yet", f"the operator does that: `skyburst people approve {user}`"
        )
    if group is not None and known.group != group:
        return Refused(
            f"the user {user!r} does not belong to the group {group!r}", "join it with its code, or run for your own"
        )
    return known


def _group_may(people: People, name: str, analysis: str) -> Allowed | Refused:
    group = people.groups.get(name)
    if group is None:
        return Refused(f"there is no group {name!r}", "the operator makes one: `skyburst group create`")
    if not group.approved:
        return Refused(
            f"the group {name!r} is not approved yet", f"the operator does that: `skyburst group approve {name}`"
        )
    if group.analyses != ALL and analysis not in group.analyses:
        return Refused(
            f"the group {name!r} may not run {analysis!r}",
            f"the operator allows it: `skyburst group allow {name} {analysis}`",
        )
    return Allowed()


def ends_so(email: str, ending: str) -> bool:
    """Whether an address ends in a domain: `edu` is the end of `a@lab.edu`, and not of `a@hedu` or `a@lab.redu`."""
    domain = email.rpartition("@")[2].lower()
    wanted = ending.lstrip("@.").lower()
    return domain == wanted or domain.endswith(f".{wanted}")


def approved_by_rule(people: People, email: str | None) -> bool:
    """Whether somebody with this address is approved without being asked."""
    return email is not None and any(ends_so(email, ending) for ending in people.settings.approve_endings)


def group_of_code(people: People, code: str) -> Group | None:
    """The group that people join with a code. Each group is looked at, so that the time tells nothing."""
    fitting = [group for _, group in sorted(people.groups.items()) if is_code(group.code, code)]
    return fitting[0] if fitting else None
