"""Room: what a job's batches may take at home `local`, and how many run at once. Pure but for what looks at the machine."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import EnvironmentSection
from skyburst.contracts.dataset import Setup
from skyburst.contracts.records import JobRecord
from skyburst.engine.compute import choose_for, needs_of
from skyburst.errors import InvalidJob

WORKERS_VARIABLE = "SKYBURST_WORKERS"
DELIVERY_S = 3_600.0
"""After the time of a command is over, its results have so long to be delivered until its worker is ended."""
ENDING_S = 30.0
"""When a job is ended, its commands have so long to end, and what they left to be delivered."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MB = 2**20


class Limits(NamedTuple):
    """What one attempt at a batch may take."""

    batch_timeout_s: float
    memory_mb: int
    attempts: int
    combiner_timeout_s: float
    environment: bool
    """Whether it is what an environment has, rather than a function."""


class Machine(NamedTuple):
    """What this machine has."""

    processors: int
    memory_mb: int
    gpus: list[str]


def limits_of(job: JobRecord) -> Limits:
    """What one attempt at a batch of a job may take: as in a function, or as in an environment when it runs in one.

    A batch that may fall back to an environment has at once what it would have there: here that is the same process.
    """
    resources = job.analysis["blueprint"]["resources"]
    functions = Limits(
        resources["batch_timeout_s"],
        resources["memory_mb"],
        resources["attempts"],
        resources["combiner_timeout_s"],
        False,
    )
    choice, needs = choose_for(job), needs_of(job)
    if choice.environment:
        return Limits(60 * needs.timeout_min, needs.memory_mb, needs.attempts, functions.combiner_timeout_s, True)
    if choice.fallback:
        return functions._replace(
            batch_timeout_s=max(functions.batch_timeout_s, 60 * needs.timeout_min),
            memory_mb=max(functions.memory_mb, needs.memory_mb),
        )
    return functions


def setup_of(job: JobRecord, folder: str, here: Machine) -> Setup | None:
    """What the environments of a job's commands are; None of an analysis that is no command."""
    command = job.analysis["blueprint"].get("command")
    if command is None:
        return None
    needs = needs_of(job)
    return Setup(
        command=list(command),
        folder=folder,
        timeout_s=60 * needs.timeout_min,
        memory_mb=needs.memory_mb,
        vcpus=min(needs.vcpus, here.processors),
        gpus_wanted=needs.gpus,
        image=needs.image,
        variables=dict(needs.variables),
        analysis=job.analysis["name"],
        group=job.spec.get("group"),
    )


def workers_for(job: JobRecord, here: Machine, named: int | None = None) -> int:
    """Worker processes that a job may have: as many as the machine has room for, and the blueprint and the job allow.

    Args:
        job: which one.
        here: what there is.
        named: as many as SKYBURST_WORKERS says, instead of those that processors and memory are there for.
    """
    limits, needs = limits_of(job), needs_of(job)
    room = named or min(
        here.processors // (needs.vcpus if limits.environment else 1), here.memory_mb // limits.memory_mb
    )
    bounds = [room, job.spec.get("max_parallelism") or job.analysis["blueprint"]["job"]["max_parallelism"] or room]
    if limits.environment:
        bounds.append(needs.max_concurrent)
        if needs.gpus and here.gpus:
            bounds.append(len(here.gpus) // needs.gpus)
    return max(1, min(bounds))


def named_workers() -> int | None:
    """What SKYBURST_WORKERS says. Raises InvalidJob."""
    named = os.environ.get(WORKERS_VARIABLE)
    if not named:
        return None
    if not named.isdigit() or int(named) < 1:
        raise InvalidJob(f"{WORKERS_VARIABLE} is {named!r}: expected a whole number from 1")
    return int(named)


def this_machine(needs: EnvironmentSection | None = None) -> Machine:
    """What this machine has; its GPUs are looked for only when some are needed."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    gpus: list[str] = []
    if needs is not None and needs.gpus:
        from skyburst.environments.gpus import Gpus

        gpus = Gpus().ids()
    return Machine(processors, memory // MB, gpus)


def worker_variables(job: JobRecord, setup: Setup | None) -> dict[str, str]:
    """Variables of worker processes whose function runs in an environment: as many threads as it has processors."""
    if setup is not None or not limits_of(job).environment:
        return {}
    return {name: str(needs_of(job).vcpus) for name in THREADS if name not in os.environ}


def worker_limits(limits: Limits, setup: Setup | None) -> dict[str, Any]:
    """The limits of worker processes. What bounds a command is its supervisor: a limit of the worker would be its own too."""
    if setup is None:
        return {"memory_mb": limits.memory_mb, "margin_s": 0.0}
    return {"memory_mb": None, "margin_s": DELIVERY_S}
