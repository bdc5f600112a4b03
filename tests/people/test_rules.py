"""Who may run what, who is approved, and which code opens which group."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import InvalidPeople, PersonNotFound
from skyburst.people import changes, codes
from skyburst.people.records import Group, People, Settings, User
from skyburst.people.rules import Refused, approved_by_rule, ends_so, group_of_code, may_run


def people(**settings: Any) -> People:
    """A lab with an approved and a waiting user, one that is not approved, and a user without a group."""
    users = [
        User(name="ada", email="ada@lab.edu", group="imaging", approved=True),
        User(name="grace", group="imaging"),
        User(name="mallory", group="imaging", approved=True, denied="nobody knows them"),
        User(name="alone", approved=True),
        User(name="new", group="waiting", approved=True),
        User(name="all", group="trusted", approved=True),
    ]
    groups = [
        Group(name="imaging", approved=True, analyses=["caiman"]),
        Group(name="waiting", analyses=["caiman"]),
        Group(name="trusted", approved=True, analyses="all"),
    ]
    return People(
        {user.name: user for user in users},
        {group.name: group for group in groups},
        Settings(**settings),
        has_rules=True,
    )


@pytest.mark.parametrize(
    ("group", "user", "analysis", "why"),
    [
        (None, "ada", "caiman", None),
        ("imaging", "ada", "caiman", None),
        ("imaging", None, "caiman", None),
        ("trusted", "all", "whatever", None),
        (None, "ada", "pmd", "the group 'imaging' may not run 'pmd'"),
        ("trusted", "ada", "caiman", "does not belong to the group 'trusted'"),
        (None, "grace", "caiman", "is not approved yet"),
        (None, "mallory", "caiman", "was not approved (nobody knows them)"),
        (None, "nobody", "caiman", "there is no user 'nobody'"),
        (None, "alone", "caiman", "belongs to no group"),
        (None, "new", "caiman", "the group 'waiting' is not approved yet"),
        ("ghosts", None, "caiman", "there is no group 'ghosts'"),
        (None, None, "caiman", "neither whose it is nor for which group"),
    ],
)
def test_who_may_run_what_and_why_not(group: str | None, user: str | None, analysis: str, why: str | None) -> None:
    answer = may_run(people(), group, user, analysis)
    if why is None:
        assert answer.allowed
    else:
        assert isinstance(answer, Refused)
        assert why in answer.why
        assert answer.remedy
        assert not answer.allowed


def test_a_submission_has_to_say_whose_it_is_where_users_are_required() -> None:
    refused = may_run(people(users_required=True), "imaging", None, "caiman")
    assert isinstance(refused, Refused)
    assert "give `user`, in the job, in the submit file" in refused.remedy
    assert may_run(people(users_required=True), "imaging", "ada", "caiman").allowed


def test_without_profiles_everybody_may_run_everything() -> None:
    assert may_run(People(), None, None, "anything").allowed
    assert not may_run(People(has_rules=True), None, None, "anything").allowed


@pytest.mark.parametrize(
    ("email", "ending", "does"),
    [
        ("a@lab.edu", "edu", True),
        ("a@lab.edu", ".edu", True),
        ("a@LAB.EDU", "edu", True),
        ("a@lab.edu", "@lab.edu", True),
        ("a@lab.redu", "edu", False),
        ("a@edu.example.org", "edu", False),
        ("a.edu@example.org", "edu", False),
        ("a@notlab.edu", "lab.edu", False),
    ],
)
def test_an_address_ends_at_a_dot_or_at_the_at(email: str, ending: str, does: bool) -> None:
    assert ends_so(email, ending) is does
    assert approved_by_rule(people(approve_endings=[ending]), email) is does


def test_nobody_is_approved_by_rule_where_there_is_none() -> None:
    assert not approved_by_rule(people(), "a@lab.edu")
    assert not approved_by_rule(people(approve_endings=["edu"]), None)


def test_joining_with_a_code_makes_a_member_who_waits_or_is_approved_by_rule() -> None:
    group, code = changes.with_new_code(people(), "imaging")
    known = people(approve_endings=["edu"])
    known = People(known.users, {**known.groups, "imaging": group}, known.settings, has_rules=True)
    assert changes.joined(known, code.lower().replace("-", " "), "bob", email="bob@lab.edu").approved
    waits = changes.joined(known, code, "eve", email="eve@example.org")
    assert (waits.group, waits.approved) == ("imaging", False)
    with pytest.raises(InvalidPeople, match="no group has this code"):
        changes.joined(known, codes.new_code(), "eve")


def test_who_changes_the_group_or_the_address_is_approved_anew() -> None:
    trusted, code = changes.with_new_code(people(), "trusted")
    known = people()
    known = People(known.users, {**known.groups, "trusted": trusted}, known.settings, has_rules=True)
    moved = changes.joined(known, code, "ada")
    assert (moved.group, moved.approved) == ("trusted", False)
    with pytest.raises(InvalidPeople, match="was not approved"):
        changes.joined(known, code, "mallory")


def test_a_new_code_ends_the_old_one_and_a_group_without_one_cannot_be_joined() -> None:
    group, first = changes.created_group(people(), "fresh", approved=True)
    assert group_of_code(People({}, {"fresh": group}), first) == group
    again, second = changes.with_new_code(People({}, {"fresh": group}), "fresh")
    renewed = People({}, {"fresh": again})
    assert group_of_code(renewed, first) is None
    assert group_of_code(renewed, second) == again
    closed = changes.without_code(renewed, "fresh")
    assert group_of_code(People({}, {"fresh": closed}), second) is None


def test_what_is_kept_of_a_code_does_not_tell_it() -> None:
    code = codes.new_code()
    kept = codes.kept_code(code)
    assert code.replace("-", "") not in kept
    assert kept != codes.kept_code(code)
    assert not codes.is_code(None, "")
    assert len({codes.new_code() for _ in range(100)}) == 100


@given(st.text())
def test_no_text_but_the_code_itself_opens_a_group(text: str) -> None:
    code = "F7KM-2QXW-9HRT"
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    assert codes.is_code(codes.kept_code(code), text) is (plain == "F7KM2QXW9HRT")


def test_what_a_group_may_run_is_given_and_taken() -> None:
    assert changes.allowed(people(), "imaging", ["pmd", "caiman"]).analyses == ["caiman", "pmd"]
    assert changes.allowed(people(), "imaging", ["all"]).analyses == "all"
    assert changes.disallowed(people(), "imaging", ["caiman"]).analyses == []
    assert changes.disallowed(people(), "trusted", ["all"]).analyses == []
    with pytest.raises(InvalidPeople, match="may run all analyses: deny it `all` first"):
        changes.disallowed(people(), "trusted", ["pmd"])
    with pytest.raises(InvalidPeople, match=r"analyses\[1\] is \"Bad Name\""):
        changes.allowed(people(), "imaging", ["Bad Name"])
    with pytest.raises(PersonNotFound, match="did you mean 'imaging'"):
        changes.allowed(people(), "imagin", ["pmd"])


def test_names_that_differ_in_capitals_only_are_the_same() -> None:
    with pytest.raises(InvalidPeople, match="there is a user 'ada' already"):
        changes.added_user(people(), "Ada")
    with pytest.raises(InvalidPeople, match="there is a group 'imaging' already"):
        changes.created_group(people(), "IMAGING", approved=False)


def test_a_user_is_added_to_a_group_that_there_is() -> None:
    with pytest.raises(PersonNotFound, match="there is no group 'ghosts'"):
        changes.added_user(people(), "bob", group="ghosts")
    with pytest.raises(InvalidPeople, match='email is "bob": expected str that is an e-mail address'):
        changes.added_user(people(), "bob", email="bob")


def test_denied_and_approved_are_told_apart() -> None:
    denied = changes.denied_user(people(), "ada", "")
    assert (denied.approved, denied.denied) == (False, "no reason was given")
    again = People({"ada": denied}, {}, has_rules=True)
    assert changes.approved_user(again, "ada").denied == ""
    assert [user.name for user in people().pending()] == ["grace"]
