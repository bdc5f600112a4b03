"""The API as API Gateway asks the function: users by claims, bytes by addresses, jobs by the planner. Over moto's server."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from skyburst.contracts.states import JobState
from tests.conftest import REPOSITORY, needed
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import REGION, Tables
from tests.web.buckets import web_table

ACCOUNT = "123456789012"
CLAIMS = {
    "sub": "11111111-2222-3333-4444-555555555555", "cognito:username": "ada", "token_use": "id", "aud": "client",
    "email": "ada@lab.edu", "email_verified": "true",
}  # fmt: skip
MONTE_CARLO = {"analysis": "monte-carlo", "parameters": {"blocks": 4, "points_per_block": 10}}


class Answer:
    """What API Gateway would send."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.status = told["statusCode"]
        self.headers = {name.lower(): value for name, value in (told.get("headers") or {}).items()}
        body = told.get("body") or ""
        self.content = base64.b64decode(body) if told.get("isBase64Encoded") else body.encode()

    def json(self) -> Any:
        return json.loads(self.content)


class Gateway:
    """Asks the function as API Gateway does, for somebody whose token it has checked."""

    def __init__(self, handler: Callable[[dict[str, Any], Any], dict[str, Any]]) -> None:
        self._handler = handler

    def ask(
        self, method: str, path: str, body: Any = None, *, who: str | None = "ada", groups: str | None = None,
        headers: dict[str, str] | None = None, claims: dict[str, Any] | None = None, **query: Any,
    ) -> Answer:  # fmt: skip
        told = claims if claims is not None else {**CLAIMS, "cognito:username": who, "sub": f"sub-of-{who}"}
        if groups:
            told["cognito:groups"] = groups
        data = b"" if body is None else json.dumps(body).encode()
        event = {
            "version": "2.0", "routeKey": "ANY /api/{proxy+}", "rawPath": path, "rawQueryString": urlencode(query, doseq=True),
            "headers": {"content-type": "application/json", "content-length": str(len(data)), "host": "x", **(headers or {})},
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1", "userAgent": "t"},
                "requestId": "r", "stage": "$default", "domainName": "x",
                **({"authorizer": {"jwt": {"claims": told, "scopes": None}}} if who else {}),
            },
            "body": base64.b64encode(data).decode(), "isBase64Encoded": True,
        }  # fmt: skip
        return Answer(self._handler(event, None))

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)


