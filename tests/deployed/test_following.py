"""What follows a job at home `aws`: the same chain as at home `local`, in executions of their own."""

from __future__ import annotations

import json
import time

from skyburst.contracts.states import JobState
from tests.deployed.conftest import Deployment


def chain_of(aws: Deployment, first: str) -> list[str]:
    """Ids of the jobs of a chain, each waited for."""
    ids = [first]
    while True:
        client = aws.cloud.client("s3")
        found = client.list_objects_v2(Bucket=aws.outputs["Bucket"], Prefix=f"jobs/{ids[-1]}/next/").get("Contents")
        if not found:
            return ids
        ids.append(json.loads(aws.object(found[0]["Key"]))["job"])
        arn = f"{aws.outputs['JobMachine'].replace(':stateMachine:', ':execution:')}:{ids[-1]}"
        aws.cloud.wait_for_execution(arn, 90)


def test_a_chain_runs_to_its_end_and_nothing_is_started_twice(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, {"analysis": "adds", "items": [1, 2, 3], "labels": {"lab": "a"}})
    assert ended["status"] == "SUCCEEDED", ended
    ids = chain_of(aws, job_name)
    assert [job.partition("-next-")[0] for job in ids[1:]] == ["scales", "tells"]
    assert aws.result(ids[1]) == 18
    assert aws.result(ids[2])[0]["data"][0] == f"s3://{aws.outputs['Bucket']}/jobs/{ids[1]}/result.json"
    table = aws.table()
    records = [table.job(job) for job in ids]
    assert [record.state for record in records] == [JobState.SUCCEEDED] * 3
    assert [record.spec.get("follows") for record in records] == [
        None, {"job": ids[0], "depth": 1}, {"job": ids[1], "depth": 2},
    ]  # fmt: skip
    assert records[2].spec["labels"] == {"lab": "a"}
    before = len(list(table.jobs()))
    payload = json.dumps({"task": "follow", "job": job_name, "run": 1}).encode()
    for _ in range(2):
        answer = aws.cloud.client("lambda").invoke(FunctionName="skyburst-plan", Payload=payload)
        assert json.loads(answer["Payload"].read())["state"] == "SUCCEEDED"
    time.sleep(1)
    assert len(list(table.jobs())) == before


def test_nothing_follows_a_job_that_failed(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, {"analysis": "adds", "items": [1], "parameters": {"bad": True}})
    assert ended["error"] == "FAILED"
    assert chain_of(aws, job_name) == [job_name]
