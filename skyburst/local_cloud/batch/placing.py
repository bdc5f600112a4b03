"""Which instance a Batch job runs on: one that has room, or a new one of a compute environment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

KEPT_MB = 512
"""Memory of an instance that its system and the agent of ECS take, about; jobs get the rest."""
OPTIMAL = ("m5", "c5", "r5")
"""What `optimal` stands for here; AWS chooses among the newest of such families."""


@dataclass(frozen=True, slots=True)
class Need:
    """What an attempt at a job takes of an instance."""

    vcpus: float
    memory_mb: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Type:
    """A type of instance."""

    name: str
    vcpus: int
    memory_mb: int
    gpus: int = 0

    def has_room_for(self, need: Need, used: Iterable[Need] = ()) -> bool:
        """Whether a job fits beside those that run."""
        together = [need, *used]
        return (
            sum(one.vcpus for one in together) <= self.vcpus
            and sum(one.memory_mb for one in together) <= self.memory_mb - KEPT_MB
            and sum(one.gpus for one in together) <= self.gpus
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A compute environment as it stands."""

    arn: str
    most_vcpus: int
    types: tuple[Type, ...]
    """That it may start."""
    running: Mapping[str, tuple[Type, tuple[Need, ...]]]
    """What runs on each of its instances, by their ids."""
    open: bool = True
    """False when it is disabled, or has no capacity at this time."""

    @property
    def vcpus(self) -> int:
        """Of all its instances."""
        return sum(kind.vcpus for kind, _ in self.running.values())


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a job runs."""

    place: Place
    instance: str | None
    """Id of one that runs; None for a new one."""
    type: Type


def choose(need: Need, places: Sequence[Place]) -> Choice | None:
    """The first of a queue's compute environments that can take a job; None while none can, and the job waits."""
    for place in places:
        if not place.open:
            continue
        for instance, (kind, used) in place.running.items():
            if kind.has_room_for(need, used):
                return Choice(place, instance, kind)
        smallest = sorted(place.types, key=lambda kind: (kind.gpus, kind.vcpus, kind.memory_mb, kind.name))
        for kind in smallest:
            if kind.has_room_for(need) and place.vcpus + kind.vcpus <= place.most_vcpus:
                return Choice(place, None, kind)
    return None


def can_ever(need: Need, places: Sequence[Place]) -> bool:
    """Whether an instance of some compute environment is large enough; else the job waits in RUNNABLE for ever."""
    return any(kind.has_room_for(need) and kind.vcpus <= place.most_vcpus for place in places for kind in place.types)


def types_of(wanted: Iterable[str], known: Mapping[str, Type]) -> tuple[Type, ...]:
    """The types that the `instanceTypes` of a compute environment name: types, families, or `optimal`."""
    names: dict[str, None] = {}
    for entry in wanted:
        families = OPTIMAL if entry == "optimal" else (entry,)
        for family in families:
            names |= dict.fromkeys(
                [family] if family in known else [one for one in known if one.split(".")[0] == family]
            )
    return tuple(known[name] for name in names)
