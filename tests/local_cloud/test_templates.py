"""Templates: everything in them is made, changed and deleted as on AWS, and nothing in them is ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyburst.errors import DeployFailed, Invalid, InvalidTemplate
from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.deploy import Deployed
from skyburst.local_cloud.templates.expressions import Scope, evaluate, references
from skyburst.local_cloud.templates.stacks import in_order
from tests.local_cloud.helpers import ClientError, invoke, unique, zip_of
from tests.waiting import eventually

Deploy = Callable[..., Deployed]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
STATES_ROLE = json.loads(json.dumps(ROLE).replace("lambda.amazonaws.com", "states.amazonaws.com"))


@pytest.fixture
def stack() -> str:
    return unique("stack")


@pytest.fixture
def deploy(cloud: LocalCloud, tmp_path: Path, stack: str) -> Deploy:
    """Deploys resources as one stack, from an assembly as CDK writes it."""

    def deploy_resources(
        resources: dict[str, Any], parameters: dict[str, str] | None = None, **sections: Any
    ) -> Deployed:
        template = {"Resources": resources, **sections}
        (tmp_path / "template.json").write_text(json.dumps(template), encoding="utf-8")
        artifact = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": "template.json", "stackTemplateAssetObjectUrl": "s3://templates/one.json"},
        }
        manifest = {"artifacts": {stack: artifact}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return cloud.deploy(tmp_path, stack, parameters)

    return deploy_resources


def att(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def function(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": att("Role", "Arn"),
            "Code": {"ZipFile": "import os\ndef handler(event, context): return os.environ.get('X')"},
            **properties,
        },
    }


def test_an_unsupported_type_is_refused_by_its_name_and_nothing_is_made(
    cloud: LocalCloud, deploy: Deploy, stack: str
) -> None:
    topic = unique("topic")
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": topic}},
        "Url": {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "AWS_IAM", "TargetFunctionArn": "x"}},
        "Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": {"IsLogging": True, "S3BucketName": "x"}},
    }
    with pytest.raises(DeployFailed, match="type AWS::Lambda::Url of Url, the type AWS::CloudTrail::Trail"):
        deploy(resources)
    topics = [one["TopicArn"] for one in cloud.client("sns").list_topics()["Topics"]]
    assert not [one for one in topics if one.endswith(topic)]
    with pytest.raises(ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName=stack)


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ({"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}, "property Colour of It"),
        ({"Type": "AWS::SNS::Topic", "CreationPolicy": {}}, "CreationPolicy of It"),
        (
            {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Dimensions": [{"Name": "a", "Valeu": "b"}]}},
            "Valeu of /Dimensions",
        ),
        (
            {
                "Type": "AWS::S3::Bucket",
                "Properties": {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpireInDays": 1}]}},
            },
            "ExpireInDays",
        ),
        ({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Cidr": []}}}, "Fn::Cidr"),
        ({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nobody"}}}, "'Nobody'"),
    ],
)
def test_what_is_not_known_is_named(deploy: Deploy, resource: dict[str, Any], named: str) -> None:
    with pytest.raises(DeployFailed, match=named):
        deploy({"It": resource})


def test_what_was_made_is_deleted_when_the_rest_fails(cloud: LocalCloud, deploy: Deploy) -> None:
    topic = unique("topic")
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": topic}},
        "Bad": {"Type": "AWS::SSM::Parameter", "DependsOn": "Topic", "Properties": {"Type": "No", "Value": "x"}},
    }
    with pytest.raises(DeployFailed, match="AWS::SSM::Parameter Bad"):
        deploy(resources)
    assert not [one for one in cloud.client("sns").list_topics()["Topics"] if one["TopicArn"].endswith(topic)]
    del resources["Bad"]
    assert deploy(resources).resources["Topic"].endswith(topic)


def test_a_function_gets_all_its_properties(cloud: LocalCloud, deploy: Deploy) -> None:
    client = cloud.client("lambda")
    zips = unique("zips")
    cloud.client("s3").create_bucket(Bucket=zips)
    for name, text in (("layer.zip", "VALUE = 7"), ("code.zip", "")):
        files = (
            {"python/of_layer.py": text}
            if text
            else {"app.py": "import of_layer\ndef main(e, c): return of_layer.VALUE"}
        )
        cloud.client("s3").put_object(Bucket=zips, Key=name, Body=zip_of(files))
    group = f"/{unique('group')}"
    resources = {
        "Role": ROLE,
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group, "RetentionInDays": 7}},
        "Layer": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"Content": {"S3Bucket": zips, "S3Key": "layer.zip"}},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 5}},
        "One": function(
            Code={"S3Bucket": zips, "S3Key": "code.zip"},
            Handler="app.main",
            Layers=[{"Ref": "Layer"}],
            MemorySize=512,
            Timeout=9,
            Architectures=["arm64"],
            EphemeralStorage={"Size": 1024},
            TracingConfig={"Mode": "Active"},
            ReservedConcurrentExecutions=3,
            LoggingConfig={"LogGroup": {"Ref": "Group"}},
            Environment={"Variables": {"QUEUE": {"Ref": "Queue"}}},
            RecursiveLoop="Allow",
            Tags=[{"Key": "a", "Value": "b"}],
        ),
        "Policy": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "One"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 1,
                "MaximumEventAgeInSeconds": 60,
                "DestinationConfig": {"OnFailure": {"Destination": att("Queue", "Arn")}},
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "One"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "One"},
                "Name": "live",
                "FunctionVersion": att("Version", "Version"),
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": att("One", "Arn"),
                "Principal": "events.amazonaws.com",
            },
        },
    }
    name = deploy(resources).resources["One"]
    found = client.get_function(FunctionName=name)
    is_ = found["Configuration"]
    assert (is_["MemorySize"], is_["Timeout"], is_["Architectures"]) == (512, 9, ["arm64"])
    assert is_["EphemeralStorage"] == {"Size": 1024}
    assert is_["TracingConfig"] == {"Mode": "Active"}
    assert is_["Environment"]["Variables"]["QUEUE"].startswith("http")
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert found["Tags"]["a"] == "b"
    assert invoke(cloud, name) == (None, 7)
    assert invoke(cloud, name, Qualifier="live") == (None, 7)
    groups = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    assert any("REPORT" in one["message"] for one in groups)
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1


def test_a_function_that_may_call_itself_is_not_stopped(cloud: LocalCloud, deploy: Deploy) -> None:
    source = """
