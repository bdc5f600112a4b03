"""A manager: splits its part of the tree among managers of the next level, or workers."""

from __future__ import annotations

from typing import Any, NamedTuple

from skyburst.contracts.spans import Part
from skyburst.engine.dispatch import dispatch
from skyburst.engine.plan import Node
from skyburst.engine.spans import store_span
from skyburst.errors import InvalidJob
from skyburst.homes.aws.brief import Briefs
from skyburst.homes.aws.invoker import LambdaInvoker, Unsent
from skyburst.homes.aws.starts import begin
from skyburst.ports import Objects

MOST_LEVELS = 8
"""A tree of so many levels would have more batches than a job may have items. Lambda's own guard against functions that
call themselves for ever is off for managers, and this one takes its place."""
MARGIN_S = 2.0


class Started(NamedTuple):
    """What came of starting the children of a node."""

    unsent: list[Unsent]
    throttled: int
    """Invocations that Lambda throttled at first."""


def manage(event: dict[str, Any], briefs: Briefs, objects: Objects, client: Any, *, seconds: float) -> Started:
    """Start the children of a node.

    Args:
        event: `{"job", "run", "first", "last", "level", "sent_at"}`.
        briefs: of the jobs.
        objects: where the span of this manager is stored.
        client: of Lambda.
        seconds: left to this invocation.

    Returns:
        What came of it; the watcher finds the children that could not be started.
    """
    start = begin(event["sent_at"])
    node = Node(event["first"], event["last"], event["level"])
    brief = briefs.get(event["job"], event["run"])
    plan = brief.batches
    if not 0 <= node.level < min(plan.levels, MOST_LEVELS):
        raise InvalidJob(f"level {node.level} is not one of the {plan.levels} levels of job {brief.job_id}")
    if not 0 <= node.first <= node.last <= plan.batches:
        raise InvalidJob(f"batches {node.first}-{node.last} are not among the {plan.batches} of job {brief.job_id}")
    with LambdaInvoker(client, brief, seconds=seconds - MARGIN_S) as invoker:
        dispatch(plan, node, invoker)
    name = f"{node.level}-{node.first}-{node.last}"
    store_span(objects, brief.prefix, start.span(Part.MANAGER, name, brief.run, level=node.level))
    return Started(invoker.unsent, len(invoker.throttled))