class World:
    """A deployment without functions but that of the API, and the planner's."""

    def __init__(self, deployed: Any, gateway: Gateway, registry: dict[str, Any], states: Any, machine: str) -> None:
        self.deployed, self.api, self.registry, self.states, self.machine = deployed, gateway, registry, states, machine
        self._over = threading.Event()

    def plan(self) -> None:
        """Do what the state machine has the planner do first, for each execution that is started."""
        from skyburst.homes.aws.planner import Planner

        planner, done = Planner(self.deployed, self.registry), set()
        while not self._over.is_set():
            for execution in self.states.list_executions(stateMachineArn=self.machine)["executions"]:
                if execution["name"] not in done:
                    done.add(execution["name"])
                    told = self.states.describe_execution(executionArn=execution["executionArn"])
                    planner.plan(json.loads(told["input"]), execution["name"])
            time.sleep(0.05)

    def end(self) -> None:
        self._over.set()

    def job(
        self, job_id: str, user: str | None, state: JobState = JobState.RUNNING,
        outcome: dict[str, Any] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        """A job of somebody."""
        job = a_job(job_id, batches=2, state=state, **({"user": user} if user else {}), **more)
        analysis = self.registry["monte-carlo"]["reference"]
        self.deployed.table.create_job(replace(job, analysis=analysis, runs=1, created_at=time.time(), outcome=outcome))


@pytest.fixture
def variables(dynamodb_tables: Tables, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Of the function."""
    needed("litestar")
    needed("mangum")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with web_table(dynamodb_tables.endpoint) as (_, table):
        yield {
            "SKYBURST_BUCKET": bucket.removeprefix("s3://"), "SKYBURST_BATCHES": dynamodb_tables.batches,
            "SKYBURST_JOBS": dynamodb_tables.jobs, "SKYBURST_PREFIX": "skyburst", "SKYBURST_WEB": table,
            "SKYBURST_EXECUTIONS": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:jobs-{uuid.uuid4().hex[:8]}:",
        }  # fmt: skip


@pytest.fixture
def event_loop() -> Iterator[None]:
    """The loop that Mangum runs in, which it would make and leave open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def make_world(variables: dict[str, str], event_loop: None) -> Iterator[Callable[..., World]]:
    import boto3
    from mangum import Mangum

    from skyburst.finding import find_analysis
    from skyburst.homes.aws.deployed import Deployed
    from skyburst.web.aws.answers import Answers
    from skyburst.web.aws.app import make_deployed_app
    from skyburst.web.aws.clients import signing_client

    names = ("monte-carlo", "word-statistics")
    registry = {name: {"reference": find_analysis(name).reference(), "lanes": 1} for name in names}
    states = boto3.client("stepfunctions", region_name=REGION)
    machine = variables["SKYBURST_EXECUTIONS"].split(":")[6]
    states.create_state_machine(
        name=machine, roleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}}',
    )  # fmt: skip
    worlds: list[World] = []
    threads: list[threading.Thread] = []

    def make(**more: str) -> World:
        environment = {**variables, **more}
        deployed = Deployed.from_environment(environment)
        app: Any = make_deployed_app(deployed, registry, environment)
        adapter, answers = Mangum(app, lifespan="off"), Answers(signing_client(), deployed.bucket)
        gateway = Gateway(lambda event, context: answers.fitting(event, adapter(event, context)))
        worlds.append(
            World(deployed, gateway, registry, states, f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}")
        )
        threads.append(threading.Thread(target=worlds[-1].plan, daemon=True))
        threads[-1].start()
        return worlds[-1]

    yield make
    for world, thread in zip(worlds, threads, strict=True):
        world.end()
        thread.join(20)
        world.deployed.table.close()
    states.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def refused(answer: Answer, status: int, code: str) -> str:
    problem = answer.json()
    assert (answer.status, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"].startswith("application/problem+json")
    detail: str = problem["detail"]
    return detail


def fetched(url: str, data: bytes | None = None, method: str = "GET") -> bytes:
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": ""} if data else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: bytes = answer.read()
    return found


def upload(api: Gateway, data: bytes, name: str, **fields: Any) -> dict[str, Any]:
    begun = api.ask("POST", "/api/uploads", {"name": name, "size": len(data), **fields}).json()
    for part in begun["parts"]:
        fetched(part["url"], data[part["offset"] : part["offset"] + part["size"]], "PUT")
    done = api.ask("POST", f"/api/uploads/{begun['id']}/complete")
    assert done.status == 200, done.content
    found: dict[str, Any] = done.json()
    return found


def text_field(world: World) -> str:
    """The parameter of the analysis `word-statistics` that names files."""
    schema = world.api.get("/api/analyses/word-statistics").json()["parameters"]["properties"]
    (field,) = [name for name, entry in schema.items() if entry.get("format") == "path"]
    return str(field)


def test_what_a_job_will_take_is_told_where_the_code_of_its_analysis_is_not(world: World) -> None:
    answer = world.api.ask("POST", "/api/estimates", {**MONTE_CARLO, "items": [1, 2, 3, 4]})
    assert answer.status == 200, answer.content
    estimate = answer.json()
    assert (estimate["items"], "no job of this analysis has come to its end yet" in estimate["basis"]) == (4, True)


def test_who_asks_is_who_signed_in(world: World) -> None:
    about = world.api.get("/api/about").json()
    assert (about["user"], about["home"], about["where"]) == ("ada", "aws", f"the deployment 'skyburst' in {REGION}")
    by_address = {**CLAIMS, "cognito:username": CLAIMS["sub"], "email": "Ada@Lab.edu"}
    assert world.api.get("/api/about", claims=by_address).json()["user"] == "ada@lab.edu"


@pytest.mark.parametrize(
    "claims",
    [{}, {**CLAIMS, "token_use": "access"}, {**CLAIMS, "cognito:username": "a/b"}],
    ids=["none", "access", "name"],
)
def test_who_is_not_signed_in_is_let_in_nowhere(world: World, claims: dict[str, Any]) -> None:
    for path in ("/api/about", "/api/jobs", "/api/jobs/x", "/api/uploads/x"):
        assert "sign in" in refused(world.api.get(path, claims=claims), 401, "not_authorized_exception")


def test_what_is_deployed_is_what_there_is(world: World) -> None:
    found = {entry["name"]: entry for entry in world.api.get("/api/analyses").json()}
    assert found.keys() == {"monte-carlo", "word-statistics"}
    assert "blocks" in world.api.get("/api/analyses/monte-carlo").json()["parameters"]["properties"]
    assert "deployed here are" in refused(world.api.get("/api/analyses/other"), 404, "analysis_not_found")


def test_a_job_is_started_once_for_its_user_and_planned(world: World) -> None:
    told = {"Idempotency-Key": "k"}
    first = world.api.ask("POST", "/api/jobs", {**MONTE_CARLO, "user": "bob", "group": "theirs"}, headers=told)
    assert first.status == 201, first.content
    job = first.json()
    assert (job["user"], job["state"] in ("PENDING", "RUNNING"), "group" in job["specification"]) == (
        "ada",
        True,
        False,
    )
    again = world.api.ask("POST", "/api/jobs", {**MONTE_CARLO, "user": "bob", "group": "theirs"}, headers=told).json()
    assert again["job_id"] == job["job_id"]
    theirs = world.api.ask("POST", "/api/jobs", MONTE_CARLO, who="bob", headers=told).json()
    assert theirs["job_id"] != job["job_id"], "keys of users are apart"


def test_what_is_wrong_with_a_job_is_named_and_nothing_starts(world: World) -> None:
    wrong = {"analysis": "monte-carlo", "parameters": {"blocks": 0}}
    assert "blocks" in refused(world.api.ask("POST", "/api/jobs", wrong), 400, "invalid_job")
    for name, status, code in (
        ("/etc", 400, "path_refused"), ("../x", 400, "path_refused"), ("no-such", 404, "analysis_not_found"),
    ):  # fmt: skip
        refused(world.api.ask("POST", "/api/jobs", {**MONTE_CARLO, "analysis": name}), status, code)
    assert world.api.get("/api/jobs").json()["jobs"] == []


def test_no_file_of_the_function_becomes_part_of_a_job(world: World) -> None:
    field = text_field(world)
    for path in ("/proc/self/environ", str(REPOSITORY), "environ"):
        given = {"analysis": "word-statistics", "parameters": {field: path}}
        assert world.api.ask("POST", "/api/jobs", given).status == 400, path
        listed = {**MONTE_CARLO, "items": {"manifest": path}}
        assert world.api.ask("POST", "/api/jobs", listed).status == 400, path
    assert [entry.key for entry in world.deployed.objects.list("uploads/")] == []


def test_an_uploaded_file_is_a_parameter_that_jobs_read_from_s3(world: World) -> None:
    done = upload(world.api, b"one two two", "words.txt")
    field = text_field(world)
    job = {"analysis": "word-statistics", "parameters": {field: f"upload:{done['id']}"}}
    started = world.api.ask("POST", "/api/jobs", job)
    assert started.status == 201, started.content
    location = started.json()["parameters"][field]
    assert location == f"{world.deployed.location}/uploads/web/{done['id']}/words.txt"
    theirs = world.api.ask("POST", "/api/jobs", job, who="bob")
    assert "no upload" in refused(theirs, 404, "upload_not_found")


def test_a_job_of_somebody_else_is_not_there_but_for_administrators(world: World) -> None:
    world.job("of-ada", "ada")
    world.job("of-nobody", None)
    for path in ("", "/results", "/certificate", "/cost", "/datasets", "/files/result.json"):
        refused(world.api.get(f"/api/jobs/of-ada{path}", who="bob"), 404, "job_not_found")
    assert world.api.get("/api/jobs", who="bob").json()["jobs"] == []
    assert [job["job_id"] for job in world.api.get("/api/jobs").json()["jobs"]] == ["of-ada"]
    for groups in ("[administrators]", "[readers administrators]"):
        seen = world.api.get("/api/jobs", who="root", groups=groups).json()["jobs"]
        assert {job["job_id"] for job in seen} == {"of-ada", "of-nobody"}
    assert world.api.get("/api/jobs", who="root", groups="[administrator readers]").json()["jobs"] == []


def test_of_the_jobs_of_a_deployment_those_of_who_asks_alone_are_read_page_by_page(
    world: World, dynamodb_tables: Tables
) -> None:
    for number in range(9):
        world.job(f"job-{number}", "ada" if number % 3 == 0 else "bob")
    world.deployed.table.note_users()  # as the function does that is called every day
    for number in range(9):  # what no request may read
        if number % 3 == 1:
            key = {"jobId": {"S": f"record#job-{number}"}}
            world.deployed.client("dynamodb").put_item(
                TableName=dynamodb_tables.jobs, Item={**key, "record": {"S": "damaged"}}
            )
    first = world.api.get("/api/jobs", limit=2).json()
    assert ([job["job_id"] for job in first["jobs"]], first["next"]) == (["job-6", "job-3"], "job-3")
    rest = world.api.get("/api/jobs", limit=2, after="job-3").json()
    assert ([job["job_id"] for job in rest["jobs"]], rest["next"]) == (["job-0"], None)
    assert [job["job_id"] for job in world.api.get("/api/jobs", name="B-6").json()["jobs"]] == ["job-6"]
    assert world.api.get("/api/jobs", state="FAILED").json()["jobs"] == []
    for foreign in ("job-2", "job-99"):
        assert "no such job in the list" in refused(world.api.get("/api/jobs", after=foreign), 400, "invalid_query")


def test_the_log_of_a_dataset_that_there_is_not_is_told_with_the_number_of_those_that_there_are(world: World) -> None:
    analysis = world.registry["monte-carlo"]["reference"]
    command = {**analysis, "blueprint": {**analysis["blueprint"], "command": ["true"]}}
    for name, plan in (("planned", {"items": 3, "batches": 3, "batch_size": 1}), ("not-yet", None)):
        job = replace(a_job(name, state=JobState.RUNNING, user="ada"), analysis=command, plan=plan)
        world.deployed.table.create_job(job)
    assert world.api.get("/api/jobs/planned/datasets/2/log").json() == []
    detail = refused(world.api.get("/api/jobs/planned/datasets/99/log"), 404, "dataset_not_found")
    assert detail == "job planned has no dataset 99: it has 3 datasets, with the numbers 0 to 2"
    assert "not listed" in refused(world.api.get("/api/jobs/not-yet/datasets/0/log"), 404, "dataset_not_found")


def test_a_job_that_the_planner_does_not_take_up_in_time_is_told_with_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyburst.web.aws.home import ServedHome

    world.job("failed", "ada", JobState.FAILED)
    resumed = world.api.ask("POST", "/api/jobs/failed/resume")
    assert (resumed.status, resumed.json()["runs"]) == (200, 2)
    world.job("stays", "ada", JobState.FAILED)
    world.end()  # nobody plans any more
    monkeypatch.setattr(ServedHome, "resumed_s", 0.5)
    detail = refused(world.api.ask("POST", "/api/jobs/stays/resume"), 500, "storage_error")
    assert detail.startswith("job stays is not taken up after 0.5 s by the execution stays-")
    assert detail.endswith("look at the job again in a while, and resume it once more if it is as it was")
    assert world.deployed.table.job("stays").state is JobState.FAILED


def test_an_upload_stays_for_a_job_that_is_started_with_it_and_not_planned_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyburst.web.aws.home import ServedHome

    done = upload(world.api, b"one two two", "words.txt")
    field = text_field(world)
    world.end()  # nobody plans
    monkeypatch.setattr(ServedHome, "planned_s", 0.5)
    job = {"analysis": "word-statistics", "parameters": {field: f"upload:{done['id']}"}}
    detail = refused(world.api.ask("POST", "/api/jobs", job), 500, "storage_error")
    assert "is not planned after" in detail
    (execution,) = world.states.list_executions(stateMachineArn=world.machine)["executions"]
    told = refused(world.api.ask("DELETE", f"/api/uploads/{done['id']}"), 409, "upload_in_use")
    assert told.startswith(f"job {execution['name']} needs upload {done['id']}, and is about to begin")
    assert world.api.get(f"/api/uploads/{done['id']}").status == 200
    world.states.stop_execution(executionArn=execution["executionArn"])
    assert world.api.ask("DELETE", f"/api/uploads/{done['id']}").status == 204
    assert world.api.get(f"/api/uploads/{done['id']}").status == 404


def test_an_upload_stays_until_a_job_that_was_planned_has_ended(world: World) -> None:
    done = upload(world.api, b"one two two", "words.txt")
    job = {"analysis": "word-statistics", "parameters": {text_field(world): f"upload:{done['id']}"}}
    started = world.api.ask("POST", "/api/jobs", job).json()["job_id"]
    told = refused(world.api.ask("DELETE", f"/api/uploads/{done['id']}"), 409, "upload_in_use")
    assert told == f"job {started} needs upload {done['id']}, and has not ended: cancel the job first"
    record = world.deployed.table.job(started)
    record.state = JobState.CANCELLED
    assert world.deployed.table.update_job(record)
    assert world.api.ask("DELETE", f"/api/uploads/{done['id']}").status == 204


def test_a_job_of_an_administrator_has_a_user_too(world: World) -> None:
    answer = world.api.ask("POST", "/api/jobs", MONTE_CARLO, who="root", groups="[administrators]")
    assert (answer.status, answer.json()["user"]) == (201, "root")
    mine = upload(world.api, b"x", "x.txt")
    assert world.api.get(f"/api/uploads/{mine['id']}", who="root", groups="[administrators]").status == 404


def test_events_are_told_once_and_who_listens_comes_again(world: World) -> None:
    world.job("running", "ada")
    # A function does not wait for the end of a job: of this one there is none.
    answer = world.api.get("/api/jobs/running/events")
    lines = answer.content.decode().splitlines()
    assert "retry: 5000" in lines
    assert "event: job" in lines
    assert json.loads(next(line for line in lines if line.startswith("data: "))[6:])["state"] == "RUNNING"


def test_a_result_that_is_too_large_for_the_function_is_had_from_the_bucket_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyburst.web.aws import home

    outcome = {"missing": [], "item_errors": [], "files": []}
    job = replace(
        a_job("large", batches=2, state=JobState.SUCCEEDED, user="ada"), outcome=outcome, runs=1, created_at=time.time(),
        analysis=world.registry["monte-carlo"]["reference"],
    )  # fmt: skip
    world.deployed.table.create_job(job)
    world.deployed.objects.put("jobs/large/result.json", b"[1, 2, 3]")
    assert world.api.get("/api/jobs/large/results").json()["entries"] == [1, 2, 3]
    monkeypatch.setattr(home, "MOST_PAGED", 8)
    answer = world.api.get("/api/jobs/large/results")
    assert (answer.status, answer.json()["code"]) == (400, "invalid_query")
    assert "has 9 bytes, and 8 at most are read in pages: download result.json" in answer.json()["detail"]


def test_files_of_jobs_are_had_from_the_bucket(world: World) -> None:
    name = "a folder/é b.csv"
    outcome = {"missing": [], "item_errors": [], "files": [name]}
    job = replace(
        a_job("done", batches=2, state=JobState.SUCCEEDED, user="ada"), outcome=outcome, runs=1, created_at=time.time(),
        analysis=world.registry["monte-carlo"]["reference"],
    )  # fmt: skip
    world.deployed.table.create_job(job)
    world.deployed.objects.put("jobs/done/result.json", b'{"rows": [1]}')
    world.deployed.objects.put(f"jobs/done/files/{name}", b"1,2\n")
    answer = world.api.get(f"/api/jobs/done/files/{name}")
    assert answer.status == 303, answer.content
    with urllib.request.urlopen(answer.headers["location"], timeout=30) as got:
        assert got.read() == b"1,2\n"
        assert got.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote('é b.csv')}"
        assert got.headers["Content-Type"] == "text/csv"
    assert fetched(world.api.get("/api/jobs/done/files/result.json").headers["location"]) == b'{"rows": [1]}'
    assert world.api.get("/api/jobs/done/results").json()["entries"] == [1]
    refused(world.api.get("/api/jobs/done/files/other"), 404, "object_not_found")


