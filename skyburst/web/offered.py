"""The analyses that are offered: on this machine those that commands find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from skyburst.certificates.repeating import locate
from skyburst.finding import Found, all_analyses, find_analysis


class Analyses(Protocol):
    """The analyses that are offered."""

    def all(self) -> Iterator[Found]:
        """All of them; an earlier one hides later ones of its name."""

    def get(self, name: str) -> Found:
        """One of them. Raises AnalysisNotFound."""

    def again(self, certificate: Mapping[str, Any]) -> Found:
        """That of a job that is run once more. Raises AnalysisNotFound."""


class LocalAnalyses:
    """Those of this machine."""

    def all(self) -> Iterator[Found]:
        """Those that can be used."""
        return (entry for entry in all_analyses() if isinstance(entry, Found))

    def get(self, name: str) -> Found:
        """The analysis of a name or path."""
        return find_analysis(name)

    def again(self, certificate: Mapping[str, Any]) -> Found:
        """Where it was, else the one of its name."""
        return locate(certificate)
