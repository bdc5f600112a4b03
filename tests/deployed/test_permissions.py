"""Each role may do what it does and nothing else: the deployed template, run under its own roles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from skyburst.budgets.records import Account, Budget, Period, Scope
from skyburst.homes.aws.budgets_table import DynamoBudgets
from skyburst.local_cloud.permissions import as_list, like
from tests.deployed.world import World
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from skyburst.local_cloud.authorization import Decision

pytestmark = pytest.mark.slow

MANAGER, PLAN, WATCH = "guarded-manager", "guarded-plan", "guarded-watch"
WORKER, COMBINER = "guarded-acting-worker-0", "guarded-acting-combiner"
PROBES = "guarded-probe-combiner"
PREPARE, SUMMARY = "guarded-prepare", "guarded-summary"
FUNCTIONS = (MANAGER, PLAN, WATCH, WORKER, COMBINER, PREPARE, SUMMARY)
MANY = 1_010
"""Items: more than are kept with the job."""
BATCHES = 101
"""More than one manager's and one combiner's share; managers of the analysis `probe` start managers."""

NOT_MINE = "jobs/x/result.json"
"""What a worker tries to write."""

BY_LAMBDA = "Lambda does this itself in the name of the role, outside of any request that could be seen here"
NOT_FOUND = (
    "S3 answers 403 instead of 404 for objects that are not there to those who may not list; here it is 404 always"
)
FOLLOWS = "nothing follows the jobs of this deployment; those of tests/deployed/test_following.py are followed"
UNUSED = {
    ("*", "logs:CreateLogStream"): BY_LAMBDA,
    ("*", "logs:PutLogEvents"): BY_LAMBDA,
    ("*", "xray:PutTraceSegments"): BY_LAMBDA,
    ("*", "xray:PutTelemetryRecords"): BY_LAMBDA,
    ("*", "sqs:SendMessage"): BY_LAMBDA,
    ("*", "s3:AbortMultipartUpload"): "only after S3 refused a part ten times; without it that error would be hidden",
    (PLAN, "states:StartExecution"): FOLLOWS,
    (WATCH, "lambda:InvokeFunction"): FOLLOWS,
    (WATCH, "s3:ListBucket"): NOT_FOUND,
    (WORKER, "s3:ListBucket"): NOT_FOUND,
}
"""What is allowed and cannot be exercised here, and why it is allowed."""


@dataclass(frozen=True)
class Done:
    """What the jobs of this module left behind."""

    world: World
    ended: dict[str, dict[str, Any]]
    """Executions by name."""
    events: list[dict[str, Any]]
    decisions: list[Decision]
    """About their requests; what else tests try comes later."""


@pytest.fixture(scope="module")
def done(world: World) -> Done:
    """Run jobs that do everything that functions can do."""
    cloud, bucket = world.cloud, world.outputs["Bucket"]
    queue = world.listen()
    budgets = DynamoBudgets(cloud.client("dynamodb"), world.outputs["Budgets"])
    for group, micros in (("rich", 1_000_000_000), ("poor", 1)):
        budgets.set(Budget(Scope(group), Period.LIFETIME, micros))
    cloud.faults.kill_invocation(WORKER, 1, after_s=2.0)
    lost = world.start("lost", items=["wait once"])
    world.until(lambda: world.running("lost") == 1)
    jobs = {
        "lost": lost,
        "tree": world.start("tree", items=["raise", *range(MANY - 1)], batch_size=10),
        "small": world.start("small", items=["ok", "recover", "large", "medium", {"bucket": bucket, "key": NOT_MINE}]),
        "listed": world.start("listed", parameters={"count": 3, "index": f"s3://{bucket}/libraries/one/index"}),
        "failing": world.start("failing", items=["raise"]),
        "deep": world.start("deep", analysis="probe", items={"range": [0, BATCHES]}, parameters={"fails": [1]}),
        "paid": world.start("paid", items=["ok"], group="rich", keep={"results_days": 1}),
        "unpaid": world.start("unpaid", items=["ok"], group="poor"),
        "many": start_list(world, "many", {"items": ["ok"]}, {"items": ["ok"], "group": "poor"}),
    }  # fmt: skip
    ended = {name: cloud.wait_for_execution(arn, PATIENCE_S) for name, arn in jobs.items()}
    cancelled = world.start("cancelled", items=["wait", "wait"])
    world.until(lambda: world.running("cancelled") > 0)
    joined = world.start("joined", resume="cancelled")
    world.until(lambda: waits(world, joined))
    world.table.request_cancel("cancelled")
    ended["cancelled"] = cloud.wait_for_execution(cancelled, PATIENCE_S)
    ended["joined"] = cloud.wait_for_execution(joined, PATIENCE_S)
    stopped = world.start("stopped", items=["raise", "wait"])
    world.until(lambda: world.running("stopped") and world.table.batch("stopped", 0).failures)
    cloud.client("stepfunctions").stop_execution(executionArn=stopped, cause="no more money")
    world.table.request_cancel("stopped")  # here, unlike on AWS, an execution is stopped when its function has ended
    world.until(lambda: world.table.job("stopped").state.finished)
    ended["again"] = world.run("again", resume="tree")
    cloud.wait_for_events()
    return Done(world, ended, list(world.heard(queue)), list(cloud.decisions()))


def start_list(world: World, name: str, *jobs: dict[str, Any]) -> str:
    """Start an execution of many jobs, which are in a manifest; its ARN."""
    specifications = json.dumps([{"analysis": "acting", "batch_size": 1, **job} for job in jobs])
    bucket = world.outputs["Bucket"]
    world.cloud.client("s3").put_object(Bucket=bucket, Key=f"lists/{name}.json", Body=specifications.encode())
    given = {"manifest": f"s3://{bucket}/lists/{name}.json", "tolerated_failure_percent": 50}
    started = world.cloud.client("stepfunctions").start_execution(
        stateMachineArn=world.outputs["BatchMachine"], name=name, input=json.dumps(given)
    )
    return str(started["executionArn"])


def waits(world: World, execution: str) -> bool:
    """Whether an execution waits for another one's job."""
    events = world.cloud.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    return any(event["type"] == "WaitStateEntered" for event in events)


