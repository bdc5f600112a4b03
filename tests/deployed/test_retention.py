"""What jobs asked to be deleted at home `aws`: by the deployed function, under its own role."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from skyburst.contracts.states import JobState
from skyburst.homes.job_items import read_manifest, store_long
from skyburst.objects import ObjectStore, open_store
from skyburst.submissions.owners import note_owner
from skyburst.submissions.record import Records, SubmissionState
from tests.contracts.records import a_job
from tests.deployed.conftest import PREFIX, Deployment
from tests.deployed.world import World
from tests.retention.test_retention import a_record


def keys_of(aws: Deployment, prefix: str) -> set[str]:
    """Names of the objects under a prefix, without it."""
    listed = aws.cloud.client("s3").list_objects_v2(Bucket=aws.outputs["Bucket"], Prefix=prefix)
    return {entry["Key"].removeprefix(prefix) for entry in listed.get("Contents", [])}


def retain(aws: Deployment) -> dict[str, Any]:
    """What the function that a schedule calls answers."""
    answer = aws.cloud.client("lambda").invoke(FunctionName="skyburst-retain", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    counts: dict[str, Any] = json.loads(answer["Payload"].read())
    return counts


def another_job(aws: Deployment, objects: ObjectStore, job_id: str) -> str:
    """A job that has not ended, and whose items are a stored list; its id."""
    prefix = store_long(["s3://elsewhere/data.txt"], objects)
    location = f"{objects.location}/{prefix}"
    job = a_job(job_id, state=JobState.RUNNING, items={"manifest": location})
    aws.table().create_job(replace(job, items=read_manifest(location).document()))
    return job_id


def test_results_and_uploads_are_deleted_by_the_function_and_nothing_else_is(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    bucket = aws.outputs["SplitsSubmissions"]
    uploads = open_store(f"s3://{bucket}")
    for file, data in {"mine.txt": b"a b\n", "other.txt": b"c\n"}.items():
        uploads.put(f"lab/inputs/{file}", data)
    record = a_record("lab/inputs/mine.txt", bucket=bucket, job_id=job_name)
    Records(uploads).put(record)
    note_owner(open_store(f"s3://{aws.outputs['Bucket']}"), job_name, uploads.location, record)
    keep = {"results_days": 1e-6, "delete_inputs_after_success": True}
    mine = f"{uploads.location}/lab/inputs/mine.txt"
    job = {"analysis": "splits", "items": [{"data": mine}], "keep": keep, "next": False, "group": "lab"}
    objects = open_store(f"s3://{aws.outputs['Bucket']}")
    uploads.put("lab/submissions/no-submit.json", b"{}")  # which is refused, and needs nothing
    other = another_job(aws, objects, f"{job_name}-other")
    ended = aws.run(job_name, job)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert keys_of(aws, "retention/") == {job_name}
    left_over = [f"jobs/{job_name}/{key}" for key in ("combined/0", "partials/0-1-a", "datasets/00000000/logs/a.log")]
    for key in left_over:  # as of functions that died
        objects.put(key, b"1")
    others = Records(open_store(f"s3://{aws.outputs['UploadedSubmissions']}"))
    waits = a_record(bucket=aws.outputs["UploadedSubmissions"], state=SubmissionState.QUEUED, job_id=None,
                     specification={"items": [{"data": mine}]})  # fmt: skip
    others.put(waits)
    assert retain(aws) == {"inputs": 0, "results": 1, "kept": 1}, "a submission to any bucket may need the data"
    waits.state = SubmissionState.ENDED
    others.put(waits)
    assert retain(aws) == {"inputs": 1, "results": 0, "kept": 0}
    assert [entry.key for entry in uploads.list("lab/inputs/")] == ["lab/inputs/other.txt"]
    left = keys_of(aws, f"jobs/{job_name}/")
    assert "certificate.json" in left
    assert "datasets/00000000/status.json" in left
    assert not {f"jobs/{job_name}/{name}" for name in left} & set(left_over)
    assert not {name for name in left if name == "result.json" or name.startswith("files/") or "/results/" in name}
    assert keys_of(aws, "retention/") == set()
    record = aws.table().job(job_name)
    assert record.outcome is not None
    deleted = {kind: entry["objects"] for kind, entry in record.outcome["deleted"].items()}
    assert deleted == {"inputs": 1, "results": 7}, (
        "result.json, datasets.json, datasets.csv, words.txt, and what was left"
    )
    assert retain(aws) == {"inputs": 0, "results": 0, "kept": 0}
    again = aws.run(f"{job_name}-again", {"resume": job_name})
    assert again["status"] == "SUCCEEDED", "a job that succeeded stays as it is"
    aws.table().delete_job(other)
    buckets = [aws.outputs[f"{name}Submissions"] for name in ("Uploaded", "Words", "Splits")]
    assert World(aws.cloud, aws.outputs).unused(f"{PREFIX}-retain", alike=buckets) == [], "its role may do nothing else"
