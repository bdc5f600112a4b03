"""The JSON for burst-compute's `timeline.html`."""

from __future__ import annotations

from skyburst.timeline.burst import burst_timeline
from skyburst.timeline.stages import timeline_of
from tests.timeline.jobs import a_job, batches, spans


def test_stages_have_the_names_categories_and_fields_of_its_analyzer() -> None:
    document = burst_timeline(timeline_of(a_job(), "aws", batches(), spans(), now=5000.0))
    assert document["output"] == {"jobId": "job-1", "numBatches": 10, "branchingFactor": 5, "state": "SUCCEEDED"}
    assert document["aggregate"] == ["Dispatcher", "Workers"]
    stages = document["stages"]
    assert [stage["start"] for stage in stages] == sorted(stage["start"] for stage in stages)
    by_name = {stage["name"]: stage for stage in stages}
    overview = {stage["name"] for stage in stages if stage["category"] == "Overview"}
    assert overview == {
        "Process", "State Machine", "Monitor (1)", "Dispatchers", "Workers", "Combiner Delay", "Combiner",
    }  # fmt: skip
    dispatchers = [stage["name"] for stage in stages if stage["category"] == "Dispatchers"]
    assert dispatchers == ["Root Dispatcher", "Dispatcher 0-50", "Dispatcher 50-95"]
    assert by_name["Process"]["start"] == 999_000
    assert by_name["State Machine"] == {
        "category": "Overview",
        "name": "State Machine",
        "start": 999_500,
        "end": 1_020_000,
    }
    assert (by_name["Combiner Delay"]["start"], by_name["Combiner Delay"]["end"]) == (1_016_000, 1_017_500)
    assert set(by_name["Workers"]["stats"]) == {"mean", "median", "std", "min", "max"}
    assert by_name["Workers"]["stats"]["max"] == 12_000
    assert by_name["Worker 8 [#2]"] == {
        "category": "Workers", "name": "Worker 8 [#2]", "start": 1_004_000, "end": 1_016_000,
        "logGroupName": "/aws/lambda/w", "logStreamName": "stream",
        "report": {
            "duration": 12_000, "billedBuration": 12_000, "memorySize": 512, "maxMemoryUsed": 80, "initDuration": 1_000,
        },
    }  # fmt: skip
