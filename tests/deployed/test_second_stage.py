"""A second stage at home `aws`: what it promises at home `local` holds for the template too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.contracts.spans import Part
from tests.deployed.conftest import Deployment
from tests.deployed.test_jobs import timeline_of_job
from tests.waiting import PATIENCE_S


def staged(*tasks: Any, scripts: tuple[str, ...] = ("ok", "ok"), **parameters: Any) -> dict[str, Any]:
    given = {"scripts": list(scripts), "tasks": list(tasks), **parameters}
    return {"analysis": "staged", "batch_size": 1, "parameters": given}


def test_tasks_end_with_the_same_result_as_at_home_local_and_what_fails_once_is_run_again(
    aws: Deployment, job_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = staged("ok", ["raise", "ok"], ["kill", "ok"], 0.1, journal=str(tmp_path))
    ended = aws.run(job_name, job)
    assert ended["status"] == "SUCCEEDED", ended
    attempts = [file.name.split("-")[1] for file in tmp_path.iterdir() if file.name.startswith("task")]
    assert len(attempts) >= 6, "two of four tasks were run again"
    assert len(set(attempts)) >= 2, "one process was killed, and its task went on in another"
    assert aws.result(job_name) == skyburst.run({**job, "analysis": "tests/local/staged"}).value
    stages = timeline_of_job(aws, job_name, monkeypatch).of(Part.STAGE)
    assert sorted(stage.name for stage in stages) == [f"tasks {number}" for number in range(4)]
    left = aws.cloud.client("s3").list_objects_v2(Bucket=aws.outputs["Bucket"], Prefix=f"jobs/{job_name}/combined/")
    assert not left.get("Contents"), "what was stored on the way is removed"


def test_a_stage_that_fails_or_takes_too_long_fails_the_job_with_its_reason(aws: Deployment, job_name: str) -> None:
    """Both at once, because one waits for all the time that there is."""
    hanging = aws.start(f"{job_name}-hangs", staged("ok", "hang"))
    failed = aws.run(job_name, staged("ok", "raise"))
    assert failed["error"] == "FAILED"
    assert "its second stage failed: ValueError: told to fail (task 1)" in failed["cause"]
    assert aws.table().progress(job_name).done == 2
    again = aws.run(f"{job_name}-again", {"resume": job_name})
    assert "its second stage failed: ValueError: told to fail (task 1)" in again["cause"], "it is begun anew"
    late = aws.cloud.wait_for_execution(hanging, PATIENCE_S)
    assert "its second stage failed: TimedOut: 1 of 2 groups of tasks had not ended" in late["cause"]
    assert late["cause"].endswith("(task 1)")
