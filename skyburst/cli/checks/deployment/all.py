"""All checks of a deployment, one after the other; where one says that there is nothing to go on with, the rest is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from skyburst.cli.checks.deployment.account import (
    check_concurrency,
    check_credentials,
    check_manager,
    check_stack,
)
from skyburst.cli.checks.deployment.analyses import Deployed, check_analyses, check_probe, look_at_analyses
from skyburst.cli.checks.deployment.resources import resources_of
from skyburst.cli.checks.deployment.smoke_job import SmokeJob
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.contracts.records import JobRecord
from skyburst.finding import PROBE
from skyburst.homes.aws.home import AwsHome

Run = Callable[[AwsHome, JobRecord], JobRecord]


def check_deployment(home: AwsHome, *, thorough: bool, run: Run) -> Iterator[Finding]:
    """Look at the account and the deployment, and run a job there.

    Args:
        home: the deployment.
        thorough: workers die and hang too, and somebody listens to events.
        run: takes the job to its end, and shows how it goes.
    """
    account = home.account
    for look in (check_credentials, check_stack):
        there = True
        for finding in look(account):
            there = there and finding.verdict is not Verdict.BAD
            yield finding
        if not there:
            return
    yield from check_concurrency(account)
    yield from check_manager(account)
    kinds = resources_of(account)
    deployed: list[Deployed] | Finding = kinds if isinstance(kinds, Finding) else look_at_analyses(account, kinds)
    queue = None if isinstance(kinds, Finding) else next(iter(kinds.get("AWS::SQS::Queue", [])), None)
    if isinstance(deployed, Finding):
        yield deployed
        lanes = None
    else:
        yield from check_analyses(deployed)
        for finding in check_probe(deployed):
            yield finding
            return
        lanes = next(analysis.lanes for analysis in deployed if analysis.name == PROBE)
    yield from SmokeJob(home, lanes, queue, thorough=thorough, run=run).check()
