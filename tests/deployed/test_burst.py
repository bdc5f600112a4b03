"""Workers and combiners of burst-compute, unchanged, in the deployed template: what they get, and what becomes of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from skyburst.homes.aws.foreign import MOST_RESULTS_BYTES
from skyburst.local_cloud.permissions import as_list, like
from tests.deployed.burst_functions import events_of
from tests.deployed.conftest import PREFIX, Deployment
from tests.deployed.world import World

pytestmark = pytest.mark.slow
TREE = {
    "workerFunctionName": "tree-worker", "combinerFunctionName": "tree-combiner", "startIndex": 100, "endIndex": 200,
    "batchSize": 40, "numLevels": 2, "maxParallelism": 3000, "searchTimeoutSecs": 60, "jobParameters": {"factor": 3},
}  # fmt: skip
MAP = {
    "workerFunctionName": "map-worker", "combinerFunctionName": "map-combiner", "datasetStartIndex": 0,
    "datasetEndIndex": 10, "batchSize": 4, "maxParallelism": 100, "jobsTimeoutSecs": 120,
    "toleratedPercentageFailure": 0, "jobParameters": {"factor": 3},
}  # fmt: skip

NOT_FOUND = (
    "S3 answers 403 instead of 404 for objects that are not there to those who may not list; here it is 404 always"
)
FOREIGN = "which of the functions that the operator named are workers, and which combiners, only jobs say"
BY_LAMBDA = {
    "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords", "sqs:SendMessage",
    "s3:AbortMultipartUpload",
}  # fmt: skip
"""Done by Lambda itself, or only after S3 refused a part ten times."""


def found(*indices: range, factor: int = 3) -> dict[str, Any]:
    """What the combiner makes of the batches with these ranges of indices."""
    values = [index * factor for some in indices for index in some]
    return {"sum": sum(values), "count": len(values), "batches": list(range(len(indices)))}


def take_start_time(event: dict[str, Any]) -> datetime:
    """Take out the time, which must be an ISO date."""
    text = event.pop("startTime")
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_a_worker_that_writes_its_row_gets_what_is_documented_and_so_does_its_combiner(
    aws: Deployment, job_name: str
) -> None:
    ended = aws.run(job_name, TREE)
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    dispatched = {"jobId": job_name, "numBatches": 3, "branchingFactor": 2}
    assert {name: output[name] for name in dispatched} == dispatched
    assert (output["state"], output["reason"]) == ("SUCCEEDED", "all 3 batches are done")
    assert aws.result(job_name) == found(range(100, 140), range(140, 180), range(180, 200))
    table = aws.outputs["Batches"]
    common = {"jobId": job_name, "tasksTableName": table, "jobParameters": {"factor": 3}, "numBatches": 3}
    ranges = [(100, 140), (140, 180), (180, 200)]
    assert events_of(aws.cloud, "tree-worker", job_name) == [
        {
            **common, "batchId": batch, "startIndex": start, "endIndex": end, "level": 2, "numLevels": 2, "batchSize": 40,
            "branchingFactor": 2, "workerFunctionName": "tree-worker", "combinerFunctionName": "tree-combiner",
            "searchTimeoutSecs": 60,
        }
        for batch, (start, end) in enumerate(ranges)
    ]  # fmt: skip
    (event,) = events_of(aws.cloud, "tree-combiner", job_name)
    take_start_time(event)
    elapsed = event.pop("elapsedSecs")
    assert isinstance(elapsed, int)
    assert elapsed >= 0
    assert event == {
        **common, "searchTimeoutSecs": 60, "monitorFunctionName": f"{PREFIX}-watch",
        "combinerFunctionName": "tree-combiner", "numRemaining": 0, "completed": True, "timedOut": False,
    }  # fmt: skip
    names = [{"jobId", "batchId", "ttl", "results"}] * 3
    assert [set(row) for row in rows(aws, job_name)] == names, "rows are as the worker wrote them"


def test_a_worker_that_returns_its_row_has_it_stored_as_documented(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, MAP)
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert (output["jobId"], output["numBatches"], "branchingFactor" in output) == (job_name, 3, False)
    assert aws.result(job_name) == found(range(4), range(4, 8), range(8, 10))
    worker = events_of(aws.cloud, "map-worker", job_name)
    for event in worker:
        take_start_time(event)
    common = {
        "jobId": job_name,
        "tasksTableName": aws.outputs["Batches"],
        "jobParameters": {"factor": 3},
        "numBatches": 3,
    }
    function = "map-worker"
    assert worker == [
        {
            **common, "batchId": batch, "startIndex": start, "endIndex": end, "workerFunctionName": function,
            "jobsTimeoutSecs": 120,
        }
        for batch, (start, end) in enumerate([(0, 4), (4, 8), (8, 10)])
    ]  # fmt: skip
    (event,) = events_of(aws.cloud, "map-combiner", job_name)
    take_start_time(event)
    assert event == {
        **common, "datasetStartIndex": 0, "datasetEndIndex": 10, "batchSize": 4, "completed": True, "jobsTimeoutSecs": 120
    }  # fmt: skip
    stored = rows(aws, job_name)
    assert [int(row["ttl"].pop("N")) > 1_700_000_000 for row in stored] == [True] * 3
    assert stored[2] == {
        "jobId": {"S": job_name}, "batchId": {"N": "2"}, "nresults": {"N": "2"}, "ttl": {},
        "resultsMimeType": {"S": "application/json"}, "results": {"S": "[24, 27]"},
    }  # fmt: skip


def test_functions_in_another_language_run_as_well(aws: Deployment, job_name: str, node: str) -> None:
    given = {
        **MAP,
        "workerFunctionName": "node-worker",
        "combinerFunctionName": "node-combiner",
        "datasetStartIndex": 5,
    }
    ended = aws.run(job_name, given)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(range(5, 9), range(9, 10))
    first, last = events_of(aws.cloud, "node-worker", job_name)
    assert [(event["startIndex"], event["endIndex"]) for event in (first, last)] == [(5, 9), (9, 10)]


def test_a_batch_that_fails_for_good_is_retried_and_told_to_the_combiner(aws: Deployment, job_name: str) -> None:
    given = {**MAP, "toleratedPercentageFailure": 34, "jobParameters": {"factor": 1, "fail": [1]}}
    ended = aws.run(job_name, given)
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["state"] == "PARTIAL"
    assert aws.result(job_name) == {"sum": 6 + 17, "count": 6, "batches": [0, 2]}
    batches = [event["batchId"] for event in events_of(aws.cloud, "map-worker", job_name)]
    assert batches == [0, 1, 1, 1, 2]
    (event,) = events_of(aws.cloud, "map-combiner", job_name)
    assert event["completed"] is True
    assert event["batchErrors"] == [{"Error": "ValueError", "Cause": "batch 1: told to fail (attempt 3)"}]
    record = aws.table().batch(job_name, 1)
    assert [(failure.kind, failure.message) for failure in record.failures] == [("ValueError", "told to fail")] * 3
    assert "index.py" in record.failures[0].traceback


def test_a_row_that_no_item_holds_fails_its_batch_with_the_remedy_and_one_that_just_fits_counts(
    aws: Deployment, job_name: str
) -> None:
    zeros = {"0": (MOST_RESULTS_BYTES - 20) // 3, "1": MOST_RESULTS_BYTES // 3}
    given = {**MAP, "toleratedPercentageFailure": 34, "jobParameters": {"factor": 1, "zeros": zeros}}
    ended = aws.run(job_name, given)
    assert json.loads(ended["output"])["state"] == "PARTIAL", ended
    assert aws.result(job_name) == {"sum": 6 + 17, "count": 6 + zeros["0"], "batches": [0, 2]}
    record = aws.table().batch(job_name, 1)
    assert record is not None
    assert record.failures[0].kind == "InvalidRow"
    assert f"bytes, and a row of the table holds {MOST_RESULTS_BYTES:,}: have the worker" in record.failures[0].message


def test_more_failures_than_tolerated_fail_the_job_and_the_combiner_has_run_all_the_same(
    aws: Deployment, job_name: str
) -> None:
    given = {**TREE, "jobParameters": {"factor": 1, "fails_at": 2, "combiner_fails_once": True}}
    ended = aws.run(job_name, given)
    assert (ended["status"], ended["error"]) == ("FAILED", "FAILED")
    assert "1 of its batches failed and 0 % may: 2 of 3 batches are done; batch 2" in ended["cause"]
    assert aws.result(job_name) == found(range(100, 140), range(140, 180), factor=1)
    events = events_of(aws.cloud, "tree-combiner", job_name)
    told = [(event["numRemaining"], event["completed"], event["timedOut"], event["withErrors"]) for event in events]
    assert told == [(1, True, False, True)] * 2
    errors = [event.get("fatalErrors") for event in events]
    assert errors == [None, [{"Error": "RuntimeError", "Cause": "combiner told to fail"}]]


def test_a_job_whose_time_runs_out_is_combined_and_says_so(aws: Deployment, job_name: str) -> None:
    given = {**TREE, "searchTimeoutSecs": 12, "jobParameters": {"factor": 1, "sleeps_at": 1}}
    ended = aws.run(job_name, given)
    assert (ended["status"], ended["error"]) == ("FAILED", "TIMED_OUT")
    assert aws.result(job_name)["batches"] == [0, 2], "the combiner saw the rows of batches that are done"
    (event,) = events_of(aws.cloud, "tree-combiner", job_name)
    assert (event["numRemaining"], event["completed"], event["timedOut"]) == (1, False, True)
    assert event["elapsedSecs"] >= 12


def test_functions_that_are_not_listed_are_refused_by_name(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, {**MAP, "workerFunctionName": "somebody-elses"})
    assert ended["error"] == "InvalidJob"
    said = json.loads(ended["cause"])["errorMessage"]
    assert said.startswith("job.workerFunctionName is 'somebody-elses': this deployment may invoke tree-worker, ")
    assert "deploy again with it in `--burst-functions`, or in `burst_functions` of the context" in said
    statements = [one for one in aws.cloud.decisions() if one.verdict != "allowed" and "guarded" not in one.principal]
    assert not [one for one in statements if "InvokeFunction" in str(one)]


def rows(aws: Deployment, job: str) -> list[dict[str, Any]]:
    """Rows of a job in the table, in order."""
    answer = aws.cloud.client("dynamodb").query(
        TableName=aws.outputs["Batches"], ConsistentRead=True, KeyConditionExpression="jobId = :jobId",
        ExpressionAttributeValues={":jobId": {"S": job}},
    )  # fmt: skip
    items: list[dict[str, Any]] = answer["Items"]
    return items


BRIDGES = {
    f"{PREFIX}-burst-compute-worker-0": {"s3:ListBucket": NOT_FOUND, "lambda:InvokeFunction": FOREIGN},
    f"{PREFIX}-burst-compute-combiner": {"lambda:InvokeFunction": FOREIGN},
}
"""What the functions of the bridge may do and need not do here, beside what Lambda does in their name, and why."""


def test_everything_that_the_bridge_may_do_is_used(aws: Deployment, job_name: str, tmp_path: Path) -> None:
    failing = {**TREE, "jobParameters": {"factor": 1, "fails_at": 2, "combiner_fails_once": True}}
    assert aws.run(f"{job_name}-1", failing)["error"] == "FAILED"
    late = {**TREE, "searchTimeoutSecs": 12, "jobParameters": {"factor": 1, "sleeps_at": 1}}
    assert aws.run(f"{job_name}-3", late)["error"] == "TIMED_OUT"
    retried = {**MAP, "jobParameters": {"factor": 3, "fails_first": str(tmp_path / "mark")}}
    assert aws.run(f"{job_name}-2", retried)["status"] == "SUCCEEDED"
    assert aws.result(f"{job_name}-2") == found(range(4), range(4, 8), range(8, 10))
    world = World(aws.cloud, aws.outputs)
    for function, excused in BRIDGES.items():
        role = world.role_of(function)
        used = {
            (one.action, one.resource) for one in aws.cloud.decisions()
            if one.verdict == "allowed" and one.principal.split("/")[1] == role.rpartition("/")[2]
        }  # fmt: skip
        unused = {
            action
            for statement in world.statements_of(role)
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
            if not any(like(action, one) and like(resource, on) for one, on in used)
        }
        assert unused - BY_LAMBDA == set(excused), function
