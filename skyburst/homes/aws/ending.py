"""The end of a job: its certificate, and the final state."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from skyburst.contracts import burst, values
from skyburst.contracts.records import Failure, JobRecord, Progress
from skyburst.contracts.states import UNFINISHED, JobState
from skyburst.cost.job_cost import cost_document
from skyburst.cost.uses import uses_with
from skyburst.engine.certificate import Evidence, certificate_of
from skyburst.engine.combine import RESULT
from skyburst.engine.evidence import datasets_of, inputs_of
from skyburst.engine.finish import kept
from skyburst.engine.following import may_follow
from skyburst.engine.spans import spans_of
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.environment_lane import summary_of
from skyburst.homes.aws.outcomes import keep
from skyburst.homes.aws.telemetry import measure_job
from skyburst.ports import Objects
from skyburst.prices.current import shipped_prices

READ_BYTES = 1 << 20
LONGEST_REASON = 1_000
CERTIFICATE = "certificate.json"
TAKEN_OVER = "TakenOver"
"""In place of a state: of an execution whose job another one has taken over."""


def finish(
    deployed: Deployed, job: JobRecord, state: JobState, reason: str, outcome: dict[str, Any], failure: Failure | None,
    counts: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the certificate of a job and set its final state, unless somebody else did, or the job is in another run.

    Args:
        deployed: the deployment.
        job: its record.
        state: how it ends.
        reason: why, one sentence.
        outcome: what is missing, and the files of the result.
        failure: of its items or its combiner.
        counts: of the look that `missing` is of; None to count now.

    Returns:
        `{"job", "run", "state", "reason", "result", "certificate"}`, the output of its execution: names of objects, never
        results; with `settles` when what it cost is to be settled with budgets, which only the planner may, and with `follows`
        when something may follow the job.
    """
    stored = deployed.table.job(job.job_id)
    if stored.state.finished or stored.runs != job.runs:
        return ending(stored, job.runs)
    prefix = job_prefix(job.job_id)
    job.outcome = {**outcome, "failure": list(failure) if failure else None}
    if environments := summary_of(deployed, job):
        job.outcome["environments"] = environments
    job.finished_at = time.time()
    job.state, job.reason = state, reason
    found = job.outcome.get("files") is not None
    digest = _sha256(deployed.objects, prefix + RESULT) if found else None
    counts = counts or deployed.table.progress(job.job_id)
    job.outcome["counts"] = kept(counts)
    datasets = datasets_of(deployed.objects, prefix, job)
    uses = uses_with(datasets, deployed.table, job)
    cost = cost_document(job, counts, "aws", shipped_prices, uses, architecture=deployed.architecture)
    kinds = [] if datasets else [{"type": use.instance, "spot": use.spot} for use in uses if use.instance]
    spans = spans_of(deployed.objects, prefix, job.runs)
    evidence = Evidence(digest, inputs_of(job), datasets, spans, cost, kinds)
    certificate = certificate_of(job, counts, "aws", evidence)
    deployed.objects.put(prefix + CERTIFICATE, values.encode(certificate))
    job.outcome = keep(deployed.objects, job.job_id, job.outcome)
    if not deployed.table.update_job(job, expected=UNFINISHED, run=job.runs):
        return ending(deployed.table.job(job.job_id), job.runs)
    settle(deployed, job, counts)
    ended = _tell(deployed, job, counts)
    seconds = job.finished_at - (job.run_began or {"at": job.created_at})["at"]
    measure_job(deployed.prefix, job.analysis["name"], job.state, seconds, counts)
    return ended


def tell_again(deployed: Deployed, job: JobRecord) -> dict[str, Any]:
    """Tell once more how a job ended, and answer it: who finished it may have died before telling anybody."""
    counts = deployed.table.progress(job.job_id)
    settle(deployed, job, counts)
    return _tell(deployed, job, counts)


def settled(deployed: Deployed, job_id: str, run: int) -> dict[str, Any]:
    """Settle a job that has ended, unless it is in another run by now: as `ending`, without `settles`."""
    job = deployed.table.job(job_id)
    if job.state.finished and job.runs == run:
        settle(deployed, job)
    return {name: value for name, value in ending(job, run).items() if name != "settles"}


def settle(deployed: Deployed, job: JobRecord, counts: Progress | None = None) -> None:
    """Put what a job that has ended cost in place of what was kept for it, where this function may: the planner's."""
    if deployed.paying is not None:
        deployed.paying.settle(job, counts, job.finished_at or time.time())


def _tell(deployed: Deployed, job: JobRecord, counts: Progress) -> dict[str, Any]:
    ended = ending(job)
    deployed.events.job(job, counts, {name: ended[name] for name in ("result", "certificate")})
    return ended


def ending(job: JobRecord, run: int | None = None) -> dict[str, Any]:
    """How a job ended, for the output of its execution; of a job of burst-compute with what its dispatch answered.

    To the execution of an earlier run the job has not ended, however it stands.
    """
    prefix = job_prefix(job.job_id)
    found = (job.outcome or {}).get("files") is not None
    foreign = job.analysis.get("foreign")
    state, reason = str(job.state), job.reason[:LONGEST_REASON]
    if run is not None and run != job.runs:
        state, reason = TAKEN_OVER, f"run {job.runs} of job {job.job_id} was started while this one, run {run}, went on"
    return {
        **(burst.dispatch_output(job.job_id, foreign) if foreign else {}),
        "job": job.job_id,
        "run": job.runs,
        "state": state,
        "reason": reason,
        "result": prefix + RESULT if found else None,
        "certificate": prefix + CERTIFICATE,
        **({"settles": True} if job.state.finished and (job.run_began or {}).get("reserved") else {}),
        **({"follows": True} if may_follow(job) else {}),
    }


def _sha256(objects: Objects, key: str) -> str:
    digest = hashlib.sha256()
    with objects.open(key) as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
