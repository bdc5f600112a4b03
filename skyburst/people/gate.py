"""The gate that submissions pass: whether a group and a user may run an analysis, by the profiles as they are now."""

from __future__ import annotations

from skyburst.errors import NotAllowed
from skyburst.people.files import load_people
from skyburst.people.rules import Refused, may_run


class Gatekeeper:
    """Answers for the profiles of a folder, which are read each time: an approval counts at once.

    Args:
        location: path or URL of the folder of profiles.
    """

    def __init__(self, location: str) -> None:
        self.location = location

    def may_submit(self, group: str | None, user: str | None, analysis: str) -> str | None:
        """None when they may; else why not and what to do, in one sentence. Raises InvalidPeople."""
        answer = may_run(load_people(self.location), group, user, analysis)
        return answer.words if isinstance(answer, Refused) else None

    def require(self, group: str | None, user: str | None, analysis: str) -> None:
        """Raise NotAllowed, with the reason and the remedy, when they may not."""
        refusal = self.may_submit(group, user, analysis)
        if refusal is not None:
            raise NotAllowed(refusal)
