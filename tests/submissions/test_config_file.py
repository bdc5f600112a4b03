"""Configs: types are kept, what is the engine's is told from parameters, and each fault is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import InvalidSubmission
from skyburst.submissions.config_file import ensemble_configs, read_config


@pytest.mark.parametrize("name", ["lab/configs/c.yaml", "c.yml"])
def test_yaml_keeps_types_and_dates_are_text(name: str) -> None:
    data = b"a: 1\nb: 1.0\nc: '1'\nd: [true, null]\ne: 2020-01-02\n__duration__: 90\n__dataset_size__: 20.5\n"
    config = read_config(data, name)
    assert config.parameters(None) == {"a": 1, "b": 1.0, "c": "1", "d": [True, None], "e": "2020-01-02"}
    assert [type(value) for value in config.parameters(None).values()] == [int, float, str, list, str]
    assert config.duration_min == 90
    assert config.dataset_gb == 21
    assert config.ensemble is None


def test_json_is_read_as_json() -> None:
    assert read_config(b'{"__duration__": 1, "x": 1e3}', "c.json").parameters(None) == {"x": 1000.0}


def test_a_config_may_be_empty() -> None:
    assert read_config(b"# nothing\n", "c.yaml").document == {}
    assert read_config(b"{}", "c.json").document == {}


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"a: 1", "c.txt", "expected the name of a .json, .yaml or .yml file"),
        (b"{", "c.json", "config file c.json is not JSON: line 1, column 2"),
        (b"null", "c.json", "expected parameters by name"),
        (b"a: [", "c.yaml", "config file c.yaml is not YAML: line"),
        (b"a: 1\na: 2", "c.yaml", "'a' is there twice"),
        (b"- 1", "c.yaml", "expected parameters by name"),
        (b"1: x", "c.yaml", "keys are strings"),
        (b"a: !!python/object/apply:os.system [id]", "c.yaml", "is not YAML"),
        (b"a: !!binary aGk=", "c.yaml", "bytes"),
        (b"a: .nan", "c.yaml", "nan"),
        (b"a: &a [*a]", "c.yaml", "values"),
        (b"a: 1: 2", "c.yml", "is not YAML"),
        (b"__duration__: '60'", "c.yaml", '__duration__ is "60"'),
        (b"__duration__: true", "c.yaml", "__duration__ is true"),
        (b"__duration__: 0", "c.yaml", "more than 0"),
        (b"__duration__: 1e9", "c.yaml", "__duration__"),
        (b"__dataset_size__: -1", "c.yaml", "__dataset_size__ is -1"),
        (b"__dataset_size__: [1]", "c.yaml", "__dataset_size__ is [1]"),
        (b"ensemble_size: 0", "c.yaml", "ensemble_size is 0"),
        (b"ensemble_size: 2.0", "c.yaml", "ensemble_size is 2.0"),
        (b"ensemble_size: 2\nmode: dance", "c.yaml", 'mode is "dance"'),
    ],
)
def test_each_fault_is_named(data: bytes, name: str, told: str) -> None:
    with pytest.raises(InvalidSubmission) as caught:
        read_config(data, name)
    assert told in str(caught.value)


def test_references_that_stand_for_very_much_are_refused() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    with pytest.raises(InvalidSubmission, match="100,000 values"):
        read_config(bomb.encode(), "c.yaml")


def test_references_may_be_used_and_merged() -> None:
    data = b"base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\n"
    assert read_config(data, "c.yaml").document["mine"] == {"x": 1, "y": 3}


def test_an_ensemble_is_trained_or_asked_and_its_words_reach_an_analysis_that_declares_them() -> None:
    config = read_config(b"ensemble_size: 3\nmode: train\nx: 1", "c.yaml")
    assert config.ensemble == 3
    assert config.parameters({"x": {}}) == {"x": 1}
    assert config.parameters({"x": {}, "mode": {}}) == {"x": 1, "mode": "train"}
    assert config.parameters(None) == config.document
    asked = read_config(b"ensemble_size: 3\nmode: predict", "c.yaml")
    assert asked.ensemble is None


def test_the_configs_of_an_ensemble_differ_in_their_number_alone() -> None:
    config = read_config(b"ensemble_size: 2\nx: 1.0\n__duration__: 5", "c.yaml")
    names, contents = zip(*ensemble_configs(config, "job__b_1"), strict=True)
    assert names == ("job__b_1inst1config.json", "job__b_1inst2config.json")
    assert [json.loads(content) for content in contents] == [
        {"ensemble_size": 2, "x": 1.0, "__duration__": 5, "jobnb": number} for number in (1, 2)
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé🧠 :#-'0", max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", min_size=1), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
DOCUMENTS = st.dictionaries(st.text("abcxyz_", min_size=1, max_size=6), VALUES, max_size=4)


@given(DOCUMENTS)
def test_json_and_yaml_of_a_document_are_the_same_config(document: dict[str, Any]) -> None:
    as_json = read_config(json.dumps(document).encode(), "c.json")
    as_yaml = read_config(yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode(), "c.yaml")
    for found in (as_json, as_yaml):
        assert found.document == document
        assert repr(found.document) == repr(document)  # 1 and 1.0 and True are equal


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode), st.sampled_from(["c.json", "c.yaml", "c.yml"]))
def test_no_bytes_make_it_fail_otherwise(data: bytes, name: str) -> None:
    try:
        config = read_config(data, name)
    except InvalidSubmission:
        return
    json.dumps(config.document, allow_nan=False)