import boto3, json
def handler(event, context):
    if event["left"]:
        boto3.client("lambda").invoke(FunctionName=context.function_name, InvocationType="Event",
                                      Payload=json.dumps({"left": event["left"] - 1}))
"""
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::Sub": "${One.Arn}"}}
    rights = {
        "PolicyName": "self",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "Roles": [{"Ref": "Role"}],
    }
    resources = {
        "Role": ROLE,
        "One": function(Code={"ZipFile": source}, RecursiveLoop="Allow", Timeout=10, MemorySize=256),
        "Rights": {"Type": "AWS::IAM::Policy", "Properties": rights},
    }
    name = deploy(resources).resources["One"]
    assert invoke(cloud, name, {"left": 20}) == (None, None)
    eventually(lambda: cloud.counts[name] == 21)


def test_tables_get_expiry_and_backups(cloud: LocalCloud, deploy: Deploy) -> None:
    properties = {
        "KeySchema": [{"AttributeName": "jobId", "KeyType": "HASH"}, {"AttributeName": "batchId", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "jobId", "AttributeType": "S"},
            {"AttributeName": "batchId", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }
    backups = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    deployed = deploy(
        {
            "One": {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **backups}},
            "Two": {
                "Type": "AWS::DynamoDB::GlobalTable",
                "Properties": {**properties, "Replicas": [{"Region": "us-east-1", **backups}]},
            },
        }
    )
    client = cloud.client("dynamodb")
    for name in deployed.resources.values():
        assert client.describe_table(TableName=name)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
        described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_buckets_get_all_their_properties(cloud: LocalCloud, deploy: Deploy) -> None:
    blocked = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    rules = [
        {
            "Id": "old",
            "Status": "Enabled",
            "Prefix": "tmp/",
            "ExpirationInDays": 3,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
        }
    ]
    encryption = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    properties = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": blocked,
        "LifecycleConfiguration": {"Rules": rules},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": encryption},
        "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]},
    }
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${It.Arn}/*"}}
    policy = {"Bucket": {"Ref": "It"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    deployed = deploy(
        {
            "It": {"Type": "AWS::S3::Bucket", "Properties": properties},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
        }
    )
    s3, name = cloud.client("s3"), deployed.resources["It"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == blocked
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (rule["ID"], rule["Expiration"]["Days"]) == ("old", 3)
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 2
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["MaxAgeSeconds"] == 60
    assert f"{name}/*" in s3.get_bucket_policy(Bucket=name)["Policy"]


def test_state_machines_get_substitutions_kinds_and_logs(cloud: LocalCloud, deploy: Deploy) -> None:
    definitions = unique("definitions")
    cloud.client("s3").create_bucket(Bucket=definitions)
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Word}", "End": true}}}'
    cloud.client("s3").put_object(Bucket=definitions, Key="a.asl.json", Body=text)
    log = {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": att("Group", "Arn")}}]}
    common = {"RoleArn": att("Role", "Arn"), "DefinitionSubstitutions": {"Word": {"Ref": "AWS::StackName"}}}
    deployed = deploy(
        {
            "Role": STATES_ROLE,
            "Group": {"Type": "AWS::Logs::LogGroup"},
            "One": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {**common, "DefinitionS3Location": {"Bucket": definitions, "Key": "a.asl.json"}},
            },
            "Two": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    **common,
                    "DefinitionString": text,
                    "StateMachineType": "EXPRESS",
                    "LoggingConfiguration": log,
                    "TracingConfiguration": {"Enabled": True},
                },
            },
        }
    )
    states = cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=deployed.resources["One"])
    assert cloud.wait_for_execution(execution["executionArn"])["output"] == json.dumps(deployed.name)
    two = states.describe_state_machine(stateMachineArn=deployed.resources["Two"])
    assert two["type"] == "EXPRESS"
    assert two["loggingConfiguration"]["level"] == "ALL"
    assert two["tracingConfiguration"]["enabled"] is True


def test_the_rest_of_what_a_serverless_stack_has(cloud: LocalCloud, deploy: Deploy) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Principal": "*"}
    allows = {"Version": "2012-10-17", "Statement": [statement]}
    sending = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": att("Queue", "Arn")}
    managed = {"Version": "2012-10-17", "Statement": [sending]}
    redrive = {"deadLetterTargetArn": att("Dead", "Arn"), "maxReceiveCount": 3}
    resources = {
        "Role": {
            **ROLE,
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": [
                    {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
                ],
                "Policies": [{"PolicyName": "own", "PolicyDocument": managed}],
            },
        },
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": managed, "Roles": [{"Ref": "Role"}]},
        },
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": redrive}},
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": allows},
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "d"}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": att("Queue", "Arn")},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["skyburst"]},
                "State": "ENABLED",
                "Tags": [{"Key": "grant", "Value": "42"}],
                "Targets": [{"Arn": att("Queue", "Arn"), "Id": "queue"}],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "MetricName": "Errors",
                "Namespace": "AWS/Lambda",
                "Period": 60,
                "Statistic": "Sum",
                "AlarmActions": [{"Ref": "Topic"}],
            },
        },
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardBody": {"Fn::Sub": '{"widgets": [{"type": "text", "properties": {"markdown": "${Topic}"}}]}'}
            },
        },
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": allows, "EnableKeyRotation": True}},
        "KeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": f"alias/{unique('key')}", "TargetKeyId": {"Ref": "Key"}},
        },
        "Never": {"Type": "AWS::SNS::Topic", "Condition": "No"},
        "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "x"}},
    }
    deployed = deploy(
        resources,
        {"Word": "given"},
        Parameters={"Word": {"Type": "String", "Default": "default"}},
        Conditions={"No": {"Fn::Equals": [{"Ref": "Word"}, "default"]}},
        Outputs={"Name": {"Value": {"Fn::Join": ["-", [{"Ref": "Parameter"}, {"Ref": "Word"}]]}}},
    )
    made = deployed.resources
    assert set(made) == set(resources) - {"Never"}
    assert deployed.outputs == {"Name": f"{made['Parameter']}-given"}
    assert cloud.client("ssm").get_parameter(Name=made["Parameter"])["Parameter"]["Value"] == "given"
    attached = cloud.client("iam").list_attached_role_policies(RoleName=made["Role"])["AttachedPolicies"]
    assert {one["PolicyName"] for one in attached} >= {"AWSLambdaBasicExecutionRole"}
    assert len(attached) == 2
    cloud.client("events").put_events(Entries=[{"Source": "skyburst", "DetailType": "t", "Detail": "{}"}])
    messages = cloud.client("sqs").receive_message(QueueUrl=made["Queue"])["Messages"]
    assert json.loads(messages[0]["Body"])["source"] == "skyburst"
    cloud.destroy(deployed.name)
    assert made["Queue"] not in cloud.client("sqs").list_queues().get("QueueUrls", [])
    with pytest.raises(ClientError, match="ParameterNotFound"):
        cloud.client("ssm").get_parameter(Name=made["Parameter"])


def test_an_update_changes_in_place_adds_replaces_and_removes(cloud: LocalCloud, deploy: Deploy) -> None:
    def wanted(variable: str, topic: str, **more: Any) -> dict[str, Any]:
        one = function(Environment={"Variables": {"X": variable}})
        return {
            "Role": ROLE,
            "One": one,
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": topic}},
            **more,
        }

    first, second = unique("topic"), unique("topic")
    kept = {"Kept": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}}
    before = deploy(wanted("a", first, Old={"Type": "AWS::SNS::Topic"}, **kept))
    assert invoke(cloud, before.resources["One"]) == (None, "a")
    after = deploy(wanted("b", second, New={"Type": "AWS::SNS::Topic"}))
    assert after.resources["One"] == before.resources["One"]
    assert invoke(cloud, after.resources["One"]) == (None, "b")
    topics = {one["TopicArn"] for one in cloud.client("sns").list_topics()["Topics"]}
    assert {after.resources["Topic"], after.resources["New"], before.resources["Kept"]} <= topics
    assert not {before.resources["Topic"], before.resources["Old"]} & topics
    assert deploy(wanted("b", second, New={"Type": "AWS::SNS::Topic"})) == after


def changing(text: str, number: int, known: str) -> dict[str, Any]:
    """Resources with properties that can be changed in place."""
    sending = {"Effect": "Allow", "Action": f"sqs:{text}", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [sending]}
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": text, "End": True}}}
    alarm = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": number, "Period": 60}
    metric = {"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "Sum"}
    key = {"AttributeName": "id", "KeyType": "HASH"}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                **STATES_ROLE["Properties"],
                "Policies": [{"PolicyName": "p", "PolicyDocument": document}],
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": known, "PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"Definition": definition, "RoleArn": att("Role", "Arn")},
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "KeySchema": [key],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
                "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": number > 1},
            },
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": number}]}},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": number}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7 if number > 1 else 1}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": [text]}, "Description": text}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**alarm, **metric}},
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": text}},
    }


def test_what_can_be_changed_in_place_stays_what_it_is(cloud: LocalCloud, deploy: Deploy) -> None:
    name = unique("policy")
    before = deploy(changing("one", 1, name))
    after = deploy(changing("two", 2, name))
    assert after == before
    now = after.resources
    states = cloud.client("stepfunctions")
    assert "two" in states.describe_state_machine(stateMachineArn=now["Machine"])["definition"]
    iam = cloud.client("iam")
    for policy in ("p", name):
        document = iam.get_role_policy(RoleName=now["Role"], PolicyName=policy)["PolicyDocument"]
        assert document["Statement"][0]["Action"] == "sqs:two"
    expiry = cloud.client("dynamodb").describe_time_to_live(TableName=now["Table"])["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "ENABLED"
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=now["Bucket"])["Rules"]
    assert rules[0]["Expiration"]["Days"] == 2
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=now["Queue"], AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "2"
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=now["Group"])["logGroups"]
    assert groups[0]["retentionInDays"] == 7
    assert cloud.client("events").describe_rule(Name=now["Rule"])["Description"] == "two"
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNames=[now["Alarm"]])["MetricAlarms"]
    assert alarms[0]["Threshold"] == 2
    assert cloud.client("ssm").get_parameter(Name=now["Parameter"])["Parameter"]["Value"] == "two"


def test_a_change_that_cannot_be_made_here_is_refused_by_name(deploy: Deploy) -> None:
    resources = changing("one", 1, unique("policy"))
    deploy(resources)
    resources["Table"]["Properties"]["BillingMode"] = "PROVISIONED"
    with pytest.raises(DeployFailed, match=r"cannot change BillingMode of Table \(AWS::DynamoDB::Table\)"):
        deploy(resources)
    resources["Table"]["Properties"]["BillingMode"] = "PAY_PER_REQUEST"
    del resources["Bucket"]["Properties"]["LifecycleConfiguration"]
    with pytest.raises(DeployFailed, match="cannot change LifecycleConfiguration of Bucket"):
        deploy(resources)


def indexed(*names: str, projection: str = "KEYS_ONLY") -> dict[str, Any]:
    """A table with indexes by attributes of these names."""
    keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", *names)]
    indexes = [
        {
            "IndexName": f"by-{name}", "Projection": {"ProjectionType": projection},
            "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        }
        for name in names
    ]  # fmt: skip
    properties = {
        "AttributeDefinitions": keys, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST", **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }  # fmt: skip
    return {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}


def test_an_index_is_added_to_a_table_that_keeps_what_is_in_it_and_only_one_at_a_time(
    cloud: LocalCloud, deploy: Deploy
) -> None:
    table = deploy(indexed("kind")).resources["Table"]
    client = cloud.client("dynamodb")
    client.put_item(TableName=table, Item={"id": {"S": "one"}, "kind": {"S": "job"}, "user": {"S": "ada"}})
    assert deploy(indexed("kind", "user")).resources["Table"] == table
    found = client.query(
        TableName=table, IndexName="by-user", KeyConditionExpression="#user = :user",
        ExpressionAttributeNames={"#user": "user"}, ExpressionAttributeValues={":user": {"S": "ada"}},
    )["Items"]  # fmt: skip
    assert [item["id"] for item in found] == [{"S": "one"}]
    with pytest.raises(DeployFailed, match="AWS makes or removes one index in an update, and these are 3"):
        deploy(indexed("other"))
    with pytest.raises(DeployFailed, match="the index by-kind has other keys or another projection"):
        deploy(indexed("kind", "user", projection="ALL"))
    assert deploy(indexed("user")).resources["Table"] == table
    (index,) = client.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by-user"


def test_policies_of_a_role_come_and_go_with_its_properties(cloud: LocalCloud, deploy: Deploy) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}

    def with_policies(*names: str) -> dict[str, Any]:
        policies = [{"PolicyName": name, "PolicyDocument": document} for name in names]
        role = {"Type": "AWS::IAM::Role", "Properties": {**ROLE["Properties"], "Policies": policies}}
        managed = {"PolicyDocument": document, "Roles": [{"Ref": "Role"}]}
        return {"Role": role, "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": managed}}

    deploy(with_policies("a", "b"))
    role = deploy(with_policies("b", "c")).resources["Role"]
    iam = cloud.client("iam")
    assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == {"b", "c"}
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 1


def test_a_bucket_with_objects_is_not_deleted(cloud: LocalCloud, deploy: Deploy) -> None:
    deployed = deploy({"It": {"Type": "AWS::S3::Bucket"}})
    cloud.client("s3").put_object(Bucket=deployed.resources["It"], Key="a", Body=b"x")
    with pytest.raises(DeployFailed, match="not empty"):
        cloud.destroy(deployed.name)


def test_a_large_template_comes_from_its_bucket(cloud: LocalCloud, deploy: Deploy) -> None:
    resources = {"It": {"Type": "AWS::SNS::Topic", "Metadata": {"long": "x" * 60_000}}}
    cloud.client("s3").create_bucket(Bucket="templates")
    cloud.client("s3").put_object(Bucket="templates", Key="one.json", Body=json.dumps({"Resources": resources}))
    assert set(deploy(resources).resources) == {"It"}
    with pytest.raises(ClientError, match="templateBody"):
        cloud.client("cloudformation").create_stack(StackName="long", TemplateBody=json.dumps({"Resources": resources}))


def test_a_stack_that_the_assembly_does_not_have_is_named(cloud: LocalCloud, deploy: Deploy, tmp_path: Path) -> None:
    deployed = deploy({"It": {"Type": "AWS::SNS::Topic"}})
    with pytest.raises(Invalid, match=f"no stack 'Other'; it has {deployed.name}"):
        cloud.deploy(tmp_path, "Other")
    with pytest.raises(Invalid, match="does not exist"):
        cloud.deploy(tmp_path / "nowhere", "Other")


SCOPE = Scope(
    pseudo={"AWS::Region": "us-east-1"},
    parameters={"P": "p", "L": ["a", "b"]},
    mappings={"M": {"a": {"b": 1}}},
    conditions={"Yes": {"Fn::Equals": [{"Ref": "P"}, "p"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
    resources={"R": ("physical", {"Arn": "arn:r"})},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Fn::Sub": "${AWS::Region}/${R}/${R.Arn}/${!P}"}, "us-east-1/physical/arn:r/${P}"),
        ({"Fn::Sub": ["${x}-${P}", {"x": {"Ref": "R"}}]}, "physical-p"),
        ({"Fn::GetAtt": "R.Arn"}, "arn:r"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "a,b"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::FindInMap": ["M", "a", "b"]}, 1),
        ({"Fn::If": ["No", 1, {"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 2]}]}, {"b": [2]}),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Fn::ToJsonString": {"a": {"Ref": "P"}}}, '{"a": "p"}'),
        ({"Ref": "P", "other": 1}, {"Ref": "P", "other": 1}),
    ],
)
def test_functions_of_templates(expression: Any, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


def test_resources_come_after_what_they_refer_to() -> None:
    resources = {
        "A": {"Properties": {"x": {"Fn::Sub": "${B.Arn}"}}},
        "B": {"DependsOn": ["C"]},
        "C": {"Properties": {"x": {"Ref": "AWS::Region"}}},
    }
    assert list(in_order(resources)) == ["C", "B", "A"]
    assert set(references({"a": [{"Fn::GetAtt": "X.Arn"}, {"Fn::Sub": ["${Y}${!Z}", {"y": {"Ref": "W"}}]}]})) == {
        "X",
        "Y",
        "W",
    }
    with pytest.raises(InvalidTemplate, match="A -> B -> A"):
        list(in_order({"A": {"DependsOn": "B"}, "B": {"DependsOn": "A"}}))
