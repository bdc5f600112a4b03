"""Functions that are invoked for what they return: those of burst-compute, and groups of the combining tree."""

from __future__ import annotations

import random
import time
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.burst import HOW_TO_ALLOW
from skyburst.contracts.records import Failure
from skyburst.engine.work import describe
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.invoker import FIRST_WAIT_S, LONGEST_WAIT_S, may_pass

LONGEST_S = 900.0
"""A function may run for so long."""
LONGEST_TEXT = 2_000


class FunctionFailed(Exception):
    """Raised when a function that was invoked answered with an error, or could not be invoked."""

    def __init__(self, function: str, failure: Failure) -> None:
        super().__init__(f"{function}: {failure.kind}: {failure.message}")
        self.failure = failure


def client_for_answers(deployed: Deployed, *, connections: int = 32) -> Any:
    """A client that waits for as long as a function may run, and never calls it again by itself: it may be running still."""
    return deployed.client("lambda", tries=1, read_s=LONGEST_S, connections=connections)


def invoke(client: Any, function: str, event: dict[str, Any], *, seconds: float) -> Any:
    """What a function returns; throttles are waited out for so many seconds.

    Raises:
        FunctionFailed: with the function's error, or why it cannot be invoked.
    """
    until = time.monotonic() + seconds
    wait = FIRST_WAIT_S
    while True:
        try:
            answer = client.invoke(FunctionName=function, Payload=values.encode(event))
            break
        except Exception as error:
            delay = random.uniform(0, wait)  # noqa: S311 - jitter
            if not is_refused_for_now(error) or time.monotonic() + delay > until:
                raise FunctionFailed(function, _why_not(function, error)) from error
            time.sleep(delay)
            wait = min(LONGEST_WAIT_S, 2 * wait)
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise FunctionFailed(function, _failure_of(payload))
    return values.decode(payload) if payload else None


def is_refused_for_now(error: BaseException | None) -> bool:
    """True when the function did not run and may later; one whose answer did not come may have run."""
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

    if isinstance(error, ConnectTimeoutError | EndpointConnectionError):
        return True
    return isinstance(error, ClientError) and may_pass(error)


def _why_not(function: str, error: Exception) -> Failure:
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return describe(error)
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    remedy = {
        "AccessDeniedException": f"; {HOW_TO_ALLOW}",
        "ResourceNotFoundException": "; create it in this account and region, or give its ARN",
    }.get(code, "")
    return Failure(code, f"{function} could not be invoked: {message}{remedy}"[:LONGEST_TEXT])


def _failure_of(payload: bytes) -> Failure:
    """The error of a function, as its runtime wrote it: `errorType`, `errorMessage`, and `stackTrace` or `trace`."""
    try:
        said = values.decode(payload)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Failure("FunctionError", payload.decode("utf-8", "replace")[:LONGEST_TEXT])
    trace = said.get("stackTrace") or said.get("trace") or []
    text = "".join(str(line) if str(line).endswith("\n") else f"{line}\n" for line in trace)
    return Failure(
        str(said.get("errorType") or "FunctionError"),
        str(said.get("errorMessage") or "it gave no message")[:LONGEST_TEXT],
        text[-10 * LONGEST_TEXT :],
    )
