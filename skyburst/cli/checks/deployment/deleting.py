"""Delete the job of the doctor, and look that nothing is left of it."""

from __future__ import annotations

from collections.abc import Iterator

from skyburst.cli import text
from skyburst.cli.checks.deployment.asked import refused
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.contracts.records import JobRecord
from skyburst.errors import SkyburstError
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.home import AwsHome

RIGHTS = (
    "s3:DeleteObject on the bucket, dynamodb:Query and BatchWriteItem on the table of batches, dynamodb:DeleteItem on that "
    "of jobs"
)
STAYS = "AWS keeps the lines in its logs, and the execution's history for 90 days"


def delete(home: AwsHome, job: JobRecord) -> Iterator[Finding]:
    """Delete a job; finds out whether its objects and rows are gone."""
    what, prefix = "deletion", job_prefix(job.job_id)
    try:
        partitions = home.table.partitions(job.job_id)
        items = home.table.count_items(partitions)
        objects = sum(1 for _ in home.objects.list(prefix))
        home.delete(job.job_id)
        left = [entry.key for entry in home.objects.list(prefix)]
        rows = home.table.count_items(partitions) + len(home.table.states([job.job_id]))
    except (SkyburstError, OSError) as error:
        remedy = f"`skyburst delete {job.job_id}{home.option}` removes it"
        yield Finding(what, Verdict.BAD, f"{refused(error, RIGHTS)}; {remedy}")
        return
    if left or rows:
        found = f"{text.counted(rows, 'item')} of DynamoDB and {', '.join(left) or 'no object'}"
        yield Finding(what, Verdict.BAD, f"{found} are left: `skyburst delete {job.job_id}{home.option}` tries again")
        return
    gone = f"{text.counted(objects, 'object')} under {prefix} and {text.counted(items, 'item')} of batches are gone, the job too"
    yield Finding(what, Verdict.GOOD, f"{gone}; {STAYS}")
