"""Which instance type is the cheapest that has what a batch needs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from skyburst.errors import Invalid
from skyburst.prices.book import Machine, PriceBook

USABLE_MEMORY = 0.9
"""Share of an instance's memory that a container can have at least: the system and the agent of ECS keep the rest."""
NOT_BY_ITSELF = frozenset({"t2", "t3", "t3a"})
"""Families that are chosen only when they are named: their processors are throttled after a while."""


class Need(NamedTuple):
    """What one batch needs of an instance."""

    vcpus: int = 1
    memory_mb: int = 0
    """MiB."""
    gpus: int = 0


class Chosen(NamedTuple):
    """An instance type."""

    name: str
    machine: Machine

    def hour(self, *, spot: bool = False) -> Decimal:
        """USD for an hour."""
        return self.machine.hour * self.machine.spot_share if spot else self.machine.hour


def cheapest(book: PriceBook, need: Need, allowed: Collection[str] = ()) -> Chosen:
    """The cheapest instance type that has what is needed; of two that cost the same, the one with more.

    Args:
        book: the prices.
        need: what a batch needs.
        allowed: instance types and families, such as `m5.4xlarge`, `c7i`; none: all but those whose processors are throttled.

    Raises:
        Invalid: when none is large enough, or no price is known of what is allowed.
    """
    machines = _allowed(book, allowed)
    fitting = {name: machine for name, machine in machines.items() if _fits(machine, need)}
    if not fitting:
        among = f"of {', '.join(sorted(allowed))}" if allowed else "of which a price is known"
        raise Invalid(
            f"no instance type {among} has {need.vcpus:,} vCPUs, {need.memory_mb:,} MiB of memory for a container and "
            f"{need.gpus} GPUs: ask for less, allow other types in environment.instance_types, or get more prices "
            "(`skyburst prices refresh --family NAME`)"
        )
    name = min(fitting, key=lambda name: _order(name, fitting[name]))
    return Chosen(name, fitting[name])


def named(book: PriceBook, name: str) -> Chosen:
    """The instance type of a name. Raises Invalid when no price is known of it."""
    machine = book.machines.get(name)
    if machine is None:
        family = name.partition(".")[0]
        raise Invalid(
            f"the instance type {name!r} is not among the prices of {book.date}, which have {', '.join(book.families())}: "
            f"`skyburst prices refresh --family {family}` gets it, if there is one of that name"
        )
    return Chosen(name, machine)


def _allowed(book: PriceBook, allowed: Collection[str]) -> Mapping[str, Machine]:
    if not allowed:
        return {name: machine for name, machine in book.machines.items() if name.partition(".")[0] not in NOT_BY_ITSELF}
    found = {
        name: machine for name, machine in book.machines.items() if name in allowed or name.partition(".")[0] in allowed
    }
    for entry in sorted(allowed):
        if "." in entry:
            named(book, entry)  # a typing mistake must not choose another one
    return found


def _fits(machine: Machine, need: Need) -> bool:
    return (
        machine.vcpus >= need.vcpus
        and machine.memory_mb * USABLE_MEMORY >= need.memory_mb
        and machine.gpus >= need.gpus
        and (need.gpus > 0 or machine.gpus == 0)
    )


def _order(name: str, machine: Machine) -> tuple[Decimal, int, int, str]:
    return machine.hour, -machine.vcpus, -machine.memory_mb, name
