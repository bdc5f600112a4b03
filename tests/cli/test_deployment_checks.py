"""What the doctor makes of what AWS answers, which a cloud on this machine does not: pure decisions."""

from __future__ import annotations

from typing import Any

import pytest

import skyburst
from skyburst.cli.checks.deployment.account import concurrency, judged
from skyburst.cli.checks.deployment.analyses import Deployed, check_analyses, check_probe
from skyburst.cli.checks.deployment.smoke_job import BATCHES
from skyburst.cli.checks.deployment.traces import managers_of
from skyburst.cli.checks.finding import Verdict
from skyburst.cli.checks.probing import Probing, not_retried
from skyburst.contracts.records import BatchRecord, Failure
from skyburst.contracts.states import BatchState
from skyburst.engine.plan import make_plan
from skyburst.finding import find_probe
from skyburst.homes.local.home import LocalHome
from tests.cli.conftest import Program
from tests.waiting import PATIENCE_S


def limit(most: int, free: int) -> dict[str, Any]:
    return {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": free}


def test_a_new_account_is_told_how_to_ask_for_more() -> None:
    found = concurrency(limit(10, 10))
    assert found.verdict is Verdict.DOUBTFUL
    assert found.details.startswith(
        "10 functions may run at once in this account and region: jobs end with the same result"
    )
    assert "--service-code lambda --quota-code L-B99A9384 --desired-value 1000`" in found.details
    usual = concurrency(limit(1_000, 900))
    assert usual.verdict is Verdict.GOOD
    assert usual.details.endswith("region, 100 of them reserved for some")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("CREATE_COMPLETE", "ok"), ("UPDATE_COMPLETE", "ok"), ("UPDATE_ROLLBACK_COMPLETE", "warning"),
        ("UPDATE_IN_PROGRESS", "warning"), ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "warning"),
        ("ROLLBACK_COMPLETE", "failed"), ("UPDATE_ROLLBACK_FAILED", "failed"), ("DELETE_FAILED", "failed"),
    ],
)  # fmt: skip
def test_what_the_status_of_a_stack_means(status: str, verdict: str) -> None:
    assert judged(status)[0] == verdict


def test_a_deployment_of_another_version_runs_no_job() -> None:
    here = Deployed("probe", find_probe().reference()["digest"], 2)
    assert not list(check_probe([here]))
    [other] = check_probe([here._replace(digest="f" * 64)])
    [none] = check_probe([Deployed("mine", None, 2)])
    assert other.verdict is none.verdict is Verdict.BAD
    assert "of another version than this program: `skyburst deploy` updates" in other.details
    assert "without the analysis 'probe': `skyburst deploy` adds it" in none.details


def test_code_that_has_changed_since_it_was_deployed_is_a_warning() -> None:
    changed, foreign = check_analyses([Deployed("monte-carlo", "f" * 64, 3), Deployed("theirs", None, 1)])
    assert changed.verdict is Verdict.DOUBTFUL
    assert "is not what is deployed: `skyburst deploy` deploys it" in changed.details
    [away] = check_analyses([Deployed("away", None, 0)])
    assert away.details == "deployed with environments; its code is not on this machine"
    assert foreign == ("analysis theirs", Verdict.GOOD, "deployed with 1 lane; its code is not on this machine")
    [nothing] = check_analyses([Deployed("probe", None, 1)])
    assert nothing.verdict is Verdict.DOUBTFUL


def test_the_job_of_the_doctor_has_managers_on_three_levels() -> None:
    assert managers_of(make_plan(BATCHES, 1, most_children=5, one_manager=5)) == {0: 1, 1: 5, 2: 21}
    assert managers_of(make_plan(BATCHES, 1)) == {0: 1}


def test_a_wrong_answer_is_told() -> None:
    right = {"sum": 285, "items": 10, "damaged": [], "whole": [2, 3], "lanes": ["0"], "machines": []}
    assert Probing(10).wrong(right) == ""
    assert Probing(10).wrong({**right, "sum": 4, "damaged": [3]}) == "sum is 4, not 285; damaged is [3], not []"
    assert Probing(10).wrong(None) == "the result is None"


def test_a_batch_that_was_not_retried_as_it_should_is_told() -> None:
    failed = Failure("Killed", "its worker went silent")
    done, ended = (BatchRecord(4, state, 2, failures=[failed]) for state in (BatchState.DONE, BatchState.FAILED))
    assert not_retried(done, "Killed") == ""
    assert not_retried(done, "TimedOut") == "its failures are Killed, and one of them has to be TimedOut"
    assert not_retried(ended, "Killed") == "it is FAILED after 2 attempts: Killed"
    assert not_retried(None, "Killed") == "nothing is recorded of it"


def test_a_worker_of_the_probe_that_dies_is_replaced_at_home_local(monkeypatch: pytest.MonkeyPatch) -> None:
    probing = Probing(6, dies=4)
    home = LocalHome()
    handle = skyburst.submit(probing.spec().document() | {"analysis": str(find_probe().location)}, home=home)
    assert probing.wrong(handle.result(PATIENCE_S).value) == ""
    assert not_retried(home.table.batch(handle.job_id, 4), "Killed") == ""
    home.close()


def test_thorough_goes_with_aws(program: Program) -> None:
    ended = program("doctor", "--thorough")
    assert ended.code == 2
    assert "--thorough goes with --on aws" in ended.err
