"""What follows a job at home `aws`: the same as at home `local`, in executions of their own."""

from __future__ import annotations

import json
import time
from typing import Any

from skyburst.contracts.states import JobState
from tests.deployed.conftest import Deployment
from tests.waiting import PATIENCE_S


def following(aws: Deployment, job: str) -> list[dict[str, Any]]:
    """What the job's objects say of what follows it."""
    listed = aws.cloud.client("s3").list_objects_v2(Bucket=aws.outputs["Bucket"], Prefix=f"jobs/{job}/next/")
    return [json.loads(aws.object(entry["Key"])) for entry in listed.get("Contents", [])]


def test_each_dataset_and_all_of_them_together_are_followed_once(aws: Deployment, job_name: str) -> None:
    items = [aws.put(f"texts/{name}", text) for name, text in {"one.txt": b"a b c\n", "two.txt": b"d e\n"}.items()]
    ended = aws.run(job_name, {"analysis": "splits", "items": items, "labels": {"lab": "a"}})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    entries = following(aws, job_name)
    assert [(entry["on"], entry["dataset"]) for entry in entries] == [
        ("each", "one.txt"),
        ("each", "two.txt"),
        ("all", None),
    ]
    machine, table, counted = aws.outputs["JobMachine"].replace(":stateMachine:", ":execution:"), aws.table(), []
    for entry in entries:
        aws.cloud.wait_for_execution(f"{machine}:{entry['job']}", PATIENCE_S)
        job = table.job(entry["job"])
        assert job.state is JobState.SUCCEEDED
        assert job.spec["follows"] == {"job": job_name, "depth": 1}
        assert job.spec["labels"] == {"lab": "a"}
        assert job.plan is not None
        start = f"jobs/{entry['job']}/datasets"
        counted.append([int(aws.object(f"{start}/{n:08d}/results/count.txt")) for n in range(job.plan["items"])])
    assert counted == [[3], [2], [3, 2]]
    before = len(list(table.jobs()))
    payload = json.dumps({"task": "follow", "job": job_name, "run": 1}).encode()
    for _ in range(2):
        answer = aws.cloud.client("lambda").invoke(FunctionName="skyburst-plan", Payload=payload)
        assert json.loads(answer["Payload"].read())["state"] == "SUCCEEDED"
    time.sleep(1)
    assert len(list(table.jobs())) == before, "what was started is not started again"


def test_nothing_follows_a_job_that_failed_or_that_is_not_to_be_followed(aws: Deployment, job_name: str) -> None:
    bad, good = aws.put("texts/bad.txt", b"bad\n"), aws.put("texts/good.txt", b"a\n")
    failing = aws.start(f"{job_name}-bad", {"analysis": "splits", "items": [bad]})
    alone = aws.start(f"{job_name}-alone", {"analysis": "splits", "items": [good], "next": False})
    assert aws.cloud.wait_for_execution(failing, PATIENCE_S)["error"] == "FAILED"
    assert aws.cloud.wait_for_execution(alone, PATIENCE_S)["status"] == "SUCCEEDED"
    assert following(aws, f"{job_name}-bad") == following(aws, f"{job_name}-alone") == []
