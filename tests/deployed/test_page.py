"""The page of a deployment: its files, who may sign in, the API behind the same address, and live events."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser import browser as browser
from tests.conftest import needed
from tests.deployed.paged import PREFIX, Page, assembled, needed_to_assemble
from tests.deployed.world import World, page_files
from tests.waiting import PATIENCE_MS, PATIENCE_S

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

SPEAKS = """async ([endpoint, signed, realtime]) => {
  const said = {};
  const headers = {
    "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
  };
  const body = JSON.stringify({ ClientId: "none", AuthFlow: "NONE", AuthParameters: {} });
  said.cognito = (await fetch(endpoint, { method: "POST", headers, body })).status;
  const put = await fetch(signed, { method: "PUT", body: "one" });
  said.put = [put.status, put.headers.get("ETag") !== null];
  said.socket = await new Promise((resolve, reject) => {
    const socket = new WebSocket(realtime, ["aws-appsync-event-ws", "header-e30"]);
    socket.onmessage = (event) => resolve(JSON.parse(event.data).type);
    socket.onerror = () => reject(new Error("no socket"));
  });
  const violation = new Promise((resolve) => {
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
  });
  await fetch("http://127.0.0.2:9/").catch(() => null);
  said.other = await violation;
  try { new Function("return 1")(); } catch (error) { said.code = error.name; }
  return said;
}"""
"""What a script of the page tries."""


@pytest.fixture(scope="module")
def page(running_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The deployment."""
    needed_to_assemble()
    files = page_files(tmp_path_factory.mktemp("page") / "dist")
    folder = assembled(tmp_path_factory.mktemp("assembly"), web="yes", web_client=str(files))
    yield Page(running_cloud, dict(running_cloud.deploy(folder, PREFIX).outputs))
    running_cloud.destroy(PREFIX)


@pytest.fixture(scope="module")
def token(page: Page) -> str:
    """Of somebody who was invited."""
    return page.invited("ada")


def test_the_page_is_served_with_headers_that_keep_browsers_from_the_worst(page: Page) -> None:
    found = page.get("/")
    assert (found.status_code, found.headers["content-type"]) == (200, "text/html")
    assert found.headers["cache-control"] == "no-cache"
    policy = found.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert f"ws://{httpx.URL(page.get('/config.json').json()['live']['realtime']).netloc.decode()}" in policy
    assert found.headers["x-content-type-options"] == "nosniff"
    assert page.get("/jobs/one/results").text == found.text, "addresses of the client are the page"
    script = page.get("/assets/index-0a1b2c3d.js")
    assert (script.headers["content-type"], "immutable" in script.headers["cache-control"]) == ("text/javascript", True)
    assert page.get("/assets/gone.js").status_code == 403


def test_the_page_knows_where_to_sign_in_and_to_listen(page: Page) -> None:
    found = page.get("/config.json")
    assert found.headers["cache-control"] == "no-cache"
    config = found.json()
    assert config["auth"] == {
        "region": page.cloud.region, "userPoolId": page.outputs["UserPool"],
        "userPoolClientId": page.outputs["UserPoolClient"], "endpoint": page.cloud.endpoint,
    }  # fmt: skip
    assert (config["live"]["kind"], config["live"]["namespace"]) == ("appsync", "jobs")


def test_nobody_reads_the_site_s_bucket_or_the_data_without_a_right(page: Page) -> None:
    for bucket in (page.outputs["Bucket"], *_buckets(page)):
        assert httpx.get(f"{page.cloud.endpoint}/{bucket}/index.html").status_code == 403


