"""Step Functions state machines."""

from __future__ import annotations

import json
from typing import Any

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind


def _definition(wanted: Wanted) -> str:
    is_ = wanted.properties
    if "DefinitionString" in is_:
        text = str(is_["DefinitionString"])
    elif "Definition" in is_:
        text = json.dumps(is_["Definition"])
    elif "DefinitionS3Location" in is_:
        place = {**is_["DefinitionS3Location"]}
        if "Version" in place:
            place["VersionId"] = place.pop("Version")
        text = wanted.client("s3").get_object(**place)["Body"].read().decode()
    else:
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: it has no definition")
    for name, value in is_.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", str(value).lower() if isinstance(value, bool) else str(value))
    return text


def _create(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("StateMachineName"), 80)
    arn = wanted.call(
        "stepfunctions", "CreateStateMachine", name=name, definition=_definition(wanted), roleArn=is_["RoleArn"],
        type=is_.get("StateMachineType", "STANDARD"), tags=is_.get("Tags", []), **_settings(wanted),
    )["stateMachineArn"]  # fmt: skip
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})


def _update(wanted: Wanted, made: Made) -> Made:
    wanted.call(
        "stepfunctions", "UpdateStateMachine", stateMachineArn=made.physical_id, definition=_definition(wanted),
        roleArn=wanted.properties["RoleArn"], **_settings(wanted),
    )  # fmt: skip
    return made


def _settings(wanted: Wanted) -> dict[str, Any]:
    return wanted.only("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")


def _delete(wanted: Wanted, made: Made) -> None:
    wanted.call("stepfunctions", "DeleteStateMachine", stateMachineArn=made.physical_id)


KINDS: dict[str, Kind] = {
    "AWS::StepFunctions::StateMachine": kind(
        "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration "
        "LoggingConfiguration RoleArn StateMachineName StateMachineType Tags TracingConfiguration",
        _create,
        update=_update,
        delete=_delete,
        replaced_by="StateMachineName StateMachineType",
        fixed="Tags",
        removable="Definition DefinitionS3Location DefinitionString DefinitionSubstitutions",
    ),
}
