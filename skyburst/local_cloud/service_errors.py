"""Errors of Lambda and Step Functions that moto does not know, or answers without their name."""

from __future__ import annotations

from moto.awslambda.exceptions import LambdaClientError
from moto.core.exceptions import AWSError


class TooManyRequests(LambdaClientError):  # type: ignore[misc]  # moto is optional and untyped here
    """Raised when a function is throttled."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class InvalidContent(LambdaClientError):  # type: ignore[misc]
    """Raised when a payload is not JSON."""

    code = 400

    def __init__(self, reason: str) -> None:
        super().__init__("InvalidRequestContentException", f"Could not parse request body into json: {reason}")


class RecursiveInvocation(LambdaClientError):  # type: ignore[misc]
    """Raised when a function is in a chain of invocations that Lambda stopped."""

    code = 400

    def __init__(self, reason: str) -> None:
        super().__init__("RecursiveInvocationException", reason)


class RoleNotAssumed(LambdaClientError):  # type: ignore[misc]
    """Raised when the role of a function does not exist or does not trust Lambda."""

    code = 403

    def __init__(self, reason: str) -> None:
        super().__init__("AccessDeniedException", f"The role of the function cannot be assumed by Lambda: {reason}")


class InvalidDefinition(AWSError):  # type: ignore[misc]
    """Raised when a state machine cannot be read or leads nowhere."""

    TYPE = "InvalidDefinition"
    STATUS = 400
