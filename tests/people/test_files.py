"""Profiles as files: in three formats, checked field by field, changed in place."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from skyburst.errors import InvalidPeople, NotAllowed
from skyburst.people import Gatekeeper, gate_of, load_people, people_location
from skyburst.people.files import load_files, write_records
from skyburst.people.records import Group, Settings, User


def write(folder: Path, **files: str) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def test_profiles_are_read_in_toml_yaml_and_json(tmp_path: Path) -> None:
    where = write(
        tmp_path,
        users__ada_dot_toml='name = "ada"\ngroup = "imaging"\napproved = true\n',
        users__grace_dot_yaml="name: grace\nnotify: failures\n",
        groups__imaging_dot_json=json.dumps({"name": "imaging", "approved": True, "analyses": ["caiman"]}),
        settings_dot_yml="approve_endings: [edu]\n",
        users__README_dot_md="not a profile",
    )
    people = load_people(where)
    assert set(people.users) == {"ada", "grace"}
    assert people.users["grace"].notify == "failures"
    assert people.settings.approve_endings == ["edu"]
    assert [user.name for user in people.members("imaging")] == ["ada"]
    assert people.has_rules


def test_a_folder_that_is_not_there_keeps_nobody(tmp_path: Path) -> None:
    assert not load_people(str(tmp_path / "none")).has_rules


@pytest.mark.parametrize(
    ("name", "text", "refusal"),
    [
        ("users__ada_dot_toml", 'name = "ada"\nmail = "x"', "mail: there is no such field; did you mean 'email'?"),
        ("users__ada_dot_toml", 'name = "bob"', "name is 'bob': expected 'ada', as the file is called"),
        ("users__ada_dot_toml", "name = ", "cannot be read"),
        ("users__ada_dot_json", '["ada"]', "expected fields with values"),
        ("users__ada_dot_yaml", "name: [", "is not YAML"),
        ("users__ada_dot_yaml", "name: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("users__ada_dot_toml", 'name = "ada"\ngroup = "ghosts"', "belongs to the group 'ghosts', and there is none"),
        (
            "users__ada_dot_toml",
            'name = "ada"\nwebhook = "ftp://x"',
            'webhook is "ftp://x": expected str that is an http',
        ),
        (
            "groups__g_dot_toml",
            'name = "g"\ncode = "secret"',
            'code is "secret": expected str that `skyburst group code` made',
        ),
        ("groups__g_dot_toml", 'name = "g"\nanalyses = "some"', "analyses is"),
        ("settings_dot_toml", 'approve_endings = ["*"]', "the end of e-mail addresses"),
        ("users__ada_dot_toml", f'name = "ada"\nfull_name = "{"x" * (1 << 20)}"', "larger than 1,048,576 bytes"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(tmp_path: Path, name: str, text: str, refusal: str) -> None:
    with pytest.raises(InvalidPeople) as refused:
        load_people(write(tmp_path, **{name: text}))
    assert refusal in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_one_user_in_two_files_is_refused(tmp_path: Path) -> None:
    where = write(tmp_path, users__ada_dot_toml='name = "ada"', users__ada_dot_json='{"name": "ada"}')
    with pytest.raises(InvalidPeople, match=r"'ada' is in users/ada.json too"):
        load_people(where)


@pytest.mark.parametrize("ending", ["toml", "yaml", "json"])
def test_a_profile_is_written_in_the_format_that_it_has(tmp_path: Path, ending: str) -> None:
    text = '{"name": "ada"}' if ending == "json" else "name: ada" if ending == "yaml" else 'name = "ada"'
    where = write(tmp_path, **{f"users__ada_dot_{ending}": text})
    kept = load_files(where)
    changed = msgspec.structs.replace(kept.people.users["ada"], full_name='Ada "L" \\ ö \u007f ☂', approved=True)
    write_records(where, [changed, Group(name="new", analyses=["a", "b"]), Settings(approve_endings=["edu"])], kept)
    again = load_people(where)
    assert again.users["ada"] == changed
    assert again.groups["new"].analyses == ["a", "b"]
    assert again.settings.approve_endings == ["edu"]
    assert [path.name for path in (tmp_path / "users").iterdir()] == [f"ada.{ending}"]


def test_where_profiles_are_is_said_by_option_variable_or_state_folder(
    tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people_location() == str(state_folder / "people")
    monkeypatch.setenv("SKYBURST_PEOPLE", "s3://bucket/people")
    assert people_location() == "s3://bucket/people"
    assert people_location(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize("linked", ["users", "groups/lab.toml"])
def test_profiles_behind_a_link_are_not_left_out_which_would_let_everybody_in(tmp_path: Path, linked: str) -> None:
    elsewhere, people = tmp_path / "elsewhere", tmp_path / "people"
    elsewhere.mkdir()
    (people / linked).parent.mkdir(parents=True)
    (people / linked).symlink_to(elsewhere)
    with pytest.raises(InvalidPeople, match=f"{linked} is a link out of the folder"):
        Gatekeeper(str(people)).may_submit("lab", None, "caiman")


@pytest.mark.parametrize("mounted", ["gone", "empty"])
def test_a_folder_that_was_named_and_has_no_profiles_lets_nobody_in(tmp_path: Path, mounted: str) -> None:
    (tmp_path / "empty").mkdir()
    where = str(tmp_path / mounted)
    assert Gatekeeper(where).may_submit("lab", None, "caiman") is None
    with pytest.raises(InvalidPeople, match=rf"there are no profiles in .*{mounted}, .*nobody may run .*: mount it"):
        Gatekeeper(where, required=True).may_submit("lab", None, "caiman")


def test_profiles_of_users_alone_are_no_rules_and_the_first_group_makes_them_hold(tmp_path: Path) -> None:
    where = write(tmp_path, users__ada_dot_toml='name = "ada"\nemail = "ada@lab.edu"\nnotify = "always"\n')
    for gate in (Gatekeeper(where), Gatekeeper(where, required=True)):
        for group, user in ((None, None), (None, "ada"), ("lab", None), ("lab", "nobody")):
            gate.require(group, user, "caiman")
    write(tmp_path, groups__lab_dot_toml='name = "lab"\n')
    for group, user in ((None, None), (None, "ada"), ("lab", None), ("lab", "nobody")):
        with pytest.raises(NotAllowed):
            Gatekeeper(where).require(group, user, "caiman")


def test_a_folder_that_is_a_link_to_a_share_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "people").symlink_to(tmp_path / "share")
    gate = gate_of(tmp_path)
    with pytest.raises(InvalidPeople, match=r"people leads to .*share, which is not there, so that nobody may run"):
        gate.may_submit("lab", None, "caiman")
    (tmp_path / "share").mkdir()
    assert gate.may_submit("lab", None, "caiman") is None


def test_a_profile_that_cannot_be_read_keeps_out_whom_it_is_about_and_nobody_else(tmp_path: Path) -> None:
    where = write(
        tmp_path, users__ada_dot_toml='name = "ada"\ngroup = "lab"\napproved = true\n', users__ben_dot_toml="name = ",
        groups__lab_dot_toml='name = "lab"\napproved = true\nanalyses = ["caiman"]\n', groups__other_dot_json="[",
    )  # fmt: skip
    gate = Gatekeeper(where)
    gate.require(None, "ada", "caiman")
    gate.require("lab", "ada", "caiman")
    for group, user in ((None, "ben"), ("lab", "ben"), ("other", None)):
        with pytest.raises(InvalidPeople, match=r"(ben.toml|other.json) cannot be read"):
            gate.require(group, user, "caiman")
    write(tmp_path, settings_dot_toml="users_required = 1")
    with pytest.raises(InvalidPeople, match="users_required"):  # which holds for all
        gate.require(None, "ada", "caiman")


def test_the_gate_reads_the_profiles_anew_each_time(tmp_path: Path) -> None:
    gate = Gatekeeper(str(tmp_path))
    assert gate.may_submit("imaging", None, "caiman") is None
    write_records(str(tmp_path), [Group(name="imaging", approved=True)], load_files(str(tmp_path)))
    refusal = gate.may_submit("imaging", None, "caiman")
    assert refusal is not None
    assert "may not run 'caiman': the operator allows it: `skyburst group allow imaging caiman`" in refusal
    named = "job.group is 'imaging', job.user is missing, job.analysis is 'caiman': the group 'imaging' may not run 'caiman'"
    with pytest.raises(NotAllowed, match=named):
        gate.require("imaging", None, "caiman")
    write_records(
        str(tmp_path), [Group(name="imaging", approved=True, analyses=["caiman"]), User(name="ada", group="imaging")],
        load_files(str(tmp_path)),
    )  # fmt: skip
    gate.require("imaging", None, "caiman")


def test_profiles_in_a_bucket_are_the_same(bucket: str) -> None:
    where = f"{bucket}/people"
    assert not load_people(where).has_rules
    write_records(where, [Group(name="imaging"), User(name="ada", group="imaging")], load_files(where))
    assert [user.name for user in load_people(where).members("imaging")] == ["ada"]
