"""Which machines batches had, read from where jobs leave it: all of them count, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skyburst.contracts import values
from skyburst.contracts.records import ENVIRONMENTS, Delivery, Failure
from skyburst.contracts.states import BatchState, JobState
from skyburst.cost import uses
from skyburst.cost.job_cost import MachineUse, cost_of
from skyburst.cost.uses import uses_of, uses_with
from skyburst.engine import evidence
from skyburst.homes.local.task_table import SqliteTaskTable
from skyburst.objects import open_store
from skyburst.prices.current import shipped_prices
from tests.budgets.jobs import STARTED, a_command_job
from tests.contracts.records import an_outcome

DATASETS = 5


@pytest.fixture
def table(tmp_path: Path) -> Iterator[SqliteTaskTable]:
    table = SqliteTaskTable(tmp_path / "state.sqlite")
    yield table
    table.close()


@pytest.mark.parametrize("listed", [DATASETS, 2])
def test_datasets_after_those_that_certificates_list_are_paid_for_too(
    table: SqliteTaskTable, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    monkeypatch.setattr(uses, "MOST_DATASETS", listed)
    monkeypatch.setattr(evidence, "MOST_DATASETS", listed)
    job, objects = a_command_job(DATASETS), open_store("memory://")
    table.create_job(job)
    seconds = [3_600.0, 1_800.0, 900.0, 10.0, 600.0]  # one for less than what is paid for at least
    here = Delivery(ENVIRONMENTS, STARTED, 0.0)
    table.record("job-1", [an_outcome(n, items=1, seconds=s)._replace(delivery=here) for n, s in enumerate(seconds)])
    for number, took in enumerate(seconds):
        status = {"seconds": took, "instance": {"type": "m5.16xlarge", "spot": False}}
        objects.put(f"jobs/job-1/datasets/{number:08d}/status.json", values.encode(status))
    found = uses_of(objects, table, job)
    assert sum(use.batches for use in found) == DATASETS
    if listed < DATASETS:
        assert found[-1] == MachineUse(2, None, None, 900.0 + 60.0 + 600.0, 3)
    job = replace(job, state=JobState.SUCCEEDED, started_at=STARTED, finished_at=STARTED + 3_600.0)
    cost = cost_of(job, table.progress("job-1"), "aws", shipped_prices(), 0.0, found)
    hour = shipped_prices().machines["m5.16xlarge"].hour
    assert cost.parts["machines"] == pytest.approx(int(hour * 1_000_000) * (sum(seconds) + 50.0) / 3_600.0, rel=0.001)
    assert not [note for note in cost.notes if "of which the machine is not known" in note]


def test_batches_are_paid_for_by_the_machines_that_they_had(
    table: SqliteTaskTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    spot, dear = {"type": "m5.large", "spot": True}, {"type": "m5.16xlarge", "id": "i-1", "zone": "a", "spot": False}
    machines = [spot, dear, spot, None, {"type": None, "spot": None}]
    table.create_job(a_command_job(len(machines)))
    table.record("job-1", [an_outcome(number, items=1, seconds=600.0) for number in range(len(machines))])
    had = [
        replace(batch, delivery=Delivery(ENVIRONMENTS, STARTED, 0.0, machine))
        for batch, machine in zip(table.batches("job-1"), machines, strict=True)
    ]
    monkeypatch.setattr(table, "batches", lambda _: had)  # as the table of home aws, which keeps machines, has them
    monkeypatch.setattr(uses, "MOST_DATASETS", 0)
    assert uses_with([], table, a_command_job(len(machines))) == [
        MachineUse(0, "m5.large", True, 1_200.0, 2), MachineUse(0, "m5.16xlarge", False, 600.0),
        MachineUse(0, None, None, 1_200.0, 2),
    ]  # fmt: skip


def test_what_a_container_wrote_in_place_of_its_status_keeps_no_job_from_being_settled(table: SqliteTaskTable) -> None:
    job, objects = a_command_job(5), open_store("memory://")
    table.create_job(job)
    table.record("job-1", [an_outcome(number, items=1, seconds=600.0) for number in range(5)])
    for number, status in enumerate((b"{", b"[]", b'{"seconds": Infinity}', b'{"seconds": "600"}')):
        objects.put(f"jobs/job-1/datasets/{number:08d}/status.json", status)
    assert uses_of(objects, table, job) == []
    job = replace(job, state=JobState.SUCCEEDED, started_at=STARTED, finished_at=STARTED + 3_600.0)
    cost = cost_of(job, table.progress("job-1"), "aws", shipped_prices(), 0.0, uses_of(objects, table, job))
    assert "3,000 s of which the machine is not known are counted as m5.16xlarge, on demand" in cost.notes


def test_an_attempt_whose_machine_was_taken_away_is_paid_for(table: SqliteTaskTable) -> None:
    job, objects = a_command_job(1), open_store("memory://")
    table.create_job(job)
    lost = an_outcome(0, items=1, seconds=1_200.0)._replace(failure=Failure("Killed", "its machine was taken away"))
    table.record_failure("job-1", lost, BatchState.LOST)
    table.record("job-1", [an_outcome(0, attempt=2, items=1, seconds=600.0)])
    status = {"seconds": 600.0, "instance": {"type": "m5.16xlarge", "spot": False}}
    objects.put("jobs/job-1/datasets/00000000/status.json", values.encode(status))
    job = replace(job, state=JobState.SUCCEEDED, started_at=STARTED, finished_at=STARTED + 3_600.0)
    cost = cost_of(job, table.progress("job-1"), "aws", shipped_prices(), 0.0, uses_of(objects, table, job))
    hour = shipped_prices().machines["m5.16xlarge"].hour
    assert cost.parts["machines"] == pytest.approx(int(hour * 1_000_000) * 1_800.0 / 3_600.0, rel=0.001)
    assert "1,200 s of which the machine is not known are counted as m5.16xlarge, on demand" in cost.notes
