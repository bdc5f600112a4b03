"""What a job promises, kept by the deployed template: real functions, a real state machine, IAM enforced."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import skyburst
from skyburst.contracts.spans import Part
from skyburst.engine.spans import spans_of
from skyburst.homes.aws.home import AwsHome
from skyburst.objects import open_store
from skyburst.timeline.stages import Timeline, timeline_of
from tests.deployed.conftest import PREFIX, Deployment, scripts
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.slow
WORKER = f"{PREFIX}-scripted-worker-0"
OTHER_WORKER = f"{PREFIX}-scripted-worker-1"
MANAGER, WATCH, COMBINER = f"{PREFIX}-manager", f"{PREFIX}-watch", f"{PREFIX}-scripted-combiner"


def found(batches: int) -> dict[str, list[int]]:
    return {"found": list(range(batches)), "missing": []}


def test_a_color_depth_search_of_what_is_on_this_machine_ends_with_the_same_result_as_at_home_local(
    aws: Deployment, color_depth_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    build = ["library", "build", str(color_depth_data / "library"), str(tmp_path / "library"), "--quiet"]
    subprocess.run([sys.executable, "-m", "skyburst", *build], check=True)
    parameters = {
        "mask": str(color_depth_data / "masks" / "12191_JRC2018U.tif"),
        "mask_threshold": 20, "data_threshold": 20, "pix_color_fluctuation": 1, "xy_shift": 2, "min_matching_pix_ratio": 0,
    }  # fmt: skip
    home = AwsHome(PREFIX)
    try:
        for library in (tmp_path / "library", color_depth_data / "library"):
            parameters["library"] = str(library)
            job = {"analysis": "color-depth-search", "batch_size": 1, "parameters": parameters}
            there, here = skyburst.run(job, home=home), skyburst.run(job)
            assert here.value["results"], "it found something"
            assert there.files["matches.csv"].read_bytes() == here.files["matches.csv"].read_bytes()
            # Results name what was searched: of the same URLs, they are the same to the byte.
            uploaded = home.find_job(there.job_id).parameters
            named = skyburst.run({**job, "parameters": {**parameters, **{n: uploaded[n] for n in ("mask", "library")}}})
            assert there.value == named.value
            for name in ("matches.csv", "matches.json"):
                assert there.files[name].read_bytes() == named.files[name].read_bytes()
            result = named.files["matches.json"].parent.parent / "result.json"
            assert aws.object(f"jobs/{there.job_id}/result.json") == result.read_bytes()
    finally:
        home.close()


def test_floating_point_sums_are_the_same_to_the_last_digit_as_at_home_local(aws: Deployment, job_name: str) -> None:
    job = {"analysis": "monte-carlo", "batch_size": 1, "parameters": {"blocks": 120, "points_per_block": 50}}
    assert aws.run(job_name, job)["status"] == "SUCCEEDED", "120 batches are combined as a tree"
    assert aws.result(job_name) == skyburst.run({**job, "analysis": "examples/monte_carlo"}).value


def timeline_of_job(aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch) -> Timeline:
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    table = aws.table()
    spans = spans_of(open_store(f"s3://{aws.outputs['Bucket']}"), f"jobs/{job_name}/", 1)
    return timeline_of(table.job(job_name), "aws", table.batches(job_name), spans, now=time.time())


def test_500_batches_go_through_a_tree_of_three_levels_and_its_timeline_shows_them(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = aws.run(job_name, scripts(*["ok"] * 500), 180)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(500)
    assert aws.table().job(job_name).plan == {"items": 500, "batch_size": 1, "batches": 500, "levels": 3, "fan_out": 8}
    assert aws.cloud.count_history_events(ended["executionArn"]) < 60
    timeline = timeline_of_job(aws, job_name, monkeypatch)
    managers = timeline.of(Part.MANAGER)
    assert [sum(manager.level == level for manager in managers) for level in range(3)] == [1, 8, 63]
    assert sorted(manager.name for manager in managers if manager.level == 1)[0] == "batches 0-64"
    assert all(manager.queued_at <= manager.started_at <= manager.ended_at for manager in managers)
    workers = timeline.of(Part.WORKER)
    assert sorted(worker.batch or 0 for worker in workers) == list(range(500))
    assert {worker.lane for worker in workers} == {0, 1}
    assert any(worker.cold_s > 0 for worker in workers), "some worker had to start"
    assert all(worker.queued_at <= worker.cold_at <= worker.started_at for worker in workers)
    assert timeline.of(Part.PLAN)
    assert timeline.of(Part.WATCH)
    assert len(timeline.of(Part.COMBINE)) == 1


def test_a_range_may_start_anywhere(aws: Deployment, job_name: str) -> None:
    job = {
        "analysis": "monte-carlo", "items": {"range": [1_000, 1_035]}, "batch_size": 2,
        "parameters": {"points_per_block": 50},
    }  # fmt: skip
    ended = aws.run(job_name, job)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.table().job(job_name).plan == {"items": 35, "batch_size": 2, "batches": 18, "levels": 2, "fan_out": 5}
    here = {**job, "analysis": "examples/monte_carlo"}
    assert aws.result(job_name) == skyburst.run(here).value
    assert aws.result(job_name) != skyburst.run({**here, "items": {"range": [0, 35]}}).value, "other items were counted"


def test_lists_are_cut_into_batches_the_last_of_which_is_shorter(aws: Deployment, job_name: str) -> None:
    job = {"analysis": "scripted", "items": [{"script": ["ok"]}] * 3, "batch_size": 2}
    assert aws.run(job_name, job)["status"] == "SUCCEEDED"
    assert aws.result(job_name) == {"found": [0, 2], "missing": []}


def test_one_batch_and_none(aws: Deployment, job_name: str) -> None:
    assert aws.run(job_name, scripts("ok"))["status"] == "SUCCEEDED"
    assert aws.result(job_name) == found(1)
    none = aws.run(f"{job_name}-none", {**scripts("ok"), "items": []})
    assert (none["status"], none["error"]) == ("FAILED", "InvalidJob")
    assert "job.items is []: expected at least one item" in none["cause"]
    listed = aws.run(f"{job_name}-listed", scripts())
    assert (listed["status"], listed["error"]) == ("FAILED", "FAILED")
    assert "there are no items for these parameters" in listed["cause"]


@pytest.mark.parametrize("failure", ["raise", "exit", "kill", "memory"])
def test_an_attempt_that_fails_is_followed_by_another(aws: Deployment, job_name: str, failure: str) -> None:
    ended = aws.run(job_name, scripts("ok", [failure, "ok"], "ok"))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(3)
    record = aws.table().batch(job_name, 1)
    assert record.attempt == 2
    assert len(record.failures) == 1


def test_a_batch_that_hangs_is_ended_in_time_and_the_job_is_partial(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, scripts("ok", "ok", "hang", tolerated_failure_percent=40))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.table().job(job_name).state == "PARTIAL"
    assert aws.result(job_name) == {"found": [0, 1], "missing": [2]}
    assert {failure.kind for failure in aws.table().batch(job_name, 2).failures} == {"TimedOut"}


def test_a_worker_that_is_ended_from_outside_loses_nothing(aws: Deployment, job_name: str) -> None:
    aws.cloud.faults.kill_invocation(WORKER, 1, after_s=0.3)
    ended = aws.run(job_name, scripts(1.0, 1.0))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(2)


def test_a_manager_that_dies_half_way_loses_nothing(
    aws: Deployment, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The root and its five are the first six. Those of the last level are in no hurry to end while one lane is throttled.
    aws.cloud.faults.throttle_invokes(WORKER, 60)
    aws.cloud.faults.kill_invocation(MANAGER, 8, after_s=0.3)
    ended = aws.run(job_name, scripts(*["ok"] * 110), 150)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(110)
    timeline = timeline_of_job(aws, job_name, monkeypatch)
    managers = [manager.level for manager in timeline.of(Part.MANAGER)]
    assert [managers.count(level) for level in range(3)] == [1, 5, 21], "one of the 22 of the last level died"
    sent = sorted(worker.queued_at for worker in timeline.of(Part.WORKER))
    late = [at for at in sent if at > sent[0] + 10]
    assert 2 <= len(late) <= 3, "the children that it had started ran; the watcher started the others"


def test_what_is_delivered_twice_is_counted_once(aws: Deployment, job_name: str, tmp_path: Path) -> None:
    aws.cloud.faults.deliver_twice(WORKER, 3)
    aws.cloud.faults.deliver_twice(OTHER_WORKER, 3)
    ended = aws.run(job_name, scripts(*["ok"] * 6, parameters={"journal": str(tmp_path)}))
    assert ended["status"] == "SUCCEEDED", ended
    eventually(lambda: len(list(tmp_path.iterdir())) > 6, "no worker ran twice")
    assert aws.result(job_name) == found(6)
    assert aws.table().progress(job_name).items_done == 6


def test_throttled_calls_are_repeated(aws: Deployment, job_name: str) -> None:
    faults = aws.cloud.faults
    faults.throttle_invokes(WORKER, 4)
    faults.throttle_table(aws.outputs["Batches"], 5)
    faults.slow_down_s3(f"jobs/{job_name}/manifest/*", 3)
    faults.slow_down_s3(f"jobs/{job_name}/result.json", 2, method="PUT")
    ended = aws.run(job_name, scripts(*["ok"] * 8))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(8)
    assert faults.pending() == 0, "some of this did not happen"


def test_conditions_of_the_table_that_fail_lose_nothing_and_count_nothing_twice(aws: Deployment, job_name: str) -> None:
    aws.cloud.faults.fail_table_conditions(aws.outputs["Batches"], 3)
    ended = aws.run(job_name, scripts(*["ok"] * 4), 120)
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(4)
    assert aws.table().progress(job_name).items_done == 4
    assert aws.cloud.faults.pending() == 0, "some of this did not happen"


def test_a_watcher_that_dies_is_followed_by_another(aws: Deployment, job_name: str) -> None:
    aws.cloud.faults.kill_invocation(WATCH, 1, after_s=1.5)
    ended = aws.run(job_name, scripts(*[2.5] * 3))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(3)


@pytest.mark.parametrize("at_end", [False, True])
def test_a_combiner_whose_process_dies_is_run_again(aws: Deployment, job_name: str, at_end: bool) -> None:
    aws.cloud.faults.kill_invocation(COMBINER, 2, at_end=at_end)
    ended = aws.run(job_name, scripts("ok", "ok"))
    assert ended["status"] == "SUCCEEDED", ended
    assert aws.result(job_name) == found(2)


def test_a_combiner_that_raises_fails_the_job_and_resume_combines_again(
    aws: Deployment, job_name: str, tmp_path: Path
) -> None:
    parameters = {"combiner_does": "raise the first time", "journal": str(tmp_path)}
    ended = aws.run(job_name, scripts("ok", "ok", parameters=parameters))
    assert (ended["status"], ended["error"]) == ("FAILED", "FAILED")
    assert "its combiner failed: ValueError: told to fail" in ended["cause"]
    assert aws.table().progress(job_name).done == 2
    ran = sorted(tmp_path.iterdir())
    assert aws.run(f"{job_name}-again", {"resume": job_name})["status"] == "SUCCEEDED"
    assert aws.result(job_name) == found(2)
    assert sorted(tmp_path.iterdir()) == ran, "no batch was run again"


def test_cancel_stops_the_workers_and_combines_what_was_found(aws: Deployment, job_name: str) -> None:
    execution = aws.start(job_name, scripts("ok", *[[2.5]] * 8, max_parallelism=2))
    eventually(lambda: (job := _job(aws, job_name)) and job.plan and aws.table().progress(job_name).done)
    aws.table().request_cancel(job_name)
    ended = aws.cloud.wait_for_execution(execution, PATIENCE_S)
    assert ended["error"] == "CANCELLED"
    assert aws.result(job_name)["found"][0] == 0
    assert aws.run(f"{job_name}-again", {"resume": job_name})["status"] == "SUCCEEDED"
    assert aws.result(job_name) == found(9)


def test_the_time_of_a_job_ends(aws: Deployment, job_name: str) -> None:
    ended = aws.run(job_name, scripts("ok", *[[2.5]] * 12, max_parallelism=1, timeout_s=15))
    assert ended["error"] == "TIMED_OUT"
    assert aws.result(job_name)["found"][0] == 0


def test_what_failed_runs_again_when_the_job_is_resumed_and_nothing_else(
    aws: Deployment, job_name: str, tmp_path: Path
) -> None:
    script = ["raise", "raise", "raise", "ok"]
    parameters = {"journal": str(tmp_path)}
    ended = aws.run(job_name, scripts("ok", script, "ok", parameters=parameters))
    assert ended["error"] == "FAILED"
    assert "ValueError: told to fail" in ended["cause"]
    certificate = aws.object(f"jobs/{job_name}/certificate.json")
    assert b'"state":"FAILED"' in certificate
    for file in tmp_path.iterdir():
        file.unlink()
    ended = aws.run(f"{job_name}-again", {"resume": job_name})
    assert ended["error"] == "FAILED", "three new attempts, and the script of each is the same"
    assert {file.name.split("-")[0] for file in tmp_path.iterdir()} == {"1"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"analysis": "scripted", "batchsize": 3}, "did you mean 'batch_size'"),
        ({"analysis": "unheard-of"}, "away, color-depth-index, color-depth-search, counts, falling, monte-carlo,"),
        ({"analysis": "color-depth-search", "parameters": {"mask": "m.tif", "library": "s3://b/l"}}, "s3://bucket/key"),
        ({"resume": "no-such-job"}, "no-such-job"),
    ],
)
def test_a_job_that_cannot_be_is_refused_by_name_and_leaves_nothing(
    aws: Deployment, job_name: str, given: dict[str, object], said: str
) -> None:
    ended = aws.run(job_name, given)
    assert ended["status"] == "FAILED"
    assert said in ended["cause"]
    assert _job(aws, job_name) is None


def _job(aws: Deployment, name: str) -> skyburst.JobRecord | None:
    try:
        return aws.table().job(name)
    except skyburst.JobNotFound:
        return None
