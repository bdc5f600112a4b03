"""Budgets in the deployed template: reserved and settled by the planner, under its own role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyburst.budgets.records import Account, Budget, Period, Scope
from skyburst.homes.aws.budgets_table import DynamoBudgets
from tests.deployed.conftest import Deployment, scripts
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.slow
USD = 1_000_000
SUBMISSIONS, ROOM = 100, 3


def budgets_of(aws: Deployment, group: str, micros: int) -> tuple[DynamoBudgets, Account]:
    budgets = DynamoBudgets(aws.cloud.client("dynamodb"), aws.outputs["Budgets"])
    budgets.set(Budget(Scope(group), Period.LIFETIME, micros))
    return budgets, Account(Scope(group), Period.LIFETIME, "")


def one_batch(group: str) -> dict[str, Any]:
    return {"analysis": "scripted", "items": [{"script": ["ok"]}], "batch_size": 1, "group": group, "timeout_s": 600}


def test_a_job_is_paid_from_the_budget_of_its_group_and_its_certificate_says_what_it_cost(
    aws: Deployment, job_name: str
) -> None:
    budgets, account = budgets_of(aws, "paying", 10 * USD)
    ended = aws.run(job_name, scripts("ok", "ok", group="paying"))  # which lists its items itself
    assert ended["status"] == "SUCCEEDED", ended
    spent, reserved = budgets.account(account)
    assert reserved == 0
    cost = json.loads(aws.object(f"jobs/{job_name}/certificate.json"))["cost"]
    assert cost["amount"] == pytest.approx(sum(cost["parts"].values()))
    assert cost["amount"] == pytest.approx(spent / USD)
    assert {"workers", "engine", "calls", "state machine", "task table", "objects"} == set(cost["parts"])


def test_a_hundred_submissions_at_once_start_what_the_budget_has_room_for_and_the_others_are_told_why(
    aws: Deployment, job_name: str
) -> None:
    budgets, account = budgets_of(aws, "racing", 10 * USD)
    ended = aws.run(f"{job_name}-first", one_batch("racing"))
    assert ended["status"] == "SUCCEEDED", ended
    first = budgets.reservation(f"{job_name}-first")
    assert first is not None
    limit = first.spent + ROOM * first.amount + first.amount - 1  # a millionth of a dollar less than room for one more
    budgets.set(Budget(Scope("racing"), Period.LIFETIME, limit))
    started = [aws.start(f"{job_name}-{number}", one_batch("racing")) for number in range(SUBMISSIONS)]
    all_ended = [aws.cloud.wait_for_execution(arn, PATIENCE_S) for arn in started]
    refused = [entry for entry in all_ended if entry.get("error") == "OverBudget"]
    assert refused
    assert all("the lifetime budget of group racing has " in entry["cause"] for entry in refused)
    started_jobs = SUBMISSIONS - len(refused)
    assert started_jobs >= ROOM  # those that ended meanwhile made room for others
    spent, reserved = budgets.account(account)
    assert reserved == 0
    assert spent <= limit
    jobs = {job.job_id for job in aws.table().jobs()}
    assert sum(f"{job_name}-{number}" in jobs for number in range(SUBMISSIONS)) == started_jobs
    assert spent == sum(found.spent for job in jobs if job.startswith(job_name) and (found := budgets.reservation(job)))
