"""The OpenAPI document, and the API held to it with what nobody would send."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import REPOSITORY, needed

MOST = 15
"""Requests of each operation."""
FILES = (
    "/api/jobs/{job_id}/files/{name}",
    "/api/jobs/{job_id}/links/{name}",
    "/api/jobs/{job_id}/pictures/{key}",
    "/api/libraries/{library}/thumbnails/{key}",
    "/api/libraries/{library}/pictures/{key}",
)
"""Whose last part has slashes, which nothing is made for from the document; below they get any text."""
NOT_HERE = ["/api/jobs/{job_id}/events", *FILES]
"""Events would be waited for until their job ends."""


@pytest.fixture
def operations(api: Any) -> list[Any]:
    """The operations of an API with one job in it."""
    needed("schemathesis")
    from schemathesis.openapi import from_asgi

    api.post("/api/jobs", json={"analysis": "monte-carlo", "parameters": {"blocks": 1}})
    document = from_asgi("/api/schema/openapi.json", api.app)
    return [found.ok() for found in document.exclude(path=NOT_HERE).get_all_operations()]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the client that is used
def test_answers_are_as_the_document_says_whatever_is_sent(operations):
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    for operation in operations:

        @settings(max_examples=MOST, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy())
        def each(case):
            case.validate_response(case.call(), checks=checks)

        each()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(FILES))
def test_no_name_leads_out_of_the_files_of_a_job_or_library(api, folder, name, path):
    where = re.sub(r"\{\w+\}", "{}", path).format(quote(folder, safe=""), quote(name, safe="/."))
    answer = api.get(where)
    assert answer.status_code in (400, 404), answer.text


def test_every_operation_has_a_summary_a_description_and_its_problems(api):
    document = api.get("/api/schema/openapi.json").json()
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 20
    for name, operation in operations:
        assert operation["description"].endswith("."), name
        assert operation["responses"]["400"]["content"].keys() == {"application/problem+json"}, name


def test_every_field_of_a_document_that_is_not_plain_says_what_it_is(api):
    schemas = api.get("/api/schema/openapi.json").json()["components"]["schemas"]
    assert {"Job", "Upload", "Analysis", "Library", "Results", "Problem"} <= schemas.keys()
    for field in ("code", "detail", "field"):
        assert schemas["Problem"]["properties"][field]["description"]


def test_the_types_of_the_client_are_made_of_the_present_document(api):
    kept = json.loads((REPOSITORY / "web" / "client" / "openapi.json").read_bytes())
    assert kept == api.get("/api/schema/openapi.json").json(), "run scripts/openapi.py"
