"""HTTP APIs: who has no valid token is refused, functions get events in payload format 2.0, and their answers come back."""

from __future__ import annotations

import json
import time
import types
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.local_cloud.web.http_api import fits, route_of
from tests.local_cloud.web_world import World


def ask(world: World, path: str, token: str | None = None, method: str = "GET", **more: Any) -> httpx.Response:
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
    return httpx.request(method, f"{world.outputs['Api']}{path}", headers=headers, timeout=40, **more)


@pytest.fixture
def token(world: World) -> str:
    return world.token(world.user(groups=("administrators",)))


def test_without_a_token_of_this_client_nothing_is_answered(world: World, token: str) -> None:
    assert ask(world, "/api/about").status_code == 401
    assert ask(world, "/api/about", "no.token.this").status_code == 401
    head, body, signature = token.split(".")
    assert ask(world, "/api/about", f"{head}.{body}.{signature[:-8]}AAAAAAAA").status_code == 401
    assert ask(world, "/api/about", world.token(world.user(), client="Stranger")).status_code == 401
    assert ask(world, "/api/about", token).status_code == 200
    assert ask(world, "/other", token).status_code == 404
    refused = ask(world, "/api/about")
    assert refused.json() == {"message": "Unauthorized"}
    assert "Bearer" in refused.headers["www-authenticate"]


def test_a_token_that_has_expired_is_refused(world: World) -> None:
    from moto.cognitoidp.models import cognitoidp_backends

    pool = cognitoidp_backends[world.cloud.account][world.cloud.region].user_pools[world.outputs["Pool"]]
    name = world.user()
    expired, _ = pool.create_jwt(world.outputs["Client"], name, "id", expires_in=-1)
    refused = ask(world, "/api/about", expired)
    assert (refused.status_code, "expired" in refused.headers["www-authenticate"]) == (401, True)
    early, _ = pool.create_jwt(world.outputs["Client"], name, "id", extra_data={"nbf": int(time.time()) + 60})
    assert ask(world, "/api/about", early).status_code == 401


def test_the_function_gets_the_request_and_who_sent_it(world: World, token: str) -> None:
    event = ask(
        world, "/api/jobs/a%20b", token, "POST", params=[("state", "RUNNING"), ("where", "x"), ("where", "y")],
        json={"analysis": "one"}, headers={"X-Twice": "1", "Cookie": "a=1; b=2"},
    ).json()  # fmt: skip
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "ANY /api/{proxy+}", "/api/jobs/a%20b")
    assert event["pathParameters"] == {"proxy": "jobs/a b"}
    assert event["queryStringParameters"] == {"state": "RUNNING", "where": "x,y"}
    assert (event["isBase64Encoded"], json.loads(event["body"])) == (False, {"analysis": "one"})
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-twice"] == "1"
    assert "cookie" not in event["headers"]
    context = event["requestContext"]
    assert (context["http"]["method"], context["stage"]) == ("POST", "$default")
    claims = context["authorizer"]["jwt"]["claims"]
    assert (claims["cognito:groups"], claims["token_use"]) == ("[administrators]", "id")
    assert claims["email_verified"] == "true"
    assert claims["exp"].isdecimal(), "all values are texts, as API Gateway hands them over"


def test_what_is_no_text_is_handed_over_in_base64(world: World, token: str) -> None:
    sent = bytes(range(256))
    event = ask(world, "/api/x", token, "PUT", content=sent, headers={"Content-Type": "image/tiff"}).json()
    assert event["isBase64Encoded"] is True
    import base64

    assert base64.b64decode(event["body"]) == sent


def test_answers_of_functions_come_back_as_they_say(world: World, token: str) -> None:
    made = ask(world, "/api/cookies", token)
    assert (made.status_code, made.text, made.headers["x-own"]) == (201, "made", "yes")
    assert made.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    picture = ask(world, "/api/bytes", token)
    assert (picture.content, picture.headers["content-type"]) == (bytes(range(256)), "image/png")
    plain = ask(world, "/api/plain", token)
    assert (plain.json(), plain.headers["content-type"]) == ({"any": "thing"}, "application/json")


def test_what_fails_or_is_too_large_is_an_error_of_the_server(world: World, token: str) -> None:
    assert ask(world, "/api/fail", token).status_code == 500
    assert ask(world, "/api/large", token).status_code == 500
    assert ask(world, "/api/x", token, "PUT", content=bytes(5_000_000)).status_code == 413, "6 MB in base64"
    world.cloud.faults.throttle_invokes(world.outputs["Echo"], 1)
    assert ask(world, "/api/x", token).status_code == 503


def test_an_api_may_call_functions_only_that_let_it(world: World, token: str) -> None:
    client, name = world.cloud.client("lambda"), world.outputs["Echo"]
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    client.remove_permission(FunctionName=name, StatementId=policy["Sid"])
    assert ask(world, "/api/x", token).status_code == 500
    client.add_permission(
        FunctionName=name, StatementId=policy["Sid"], Action=policy["Action"], Principal="apigateway.amazonaws.com",
        SourceArn=policy["Condition"]["ArnLike"]["AWS:SourceArn"],
    )  # fmt: skip
    assert ask(world, "/api/x", token).status_code == 200


segments = st.text("abcdefgh.+-", min_size=1, max_size=6)


@given(st.lists(segments, min_size=1, max_size=4))
def test_a_greedy_variable_takes_the_rest_of_a_path(parts: list[str]) -> None:
    rest = "/".join(parts)
    assert fits("/api/{proxy+}", f"/api/{rest}") == {"proxy": rest}
    assert fits("/api/{one}", f"/api/{rest}") == ({"one": rest} if len(parts) == 1 else None)
    assert fits("/{proxy+}", "/") is None


def test_the_route_that_says_most_is_taken() -> None:
    keys = ["$default", "ANY /api/{proxy+}", "GET /api/{proxy+}", "GET /api/{one}", "GET /api/about", "POST /api/about"]
    routes = {key: types.SimpleNamespace(route_key=key) for key in keys}
    api = types.SimpleNamespace(routes=routes)

    def taken(method: str, path: str) -> str:
        found = route_of(api, method, path)
        assert found is not None
        return str(found.route.route_key)

    assert taken("GET", "/api/about") == "GET /api/about"
    assert taken("GET", "/api/other") == "GET /api/{one}"
    assert taken("GET", "/api/a/b") == "GET /api/{proxy+}"
    assert taken("PUT", "/api/about") == "ANY /api/{proxy+}"
    assert taken("GET", "/") == "$default"
