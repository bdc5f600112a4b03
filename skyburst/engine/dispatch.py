"""Dispatch: what one manager does with its part of the tree."""

from __future__ import annotations

from skyburst.engine.plan import Node, Plan, children
from skyburst.ports import Invoker


def dispatch(plan: Plan, node: Node, invoker: Invoker) -> None:
    """Hand every child of a node to a manager or a worker."""
    for child in children(plan, node):
        if child.level == plan.levels:
            invoker.invoke_worker(child)
        else:
            invoker.invoke_manager(child)
