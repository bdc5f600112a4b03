"""Ask AWS one thing, and make a finding of it when there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import AwsUnavailable, SkyburstError
from skyburst.homes.aws.account import DENIED, asking

Answer = TypeVar("Answer")
NOT_THERE = frozenset({"404", "501", "NotImplemented", "UnknownOperationException", "InternalFailure"})
"""How a cloud on this machine says that it does not have what it is asked for."""

REFUSALS = ("may not", "AccessDenied", "not authorized", "Forbidden", "403", "allow the action")
"""In the words of AWS, of the library that reads objects, and in ours."""


def asked(what: str, right: str, ask: Callable[[], Answer]) -> Answer | Finding:
    """What AWS answers.

    Args:
        what: is looked at.
        right: that it takes, such as `lambda:GetAccountSettings`.
        ask: calls AWS.

    Returns:
        The answer; or a warning when these credentials may not ask or this cloud does not know, which says nothing about
        the deployment.
    """
    from botocore.exceptions import ClientError

    try:
        with asking():
            return ask()
    except AwsUnavailable as error:
        cause = error.__cause__
        code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
        if code in DENIED:
            return Finding(what, Verdict.DOUBTFUL, f"not looked at: these credentials lack the right {right}")
        if code in NOT_THERE:
            return Finding(
                what, Verdict.DOUBTFUL, f"not looked at: this cloud does not answer {right}, as an account does"
            )
        return Finding(what, Verdict.DOUBTFUL, f"not looked at ({right}): {error}")


def tried(what: str, right: str, look: Callable[[], Finding]) -> Finding:
    """What a look at something that a job left finds; an error is a finding too, with the right that it takes."""
    try:
        return asked(what, right, look)
    except (SkyburstError, OSError) as error:
        return Finding(what, Verdict.BAD, refused(error, right))


def refused(error: Exception, right: str) -> str:
    """What an error says, and which right it may be that lacks."""
    text = str(error)
    return f"{text} (it takes the right {right})" if any(word in text for word in REFUSALS) else text
