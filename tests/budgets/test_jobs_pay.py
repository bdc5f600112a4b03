"""Jobs at home local are paid from budgets: kept before they start, settled however they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import skyburst
from skyburst.budgets.records import Account, Budget, Period, ReservationState, Scope
from skyburst.cli.budgeting import budget_lines, left_lines
from skyburst.client import create
from skyburst.contracts.states import JobState
from skyburst.errors import OverBudget, StorageError
from skyburst.homes.local.home import LocalHome
from skyburst.usage.gathering import used as usage
from skyburst.usage.jobs import Wanted
from tests.waiting import eventually

CODE = '''"""Squares, slowly if told to."""
import time

import skyburst

@skyburst.worker
def squares(batch):
    time.sleep(batch.parameters.get("nap", 0))
    if batch.parameters.get("fail"):
        raise ValueError("told to fail")
    return sum(number * number for number in batch.items)

total = skyburst.combiners.total()
'''
LISTING = """
blueprint = 1
name = "listing"
version = "1.0.0"
worker = "code:squares"
combiner = "code:total"
items = "code:numbers"
[parameters.count]
type = "integer"
default = 5
"""
NUMBERS = "\ndef numbers(parameters, context):\n    return list(range(parameters['count']))\n"
USD = 1_000_000
LAB = Scope("lab")
OF_LAB = Account(LAB, Period.LIFETIME, "")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalHome:
    monkeypatch.setenv("SKYBURST_WORKERS", "2")
    monkeypatch.setenv("SKYBURST_PRICES", str(tmp_path / "prices"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "squares.py").write_text(CODE)
    (tmp_path / "listing").mkdir()
    (tmp_path / "listing" / "blueprint.toml").write_text(LISTING)
    (tmp_path / "listing" / "code.py").write_text(CODE + NUMBERS)
    return LocalHome()


def budget(home: LocalHome, usd: float, scope: Scope = LAB) -> None:
    home.budgets.set(Budget(scope, Period.LIFETIME, round(usd * USD)))


def submit(home: LocalHome, items: int = 10, group: str | None = "lab", **fields: object) -> skyburst.JobHandle:
    fields = {"analysis": "squares.py", "items": range(items), "batch_size": 1, **fields}
    return create(home=home, **fields, **({"group": group} if group else {}))


def test_a_job_keeps_what_it_may_cost_and_spends_what_its_seconds_would_have_cost_on_aws(home: LocalHome) -> None:
    budget(home, 10)
    job = submit(home, parameters={"nap": 0.05})
    spent, reserved = home.budgets.account(OF_LAB)
    assert spent == 0
    assert reserved > 10 * 3 * 300 * 2 * 13  # ten batches, three attempts of 300 s, 2 GiB
    home.drive(job.job_id)
    spent, reserved = home.budgets.account(OF_LAB)
    assert reserved == 0
    assert 10 * 0.05 * 2 * 13.3334 < spent < 10_000
    certificate = job.certificate()
    assert certificate["cost"]["amount"] == 0.0
    assert certificate["cost"]["on_aws"]["amount"] * USD == pytest.approx(spent)
    (used,) = list(usage(home, Wanted(), time.time()))
    assert used.cost == 0.0
    assert used.on_aws is not None
    assert used.on_aws * USD == pytest.approx(spent), "`skyburst usage` and budgets count the same"


def test_a_limit_that_was_lowered_below_what_is_spent_leaves_nothing_and_says_by_how_much_it_is_over(
    home: LocalHome,
) -> None:
    budget(home, 10)
    submitted = submit(home)
    kept = home.budgets.account(OF_LAB)[1]
    budget(home, 0.01)
    over = f"{(kept - 10_000) / USD:.6f}".rstrip("0")
    with pytest.raises(OverBudget, match=f"of group lab has nothing left and is over its limit by {over}"):
        submit(home)
    (standing,) = home.budgets.standings(time.time())
    assert (standing.left, standing.over) == (0, kept - 10_000)
    shown = "\n".join([*budget_lines([standing], home.name), *left_lines(home, home.table.job(submitted.job_id))])
    assert not re.search(r"-\d", shown), "no amount is negative"
    assert f"over by {(kept - 10_000) / USD:.2f}" in shown
    assert "what jobs on this machine would have cost on AWS; nothing was paid" in shown


def test_budgets_that_are_damaged_say_what_to_do(home: LocalHome) -> None:
    budget(home, 10)
    home.close()
    path = home.folder / "budgets.sqlite"
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(b"not a database, and long enough to be one" * 100)
    with pytest.raises(StorageError, match=r"budgets\.sqlite: .*: put back a copy of it, or move it .* away and set"):
        submit(LocalHome())


def test_a_job_that_no_budget_has_room_for_is_refused_and_leaves_nothing(home: LocalHome) -> None:
    budget(home, 0.05)
    with pytest.raises(OverBudget) as refused:
        submit(home)
    text = str(refused.value)
    for part in (
        "the lifetime budget of group lab has 0.05 USD left",
        "limit 0.05",
        "spent 0.00",
        "ask whoever set the budget",
    ):
        assert part in text
    assert list(home.table.jobs()) == []
    assert list(home.budgets.outstanding()) == []
    assert not list(home.folder.glob("jobs/*"))
    assert submit(home, group="other").status() is JobState.PENDING


def test_without_budgets_there_is_no_file_of_them(home: LocalHome) -> None:
    home.drive(submit(home).job_id)
    assert home.paying is None
    assert not (home.folder / "budgets.sqlite").exists()


def test_a_budget_of_an_analysis_is_for_jobs_of_no_group_too(home: LocalHome) -> None:
    budget(home, 0.05, Scope(None, None, "squares"))
    with pytest.raises(OverBudget, match="the lifetime budget of analysis squares"):
        submit(home, group=None)


def test_a_job_of_an_idempotency_key_is_paid_once_and_found_again_when_nothing_is_left(home: LocalHome) -> None:
    budget(home, 1)
    first = submit(home, idempotency_key="once")
    kept = home.budgets.account(OF_LAB)
    budget(home, 0)
    assert submit(home, idempotency_key="once").job_id == first.job_id
    assert home.budgets.account(OF_LAB) == kept


def test_a_job_that_fails_or_is_cancelled_pays_for_what_it_used(home: LocalHome) -> None:
    budget(home, 10)
    failing = submit(home, items=1, parameters={"fail": True})
    home.drive(failing.job_id)
    waiting = submit(home)
    home.cancel(waiting.job_id)  # before anything ran
    assert {failing.status(), waiting.status()} == {JobState.FAILED, JobState.CANCELLED}
    spent, reserved = home.budgets.account(OF_LAB)
    assert (spent > 0, reserved) == (True, 0)
    found = home.budgets.reservation(waiting.job_id)
    assert found is not None
    assert (found.state, found.spent) == (ReservationState.SETTLED, 0)


def test_a_job_whose_items_are_listed_later_is_refused_then_and_goes_on_when_there_is_more(home: LocalHome) -> None:
    budget(home, 0.05)
    job = create(home=home, analysis="listing", group="lab")
    record = home.drive(job.job_id)
    assert record.state is JobState.FAILED
    assert record.reason.startswith("the lifetime budget of group lab has 0.05 USD left")
    with pytest.raises(OverBudget):
        home.prepare_resume(job.job_id)
    budget(home, 5)
    home.prepare_resume(job.job_id)
    assert home.drive(job.job_id).state is JobState.SUCCEEDED
    assert home.budgets.account(OF_LAB)[1] == 0


def test_a_driver_that_is_killed_leaves_the_amount_kept_until_the_job_is_resumed(home: LocalHome) -> None:
    budget(home, 10)
    job = submit(home, parameters={"nap": 0.3})
    kept = home.budgets.account(OF_LAB)
    driver = killed_driver(home, job)
    assert driver.returncode == -signal.SIGKILL
    assert home.budgets.account(OF_LAB) == kept
    assert home.paying is not None
    assert home.paying.sweep(time.time() + 10**7) == 0, "the job has not ended, however long ago it began"
    home.prepare_resume(job.job_id)
    assert home.budgets.account(OF_LAB) == kept
    assert home.drive(job.job_id).state is JobState.SUCCEEDED
    spent, reserved = home.budgets.account(OF_LAB)
    assert reserved == 0
    assert spent > 10 * 0.3 * 2 * 13


def test_a_job_that_is_resumed_keeps_no_more_than_what_is_missing_may_cost(home: LocalHome) -> None:
    budget(home, 10)
    job = submit(home, parameters={"nap": 0.3})
    whole = home.budgets.account(OF_LAB)[1]
    killed_driver(home, job)
    home.cancel(job.job_id)  # with some batches done
    done = home.table.progress(job.job_id).done
    assert done
    home.prepare_resume(job.job_id)
    spent, reserved = home.budgets.account(OF_LAB)
    assert spent > 0
    assert reserved < whole * (10 - done + 1) / 10


def test_a_job_that_is_deleted_pays_for_what_it_used(home: LocalHome) -> None:
    budget(home, 10)
    job = submit(home, parameters={"nap": 0.3})
    killed_driver(home, job)
    home.delete(job.job_id)
    spent, reserved = home.budgets.account(OF_LAB)
    assert reserved == 0
    assert spent > 0


def test_reservations_of_jobs_that_ended_or_are_gone_are_settled_before_anybody_is_refused(home: LocalHome) -> None:
    budget(home, 0.6)
    gone, ended = submit(home), submit(home)
    home.table.delete_job(gone.job_id)
    record = ended.record()
    record.state = JobState.FAILED  # as by a program that died before it settled
    home.table.update_job(record)
    with pytest.raises(OverBudget):  # one of two could be settled: of the other one, the job may be about to be stored
        submit(home, items=15)
    later = home.budgets.reservation(ended.job_id)
    assert later is not None
    assert later.state is ReservationState.SETTLED
    assert home.paying is not None
    assert home.paying.sweep(time.time() + 1000) == 1
    assert home.budgets.account(OF_LAB)[1] == 0


def test_a_reservation_that_cannot_be_settled_keeps_nobody_from_the_others(home: LocalHome) -> None:
    budget(home, 0.6)
    broken, ended = submit(home), submit(home)
    for job in (broken, ended):
        record = job.record()
        record.state = JobState.FAILED
        if job is broken:
            record.analysis = {"name": "listing"}  # as a program wrote it that was something else
        home.table.update_job(record)
    assert home.paying is not None
    assert home.paying.sweep(time.time()) == 1
    later = home.budgets.reservation(ended.job_id)
    assert later is not None
    assert later.state is ReservationState.SETTLED
    submit(home)


def test_no_price_no_reservation(home: LocalHome) -> None:
    budget(home, 10)
    (Path("gpu")).mkdir()
    blueprint = LISTING.replace('items = "code:numbers"', 'compute = "ec2"\n[environment]\ngpus = 9').replace(
        "listing", "gpu"
    )
    Path("gpu/blueprint.toml").write_text(blueprint)
    Path("gpu/code.py").write_text(CODE)
    with pytest.raises(skyburst.InvalidJob, match="no instance type that a deployment takes by itself has 1 vCPUs"):
        submit(home, analysis="gpu")
    assert list(home.table.jobs()) == []


def killed_driver(home: LocalHome, job: skyburst.JobHandle) -> subprocess.Popen[bytes]:
    """A program that drives the job and is killed when some batches are done."""
    driver = subprocess.Popen(
        [sys.executable, "-P", "-m", "skyburst.homes.local.drive", job.job_id], env={**os.environ}
    )
    eventually(lambda: home.table.progress(job.job_id).done >= 2)
    driver.kill()
    driver.wait()
    eventually(lambda: not home.is_driven(job.job_id))
    return driver


def test_a_job_that_has_ended_does_not_fail_of_prices_or_budgets_that_were_damaged_meanwhile(
    home: LocalHome, tmp_path: Path
) -> None:
    budget(home, 10)
    job = submit(home)
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "prices-2099-01-01.json").write_text("{")
    assert home.drive(job.job_id).state is JobState.SUCCEEDED
    assert "is not JSON" in job.certificate()["cost"]["notes"][0]
    kept = home.budgets.reservation(job.job_id)
    assert kept is not None
    assert home.budgets.account(OF_LAB) == (kept.amount, 0), "without prices, all that was kept is spent"
    with pytest.raises(skyburst.Invalid, match=r"prices-2099-01-01\.json is not JSON"):
        submit(home)
