"""People from tables and from NeuroCAAS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyburst.errors import InvalidPeople
from skyburst.people.importing import read_people
from skyburst.people.records import Group, People, Settings, User

PROFILE: dict[str, Any] = {
    "STAGE": "webusercentric",
    "UXData": {
        "Affiliates": [
            {
                "AffiliateName": "imaginglab", "UserNames": ["ada", "grace"], "KeySerialNumber": 2,
                "ContactEmail": ["ada@lab.edu", "grace@lab.edu"], "Pipelines": ["caiman-ncap-web", "pmd-ncap-web"],
                "PipelineDir": "folder",
            }
        ]
    },
    "Lambda": {"LambdaConfig": {"REGION": "us-east-1"}},
}  # fmt: skip


def profile(**changes: Any) -> str:
    return json.dumps({"UXData": {"Affiliates": [{**PROFILE["UXData"]["Affiliates"][0], **changes}]}})


def test_a_table_of_neurocaas_becomes_users_and_groups() -> None:
    text = (
        "\ufeffEmail,FirstName,LastName,Affiliation,Verified,Loaded\n"
        "ada@lab.edu,Ada,Lovelace,Imaging Lab,True,no\n"
        '"grace@navy.mil",Grace,"Hopper, Rear Admiral",navy,False,\n'
        ",,,,,\n"
    )
    found = read_people(text, "people.csv", People())
    assert found.refused == 0
    assert found.users["ada"] == User(
        name="ada", full_name="Ada Lovelace", email="ada@lab.edu", group="Imaging-Lab", approved=True
    )
    assert not found.users["grace"].approved
    assert found.groups["Imaging-Lab"].title == "Imaging Lab"
    assert found.groups["Imaging-Lab"].approved
    assert not found.groups["navy"].approved
    assert "people.csv, line 2: the group 'Imaging Lab' is called 'Imaging-Lab'" in found.said


def test_columns_of_our_own_are_read_too_and_unknown_ones_told() -> None:
    found = read_people("User,E-mail,Notify,Shoe size\nada,a@b.edu,failures,38\n", "x", People())
    assert found.users["ada"].notify == "failures"
    assert "not read: the column 'Shoe size'" in found.said


def test_rows_that_cannot_be_used_are_told_and_the_others_kept() -> None:
    text = "User,Email,Group,Approved\nada,nobody,,\n,,,yes\ngrace,g@lab.edu,imaging,maybe\nbob,b@lab.edu,,\n"
    found = read_people(text, "people.csv", People())
    assert set(found.users) == {"bob"}
    assert found.refused == 3
    assert any("people.csv, line 2" in said and 'email is "nobody"' in said for said in found.said)
    assert any("'maybe' is neither yes nor no" in said for said in found.said)


def test_known_users_keep_what_a_table_does_not_say() -> None:
    known = People(
        {"ada": User(name="ada", group="imaging", approved=True, notify="always")}, {"imaging": Group(name="imaging")}
    )
    found = read_people("User,Email,Approved\nada,ada@lab.edu,no\n", "x", known)
    assert found.users["ada"] == User(name="ada", group="imaging", approved=True, notify="always", email="ada@lab.edu")
    assert read_people("User,Group\nada,imaging\n", "x", known).said == ["the same: the user 'ada'"]
    moved = read_people("User,Group\nada,navy\n", "x", known)
    assert moved.refused == 1
    assert "belongs to the group 'imaging'" in moved.said[-1]


def test_new_users_of_a_table_are_approved_by_the_rule_too() -> None:
    rule = People(settings=Settings(approve_endings=["edu"]))
    assert read_people("Email\na@lab.edu\n", "x", rule).users["a"].approved
    assert not read_people("Email\na@lab.org\n", "x", rule).users["a"].approved


@pytest.mark.parametrize(
    ("emails", "of_ada"),
    [
        (["ada@lab.edu", "grace@lab.edu"], "ada@lab.edu"),
        ({"ada": "ada@lab.edu"}, "ada@lab.edu"),
        ("lab@lab.edu", None),
        ("NOTE: KEEP THIS AFFILIATE TO ENABLE EASY TESTING", None),
        (None, None),
        ([], None),
    ],
)
def test_addresses_of_a_profile_are_read_in_all_their_forms(emails: Any, of_ada: str | None) -> None:
    found = read_people(profile(ContactEmail=emails), "user_config_template.json", People())
    assert found.users["ada"].email == of_ada
    assert found.users["ada"].approved
    assert found.groups["imaginglab"].analyses == ["caiman-ncap-web", "pmd-ncap-web"]
    assert any("KeySerialNumber: not needed" in said for said in found.said)


def test_a_blueprint_allows_its_groups_the_analysis() -> None:
    text = json.dumps(
        {
            "PipelineName": "caiman-ncap-web",
            "UXData": {"Affiliates": [{"AffiliateName": "lab", "UserNames": ["a.b@lab.org"], "UserInput": True}]},
        }
    )
    found = read_people(text, "x", People({}, {"lab": Group(name="lab", approved=True, analyses=["pmd"])}))
    assert found.groups["lab"].analyses == ["pmd", "caiman-ncap-web"]
    assert found.users["a.b@lab.org"].email == "a.b@lab.org"


def test_entries_of_a_template_are_told_not_taken() -> None:
    text = profile(
        AffiliateName="Affiliate's Name here.",
        UserNames="[list of strings]",
        Pipelines=["bucket name. must be lowercase"],
    )
    found = read_people(text, "x", People())
    assert found.users == {}
    assert found.refused == 2


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("{", "is not JSON"),
        ("[]", "is no profile of NeuroCAAS"),
        ('{"UXData": 3}', "is no profile of NeuroCAAS"),
        ("", "expected titles"),
        ("a;b\n1;2\n", "expected titles"),
    ],
)
def test_other_files_are_refused(text: str, refusal: str) -> None:
    with pytest.raises(InvalidPeople, match=refusal):
        read_people(text, "x", People())
