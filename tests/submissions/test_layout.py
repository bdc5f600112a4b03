"""Names and keys: nothing clashes, and what clients look for is where they look."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skyburst.objects import check_key
from skyburst.submissions import layout
from skyburst.submissions.layout import (
    JobFolder,
    environment_ids,
    following_timestamp,
    group_of,
    job_name,
    status_names,
)


def test_the_job_has_the_name_that_clients_expect() -> None:
    assert job_name("pca-ncap-web", "1700000000") == "job__pca-ncap-web_1700000000"
    assert job_name("b", "1", 2) == "job__b_1_2"


def test_what_is_written_is_where_clients_look() -> None:
    folder = JobFolder("mylab/results/job__b_1")
    assert folder.certificate == "mylab/results/job__b_1/logs/certificate.txt"
    assert folder.status("a.npy") == "mylab/results/job__b_1/logs/DATASET_NAME:a.npy_STATUS.txt"
    assert folder.end == "mylab/results/job__b_1/process_results/end.txt"
    assert folder.update == "mylab/results/job__b_1/process_results/update.txt"
    assert len(layout.END_TEXT) == 22


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("lab/submissions/submit.json", "lab"),
        ("lab/submissions/1700_submit.json", "lab"),
        ("lab/submissions/today/xsubmit.json", "lab"),
        ("lab/results/job__b_1/process_results/submit.json", None),
        ("lab/inputs/submissions/submit.json", None),
        ("lab/submissions/submit.json.part", None),
        ("lab/submissions/.submit.json", None),
        ("lab/submissions/.sync/submit.json", None),
        ("submissions/submit.json", None),
        ("logs/submissions/lab/submit.json", None),
        ("active/submissions/submit.json", None),
        ("my lab/submissions/submit.json", None),
        ("submit.json", None),
    ],
)
def test_the_group_is_the_folder_before_submissions(key: str, group: str | None) -> None:
    assert group_of(key) == group


def test_the_time_of_the_upload_names_what_has_no_timestamp() -> None:
    assert layout.upload_timestamp(1700000000.9) == "20231114_221320"


def test_the_first_of_a_name_keeps_it_and_the_others_are_numbered() -> None:
    assert status_names(["g/a/x.npy", "g/b/x.npy", "g/y.npy", "s3:/z/x.npy"]) == [
        "x.npy", "x.npy-2", "y.npy", "x.npy-3",
    ]  # fmt: skip
    assert status_names(["a/x", "b/x", "c/x-2"]) == ["x", "x-3", "x-2"]


KEYS = st.lists(st.builds("{}/{}".format, st.sampled_from("abc"), st.sampled_from(["x", "x-2", "x-3", "x-2-2", "y"])))


@given(KEYS)
@example(["a/x"] * 200)
def test_no_two_datasets_share_a_name_and_the_first_of_each_base_name_has_it(keys: list[str]) -> None:
    names = status_names(keys)
    assert len(set(names)) == len(names) == len(keys)
    bases = [PurePosixPath(key).name for key in keys]
    for base in set(bases):
        assert names[bases.index(base)] == base


@given(st.text(min_size=1, max_size=8), st.integers(1, 50))
def test_environments_have_ids_of_their_own_that_look_like_those_of_instances(identity: str, count: int) -> None:
    ids = list(environment_ids(identity, count))
    assert len(set(ids)) == count
    assert all(len(entry) == 19 and entry.startswith("i-") for entry in ids)
    assert ids[:1] == list(environment_ids(identity, 1))


@pytest.mark.parametrize("name", ["jobs", "items", "people", "uploads", "logs", "submissions"])
def test_a_group_has_not_the_name_of_a_folder_that_is_the_buckets_or_the_deployments(name: str) -> None:
    assert not layout.is_group(name)
    assert layout.is_group(f"{name}-lab")


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True))
def test_a_group_never_gets_keys_of_the_buckets_own(group: str) -> None:
    if not layout.is_group(group):
        return
    for folder in layout.GROUP_FOLDERS:
        key = check_key(f"{group}/{folder}/x")
        assert not key.startswith(f"{layout.LOGS}/")
    assert not f"{layout.LOGS}/{group}/i-1.json".startswith((f"{layout.ACTIVE}/", f"{layout.RECORDS}/"))


@given(st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True), st.none() | st.text(min_size=1, max_size=255))
@example("17", "a\\b#1")
@example("17", "\ud800")
@example("17_a.npy", "a.npy")
def test_the_folder_of_what_follows_can_be_made_whatever_its_dataset_is_called(
    timestamp: str, dataset: str | None
) -> None:
    found = following_timestamp(timestamp, dataset)
    folder = job_name("a" * 63, found, 100)
    assert len(folder.encode()) <= 255
    assert check_key(f"lab/results/{folder}/logs/certificate.txt")
    assert dataset is not None or found == timestamp
    assert following_timestamp("17_a.npy", "a.npy") == "17_a.npy"
