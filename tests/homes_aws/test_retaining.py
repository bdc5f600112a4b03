"""What is due of jobs of a deployment is deleted from its tables and objects."""

from __future__ import annotations

import json
import time

from skyburst.contracts.job import parse_job
from skyburst.contracts.states import JobState
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.retaining import Keeper
from skyburst.objects import open_store
from skyburst.retention.enforcing import deleted_of, note
from skyburst.submissions.owners import note_owner
from skyburst.submissions.record import Records, SubmissionState
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import Tables
from tests.retention.test_retention import a_record


def test_results_are_deleted_and_the_record_says_so(dynamodb_tables: Tables, bucket: str) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    spec = parse_job({"analysis": "x", "keep": {"results_days": 1}})
    job = a_job("job-1", keep=spec.document()["keep"])
    deployed.table.create_job(job)
    note(deployed.objects, "job-1", spec)
    job.state, job.finished_at, job.outcome = JobState.SUCCEEDED, time.time(), {"missing": [], "files": []}
    deployed.table.update_job(job)
    deployed.objects.put("jobs/job-1/result.json", b"1")
    deployed.objects.put("jobs/job-1/certificate.json", b"{}")
    keeper = Keeper(deployed, [])
    assert keeper.run(time.time()) == {"inputs": 0, "results": 0, "kept": 0}
    assert keeper.run(time.time() + 2 * 86_400) == {"inputs": 0, "results": 1, "kept": 0}
    assert [entry.key for entry in deployed.objects.list("jobs/job-1/")] == ["jobs/job-1/certificate.json"]
    assert deleted_of(deployed.table.job("job-1"))["results"]["objects"] == 1
    assert list(deployed.objects.list("retention/")) == []
    deployed.table.close()


def test_uploaded_inputs_are_deleted_right_after_success(dynamodb_tables: Tables, bucket: str) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    given = {
        "analysis": "x", "items": [{"data": f"{bucket}/lab/inputs/mine.txt"}], "group": "lab",
        "keep": {"results_days": 1e-6, "delete_inputs_after_success": True},
    }  # fmt: skip
    spec = parse_job(given)
    job = a_job("job-2", state=JobState.RUNNING)
    job.spec = spec.document()
    deployed.table.create_job(job)
    note(deployed.objects, "job-2", spec)
    record = a_record("lab/inputs/mine.txt", bucket=deployed.bucket, job_id="job-2")
    Records(deployed.objects).put(record)
    note_owner(deployed.objects, "job-2", bucket, record)
    for key in ("lab/inputs/mine.txt", "lab/inputs/other.txt", "jobs/job-2/result.json"):
        deployed.objects.put(key, b"1")
    keeper = Keeper(deployed, [])
    assert keeper.run(time.time()) == {"inputs": 0, "results": 0, "kept": 0}, "it still runs"
    job.state, job.finished_at, job.outcome = JobState.SUCCEEDED, time.time(), {"missing": [], "files": []}
    deployed.table.update_job(job)
    assert keeper.run(time.time() + 1) == {"inputs": 1, "results": 1, "kept": 0}
    assert [entry.key for entry in deployed.objects.list("lab/inputs/")] == ["lab/inputs/other.txt"]
    deployed.table.close()


def test_inputs_that_a_submission_of_any_bucket_waits_for_stay(dynamodb_tables: Tables, bucket: str) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    data = f"{bucket}/lab/inputs/mine.txt"
    spec = parse_job({
        "analysis": "x", "items": [{"data": data}], "group": "lab", "keep": {"delete_inputs_after_success": True},
    })  # fmt: skip
    job = a_job("job-3", state=JobState.SUCCEEDED)
    job.spec, job.finished_at, job.outcome = spec.document(), time.time(), {"missing": [], "files": []}
    deployed.table.create_job(job)
    note(deployed.objects, "job-3", spec)
    own = a_record("lab/inputs/mine.txt", bucket=deployed.bucket, job_id="job-3")
    Records(deployed.objects).put(own)
    note_owner(deployed.objects, "job-3", bucket, own)
    deployed.objects.put("lab/inputs/mine.txt", b"1")
    other = f"{bucket}/other-analysis"  # as another bucket would be
    records = Records(open_store(other))
    file = {"dataname": data, "configname": "lab/configs/c.json", "timestamp": "t"}
    record = a_record(
        bucket="other-analysis", state=SubmissionState.RECEIVED, job_id=None, content=json.dumps(file).encode()
    )
    records.put(record)
    assert Keeper(deployed, [other]).run(time.time()) == {"inputs": 0, "results": 0, "kept": 1}
    assert [entry.key for entry in deployed.objects.list("lab/inputs/")] == ["lab/inputs/mine.txt"]
    record.state = SubmissionState.ENDED
    records.put(record)
    assert Keeper(deployed, [other]).run(time.time()) == {"inputs": 1, "results": 0, "kept": 0}
    deployed.table.close()
