"""Whom a token is about: what API Gateway makes of its claims, and what nobody can claim to be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import needed

needed("litestar")
from skyburst.web.aws.people import groups_in, person_of  # noqa: E402

SUB = "11111111-2222-3333-4444-555555555555"
ADA = {"sub": SUB, "cognito:username": "ada", "token_use": "id", "email": "ada@lab.edu", "email_verified": "true"}


def name_of(**claims: Any) -> str | None:
    found = person_of({**ADA, **claims})
    return found.name if found else None


def test_the_name_is_that_in_cognito() -> None:
    assert person_of(ADA) == ("ada", SUB, False)
    assert name_of(email="root@lab.edu") == "ada", "an address that somebody gave counts for nothing here"


def test_where_people_sign_in_by_their_address_it_is_the_name_once_it_is_known_to_be_theirs() -> None:
    by_address = {"cognito:username": SUB}
    assert name_of(**by_address) == "ada@lab.edu"
    assert name_of(**by_address, email="Ada@Lab.EDU", email_verified=True) == "ada@lab.edu"
    for unverified in ("false", False, None, "", "no"):
        assert name_of(**by_address, email_verified=unverified) == SUB


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_use": "access"}, {"token_use": None}, {"sub": ""}, {"sub": None}, {"cognito:username": ""},
        {"cognito:username": "a/../b"}, {"cognito:username": "a" * 101}, {"cognito:username": "-a"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_id_token_of_a_user_is_about_nobody(wrong: dict[str, Any]) -> None:
    assert name_of(**wrong) is None


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("[administrators]", ["administrators"]), ("[one administrators two]", ["one", "administrators", "two"]),
        ("administrators", ["administrators"]), (["a", "b"], ["a", "b"]), ("[]", []), ("", [""]), (None, []), (3, []),
    ],
    ids=str,
)  # fmt: skip
def test_groups_are_read_as_api_gateway_writes_them(claim: Any, groups: list[str]) -> None:
    assert groups_in(claim) == groups


@given(st.lists(st.text("abcdefghij-_", min_size=1, max_size=12), max_size=5))
def test_only_the_very_group_makes_an_administrator(groups: list[str]) -> None:
    found = person_of({**ADA, "cognito:groups": f"[{' '.join(groups)}]"})
    assert found is not None
    assert not found.administrator
    found = person_of({**ADA, "cognito:groups": f"[{' '.join([*groups, 'administrators'])}]"})
    assert found is not None
    assert found.administrator


@given(
    st.dictionaries(
        st.sampled_from([*ADA, "cognito:groups"]), st.none() | st.booleans() | st.text() | st.lists(st.text())
    )
)
def test_any_claims_are_of_somebody_whose_name_profiles_can_have_or_of_nobody(claims: dict[str, Any]) -> None:
    import re

    from skyburst.people.records import USER

    found = person_of(claims)
    assert found is None or (re.match(USER, found.name) and found.sub)