def test_an_answer_that_is_too_long_for_a_function_is_had_from_the_bucket(world: World) -> None:
    rows = [f"{number:06}" * 200 for number in range(1_000)]
    job = replace(
        a_job("long", batches=2, state=JobState.SUCCEEDED, user="ada"), runs=1, created_at=time.time(),
        outcome={"missing": [], "item_errors": [], "files": []}, analysis=world.registry["monte-carlo"]["reference"],
    )  # fmt: skip
    world.deployed.table.create_job(job)
    world.deployed.objects.put("jobs/long/result.json", json.dumps({"rows": rows}).encode())
    answer = world.api.get("/api/jobs/long/results", limit=1_000)
    assert answer.status == 303
    with urllib.request.urlopen(answer.headers["location"], timeout=30) as got:
        assert json.loads(got.read())["entries"] == rows
        assert got.headers["Content-Type"].startswith("application/json")
    small = world.api.get("/api/jobs/long/results", limit=10)
    assert (small.status, len(small.json()["entries"])) == (200, 10)


def test_answers_are_compressed_for_who_takes_that(world: World) -> None:
    import gzip

    answer = world.api.get("/api/analyses", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.content))) == 2


def test_limits_are_those_of_the_deployment(make_world: Callable[..., World]) -> None:
    world = make_world(SKYBURST_CONCURRENT_JOBS="1", SKYBURST_JOBS_PER_DAY="5", SKYBURST_UPLOAD_BYTES="1000")
    assert world.api.ask("POST", "/api/jobs", MONTE_CARLO).status == 201
    assert "1 may at once" in refused(world.api.ask("POST", "/api/jobs", MONTE_CARLO), 429, "too_many_jobs")
    limits = world.api.get("/api/about").json()["limits"]
    assert limits == {"jobs_per_day": 5, "jobs_today": 1, "concurrent": 1, "running": 1, "upload_bytes": 1000}
    big = world.api.ask("POST", "/api/uploads", {"name": "x", "size": 1001})
    assert "1,000 bytes" in refused(big, 400, "invalid_upload")


