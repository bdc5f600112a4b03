"""Pools of users: passwords are proved, tokens are renewed and end, and pages may ask."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyburst.local_cloud.web.user_pools import PRIME, proof_of
from tests.conftest import REPOSITORY, need
from tests.local_cloud.helpers import ClientError
from tests.local_cloud.web_world import PASSWORD, World
from tests.waiting import PATIENCE_S


def test_a_user_signs_in_with_a_proof_of_the_password_and_with_no_other(world: World) -> None:
    name = world.user(groups=("administrators",))
    tokens = world.sign_in(name)["AuthenticationResult"]
    assert {"IdToken", "AccessToken", "RefreshToken"} <= tokens.keys()
    with pytest.raises(ClientError, match="Incorrect username or password"):
        world.sign_in(name, "Wrong-Horse-77")
    with pytest.raises(ClientError, match="Incorrect username or password"):
        world.sign_in("nobody")


def test_whoever_signs_in_by_the_address_is_known_by_the_name(world: World) -> None:
    name = world.user()
    claims = claims_in(world.token(f"{name.upper()}@Example.org"))
    assert (claims["cognito:username"], claims["email"]) == (name, f"{name}@example.org")


def test_a_proof_counts_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name, cognito = world.user(), world.cognito()
    kept: list[dict[str, Any]] = []
    answer: Callable[..., Any] = cognito.respond_to_auth_challenge

    def respond(**given: Any) -> Any:
        kept.append(given)
        return answer(**given)

    monkeypatch.setattr(cognito, "respond_to_auth_challenge", respond)
    monkeypatch.setattr(World, "cognito", lambda _: cognito)
    world.sign_in(name)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        answer(**kept[0])


def test_the_password_of_an_invitation_has_to_be_changed(world: World) -> None:
    name, cognito = world.user(permanent=False), world.cognito()
    asked = world.sign_in(name)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert json.loads(asked["ChallengeParameters"]["userAttributes"])["email"] == f"{name}@example.org"
    answer = {"USERNAME": name, "NEW_PASSWORD": "Another-Horse-8"}
    client = world.outputs["Client"]
    with pytest.raises(ClientError, match="session"):
        cognito.respond_to_auth_challenge(
            ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", Session="made up" * 5, ChallengeResponses=answer
        )
    tokens = cognito.respond_to_auth_challenge(
        ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", Session=asked["Session"], ChallengeResponses=answer
    )["AuthenticationResult"]
    assert claims_in(tokens["IdToken"])["cognito:username"] == name
    assert "AuthenticationResult" in world.sign_in(name, "Another-Horse-8")


def test_only_flows_of_the_client_are_taken(world: World) -> None:
    name = world.user()
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH flow not enabled"):
        world.cognito().initiate_auth(
            ClientId=world.outputs["Client"], AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )  # fmt: skip


def test_tokens_are_renewed_until_the_session_is_ended(world: World) -> None:
    name, cognito, client = world.user(), world.cognito(), world.outputs["Client"]
    tokens = world.sign_in(name)["AuthenticationResult"]

    def renewed() -> Any:
        return cognito.get_tokens_from_refresh_token(ClientId=client, RefreshToken=tokens["RefreshToken"])

    assert claims_in(renewed()["AuthenticationResult"]["IdToken"])["cognito:username"] == name
    by_flow = cognito.initiate_auth(
        ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]}
    )
    assert claims_in(by_flow["AuthenticationResult"]["IdToken"])["cognito:username"] == name
    cognito.global_sign_out(AccessToken=tokens["AccessToken"])
    with pytest.raises(ClientError, match="NotAuthorized"):
        renewed()
    again = world.sign_in(name)["AuthenticationResult"]["RefreshToken"]
    cognito.revoke_token(Token=again, ClientId=client)
    with pytest.raises(ClientError, match="NotAuthorized"):
        cognito.get_tokens_from_refresh_token(ClientId=client, RefreshToken=again)


def test_an_invitation_is_a_mail_with_a_password_that_signs_in(world: World) -> None:
    world.cloud.client("cognito-idp").admin_create_user(
        UserPoolId=world.outputs["Pool"], Username="grace",
        UserAttributes=[{"Name": "email", "Value": "grace@example.org"}, {"Name": "email_verified", "Value": "true"}],
    )  # fmt: skip
    mail = world.cloud.mails()[-1]
    assert mail.to == "grace@example.org"
    asked = world.sign_in("grace", mail.text.rpartition(" ")[2])
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_a_page_may_ask_from_any_origin(world: World) -> None:
    asking = urllib.request.Request(
        world.cloud.endpoint, method="OPTIONS",
        headers={
            "Origin": "https://page.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-amz-target",
        },
    )  # fmt: skip
    with urllib.request.urlopen(asking) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "x-amz-target" in answer.headers["Access-Control-Allow-Headers"]
    body = json.dumps({"ClientId": world.outputs["Client"], "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {}}).encode()
    sent = urllib.request.Request(
        world.cloud.endpoint, data=body,
        headers={
            "Origin": "https://page.example", "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
        },
    )  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(sent)
    assert refused.value.headers["Access-Control-Allow-Origin"] in ("*", "https://page.example")
    refused.value.close()


def test_a_number_that_proves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="modulo N"):
        proof_of("us-east-1_pool", "ada", PASSWORD, 2 * PRIME)


def claims_in(token: str) -> dict[str, Any]:
    import base64

    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_the_library_of_the_page_signs_in_and_out(world: World, node: str) -> None:
    package = REPOSITORY / "web" / "client" / "package.json"
    need((package.parent / "node_modules" / "aws-amplify").is_dir(), "the packages of the client are not installed")
    name = world.user(permanent=False)
    outputs = world.outputs
    program = Path(__file__).parent / "amplify.mjs"
    arguments = [
        world.cloud.endpoint, outputs["Pool"], outputs["Client"], f"{name}@example.org", PASSWORD, "Another-Horse-8"
    ]  # fmt: skip
    ended = subprocess.run(
        [node, program, package, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "first": "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED", "second": "DONE", "name": name, "renewed": True, "left": True,
        "wrong": "NotAuthorizedException",
    }  # fmt: skip
