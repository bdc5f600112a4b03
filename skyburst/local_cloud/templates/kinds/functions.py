"""Lambda functions and what belongs to them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.limits import UNZIPPED, unzipped_bytes
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind, tag_map

CONFIGURATION = (
    "Description", "Environment", "EphemeralStorage", "Handler", "KMSKeyArn", "Layers", "MemorySize", "Role", "Runtime",
    "Timeout", "TracingConfig",
)  # fmt: skip


def _create_function(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("FunctionName"))
    if is_.get("PackageType", "Zip") != "Zip":
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: the local cloud runs functions of zips only")
    made = wanted.call(
        "lambda", "CreateFunction", FunctionName=name, Code=_code(is_), Tags=tag_map(is_.get("Tags")),
        **wanted.only(*CONFIGURATION, "Architectures"),
    )  # fmt: skip
    _set_what_moto_does_not(wanted, name)
    return Made(name, {"Arn": made["FunctionArn"]})


def _update_function(wanted: Wanted, made: Made) -> Made:
    name, is_ = made.physical_id, wanted.properties
    defaults: dict[str, Any] = {"Environment": {"Variables": {}}, "Layers": []}
    wanted.call(
        "lambda", "UpdateFunctionConfiguration", FunctionName=name, **{**defaults, **wanted.only(*CONFIGURATION)}
    )
    wanted.call("lambda", "UpdateFunctionCode", FunctionName=name, **_code(is_))
    if "ReservedConcurrentExecutions" not in is_:
        wanted.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)
    _set_what_moto_does_not(wanted, name)
    return made


def _set_what_moto_does_not(wanted: Wanted, name: str) -> None:
    """Properties that moto's interface has no place for."""
    is_ = wanted.properties
    if "ReservedConcurrentExecutions" in is_:
        reserved = is_["ReservedConcurrentExecutions"]
        wanted.call("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)
    function = _function(wanted, name)
    size = unzipped_bytes(function.code_bytes)
    if size > UNZIPPED:
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: {size} bytes unzipped, more than {UNZIPPED}")
    function.dead_letter_config = is_.get("DeadLetterConfig")
    function.logs_group_name = is_.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
    recursive = wanted.services.functions.recursive
    recursive.discard(name)
    if is_.get("RecursiveLoop", "Terminate") == "Allow":
        recursive.add(name)


def _delete_function(wanted: Wanted, made: Made) -> None:
    wanted.call("lambda", "DeleteFunction", FunctionName=made.physical_id)
    wanted.services.functions.forget(made.physical_id)


def _function(wanted: Wanted, name: str) -> Any:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[wanted.services.account][wanted.services.region].get_function(name)


def _code(properties: Mapping[str, Any]) -> dict[str, Any]:
    code = dict(properties["Code"])
    if "ZipFile" in code:
        ending = "js" if properties.get("Runtime", "").startswith("nodejs") else "py"
        return {"ZipFile": _zip_of(f"index.{ending}", code["ZipFile"])}
    return code


def _zip_of(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def _create_version(wanted: Wanted) -> Made:
    made = wanted.call("lambda", "PublishVersion", **wanted.only("FunctionName", "CodeSha256", "Description"))
    arn = f"{made['FunctionArn'].rsplit(':function:')[0]}:function:{made['FunctionName']}:{made['Version']}"
    return Made(arn, {"Version": made["Version"], "FunctionArn": arn})


def _create_alias(wanted: Wanted) -> Made:
    made = wanted.call("lambda", "CreateAlias", **wanted.only("FunctionName", "Name", "FunctionVersion", "Description"))
    return Made(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def _update_alias(wanted: Wanted, made: Made) -> Made:
    wanted.call("lambda", "UpdateAlias", **wanted.only("FunctionName", "Name", "FunctionVersion", "Description"))
    return made


def _delete_alias(wanted: Wanted, _made: Made) -> None:
    wanted.call("lambda", "DeleteAlias", **wanted.only("FunctionName", "Name"))


def _put_event_policy(wanted: Wanted, _made: Made | None = None) -> Made:
    is_ = wanted.properties
    function = _function(wanted, is_["FunctionName"])
    # moto keeps a list and reads its first.
    function.event_invoke_config.clear()
    wanted.call(
        "lambda", "PutFunctionEventInvokeConfig",
        **wanted.only("FunctionName", "Qualifier", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig"),
    )  # fmt: skip
    return Made(f"{is_['FunctionName']}|{is_.get('Qualifier', '$LATEST')}")


def _delete_event_policy(wanted: Wanted, _made: Made) -> None:
    wanted.call("lambda", "DeleteFunctionEventInvokeConfig", **wanted.only("FunctionName", "Qualifier"))


def _create_layer(wanted: Wanted) -> Made:
    is_ = wanted.properties
    made = wanted.call(
        "lambda", "PublishLayerVersion", LayerName=wanted.name(is_.get("LayerName")),
        **wanted.only("Content", "CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo"),
    )  # fmt: skip
    return Made(made["LayerVersionArn"], {"LayerVersionArn": made["LayerVersionArn"]})


def _create_permission(wanted: Wanted) -> Made:
    wanted.call("lambda", "AddPermission", StatementId=wanted.logical_id, **wanted.properties)
    return Made(wanted.logical_id, {"Id": wanted.logical_id})


def _delete_permission(wanted: Wanted, made: Made) -> None:
    function = wanted.properties["FunctionName"]
    wanted.call("lambda", "RemovePermission", FunctionName=function, StatementId=made.physical_id)


def _create_source(wanted: Wanted) -> Made:
    made = wanted.call("lambda", "CreateEventSourceMapping", **wanted.properties)
    return Made(made["UUID"], {"Id": made["UUID"]})


def _delete_source(wanted: Wanted, made: Made) -> None:
    wanted.call("lambda", "DeleteEventSourceMapping", UUID=made.physical_id)


KINDS: dict[str, Kind] = {
    "AWS::Lambda::Function": kind(
        f"{' '.join(CONFIGURATION)} Architectures Code DeadLetterConfig FunctionName LoggingConfig PackageType "
        "RecursiveLoop ReservedConcurrentExecutions RuntimeManagementConfig Tags",
        _create_function,
        update=_update_function,
        delete=_delete_function,
        replaced_by="FunctionName PackageType",
        fixed="Architectures RuntimeManagementConfig Tags",
        removable="DeadLetterConfig Environment Layers LoggingConfig RecursiveLoop ReservedConcurrentExecutions",
    ),
    # A version stays what it is; Lambda deletes it with its function.
    "AWS::Lambda::Version": kind("FunctionName CodeSha256 Description", _create_version),
    "AWS::Lambda::Alias": kind(
        "FunctionName FunctionVersion Name Description",
        _create_alias,
        update=_update_alias,
        delete=_delete_alias,
        replaced_by="FunctionName Name",
    ),
    "AWS::Lambda::EventInvokeConfig": kind(
        "FunctionName Qualifier MaximumEventAgeInSeconds MaximumRetryAttempts DestinationConfig",
        _put_event_policy,
        update=_put_event_policy,
        delete=_delete_event_policy,
        replaced_by="FunctionName Qualifier",
        removable="MaximumEventAgeInSeconds MaximumRetryAttempts DestinationConfig",
    ),
    "AWS::Lambda::LayerVersion": kind(
        "LayerName Content CompatibleRuntimes CompatibleArchitectures Description LicenseInfo", _create_layer
    ),
    "AWS::Lambda::Permission": kind(
        "Action FunctionName Principal SourceAccount SourceArn PrincipalOrgID EventSourceToken",
        _create_permission,
        delete=_delete_permission,
    ),
    "AWS::Lambda::EventSourceMapping": kind(
        "BatchSize Enabled EventSourceArn FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds "
        "StartingPosition FilterCriteria ScalingConfig",
        _create_source,
        delete=_delete_source,
    ),
}
