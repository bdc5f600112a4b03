"""The brief of a job: what its functions need to know, stored once and read by reference.

burst-compute copied the parameters into every event of the tree; here an event names the job, and each environment
reads the brief once.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

from skyburst.contracts import values
from skyburst.engine.plan import Plan
from skyburst.manifest import Manifest, library_of, parse_source
from skyburst.ports import Objects

MOST_KEPT = 8
SAME_AS = "same-as.json"
"""Among the objects of an execution that made no job: `{"job"}`, the one of the same idempotency key."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the functions of a job need to know."""

    job_id: str
    name: str | None
    analysis: dict[str, Any]
    """`{"name", "worker", "combiner", "items", "second_stage"}`: where the developer's functions are."""
    parameters: dict[str, Any]
    items: dict[str, Any] | None
    """Where the items are; None until the analysis has listed them."""
    plan: dict[str, Any] | None
    resources: dict[str, Any]
    """Of the blueprint."""
    manager: str
    """Name of the function that splits ranges."""
    lanes: list[str]
    """Names of the functions that run batches."""
    combiner: str
    """Name of the function that combines."""
    run: int
    """1 for the first run of the job, more for those that resume it."""
    environment: dict[str, Any] | None = None
    """Of a job whose batches run in environments, or may fall back to them: `{"all", "fallback", "queues", "definition",
    "timeout_s", "attempts", "pricing", "command", "image", "memory_mb", "vcpus", "gpus", "variables", "group",
    "instance_types"}`."""

    @property
    def batches(self) -> Plan:
        """The plan of a job whose items are listed."""
        assert self.plan is not None
        return Plan(**self.plan)

    @property
    def prefix(self) -> str:
        """Key prefix of the job's objects."""
        return job_prefix(self.job_id)

    @property
    def items_location(self) -> str | None:
        """URL of the library that all items come from, if they do."""
        return library_of(parse_source(self.items), self.is_own) if self.items else None

    def is_own(self, manifest: Manifest) -> bool:
        """Whether a list of items was stored for the job."""
        return manifest.prefix.startswith(self.prefix)

    def lane_of(self, batch: int) -> str:
        """The function that runs a batch: neighbours go to different ones, as each scales on its own."""
        return self.lanes[batch % len(self.lanes)]


def so_far_key(prefix: str, run: int) -> str:
    """Key of what a run of a job has found so far, combined for who looks at it: `{"at", "seconds", "value"}`.

    It goes with the values of the combining tree when the job has ended.
    """
    from skyburst.engine.combine import PARTS  # which workers, that read briefs, have no use for

    return f"{prefix}{PARTS}so-far-{run}.json"


def job_prefix(job_id: str) -> str:
    """Key prefix of a job's objects."""
    return f"jobs/{job_id}/"


def write_brief(objects: Objects, brief: Brief) -> None:
    """Store the brief of one run of a job."""
    objects.put(_key(brief.job_id, brief.run), values.encode(asdict(brief), "brief"))


def read_brief(objects: Objects, job_id: str, run: int) -> Brief:
    """The brief of one run of a job. Raises ObjectNotFound."""
    return Brief(**values.decode(objects.get(_key(job_id, run))))


class Briefs:
    """The briefs that an environment has read: workers run many batches of one job."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._kept: OrderedDict[tuple[str, int], Brief] = OrderedDict()

    def get(self, job_id: str, run: int) -> Brief:
        """Raises ObjectNotFound."""
        key = (job_id, run)
        if key not in self._kept:
            brief = read_brief(self._objects, job_id, run)
            if brief.plan is None:  # it will be written again when the items are listed
                return brief
            self._kept[key] = brief
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _key(job_id: str, run: int) -> str:
    return f"{job_prefix(job_id)}brief-{run}.json"