def test_the_jobs_end_as_they_should(done: Done) -> None:
    states = {
        name: done.world.table.job(name).state
        for name in ("lost", "tree", "small", "listed", "failing", "cancelled", "stopped", "deep", "paid")
    }
    assert states == {
        "lost": "SUCCEEDED", "tree": "PARTIAL", "small": "SUCCEEDED", "listed": "SUCCEEDED", "failing": "FAILED",
        "cancelled": "CANCELLED", "stopped": "CANCELLED", "deep": "SUCCEEDED", "paid": "SUCCEEDED",
    }  # fmt: skip
    assert done.ended["unpaid"]["error"] == "OverBudget"
    assert json.loads(done.ended["many"]["output"])["counts"] == {"SUCCEEDED": 1, "FAILED": 1}
    budgets = DynamoBudgets(done.world.cloud.client("dynamodb"), done.world.outputs["Budgets"])
    spent, reserved = budgets.account(Account(Scope("rich"), Period.LIFETIME, ""))
    assert spent > 0
    assert reserved == 0, "the planner has settled it before its execution ended"
    assert done.ended["again"]["status"] == "SUCCEEDED"
    assert done.world.result("tree")["count"] == MANY - 10
    assert done.world.result("listed")["count"] == 3
    assert done.world.table.job("tree").runs == 2


def test_an_execution_that_resumes_a_running_job_waits_for_it_and_ends_as_it_does(done: Done) -> None:
    first, second = done.ended["cancelled"], done.ended["joined"]
    assert (second["status"], second["error"]) == ("FAILED", "CANCELLED")
    assert second["cause"] == first["cause"]
    assert done.world.table.job("cancelled").runs == 1


def test_a_job_whose_execution_is_stopped_has_an_end_that_says_what_is_missing_and_is_told_once(done: Done) -> None:
    job = done.world.table.job("stopped")
    assert job.reason == "its execution ended: ABORTED: no more money"
    assert job.outcome["missing"][0][-1].startswith("ValueError: told to fail")
    told = [event["state"] for event in changes(done, "Skyburst Job State Change", "stopped")]
    assert told == ["PENDING", "RUNNING", "CANCELLED"]
    failing = [event["state"] for event in changes(done, "Skyburst Job State Change", "failing")]
    assert failing.count("FAILED") == 1, "the rule hears of its execution too, and leaves the job alone"


