"""Submissions by upload, in the deployed template: the event arrives, the job runs, and there is always an end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.deployed.conftest import PREFIX, Deployment
from tests.deployed.world import World
from tests.homes_aws.test_submissions_on_aws import EVENTS_OF_A_LOOK
from tests.waiting import eventually

pytestmark = pytest.mark.slow


class Lab:
    """A group's folders in the bucket of an analysis, used as any client of S3 uses them."""

    def __init__(self, aws: Deployment, bucket: str = "UploadedSubmissions") -> None:
        self.s3 = aws.cloud.client("s3")
        self.bucket = aws.outputs[bucket]
        self.put("mylab/inputs/a.txt", b"one")
        self.put("mylab/inputs/bad.txt", b"bad")
        self.put("mylab/inputs/folder/a.txt", b"two")
        self.put("mylab/configs/c.yaml", b"shout: true\n__duration__: 5\n")

    def put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def submit(self, timestamp: str, *datasets: str, raw: bytes | None = None, **fields: Any) -> str:
        """Upload a submit file, always under one key as web pages do; the folder where its results are to be."""
        document = {"dataname": list(datasets), "configname": "mylab/configs/c.yaml", "timestamp": timestamp, **fields}
        self.put("mylab/submissions/submit.json", json.dumps(document).encode() if raw is None else raw)
        return f"mylab/results/job__{self.bucket}_{timestamp}"

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in found]

    def text(self, key: str) -> str:
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def wait_for_end(self, folder: str) -> str:
        """As clients do: poll for end.txt; the certificate then."""
        eventually(
            lambda: f"{folder}/process_results/end.txt" in self.keys(f"{folder}/"),
            lambda: self.keys("mylab/results/"), every_s=0.5,
        )  # fmt: skip
        assert self.text(f"{folder}/process_results/end.txt") == "end of analysis marker"
        return self.text(f"{folder}/logs/certificate.txt")


@pytest.fixture
def lab(aws: Deployment) -> Lab:
    return Lab(aws)


