"""Deletes what is due of jobs of a deployment: called by a schedule, once a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from skyburst.contracts.records import JobRecord
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.following import following_of
from skyburst.objects import ObjectStore
from skyburst.retention.enforcing import enforce


@dataclass(frozen=True, slots=True)
class Keeper:
    """Looks after what jobs left.

    Args:
        deployed: the deployment.
        submission_buckets: locations of its buckets of submissions.
    """

    deployed: Deployed
    submission_buckets: list[str]

    @property
    def objects(self) -> ObjectStore:
        """The object store."""
        return self.deployed.objects

    @property
    def table(self) -> DynamoTaskTable:
        """The task table."""
        return self.deployed.table

    def following(self, job: JobRecord) -> list[dict[str, Any]]:
        """What follows a job."""
        return following_of(self.objects, job_prefix(job.job_id), job)

    def run(self, now: float) -> dict[str, int]:
        """Delete what is due, and have jobs of earlier versions found by their users.

        Args:
            now: seconds since the epoch.

        Returns:
            `{"inputs", "results", "kept"}`: jobs of which these were deleted, or are to be and cannot yet.
        """
        self.table.note_users()
        counts = Counter("kept" if found.kept else str(found.kind) for found in enforce(self, now))
        return {name: counts[name] for name in ("inputs", "results", "kept")}