def test_a_function_that_tries_what_it_may_not_is_refused(done: Done) -> None:
    (answer,) = done.world.result("small")["all_refused"]
    assert "access is denied" in answer, answer


def test_an_analysis_writes_and_deletes_where_its_blueprint_says(done: Done) -> None:
    client, bucket = done.world.cloud.client("s3"), done.world.outputs["Bucket"]
    found = client.get_object(Bucket=bucket, Key="libraries/one/index/index")
    assert found["Body"].read() == b"part part part"
    listed = client.list_objects_v2(Bucket=bucket, Prefix="libraries/")["Contents"]
    assert [entry["Key"] for entry in listed] == ["libraries/one/index/index"]


def allowed(done: Done) -> Iterator[tuple[str, str, str]]:
    """Function, action and resource of everything that roles may do."""
    for function in FUNCTIONS:
        for statement in done.world.statements_of(done.world.role_of(function)):
            if statement["Effect"] == "Deny":
                continue
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield function, action, resource


def test_everything_that_is_allowed_is_used(done: Done) -> None:
    used: dict[str, set[tuple[str, str]]] = {}
    for decision in done.decisions:
        if decision.verdict == "allowed":
            used.setdefault(decision.principal.split("/")[1], set()).add((decision.action, decision.resource))
    roles = {function: done.world.role_of(function).rpartition("/")[2] for function in FUNCTIONS}
    unused = [
        (function, action, resource)
        for function, action, resource in allowed(done)
        if not any(like(action, one) and like(resource, on) for one, on in used.get(roles[function], ()))
    ]
    excused = {(function, action) for function, action, _ in unused} & {
        (function, action) for name, action in UNUSED for function in ((name,) if name != "*" else FUNCTIONS)
    }
    assert [entry for entry in unused if entry[:2] not in excused] == []
    claimed = {(function, action) for function, action in UNUSED if function != "*"}
    assert claimed <= excused, "these are used, and need no excuse"


def test_nothing_that_functions_did_was_refused_but_what_a_test_tried(done: Done) -> None:
    refused = {
        (one.action, one.resource) for one in done.decisions
        if one.verdict != "allowed" and "guarded" in one.principal
    }  # fmt: skip
    assert refused <= {("s3:PutObject", f"arn:aws:s3:::{done.world.outputs['Bucket']}/{NOT_MINE}")}


def test_no_statement_has_wildcards_where_it_need_not(done: Done) -> None:
    for _, action, resource in allowed(done):
        assert "*" not in action
        if resource == "*":
            assert action.startswith("xray:")
        elif action == "lambda:InvokeFunction" and "*" in resource:
            assert resource.endswith(":function:guarded-*-worker-*")
        elif "*" in resource:
            of_jobs = action == "states:DescribeExecution" and resource.endswith(":execution:guarded-jobs:*")
            assert of_jobs or action.startswith(("s3:", "logs:"))


