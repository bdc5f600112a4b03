"""Jobs whose batches run in environments, in the deployed template: real containers' programs, a real queue, IAM enforced."""

from __future__ import annotations

import json
from typing import Any

import pytest

import skyburst
from skyburst.contracts.records import ENVIRONMENTS, BatchRecord
from skyburst.contracts.spans import Part
from tests.conftest import REPOSITORY
from tests.deployed.conftest import Deployment, scripts
from tests.deployed.test_jobs import timeline_of_job
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.slow
AWAY = str(REPOSITORY / "tests/local/away")


def away(*entries: Any, analysis: str = "away", **fields: Any) -> dict[str, Any]:
    return {**scripts(*entries, **fields), "analysis": analysis}


def batch(aws: Deployment, job: str, number: int) -> BatchRecord:
    found = aws.table().batch(job, number)
    assert found is not None
    return found


def batch_jobs(aws: Deployment, job: str) -> dict[str, dict[str, Any]]:
    """The jobs of AWS Batch of a job, children of arrays included, by name and child."""
    client = aws.cloud.client("batch")
    queues = [queue["jobQueueName"] for queue in client.describe_job_queues()["jobQueues"]]
    found = {}
    for queue in queues:
        listed = client.list_jobs(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [f"skyburst-{job}*"]}])
        for entry in listed["jobSummaryList"]:
            (told,) = client.describe_jobs(jobs=[entry["jobId"]])["jobs"]
            found[told["jobName"]] = told
            size = told.get("arrayProperties", {}).get("size", 0)
            for child in (
                client.describe_jobs(jobs=[f"{told['jobId']}:{n}" for n in range(size)])["jobs"] if size else []
            ):
                found[f"{told['jobName']}:{child['arrayProperties']['index']}"] = child
    return found


def test_a_job_in_environments_has_the_same_result_as_at_home_local_to_the_byte(aws: Deployment, job_name: str) -> None:
    job = away("ok", "large", "item error", "print", ["ok"])
    ended = aws.run(job_name, job)
    assert ended["status"] == "SUCCEEDED", ended
    here = skyburst.run({**job, "analysis": AWAY})
    assert aws.result(job_name) == here.value
    record = aws.table().job(job_name)
    assert record.analysis["compute"]["environment"] is True
    assert record.analysis["compute"]["why"] == "its blueprint says compute = 'ec2'"
    (name,) = {name for name in batch_jobs(aws, job_name) if ":" not in name}
    told = batch_jobs(aws, job_name)
    assert told[name]["arrayProperties"]["size"] == 5
    assert told[name]["tags"]["skyburst-job"] == job_name
    assert {entry["status"] for entry in told.values()} == {"SUCCEEDED"}
    assert batch(aws, job_name, 3).delivery.lane == ENVIRONMENTS  # type: ignore[union-attr]
    log = batch(aws, job_name, 3).log
    assert log is not None
    group, _, stream = log[0].partition(":")
    assert "hello from 3" in aws.cloud.log_of(group, stream)
    certificate = json.loads(aws.object(f"jobs/{job_name}/certificate.json"))
    assert certificate["analysis"]["compute"]["environment"] is True
    machine = batch(aws, job_name, 3).delivery.machine  # type: ignore[union-attr]
    assert machine is not None, "its container asks ECS, with the rights of its role"
    assert (machine["type"], machine["spot"]) == ("m5.large", False)
    assert certificate["machines"]["instances"] == [{"type": "m5.large", "spot": False}]


