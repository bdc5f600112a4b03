"""What is known of a running job at one moment, in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from skyburst.cli import text
from skyburst.contracts.records import Progress
from skyburst.contracts.states import JobState


@dataclass(slots=True)
class Snapshot:
    """What there is to show."""

    title: str
    """Of the job: its id, and its name if it has one."""
    progress: Progress | None = None
    """None until the job is planned."""
    elapsed_s: float = 0.0
    """Since this program began to run or follow the job."""
    best: list[str] = field(default_factory=list)
    """The best results so far, or the datasets that run, a line each."""
    heading: str = ""
    """Of these lines."""
    partly: float = 0.0
    """How much of the running batches is done, in batches, as far as they say."""
    stopping: bool = False
    """Ctrl-C was pressed, and the job is being ended."""

    @property
    def fraction(self) -> float:
        """Share of the batches that have ended, 0 to 1."""
        if self.progress is None:
            return 0.0
        partly = self.partly / self.progress.batches if self.progress.batches and self.progress.running else 0.0
        return min(1.0, self.progress.fraction + partly)


def phase(snapshot: Snapshot) -> str:
    """What the job is doing, one word or two."""
    if snapshot.progress is None:
        return "listing items"
    if snapshot.progress.state is JobState.COMBINING:
        return "combining"
    if snapshot.stopping:
        return "stopping"
    return str(snapshot.progress.state.lower())


def counts(progress: Progress) -> list[str]:
    """Batches, items and rate."""
    parts = [
        f"{progress.done + progress.failed:,} of {text.counted(progress.batches, 'batch', 'batches')}",
        f"{progress.items_done:,} of {text.counted(progress.items, 'item')}",
    ]
    if progress.items_per_s:
        parts.append(f"{text.rate(progress.items_per_s)}")
    return parts


def troubles(progress: Progress) -> list[str]:
    """Retries, failed batches and items that could not be used; empty when all is well."""
    parts = []
    if progress.retries:
        parts.append(text.counted(progress.retries, "failed attempt") + " repeated")
    if progress.failed:
        parts.append(text.counted(progress.failed, "batch", "batches") + " failed")
    if progress.item_errors:
        parts.append(text.counted(progress.item_errors, "item") + " could not be used")
    return parts


def time_left(progress: Progress) -> str:
    """Such as `12 s left`; empty while nothing is known."""
    if progress.seconds_left is None or progress.state is not JobState.RUNNING:
        return ""
    return f"{text.duration(progress.seconds_left)} left"
