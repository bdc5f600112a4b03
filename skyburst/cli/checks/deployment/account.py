"""Checks of the credentials, of what is deployed, and of what the account allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skyburst._version import __version__
from skyburst.cli.checks.deployment.asked import asked, refused
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import SkyburstError
from skyburst.homes.aws.account import Account, asking

USUAL_CONCURRENCY = 1_000
"""Of an account that was not given less at its start."""
QUOTA = "--service-code lambda --quota-code L-B99A9384"
"""Concurrent executions, as Service Quotas calls them."""


def check_credentials(account: Account) -> Iterator[Finding]:
    """Who asks, in which account and region; takes no right."""
    try:
        with asking():
            found = account.client("sts").get_caller_identity()
    except SkyburstError as error:
        yield Finding("credentials", Verdict.BAD, str(error))
        return
    told = f"{found['Arn']}, account {found['Account']}, region {account.region}"
    yield Finding("credentials", Verdict.GOOD, told)


def check_stack(account: Account) -> Iterator[Finding]:
    """Whether there is a deployment, how its stack stands, and whether it is of this version."""
    try:
        outputs, status = account.outputs, account.status
    except SkyburstError as error:
        yield Finding("deployment", Verdict.BAD, refused(error, "cloudformation:DescribeStacks"))
        return
    where = f"{account.prefix!r} in {account.region}"
    verdict, remedy = judged(status)
    yield Finding("deployment", verdict, f"{where}: its stack is {status}{remedy}")
    version = outputs.get("Version")
    if version == __version__:
        yield Finding("version", Verdict.GOOD, f"{version}, as here")
    else:
        found = f"{version or 'one that does not tell'} is deployed, and this is {__version__}"
        yield Finding("version", Verdict.DOUBTFUL, f"{found}: `skyburst deploy` updates the deployment")


def judged(status: str) -> tuple[Verdict, str]:
    """What the status of a stack means, and the remedy."""
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        return Verdict.GOOD, ""
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return Verdict.DOUBTFUL, ": the last `skyburst deploy` failed and was taken back; the stack's events say why"
    if status.endswith("_IN_PROGRESS"):
        return Verdict.DOUBTFUL, ": wait until that has ended"
    return Verdict.BAD, ": its events say why; mend the cause, and `skyburst deploy` again"


def check_concurrency(account: Account) -> Iterator[Finding]:
    """How many functions may run at once in the account."""
    what = "concurrency"
    found = asked(what, "lambda:GetAccountSettings", account.client("lambda").get_account_settings)
    if isinstance(found, Finding):
        yield found
        return
    yield concurrency(found["AccountLimit"])


def concurrency(limit: dict[str, Any]) -> Finding:
    """What the account's limit of concurrent executions means.

    Args:
        limit: `AccountLimit` of Lambda's account settings.
    """
    most, free = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    kept = f", {most - free:,} of them reserved for some" if free < most else ""
    found = f"{most:,} functions may run at once in this account and region{kept}"
    if most >= USUAL_CONCURRENCY:
        return Finding("concurrency", Verdict.GOOD, found)
    remedy = (
        f"`aws service-quotas request-service-quota-increase {QUOTA} --desired-value {USUAL_CONCURRENCY}` asks for more"
    )
    return Finding("concurrency", Verdict.DOUBTFUL, f"{found}: jobs end with the same result, later; {remedy}")


def check_manager(account: Account) -> Iterator[Finding]:
    """Whether Lambda lets the manager call itself: else it stops trees of many levels."""
    what, name = "manager", f"{account.prefix}-manager"
    client = account.client("lambda")
    right = "lambda:GetFunctionRecursionConfig"
    found = asked(what, right, lambda: client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"])
    if isinstance(found, Finding):
        yield found
    elif found == "Allow":
        yield Finding(what, Verdict.GOOD, f"{name} may call itself, as deep as the tree of a job is")
    else:
        remedy = "`skyburst deploy` sets it to Allow"
        yield Finding(what, Verdict.BAD, f"RecursiveLoop of {name} is {found}: Lambda ends large jobs; {remedy}")
