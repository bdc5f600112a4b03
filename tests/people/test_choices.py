"""What users want to hear of their jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.contracts.states import JobState
from skyburst.people import People, User
from skyburst.people.choices import targets_of, told_of
from tests.notifications.conftest import Hook, serve, servers
from tests.waiting import eventually

__all__ = ["servers"]
ADA = User(name="ada", email="ada@example.edu", webhook="https://example.org/ada", notify="failures")
BOTH = ["mailto:ada@example.edu", "https://example.org/ada"]
SQUARES = """
import skyburst

@skyburst.worker
def square(batch):
    return [item * item for item in batch.items]

@skyburst.combiner
def together(partials):
    return [value for partial in partials for value in partial.value]
"""


@pytest.mark.parametrize(
    ("choice", "state", "told"),
    [
        ("always", JobState.SUCCEEDED, BOTH),
        ("failures", JobState.SUCCEEDED, []),
        ("failures", JobState.PARTIAL, BOTH),
        ("failures", JobState.CANCELLED, BOTH),
        ("never", JobState.FAILED, []),
    ],
)
def test_a_user_hears_of_the_ends_that_the_profile_says(choice: Any, state: JobState, told: list[str]) -> None:
    user = User(name="ada", email=ADA.email, webhook=ADA.webhook, notify=choice)
    assert targets_of(user, state) == told


def test_what_a_job_says_comes_before_the_profile_of_its_user() -> None:
    people = People({"ada": ADA})
    named = {"user": "ada", "notify": ["mailto:lab@example.edu"]}
    assert told_of(named, JobState.FAILED, lambda: people) == named["notify"]
    assert told_of({"user": "ada"}, JobState.FAILED, lambda: people) == BOTH
    assert told_of({"user": "ben"}, JobState.FAILED, lambda: people) == []


def test_a_job_of_a_user_tells_the_web_hook_of_the_profile(
    tmp_path: Path, state_folder: Path, servers: list[Any]
) -> None:
    hook = serve(servers, Hook())
    users = state_folder / "people" / "users"
    users.mkdir(parents=True)
    profile = f'name = "ada"\ngroup = "lab"\napproved = true\nnotify = "always"\nwebhook = "{hook.url}"\n'
    (users / "ada.toml").write_text(profile)
    groups = state_folder / "people" / "groups"
    groups.mkdir()
    (groups / "lab.toml").write_text('name = "lab"\napproved = true\nanalyses = ["squares"]\n')
    analysis = tmp_path / "squares.py"
    analysis.write_text(SQUARES)
    assert skyburst.run(analysis, items=[1, 2], user="ada").value == [1, 4]
    eventually(lambda: hook.received)
    assert b'"user":"ada"' in hook.received[0].body.replace(b" ", b"")
