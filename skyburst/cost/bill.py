"""What amounts of each thing cost: the one place where quantities meet prices. Pure.

What is counted of the engine itself is what it was measured to do; see docs/cost.md for what is not counted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from skyburst.prices.book import HOUR_S, MONTH_HOURS, Architecture, PriceBook
from skyburst.prices.money import Micros, micros

MIB_OF_GIB = 1_024
FREE_DISK_MB = 512
LEAST_MACHINE_S = 60.0
"""A machine is paid for by the second, and for a minute at least."""
ENGINE_MB = 512
"""Memory of the planner, the manager and the watcher."""
PATIENT_S = 600.0
"""For so long the watcher looks all the time; later it is called now and then."""
PATIENT_SHARE = 0.1
"""Of the time after that in which it looks."""
PLAN_S = 3.0
CALL_S = 240.0
"""Of a call of the watcher, after which the state machine calls again."""
TRANSITIONS, TRANSITIONS_A_CALL = 9, 3
JOB_WRITES = 40
"""Write units of a job's own rows: they are written in transactions, which count twice."""
ROWS_A_READ = 40
"""Rows of batches that one read unit has."""
JOB_PUTS, JOB_GETS = 14, 20
PUTS_A_SECOND = 0.4
"""Of an environment: its status and its log, every five seconds."""
NOT_COUNTED = (
    "data that leaves AWS, and that is stored from then on",
    "the time in which machines start and end",
    "logs, alarms and dashboards",
    "free allowances, discounts, taxes",
)
"""What no estimate has, for people."""


class Amounts(NamedTuple):
    """What a job used or will use."""

    function_s: float = 0.0
    """Seconds of workers in functions."""
    machine_s: tuple[tuple[Decimal, float], ...] = ()
    """USD for an hour, and seconds, of each machine."""
    disk_gb: int = 0
    """GiB of each machine."""
    calls: float = 0.0
    """Of functions, for batches."""
    writes: float = 0.0
    """Write units for batches."""
    elapsed_s: float = 0.0
    """From the start of the job to its end."""
    combine_s: float = 0.0
    """Seconds of the combiner."""
    batches: int = 0
    puts: float = 0.0
    """Of objects, for batches."""
    gets: float = 0.0


def bill(
    amounts: Amounts, book: PriceBook, *, memory_mb: int, disk_mb: int, architecture: Architecture
) -> dict[str, Micros]:
    """What it costs, by part, those that are 0 left out.

    Args:
        amounts: what was used.
        book: the prices.
        memory_mb: of workers and the combiner in functions.
        disk_mb: of their disk.
        architecture: of the functions' processors.
    """
    rates = book.rates
    second = _decimal(memory_mb) / MIB_OF_GIB * rates.function_gb_s[architecture]
    second += _decimal(max(0, disk_mb - FREE_DISK_MB)) / MIB_OF_GIB * rates.function_disk_gb_s
    engine_second = _decimal(ENGINE_MB) / MIB_OF_GIB * rates.function_gb_s[architecture]
    watched_s = watching_s(amounts.elapsed_s)
    turns = -(-amounts.elapsed_s // CALL_S) if amounts.elapsed_s else 0
    machine_hours = _decimal(sum(seconds for _, seconds in amounts.machine_s)) / HOUR_S
    reads = watched_s * (1 + amounts.batches / ROWS_A_READ)
    parts = {
        "workers": _decimal(amounts.function_s) * second,
        "machines": sum((hour * _decimal(seconds) / HOUR_S for hour, seconds in amounts.machine_s), Decimal(0)),
        "disks": machine_hours * amounts.disk_gb * rates.disk_gb_month / MONTH_HOURS,
        "addresses": machine_hours * rates.address_hour,
        "engine": _decimal(amounts.combine_s) * second + _decimal(watched_s + PLAN_S) * engine_second,
        "calls": _decimal(amounts.calls + turns + 3) * rates.function_request,
        "state machine": _decimal(TRANSITIONS + TRANSITIONS_A_CALL * turns) * rates.transition,
        "task table": _decimal(amounts.writes + JOB_WRITES) * rates.table_write + _decimal(reads) * rates.table_read,
        "objects": _decimal(amounts.puts + JOB_PUTS) * rates.object_put
        + _decimal(amounts.gets + JOB_GETS) * rates.object_get,
    }
    return {name: micros(usd) for name, usd in parts.items() if usd}


def watching_s(elapsed_s: float) -> float:
    """Seconds that the watcher looks at a job that takes so long."""
    return min(elapsed_s, PATIENT_S) + max(0.0, elapsed_s - PATIENT_S) * PATIENT_SHARE


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