def test_a_batch_that_fails_is_not_tried_again_and_its_reason_and_exit_code_are_kept(
    aws: Deployment, job_name: str
) -> None:
    job = away("ok", "raise", "exit", "memory", "kill")
    late = away("hang", environment={"timeout_min": 0.1})  # a job of its own: no other batch may be too slow for it
    of_late = aws.start(f"late-{job_name}", {**late, "tolerated_failure_percent": 100})
    ended = aws.run(job_name, {**job, "tolerated_failure_percent": 90}, 150)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == {"found": [0], "missing": [1, 2, 3, 4]}
    failures = [batch(aws, job_name, number).failures for number in range(1, 5)]
    assert [len(of_batch) for of_batch in failures] == [1] * 4
    kinds = [of_batch[0].kind for of_batch in failures]
    assert kinds == ["ValueError", "Killed", "OutOfMemory", "OutOfMemory"]
    assert "told to fail" in failures[0][0].message
    assert failures[1][0].exit_code == 3
    assert aws.cloud.wait_for_execution(of_late, PATIENCE_S)["status"] == "FAILED", "all of its batches failed"
    (failure,) = batch(aws, f"late-{job_name}", 0).failures
    assert (failure.kind, failure.message) == ("TimedOut", "it took longer than the 0.1 min that it has")
    for name, codes in ((job_name, [0, 1, 3, 137, 137]), (f"late-{job_name}", [124])):
        eventually(
            lambda name=name: None not in _exit_codes(aws, name)
        )  # a batch may be recorded before its container has ended
        assert _exit_codes(aws, name) == codes, "the containers have them too"


def _exit_codes(aws: Deployment, name: str) -> list[int | None]:
    """The exit code of each container, in the order of the batches."""
    told = batch_jobs(aws, name)
    children = sorted((child for child in told if ":" in child), key=lambda child: int(child.rpartition(":")[2]))
    return [told[child]["container"].get("exitCode") for child in children or told]


def test_a_spot_machine_that_is_taken_away_loses_nothing(aws: Deployment, job_name: str) -> None:
    aws.cloud.faults.reclaim_instance(f"skyburst-{job_name}*", 1, after_s=4.0)
    ended = aws.run(job_name, away([12.0, "ok"], environment={"pricing": "spot"}))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == {"found": [0], "missing": []}
    record = batch(aws, job_name, 0)
    assert record.attempt == 2
    (told,) = batch_jobs(aws, job_name).values()
    assert told["jobQueue"].endswith("-spot")
    assert record.delivery is not None
    assert record.delivery.machine is not None
    assert record.delivery.machine["spot"] is True
    assert told["attempts"][0]["statusReason"].startswith("Host EC2")


def test_cancel_ends_what_runs_and_what_waits_and_resume_submits_only_what_is_missing(
    aws: Deployment, job_name: str
) -> None:
    execution = aws.start(job_name, away("ok", ["hang", "hang"], ["hang", "hang"], max_parallelism=3))
    eventually(lambda: _progress(aws, job_name) == (1, 2))
    aws.table().request_cancel(job_name)
    ended = aws.cloud.wait_for_execution(execution, PATIENCE_S)
    assert ended["error"] == "CANCELLED"
    eventually(lambda: all(told["status"] in ("SUCCEEDED", "FAILED") for told in batch_jobs(aws, job_name).values()))
    reasons = [told.get("statusReason", "") for told in batch_jobs(aws, job_name).values()]
    assert any("the job was cancelled" in reason for reason in reasons), reasons
    assert aws.result(job_name) == {"found": [0], "missing": [1]}, "with those after it"
    again = aws.start(f"{job_name}-again", {"resume": job_name})
    eventually(lambda: _progress(aws, job_name) == (1, 2))
    (second,) = {name for name in batch_jobs(aws, job_name) if "-2-" in name and ":" not in name}
    assert batch_jobs(aws, job_name)[second]["arrayProperties"]["size"] == 2
    aws.table().request_cancel(job_name)
    assert aws.cloud.wait_for_execution(again, PATIENCE_S)["error"] == "CANCELLED"


def _progress(aws: Deployment, name: str) -> tuple[int, int] | None:
    try:
        counts = aws.table().progress(name)
    except skyburst.JobNotFound:
        return None
    return counts.done, counts.running


