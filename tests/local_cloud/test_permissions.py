"""IAM decides as on AWS: by action, resource and condition, for each service, and in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.permissions import conditions_met, evaluate, like
from tests.local_cloud.helpers import ClientError, put_function, run_machine, unique


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}


def deny(action: Any, resource: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Deny", "Action": action, "Resource": resource}}


@pytest.mark.parametrize(
    ("documents", "verdict"),
    [
        ([], "implicitDeny"),
        ([allow("s3:GetObject", "arn:aws:s3:::b/*")], "allowed"),
        ([allow(["S3:Get*"], ["arn:aws:s3:::b/in/?"])], "allowed"),
        ([allow("s3:*", "arn:aws:s3:::b")], "implicitDeny"),
        ([allow("s3:PutObject", "*")], "implicitDeny"),
        ([allow("*", "*"), deny("s3:*", "arn:aws:s3:::b/*")], "explicitDeny"),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], "allowed"),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}]}], "implicitDeny"),
        ([allow("*", "*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})], "implicitDeny"),
    ],
)
def test_policies_decide(documents: list[dict[str, Any]], verdict: str) -> None:
    assert evaluate(documents, "s3:GetObject", "arn:aws:s3:::b/in/a", {"aws:requestedregion": "us-east-1"}) == verdict


@pytest.mark.parametrize(
    ("resource", "tags", "verdict"),
    [
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", {"aws:principaltag/team": "in"}, "allowed"),
        ("arn:aws:s3:::b/${AWS:principaltag/Team}/*", {"aws:principaltag/team": "in"}, "allowed"),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", {"aws:principaltag/team": "out"}, "implicitDeny"),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", {}, "implicitDeny"),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'in'}/*", {}, "allowed"),
    ],
)
def test_variables_of_a_policy_have_the_values_of_the_session(
    resource: str, tags: dict[str, str], verdict: str
) -> None:
    assert evaluate([allow("s3:GetObject", resource)], "s3:GetObject", "arn:aws:s3:::b/in/a", tags) == verdict
    condition = {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}
    same = conditions_met(condition, {**tags, "aws:requesttag/team": tags.get("aws:principaltag/team", "in")})
    assert same is bool(tags)


@pytest.mark.parametrize(
    ("operator", "wanted", "have", "met"),
    [
        ("Bool", "false", True, False),
        ("Bool", False, False, True),
        ("StringLike", ["a*", "b*"], "bc", True),
        ("StringNotEquals", "a", None, True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("ArnLike", "arn:aws:s3:::*", "arn:aws:s3:::b", True),
        ("NumericLessThan", "10", 9, True),
        ("Null", "true", None, True),
        ("Null", True, "x", False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["a", "c"], True),
    ],
)
def test_conditions_are_met_or_not(operator: str, wanted: Any, have: Any, met: bool) -> None:
    assert conditions_met({operator: {"the:Key": wanted}}, {"the:key": have}) is met


def test_an_unknown_operator_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(NotImplementedError, match="IpAddress"):
        conditions_met({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.0.0.1"})


def test_brackets_of_a_pattern_are_letters() -> None:
    assert like("a[b]*", "a[b]c")
    assert not like("a[b]*", "abc")


@dataclass(frozen=True)
class World:
    """Something to ask for in each service."""

    bucket: str
    table: str
    function: str
    queue_url: str
    machine: str
    topic: str
    parameter: str


Ask = Callable[[Callable[[str], Any], World], Any]
ASKS: dict[str, tuple[str, Callable[[World], str], Ask]] = {
    "s3:GetObject": (
        "s3:GetObject",
        lambda world: f"arn:aws:s3:::{world.bucket}/in/*",
        lambda client, world: client("s3").get_object(Bucket=world.bucket, Key="in/a"),
    ),
    "s3:PutObject": (
        "s3:PutObject",
        lambda world: f"arn:aws:s3:::{world.bucket}/out/a",
        lambda client, world: client("s3").put_object(Bucket=world.bucket, Key="out/a", Body=b"x"),
    ),
    "s3:ListBucket": (
        "s3:ListBucket",
        lambda world: f"arn:aws:s3:::{world.bucket}",
        lambda client, world: client("s3").list_objects_v2(Bucket=world.bucket, Prefix="in/"),
    ),
    "dynamodb:PutItem": (
        "dynamodb:PutItem",
        lambda world: f"arn:aws:dynamodb:us-east-1:123456789012:table/{world.table}",
        lambda client, world: client("dynamodb").put_item(TableName=world.table, Item={"pk": {"S": "1"}}),
    ),
    "dynamodb:Query": (
        "dynamodb:Query",
        lambda world: f"arn:aws:dynamodb:us-east-1:123456789012:table/{world.table}",
        lambda client, world: client("dynamodb").query(
            TableName=world.table, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "1"}}
        ),
    ),
    "dynamodb:UpdateItem": (
        "dynamodb:UpdateItem",
        lambda world: f"arn:aws:dynamodb:us-east-1:123456789012:table/{world.table}",
        lambda client, world: client("dynamodb").transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": world.table,
                        "Key": {"pk": {"S": "1"}},
                        "UpdateExpression": "ADD n :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                }
            ]
        ),
    ),
    "lambda:InvokeFunction": (
        "lambda:InvokeFunction",
        lambda world: f"arn:aws:lambda:us-east-1:123456789012:function:{world.function}",
        lambda client, world: client("lambda").invoke(FunctionName=world.function, InvocationType="DryRun"),
    ),
    "sqs:SendMessage": (
        "sqs:SendMessage",
        lambda world: f"arn:aws:sqs:us-east-1:123456789012:{world.queue_url.rpartition('/')[2]}",
        lambda client, world: client("sqs").send_message(QueueUrl=world.queue_url, MessageBody="x"),
    ),
    "sns:Publish": (
        "sns:Publish",
        lambda world: world.topic,
        lambda client, world: client("sns").publish(TopicArn=world.topic, Message="x"),
    ),
    "states:StartExecution": (
        "states:StartExecution",
        lambda world: world.machine,
        lambda client, world: client("stepfunctions").start_execution(stateMachineArn=world.machine),
    ),
    "events:PutEvents": (
        "events:PutEvents",
        lambda _world: "arn:aws:events:us-east-1:123456789012:event-bus/default",
        lambda client, _world: client("events").put_events(
            Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "default"}]
        ),
    ),
    "ssm:GetParameter": (
        "ssm:GetParameter",
        lambda world: f"arn:aws:ssm:us-east-1:123456789012:parameter{world.parameter}",
        lambda client, world: client("ssm").get_parameter(Name=world.parameter),
    ),
    "logs:FilterLogEvents": (
        "logs:FilterLogEvents",
        lambda world: f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{world.function}:*",
        lambda client, world: client("logs").filter_log_events(logGroupName=f"/aws/lambda/{world.function}"),
    ),
}


@pytest.fixture(scope="module")
def world(running_cloud: LocalCloud) -> World:
    cloud = running_cloud
    bucket, table, parameter = unique("bucket"), unique("table"), f"/{unique('parameter')}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"x")
    cloud.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    function = put_function(cloud, "def handler(event, context): pass")
    cloud.client("logs").create_log_group(logGroupName=f"/aws/lambda/{function}")
    cloud.client("ssm").put_parameter(Name=parameter, Value="x", Type="String")
    role = cloud.put_role(unique("role"), "states.amazonaws.com", [])
    machine = cloud.client("stepfunctions").create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        roleArn=role,
    )
    return World(
        bucket,
        table,
        function,
        cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"],
        machine["stateMachineArn"],
        cloud.client("sns").create_topic(Name=unique("topic"))["TopicArn"],
        parameter,
    )


def client_of(cloud: LocalCloud, statements: list[dict[str, Any]]) -> Callable[[str], Any]:
    """Clients of a new role with these rights."""
    role = cloud.put_role(unique("role"), "lambda.amazonaws.com", statements)
    credentials = cloud.credentials_of(role)
    return lambda service: cloud.client(service, credentials)


@pytest.mark.parametrize("name", ASKS)
def test_the_exact_resource_is_enough_and_another_is_not(cloud: LocalCloud, world: World, name: str) -> None:
    action, resource, ask = ASKS[name]
    ask(client_of(cloud, [{"Effect": "Allow", "Action": action, "Resource": resource(world)}]), world)
    assert cloud.decisions()[-1].verdict == "allowed"
    for statements in (
        [],
        [{"Effect": "Allow", "Action": action, "Resource": resource(world).replace("/*", "").rstrip(":*") + "-other"}],
        [{"Effect": "Allow", "Action": f"{action}Not", "Resource": "*"}],
    ):
        with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError"):
            ask(client_of(cloud, statements), world)
        assert cloud.decisions()[-1].action == action


def test_the_refusal_names_who_what_and_where(cloud: LocalCloud, world: World) -> None:
    client = client_of(cloud, [])
    with pytest.raises(ClientError) as caught:
        client("dynamodb").put_item(TableName=world.table, Item={"pk": {"S": "1"}})
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "assumed-role/role-" in error["Message"]
    assert (
        f"dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/{world.table}" in error["Message"]
    )
    assert "no identity-based policy allows" in error["Message"]


def test_the_source_of_a_copy_must_be_readable(cloud: LocalCloud, world: World) -> None:
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{world.bucket}/copies/*"}
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.bucket}/in/a"}
    copy = {"Bucket": world.bucket, "Key": "copies/a", "CopySource": {"Bucket": world.bucket, "Key": "in/a"}}
    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(cloud, [put])("s3").copy_object(**copy)
    client_of(cloud, [put, read])("s3").copy_object(**copy)


def test_a_batch_of_deletes_needs_the_right_for_each_key(cloud: LocalCloud, world: World) -> None:
    rights = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{world.bucket}/old/*"}
    s3 = client_of(cloud, [rights])("s3")

    def delete(*keys: str) -> dict[str, Any]:
        answer: dict[str, Any] = s3.delete_objects(
            Bucket=world.bucket, Delete={"Objects": [{"Key": key} for key in keys]}
        )
        return answer

    assert "Errors" not in delete("old/1", "old/2")
    assert delete("old/1", "in/a")["Errors"][0]["Code"] == "AccessDenied"


def test_a_wrong_secret_key_is_refused(cloud: LocalCloud) -> None:
    import boto3

    who = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x", "region_name": cloud.region}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        boto3.client("sqs", endpoint_url=cloud.endpoint, **who).list_queues()


def test_a_role_that_trusts_another_service_is_not_taken_on(cloud: LocalCloud) -> None:
    role = cloud.put_role(unique("role"), "states.amazonaws.com", [])
    with pytest.raises(PermissionError, match=r"does not name lambda\.amazonaws\.com"):
        cloud.credentials_of(role)


def test_a_role_is_given_to_those_that_it_trusts_only(cloud: LocalCloud) -> None:
    sts, name = cloud.client("sts"), unique("role")
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{cloud.account}:role/nobody", RoleSessionName="session")
    role = cloud.put_role(name, "lambda.amazonaws.com", [])
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="session")
    root = {"AWS": f"arn:aws:iam::{cloud.account}:root"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}],
    }
    cloud.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]["SessionToken"]


def test_credentials_of_a_deleted_role_may_do_nothing(cloud: LocalCloud, world: World) -> None:
    name = unique("role")
    credentials = cloud.credentials_of(cloud.put_role(name, "lambda.amazonaws.com", []))
    cloud.client("iam").delete_role(RoleName=name)
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("sqs", credentials).send_message(QueueUrl=world.queue_url, MessageBody="x")


def test_a_function_has_the_rights_of_its_role(cloud: LocalCloud, world: World) -> None:
    source = f"import boto3\ndef handler(e, c): boto3.client('s3').get_object(Bucket='{world.bucket}', Key='in/a')"
    with_rights = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.bucket}/*"}
    client = cloud.client("lambda")
    assert "FunctionError" not in client.invoke(FunctionName=put_function(cloud, source, statements=[with_rights]))
    answer = client.invoke(FunctionName=put_function(cloud, source, statements=[]))
    assert "AccessDenied" in answer["Payload"].read().decode()


def test_a_state_machine_has_the_rights_of_its_role(cloud: LocalCloud, world: World) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": world.function},
        "End": True,
    }
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{world.function}"
    rights = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [arn, f"{arn}:*"]}
    assert run_machine(cloud, {"A": state}, statements=[rights])["status"] == "SUCCEEDED"
    denied = run_machine(cloud, {"A": state}, statements=[])
    assert denied["status"] == "FAILED"
    assert "not authorized to perform: lambda:InvokeFunction" in denied["cause"]


def test_a_bucket_policy_that_asks_for_tls_denies_nobody_here(cloud: LocalCloud, world: World) -> None:
    bucket = unique("tls")
    cloud.client("s3").create_bucket(Bucket=bucket)
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    cloud.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    cloud.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x")


def test_mail_needs_the_right_to_send_in_the_name_of_the_address(running_cloud: LocalCloud) -> None:
    cloud = running_cloud
    identity = f"arn:aws:ses:{cloud.region}:{cloud.account}:identity/sky@example.org"
    cloud.client("sesv2").create_email_identity(EmailIdentity="sky@example.org")
    condition = {"StringEquals": {"ses:FromAddress": "sky@example.org"}}
    sends = allow(["ses:SendEmail", "ses:SendRawEmail"], identity, Condition=condition)["Statement"]
    role = cloud.put_role(unique("mails"), "lambda.amazonaws.com", sends)
    only_simple = cloud.put_role(unique("mails"), "lambda.amazonaws.com", allow("ses:SendEmail", identity)["Statement"])

    def send(role: str, sender: str) -> None:
        cloud.client("sesv2", cloud.credentials_of(role)).send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": ["ada@example.org"]},
            Content={"Raw": {"Data": f"From: {sender}\r\nTo: ada@example.org\r\nSubject: s\r\n\r\nt".encode()}},
        )

    send(role, "sky@example.org")
    for denied, sender in ((role, "eve@example.org"), (only_simple, "sky@example.org")):
        with pytest.raises(ClientError, match="not authorized to perform: ses:Send"):
            send(denied, sender)


def test_a_secret_is_read_by_whom_its_whole_name_is_permitted(running_cloud: LocalCloud) -> None:
    cloud = running_cloud
    name = unique("secret")
    arn = cloud.client("secretsmanager").create_secret(Name=name, SecretString="hush")["ARN"]
    may = cloud.put_role(
        unique("reads"), "lambda.amazonaws.com", allow("secretsmanager:GetSecretValue", arn)["Statement"]
    )
    other = allow("secretsmanager:GetSecretValue", arn[:-7])["Statement"]
    may_not = cloud.put_role(unique("reads"), "lambda.amazonaws.com", other)
    client = cloud.client("secretsmanager", cloud.credentials_of(may))
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "hush"
    with pytest.raises(ClientError, match="not authorized to perform: secretsmanager:GetSecretValue"):
        cloud.client("secretsmanager", cloud.credentials_of(may_not)).get_secret_value(SecretId=arn)
