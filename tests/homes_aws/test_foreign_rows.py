"""Rows of burst-compute that the bridge stores for its workers, and what its combiners see of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.task_table import DynamoTaskTable
from tests.contracts.records import a_claim, a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

JOB = "job-1"


@pytest.fixture
def table(dynamodb_tables: Tables) -> Iterator[DynamoTaskTable]:
    table = dynamodb_tables.open()
    table.create_job(a_job(JOB), shards=1)
    yield table
    table.close()


def row(batch: int, text: str) -> dict[str, Any]:
    return {"jobId": {"S": JOB}, "batchId": {"N": str(batch)}, "results": {"S": text}}


def test_a_returned_row_is_stored_once_and_over_a_claim_only(dynamodb_tables: Tables, table: DynamoTaskTable) -> None:
    table.claim(JOB, [a_claim(0)])
    assert table.record_row(JOB, 0, row(0, "[1]"))
    assert not table.record_row(JOB, 0, row(0, "[2]"))
    table.record(JOB, [an_outcome(1)])
    assert not table.record_row(JOB, 1, row(1, "[3]"))
    assert row(0, "[1]") in dynamodb_tables.items()
    batch = table.batch(JOB, 0)
    assert batch is not None
    assert batch.state is BatchState.DONE


def test_a_combiner_sees_rows_with_results_only_and_the_others_come_back(
    dynamodb_tables: Tables, table: DynamoTaskTable
) -> None:
    table.record_row(JOB, 0, row(0, "[1]"))
    table.claim(JOB, [a_claim(1), a_claim(2)])
    table.record_failure(JOB, a_failure(3), BatchState.FAILED)
    before = list(table.batches(JOB))
    with table.only_foreign_rows(JOB):
        seen = [item for item in dynamodb_tables.items() if item["jobId"] == {"S": JOB}]
        assert seen == [row(0, "[1]")]
        table.record_row(JOB, 2, row(2, "[2]"))  # it came late, and stays
    after = list(table.batches(JOB))
    assert [batch.state for batch in after] == [
        BatchState.DONE, BatchState.RUNNING, BatchState.DONE, BatchState.FAILED
    ]  # fmt: skip
    assert [after[1], after[3]] == [before[1], before[3]]


def test_rows_come_back_when_the_combiner_fails(table: DynamoTaskTable) -> None:
    table.claim(JOB, [a_claim(1)])
    with pytest.raises(RuntimeError), table.only_foreign_rows(JOB):
        raise RuntimeError
    assert [batch.batch_id for batch in table.batches(JOB)] == [1]


def test_states_of_many_jobs_are_read_at_once(table: DynamoTaskTable) -> None:
    for number in range(2, 130):
        table.create_job(a_job(f"job-{number}"))
    ended = table.job("job-7")
    ended.state = JobState.FAILED
    table.update_job(ended)
    states = table.states([f"job-{number}" for number in range(1, 140)])
    assert len(states) == 129
    assert [job for job, state in states.items() if state is JobState.FAILED] == ["job-7"]
    assert [job.job_id for job in table.some_jobs(["job-7", "nothing"])] == ["job-7"]
