"""`skyburst people` and `skyburst group`, as an operator and members of groups use them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Program


def test_a_group_from_its_making_to_its_first_job(program: Program, state_folder: Path) -> None:
    assert "there is no group, so that everybody may run everything" in program("people", "check").out
    code = program("group", "create", "imaging", "--allow", "caiman", "--contact", "pi@lab.edu").out.strip()
    joined = program("people", "join", code.lower(), "--user", "ada", "--email", "ada@lab.edu")
    assert "ada belongs to the group imaging, and waits to be approved" in joined.err
    assert "ada" in program("people", "list", "--pending").out
    refused = program("people", "check", "ada", "caiman")
    assert (refused.code, "is not approved yet" in refused.out) == (1, True)
    assert program("people", "approve", "ada").code == 0
    assert "the group 'imaging' is not approved yet" in program("people", "check", "ada", "caiman").out
    assert program("group", "approve", "imaging").code == 0
    assert program("people", "check", "ada", "caiman").out == "ada may run caiman\n"
    assert program("people", "check", "ada", "pmd").code == 1
    assert program("group", "allow", "imaging", "pmd").code == 0
    assert program("people", "check", "ada", "pmd").code == 0
    assert program("group", "deny", "imaging", "all").code == 0
    assert program("people", "check", "ada", "pmd").code == 1
    assert program("people", "deny", "ada", "--why", "left the lab").code == 0
    assert "was not approved (left the lab)" in program("people", "check", "ada", "caiman").out
    assert code not in (state_folder / "people" / "groups" / "imaging.toml").read_text()


def test_a_code_is_shown_once_and_ends_with_the_next(program: Program) -> None:
    first = program("group", "create", "imaging").out.strip()
    second = program("group", "code", "imaging").out.strip()
    assert first != second
    assert program("people", "join", first, "--user", "ada").code == 2
    assert program("people", "join", second, "--user", "ada").code == 0
    assert program("group", "code", "imaging", "--none").code == 0
    assert program("people", "join", second, "--user", "bob").code == 2
    listed = json.loads(program("group", "list", "--json").out)
    assert listed == [{"name": "imaging", "has_code": False, "members": ["ada"]}]


def test_profiles_are_where_it_is_said(program: Program, tmp_path: Path) -> None:
    where = tmp_path / "profiles"
    assert program("people", "add", "ada", "--approve", "--notify", "failures", "--people", where).code == 0
    assert json.loads(program("people", "list", "--people", where, "--json").out) == [
        {"name": "ada", "approved": True, "notify": "failures"}
    ]
    assert program("people", "list").out == "there are none\n"
    assert program("people", "add", "ada", "--people", where).code == 2
    assert program("people", "approve", "bob", "--people", where).code == 6


def test_looking_at_a_share_that_is_not_mounted_makes_no_folder_in_its_place(program: Program, tmp_path: Path) -> None:
    where = tmp_path / "share" / "people"
    for command in (("people", "list"), ("people", "check", "ada", "caiman"), ("group", "list")):
        ended = program(*command, "--people", str(where))
        assert ended.code == 2
        assert "mount it if it is a share" in ended.err
    assert not where.parent.exists()


def test_a_table_is_tried_out_before_it_is_taken(program: Program, project: Path) -> None:
    (project / "people.csv").write_text("Email,Affiliation,Verified\nada@lab.edu,imaging,yes\nnobody,imaging,yes\n")
    tried = program("people", "import", "people.csv", "--dry-run")
    assert tried.code == 1
    assert "would be written, 1 left out" in tried.err
    assert program("people", "list").out == "there are none\n"
    assert program("people", "import", "people.csv").code == 1
    assert "ada" in program("people", "list", "--group", "imaging").out


def test_the_policy_of_groups_is_printed_for_a_permission_set(program: Program) -> None:
    policy = json.loads(program("group", "policy", "data/caiman", "s3://other").out)
    resources = [resource for statement in policy["Statement"] for resource in statement["Resource"]]
    assert "arn:aws:s3:::data/caiman/${aws:PrincipalTag/skyburst-group}/results/*" in resources
    assert "arn:aws:s3:::other/${aws:PrincipalTag/skyburst-group}/results/*" in resources


def test_a_damaged_profile_is_named(program: Program, state_folder: Path) -> None:
    assert program("people", "add", "ada").code == 0
    path = state_folder / "people" / "users" / "ada.toml"
    path.write_text('name = "ada"\nrole = "boss"\n')
    ended = program("people", "check")
    assert ended.code == 2
    assert f"{path}: role: there is no such field" in ended.err
