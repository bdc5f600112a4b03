"""What matters of the template: what is safe, what is kept, what it costs."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.errors import InvalidAnalysis, InvalidJob
from skyburst.homes.aws.looks import FUNCTION_S
from tests.conftest import need
from tests.deployed.world import context
from tests.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
VALIDATOR = Path(__file__).parent / "node_modules" / ".bin" / "asl-validator"
FREE_WHEN_IDLE = {
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::StepFunctions::StateMachine",
}
"""What of it is stored is paid for, and nothing else while no job runs."""

Template = dict[str, Any]
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def of(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Resources of a kind by logical id."""
    return {name: found for name, found in template["Resources"].items() if found["Type"] == kind}


def properties(template: Template, kind: str) -> list[dict[str, Any]]:
    return [found["Properties"] for found in of(template, kind).values()]


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name, found in of(template, kind).items():
            for statement in found["Properties"]["PolicyDocument"]["Statement"]:
                yield name, statement


def test_nothing_costs_money_while_no_job_runs(template: Template) -> None:
    assert {found["Type"] for found in template["Resources"].values()} <= FREE_WHEN_IDLE
    for table in properties(template, "AWS::DynamoDB::Table"):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
    for bucket in properties(template, "AWS::S3::Bucket"):
        assert "MetricsConfigurations" not in bucket
    for function in properties(template, "AWS::Lambda::Function"):
        assert "SnapStart" not in function
        assert "VpcConfig" not in function


