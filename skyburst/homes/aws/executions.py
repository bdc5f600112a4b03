"""The executions of the state machine that take jobs through their life, as a client sees them."""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import Any, NamedTuple

from skyburst import errors
from skyburst.contracts import values
from skyburst.errors import InvalidJob, JobFailed, SkyburstError
from skyburst.homes.aws.account import Account, asking

MOST_INPUT_BYTES = 255 * 1024
"""Of the input of an execution. AWS takes 256 KiB, also of what the first function is called with: the input and some names."""
LONGEST_NAME = 80
LOOK_S = 1.0
"""An execution that was running is looked at again after so long."""


class Execution(NamedTuple):
    """One execution."""

    running: bool
    error: str
    cause: str


class Executions:
    """Starts executions and looks at them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._seen: dict[str, float] = {}

    def start(self, name: str, given: dict[str, Any]) -> None:
        """Start one.

        Raises:
            InvalidJob: when the input is too long, naming what is longest in it.
        """
        document = values.encode(given, "job").decode()
        if len(document) > MOST_INPUT_BYTES:
            field, size = _longest(given)
            raise InvalidJob(
                f"the job specification has {len(document):,} bytes, {size:,} of them {field}, and an execution takes "
                f"{MOST_INPUT_BYTES:,}: put what is long into a file of S3, and have a parameter give its URL"
            )
        with asking("start the job"):
            self._account.states.start_execution(stateMachineArn=self._account.machine, name=name, input=document)
        self._seen[name] = time.monotonic()

    def is_running(self, name: str) -> bool:
        """Whether it runs, as of a second ago."""
        if time.monotonic() - self._seen.get(name, float("-inf")) < LOOK_S:
            return True
        found = self.look(name)
        if found is None or not found.running:
            self._seen.pop(name, None)
            return False
        self._seen[name] = time.monotonic()
        return True

    def look(self, name: str) -> Execution | None:
        """How one stands; None when there is none of that name."""
        from botocore.exceptions import ClientError

        arn = f"{self._account.machine.replace(':stateMachine:', ':execution:')}:{name}"
        with asking("look at the job's execution"):
            try:
                found = self._account.states.describe_execution(executionArn=arn)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                    raise
                return None
        return Execution(found["status"] == "RUNNING", str(found.get("error", "")), str(found.get("cause", "")))


def _longest(given: dict[str, Any]) -> tuple[str, int]:
    """The longest field of a job specification, of its parameters each one, and its bytes."""
    fields = {f"job.{field}": value for field, value in given.items() if field != "parameters"}
    fields |= {f"job.parameters.{name}": value for name, value in given.get("parameters", {}).items()}
    return max(((field, len(values.encode(value))) for field, value in fields.items()), key=lambda entry: entry[1])


def execution_name(job_id: str) -> str:
    """A name for another execution of a job."""
    end = f"-{secrets.token_hex(4)}"
    return job_id[: LONGEST_NAME - len(end)] + end


def refusal(execution: Execution, job_id: str) -> SkyburstError:
    """Why an execution made no job, as the error that the planner raised."""
    message = execution.cause
    try:
        said = json.loads(execution.cause)
    except ValueError:
        said = None
    if isinstance(said, dict):
        message = str(said.get("errorMessage", message))
    kind: Any = getattr(errors, re.sub(r".*\.", "", execution.error), None)
    if isinstance(kind, type) and issubclass(kind, errors.Invalid | errors.NotFound | errors.Conflict):
        return kind(message)
    return JobFailed(f"job {job_id} could not be planned: {execution.error}: {message}", job_id=job_id)
