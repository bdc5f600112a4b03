"""What every home's budgets do: nobody spends what is not there, however many ask at once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skyburst.budgets.port import Budgets
from skyburst.budgets.records import (
    DEFAULT,
    Account,
    Budget,
    Payer,
    Period,
    Refused,
    ReservationState,
    Reserved,
    Scope,
)
from skyburst.budgets.sqlite import SqliteBudgets
from skyburst.homes.aws.budgets_table import DynamoBudgets
from skyburst.homes.aws.calls import connect
from skyburst.homes.aws.schema import BUDGETS, creation
from tests.homes_aws.dynamodb import CREDENTIALS, REGION

NOVEMBER, DECEMBER = 1_795_000_000.0, 1_798_000_000.0
"""18 November and 23 December 2026."""
USD = 1_000_000
ANNA = Payer("lab", "anna", "caiman")
LAB = Scope("lab", None, None)
SECONDS = 120


@dataclass
class Backend:
    """Budgets that any number of programs may open."""

    open: Callable[[], Budgets]
    opening: str
    """Python source that opens them in another program, as `budgets`."""


@pytest.fixture(params=["sqlite", "dynamodb"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    with contextlib.ExitStack() as opened:
        if request.param == "sqlite":
            path = tmp_path / "state" / "budgets.sqlite"
            opening = (
                "from pathlib import Path\nfrom skyburst.budgets.sqlite import SqliteBudgets\n"
                f"budgets = SqliteBudgets(Path({str(path)!r}))\n"
            )
            yield Backend(lambda: opened.enter_context(contextlib.closing(SqliteBudgets(path))), opening)
            return
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        endpoint = request.getfixturevalue("dynamodb_address")
        client, table = connect(REGION, endpoint), f"budgets-{uuid.uuid4().hex[:8]}"
        client.create_table(**creation(BUDGETS, table))
        opened.callback(client.close)
        opened.callback(client.delete_table, TableName=table)
        opening = (
            f"import os\nos.environ.update({CREDENTIALS!r})\nfrom skyburst.homes.aws.calls import connect\n"
            "from skyburst.homes.aws.budgets_table import DynamoBudgets\n"
            f"budgets = DynamoBudgets(connect({REGION!r}, {endpoint!r}), {table!r})\n"
        )
        yield Backend(lambda: DynamoBudgets(client, table), opening)


@pytest.fixture
def budgets(backend: Backend) -> Budgets:
    return backend.open()


def limit(budgets: Budgets, usd: int, scope: Scope = LAB, period: Period = Period.LIFETIME) -> Account:
    """Set a budget; the account of November."""
    budgets.set(Budget(scope, period, usd * USD))
    return Account(scope, period, "2026-11" if period is Period.MONTHLY else "")


def reserve(
    budgets: Budgets, job_id: str, usd: float, payer: Payer = ANNA, now: float = NOVEMBER
) -> Reserved | Refused:
    return budgets.reserve(job_id, payer, round(usd * USD), now)


def test_a_job_that_no_budget_is_about_is_not_counted(budgets: Budgets) -> None:
    limit(budgets, 1, Scope("other", None, None))
    assert reserve(budgets, "job-1", 10**6) == Reserved("job-1", 10**12, ())
    assert budgets.reservation("job-1") is None
    assert not budgets.settle("job-1", 5)
    assert not budgets.release("job-1")


def test_what_is_reserved_is_kept_until_the_job_is_settled_with_what_it_cost(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    assert isinstance(reserve(budgets, "job-1", 6), Reserved)
    assert budgets.account(account) == (0, 6 * USD)
    assert budgets.settle("job-1", 1_234_567)
    assert budgets.account(account) == (1_234_567, 0)


def test_a_refusal_tells_which_budget_and_all_numbers_and_changes_nothing(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    reserve(budgets, "job-1", 2)
    budgets.settle("job-1", 3 * USD)
    reserve(budgets, "job-2", 4)
    refused = reserve(budgets, "job-3", 3.000001)
    assert refused == Refused("job-3", "the lifetime budget of group lab", 10 * USD, 3 * USD, 4 * USD, 3_000_001)
    assert "3.00 USD left" in refused.reason
    assert "3.000001" in refused.reason
    assert budgets.account(account) == (3 * USD, 4 * USD)
    assert isinstance(reserve(budgets, "job-3", 3), Reserved)


def test_all_budgets_that_apply_keep_it_or_none_does(budgets: Budgets) -> None:
    rich = limit(budgets, 100)
    mine = limit(budgets, 50, Scope(None, "anna", None), Period.MONTHLY)
    poor = limit(budgets, 5, Scope("lab", None, "caiman"))
    refused = reserve(budgets, "job-1", 6)
    assert isinstance(refused, Refused)
    assert refused.budget == "the lifetime budget of group lab, analysis caiman"
    assert [budgets.account(account) for account in (rich, mine, poor)] == [(0, 0)] * 3
    assert isinstance(reserve(budgets, "job-2", 5), Reserved)
    assert [budgets.account(account) for account in (rich, mine, poor)] == [(0, 5 * USD)] * 3


def test_reserving_settling_and_releasing_twice_is_once(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    first = reserve(budgets, "job-1", 6)
    assert reserve(budgets, "job-1", 9) == first
    assert budgets.account(account) == (0, 6 * USD)
    assert budgets.settle("job-1", 2 * USD)
    assert not budgets.settle("job-1", 2 * USD)
    assert not budgets.release("job-1")
    assert budgets.account(account) == (2 * USD, 0)


def test_what_is_released_may_be_reserved_by_others(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    reserve(budgets, "job-1", 10)
    assert budgets.release("job-1")
    assert budgets.account(account) == (0, 0)
    assert isinstance(reserve(budgets, "job-2", 10), Reserved)


def test_a_resumed_job_is_reserved_anew_and_pays_only_what_it_costs_more(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    reserve(budgets, "job-1", 6)
    budgets.settle("job-1", 2 * USD)
    assert isinstance(reserve(budgets, "job-1", 7), Reserved)
    assert budgets.account(account) == (2 * USD, 7 * USD)
    budgets.settle("job-1", 5 * USD)
    assert budgets.account(account) == (5 * USD, 0)
    assert budgets.reservation("job-1")[2:5] == (ReservationState.SETTLED, 7 * USD, 5 * USD)  # type: ignore[index]


def test_a_job_may_cost_more_than_it_reserved_and_then_the_next_one_is_refused(budgets: Budgets) -> None:
    limit(budgets, 10)
    reserve(budgets, "job-1", 6)
    budgets.settle("job-1", 12 * USD)
    refused = reserve(budgets, "job-2", 0)
    assert isinstance(refused, Refused)
    standing = budgets.standings(NOVEMBER)[0]
    assert (standing.left, standing.over) == (0, 2 * USD)


def test_a_month_begins_anew_and_a_lifetime_does_not(budgets: Budgets) -> None:
    limit(budgets, 10, period=Period.MONTHLY)
    assert isinstance(reserve(budgets, "job-1", 10), Reserved)
    assert isinstance(reserve(budgets, "job-2", 10), Refused)
    assert isinstance(reserve(budgets, "job-2", 10, now=DECEMBER), Reserved)
    budgets.settle("job-1", 4 * USD)  # in the month it was reserved in
    november, december = (budgets.standings(now)[0] for now in (NOVEMBER, DECEMBER))
    assert (november.account.month, november.spent, november.reserved) == ("2026-11", 4 * USD, 0)
    assert (december.account.month, december.spent, december.reserved) == ("2026-12", 0, 10 * USD)
    limit(budgets, 12)
    assert isinstance(reserve(budgets, "job-3", 6), Reserved)
    assert isinstance(reserve(budgets, "job-4", 7, now=DECEMBER + 10**8), Refused)


def test_the_default_is_for_each_group_and_analysis_that_have_no_budget_of_their_own(budgets: Budgets) -> None:
    budgets.set(Budget(DEFAULT, Period.LIFETIME, 10 * USD))
    assert isinstance(reserve(budgets, "job-1", 10), Reserved)
    refused = reserve(budgets, "job-2", 1)
    assert isinstance(refused, Refused)
    assert refused.budget == "the lifetime budget of group lab, analysis caiman, the default"
    assert isinstance(reserve(budgets, "job-3", 10, Payer("lab", "anna", "dlc")), Reserved)
    assert isinstance(reserve(budgets, "job-4", 10, Payer("other", None, "caiman")), Reserved)
    assert reserve(budgets, "job-5", 11, Payer(None, "anna", "caiman")) == Reserved("job-5", 11 * USD, ())
    limit(budgets, 20, Scope("lab", None, "caiman"))
    assert isinstance(reserve(budgets, "job-6", 10), Reserved)  # what the default counted counts
    assert isinstance(reserve(budgets, "job-7", 1), Refused)
    names = [(entry.budget.scope, entry.reserved) for entry in budgets.standings(NOVEMBER)]
    assert sorted(names, key=str) == sorted(
        [(DEFAULT, 0), (Scope("lab", None, "caiman"), 20 * USD), (Scope("lab", None, "dlc"), 10 * USD),
         (Scope("other", None, "caiman"), 10 * USD)], key=str,
    )  # fmt: skip


def test_a_limit_that_is_changed_keeps_what_was_spent_and_a_removed_one_limits_nobody(budgets: Budgets) -> None:
    account = limit(budgets, 10)
    reserve(budgets, "job-1", 8)
    limit(budgets, 5)
    refused = reserve(budgets, "job-2", 1)
    assert isinstance(refused, Refused)
    assert refused.limit == 5 * USD
    assert budgets.remove(LAB) == [Budget(LAB, Period.LIFETIME, 5 * USD)]
    assert budgets.remove(LAB) == []
    assert isinstance(reserve(budgets, "job-2", 1000), Reserved)
    assert budgets.settle("job-1", 7 * USD)
    assert budgets.account(account) == (7 * USD, 0)
    limit(budgets, 7)
    assert isinstance(reserve(budgets, "job-3", 0.01), Refused)


def test_names_that_look_like_keys_are_accounts_of_their_own(budgets: Budgets) -> None:
    odd = [Scope(None, "a|=b", None), Scope(None, "a%7C=b", None), Scope(None, "a", None), Scope(None, "#a", None)]
    for number, scope in enumerate(odd, 1):
        limit(budgets, number, scope)
    for number, scope in enumerate(odd, 1):
        assert isinstance(reserve(budgets, f"job-{number}", number, Payer(None, scope.user, "x")), Reserved)
    assert [entry.left for entry in budgets.standings(NOVEMBER)] == [0] * 4


def test_what_is_outstanding_is_listed_oldest_first(budgets: Budgets) -> None:
    limit(budgets, 10)
    for number in (3, 1, 2):
        reserve(budgets, f"job-{number}", 1, now=NOVEMBER + number)
    budgets.settle("job-2", 1)
    found = {entry.job_id: entry for entry in budgets.outstanding()}
    assert set(found) == {"job-1", "job-3"}
    assert found["job-1"].payer == ANNA
    assert found["job-1"].at == NOVEMBER + 1


RACER = """
import sys, threading
from skyburst.budgets.records import Payer, Reserved
first, count = int(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
results = []
def submit(number):
    payer = Payer("lab", f"user-{number % 5}", "caiman")
    results.append((number, budgets.reserve(f"job-{number}", payer, 1_000_001, 1_795_000_000.0)))
threads = [threading.Thread(target=submit, args=(first + number,)) for number in range(count)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(results) == count
print(" ".join(str(number) for number, result in results if isinstance(result, Reserved)))
"""


def test_a_hundred_submissions_at_once_do_not_overspend_by_a_cent(backend: Backend) -> None:
    budgets = backend.open()
    account = limit(budgets, 25)  # room for 24 of 1.000001
    own = [limit(budgets, 4, Scope("lab", f"user-{number}", None), Period.MONTHLY) for number in range(5)]
    programs, each = 2, 50
    command = [sys.executable, "-c", backend.opening + RACER]
    running = [
        subprocess.Popen(
            [*command, str(number * each), str(each)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(programs)
    ]
    granted = [job for process in running for job in process.communicate("go\n", timeout=SECONDS)[0].split()]
    assert all(process.returncode == 0 for process in running)
    assert len(granted) == len(set(granted))
    spent, reserved = budgets.account(account)
    assert (spent, reserved) == (0, 1_000_001 * len(granted))
    assert reserved <= 25 * USD
    assert all(budgets.account(one)[1] <= 4 * USD for one in own)
    assert len(granted) == 15  # three for each of five people: 4 USD have room for no more
    assert sum(budgets.account(one)[1] for one in own) == reserved
    assert len(list(budgets.outstanding())) == len(granted)


def test_those_who_reserve_settle_and_change_limits_at_once_leave_whole_sums(backend: Backend) -> None:
    budgets = backend.open()
    account = limit(budgets, 3)
    costs: list[int] = []

    def live(number: int) -> None:
        mine = backend.open()
        for turn in range(3):
            job_id = f"job-{number}-{turn}"
            if isinstance(mine.reserve(job_id, ANNA, USD, NOVEMBER), Reserved):
                cost = 10_000 * number + turn
                if number % 3:
                    mine.settle(job_id, cost)
                    costs.append(cost)
                else:
                    mine.release(job_id)
            if number == 0:
                mine.set(Budget(LAB, Period.LIFETIME, (3 + turn) * USD))

    threads = [threading.Thread(target=live, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert budgets.account(account) == (sum(costs), 0)