def test_the_bucket_is_private_encrypted_and_takes_tls_only(template: Template) -> None:
    (bucket,) = properties(template, "AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {"DaysAfterInitiation": 7} in [rule.get("AbortIncompleteMultipartUpload") for rule in rules]
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"):
        (policy,) = properties(template, kind)
        assert denies_without_tls(policy)


def denies_without_tls(policy: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny" and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]
    )


def test_data_stays_when_the_stack_goes(template: Template) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
        for found in of(template, kind).values():
            assert found["DeletionPolicy"] == "Retain"
            assert found["UpdateReplacePolicy"] == "Retain"
    tables = properties(template, "AWS::DynamoDB::Table")
    assert all(table["SSESpecification"]["SSEEnabled"] for table in tables)
    recovered = sum("PointInTimeRecoverySpecification" in table for table in tables)
    assert recovered == 2, "jobs and budgets; rows of batches are made again by resuming a job"


@pytest.mark.parametrize(("chosen", "days"), [({}, 30), ({"log_days": "7"}, 7), ({"log_days": 3653}, 3653)])
def test_logs_are_kept_for_a_while(template_of: Callable[..., Template], chosen: dict[str, Any], days: int) -> None:
    groups = properties(template_of(**chosen), "AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups} == {days}
    writers = ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")
    assert len(groups) == sum(len(properties(template_of(**chosen), kind)) for kind in writers)


def test_events_are_tried_once_but_the_planners_and_what_fails_is_kept(template: Template) -> None:
    (queue,) = of(template, "AWS::SQS::Queue")
    settings = properties(template, "AWS::Lambda::EventInvokeConfig")
    functions = of(template, "AWS::Lambda::Function")
    names = {
        functions[setting["FunctionName"]["Ref"]]["Properties"]["FunctionName"]: setting["MaximumRetryAttempts"]
        for setting in settings
    }
    again = {name for name, retries in names.items() if retries}
    assert again == {"skyburst-plan", "skyburst-notify", "skyburst-retain"}
    assert {names[name] for name in again} == {2}
    for setting in settings:
        assert setting["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue, "Arn"]}


def test_the_planner_hears_of_executions_of_jobs_that_did_not_succeed(template: Template) -> None:
    rules = of(template, "AWS::Events::Rule")
    ((name, found),) = [one for one in rules.items() if "stateMachineArn" in json.dumps(one[1])]
    rule = found["Properties"]
    assert rule["EventPattern"]["detail-type"] == ["Step Functions Execution Status Change"]
    assert rule["EventPattern"]["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    (machine,) = rule["EventPattern"]["detail"]["stateMachineArn"]
    machines = of(template, "AWS::StepFunctions::StateMachine")
    assert machines[machine["Ref"]]["Properties"]["StateMachineName"] == "skyburst-jobs"
    (target,) = rule["Targets"]
    plan, _ = target["Arn"]["Fn::GetAtt"]
    assert of(template, "AWS::Lambda::Function")[plan]["Properties"]["FunctionName"] == "skyburst-plan"
    (queue,) = of(template, "AWS::SQS::Queue")
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [queue, "Arn"]}
    allowed = [json.dumps(permission["SourceArn"]) for permission in properties(template, "AWS::Lambda::Permission")]
    assert json.dumps({"Fn::GetAtt": [name, "Arn"]}) in allowed


def test_only_the_manager_may_call_itself_again_and_again(template: Template) -> None:
    allowing = {
        function["FunctionName"] for function in properties(template, "AWS::Lambda::Function")
        if function.get("RecursiveLoop") == "Allow"
    }  # fmt: skip
    assert allowing == {"skyburst-manager"}


def test_functions_are_traced_and_have_a_log_of_their_own(template: Template) -> None:
    functions = properties(template, "AWS::Lambda::Function")
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in functions)
    assert len({json.dumps(function["LoggingConfig"]) for function in functions}) == len(functions)


def test_wildcards_are_where_they_must_be(monitored: Template) -> None:
    for name, statement in statements(monitored):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert not any("*" in action for action in actions), name
        if statement["Effect"] == "Deny":
            continue
        for resource in map(json.dumps, resources):
            if resource == '"*"':
                assert all(re.match("xray:|logs:.*(Deliver|ResourcePolic|DescribeLogGroups)", one) for one in actions)
            elif "-*-worker-*" in resource:  # named one by one, fifty workers fill a policy
                assert actions == ["lambda:InvokeFunction"]
                assert ":function:skyburst-*-worker-*" in resource
            elif "*" in resource:
                assert {action.partition(":")[0] for action in actions} <= {"s3", "states"}, name


def test_an_analysis_may_write_what_its_blueprint_names_and_no_other_function_may(template: Template) -> None:
    (bucket,) = of(template, "AWS::S3::Bucket")
    wanted = {"Fn::Join": ["", [{"Fn::GetAtt": [bucket, "Arn"]}, "/libraries/*/index/*"]]}
    writing = [(name, one) for name, one in statements(template) if json.dumps(wanted) in json.dumps(one["Resource"])]
    write = ["s3:PutObject", "s3:AbortMultipartUpload"]
    assert [(name.partition("Policy")[0], one["Action"]) for name, one in writing] == [
        ("actingWorker0", write), ("actingCombiner", write), ("actingCombiner", "s3:DeleteObject"),
    ]  # fmt: skip


def test_what_runs_the_code_of_analyses_may_not_read_who_people_are_nor_specifications_of_others(
    template: Template,
) -> None:
    (bucket,) = of(template, "AWS::S3::Bucket")
    arn = {"Fn::GetAtt": [bucket, "Arn"]}
    private = [{"Fn::Join": ["", [arn, f"/{key}/*"]]} for key in ("people", "batches", "retention", "map-runs")]
    everything = {"Fn::Join": ["", [arn, "/*"]]}
    reading, kept_out = set(), set()
    for name, statement in statements(template):
        function = name.partition("Policy")[0]
        if statement["Effect"] == "Deny":
            assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", private)
            kept_out.add(function)
        elif "s3:GetObject" in _listed(statement["Action"]) and everything in _listed(statement["Resource"]):
            reading.add(function)
    assert {"actingWorker0", "actingCombiner", "probeCombiner"} <= kept_out
    assert reading - kept_out == {"EnginePlan", "ManyJobsPrepare"}


def test_policies_do_not_grow_with_the_number_of_workers(
    template: Template, template_of: Callable[..., Template]
) -> None:
    def longest(of_one: Template) -> int:
        managed = properties(of_one, "AWS::IAM::ManagedPolicy")
        return max(len(json.dumps(policy["PolicyDocument"])) for policy in managed)

    assert longest(template_of(lanes="9")) == longest(template)


def test_events_are_sent_in_the_name_of_skyburst_only(template: Template) -> None:
    telling = [statement for _, statement in statements(template) if statement["Action"] == "events:PutEvents"]
    assert len(telling) == 4
    for statement in telling:
        assert statement["Condition"] == {"ForAllValues:StringEquals": {"events:source": "skyburst"}}
        assert json.dumps(statement["Resource"]).endswith(':event-bus/default"]]}')


# What can be chosen


def test_what_is_chosen_is_in_the_template(monitored: Template) -> None:
    functions = {function["FunctionName"]: function for function in properties(monitored, "AWS::Lambda::Function")}
    reserved = {name: function.get("ReservedConcurrentExecutions") for name, function in functions.items()}
    assert {name: number for name, number in reserved.items() if number} == {
        "skyburst-acting-worker-0": 100, "skyburst-plan": 5, "skyburst-watch": 5, "skyburst-manager": 5,
    }  # fmt: skip
    disks = {name: function.get("EphemeralStorage", {}).get("Size") for name, function in functions.items()}
    assert {name for name, size in disks.items() if size == 600} == {
        "skyburst-acting-worker-0",
        "skyburst-acting-combiner",
    }
    assert functions["skyburst-watch"]["Environment"]["Variables"]["SKYBURST_BATCH_EVENTS"] == "none"
    (bucket,) = properties(monitored, "AWS::S3::Bucket")
    assert {"skyburst": "skyburst", "team": "imaging", "grant": "42"}.items() <= {
        tag["Key"]: tag["Value"] for tag in bucket["Tags"]
    }.items()
    assert ":s3:::images/*" in json.dumps(monitored)
    decrypting = [statement for _, statement in statements(monitored) if statement["Action"] == "kms:Decrypt"]
    assert [statement["Resource"] for statement in decrypting] == [KEY] * 6, (
        "two workers and combiners, planner, preparer"
    )


def test_every_deployment_has_what_the_doctor_runs(template: Template, monitored: Template) -> None:
    functions = {function["FunctionName"]: function for function in properties(monitored, "AWS::Lambda::Function")}
    assert {"skyburst-probe-worker-0", "skyburst-probe-combiner"} < set(functions)
    assert "ReservedConcurrentExecutions" not in functions["skyburst-probe-worker-0"]
    assert len(functions["skyburst-probe-worker-0"]["Environment"]["Variables"]["SKYBURST_CODE"]) == 64
    assert "probe" not in json.dumps(properties(monitored, "AWS::CloudWatch::Dashboard"))
    assert template["Outputs"]["Version"]["Value"] == skyburst.__version__


@pytest.mark.parametrize("name", ["probe", "burst-compute"])
def test_a_name_that_is_taken_is_refused(name: str, tmp_path: Path) -> None:
    from cdk_app.app import make_app

    acting = REPOSITORY / "tests" / "deployed" / "acting"
    shutil.copytree(acting, tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    blueprint = (acting / "blueprint.toml").read_text().replace('name = "acting"', f'name = "{name}"')
    (tmp_path / "mine" / "blueprint.toml").write_text(blueprint)
    with pytest.raises(InvalidAnalysis, match=f"mine: what is deployed cannot be called '{name}'"):
        make_app(context(analyses=[str(tmp_path / "mine")]), str(tmp_path / "out"))


def test_alarms_go_to_whoever_is_named(monitored: Template) -> None:
    (topic,) = of(monitored, "AWS::SNS::Topic")
    (subscription,) = properties(monitored, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operator@example.org")
    (policy,) = properties(monitored, "AWS::SNS::TopicPolicy")
    assert denies_without_tls(policy)
    (let_in,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert (let_in["Action"], let_in["Principal"]) == ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert let_in["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    alarms = {alarm["AlarmName"]: alarm for alarm in properties(monitored, "AWS::CloudWatch::Alarm")}
    names = ("FailedJobs", "Throttles", "SlowDown", "Undelivered", "Waiting")
    assert set(alarms) == {f"skyburst-{name}" for name in names}
    watched = {
        name.removeprefix("skyburst-"): (alarm["Namespace"], alarm["MetricName"]) for name, alarm in alarms.items()
    }
    assert watched["Throttles"] == ("AWS/Lambda", "Throttles")
    assert watched["Waiting"] == ("AWS/Lambda", "AsyncEventAge")
    assert "`skyburst status JOB --on aws` says why" in alarms["skyburst-FailedJobs"]["AlarmDescription"]
    assert watched["Undelivered"] == ("AWS/SQS", "NumberOfMessagesSent"), "messages stay for two weeks, alarms need not"
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_the_dashboard_shows_what_is_asked_of_it(monitored: Template) -> None:
    (board,) = properties(monitored, "AWS::CloudWatch::Dashboard")
    body = json.dumps(board["DashboardBody"])
    for wanted in (
        "JobsFailed", "BatchesDone", "BatchesSentAgain", "ConcurrentExecutions", "ThrottledInvokes", "UnsentChildren",
        "Errors", "5xxErrors", "WriteThrottleEvents", "ApproximateNumberOfMessagesVisible", "JobSeconds",
    ):  # fmt: skip
        assert wanted in body, wanted


def test_the_bill_is_compared_with_a_budget_only_when_it_is_asked_for(template: Template, monitored: Template) -> None:
    assert not of(template, "AWS::Budgets::Budget")
    (budget,) = properties(monitored, "AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 500, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:skyburst$skyburst"]}
    told = [(entry["Notification"]["NotificationType"], entry["Notification"]["Threshold"]) for entry in
            budget["NotificationsWithSubscribers"]]  # fmt: skip
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert all(
        entry["Subscribers"][0]["Address"] == "payer@example.org" for entry in budget["NotificationsWithSubscribers"]
    )


def test_the_planner_alone_reserves_and_settles_so_that_no_code_of_analyses_writes_a_budget(template: Template) -> None:
    knowing = {
        entry["FunctionName"] for entry in properties(template, "AWS::Lambda::Function")
        if "SKYBURST_BUDGETS" in entry["Environment"]["Variables"]
    }  # fmt: skip
    assert knowing == {"skyburst-plan"}
    (table,) = [
        name for name, entry in of(template, "AWS::DynamoDB::Table").items()
        if entry["Properties"]["KeySchema"][0]["AttributeName"] == "id"
    ]  # fmt: skip
    may = [(name, statement) for name, statement in statements(template) if table in json.dumps(statement["Resource"])]
    assert {name.partition("Policy")[0] for name, _ in may} == {"EnginePlan"}
    actions = {action for _, statement in may for action in _listed(statement["Action"])}
    names = ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query")
    assert actions == {f"dynamodb:{name}" for name in names}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_alarms_alone_have_no_dashboard(template_of: Callable[..., Template]) -> None:
    template = template_of(monitoring="alarms")
    assert len(of(template, "AWS::CloudWatch::Alarm")) == 5
    assert not of(template, "AWS::CloudWatch::Dashboard")


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"monitoring": "some"}, "monitoring is 'some': expected one of none, alarms, full"),
        ({"budget_usd": "500"}, "budget_usd is given and budget_email is not"),
        (
            {"budget_usd": "a lot", "budget_email": "a@example.org"},
            "budget_usd is 'a lot': expected a whole number from 1",
        ),
        ({"monitoring": "none", "alarm_email": "a@example.org"}, "without alarms there is nothing to send"),
        ({"reserved_concurrency": "0"}, "reserved_concurrency is '0': expected a whole number from 1"),
        ({"lanes": "three"}, "lanes is 'three'"),
        ({"log_days": "31"}, "log_days is '31'"),
        ({"tags": "team"}, "tags is 'team': expected name=value"),
        ({"python": "3.10"}, "python is '3.10': expected one of 3.11, 3.12, 3.13, 3.14"),
        ({"architecture": "arm"}, "architecture is 'arm': expected one of arm64, x86_64"),
        ({"prefix": "a" * 33}, "32 at most: it starts the names of functions"),
        ({"prefix": "my lab"}, "prefix is 'my lab'"),
        ({"input_keys": "alias/images"}, "input_keys has 'alias/images': expected the ARN of a key"),
    ],
)
def test_what_cannot_be_chosen_is_refused(chosen: dict[str, str], told: str) -> None:
    from cdk_app.settings import settings_of

    with pytest.raises(InvalidJob, match=re.escape(told)):
        settings_of({**context(), **chosen})


@pytest.mark.parametrize(("python", "newest"), [("3.11", 26), ("3.12", 34), ("3.13", 34)])
def test_wheels_are_for_the_c_library_of_the_runtime(python: str, newest: int) -> None:
    from cdk_app.settings import settings_of

    machine = settings_of({**context(), "python": python, "c_library": None}).machine
    assert machine.c_library == newest


def test_the_longest_name_of_a_function_is_one_of_lambda() -> None:
    from cdk_app.settings import LONGEST_PREFIX
    from skyburst.homes.aws.deployed import function_name

    names = [function_name("p" * LONGEST_PREFIX, analysis, "worker", 999) for analysis in ("a" * 60, "a" * 59 + "b")]
    assert [len(name) for name in names] == [64, 64]
    assert len({*names}) == 2


# Others' rules


def test_a_finding_without_a_reason_ends_synth(tmp_path: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_sqs as sqs

    from cdk_app.app import make_app

    app = make_app(context(), str(tmp_path))
    stack = next(child for child in app.node.children if isinstance(child, cdk.Stack))
    sqs.Queue(stack, "Unsafe")
    with pytest.raises(RuntimeError, match="skyburst/Unsafe"):
        app.synth()


@pytest.mark.parametrize("more", [{}, {"monitoring": "full", "alarm_email": "operator@example.org"}])
def test_cfn_lint_finds_nothing(synth: Callable[..., Path], more: dict[str, Any]) -> None:
    # W3005: the CDK writes that a function depends on its role twice over, which does no harm.
    template = synth(**more) / "skyburst.template.json"
    command = [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", template]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.parametrize("path", sorted((REPOSITORY / "step_functions").glob("*.asl.json")), ids=lambda path: path.name)
def test_state_machines_are_valid(path: Path, tmp_path: Path) -> None:
    need(shutil.which("node") is not None, "there is no `node`")
    need(VALIDATOR.exists(), "asl-validator is not installed: `make test` does it")
    text = path.read_text(encoding="utf-8").replace("${Partition}", "aws")
    text = re.sub(r"\$\{\w+\}", "arn:aws:lambda:us-east-1:123456789012:function:any", text)
    filled = tmp_path / path.name
    filled.write_text(text, encoding="utf-8")
    ran = subprocess.run([VALIDATOR, "--json-path", filled], capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_validator_sees_a_state_that_is_not_there(tmp_path: Path) -> None:
    need(VALIDATOR.exists(), "asl-validator is not installed: `make test` does it")
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}), encoding="utf-8")
    assert subprocess.run([VALIDATOR, "--json-path", broken], capture_output=True, timeout=60).returncode != 0


# Bundles


def folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"}


def test_the_report_of_sizes_names_each_bundle_once(synth: Callable[..., Path], tmp_path: Path) -> None:
    from cdk_app.app import sizes_of
    from cdk_app.bundle import Machine

    for name, size in (("one", 1_000_000), ("two", 500_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_bytes(b"#" * size)
    bundles = {"worker-0": tmp_path / "one", "worker-1": tmp_path / "one", "manager": tmp_path / "two"}
    report = sizes_of(bundles, Machine("3.99", "arm64"))
    assert re.search(r"worker-0 +1\.0 MB  and 1 more\n", report)
    assert re.search(r"manager +0\.5 MB\n", report)
    assert "worker-1" not in report
    assert "Python 3.99" in report


def test_the_app_says_what_each_of_its_settings_means() -> None:
    import cdk_app.app
    from cdk_app.settings import NAMES

    told = set(re.findall(r"^    (\w+) +\S", cdk_app.app.__doc__ or "", re.MULTILINE))
    assert told == set(NAMES)


def test_bundles_have_no_code_that_nobody_imports(synth: Callable[..., Path]) -> None:
    from cdk_app.bundle import SERVICES, layer
    from cdk_app.settings import settings_of

    settings = settings_of(context())
    folder = layer(settings.machine, settings.cache) / "python"
    assert not (folder / "aws_lambda_powertools" / "event_handler").exists()
    assert folders(folder / "aws_lambda_powertools" / "utilities") == {"jmespath_utils"}
    assert folders(folder / "botocore" / "data") == SERVICES
    assert list(folder.glob("skyburst/homes/aws/__pycache__/manager.*.pyc")), "bytecode makes cold starts short"


def test_the_api_is_in_the_bundle_of_its_function_alone(synth: Callable[..., Path]) -> None:
    from cdk_app.bundle import Contents, bundle, layer
    from cdk_app.settings import settings_of

    settings = settings_of(context())
    shared = layer(settings.machine, settings.cache) / "python"
    for name in ("skyburst/web", "litestar", "mangum", "PIL"):
        assert not (shared / name).exists(), f"workers have {name}"
    api = bundle(Contents(documents={"registry.json": {}}, web=True), settings.machine, settings.cache)
    assert (api / "web" / "api" / "handler.py").is_file()
    assert not (api / "skyburst" / "local_cloud").exists()
    wanted = {"mangum", "skyburst.prices.current", "skyburst.homes.aws.home"}
    for path in (*(api / "skyburst" / "web").rglob("*.py"), api / "skyburst" / "prices" / "current.py"):
        if path.name != "local.py":
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            wanted |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
            wanted |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    # With what is there alone, without the packages of this machine; also what is imported where it is used.
    start = f"import importlib, sys; sys.path.insert(0, {str(api)!r})"
    code = f"{start}\nfor name in {sorted(wanted)!r}: importlib.import_module(name)"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_bundles_are_the_same_to_the_byte_wherever_they_are_made(tmp_path: Path) -> None:
    from cdk_app.bundle import layer
    from cdk_app.settings import settings_of

    settings = settings_of(context())
    layer(settings.machine, settings.cache)  # with the packages, whose versions and hashes are locked
    program = (
        "import sys\nfrom pathlib import Path\nfrom cdk_app.bundle import Contents, bundle, content_hash, layer\n"
        "from cdk_app.settings import settings_of\nfrom tests.deployed.world import context\n"
        "machine, cache, analysis = settings_of(context()).machine, Path(sys.argv[1]), Path(sys.argv[2])\n"
        "print(content_hash(layer(machine, cache)), content_hash(bundle(Contents(analysis), machine, cache)))\n"
    )
    made = set()
    for seed in ("1", "2"):
        shutil.copytree(REPOSITORY / "tests" / "deployed" / "acting", tmp_path / seed)
        with tempfile.TemporaryDirectory(dir=settings.cache) as cache:  # beside the packages, which are linked
            for packages in settings.cache.glob("packages-*/"):
                Path(cache, packages.name).symlink_to(packages.resolve())
            command = [sys.executable, "-c", program, cache, str(tmp_path / seed)]
            variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
            made.add(subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout)
    assert len(made) == 1, made


def test_two_analyses_of_one_code_have_one_bundle_and_functions_of_their_own(tmp_path: Path) -> None:
    from cdk_app.app import make_app

    acting = REPOSITORY / "tests" / "deployed" / "acting"
    shutil.copytree(acting, tmp_path / "acting", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "again").mkdir()
    blueprint = 'code = "../acting"\n' + (acting / "blueprint.toml").read_text().replace('"acting"', '"again"')
    (tmp_path / "again" / "blueprint.toml").write_text(blueprint)
    app = make_app(context(analyses=[str(tmp_path / name) for name in ("acting", "again")]), str(tmp_path / "out"))
    stack = next(child for child in app.node.children if child.node.id == "skyburst")
    for part in ("worker-0", "combiner"):
        folder = stack.bundles[f"skyburst-again-{part}"]
        assert folder == stack.bundles[f"skyburst-acting-{part}"]
        assert (folder / "analysis" / "worker.py").read_bytes() == (acting / "worker.py").read_bytes()
    references = {entry.name: entry.reference for entry in stack.analyses}
    assert {(one["location"], one["code"]) for one in references.values()} == {("analysis", "analysis")}
    assert references["again"]["digest"] != references["acting"]["digest"]


def test_the_watcher_may_run_for_as_long_as_it_thinks(template: Template) -> None:
    (watch,) = [
        each for each in properties(template, "AWS::Lambda::Function") if each["FunctionName"].endswith("-watch")
    ]
    assert watch["Timeout"] == FUNCTION_S
