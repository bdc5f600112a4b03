"""Parameters are checked while they are written; where there are users, they name no paths."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import InvalidJob, PathRefused
from skyburst.web.checking import check
from skyburst.web.documents import ToCheck
from skyburst.web.paths import refuse_paths, refuse_paths_in_config
from tests.json_values import json_values
from tests.web.conftest import complete_upload
from tests.web.test_uploads import picture, refused

DECLARED = {
    "rank": {"type": "integer", "minimum": 1},
    "boxes": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "mask": {"type": ["string", "array"], "format": "path", "required": True},
    "words": {"type": "string"},
}
MASK = "upload:0"


def problems(declared: Any = DECLARED, **fields: Any) -> list[tuple[str, int | None]]:
    return [(problem.field, problem.line) for problem in check(ToCheck(**fields), declared).problems]


def test_everything_that_is_wrong_is_said_at_once_with_its_field():
    wrong = {"rank": 0, "boxes": [[1], ["x"]], "rnak": 1}
    assert sorted(problems(parameters=wrong)) == [
        ("parameters.boxes[1][0]", None), ("parameters.mask", None), ("parameters.rank", None), ("parameters.rnak", None),
    ]  # fmt: skip
    assert problems(parameters={"mask": MASK, "rank": 1}) == []
    assert problems(None, parameters={"anything": [1]}) == []
    assert problems() == [("parameters", None)]


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("json", '{\n "mask": "upload:0",\n "rank": 0,\n "boxes": [\n  [1],\n  ["x"]]\n}', [("rank", 3), ("boxes[1][0]", 6)]),
        ("json", '{\n\t"mask": "upload:0",\n\t"rank": 0\n}', [("rank", 3)]),
        ("json", "{", [("", 1)]),
        ("json", '{\n"rank": 1,\n"rank": 2}', [("", None)]),
        ("json", "[1]", [("", None)]),
        ("yaml", "mask: upload:0\n# so\nrank: 0\n", [("rank", 3)]),
        ("yaml", "mask: upload:0\nrank: [\n", [("", 3)]),
        ("yaml", "&a [*a]", [("", None)]),
        ("toml", 'mask = "upload:0"\n\nrank = 0\n', [("rank", 3)]),
        ("toml", 'mask = "upload:0"\n[rank]\na = 1\n', [("rank", 2)]),
        ("toml", 'mask = "upload:0"\nrank = \n', [("", 2)]),
        ("toml", 'mask = "upload:0"\nwords = 2020-01-01\n', [("", None)]),
        ("yaml", "", [("mask", None)]),
    ],
)  # fmt: skip
def test_problems_of_a_text_have_their_lines(form, text, found):
    expected = [(f"parameters.{field}" if field else "parameters", line) for field, line in found]
    assert sorted(problems(text=text, format=form)) == sorted(expected)


@given(st.text(max_size=60), st.sampled_from(["json", "yaml", "toml"]))
def test_any_text_has_an_answer(text, form):
    found = check(ToCheck(text=text, format=form), DECLARED)
    assert found.problems, "the mask is missing at least"


@given(json_values)
def test_any_value_has_an_answer(value):
    found = check(ToCheck(parameters={"rank": value, "mask": "x"}), DECLARED)
    right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    assert (not found.problems) is right


def test_the_api_also_says_what_is_not_there(make_api):
    api = make_api()
    upload = complete_upload(api, picture(), "mask.png")
    path = "/api/analyses/color-depth-search/check"
    given = {"mask": [f"upload:{upload['id']}", "upload:none"], "library": "library:none", "mask_threshold": 256}
    answer = api.post(path, json={"parameters": given}).json()
    fields = sorted(problem["field"] for problem in answer["problems"])
    assert fields == ["parameters.library", "parameters.mask[1]", "parameters.mask_threshold"]
    assert answer["parameters"] == given
    answer = api.post(path, json={"text": "mask_threshold: 256\n", "format": "yaml"}).json()
    (threshold,) = [problem for problem in answer["problems"] if problem["field"] == "parameters.mask_threshold"]
    assert (threshold["line"], "expected at most 255" in threshold["detail"]) == (1, True)
    refused(api.post("/api/analyses/none/check", json={}), 404, "analysis_not_found")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"parameters": {"mask": "/etc/passwd"}}, "parameters.mask"),
        ({"parameters": {"mask": "mask.png"}}, "parameters.mask"),
        ({"parameters": {"mask": [MASK, "s3://bucket/others"]}}, "parameters.mask[1]"),
        ({"analysis": "../other"}, "job.analysis"),
        ({"analysis": "/tmp/mine"}, "job.analysis"),
        ({"items": {"manifest": "library"}}, "job.items.manifest"),
        ({"items": [{"location": "s3://bucket/others"}]}, "job.items[0].location"),
        ({"items": [1, ["https://a/b"]]}, "job.items[1][0]"),
    ],
)  # fmt: skip
def test_paths_and_addresses_are_refused_with_their_field(document, field):
    with pytest.raises(PathRefused) as told:
        refuse_paths(document, DECLARED, command=False)
    assert told.value.field == field


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("data.csv", "job.items[0]"),
        ({"data": "data.csv"}, "job.items[0].data"),
        ({"data": [MASK, "s3://b/c"]}, "job.items[0].data[1]"),
        ({"data": MASK, "config_file": "c.json"}, "job.items[0].config_file"),
        ({"data": MASK, "config": {"mask": "/etc"}}, "job.items[0].config.mask"),
    ],
)
def test_datasets_are_uploads_where_there_are_users(item, field):
    with pytest.raises(PathRefused) as told:
        refuse_paths({"items": [item]}, DECLARED, command=True)
    assert told.value.field == field


def test_what_is_no_file_may_look_like_one():
    refuse_paths({"parameters": {"words": "/a/b", "mask": [MASK]}, "name": "/x"}, DECLARED, command=False)
    refuse_paths({"items": [{"data": MASK, "name": "../a", "config": {"words": "/"}}]}, DECLARED, command=True)
    refuse_paths({"items": {"range": [0, 1]}}, None, command=False)
    with pytest.raises(PathRefused):
        refuse_paths({"parameters": {"words": "/a/b"}}, None, command=False)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("c.json", b'{"mask": "s3://bucket/others"}', "has 's3://bucket/others' as its mask"),
        ("c.yaml", b"words: /fine\nmask: [a, /etc/passwd]", "as its mask[0]"),
        ("C.YML", b"mask: /etc/passwd", "'C.YML' has '/etc/passwd'"),
        ("c.json", b'{"mask": "a", "mask": "upload:x"}', "has 'mask' twice"),
        ("c.json", b"{mask: 1", "is not JSON"),
        ("c.json", b'{"unknown": "/etc"}', "unknown"),
        ("c.json", b" " * (1 << 20) + b"{}", "has more than 1,048,576 bytes"),
    ],
)
def test_a_config_that_was_uploaded_names_no_files_where_there_are_users(name, data, says):
    with pytest.raises((PathRefused, InvalidJob), match=re.escape(says)) as told:
        refuse_paths_in_config("job.items[3].config_file", name, data, DECLARED)
    assert str(told.value).startswith("job.items[3].config_file: ")


def test_of_an_analysis_that_takes_any_parameters_nothing_in_a_config_may_be_a_place():
    field = "job.items[0].config_file"
    with pytest.raises(PathRefused, match=r"as its a/b/1: "):
        refuse_paths_in_config(field, "c.json", b'{"a": {"b": [1, "../x"]}}', None)
    refuse_paths_in_config(field, "c.json", b'{"a": {"b": [1, "x"]}}', None)
    refuse_paths_in_config(field, "c.yaml", b"words: /a/b", {"words": DECLARED["words"]})
    refuse_paths_in_config(field, "c.txt", b"/etc/passwd", None)
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    with pytest.raises(InvalidJob, match="written out"):
        refuse_paths_in_config(field, "c.yaml", bomb.encode(), None)


def test_a_server_with_users_looks_into_configs_that_were_uploaded(make_api, tmp_path):
    from skyburst.finding import find_analysis

    (tmp_path / "blueprint.toml").write_text(
        'blueprint = 1\nname = "reads"\nversion = "1.0.0"\ncommand = ["true"]\nparameters = "any"\n'
    )

    class Offered:
        def get(self, name: str) -> Any:
            return find_analysis(str(tmp_path))

    api = make_api(users=True, paths_refused=True, offered=Offered())
    ada = {"x-user": "ada"}
    api.headers.update(ada)
    configs = {
        name: complete_upload(api, data, f"{name}.json", purpose="data")["id"]
        for name, data in {"bad": b'{"from": "s3://bucket/of-bob"}', "good": b'{"from": "here"}'}.items()
    }
    data = f"upload:{configs['good']}"
    for path in ("/api/jobs", "/api/estimates"):
        items = [{"data": data, "config_file": f"upload:{configs[name]}"} for name in ("good", "bad")]
        answer = api.post(path, json={"analysis": "reads", "items": items})
        assert "has 's3://bucket/of-bob' as its from" in refused(answer, 400, "path_refused")
        assert answer.json()["field"] == "job.items[1].config_file"
    theirs = {"analysis": "reads", "items": [{"data": "upload:x", "config_file": data}]}
    refused(api.post("/api/jobs", json=theirs, headers={"x-user": "bob"}), 404, "upload_not_found")
    assert api.get("/api/jobs").json()["jobs"] == []
    assert api.post("/api/estimates", json={"analysis": "reads", "items": items[:1]}).status_code == 200


def test_a_server_with_users_starts_nothing_that_names_a_path(make_api, brains):
    api = make_api(users=True, paths_refused=True)
    ada = {"x-user": "ada"}
    mask = next((brains.parent / "made" / "masks").iterdir())
    for path in ("/api/jobs", "/api/estimates"):
        for wrong, field in (
            ({"mask": str(mask), "library": "library:brains"}, "parameters.mask"),
            ({"mask": "upload:x", "library": str(brains)}, "parameters.library"),
        ):
            answer = api.post(path, json={"analysis": "color-depth-search", "parameters": wrong}, headers=ada)
            refused(answer, 400, "path_refused")
            assert answer.json()["field"] == field
        told = api.post(path, json={"analysis": str(brains)}, headers=ada)
        refused(told, 400, "path_refused")
    assert api.get("/api/jobs", headers=ada).json()["jobs"] == []
    answer = api.post(
        "/api/analyses/color-depth-search/check",
        json={"parameters": {"mask": str(mask), "library": "library:brains"}}, headers=ada,
    )  # fmt: skip
    assert [problem["field"] for problem in answer.json()["problems"]] == ["parameters.mask"]
