"""certificate.txt, status files and activity records, against what the clients of NeuroCAAS read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.submissions import activity, certificate_text, status_text
from skyburst.submissions.certificate_text import DatasetLine, Line

RECEIVED = 1795219900.05  # 2026-11-21 00:11:40.05

PUBLISHED = """\
PER ENVIRONMENT MONITORING:
================
DATANAME: mylab/inputs/data_a.npy | STATUS: INITIALIZING | TIME: 2026-11-21 00:11:40.319915 | LAST COMMAND: NONE
DATANAME: mylab/inputs/data_b.npy | STATUS: INITIALIZING | TIME: 2026-11-21 00:11:40.319920 | LAST COMMAND: NONE
================
Once jobs start, these logs will be updated regularly. Allow some time [~1 minute] after all jobs finish for results to appear.
For more information, see DATASET_NAME: files for stdout and stderr output.
\x20
++++++++++++++++++
\x20
JOB MANAGER SETUP LOG:
REQUEST START TIME: 2026-11-21 00:11:40.05 (GMT)\t [+0:00:00.00]
ANALYSIS VERSION ID: 0123456789abcdef0123456789abcdef01234567
\t [+0:00:00.00]
JOB ID: 1700000000\t [+0:00:00.00]

\x20
[Job Manager] Detected new job: starting up.\t [+0:00:00.00]
        [Internal (init)] Initializing job manager.\t [+0:00:00.00]
