"""Who may submit, and what is reserved of a budget before a job starts: a seam with an open door."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from skyburst.contracts.job import JobSpec


class Wanted(NamedTuple):
    """What a submission would take."""

    group: str
    user: str | None
    analysis: str
    submission: str
    """Identity of the submission: the same one reserves once."""
    spec: JobSpec
    datasets: int


class Gate(Protocol):
    """Lets submissions in, or not. Both may be asked twice about the same submission and answer the same."""

    def may_submit(self, group: str, user: str | None, analysis: str) -> str | None:
        """Why a group or user may not run an analysis, one sentence; None when it may. A submission may say no user."""

    def reserve(self, wanted: Wanted) -> list[str]:
        """Reserve what a job may cost at most; sentences about it for the certificate.

        Raises:
            InvalidSubmission: when the budget does not cover it; the message says what is left.
        """


class OpenGate:
    """Everybody may submit, and nobody counts."""

    def may_submit(self, group: str, user: str | None, analysis: str) -> str | None:  # noqa: ARG002 - those of the gate
        """None."""
        return None

    def reserve(self, wanted: Wanted) -> list[str]:  # noqa: ARG002 - those of the gate
        """Nothing to tell."""
        return []


class Permits(Protocol):
    """Says who may run what, such as `skyburst.people.Gatekeeper`."""

    def may_submit(self, group: str | None, user: str | None, analysis: str) -> str | None:
        """Why a group or user may not run an analysis; None when it may."""


class Gates:
    """A gate that asks who may run what. Budgets are reserved when a submission gets its job, as those of all jobs are."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits

    def may_submit(self, group: str, user: str | None, analysis: str) -> str | None:
        """Why a group or user may not run an analysis; None when it may."""
        return self._permits.may_submit(group, user, analysis)

    def reserve(self, wanted: Wanted) -> list[str]:  # noqa: ARG002 - those of the gate
        """Nothing to tell."""
        return []
