"""The operations of Batch on jobs, in place of moto's, which run containers of Docker.

Queues, compute environments and job definitions are moto's. What this does not have is refused and named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from skyburst.errors import Invalid
from skyburst.local_cloud.batch.jobs import Job
from skyburst.local_cloud.batch.service import check_state

PAGE = 1_000
SUBMIT = frozenset({
    "arrayProperties", "containerOverrides", "dependsOn", "jobDefinition", "jobName", "jobQueue", "parameters",
    "propagateTags", "retryStrategy", "tags", "timeout",
})  # fmt: skip
Answer = Callable[[Any], str]


def _told(do: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Answer:
    """Errors as Batch has them."""

    def answer(self: Any) -> str:
        from moto.batch.exceptions import ClientException

        try:
            return json.dumps(do(json.loads(self.body or "{}")))
        except Invalid as error:
            raise ClientException(str(error)) from error
        except KeyError as error:
            raise ClientException(f"the request has no {error}") from error

    return answer


def _submit(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from skyburst.local_cloud.running import current

    if unknown := given.keys() - SUBMIT:
        raise Invalid(f"the local cloud does not know {', '.join(sorted(unknown))} of SubmitJob")
    job = current().batch.submit(given)
    return {"jobId": job.id, "jobName": job.name, "jobArn": job.arn}


def _describe(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from skyburst.local_cloud.running import current

    if len(given["jobs"]) > 100:
        raise Invalid(f"jobs has {len(given['jobs'])} entries: expected 100 at most")
    return {"jobs": current().batch.describe(given["jobs"])}


def _list(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from moto.batch.models import batch_backends

    from skyburst.local_cloud.running import current

    services = current()
    filters = given.get("filters") or []
    state = given.get("jobStatus")
    check_state(state)
    if not filters:
        state = state or "RUNNING"  # as Batch does
    queue = None
    if given.get("jobQueue"):
        found = batch_backends[services.account][services.region].get_job_queue(given["jobQueue"])
        if found is None:
            raise Invalid(f"the job queue {given['jobQueue']} does not exist")
        queue = found.arn
    elif not given.get("arrayJobId"):
        raise Invalid("ListJobs needs jobQueue or arrayJobId")
    jobs = services.batch.jobs_of(queue=queue, array=given.get("arrayJobId"), state=None if filters else state)
    jobs = [job for job in jobs if all(_fits(job, one) for one in filters)]
    first = int(given.get("nextToken") or 0)
    end = first + min(int(given.get("maxResults") or PAGE), PAGE)
    more = {"nextToken": str(end)} if end < len(jobs) else {}
    return {"jobSummaryList": [job.summary() for job in jobs[first:end]], **more}


def _fits(job: Job, wanted: Mapping[str, Any]) -> bool:
    """Whether a filter of ListJobs picks a job."""
    name, values = wanted["name"], wanted["values"]
    if name in ("BEFORE_CREATED_AT", "AFTER_CREATED_AT"):
        limit = int(values[0])
        return job.created_ms < limit if name == "BEFORE_CREATED_AT" else job.created_ms > limit
    with_revision = job.definition.rpartition("/")[2]
    texts = {"JOB_NAME": [job.name], "JOB_DEFINITION": [with_revision, job.definition_name]}
    if name not in texts:
        raise Invalid(f"the local cloud does not know the filter {name} of ListJobs")
    lowered = [text.lower() for text in texts[name]]
    return any(
        any(text.startswith(value[:-1]) if value.endswith("*") else text == value for text in lowered)
        for value in map(str.lower, values)
    )


def _terminate(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from skyburst.local_cloud.running import current

    current().batch.terminate(given["jobId"], given["reason"])
    return {}


def _cancel(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from skyburst.local_cloud.running import current

    current().batch.cancel(given["jobId"], given["reason"])
    return {}


OPERATIONS: dict[str, Answer] = {
    "submitjob": _told(_submit),
    "describejobs": _told(_describe),
    "listjobs": _told(_list),
    "terminatejob": _told(_terminate),
    "canceljob": _told(_cancel),
}
"""By the name of moto's method."""
