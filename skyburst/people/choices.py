"""What users want to hear of their jobs. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skyburst.contracts.states import JobState
from skyburst.people.records import People, User


def targets_of(user: User, state: JobState) -> list[str]:
    """Whom a user wants told of a job that has ended so: targets as a job specification has them."""
    if user.notify == "never" or (user.notify == "failures" and state is JobState.SUCCEEDED):
        return []
    return [*([f"mailto:{user.email}"] if user.email else []), *([user.webhook] if user.webhook else [])]


def told_of(spec: dict[str, Any], state: JobState, people: Callable[[], People]) -> list[str]:
    """Whom to tell of a job that has ended so: who its specification names, else who its user chose.

    Args:
        spec: the job's specification.
        state: that it ended in.
        people: reads the profiles, which only a job without `notify` needs.
    """
    if spec.get("notify"):
        return list(spec["notify"])
    user = people().users.get(spec["user"]) if spec.get("user") else None
    return targets_of(user, state) if user else []