def test_only_the_page_may_use_signed_addresses_of_the_data(page: Page) -> None:
    rules = page.cloud.client("s3").get_bucket_cors(Bucket=page.outputs["Bucket"])["CORSRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == [[page.address]]


def test_the_api_wants_a_token_and_says_so(page: Page, token: str) -> None:
    assert page.get("/api/about").status_code == 401
    assert page.get("/api/about", token[:-6] + "AAAAAA").status_code == 401
    about = page.get("/api/about", token)
    assert about.status_code == 200, about.text
    assert "version" in about.json()


def test_a_user_hears_of_the_own_job(page: Page, token: str) -> None:
    page.get("/api/about", token)  # by which the API learns the user's id
    with listening(page, token) as socket:
        body = {"analysis": "acting", "parameters": {}, "items": [1, 2, 3]}
        headers = {"Authorization": f"Bearer {token}"}
        made = httpx.post(f"{page.address}/api/jobs", json=body, headers=headers, timeout=60)
        assert made.status_code in (200, 201), made.text
        job = made.json()["job_id"]
        states: list[str] = []
        while "SUCCEEDED" not in states:
            message = json.loads(socket.recv(timeout=PATIENCE_S))
            assert message["type"] in ("data", "ka")
            if message["type"] == "data":
                event = json.loads(message["event"])
                assert event["job_id"] == job
                states.append(event["state"])


def test_a_user_finds_the_own_jobs_by_their_index_once_it_is_complete_and_uploads_stay_for_jobs(
    page: Page, token: str
) -> None:
    """Each function under its own role."""
    world, headers = World(page.cloud, page.outputs), {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=page.address, headers=headers, timeout=60) as api:
        upload = api.post("/api/uploads", json={"name": "a.txt", "size": 1, "purpose": "data"}).json()
        assert httpx.put(upload["parts"][0]["url"], content=b"x").status_code == 200
        assert api.post(f"/api/uploads/{upload['id']}/complete").status_code == 200
        body = {"analysis": "acting", "items": ["wait", {"location": f"upload:{upload['id']}"}], "name": "mine"}
        job = api.post("/api/jobs", json=body).json()["job_id"]
        assert api.delete(f"/api/uploads/{upload['id']}").json()["code"] == "upload_in_use"
        api.post(f"/api/jobs/{job}/cancel")
        world.until(lambda: api.get(f"/api/jobs/{job}").json()["state"] == "CANCELLED")
        assert api.delete(f"/api/uploads/{upload['id']}").status_code == 204
        found = api.get("/api/jobs").json()["jobs"]
        answer = page.cloud.client("lambda").invoke(FunctionName=f"{PREFIX}-retain", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        again = api.get("/api/jobs").json()["jobs"]
        assert (again, again[0]["job_id"]) == (found, job)
        assert [one["job_id"] for one in api.get("/api/jobs", params={"name": "mine"}).json()["jobs"]] == [job]
    role = world.role_of(f"{PREFIX}-api").rpartition("/")[2]
    mine = [one for one in page.cloud.decisions() if one.principal.split("/")[1] == role]
    listed = [one.resource.partition("/index/")[2] for one in mine if "-StorageJobs" in one.resource]
    assert [index for index in listed if index][-2:] == ["newest-of-user"] * 2
    assert [one for one in mine if one.verdict != "allowed"] == []


def test_a_browser_lets_the_page_speak_to_what_it_needs_and_to_nothing_else(page: Page, browser: Any) -> None:
    config = page.get("/config.json").json()
    signed = page.cloud.client("s3").generate_presigned_url(
        "put_object", Params={"Bucket": page.outputs["Bucket"], "Key": "uploads/web/one/a.bin"}
    )
    tab = browser.new_page()
    try:
        tab.goto(f"{page.address}/jobs/any", timeout=PATIENCE_MS)
        tab.wait_for_function("document.title === 'it runs'", timeout=PATIENCE_MS)
        said = tab.evaluate(SPEAKS, [config["auth"]["endpoint"], signed, config["live"]["realtime"]])
    finally:
        tab.close()
    assert said == {
        "cognito": 400, "put": [200, True], "socket": "connection_error", "other": "connect-src", "code": "EvalError",
    }  # fmt: skip


def test_who_is_listed_and_taken_off_again(page: Page) -> None:
    page.invited("grace", "--administrator")
    again = page.skyburst("people", "invite", "grace", "--email", "grace@example.org")
    assert (again.returncode != 0, "--again" in again.stderr) == (True, True)
    listed = {one["name"]: one for one in json.loads(page.skyburst("people", "invited", "--json").stdout)}
    assert (listed["grace"]["administrator"], listed["grace"]["status"]) == (True, "CONFIRMED")
    assert page.skyburst("people", "uninvite", "grace").returncode == 0
    assert "grace" not in page.skyburst("people", "invited").stdout
    assert "there is no user" in page.skyburst("people", "uninvite", "grace").stderr


@pytest.mark.parametrize(("name", "email"), [("Ada Lovelace", "a@b.org"), ("a@b.org", "a@b.org"), ("eve", "nowhere")])
def test_what_cannot_be_invited_is_refused_by_name(page: Page, name: str, email: str) -> None:
    refused = page.skyburst("people", "invite", name, "--email", email)
    assert refused.returncode != 0
    assert "expected" in refused.stderr


def test_a_new_version_takes_the_place_of_the_one_before(
    page: Page, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from skyburst.errors import DeployFailed

    files = page_files(tmp_path / "dist")
    (files / "assets" / "index-0a1b2c3d.js").rename(files / "assets" / "index-4e5f6a7b.js")
    newer = assembled(tmp_path_factory.mktemp("newer"), web="yes", web_client=str(files))
    page.cloud.deploy(newer, PREFIX)
    assert page.get("/assets/index-4e5f6a7b.js").status_code == 200
    assert page.get("/assets/index-0a1b2c3d.js").status_code == 403
    other = page_files(tmp_path / "other")
    (other / "more.txt").write_text("more")
    broken = assembled(tmp_path_factory.mktemp("broken"), web="yes", web_client=str(other))
    page.cloud.faults.slow_down_s3("favicon.svg", 100, method="PUT")
    with pytest.raises(DeployFailed, match=r"could not be put in place.*SlowDown"):
        page.cloud.deploy(broken, PREFIX)
    page.cloud.faults.clear()
    assert page.get("/").status_code == 200


def test_a_deployment_without_the_page_leaves_no_file_of_it_and_all_users(
    page: Page, token: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (bucket,) = _buckets(page)
    without = page.cloud.deploy(assembled(tmp_path_factory.mktemp("without"), web="no"), PREFIX)
    assert "Page" not in without.outputs
    names = {one["Name"] for one in page.cloud.client("s3").list_buckets()["Buckets"]}
    assert bucket not in names
    users = page.cloud.client("cognito-idp").list_users(UserPoolId=page.outputs["UserPool"])["Users"]
    assert token
    assert "ada" in {user["Username"] for user in users}
    with pytest.raises(Exception, match="NoSuchCORSConfiguration"):
        page.cloud.client("s3").get_bucket_cors(Bucket=page.outputs["Bucket"])


@contextmanager
def listening(page: Page, token: str) -> Iterator[Any]:
    """A web socket that hears the own channel, as the page opens it."""
    live = page.get("/config.json").json()["live"]
    authorization = {"Authorization": token, "host": httpx.URL(live["http"]).netloc.decode()}
    header = base64.urlsafe_b64encode(json.dumps(authorization).encode()).decode().rstrip("=")
    with needed("websockets.sync.client").connect(
        live["realtime"], subprotocols=["aws-appsync-event-ws", f"header-{header}"]
    ) as socket:
        part = token.split(".")[1]
        sub = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]
        channel = f"/{live['namespace']}/{sub}"
        socket.send(json.dumps({"type": "subscribe", "id": "own", "channel": channel, "authorization": authorization}))
        assert json.loads(socket.recv(timeout=PATIENCE_S)) == {"type": "subscribe_success", "id": "own"}
        yield socket


def _buckets(page: Page) -> list[str]:
    """Of the page's files."""
    resources = page.cloud.client("cloudformation").describe_stack_resources(StackName=PREFIX)["StackResources"]
    return [
        one["PhysicalResourceId"]
        for one in resources
        if one["ResourceType"] == "AWS::S3::Bucket" and one["PhysicalResourceId"] != page.outputs["Bucket"]
    ]
