"""Tables and buckets."""

from __future__ import annotations

import json
from typing import Any

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind

TABLE = (
    "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema",
    "LocalSecondaryIndexes", "ProvisionedThroughput", "StreamSpecification", "TableClass", "OnDemandThroughput",
    "WarmThroughput",
)  # fmt: skip


def _create_table(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("TableName"), 255)
    parameters: dict[str, Any] = wanted.only(*TABLE, "Tags")
    parameters.pop("WarmThroughput", None)
    if "StreamSpecification" in parameters:
        parameters["StreamSpecification"] = {"StreamEnabled": True, **parameters["StreamSpecification"]}
    if is_.get("SSESpecification"):
        encryption = dict(is_["SSESpecification"])
        parameters["SSESpecification"] = {"Enabled": encryption.pop("SSEEnabled"), **encryption}
    made = wanted.call("dynamodb", "CreateTable", TableName=name, **parameters)["TableDescription"]
    _set_table(wanted, name)
    return _table(made)


def _create_global_table(wanted: Wanted) -> Made:
    is_ = wanted.properties
    replicas = is_.get("Replicas", [])
    if len(replicas) != 1:
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud has one region, so one replica")
    name = wanted.name(is_.get("TableName"), 255)
    parameters = wanted.only(
        "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes",
        "StreamSpecification",
    )  # fmt: skip
    if "StreamSpecification" in parameters:
        parameters["StreamSpecification"] = {"StreamEnabled": True, **parameters["StreamSpecification"]}
    of_replica = {
        key: replicas[0][key] for key in ("DeletionProtectionEnabled", "TableClass", "Tags") if key in replicas[0]
    }
    made = wanted.call("dynamodb", "CreateTable", TableName=name, **parameters, **of_replica)["TableDescription"]
    _set_table(wanted, name)
    return _table(made)


def _table(description: dict[str, Any]) -> Made:
    attributes = {"Arn": description["TableArn"], "TableId": description.get("TableId", "")}
    if "LatestStreamArn" in description:
        attributes["StreamArn"] = description["LatestStreamArn"]
    return Made(description["TableName"], attributes)


def _update_table(wanted: Wanted, made: Made) -> Made:
    _change_index(wanted, made.physical_id)
    _set_table(wanted, made.physical_id)
    return made


def _change_index(wanted: Wanted, name: str) -> None:
    """Make or remove an index of a table that stays as it is, one at a time as AWS does."""
    there = wanted.client("dynamodb").describe_table(TableName=name)["Table"].get("GlobalSecondaryIndexes", [])
    before = {index["IndexName"]: (index["KeySchema"], index["Projection"]) for index in there}
    indexes = {index["IndexName"]: index for index in wanted.properties.get("GlobalSecondaryIndexes", [])}
    changed = [
        one
        for one in indexes
        if one in before and before[one] != (indexes[one]["KeySchema"], indexes[one]["Projection"])
    ]
    if changed:
        raise InvalidTemplate(
            f"{wanted.kind} {wanted.logical_id}: the index {changed[0]} has other keys or another projection: "
            "give it another name"
        )
    updates = [{"Delete": {"IndexName": one}} for one in before if one not in indexes]
    updates += [{"Create": index} for one, index in indexes.items() if one not in before]
    if len(updates) > 1:
        raise InvalidTemplate(
            f"{wanted.kind} {wanted.logical_id}: AWS makes or removes one index in an update, and these are {len(updates)}"
        )
    if updates:
        definitions = wanted.properties["AttributeDefinitions"]
        wanted.call(
            "dynamodb", "UpdateTable", TableName=name, AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=updates
        )  # fmt: skip


def _set_table(wanted: Wanted, name: str) -> None:
    is_ = wanted.properties
    replica = (is_.get("Replicas") or [{}])[0]
    if expiry := is_.get("TimeToLiveSpecification"):
        # moto refuses to turn on what is on.
        now = wanted.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if (now.get("TimeToLiveStatus") == "ENABLED") != (str(expiry["Enabled"]).lower() == "true"):
            wanted.call("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=expiry)
    if backups := is_.get("PointInTimeRecoverySpecification") or replica.get("PointInTimeRecoverySpecification"):
        wanted.call("dynamodb", "UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=backups)


def _delete_table(wanted: Wanted, made: Made) -> None:
    wanted.call("dynamodb", "DeleteTable", TableName=made.physical_id)


def _create_bucket(wanted: Wanted) -> Made:
    name = wanted.name(wanted.properties.get("BucketName"), 63).lower()
    region = wanted.services.region
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    wanted.client("s3").create_bucket(Bucket=name, **where)
    made = Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        },
    )
    return _set_bucket(wanted, made)


