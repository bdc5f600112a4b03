"""The job with which a home is tried out: what its items do, and what its answer has to be. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from skyburst.contracts.job import JobSpec
from skyburst.contracts.records import BatchRecord
from skyburst.contracts.states import BatchState
from skyburst.finding import PROBE


@dataclass(frozen=True, slots=True)
class Probing:
    """A job of the analysis `probe`, in which each item is a batch."""

    batches: int
    fails: int = 1
    """Item whose first attempt raises an error."""
    medium: int = 2
    large: int = 3
    dies: int | None = None
    hangs: int | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of the job specification."""

    def spec(self) -> JobSpec:
        """The job specification."""
        parameters = {
            name: [getattr(self, name)]
            for name in ("fails", "dies", "hangs", "medium", "large")
            if getattr(self, name) is not None
        }
        items = {"range": [0, self.batches]}
        return JobSpec(analysis=PROBE, items=items, batch_size=1, parameters=parameters, **self.more)

    def wrong(self, value: Any) -> str:
        """What is wrong with a result; empty when it is as it has to be."""
        if not isinstance(value, dict):
            return f"the result is {value!r}"
        expected = {
            "sum": sum(number * number for number in range(self.batches)),
            "items": self.batches,
            "damaged": [],
            "whole": [self.medium, self.large],
        }
        return "; ".join(
            f"{name} is {value.get(name)!r}, not {right!r}"
            for name, right in expected.items()
            if value.get(name) != right
        )


def not_retried(record: BatchRecord | None, kind: str) -> str:
    """What is wrong with a batch whose first attempt had to fail in this way; empty when another one followed it."""
    if record is None:
        return "nothing is recorded of it"
    kinds: Sequence[str] = [failure.kind for failure in record.failures]
    if record.state is not BatchState.DONE:
        return f"it is {record.state} after {record.attempt} attempts: {', '.join(kinds) or 'no failure is recorded'}"
    if kind not in kinds:
        return f"its failures are {', '.join(kinds) or 'not recorded'}, and one of them has to be {kind}"
    return ""