def test_a_batch_that_runs_out_of_time_or_memory_in_a_function_runs_once_more_in_an_environment(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = away("ok", ["hang", "ok"], ["memory", "ok"], ["raise", "ok"], ["memory", "memory"], analysis="falling")
    ended = aws.run(job_name, {**job, "tolerated_failure_percent": 20}, 150)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == {"found": [0, 1, 2, 3], "missing": [4]}
    records = [batch(aws, job_name, number) for number in range(5)]
    assert [record.attempt for record in records] == [1, 2, 2, 2, 2]
    lanes = [record.delivery.lane for record in records if record.delivery]
    assert [lane == ENVIRONMENTS for lane in lanes] == [False, True, True, False, True]
    assert [failure.kind for failure in records[4].failures] == ["OutOfMemory", "OutOfMemory"], "and no third time"
    stored = aws.table().job(job_name)
    assert stored.outcome is not None
    assert stored.outcome["environments"]["fell_back_ranges"] == [[1, 3], [4, 5]]
    certificate = json.loads(aws.object(f"jobs/{job_name}/certificate.json"))
    assert certificate["counts"]["fell_back"] == 3
    assert certificate["analysis"]["compute"]["why"] == "its batches begin in functions, and fall back to environments"
    workers = timeline_of_job(aws, job_name, monkeypatch).of(Part.WORKER)
    assert sorted(stage.batch or 0 for stage in workers if stage.lane == ENVIRONMENTS) == [1, 2, 4]


def test_wishes_that_cannot_be_are_refused_by_name(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, away("ok", environment={"instance_type": "p3.2xlarge"}))
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidJob")
    assert "the blueprint of analysis 'away' allows m5.large" in ended["cause"]


def status(aws: Deployment, job: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws.object(f"jobs/{job}/datasets/{number:08d}/status.json"))
    return found


def state(aws: Deployment, job: str, number: int) -> str | None:
    """Of a dataset; None before its container has said anything."""
    try:
        return str(status(aws, job, number)["state"])
    except aws.cloud.client("s3").exceptions.NoSuchKey:
        return None


def test_a_command_runs_on_each_dataset_and_its_results_are_delivered_also_when_it_fails(
    aws: Deployment, job_name: str
) -> None:
    data = [aws.put(f"inputs/{job_name}/{name}.txt", b"word " * count) for name, count in (("a", 3), ("b", 5))]
    items = [data[0], {"data": data[1], "config": {"exit_code": 4}}]
    ended = aws.run(job_name, {"analysis": "words", "items": items, "tolerated_failure_percent": 50})
    assert ended["status"] == "SUCCEEDED", ended
    counts = [aws.object(f"jobs/{job_name}/datasets/{number:08d}/results/words.txt") for number in (0, 1)]
    assert counts == [b"3\n", b"5\n"]
    assert [status(aws, job_name, number)["state"] for number in (0, 1)] == ["SUCCEEDED", "FAILED"]
    log = aws.object(f"jobs/{job_name}/datasets/00000000/log.jsonl").decode()
    assert "counting a" in log
    assert "attempt 1" in log
    (failure,) = batch(aws, job_name, 1).failures
    assert (failure.kind, failure.exit_code) == ("CommandFailed", 4)
    certificate = json.loads(aws.object(f"jobs/{job_name}/certificate.json"))
    machines = [entry["instance"] for entry in certificate["datasets"]]
    assert machines == [status(aws, job_name, number)["instance"] for number in (0, 1)]
    assert {(machine["type"], machine["spot"]) for machine in machines} == {("m5.large", False)}
    known = aws.cloud.client("ec2").describe_instances(InstanceIds=[machines[0]["id"]])
    (zone,) = (one["Placement"]["AvailabilityZone"] for made in known["Reservations"] for one in made["Instances"])
    assert machines[0]["zone"] == zone
    assert not [note for note in certificate["cost"]["notes"] if "machine is not known" in note]
    codes = [told["container"].get("exitCode") for name, told in batch_jobs(aws, job_name).items() if ":" in name]
    assert codes == [0, 4]


def test_a_command_whose_job_is_cancelled_is_ended_and_says_so(aws: Deployment, job_name: str) -> None:
    items = [{"data": aws.put(f"inputs/{job_name}/a.txt", b"word"), "config": {"seconds": 3_600}}]
    execution = aws.start(job_name, {"analysis": "words", "items": items})
    eventually(lambda: state(aws, job_name, 0) == "RUNNING")
    aws.table().request_cancel(job_name)
    assert aws.cloud.wait_for_execution(execution, PATIENCE_S)["error"] == "CANCELLED"
    eventually(lambda: state(aws, job_name, 0) == "CANCELLED")
