"""Read certificates, also those of earlier formats."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from skyburst.blueprints.content import digest_of_reference
from skyburst.contracts import values
from skyburst.engine.certificate import FORMAT, digest_of
from skyburst.errors import InvalidJob

READ = (1, FORMAT)
"""Formats that are read."""
SECTIONS = ("job", "analysis", "parameters", "items", "environment", "result")
"""Of every format."""


def read_certificate(path: Path) -> dict[str, Any]:
    """A certificate from a file, in the format of this version.

    Raises:
        InvalidJob: when it is none, or one of a later format.
    """
    try:
        certificate = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidJob(f"the certificate {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidJob(
            f"{path} is not a certificate: it is not JSON: {error}; `skyburst certificate JOB > FILE` writes one"
        ) from error
    return checked(certificate, str(path))


def checked(certificate: Any, where: str) -> dict[str, Any]:
    """A certificate in the format of this version.

    Args:
        certificate: the document.
        where: what it is called in errors.

    Raises:
        InvalidJob: naming the field, its value and what was expected.
    """
    known = certificate if isinstance(certificate, dict) else {}
    lacks = [name for name in SECTIONS if not isinstance(known.get(name), dict)]
    if lacks:
        raise InvalidJob(f"{where} is not a certificate: it lacks {', '.join(lacks)}")
    given = known.get("certificate")
    if given not in READ:
        raise InvalidJob(
            f"{where} is a certificate of format {given!r}, and this version of skyburst reads "
            f"{' and '.join(map(str, READ))}"
        )
    document = _from_first(known) if given == 1 else known
    errors = sorted(_validator().iter_errors(document), key=lambda error: [str(part) for part in error.absolute_path])
    if errors:
        first = errors[0]
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first.absolute_path)
        raise InvalidJob(f"{where} is not a certificate: certificate{path}: {first.message[:300]}")
    return document


def schema() -> dict[str, Any]:
    """The JSON Schema of certificates."""
    document: dict[str, Any] = values.decode((Path(__file__).parent / "schema.json").read_bytes())
    return document


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _from_first(certificate: dict[str, Any]) -> dict[str, Any]:
    """A certificate of format 1, which had no inputs, no phases, and of result files the names only."""
    names = certificate["result"].get("files")
    analysis = certificate["analysis"]
    return {
        **certificate,
        "certificate": FORMAT,
        "analysis": {**analysis, "blueprint_digest": digest_of_reference(analysis)},
        "config_digest": digest_of(certificate["parameters"]),
        "inputs": [],
        "datasets": [],
        "machines": {"image": None, "pricing": None, "instances": []},
        "times": {**certificate.get("times", {}), "phases": []},
        "result": {
            "sha256": certificate["result"].get("sha256"),
            "size": None,
            "files": None if names is None else [{"name": name, "size": None, "sha256": None} for name in names],
        },
    }
