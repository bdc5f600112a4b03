"""Compute: where the batches of an analysis run at home `aws`, and why. Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.contracts.records import JobRecord

FUNCTION_MEMORY_MB = 10_240
"""The most that a function of Lambda can have; so with its processors, its disk and its time."""
FUNCTION_VCPUS = 6
FUNCTION_DISK_GB = 10
FUNCTION_TIMEOUT_MIN = 15.0


class Choice(NamedTuple):
    """Where batches run."""

    environment: bool
    """Whether in environments on EC2; else in functions of Lambda."""
    why: str
    """One sentence, for people."""
    fallback: bool
    """Whether a batch that runs out of time or memory in a function runs once more in an environment."""


def choose(blueprint: Blueprint) -> Choice:
    """Where the batches of an analysis run: as its blueprint says, or where what it needs is to be had."""
    needs = blueprint.environment
    if blueprint.compute == "ec2":
        return Choice(True, "its blueprint says compute = 'ec2'", False)
    if blueprint.command is not None:
        return Choice(True, "it is a command, which needs an environment", False)
    fallback = needs is not None and needs.fallback
    if blueprint.compute == "lambda":
        return Choice(False, "its blueprint says compute = 'lambda'", fallback)
    if needs is None:
        return Choice(False, "its blueprint asks for no environment", False)
    if needs.gpus:
        return Choice(True, f"it needs {needs.gpus} GPU{'s' * (needs.gpus > 1)}, and functions have none", False)
    if needs.fallback:
        return Choice(False, "its batches begin in functions, and fall back to environments", True)
    for amount, most, unit in (
        (needs.memory_mb, FUNCTION_MEMORY_MB, "MiB of memory"),
        (needs.timeout_min, FUNCTION_TIMEOUT_MIN, "minutes"),
        (needs.vcpus, FUNCTION_VCPUS, "processors"),
    ):
        if amount > most:
            return Choice(True, f"it needs {amount:,g} {unit}, and functions have {most:,g}", False)
    if needs.image is not None:
        return Choice(True, "it needs a container image of its own", False)
    return Choice(False, "all it needs is to be had in a function", False)


def choose_for(job: JobRecord) -> Choice:
    """Where the batches of a job run, by the blueprint of its time."""
    return choose(msgspec.convert(job.analysis["blueprint"], Blueprint))


def needs_of(job: JobRecord) -> EnvironmentSection:
    """What a job needs of an environment: what the blueprint of its time says, but for what the job wishes otherwise."""
    needs = msgspec.convert(job.analysis["blueprint"].get("environment") or {}, EnvironmentSection)
    wishes = dict(job.spec.get("environment") or {})
    instance_type = wishes.pop("instance_type", None)
    if instance_type is not None:
        wishes["instance_types"] = [instance_type]
    return msgspec.structs.replace(needs, **wishes)