def test_the_group_of_a_job_is_that_of_the_profile_and_its_rights_hold(world: World) -> None:
    objects = world.deployed.objects
    objects.put("people/groups/imaging.toml", b'name = "imaging"\napproved = true\nanalyses = ["word-statistics"]\n')
    objects.put("people/users/ada.toml", b'name = "ada"\ngroup = "imaging"\napproved = true\n')
    said = world.api.ask("POST", "/api/jobs", {**MONTE_CARLO, "group": "other"})
    assert "may not run 'monte-carlo'" in refused(said, 403, "not_allowed")
    why = {one["name"]: one["refused"] for one in world.api.get("/api/analyses").json()}
    assert why["word-statistics"] is None
    assert "may not run 'monte-carlo': the operator allows it" in why["monte-carlo"]
    assert world.api.get("/api/analyses/monte-carlo").json()["refused"] == why["monte-carlo"]
    objects.put("people/groups/imaging.toml", b'name = "imaging"\napproved = true\nanalyses = "all"\n')
    job = world.api.ask("POST", "/api/jobs", {**MONTE_CARLO, "group": "other"})
    assert (job.status, job.json()["specification"]["group"]) == (201, "imaging")
    assert world.api.ask("POST", "/api/jobs", MONTE_CARLO, who="bob").status == 403, "no profile, no jobs"


