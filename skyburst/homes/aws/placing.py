"""Where the batches of a job run in a deployment: in its functions, or in environments, and in which queues. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.contracts.job import EnvironmentWishes
from skyburst.engine.compute import Choice, choose
from skyburst.engine.wishes import needs_of
from skyburst.errors import InvalidJob

MINUTE_S = 60.0


class Placed(NamedTuple):
    """Where batches run."""

    choice: Choice
    environment: dict[str, Any] | None
    """As a brief has it; None when no batch runs in an environment."""

    def compute(self) -> dict[str, Any]:
        """What a job's record says of it, beside what its analysis is."""
        said: dict[str, Any] = self.choice._asdict()
        if self.environment is not None:
            said |= {name: self.environment[name] for name in ("pricing", "timeout_s", "instance_types")}
        return said


def place(
    blueprint: Blueprint, entry: Mapping[str, Any], wishes: EnvironmentWishes | None, group: str | None = None
) -> Placed:
    """Where the batches of a job run, as its blueprint and its own wishes say.

    Args:
        blueprint: as it is deployed.
        entry: what the deployment tells of the analysis; its `environment` is described in `arrays.py`.
        wishes: of the job.
        group: who pays.

    Raises:
        InvalidJob: when the deployment has no such environments.
    """
    choice = choose(blueprint)
    needs = needs_of(blueprint, choice, wishes)
    if not (choice.environment or choice.fallback):
        return Placed(choice, None)
    deployed = entry.get("environment")
    if deployed is None:
        raise InvalidJob(
            f"job.analysis is {blueprint.name!r}: its batches run in environments, because {choice.why}, and this deployment has "
            "none for it: `skyburst deploy` makes them"
        )
    most_gb = (blueprint.environment or EnvironmentSection()).disk_gb
    if needs.disk_gb > most_gb:
        raise InvalidJob(
            f"job.environment.disk_gb is {needs.disk_gb}: machines of analysis {blueprint.name!r} are deployed with {most_gb}. "
            "Raise environment.disk_gb in its blueprint, and deploy again"
        )
    queues = _queues(blueprint, deployed, wishes)
    if needs.pricing not in queues:
        raise InvalidJob(
            f"job.environment.pricing is {needs.pricing!r}: analysis {blueprint.name!r} is deployed with "
            f"{', '.join(sorted(queues))}"
        )
    return Placed(choice, {
        "all": choice.environment,
        "fallback": choice.fallback,
        "queues": dict(queues),
        "definition": deployed["definition"],
        "timeout_s": MINUTE_S * needs.timeout_min,
        "attempts": needs.attempts,
        "pricing": needs.pricing,
        "command": list(blueprint.command) if blueprint.command else None,
        "image": needs.image,
        "memory_mb": needs.memory_mb,
        "vcpus": needs.vcpus,
        "gpus": needs.gpus,
        "variables": dict(needs.variables),
        "group": group,
        "instance_types": list(needs.instance_types),
    })  # fmt: skip


def _queues(blueprint: Blueprint, deployed: Mapping[str, Any], wishes: EnvironmentWishes | None) -> Mapping[str, str]:
    """ARNs of the queues by their pricing: of the instance type that the job wishes, or of the blueprint's."""
    queues: Mapping[str, str] = deployed["queues"]
    wished = wishes.instance_type if wishes else None
    listed = blueprint.environment.instance_types if blueprint.environment else []
    if wished is None or listed == [wished]:
        return queues
    by_type: Mapping[str, Mapping[str, str]] = deployed.get("instance_types") or {}
    if wished not in by_type:
        raise InvalidJob(
            f"job.environment.instance_type is {wished!r}: analysis {blueprint.name!r} is deployed with "
            f"{_said(by_type) or 'no types of its own to choose from'}. Name it in environment.instance_types of its blueprint, "
            "and deploy again"
        )
    return by_type[wished]


def _said(by_type: Mapping[str, Any]) -> str:
    return ", ".join(sorted(by_type))