Ask = Callable[[Callable[[str], Any], World], Any]
KEY = {"jobId": {"S": "small"}, "batchId": {"N": "0"}}
FORBIDDEN: dict[str, tuple[tuple[str, ...], Ask]] = {
    "remove a row": (
        FUNCTIONS,
        lambda client, world: client("dynamodb").delete_item(TableName=world.outputs["Batches"], Key=KEY),
    ),
    "scan rows": (FUNCTIONS, lambda client, world: client("dynamodb").scan(TableName=world.outputs["Batches"])),
    "scan jobs": (FUNCTIONS, lambda client, world: client("dynamodb").scan(TableName=world.outputs["Jobs"])),
    "write a job": (
        (MANAGER, WORKER, WATCH),
        lambda client, world: client("dynamodb").put_item(TableName=world.outputs["Jobs"], Item={"jobId": {"S": "x"}}),
    ),
    "write a result": (
        (MANAGER, WORKER),
        lambda client, world: client("s3").put_object(Bucket=world.outputs["Bucket"], Key="jobs/small/result.json", Body=b""),
    ),
    "write elsewhere": (
        FUNCTIONS,
        lambda client, world: client("s3").put_object(Bucket=world.outputs["Bucket"], Key="library/index.json", Body=b""),
    ),
    "write beside what the analysis writes": (
        FUNCTIONS,
        lambda client, world: client("s3").put_object(Bucket=world.outputs["Bucket"], Key="libraries/one/x", Body=b""),
    ),
    "write what the analysis writes": (
        (PLAN, WATCH, MANAGER, PROBES),
        lambda client, world: client("s3").put_object(Bucket=world.outputs["Bucket"], Key="libraries/one/index/x", Body=b""),
    ),
    "remove what the analysis writes": (
        (WORKER, PLAN, WATCH, MANAGER, PROBES),
        lambda client, world: client("s3").delete_object(Bucket=world.outputs["Bucket"], Key="libraries/one/index/index"),
    ),
    "remove beside what the analysis writes": (
        FUNCTIONS,
        lambda client, world: client("s3").delete_object(Bucket=world.outputs["Bucket"], Key="libraries/one/library.json"),
    ),
    "remove a result": (
        FUNCTIONS,
        lambda client, world: client("s3").delete_object(Bucket=world.outputs["Bucket"], Key="jobs/small/result.json"),
    ),
    "read who people are": (
        (MANAGER, WATCH, WORKER, COMBINER, PROBES),
        lambda client, world: client("s3").get_object(Bucket=world.outputs["Bucket"], Key="people/users/ada.toml"),
    ),
    "read the jobs of a list": (
        (MANAGER, WATCH, WORKER, COMBINER, PROBES),
        lambda client, world: client("s3").get_object(Bucket=world.outputs["Bucket"], Key="batches/many/manifest.json"),
    ),
    "spend of a budget": (
        (MANAGER, WATCH, WORKER, COMBINER, PROBES),
        lambda client, world: client("dynamodb").put_item(TableName=world.outputs["Budgets"], Item={"id": {"S": "x"}}),
    ),
    "read another bucket": (FUNCTIONS, lambda client, world: client("s3").get_object(Bucket="another", Key="a")),
    "invoke a worker": (
        (PLAN, WORKER, COMBINER),
        lambda client, world: client("lambda").invoke(FunctionName=WORKER, InvocationType="DryRun"),
    ),
    "invoke a manager": (
        (PLAN, WORKER, COMBINER),
        lambda client, world: client("lambda").invoke(FunctionName=MANAGER, InvocationType="DryRun"),
    ),
    "change a function": (FUNCTIONS, lambda client, world: client("lambda").delete_function(FunctionName=WORKER)),
    "start a job": (  # as the planner does, for what follows a job
        (MANAGER, WATCH, WORKER, COMBINER),
        lambda client, world: client("stepfunctions").start_execution(stateMachineArn=world.outputs["JobMachine"], input="{}"),
    ),
    "tell of changes": (
        (WORKER, MANAGER),
        lambda client, world: put_event(client, "skyburst"),
    ),
    "tell in another's name": (FUNCTIONS, lambda client, world: put_event(client, "aws.s3")),
}  # fmt: skip


def put_event(client: Callable[[str], Any], source: str) -> Any:
    return client("events").put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])


@pytest.mark.parametrize("what", FORBIDDEN)
def test_roles_are_refused_what_they_never_do(done: Done, what: str) -> None:
    cloud = done.world.cloud
    if what == "read another bucket" and not any(
        b["Name"] == "another" for b in cloud.client("s3").list_buckets()["Buckets"]
    ):
        cloud.client("s3").create_bucket(Bucket="another")
        cloud.client("s3").put_object(Bucket="another", Key="a", Body=b"")
    functions, ask = FORBIDDEN[what]
    for function in functions:
        credentials = cloud.credentials_of(done.world.role_of(function))
        with pytest.raises(ClientError, match="AccessDenied"):
            ask(lambda service, credentials=credentials: cloud.client(service, credentials), done.world)