def test_users_see_their_profile_and_a_damaged_one_lets_nobody_in(world: World) -> None:
    none = {"full_name": "", "email": None, "group": None, "approved": None, "notify": None, "administrator": False}
    assert world.api.get("/api/profile").json() == {"user": "ada", **none}
    objects = world.deployed.objects
    objects.put("people/groups/imaging.toml", b'name = "imaging"\napproved = true\nanalyses = "all"\n')
    written = b'name = "grace"\nfull_name = "Grace H"\nemail = "g@example.edu"\ngroup = "imaging"\napproved = true\n'
    objects.put("people/users/grace.toml", written)
    assert world.api.ask("GET", "/api/profile", who="grace").json() == {
        "user": "grace", "administrator": False, "full_name": "Grace H", "email": "g@example.edu", "group": "imaging",
        "approved": True, "notify": "never",
    }  # fmt: skip
    objects.put("people/users/bob.toml", b'name = "bob"\nzzz = 1\n')
    problem = world.api.ask("GET", "/api/profile", who="bob")
    assert (problem.status, "bob.toml" in problem.json()["detail"]) == (500, True)
    analyses = world.api.ask("GET", "/api/analyses", who="bob").json()
    assert {"bob.toml" in one["refused"] for one in analyses} == {True}


def test_the_function_that_tells_pages_knows_who_signed_in(world: World, variables: dict[str, str]) -> None:
    world.api.get("/api/about")
    item = world.deployed.client("dynamodb").get_item(
        TableName=variables["SKYBURST_WEB"], Key={"id": {"S": "user#ada"}}
    )
    assert item["Item"]["sub"] == {"S": "sub-of-ada"}