def _set_bucket(wanted: Wanted, made: Made) -> Made:
    is_, name = wanted.properties, made.physical_id

    def put(operation: str, **parameters: Any) -> None:
        wanted.call("s3", operation, Bucket=name, **parameters)

    if setting := is_.get("VersioningConfiguration"):
        put("PutBucketVersioning", VersioningConfiguration=setting)
    if setting := is_.get("PublicAccessBlockConfiguration"):
        put("PutPublicAccessBlock", PublicAccessBlockConfiguration=setting)
    if setting := is_.get("OwnershipControls"):
        put("PutBucketOwnershipControls", OwnershipControls=setting)
    if setting := is_.get("BucketEncryption"):
        rules = [
            {"ApplyServerSideEncryptionByDefault" if key == "ServerSideEncryptionByDefault" else key: one
             for key, one in rule.items()}
            for rule in setting["ServerSideEncryptionConfiguration"]
        ]  # fmt: skip
        put("PutBucketEncryption", ServerSideEncryptionConfiguration={"Rules": rules})
    if setting := is_.get("CorsConfiguration"):
        spelled = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
        rules = [{spelled.get(key, key): one for key, one in rule.items()} for rule in setting["CorsRules"]]
        put("PutBucketCors", CORSConfiguration={"CORSRules": rules})
    if setting := is_.get("LifecycleConfiguration"):
        put(
            "PutBucketLifecycleConfiguration",
            LifecycleConfiguration={"Rules": [_rule(one) for one in setting["Rules"]]},
        )
    if setting := is_.get("NotificationConfiguration"):
        put("PutBucketNotificationConfiguration", NotificationConfiguration=_notifications(setting))
    if setting := is_.get("Tags"):
        put("PutBucketTagging", Tagging={"TagSet": setting})
    return made


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A lifecycle rule as S3 takes it."""
    rest = dict(rule)
    spelled: dict[str, Any] = {"Status": rest.pop("Status"), "Filter": {"Prefix": rest.pop("Prefix", "")}}
    if "Id" in rest:
        spelled["ID"] = rest.pop("Id")
    expiration = {
        name: rest.pop(given)
        for given, name in (
            ("ExpirationInDays", "Days"),
            ("ExpirationDate", "Date"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if given in rest
    }
    if expiration:
        spelled["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rest:
        spelled["NoncurrentVersionExpiration"] = {"NoncurrentDays": rest.pop("NoncurrentVersionExpirationInDays")}
    if "TagFilters" in rest:
        tags, prefix = rest.pop("TagFilters"), spelled["Filter"]["Prefix"]
        alone = len(tags) == 1 and not prefix
        spelled["Filter"] = {"Tag": tags[0]} if alone else {"And": {"Prefix": prefix, "Tags": tags}}
    if "Transitions" in rest:
        spelled["Transitions"] = [
            {
                {"TransitionInDays": "Days", "TransitionDate": "Date"}.get(key, key): one
                for key, one in transition.items()
            }
            for transition in rest.pop("Transitions")
        ]
    # What is left is spelled alike, or is refused by name.
    return {**spelled, **rest}


def _notifications(setting: dict[str, Any]) -> dict[str, Any]:
    spelled: dict[str, Any] = {}
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    for given, (name, target, arn) in kinds.items():
        for one in setting.get(given, []):
            entry = {arn: one[target], "Events": [one["Event"]]}
            if "Filter" in one:
                entry["Filter"] = {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}}
            spelled.setdefault(name, []).append(entry)
    if "EventBridgeConfiguration" in setting:
        spelled["EventBridgeConfiguration"] = {}
    return spelled


def _delete_bucket(wanted: Wanted, made: Made) -> None:
    """Refused by S3 while there are objects, as on AWS."""
    wanted.client("s3").delete_bucket(Bucket=made.physical_id)


def _put_bucket_policy(wanted: Wanted, made: Made | None = None) -> Made:
    is_ = wanted.properties
    wanted.client("s3").put_bucket_policy(Bucket=is_["Bucket"], Policy=json.dumps(is_["PolicyDocument"]))
    return made or Made(is_["Bucket"])


def _delete_bucket_policy(wanted: Wanted, _made: Made) -> None:
    wanted.client("s3").delete_bucket_policy(Bucket=wanted.properties["Bucket"])


KINDS: dict[str, Kind] = {
    "AWS::DynamoDB::Table": kind(
        f"{' '.join(TABLE)} PointInTimeRecoverySpecification SSESpecification TableName Tags TimeToLiveSpecification",
        _create_table,
        update=_update_table,
        delete=_delete_table,
        replaced_by="KeySchema LocalSecondaryIndexes TableName",
        fixed="BillingMode DeletionProtectionEnabled OnDemandThroughput ProvisionedThroughput SSESpecification "
        "StreamSpecification TableClass Tags WarmThroughput",
    ),
    "AWS::DynamoDB::GlobalTable": kind(
        "AttributeDefinitions BillingMode GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes Replicas "
        "SSESpecification StreamSpecification TableName TimeToLiveSpecification",
        _create_global_table,
        update=_update_table,
        delete=_delete_table,
        replaced_by="AttributeDefinitions KeySchema LocalSecondaryIndexes GlobalSecondaryIndexes TableName",
        fixed="BillingMode Replicas SSESpecification StreamSpecification",
    ),
    "AWS::S3::Bucket": kind(
        # There are no metrics of requests here: the configuration is taken and has no effect.
        "BucketEncryption BucketName CorsConfiguration LifecycleConfiguration MetricsConfigurations NotificationConfiguration "
        "OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration",
        _create_bucket,
        update=_set_bucket,
        delete=_delete_bucket,
        replaced_by="BucketName",
    ),
    "AWS::S3::BucketPolicy": kind(
        "Bucket PolicyDocument",
        _put_bucket_policy,
        update=_put_bucket_policy,
        delete=_delete_bucket_policy,
        replaced_by="Bucket",
    ),
}
