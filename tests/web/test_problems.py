"""Which status an error has: whose fault it is, and whether the same request may do later."""

from __future__ import annotations

import pytest

from skyburst.errors import AwsUnavailable, InvalidJob, InvalidLibrary, InvalidPeople, StorageError, UnreadableLibrary
from skyburst.web.problems import problem_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidJob("job.items is missing"), 400, "invalid_job"),
        (AwsUnavailable("Step Functions does not answer"), 503, "aws_unavailable"),
        (InvalidPeople("groups/imaging.toml is damaged"), 500, "invalid_people"),
        (InvalidLibrary("there is no library at /x"), 400, "invalid_library"),
        (UnreadableLibrary("library.json is damaged"), 500, "unreadable_library"),
        (StorageError("the table is busy"), 500, "storage_error"),
    ],
)  # fmt: skip
def test_what_is_not_the_fault_of_the_request_is_not_told_as_such(error, status, code):
    found = problem_of(error)
    assert (found.status, found.code, found.detail) == (status, code, str(error))
    assert found.title


def test_of_what_is_very_long_a_part_is_told():
    told = problem_of(InvalidJob(f"job.name is {'x' * 100_000}: give a shorter one")).detail
    assert len(told) < 2_100
    assert (told[:13], told[-21:]) == ("job.name is x", "x: give a shorter one")
