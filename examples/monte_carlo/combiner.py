"""The combiner: merges means and spreads, and says how far off the answer may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import skyburst

from .integrands import INTEGRANDS
from .moments import Moments

CONFIDENT = 1.96
"""Standard errors on either side of the mean that hold the true value 95 times in 100."""


@skyburst.combiner(associative=True)
def estimate(partials: Iterator[skyburst.PartialResult]) -> list[float]:
    """Merge moments into moments of the same form, so that large jobs can be combined as a tree.

    The tree depends on the number of batches only: the answer is the same, to the last digit, for any number of
    workers.
    """
    found = Moments()
    for partial in partials:
        found = found.merge(Moments.from_json(partial.value))
    return found.as_json()


@estimate.finish
def report(value: list[float], context: skyburst.FinishContext) -> dict[str, Any]:
    """Return the integral with its standard error and 95 % interval."""
    found = Moments.from_json(value)
    error = found.standard_error
    return {
        "integrand": context.parameters["integrand"],
        "integral": found.mean,
        "standard_error": error,
        "interval_95": [found.mean - CONFIDENT * error, found.mean + CONFIDENT * error] if error is not None else None,
        "points": found.count,
        "exact": INTEGRANDS[context.parameters["integrand"]].exact,
    }


@estimate.summary
def so_far(value: list[float], parameters: Mapping[str, Any]) -> list[str]:
    """Show the estimate so far."""
    found = Moments.from_json(value)
    if found.standard_error is None:
        return []
    return [f"{parameters['integrand']} = {found.mean:.6f} ± {found.standard_error:.6f} ({found.count:,} points)"]
