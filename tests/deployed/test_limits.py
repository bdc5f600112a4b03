"""Jobs just under and over what AWS takes end as they should, or are refused with a remedy: the local cloud takes no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import skyburst
from skyburst.contracts.records import Missing
from skyburst.homes.aws import outcomes, task_table
from skyburst.homes.aws.executions import MOST_INPUT_BYTES
from skyburst.homes.aws.home import AwsHome
from skyburst.homes.aws.rows import PACKED_BYTES
from skyburst.homes.aws.worker import INLINE_BYTES
from skyburst.local_cloud import limits
from skyburst.stored import store_value
from tests.deployed.conftest import PREFIX, Deployment, scripts
from tests.local.scripted.worker import ballast
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.slow
ODD_NAME = "job-with_every.kind+of=character@that(a)name-may'have!in-it-åß神-"


@pytest.fixture
def home(aws: Deployment, monkeypatch: pytest.MonkeyPatch) -> AwsHome:
    """The deployment, as programs on other machines see it."""
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    return AwsHome(PREFIX)


def characters_around(stored_bytes: int, seed: int, folder: Path) -> int:
    """The longest text whose partial result has at most so many bytes when it is stored."""

    def size(characters: int) -> int:
        stored = store_value(ballast(characters, seed), folder)
        if stored.path:
            stored.path.unlink()
        return stored.size

    low, high = stored_bytes // 2, 2 * stored_bytes
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(middle) <= stored_bytes else (low, middle - 1)
    return low


def given_of(size: int) -> dict[str, Any]:
    """A job specification that has so many bytes as JSON."""
    job = scripts("ok", "ok", parameters={"ballast": ""})
    return scripts("ok", "ok", parameters={"ballast": ballast(size - len(json.dumps(job)))})


def test_partial_results_go_where_there_is_room_for_them(aws: Deployment, job_name: str, tmp_path: Path) -> None:
    edges = [task_table.INLINE_BYTES, INLINE_BYTES]
    around = [(edge, over) for edge in edges for over in (0, 4)]
    lengths = [characters_around(edge, batch, tmp_path) + over for batch, (edge, over) in enumerate(around)]
    lengths += [limits.ITEM, limits.ITEM * 4 // 3 + 2_000, limits.EVENT_PAYLOAD + 1]
    ended = aws.run(job_name, scripts(*[[{"characters": length}] for length in lengths]))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == {"found": lengths, "missing": []}
    stored = list(aws.table().partial_results(job_name, 0, len(lengths)))
    assert [one.reference is not None for one in stored] == [False] * 3 + [True] * 4
    sizes = [aws.table().batch(job_name, batch).size for batch in range(4)]  # type: ignore[union-attr]
    assert all(
        edge - 8 < under <= edge < over for edge, under, over in zip(edges, sizes[::2], sizes[1::2], strict=True)
    )


def test_long_item_errors_and_reasons_are_all_kept_outside_of_rows(
    aws: Deployment, home: AwsHome, job_name: str
) -> None:
    items = [{"script": [{"item_errors": 150}]}] * 2_200 + [{"script": [{"reason": 2_000}]}] * 200
    for index in range(2_200, 2_400, 10):
        items[index] = {"script": [{"reason": 1_990 + index % 7}]}
    job = {"analysis": "scripted", "items": items, "batch_size": 100, "tolerated_failure_percent": 20}
    ended = aws.run(job_name, job)
    assert ended["status"] == "SUCCEEDED", ended
    assert len(ended["output"]) < 1_000
    record = home.table.job(job_name)
    assert record.state == "PARTIAL"
    assert record.spec["items"]["manifest"].startswith(f"s3://{aws.outputs['Bucket']}/items/")
    assert record.outcome["cut"], "it is too long for the item of the job"  # type: ignore[index]
    assert len(json.dumps(record.outcome)) < outcomes.KEPT_BYTES * 2
    result = home.result(record)
    assert [len(result.missing), len(result.item_errors)] == [2, 1_000]
    assert {len(gap.reason) > 1_900 for gap in result.missing} == {True}
    first = aws.table().batch(job_name, 0)
    assert first is not None
    assert sum(entry.get("count", 1) for entry in first.item_errors) == 150
    assert 0 < len(first.item_errors) < 100, "as many as an item holds"
    assert len(json.dumps(first.item_errors)) < 2 * PACKED_BYTES
    certificate = json.loads(aws.object(f"jobs/{job_name}/certificate.json"))
    assert [Missing(*gap) for gap in certificate["missing"]] == result.missing


def test_parameters_of_a_quarter_megabyte_stay_out_of_events(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENT_PAYLOAD", 512)  # of what starts managers and workers
    monkeypatch.setattr(limits, "EVENTS", 10 * 1024)
    given = given_of(MOST_INPUT_BYTES)
    name = "n" * 200
    given["parameters"]["ballast"] = given["parameters"]["ballast"][: -len(name) - len(', "name": ""')]
    execution = aws.start(job_name, {**given, "name": name})
    ended = aws.cloud.wait_for_execution(execution, PATIENCE_S)
    assert ended["status"] == "SUCCEEDED", ended
    record = aws.table().job(job_name)
    assert record.spec["parameters"] == given["parameters"]
    assert record.parameters == {"journal": "", "combiner_does": "ok", **given["parameters"]}
    assert not [line for line in aws.cloud.logs_of(f"{PREFIX}-scripted-combiner") if "not told" in line]
    assert aws.run(f"{job_name}-again", {"resume": job_name})["status"] == "SUCCEEDED", "it is read back whole"


@pytest.mark.parametrize("over", [0, 1])
def test_more_than_an_execution_takes_is_refused_by_aws_itself(aws: Deployment, job_name: str, over: int) -> None:
    given = given_of(limits.STATE + over)
    if over:
        with pytest.raises(ClientError, match="'input' must have length less than or equal to 262144"):
            aws.start(job_name, given)
        return
    ended = aws.run(job_name, given)
    assert ended["error"] == "States.DataLimitExceeded", "the input and the execution's name are too long together"
    with pytest.raises(skyburst.JobNotFound):
        aws.table().job(job_name)


def test_the_python_api_stores_long_items_and_refuses_long_parameters_by_name(home: AwsHome, job_name: str) -> None:
    job = {"analysis": "scripted", "batch_size": 100, "labels": {"test": job_name}}
    items = [{"script": ["ok"], "ballast": ballast(1_000, number)} for number in range(300)]
    result = skyburst.run({**job, "items": items}, home=home)
    assert result.value == {"found": [0, 100, 200], "missing": []}
    with pytest.raises(
        skyburst.InvalidJob, match=r"300,\d\d\d bytes, 300,002 of them job\.parameters\.ballast.*file of S3"
    ):
        skyburst.run({**job, "items": items, "parameters": {"ballast": ballast(300_000)}}, home=home)


def test_an_id_of_80_odd_characters_and_long_names_are_taken_and_longer_ones_refused(
    aws: Deployment, home: AwsHome, job_name: str
) -> None:
    job_id = (ODD_NAME + job_name[::-1])[:80]
    assert len(job_id) == 80
    labels = {f"{number:03d}" * 20: "値" * 60 for number in range(100)}
    named = scripts("ok", name="名" * 200, labels=labels, idempotency_key="k" * 200)
    assert aws.run(job_id, named)["status"] == "SUCCEEDED"
    record = home.find_job(job_id)
    assert (record.spec["name"], record.spec["labels"]) == ("名" * 200, labels)
    assert home.result(record).value == {"found": [0], "missing": []}
    assert aws.run(f"{job_name}-again", {"resume": job_id})["status"] == "SUCCEEDED"
    home.delete(job_id)
    with pytest.raises(ClientError, match="'name' must have length at most 80"):
        aws.start(job_id + "x", named)
    refused = aws.run(job_name, scripts("ok", name="名" * 201))
    assert "job.name is" in refused["cause"]
    assert "length <= 200" in refused["cause"]


@pytest.mark.parametrize(
    ("given", "said", "remedy"),
    [
        ({"analysis": "a" * 4_000}, "job.analysis is 'aaa", "`skyburst deploy` adds others"),
        ({"analysis": "a" * 200_000}, 'job.analysis is \\"aaa', "length <= 4096"),
        ({"resume": "r" * 200_000}, "resume is 'rrr", "the id of a job"),
        ({"analysis": "scripted", "p" * 200_000: 1}, "job.ppp", "the fields are analysis"),
        ({"analysis": "color-depth-search", "parameters": {"mask": "m" * 200_000, "library": "s3://b/l"}},
         "parameters.mask is 'mmm", "s3://bucket/key"),
    ],
)  # fmt: skip
def test_a_refusal_is_short_whatever_was_given(
    aws: Deployment, job_name: str, given: dict[str, Any], said: str, remedy: str
) -> None:
    ended = aws.run(job_name, given)
    assert ended["status"] == "FAILED"
    assert said in ended["cause"]
    assert remedy in ended["cause"]
    assert len(ended["cause"]) < 10_000