def test_the_bucket_is_private_keeps_versions_and_lets_pages_upload(aws: Deployment, lab: Lab) -> None:
    assert lab.s3.get_bucket_versioning(Bucket=lab.bucket)["Status"] == "Enabled"
    assert set(lab.s3.get_public_access_block(Bucket=lab.bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = lab.s3.get_bucket_encryption(Bucket=lab.bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (cors,) = lab.s3.get_bucket_cors(Bucket=lab.bucket)["CORSRules"]
    assert (cors["AllowedOrigins"], cors["AllowedHeaders"]) == (["https://example.org"], ["*"])
    assert {*cors["AllowedMethods"]} == {"GET", "PUT", "POST", "DELETE"}
    assert (cors["ExposeHeaders"], cors["MaxAgeSeconds"]) == (["ETag"], 3000)


def test_an_upload_runs_and_its_results_come_back(aws: Deployment, lab: Lab) -> None:
    folder = lab.submit("1", "mylab/inputs/a.txt", "mylab/inputs/bad.txt")
    # The next one is put over it at once, and both run.
    second = lab.submit("2", "mylab/inputs/a.txt", "mylab/inputs/folder/a.txt")
    certificate = lab.wait_for_end(folder)
    assert "DATANAME: mylab/inputs/a.txt | STATUS: SUCCESS" in certificate
    assert "DATANAME: mylab/inputs/bad.txt | STATUS: FAILED" in certificate
    assert "ValueError: it is bad" in lab.text(f"{folder}/logs/DATASET_NAME:bad.txt_STATUS.txt")
    assert json.loads(lab.text(f"{folder}/process_results/result.json")) == {"a.txt": "ONE"}
    assert lab.text(f"{folder}/process_results/c.yaml") == lab.text("mylab/configs/c.yaml")
    assert json.loads(lab.text(f"{folder}/logs/certificate.json"))["job"]["state"] == "PARTIAL"
    lab.wait_for_end(second)
    client, machine = aws.cloud.client("stepfunctions"), aws.outputs["JobMachine"].replace("-jobs", "-submissions")
    looked = []
    for entry in client.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]:
        arn = entry["executionArn"]
        output = json.loads(client.describe_execution(executionArn=arn)["output"])
        looked.append((output.get("looks", 0), aws.cloud.count_history_events(arn)))
    assert max(looks for looks, _ in looked) > 1
    assert all(events <= EVENTS_OF_A_LOOK * (looks + 2) for looks, events in looked), looked
    assert json.loads(lab.text(f"{second}/process_results/result.json")) == {"a.txt": "ONE", "a.txt-2": "TWO"}
    assert lab.keys("logs/active/") == []
    records = [json.loads(lab.text(key)) for key in lab.keys("logs/mylab/")]
    assert sum(record["jobpath"] == folder for record in records) == 2


def test_what_follows_an_upload_has_folders_too_and_a_job_that_is_resumed_is_followed_again(aws: Deployment) -> None:
    lab = Lab(aws, "SplitsSubmissions")
    for name, text in {"inputs/a.txt": b"one\n", "inputs/bad.txt": b"bad words\n", "configs/c.yaml": b"{}"}.items():
        lab.put(f"mylab/{name}", text)
    folder = lab.submit("1", "mylab/inputs/a.txt", "mylab/inputs/bad.txt")
    certificate = lab.wait_for_end(folder)
    assert "DATANAME: mylab/inputs/bad.txt | STATUS: FAILED" in certificate
    assert "counts follows dataset a.txt: job counts-next-" in certificate
    each = "mylab/results/job__counts_1_a.txt"
    assert f"DATANAME: {folder}/a.txt | STATUS: SUCCESS" in lab.wait_for_end(each)
    assert lab.text(f"{each}/process_results/count.txt").strip() == "1"
    job = str(json.loads(lab.text(f"{folder}/logs/DATASET_NAME:a.txt_STATUS.txt"))["command"])
    lab.put("mylab/inputs/bad.txt", b"good words\n")
    assert aws.run(f"{job}-again", {"resume": job})["status"] == "SUCCEEDED"
    eventually(lambda: "was resumed: it is followed again" in lab.text(f"{folder}/logs/certificate.txt"), every_s=0.5)
    assert lab.wait_for_end(folder).count("| STATUS: SUCCESS |") == 2
    both = "mylab/results/job__counts_1"
    assert lab.wait_for_end(both).count("| STATUS: SUCCESS |") == 2
    assert "counts follows: job counts-next-" in lab.wait_for_end(folder)


def test_a_long_list_that_is_resumed_and_an_ensemble_are_all_that_the_role_of_the_function_is_for(
    aws: Deployment, lab: Lab
) -> None:
    deep = "/".join(["d" * 200] * 4 + ["e" * 100])
    names = [f"mylab/inputs/{deep}/{number:02}.txt" for number in range(75)]
    for name in names:
        lab.put(name, b"bad" if name.endswith("/07.txt") else b"good")
    folder = lab.submit("long", *names)
    assert lab.wait_for_end(folder).count("| STATUS: SUCCESS |") == 74
    job = str(json.loads(lab.text(f"{folder}/logs/DATASET_NAME:00.txt_STATUS.txt"))["command"])
    assert "items/" in aws.table().job(job).spec["items"]["manifest"], (
        "the list is too long for the input of an execution"
    )
    lab.put(names[7], b"good")
    assert aws.run(f"{job}-again", {"resume": job})["status"] == "SUCCEEDED"
    eventually(lambda: "was resumed: it is followed again" in lab.text(f"{folder}/logs/certificate.txt"), every_s=0.5)
    assert lab.wait_for_end(folder).count("| STATUS: SUCCESS |") == 75
    lab.put("mylab/configs/train.json", b'{"ensemble_size": 2, "mode": "train"}')
    ensemble = lab.submit("ensemble", "mylab/inputs/folder", configname="mylab/configs/train.json")
    assert lab.wait_for_end(ensemble).count("DATANAME: mylab/inputs/folder") == 2
    buckets = [aws.outputs[f"{name}Submissions"] for name in ("Uploaded", "Words", "Splits")]
    assert World(aws.cloud, aws.outputs).unused(f"{PREFIX}-submissions", alike=buckets) == []


def test_a_command_runs_in_an_environment_for_each_dataset(aws: Deployment) -> None:
    lab = Lab(aws, "WordsSubmissions")
    lab.put("mylab/configs/c.json", b'{"seconds": 1, "exit_code": 0, "__duration__": 2, "__dataset_size__": 5}')
    lab.put("mylab/inputs/folder/b.txt", b"three four five")
    folder = lab.submit("1", "mylab/inputs/a.txt", "mylab/inputs/folder", configname="mylab/configs/c.json")
    certificate = lab.wait_for_end(folder)
    assert "DATANAME: mylab/inputs/a.txt | STATUS: SUCCESS" in certificate
    assert "DATANAME: mylab/inputs/folder | STATUS: SUCCESS" in certificate
    outputs = {key.removeprefix(f"{folder}/process_results/") for key in lab.keys(f"{folder}/process_results/")}
    assert outputs - {"a.txt/words.txt", "folder/words.txt"} == {"words.txt", "c.json", "update.txt", "end.txt"}
    assert {lab.text(f"{folder}/process_results/{name}").strip() for name in outputs if "words" in name} == {
        "1",
        "0",
    }  # of a folder `cat` gives nothing
    status = json.loads(lab.text(f"{folder}/logs/DATASET_NAME:a.txt_STATUS.txt"))
    assert (status["status"], status["reason"]) == ("SUCCESS", 0)
    assert "counting a.txt" in status["std"].values()
    (first, _) = [json.loads(lab.text(key)) for key in lab.keys("logs/mylab/")]
    assert first["instance-type"] == "m5.large"
    assert first["start"] < first["end"]


@pytest.mark.parametrize(
    ("timestamp", "raw", "told"),
    [
        ("3", None, "does not contain mylab/inputs/nothing.txt"),
        ("4", b'{"timestamp": "4", "dataname": "mylab/inputs/a.txt"}', "does not contain field 'configname'"),
    ],
)
def test_what_is_wrong_is_told_where_its_submitter_looks(
    aws: Deployment, lab: Lab, timestamp: str, raw: bytes | None, told: str
) -> None:
    assert told in lab.wait_for_end(lab.submit(timestamp, "mylab/inputs/nothing.txt", raw=raw))


def test_a_file_that_is_no_json_has_a_folder_by_the_time_of_its_upload(aws: Deployment, lab: Lab) -> None:
    before = set(lab.keys("mylab/results/"))
    lab.submit("", raw=b"{nothing")
    ends = eventually(
        lambda: [key for key in set(lab.keys("mylab/results/")) - before if key.endswith("/end.txt")], every_s=0.5
    )
    assert "is not JSON" in lab.text(ends[0].replace("process_results/end.txt", "logs/certificate.txt"))


def test_what_the_deployment_cannot_do_is_told_too(aws: Deployment, lab: Lab) -> None:
    """A job that the planner refuses: its specification names another analysis by then."""
    client = aws.cloud.client("lambda")
    record = {
        "identity": "f" * 64, "bucket": lab.bucket, "analysis": "gone", "group": "mylab", "key": "k", "uploaded_at": 0.0,
        "name": f"job__{lab.bucket}_5", "timestamp": "5", "received_at": time.time(), "state": "QUEUED",
        "specification": {"analysis": "gone", "items": [1]}, "datasets": [],
    }  # fmt: skip
    lab.put(f"logs/submissions/mylab/{record['name']}.json", json.dumps(record).encode())
    given = {"bucket": lab.bucket, "group": "mylab", "name": record["name"]}

    def turned() -> dict[str, Any] | None:
        called = client.invoke(
            FunctionName=f"{PREFIX}-submissions", Payload=json.dumps({"task": "turn", "given": given}).encode()
        )
        answer: dict[str, Any] = json.loads(called["Payload"].read())
        return answer if answer["over"] else None

    answer = eventually(turned, every_s=0.5)
    assert answer["state"] == "REFUSED"
    assert "job.analysis is 'gone'" in lab.wait_for_end(f"mylab/results/job__{lab.bucket}_5")
