"""Where the batches of a job run, and which of them fell back to environments, for people."""

from __future__ import annotations

from skyburst.cli import text
from skyburst.contracts.records import JobRecord
from skyburst.engine.environments import ranges_of
from skyburst.homes.home import Home

MOST_NAMED = 10


def placed(job: JobRecord) -> str:
    """Where its batches run and why; empty where there is no choice."""
    compute = job.analysis.get("compute")
    if not compute:
        return ""
    if not compute["environment"]:
        return f"in functions: {compute['why']}"
    types = ", ".join(compute.get("instance_types") or [])
    spot = ", spare machines" if compute.get("pricing") == "spot" else ""
    return f"in environments{f' ({types})' if types else ''}{spot}: {compute['why']}"


def fell_back(home: Home, job: JobRecord) -> str:
    """Which batches ran out of time or memory in functions, and run once more in environments; empty when none did."""
    compute = job.analysis.get("compute") or {}
    if not compute.get("fallback"):
        return ""
    if job.outcome is not None:
        said = job.outcome.get("environments") or {}
        count, ranges = said.get("fell_back", 0), said.get("fell_back_ranges", [])
    else:
        from skyburst.homes.aws.environment_lane import read_submitted

        state = read_submitted(home.objects, job.job_id, job.runs)
        ranges = ranges_of(state.fell_back) if state else []
        count = len(state.fell_back) if state else 0
    if not count:
        return ""
    named = [str(first) if end == first + 1 else f"{first}-{end - 1}" for first, end in ranges[:MOST_NAMED]]
    more = ", ..." if len(ranges) > MOST_NAMED else ""
    return (
        f"{text.counted(count, 'batch', 'batches')} fell back from functions to environments: {', '.join(named)}{more}"
    )
