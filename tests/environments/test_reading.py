"""What is said of a dataset when the task table knows better than the dataset itself could say. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.records import BatchRecord, Failure
from skyburst.contracts.states import BatchState, JobState
from skyburst.environments.messages import parse_message
from skyburst.environments.reading import folder_names, settled

KILLED = [Failure("Killed", "its machine was taken away")]


def batch(state, attempt=1, failures=()):
    return BatchRecord(0, BatchState(state), attempt, failures=list(failures), started_at=1.0)


def stored(state, attempt=1):
    if state == "PENDING":
        return {"dataset": "a", "state": "PENDING", "reason": ""}
    return {"dataset": "a", "state": state, "reason": "r", "attempt": attempt, "progress": 0.3}


@pytest.mark.parametrize(
    ("said", "known", "job", "state", "reason"),
    [
        (stored("PENDING"), None, "RUNNING", "PENDING", ""),
        (stored("RUNNING"), None, "RUNNING", "RUNNING", "r"),
        (stored("RUNNING"), batch("RUNNING"), "RUNNING", "RUNNING", "r"),
        (stored("SUCCEEDED"), batch("DONE"), "RUNNING", "SUCCEEDED", "r"),
        (stored("FAILED"), batch("FAILED"), "RUNNING", "FAILED", "r"),
        (stored("RUNNING"), batch("LOST", failures=KILLED), "RUNNING", "PENDING", "waits to run once more: Killed: its machine"),
        (stored("FAILED"), batch("PENDING", 0), "RUNNING", "PENDING", "waits to run once more"),
        (stored("RUNNING", 2), batch("PENDING", 1, KILLED), "RUNNING", "RUNNING", "r"),
        (stored("RUNNING"), batch("FAILED", 3, KILLED), "FAILED", "FAILED", "Killed: its machine was taken away"),
        (stored("RUNNING"), batch("FAILED", 3, KILLED), "RUNNING", "FAILED", "Killed"),
        (stored("RUNNING"), batch("PENDING", 0), "CANCELLED", "CANCELLED", "its job ended as CANCELLED while it ran"),
        (stored("CANCELLED"), batch("PENDING", 0), "CANCELLED", "CANCELLED", "r"),
        (stored("PENDING"), None, "CANCELLED", "PENDING", "not run: the job ended before it was sent"),
    ],
)  # fmt: skip
def test_a_dataset_that_could_not_say_how_it_ended_is_set_right(said, known, job, state, reason):
    found = settled(0, said, known, JobState(job))
    assert found["state"] == state
    assert found["reason"].startswith(reason)


@given(st.lists(st.sampled_from(["a", "A", "a-0", "a-1", "b", "b-2", "result.json"]), max_size=8))
def test_folders_of_datasets_have_names_of_their_own(names):
    found = folder_names(names)
    assert len({name.casefold() for name in found} - {"result.json"}) == len(names)


def test_a_name_that_no_other_dataset_has_is_the_folders():
    assert folder_names(["x.npy", "y.npy", "X.npy"]) == ["x.npy-0", "y.npy", "X.npy-2"]


def test_a_dataset_that_is_called_as_a_file_beside_its_folder_has_its_number_in_the_name():
    assert folder_names(["a.npy", "result.json", "Datasets.csv"]) == ["a.npy", "result.json-1", "Datasets.csv-2"]


@given(st.binary(max_size=60))
def test_any_message_is_read_or_said_to_be_none(line):
    message = parse_message(line)
    assert message.text is not None or message.progress is not None


def test_messages_say_lines_and_progress():
    assert parse_message(b'{"log": "x"}') == ("x", None)
    assert parse_message(b'{"progress": 0.25, "text": "fitting"}') == ("fitting", 0.25)
    assert parse_message(b'{"progress": 7}').progress is None