def test_a_variable_that_is_missing_is_named(variables: dict[str, str]) -> None:
    from skyburst.errors import InvalidJob
    from skyburst.homes.aws.deployed import Deployed
    from skyburst.web.aws.app import make_deployed_app

    with pytest.raises(InvalidJob, match="SKYBURST_WEB is not set"):
        make_deployed_app(Deployed.from_environment(variables), {}, {**variables, "SKYBURST_WEB": ""})


def test_a_job_whose_files_are_gone_is_shown_and_can_be_deleted(world: World) -> None:
    """As one whose deletion did not come to its end: files go first."""
    outcome = {"files": ["best.csv"], "summary": [], "counts": {}, "missing": [], "item_errors": []}
    world.job("job-1", "ada", JobState.SUCCEEDED, outcome=outcome)
    told = world.api.get("/api/jobs/job-1").json()
    assert (told["state"], told["has_result"]) == ("SUCCEEDED", False)
    for path in ("cost", "batches", "timeline", "datasets"):
        assert world.api.get(f"/api/jobs/job-1/{path}").status == 200, path
    for path, status in (("results", 409), ("certificate", 409), ("files/best.csv", 404), ("files/result.json", 409)):
        assert world.api.get(f"/api/jobs/job-1/{path}").status == status, path
    assert world.api.ask("DELETE", "/api/jobs/job-1").status == 204
    refused(world.api.get("/api/jobs/job-1"), 404, "job_not_found")
