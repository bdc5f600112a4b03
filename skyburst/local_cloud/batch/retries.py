"""Whether an attempt at a Batch job that failed is followed by another one. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any, Literal

from skyburst.errors import Invalid

MOST_RULES = 5
MOST_ATTEMPTS = 10
FIELDS = {"onStatusReason": "status_reason", "onReason": "reason", "onExitCode": "exit_code"}
Ended = Mapping[str, str]
"""How an attempt ended: `status_reason`, `reason` and `exit_code`, each as text, empty when there is none."""


def check(strategy: Mapping[str, Any] | None) -> None:
    """Raise Invalid for a retry strategy that Batch refuses."""
    if not strategy:
        return
    attempts = strategy.get("attempts", 1)
    if not 1 <= int(attempts) <= MOST_ATTEMPTS:
        raise Invalid(f"retryStrategy.attempts is {attempts}: expected 1 to {MOST_ATTEMPTS}")
    rules = strategy.get("evaluateOnExit") or []
    if len(rules) > MOST_RULES:
        raise Invalid(f"retryStrategy.evaluateOnExit has {len(rules)} entries: expected {MOST_RULES} at most")
    for rule in rules:
        if str(rule.get("action", "")).lower() not in ("retry", "exit"):
            raise Invalid(f"action of retryStrategy.evaluateOnExit is {rule.get('action')!r}: expected RETRY or EXIT")
        for name in FIELDS:
            pattern = rule.get(name)
            if pattern is not None and "*" in pattern[:-1]:
                raise Invalid(f"{name} is {pattern!r}: expected * at the end only")


def action(rules: list[Mapping[str, str]], ended: Ended) -> Literal["retry", "exit"]:
    """What the first rule that fits says; an attempt that no rule fits is tried again, as Batch documents."""
    for rule in rules:
        if all(_fits(rule[name], ended[what]) for name, what in FIELDS.items() if rule.get(name)):
            return "retry" if rule["action"].lower() == "retry" else "exit"
    return "retry"


def is_tried_again(strategy: Mapping[str, Any] | None, *, attempts_made: int, ended: Ended) -> bool:
    """Whether there is another attempt after one that failed by itself or lost its machine."""
    strategy = strategy or {}
    if attempts_made >= int(strategy.get("attempts") or 1):
        return False
    return action(list(strategy.get("evaluateOnExit") or []), ended) == "retry"


def _fits(pattern: str, text: str) -> bool:
    """Batch knows `*` at the end of a pattern; whether letters are capitals makes no difference to it."""
    return fnmatch.fnmatchcase(text.lower(), pattern.lower())
