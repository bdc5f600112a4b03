"""What an item of a command is, and what is refused before anything starts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.dataset import base_name, parse_dataset
from skyburst.contracts.job import parse_job
from skyburst.environments.items import checked_datasets
from skyburst.errors import InvalidItems, InvalidJob

KEYS = st.sampled_from(["data", "name", "config", "other"])
BLUEPRINT = {
    "blueprint": 1,
    "name": "fit",
    "version": "1.0.0",
    "command": ["fit"],
    "parameters": {"sigma": {"type": "number", "default": 1.0, "minimum": 0}},
}


def test_a_dataset_is_the_path_of_its_data():
    found = parse_dataset("s3://bucket/group/inputs/movie.tif", 3)
    assert (found.number, found.name, found.data) == (3, "movie.tif", ("s3://bucket/group/inputs/movie.tif",))


def test_a_dataset_may_have_several_files_a_name_and_parameters_of_its_own():
    found = parse_dataset({"data": ["a.npy", "b/"], "name": "mouse 3", "config": {"sigma": 2}}, 0)
    assert (found.name, found.data, found.config) == ("mouse 3", ("a.npy", "b/"), {"sigma": 2})


def test_a_dataset_without_data_has_a_name():
    assert parse_dataset({"name": "simulated", "config": {"seed": 1}}, 0).data == ()


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (7, r"items\[5\] is 7: expected a dataset"),
        ({"dta": "a"}, r"items\[5\]\.dta: a dataset has no such field"),
        ({"data": 3}, r"items\[5\]\.data is 3: expected a path"),
        ({"data": [""]}, r"items\[5\]\.data has ''"),
        ({"data": ["a/x.npy", "b/x.npy"]}, r"2 files or folders with the name 'x.npy'"),
        ({"data": "/"}, "has no name of its own"),
        ({}, "neither data nor a name"),
        ({"data": "a", "name": "../b"}, r"items\[5\]\.name is '\.\./b'"),
        ({"data": "a", "name": ".."}, r"items\[5\]\.name is '\.\.'"),
        ({"data": "a", "name": ""}, r"items\[5\]\.name is ''"),
        ({"data": "a", "config": [1]}, r"items\[5\]\.config is \[1\]"),
        ({"data": "a", "config_file": 1}, r"items\[5\]\.config_file is 1"),
        ({"data": "a", "config": {"b": 1}, "config_file": "c"}, "keep one"),
    ],
)
def test_what_is_no_dataset_is_refused_with_its_place_and_the_remedy(item, told):
    with pytest.raises(InvalidItems, match=told):
        parse_dataset(item, 5)


@given(
    st.recursive(
        st.none() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=4
    )
)
@settings(max_examples=50)
def test_any_json_is_a_dataset_with_a_name_for_a_folder_or_is_refused(item):
    try:
        found = parse_dataset(item, 0)
    except InvalidItems:
        return
    assert found.name not in ("", ".", "..")
    assert not set(found.name) & {"/", "\\", "\0"}


def test_the_name_of_a_location_is_its_last_part_without_a_query():
    assert base_name("https://host/a/b.npy?X-Amz-Signature=1/2") == "b.npy"
    assert base_name("/data/session 3/") == "session 3"


def checked(document, folder):
    return checked_datasets(parse_job({"analysis": "fit", **document}), parse_blueprint(BLUEPRINT, "here"), folder)


def test_paths_are_made_absolute_and_configs_checked_before_a_job_starts(tmp_path):
    (tmp_path / "a.npy").touch()
    (tmp_path / "session").mkdir()
    spec = checked({"items": ["a.npy", {"data": "session/", "config": {"sigma": 2.5}}, "s3://bucket/b.npy"]}, tmp_path)
    assert spec.items == [
        str(tmp_path / "a.npy"),
        {"data": [f"{tmp_path}/session/"], "config": {"sigma": 2.5}},
        "s3://bucket/b.npy",
    ]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"items": ["nowhere.npy"]}, r"job\.items\[0\]\.data is 'nowhere.npy': there is no file or folder"),
        ({"items": [{"name": "n", "config": {"sigma": -1}}]}, r"job\.items\[0\]\.config: parameters\.sigma is -1"),
        ({"items": [{"name": "n", "config": {"sgma": 1}}]}, "did you mean 'sigma'"),
        ({"items": [3]}, r"job\.items\[0\] is 3"),
        ({"items": {"range": [0, 3]}}, "items is a range of numbers"),
        ({"items": ["s3://b/a"], "batch_size": 4}, r"job\.batch_size is 4"),
    ],
)
def test_a_job_whose_datasets_cannot_be_used_is_refused_before_it_starts(tmp_path, document, told):
    with pytest.raises(InvalidJob, match=told):
        checked(document, tmp_path)