def test_where_there_are_profiles_the_planner_asks_them_under_its_own_role(done: Done) -> None:
    world, client = done.world, done.world.cloud.client("s3")
    at = {"Bucket": world.outputs["Bucket"], "Key": "people/groups/lab.toml"}
    client.put_object(**at, Body=b'name = "lab"\napproved = true\nanalyses = ["acting"]\n')
    try:
        stranger = world.run("stranger", items=["ok"])
        assert stranger["error"] == "NotAllowed"
        assert "the job says neither whose it is nor for which group" in stranger["cause"]
        assert world.run("member", items=["ok"], group="lab")["status"] == "SUCCEEDED"
    finally:
        client.delete_object(**at)
    assert world.run("anybody", items=["ok"])["status"] == "SUCCEEDED"


def test_the_state_machine_may_call_its_functions_and_nothing_else(done: Done) -> None:
    machine = done.world.cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=done.world.outputs["JobMachine"]
    )
    invoked = [
        resource
        for statement in done.world.statements_of(machine["roleArn"])
        if "lambda:InvokeFunction" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert sorted(arn.rpartition(":")[2] for arn in invoked) == sorted((PLAN, WATCH, COMBINER, PROBES))
    used = {
        decision.resource
        for decision in done.decisions
        if decision.action == "lambda:InvokeFunction" and machine["roleArn"].rpartition("/")[2] in decision.principal
    }
    assert used == set(invoked)


# Events, of the same jobs


def changes(done: Done, kind: str, job: str) -> list[dict[str, Any]]:
    return [event["detail"] for event in done.events if event["detail-type"] == kind and event["detail"]["job"] == job]


def test_each_change_of_a_job_is_told_in_order(done: Done) -> None:
    kind = "Skyburst Job State Change"
    assert [event["state"] for event in changes(done, kind, "small")] == [
        "PENDING",
        "RUNNING",
        "COMBINING",
        "SUCCEEDED",
    ]
    assert [event["state"] for event in changes(done, kind, "cancelled")] == ["PENDING", "RUNNING", "CANCELLED"]
    tree = changes(done, kind, "tree")
    assert [(event["run"], event["state"]) for event in tree] == [
        (0, "PENDING"), (1, "RUNNING"), (1, "COMBINING"), (1, "PARTIAL"),
        (1, "PENDING"), (2, "RUNNING"), (2, "COMBINING"), (2, "PARTIAL"),
    ]  # fmt: skip
    assert (tree[-1]["batches"], tree[-1]["done"], tree[-1]["failed"]) == (BATCHES, BATCHES - 1, 1)
    assert tree[-1]["result"] == f"s3://{done.world.outputs['Bucket']}/jobs/tree/result.json"


def test_the_last_state_of_each_batch_is_told(done: Done) -> None:
    told = changes(done, "Skyburst Batch State Change", "tree")
    last = {event["batch"]: event for event in told}
    assert len(last) == BATCHES
    assert last[0]["state"] == "FAILED"
    assert last[0]["reason"] == "ValueError: told to fail (attempt 4)"
    assert {event["state"] for batch, event in last.items() if batch} == {"DONE"}
    lost = [event["state"] for event in changes(done, "Skyburst Batch State Change", "lost")]
    assert "LOST" in lost
    assert lost[-1] == "DONE"


def test_metrics_are_lines_of_the_log(done: Done) -> None:
    lines = [json.loads(line) for line in done.world.cloud.logs_of(COMBINER) if '"_aws"' in line]
    ends = [line for line in lines if "JobsPartial" in line and "analysis" in line]
    assert ends[0]["deployment"] == "guarded"
    assert ends[0]["analysis"] == "acting"
    assert ends[0]["BatchesDone"] == [BATCHES - 1]
    attempts = [json.loads(line) for line in done.world.cloud.logs_of(WORKER) if '"AttemptsFailed"' in line]
    assert len(attempts) >= 6


def test_each_line_of_a_log_says_what_it_is_about(done: Done) -> None:
    lines = [json.loads(line) for line in done.world.cloud.logs_of(WORKER) if '"message":"done"' in line]
    assert lines
    for line in lines:
        assert {"job", "run", "batch", "tree_level", "lane"} <= set(line)
