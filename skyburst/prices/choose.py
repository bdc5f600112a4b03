"""Which instance types a batch may get, the cheapest of them, and what it may cost at most. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from skyburst.errors import Invalid, InvalidJob
from skyburst.prices.book import Machine, PriceBook

KEPT_SHARE, KEPT_MB = 0.04, 300
"""Of an instance's memory, that its system and the agent of ECS take, about."""
DEPLOYED = frozenset(
    {f"{letter}{generation}" for letter in "cmr" for generation in ("6i", "6a", "7i")} | {"g4dn", "g5", "g6"}
)
"""Families that a deployment takes the smallest fitting size of, for analyses that name none."""

NEAREST = 3
METAL = re.compile(r"metal(-\d+xl)?")
SIZE = re.compile(rf"nano|micro|small|medium|large|\d*xlarge|{METAL.pattern}")
"""Sizes that instance types have, of any family."""


class Need(NamedTuple):
    """What one batch needs of an instance."""

    vcpus: int = 1
    memory_mb: int = 0
    """MiB."""
    gpus: int = 0


class Chosen(NamedTuple):
    """The instance type that is expected."""

    name: str
    machine: Machine
    most_hour: Decimal
    """USD for an hour, on demand, of the dearest type that a batch may get."""

    def hour(self, *, spot: bool = False) -> Decimal:
        """USD for an hour."""
        return self.machine.hour * self.machine.spot_share if spot else self.machine.hour

    def hour_on(self, machine: Machine, *, spot: bool) -> Decimal:
        """USD for an hour on another type: of a larger machine, on which others run too, the part that this one is of it."""
        part = min(Decimal(1), Decimal(self.machine.vcpus) / machine.vcpus) if machine.vcpus else Decimal(1)
        return machine.hour * part * (machine.spot_share if spot else 1)


def cheapest(book: PriceBook, need: Need, allowed: Collection[str] = ()) -> Chosen:
    """The cheapest instance type that has what is needed; of two that cost the same, the one with more.

    Args:
        book: the prices.
        need: what a batch needs.
        allowed: instance types and families, such as `m5.4xlarge`, `c7i`; none: those that deployments take by themselves.

    Raises:
        Invalid: when none is large enough, or no price is known of what is allowed.
    """
    machines = _named(book, allowed) if allowed else _deployed(book, need)
    fitting = {name: machine for name, machine in machines.items() if _fits(machine, need)}
    if not fitting:
        among = f"of {', '.join(sorted(allowed))}" if allowed else "that a deployment takes by itself"
        raise Invalid(
            f"no instance type {among} has {need.vcpus:,} vCPUs, {need.memory_mb:,} MiB of memory for a container and "
            f"{need.gpus} GPUs: ask for less, or name others in environment.instance_types"
        )
    if not allowed:
        fewest = min(machine.vcpus for machine in fitting.values())
        fitting = {name: machine for name, machine in fitting.items() if machine.vcpus == fewest}
    name = min(fitting, key=lambda name: _order(name, fitting[name]))
    chosen = Chosen(name, fitting[name], fitting[name].hour)
    return chosen._replace(most_hour=max(chosen.hour_on(machine, spot=False) for machine in fitting.values()))


def named(book: PriceBook, name: str) -> Chosen:
    """The instance type of a name. Raises Invalid when no price is known of it."""
    machine = book.machines.get(name)
    if machine is None:
        raise _unknown(book, f"the instance type {name!r}", name)
    return Chosen(name, machine, machine.hour)


def check_wished(book: PriceBook, name: str) -> None:
    """Refuse an instance type that AWS does not have, as far as the prices tell: they have all sizes of some families.

    Raises:
        InvalidJob: with the nearest ones.
    """
    family, _, size = name.partition(".")
    known = family in book.families()
    if name in book.machines or (METAL.fullmatch(size) if known else SIZE.fullmatch(size)):
        return
    near = difflib.get_close_matches(name, book.machines, n=NEAREST) or [
        n for n in book.machines if _family(n) == family
    ]
    hint = f"the nearest are {', '.join(near)}" if near else "expected one such as m5.4xlarge"
    raise InvalidJob(f"job.environment.instance_type is {name!r}, and AWS has no such instance type: {hint}")


def _named(book: PriceBook, allowed: Collection[str]) -> Mapping[str, Machine]:
    for entry in sorted(allowed):  # a typing mistake must not choose another one
        if "." in entry:
            named(book, entry)
        elif entry not in book.families():
            raise _unknown(book, f"the family {entry!r} of instance types", entry)
    return {name: machine for name, machine in book.machines.items() if name in allowed or _family(name) in allowed}


def _deployed(book: PriceBook, need: Need) -> Mapping[str, Machine]:
    return {
        name: machine
        for name, machine in book.machines.items()
        if _family(name) in DEPLOYED and bool(machine.gpus) == bool(need.gpus)
    }


def _unknown(book: PriceBook, what: str, name: str) -> Invalid:
    return Invalid(
        f"{what} is not among the prices of {book.date}, which have {', '.join(book.families())}: "
        f"`skyburst prices refresh --family {_family(name)}` gets it, if there is one of that name"
    )


def _fits(machine: Machine, need: Need) -> bool:
    usable_mb = machine.memory_mb * (1 - KEPT_SHARE) - KEPT_MB
    return machine.vcpus >= need.vcpus and usable_mb >= need.memory_mb and machine.gpus >= need.gpus


def _order(name: str, machine: Machine) -> tuple[Decimal, int, int, str]:
    return machine.hour, -machine.vcpus, -machine.memory_mb, name


def _family(name: str) -> str:
    return name.partition(".")[0]
