"""Queues, topics and rules of the event bus."""

from __future__ import annotations

import json
from typing import Any

from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind, tag_map

QUEUE = (
    "ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
)  # fmt: skip
RULE = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")


def _queue_attributes(wanted: Wanted) -> dict[str, str]:
    return {
        name: json.dumps(value)
        if isinstance(value, dict)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in wanted.only(*QUEUE).items()
    }


def _create_queue(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("QueueName"), 80)
    sqs = wanted.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=_queue_attributes(wanted), tags=tag_map(is_.get("Tags")))[
        "QueueUrl"
    ]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _update_queue(wanted: Wanted, made: Made) -> Made:
    wanted.client("sqs").set_queue_attributes(QueueUrl=made.physical_id, Attributes=_queue_attributes(wanted))
    return made


def _delete_queue(wanted: Wanted, made: Made) -> None:
    wanted.client("sqs").delete_queue(QueueUrl=made.physical_id)


def _put_queue_policy(wanted: Wanted, made: Made | None = None) -> Made:
    text = json.dumps(wanted.properties["PolicyDocument"])
    for url in wanted.properties["Queues"]:
        wanted.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})
    return made or Made(wanted.logical_id, {"Id": wanted.logical_id})


def _create_topic(wanted: Wanted) -> Made:
    is_ = wanted.properties
    attributes = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in wanted.only(
            "DisplayName", "FifoTopic", "KmsMasterKeyId", "ContentBasedDeduplication"
        ).items()
    }
    name = wanted.name(is_.get("TopicName"), 256)
    arn = wanted.client("sns").create_topic(Name=name, Attributes=attributes, Tags=is_.get("Tags", []))["TopicArn"]
    for one in is_.get("Subscription", []):
        wanted.client("sns").subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def _delete_topic(wanted: Wanted, made: Made) -> None:
    wanted.client("sns").delete_topic(TopicArn=made.physical_id)


def _put_topic_policy(wanted: Wanted, made: Made | None = None) -> Made:
    text = json.dumps(wanted.properties["PolicyDocument"])
    for arn in wanted.properties["Topics"]:
        wanted.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)
    return made or Made(wanted.logical_id, {"Id": wanted.logical_id})


def _create_subscription(wanted: Wanted) -> Made:
    is_ = wanted.properties
    attributes = {
        name: json.dumps(value) if isinstance(value, dict) else str(value).lower()
        for name, value in wanted.only("FilterPolicy", "RawMessageDelivery", "RedrivePolicy").items()
    }
    arn = wanted.client("sns").subscribe(
        **wanted.only("TopicArn", "Protocol", "Endpoint"), Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    return Made(arn, {"Arn": arn, "TopicArn": is_["TopicArn"]})


def _delete_subscription(wanted: Wanted, made: Made) -> None:
    wanted.client("sns").unsubscribe(SubscriptionArn=made.physical_id)


def _create_rule(wanted: Wanted) -> Made:
    name = wanted.name(wanted.properties.get("Name"))
    return _put_rule(wanted, name, wanted.only("Tags"))


def _update_rule(wanted: Wanted, made: Made) -> Made:
    return _put_rule(wanted, made.attributes["Name"], {})


def _put_rule(wanted: Wanted, name: str, tags: dict[str, Any]) -> Made:
    is_ = wanted.properties
    parameters: dict[str, Any] = {**wanted.only(*RULE), **tags}
    if "EventPattern" in is_:
        parameters["EventPattern"] = json.dumps(is_["EventPattern"])
    arn = wanted.call("events", "PutRule", Name=name, **parameters)["RuleArn"]
    if is_.get("Targets"):
        bus = wanted.only("EventBusName")
        wanted.call("events", "PutTargets", Rule=name, Targets=is_["Targets"], **bus)
    return Made(name, {"Arn": arn, "Name": name})


def _delete_rule(wanted: Wanted, made: Made) -> None:
    bus = wanted.only("EventBusName")
    targets = [target["Id"] for target in wanted.properties.get("Targets", [])]
    if targets:
        wanted.call("events", "RemoveTargets", Rule=made.physical_id, Ids=targets, **bus)
    wanted.call("events", "DeleteRule", Name=made.physical_id, **bus)


KINDS: dict[str, Kind] = {
    "AWS::SQS::Queue": kind(
        f"{' '.join(QUEUE)} QueueName Tags",
        _create_queue,
        update=_update_queue,
        delete=_delete_queue,
        replaced_by="QueueName FifoQueue",
        fixed="Tags",
    ),
    # The policy is a part of its queue, and goes with it.
    "AWS::SQS::QueuePolicy": kind("PolicyDocument Queues", _put_queue_policy, update=_put_queue_policy),
    "AWS::SNS::Topic": kind(
        "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId Subscription Tags TopicName",
        _create_topic,
        delete=_delete_topic,
    ),
    "AWS::SNS::TopicPolicy": kind("PolicyDocument Topics", _put_topic_policy, update=_put_topic_policy),
    "AWS::SNS::Subscription": kind(
        "Endpoint FilterPolicy Protocol RawMessageDelivery RedrivePolicy TopicArn",
        _create_subscription,
        delete=_delete_subscription,
    ),
    "AWS::Events::Rule": kind(
        f"{' '.join(RULE)} EventPattern Name Tags Targets",
        _create_rule,
        update=_update_rule,
        delete=_delete_rule,
        replaced_by="Name EventBusName",
        fixed="Tags",
    ),
}
