"""Wishes: what one job has otherwise than the `[environment]` of its blueprint says. Pure."""

from __future__ import annotations

import msgspec

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.contracts.job import EnvironmentWishes
from skyburst.engine.compute import Choice
from skyburst.errors import InvalidJob


def needs_of(blueprint: Blueprint, choice: Choice, wishes: EnvironmentWishes | None) -> EnvironmentSection:
    """What the environments of a job are to have: what its blueprint says, and what it wishes otherwise.

    Raises:
        InvalidJob: naming the wish, when the batches run in functions, or the blueprint does not allow it.
    """
    needs = blueprint.environment or EnvironmentSection()
    given = {name: value for name, value in msgspec.to_builtins(wishes).items() if value is not None} if wishes else {}
    if not given:
        return needs
    if not (choice.environment or choice.fallback):
        name, value = next(iter(given.items()))
        raise InvalidJob(
            f"job.environment.{name} is {value!r}: batches of analysis {blueprint.name!r} run in functions, because "
            f"{choice.why}, and these have no such choice. Leave it out, or say compute = 'ec2' in the blueprint"
        )
    wished = given.pop("instance_type", None)
    if wished is not None:
        if needs.instance_types and not any(_is_of(wished, listed) for listed in needs.instance_types):
            raise InvalidJob(
                f"job.environment.instance_type is {wished!r}: the blueprint of analysis {blueprint.name!r} allows "
                f"{', '.join(needs.instance_types)}"
            )
        given["instance_types"] = [wished]
    return msgspec.structs.replace(needs, **given)


def _is_of(wished: str, listed: str) -> bool:
    """Whether an instance type is one that a blueprint lists, by its name or its family's."""
    return wished == listed or wished.partition(".")[0] == listed
