"""The gate that jobs and submissions pass: whether a group and a user may run an analysis, by the profiles as they are now."""

from __future__ import annotations

import os
from pathlib import Path

from skyburst.errors import NotAllowed
from skyburst.people.files import PEOPLE, PEOPLE_VARIABLE, load_concerned
from skyburst.people.rules import Refused, may_run


class Gatekeeper:
    """Answers for the profiles of a folder, which are read each time: an approval counts at once.

    Args:
        location: path or URL of the folder of profiles.
        required: whether there have to be profiles, as in a folder that somebody named. Else everybody may run everything
            while there are none, as with profiles of users only.
    """

    def __init__(self, location: str, *, required: bool = False) -> None:
        self.location = location
        self._required = required

    def may_submit(self, group: str | None, user: str | None, analysis: str) -> str | None:
        """None when they may; else why not and what to do, in one sentence. Raises InvalidPeople."""
        answer = may_run(load_concerned(self.location, group, user, required=self._required), group, user, analysis)
        return answer.words if isinstance(answer, Refused) else None

    def require(self, group: str | None, user: str | None, analysis: str) -> None:
        """Raise NotAllowed, with the reason and the remedy, when they may not. Raises InvalidPeople."""
        refusal = self.may_submit(group, user, analysis)
        if refusal is not None:
            given = {"group": group, "user": user, "analysis": analysis}
            told = ", ".join(
                f"job.{field} is {'missing' if value is None else repr(value)}" for field, value in given.items()
            )
            raise NotAllowed(f"{told}: {refusal}")


def gate_of(folder: Path) -> Gatekeeper:
    """The gate of a home on this machine: of the profiles that SKYBURST_PEOPLE names, else of those in its state folder."""
    named = os.environ.get(PEOPLE_VARIABLE)
    return Gatekeeper(named or str(folder / PEOPLE), required=bool(named))
