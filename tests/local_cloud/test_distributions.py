"""Distributions: files of a private bucket, with the headers of their policy, and an API behind the same address."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.local_cloud.helpers import ClientError
from tests.local_cloud.web_world import World


@pytest.fixture(autouse=True)
def files(world: World) -> None:
    for key, body, kind in (
        ("index.html", b"<p>page", "text/html"),
        ("assets/a-1.js", b"run()", "text/javascript"),
    ):
        world.cloud.client("s3").put_object(
            Bucket=world.outputs["Files"], Key=key, Body=body, ContentType=kind, CacheControl="no-cache"
        )


def get(world: World, path: str, **more: Any) -> httpx.Response:
    return httpx.get(f"{world.page}{path}", timeout=40, **more)


def test_files_are_served_with_the_headers_of_the_policy(world: World) -> None:
    found = get(world, "/assets/a-1.js")
    assert (found.status_code, found.text) == (200, "run()")
    assert found.headers["content-type"] == "text/javascript"
    assert found.headers["cache-control"] == "no-cache"
    assert found.headers["content-security-policy"] == "default-src 'self'"
    assert (found.headers["x-frame-options"], found.headers["x-own"]) == ("DENY", "policy")
    head = httpx.head(f"{world.page}/assets/a-1.js")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")


def test_what_a_browser_has_is_not_sent_again_and_parts_may_be_asked_for(world: World) -> None:
    tag = get(world, "/index.html").headers["etag"]
    assert get(world, "/index.html", headers={"If-None-Match": tag}).status_code == 304
    part = get(world, "/index.html", headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"<p>")


def test_the_function_decides_what_an_address_means(world: World) -> None:
    assert get(world, "/jobs/one").text == "<p>page"
    moved = get(world, "/old")
    assert (moved.status_code, moved.headers["location"]) == (301, "/new")
    assert get(world, "/broken").status_code == 503


def test_what_is_not_there_looks_like_what_may_not_be_read(world: World) -> None:
    assert get(world, "/assets/none.js").status_code == 403
    assert httpx.post(f"{world.page}/index.html").status_code == 403, "only reading is allowed"


def test_only_a_bucket_that_lets_the_distribution_is_read(world: World) -> None:
    s3, bucket = world.cloud.client("s3"), world.outputs["Files"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    other = json.loads(policy)
    other["Statement"][0]["Condition"]["StringEquals"]["AWS:SourceArn"] += "X"
    try:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(other))
        assert get(world, "/index.html").status_code == 403
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert get(world, "/index.html").status_code == 200


def test_the_api_is_behind_the_same_address_and_wants_a_token(world: World) -> None:
    assert get(world, "/api/about").status_code == 401
    token = world.token(world.user())
    sent = httpx.post(f"{world.page}/api/jobs?x=1", json={"a": 1}, headers={"Authorization": f"Bearer {token}"})
    event = sent.json()
    assert (event["requestContext"]["http"]["method"], event["rawQueryString"]) == ("POST", "x=1")
    assert sent.headers["x-frame-options"] == "DENY"
    assert event["headers"]["host"].startswith(event["requestContext"]["apiId"])


def test_a_bucket_says_which_pages_may_use_it(world: World) -> None:
    s3, bucket = world.cloud.client("s3"), world.outputs["Files"]
    rule = {
        "AllowedOrigins": [world.page], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"],
    }  # fmt: skip
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "up"})

    def may(origin: str, method: str) -> int:
        headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-a"}
        return httpx.options(url, headers=headers).status_code

    assert (may(world.page, "PUT"), may("https://other.example", "PUT"), may(world.page, "DELETE")) == (200, 403, 403)
    mine = httpx.put(url, content=b"up", headers={"Origin": world.page})
    assert (mine.status_code, mine.headers["access-control-allow-origin"]) == (200, world.page)
    assert mine.headers["access-control-expose-headers"] == "ETag"
    others = httpx.put(url, content=b"up", headers={"Origin": "https://other.example"})
    assert not [name for name in others.headers if name.startswith("access-control-")]
    s3.delete_bucket_cors(Bucket=bucket)
    with pytest.raises(ClientError):
        s3.get_bucket_cors(Bucket=bucket)
    assert may(world.page, "PUT") == 403