[Job Manager] STEP 1/4 (Initialization): DONE\t [+0:00:00.01]
JOB MONITOR LOG COMPLETE. SEE TOP FOR LIVE PER-DATASET MONITORING\t [+0:00:00.26]"""
"""As the job manager of NeuroCAAS wrote it."""


def lines() -> list[Line]:
    opening = certificate_text.opening(RECEIVED, "0123456789abcdef0123456789abcdef01234567", "1700000000")
    return [
        *(Line(text, 0) for text in opening), Line(certificate_text.done(1), 0.01), Line(certificate_text.COMPLETE, 0.26),
    ]  # fmt: skip


def datasets_of(certificate: str) -> dict[str, str]:
    """What a client reads: the lines between the two dividers, by the name in each."""
    found = certificate.split("\n")
    dividers = [number for number, line in enumerate(found) if line == "================"]
    assert len(dividers) == 2
    between = found[dividers[0] + 1 : dividers[1]]
    return {re.search(r"DATANAME: (.*?) \|", line)[1]: line for line in between}  # type: ignore[index]


def test_the_certificate_is_to_the_letter_what_the_job_manager_wrote() -> None:
    datasets = [
        DatasetLine("mylab/inputs/data_a.npy", "INITIALIZING", 1795219900.319915, "", None),
        DatasetLine("mylab/inputs/data_b.npy", "INITIALIZING", 1795219900.319920, "", None),
    ]
    assert certificate_text.render(lines(), datasets).decode() == PUBLISHED


def test_while_the_job_is_set_up_there_is_the_log_alone() -> None:
    text = certificate_text.render(lines()).decode()
    assert text == PUBLISHED.partition("SETUP LOG:\n")[2]


def test_a_dataset_that_runs_has_its_last_line_and_its_use_of_processors() -> None:
    entry = DatasetLine("lab/a.npy", "IN PROGRESS", RECEIVED, "epoch 3\nof 5", "12.3 %")
    assert certificate_text.render([], [entry]).decode().split("\n")[2] == (
        "DATANAME: lab/a.npy | STATUS: IN PROGRESS | TIME: 2026_11_21_00_11_40 | LAST COMMAND: epoch 3 of 5 | "
        "CPU_USAGE: 12.3 %"
    )
    ended = entry._replace(status="SUCCESS", finished=True, last="")
    assert "TIME: 2026_11_21_00_11_40 (finished) | LAST COMMAND: N/A |" in certificate_text.render([], [ended]).decode()


def test_the_clock_counts_days() -> None:
    text = certificate_text.render(
        [Line("x", 0.004), Line("x", 59.999), Line("x", 3725.5), Line("x", 90061.0)]
    ).decode()
    assert re.findall(r"\[\+(.*)\]", text) == ["0:00:00.00", "0:01:00.00", "1:02:05.50", "1 day, 1:01:01.00"]


def test_a_client_finds_the_instances_and_their_datasets() -> None:
    text = certificate_text.render([
        Line(certificate_text.utility("New instance ec2.Instance(id='i-1') created!"), 0),
        Line(certificate_text.internal("process_inputs", "Starting analysis 1 with parameter set data_a.npy"), 0),
    ]).decode()  # fmt: skip
    assert text.split("[Utils] New instance ec2.Instance(id='")[1].split("') created!")[0] == "i-1"
    assert text.split("Starting analysis 1 with parameter set ")[1].split("[+")[0].strip() == "data_a.npy"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=3), st.text(max_size=60))
def test_no_output_and_no_name_breaks_the_block_of_datasets(names: list[str], last: str) -> None:
    datasets = [DatasetLine(f"{number}{name}", "FAILED", RECEIVED, last, "N/A") for number, name in enumerate(names)]
    text = certificate_text.render([Line(certificate_text.internal("x", last), 0)], datasets).decode()
    assert len(datasets_of(text)) == len(names)


DOCUMENT: dict[str, Any] = {
    "state": "SUCCEEDED", "exit_code": 0, "started_at": "2021-05-20T13:00:00+00:00", "finished_at": 1621516156.4,
    "cpu_percent": 12.345, "memory_mb": 8191.6, "reason": "",
}  # fmt: skip


def test_the_status_of_a_dataset_that_has_ended_has_the_fields_in_their_order() -> None:
    text = status_text.rendered("i-1", "job-1", "lab/a.npy", DOCUMENT, ["first line", "second line"])
    assert json.loads(text) == {
        "instance": "i-1", "command": "job-1", "input": "lab/a.npy", "status": "SUCCESS", "reason": 0,
        "memory_usage": "8192 MB", "cpu_usage": "12.3 %", "job_start": "2021-05-20T13:00:00Z",
        "job_finish": "2021-05-20T13:09:16Z", "std": {"0": "first line", "1": "second line"},
    }  # fmt: skip
    assert list(json.loads(text)) == [
        "instance", "command", "input", "status", "reason", "memory_usage", "cpu_usage", "job_start", "job_finish", "std",
    ]  # fmt: skip


def test_while_it_runs_there_is_no_end_and_no_exit_code() -> None:
    running = {"state": "RUNNING", "started_at": 0.0, "exit_code": None, "finished_at": None}
    status = json.loads(status_text.rendered("i-1", "job-1", "a", running, []))
    assert (status["status"], status["reason"], status["job_finish"]) == ("IN PROGRESS", None, "N/A")
    assert (status["memory_usage"], status["cpu_usage"], status["std"]) == ("N/A", "N/A", {})


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT", "OUT_OF_MEMORY", "CANCELLED"])
def test_every_other_end_is_a_failure_that_says_why(state: str) -> None:
    failed = {**DOCUMENT, "state": state, "reason": "it took longer\nthan 5 min", "exit_code": None}
    status = json.loads(status_text.rendered("i-1", "job-1", "a", failed, ["x"]))
    assert status["status"] == "FAILED"
    assert status["std"] == {"0": "x", "1": f"[{state}] it took longer than 5 min"}


def test_a_reason_that_the_last_line_says_is_not_said_twice() -> None:
    failed = {**DOCUMENT, "state": "FAILED", "reason": "exit code 3", "exit_code": 3}
    status = json.loads(status_text.rendered("i-1", "job-1", "a", failed, ["x", "FAILED: exit code 3"]))
    assert status["std"] == {"0": "x", "1": "FAILED: exit code 3"}


def test_the_status_of_a_dataset_that_has_not_started_is_what_the_job_manager_wrote() -> None:
    assert status_text.initial("i-1", "job-1", "mylab/inputs/data_a.npy").decode() == (
        '{"status": "INITIALIZING", "reason": "NONE", "stdout": "not given yet", "stderr": "not given yet", '
        '"input": "mylab/inputs/data_a.npy", "instance": "i-1", "command": "job-1"}'
    )


@given(st.integers(0, 40), st.integers(1, 20))
def test_of_very_many_lines_the_last_ones_are_shown_under_their_numbers(count: int, most: int) -> None:
    shown = status_text.numbered([f"line {number}" for number in range(count)], most)
    assert len(shown) == min(count, most)
    assert all(line == f"line {number}" for number, line in shown.items())
    assert not count or str(count - 1) in shown


ENVIRONMENT = activity.Environment(
    "i-1891164db66967596", "t2.micro", spot=False, price=0.0116, bucket="pca-ncap-web", datapath="mylab/inputs/data_a.npy",
    configpath="mylab/configs/config.yaml", jobpath="mylab/results/job__pca-ncap-web_1700000000",
)  # fmt: skip


def test_the_record_of_an_environment_has_what_usage_is_counted_from() -> None:
    found = json.loads(activity.record(ENVIRONMENT, "2026-01-01T00:01:00Z", None))
    assert found == {
        "instance-id": "i-1891164db66967596", "instance-type": "t2.micro", "spot": False, "price": 0.0116,
        "databucket": "pca-ncap-web", "datapath": ["mylab/inputs/data_a.npy"], "configpath": "mylab/configs/config.yaml",
        "jobpath": "mylab/results/job__pca-ncap-web_1700000000", "start": "2026-01-01T00:01:00Z", "end": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "kind", "spot", "price"),
    [
        (None, "t2.micro", False, 0.0116),
        ({"type": None, "spot": None}, "t2.micro", False, 0.0116),
        ("t2.micro", "t2.micro", False, 0.0116),
        ({"type": "t2.micro", "id": "i-1", "zone": "us-east-1a", "spot": True}, "t2.micro", True, 0.0116),
        ({"type": "m5.large", "id": "i-1", "zone": "us-east-1a", "spot": False}, "m5.large", False, 0.096),
        ("x9.large", "x9.large", False, None),
    ],
)
def test_the_record_has_the_machine_that_a_dataset_really_had_and_its_price(
    told: Any, kind: str, spot: bool, price: float | None
) -> None:
    placed = activity.placed(ENVIRONMENT, {"instance": told}, {"m5.large": 0.096}.get)
    assert (placed.instance_type, placed.spot, placed.price) == (kind, spot, price)
    assert placed.id == ENVIRONMENT.id, "files and the certificate know it by this one"


def test_the_parallelism_of_a_job_comes_from_its_records() -> None:
    records = [
        json.loads(activity.record(ENVIRONMENT._replace(id=name), start, end))
        for name, start, end in [("i-1", "2026-01-01T00:01:00Z", "2026-01-02T06:11:30Z"), ("i-2", 1767225700.0, None)]
    ]
    report = activity.parallelism(records)[ENVIRONMENT.jobpath]
    assert report["durations"] == {"i-1": 108630.0, "i-2": None}  # days count
    assert report["laststart"] == "2026-01-01T00:01:40Z"
    assert report["firstend"] == "2026-01-02T06:11:30Z"
    assert [entry["instance-id"] for entry in report["instances"]] == ["i-1", "i-2"]
