"""Logs, alarms, dashboards, parameters and keys."""

from __future__ import annotations

import json
from typing import Any

from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind, tag_map

ALARM = (
    "ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm", "Dimensions",
    "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions", "MetricName",
    "Metrics", "Namespace", "OKActions", "Period", "Statistic", "Tags", "Threshold", "ThresholdMetricId",
    "TreatMissingData", "Unit",
)  # fmt: skip


def _create_log_group(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("LogGroupName"), 512)
    wanted.call(
        "logs", "CreateLogGroup", logGroupName=name, tags=tag_map(is_.get("Tags")),
        **wanted.only("KmsKeyId", "LogGroupClass"),
    )  # fmt: skip
    arn = f"arn:aws:logs:{wanted.services.region}:{wanted.services.account}:log-group:{name}:*"
    return _set_log_group(wanted, Made(name, {"Arn": arn}))


def _set_log_group(wanted: Wanted, made: Made) -> Made:
    if "RetentionInDays" in wanted.properties:
        days = wanted.properties["RetentionInDays"]
        wanted.call("logs", "PutRetentionPolicy", logGroupName=made.physical_id, retentionInDays=days)
    return made


def _delete_log_group(wanted: Wanted, made: Made) -> None:
    wanted.call("logs", "DeleteLogGroup", logGroupName=made.physical_id)


def _create_alarm(wanted: Wanted) -> Made:
    return _put_alarm(wanted, wanted.name(wanted.properties.get("AlarmName"), 255))


def _put_alarm(wanted: Wanted, name: str) -> Made:
    wanted.call("cloudwatch", "PutMetricAlarm", AlarmName=name, **wanted.only(*ALARM))
    return Made(name, {"Arn": f"arn:aws:cloudwatch:{wanted.services.region}:{wanted.services.account}:alarm:{name}"})


def _update_alarm(wanted: Wanted, made: Made) -> Made:
    return _put_alarm(wanted, made.physical_id)


def _delete_alarm(wanted: Wanted, made: Made) -> None:
    wanted.call("cloudwatch", "DeleteAlarms", AlarmNames=[made.physical_id])


def _put_dashboard(wanted: Wanted, made: Made | None = None) -> Made:
    name = made.physical_id if made else wanted.name(wanted.properties.get("DashboardName"), 255)
    body: Any = wanted.properties["DashboardBody"]
    text = body if isinstance(body, str) else json.dumps(body)
    wanted.call("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=text)
    return Made(name)


def _delete_dashboard(wanted: Wanted, made: Made) -> None:
    wanted.call("cloudwatch", "DeleteDashboards", DashboardNames=[made.physical_id])


def _put_parameter(wanted: Wanted, made: Made | None = None) -> Made:
    is_ = wanted.properties
    name = made.physical_id if made else wanted.name(is_.get("Name"), 1_011)
    wanted.call(
        "ssm", "PutParameter", Name=name, Overwrite=made is not None,
        **wanted.only("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value"),
    )  # fmt: skip
    return Made(name, {"Type": is_["Type"], "Value": is_["Value"]})


def _delete_parameter(wanted: Wanted, made: Made) -> None:
    wanted.call("ssm", "DeleteParameter", Name=made.physical_id)


def _create_key(wanted: Wanted) -> Made:
    is_ = wanted.properties
    parameters = wanted.only("Description", "KeySpec", "KeyUsage", "MultiRegion")
    if "KeyPolicy" in is_:
        parameters["Policy"] = json.dumps(is_["KeyPolicy"])
    tags = [{"TagKey": name, "TagValue": value} for name, value in tag_map(is_.get("Tags")).items()]
    made = wanted.call("kms", "CreateKey", Tags=tags, **parameters)["KeyMetadata"]
    if str(is_.get("EnableKeyRotation", False)).lower() == "true":
        wanted.call("kms", "EnableKeyRotation", KeyId=made["KeyId"])
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _delete_key(wanted: Wanted, made: Made) -> None:
    days = wanted.properties.get("PendingWindowInDays", 30)
    wanted.call("kms", "ScheduleKeyDeletion", KeyId=made.physical_id, PendingWindowInDays=days)


def _create_key_alias(wanted: Wanted) -> Made:
    wanted.call("kms", "CreateAlias", **wanted.only("AliasName", "TargetKeyId"))
    return Made(wanted.properties["AliasName"])


def _delete_key_alias(wanted: Wanted, made: Made) -> None:
    wanted.call("kms", "DeleteAlias", AliasName=made.physical_id)


KINDS: dict[str, Kind] = {
    "AWS::Logs::LogGroup": kind(
        "KmsKeyId LogGroupClass LogGroupName RetentionInDays Tags",
        _create_log_group,
        update=_set_log_group,
        delete=_delete_log_group,
        replaced_by="LogGroupName",
        fixed="KmsKeyId LogGroupClass Tags",
    ),
    "AWS::CloudWatch::Alarm": kind(
        f"{' '.join(ALARM)} AlarmName",
        _create_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        replaced_by="AlarmName",
        removable=" ".join(ALARM),
    ),
    "AWS::CloudWatch::Dashboard": kind(
        "DashboardBody DashboardName",
        _put_dashboard,
        update=_put_dashboard,
        delete=_delete_dashboard,
        replaced_by="DashboardName",
    ),
    "AWS::SSM::Parameter": kind(
        "AllowedPattern DataType Description Name Tier Type Value",
        _put_parameter,
        update=_put_parameter,
        delete=_delete_parameter,
        replaced_by="Name",
    ),
    "AWS::KMS::Key": kind(
        "Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion PendingWindowInDays Tags",
        _create_key,
        delete=_delete_key,
    ),
    "AWS::KMS::Alias": kind("AliasName TargetKeyId", _create_key_alias, delete=_delete_key_alias),
}
