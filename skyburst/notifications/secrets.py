"""Secrets of whoever sends messages: of a file, or of a variable; never of a job specification."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from skyburst.errors import InvalidJob

WEBHOOK_SECRET = "SKYBURST_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
SHORTEST = 16
"""Bytes of a secret that signs."""


def secret_of(variable: str, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The secret in the file that VARIABLE_FILE names, else that in VARIABLE; None when neither is set.

    Raises:
        InvalidJob: when the file cannot be read.
    """
    file = environment.get(f"{variable}_FILE")
    if not file:
        value = environment.get(variable)
        return value.encode() if value else None
    try:
        return Path(file).expanduser().read_bytes().strip()
    except (OSError, RuntimeError) as error:
        raise InvalidJob(f"{variable}_FILE is {file!r}, which cannot be read: {error}") from error


def webhook_secret(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """What web hooks are signed with; None when they are not.

    Raises:
        InvalidJob: when it cannot be read, or is too short to be one.
    """
    secret = secret_of(WEBHOOK_SECRET, environment)
    if secret is not None and len(secret) < SHORTEST:
        raise InvalidJob(
            f"{WEBHOOK_SECRET} has {len(secret)} bytes: expected {SHORTEST} at least, such as of `openssl rand -hex 32`"
        )
    return secret
