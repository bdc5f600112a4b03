"""The analyses of a deployment, of which the function of the API has the blueprints alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from skyburst.contracts import burst
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.errors import AnalysisNotFound
from skyburst.finding import PROBE, Found

NOT_OFFERED = (PROBE, burst.ANALYSIS)


class DeployedAnalyses:
    """The analyses in the registry of a deployment.

    Args:
        registry: analyses by name, as the planner has them.
    """

    def __init__(self, registry: Mapping[str, Any]) -> None:
        self.found = {
            name: Found(parse_blueprint(entry["reference"]["blueprint"], name), Path(name), "deployed")
            for name, entry in sorted(registry.items())
            if name not in NOT_OFFERED
        }

    def all(self) -> Iterator[Found]:
        """All of them by name."""
        return iter(self.found.values())

    def get(self, name: str) -> Found:
        """The analysis of a name. Raises AnalysisNotFound."""
        if name not in self.found:
            raise AnalysisNotFound(
                f"there is no analysis {name[:200]!r}: deployed here are {', '.join(self.found) or 'none'}"
            )
        return self.found[name]

    def again(self, certificate: Mapping[str, Any]) -> Found:
        """The analysis of the name of that of a job. Raises AnalysisNotFound."""
        return self.get(certificate["analysis"]["name"])
