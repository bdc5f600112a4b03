"""The gate that submissions pass: whether a group and a user may run an analysis, by the profiles as they are now."""

from __future__ import annotations

from pathlib import Path

from skyburst.errors import InvalidPeople, NotAllowed
from skyburst.people.files import load_people
from skyburst.people.rules import Refused, may_run


class Gatekeeper:
    """Answers for the profiles of a folder, which are read each time: an approval counts at once.

    Args:
        location: path or URL of the folder of profiles.
        required: whether the folder has to be there, as one that somebody named; else there are no profiles without it.
    """

    def __init__(self, location: str, *, required: bool = False) -> None:
        self.location = location
        self._required = required

    def may_submit(self, group: str | None, user: str | None, analysis: str) -> str | None:
        """None when they may; else why not and what to do, in one sentence. Raises InvalidPeople."""
        if self._required and "://" not in self.location and not Path(self.location).is_dir():
            raise InvalidPeople(
                f"there is no folder {self.location} of profiles: make it, or name the one that there is"
            )
        answer = may_run(load_people(self.location), group, user, analysis)
        return answer.words if isinstance(answer, Refused) else None

    def require(self, group: str | None, user: str | None, analysis: str) -> None:
        """Raise NotAllowed, with the reason and the remedy, when they may not."""
        refusal = self.may_submit(group, user, analysis)
        if refusal is not None:
            raise NotAllowed(refusal)
