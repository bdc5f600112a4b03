"""What a job cost, from what its record and its batches say. The same for `skyburst cost`, certificates and budgets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord, Progress
from skyburst.cost.bill import LEAST_MACHINE_S, NOT_COUNTED, PUTS_A_SECOND, Amounts, bill
from skyburst.cost.estimate import WRITES_USUAL
from skyburst.cost.work import Machines, Work, work_of
from skyburst.errors import Invalid
from skyburst.prices.book import Architecture, PriceBook
from skyburst.prices.money import Micros, usd


class MachineUse(NamedTuple):
    """How long a batch had a machine, or several batches had one each."""

    batch_id: int
    """The first one."""
    instance: str | None
    """Its instance type; None when it is not known."""
    spot: bool | None
    """Whether it was spare capacity; None when that is not known."""
    seconds: float
    """All together, and of several at least what each is paid for."""
    batches: int = 1
    """How many."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job cost."""

    home: str
    parts: Mapping[str, Micros]
    """By part; at home `local` what it would have cost at home `aws`."""
    book: PriceBook
    why: str
    """Where its batches ran, or would have."""
    notes: tuple[str, ...]
    final: bool
    """False while it goes on."""

    @property
    def on_aws(self) -> Micros:
        """What it costs at home `aws`."""
        return sum(self.parts.values())

    @property
    def amount(self) -> Micros:
        """What was paid for it: nothing on one's own machine."""
        return 0 if self.home == "local" else self.on_aws

    def document(self) -> dict[str, Any]:
        """For certificates and programs. Amounts are USD with six decimals."""
        parts = {name: usd(amount) for name, amount in self.parts.items()}
        document: dict[str, Any] = {
            "currency": "USD",
            "amount": usd(self.amount),
            "parts": {} if self.home == "local" else parts,
            "prices": {"date": str(self.book.date), "region": self.book.region, "source": self.book.source},
            "not_counted": list(NOT_COUNTED),
            "notes": list(self.notes),
            "final": self.final,
        }
        if self.home == "local":
            document["on_aws"] = {"amount": usd(self.on_aws), "parts": parts}
        return document


def cost_of(
    job: JobRecord, counts: Progress, home: str, book: PriceBook, now: float, uses: Sequence[MachineUse] = (), *,
    architecture: Architecture = "arm64",
) -> Cost:  # fmt: skip
    """What a job cost, or has cost so far.

    Args:
        job: its record.
        counts: of its batches.
        home: where it ran.
        book: the prices.
        now: seconds since the epoch; of a job that goes on, what is not recorded yet is not counted.
        uses: of machines, of the batches that ran in environments.
        architecture: of the deployment's functions.

    Raises:
        Invalid: when an environment was needed and no price is known of any that would do.
    """
    blueprint = parse_blueprint(job.analysis["blueprint"], f"the blueprint of job {job.job_id}")
    work = work_of(blueprint, job.spec, max(1, counts.items), book, listed=(job.items or {}).get("batch_size"))
    ended = job.finished_at if job.finished_at is not None else now
    began = (job.run_began or {}).get("at") or job.started_at
    amounts, notes = _amounts(counts, work, uses, book)
    if job.started_at is not None and began is not None:
        amounts = amounts._replace(elapsed_s=max(0.0, ended - began))
    parts = bill(amounts, book, memory_mb=work.memory_mb, disk_mb=work.disk_mb, architecture=architecture)
    if job.started_at is None:
        parts = {}
    if home == "local":
        notes = ("a job on this machine costs nothing: this is what its seconds would have cost on AWS", *notes)
    return Cost(home, parts, book, work.why, tuple(notes), job.state.finished)


def _amounts(
    counts: Progress, work: Work, uses: Sequence[MachineUse], book: PriceBook
) -> tuple[Amounts, tuple[str, ...]]:
    """What batches used. Seconds of workers are all recorded in the task table; of what machines they were, in `uses`."""
    attempts = counts.done + counts.failed + counts.retries
    shared = Amounts(batches=counts.batches, writes=WRITES_USUAL * attempts, gets=attempts, calls=attempts)
    rest_s = max(0.0, counts.worker_seconds - sum(use.seconds for use in uses))
    known = sum(use.batches for use in uses)
    if uses and attempts <= known:  # all are known: the rest is what it took to prepare and to record them
        more_s, rest_s = rest_s / known, 0.0
        uses = [use._replace(seconds=use.seconds + more_s * use.batches) for use in uses]
    notes: list[str] = []
    machines = work.machines
    if machines is None:
        return shared._replace(function_s=counts.worker_seconds), ()
    paid: list[tuple[Decimal, float]] = []
    unknown: set[str] = set()
    for use in uses:
        hour = _hour(use, machines, book)
        if use.instance is not None and use.instance not in book.machines:
            unknown.add(use.instance)
        paid.append((hour, max(LEAST_MACHINE_S * use.batches, use.seconds)))
    if unknown:
        notes.append(
            f"no price is known of {', '.join(sorted(unknown))}: counted as {machines.chosen.name}; "
            "`skyburst prices refresh --family NAME` gets it"
        )
    function_s = rest_s
    if work.in_machines:
        function_s = 0.0
        if rest_s > 0:  # attempts of which the machine is not recorded, or all when there are no environments here
            least_s = LEAST_MACHINE_S * max(0, attempts - known)
            paid.append((machines.chosen.hour(spot=False), max(rest_s, least_s)))
            notes.append(
                f"{rest_s:,.0f} s of which the machine is not known are counted as {machines.chosen.name}, on demand"
            )
        shared = shared._replace(calls=0)
    machine_s = sum(seconds for _, seconds in paid)
    return (
        shared._replace(
            function_s=function_s, machine_s=tuple(paid), disk_gb=machines.disk_gb, puts=PUTS_A_SECOND * machine_s
        ),
        tuple(notes),
    )


def _hour(use: MachineUse, machines: Machines, book: PriceBook) -> Decimal:
    machine = book.machines.get(use.instance or machines.chosen.name, machines.chosen.machine)
    return machines.chosen.hour_on(machine, spot=machines.spot if use.spot is None else use.spot)


def cost_document(
    job: JobRecord, counts: Progress, home: str, prices: Callable[[], PriceBook], uses: Sequence[MachineUse] = (), *,
    architecture: Architecture = "arm64",
) -> dict[str, Any]:  # fmt: skip
    """What the certificate of a job that has ended says of its cost; why there is no amount when there cannot be one.

    Args:
        job: its record.
        counts: of its batches.
        home: where it ran.
        prices: reads the price book, which a user may have damaged.
        uses: of machines.
        architecture: of the deployment's functions.
    """
    try:
        return cost_of(job, counts, home, prices(), job.finished_at or 0.0, uses, architecture=architecture).document()
    except Invalid as error:
        return {"currency": "USD", "amount": 0.0 if home == "local" else None, "notes": [str(error)], "final": True}
