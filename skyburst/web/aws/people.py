"""Who sends a request: what API Gateway found in the token of Cognito, and the profile of that name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skyburst.homes.aws.calls import Calls
from skyburst.people.files import load_concerned
from skyburst.people.records import USER, People

ADMINISTRATORS = "administrators"
"""The group of Cognito whose members see the jobs of everybody."""
SUB = "user#"
"""Items of the table `web` that say by which id Cognito knows a user."""
FRESH_S = 10.0
"""A profile is believed for so long."""


class Person(NamedTuple):
    """Somebody who is signed in."""

    name: str
    """As profiles and jobs have it."""
    sub: str
    """The id that Cognito gave; it never changes, and is never given again."""
    administrator: bool


def person_of(claims: Mapping[str, Any]) -> Person | None:
    """Whom a token is about; None when it is no ID token. Pure.

    The name is that of the user in Cognito. Where people sign in by their address, that is an id: the address is the name then,
    if Cognito has verified that it is theirs, else the id.
    """
    sub, name = str(claims.get("sub") or ""), str(claims.get("cognito:username") or "")
    if claims.get("token_use") != "id" or not sub or not name:
        return None
    if name == sub and str(claims.get("email_verified")).lower() == "true":
        name = str(claims.get("email") or sub).lower()
    if not re.match(USER, name):
        return None
    return Person(name, sub, ADMINISTRATORS in groups_in(claims.get("cognito:groups")))


def groups_in(claim: Any) -> list[str]:
    """Names of groups: API Gateway writes a list as `[one two]`."""
    if isinstance(claim, list):
        return [str(name) for name in claim]
    if not isinstance(claim, str):
        return []
    return claim[1:-1].split() if claim.startswith("[") and claim.endswith("]") else [claim]


class Profiles:
    """What the deployment knows of who is signed in.

    Args:
        location: URL of the folder of profiles.
        calls: of DynamoDB.
        table: name of the table `web`.
        clock: seconds, for how long what was read is believed.
    """

    def __init__(self, location: str, calls: Calls, table: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._location, self._calls, self._table, self._clock = location, calls, table, clock
        self._known: dict[str, tuple[float, People]] = {}
        self._noted: dict[str, str] = {}

    def concerning(self, name: str) -> People:
        """The profiles that say what a user may do. Raises InvalidPeople."""
        known = self._known.get(name)
        now = self._clock()
        if known is None or now - known[0] > FRESH_S:
            known = self._known[name] = (now, load_concerned(self._location, None, name))
        return known[1]

    def note(self, person: Person) -> None:
        """Note by which id Cognito knows a user, so that what happens to the user's jobs can be told."""
        if self._noted.get(person.name) == person.sub:
            return
        item = {"id": {"S": f"{SUB}{person.name}"}, "sub": {"S": person.sub}}
        self._calls.call("put_item", self._table, TableName=self._table, Item=item)
        self._noted[person.name] = person.sub
