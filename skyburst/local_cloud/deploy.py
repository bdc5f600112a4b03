"""A small `cdk deploy`: publishes the assets of a cloud assembly and creates, updates or deletes its stacks.

It understands what CDK's DefaultStackSynthesizer writes, without containers and without lookups.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyburst.errors import DeployFailed, Invalid, InvalidTemplate
from skyburst.local_cloud.limits import TEMPLATE_BODY
from skyburst.local_cloud.services import Services

BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
NO_CHANGE = "No updates are to be performed"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that exists."""

    name: str
    outputs: dict[str, str]
    """By their keys."""
    resources: dict[str, str]
    """Physical ids by logical ids."""

    def physical_id(self, construct: str) -> str:
        """The only resource whose logical id begins with a name, since CDK appends a hash. Raises KeyError."""
        found = [physical for logical, physical in self.resources.items() if logical[:-8] == construct]
        found = found or [physical for logical, physical in self.resources.items() if logical == construct]
        if len(found) != 1:
            raise KeyError(f"{len(found)} resources of the stack {self.name} are called {construct!r}")
        return found[0]


def deploy(services: Services, assembly: Path, stack: str, parameters: dict[str, str]) -> Deployed:
    """Publish the assets of a stack and create it, or update it when it exists.

    Args:
        services: of the cloud.
        assembly: the folder that `cdk synth` or `app.synth()` wrote.
        stack: the stack's id in the assembly, or its name.
        parameters: of the template.
    """
    artifacts = _read(assembly / "manifest.json")["artifacts"]
    artifact = _stack(artifacts, stack, assembly)
    bootstrap(services)
    for dependency in artifact.get("dependencies", []):
        other = artifacts[dependency]
        if other["type"] == "cdk:asset-manifest":
            _publish(services, assembly, _read(assembly / other["properties"]["file"]))
    properties = artifact["properties"]
    text = (assembly / properties["templateFile"]).read_text(encoding="utf-8")
    name = properties.get("stackName", stack)
    where = {"TemplateBody": text}
    if len(text.encode()) > TEMPLATE_BODY:
        where = {"TemplateURL": _https(services, properties["stackTemplateAssetObjectUrl"])}
    tags = [{"Key": key, "Value": value} for key, value in properties.get("tags", {}).items()]
    given = {**properties.get("parameters", {}), **parameters}
    _create_or_update(services, name, where, tags, given)
    return describe(services, name)


def destroy(services: Services, name: str) -> None:
    """Delete a stack."""
    with _Translated(f"the stack {name} could not be deleted"):
        services.client("cloudformation").delete_stack(StackName=name)


def describe(services: Services, name: str) -> Deployed:
    """A stack that exists."""
    client = services.client("cloudformation")
    with _Translated(f"the stack {name} could not be described"):
        found = client.describe_stacks(StackName=name)["Stacks"][0]
        resources = client.describe_stack_resources(StackName=name)["StackResources"]
    return Deployed(
        name,
        {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
        {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources},
    )


def zip_of(folder: Path) -> bytes:
    """A folder as a zip, the same bytes for the same files."""
    buffer = io.BytesIO()
    # Little compression: these bytes go no further than this machine.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
                entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    return buffer.getvalue()


def _create_or_update(
    services: Services, name: str, where: dict[str, str], tags: list[dict[str, str]], parameters: dict[str, str]
) -> None:
    client = services.client("cloudformation")
    status = _status(client, name)
    with _Translated(f"the stack {name} could not be deployed"):
        if status == "ROLLBACK_COMPLETE":
            client.delete_stack(StackName=name)
        arguments: dict[str, Any] = {
            "StackName": name,
            "Capabilities": CAPABILITIES,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            **where,
            **({"Tags": tags} if tags else {}),
        }
        if status in (None, "ROLLBACK_COMPLETE"):
            client.create_stack(**arguments)
        else:
            _update(client, arguments)


def _update(client: Any, arguments: dict[str, Any]) -> None:
    from botocore.exceptions import ClientError

    try:
        client.update_stack(**arguments)
    except ClientError as error:
        if NO_CHANGE not in str(error):
            raise


def _status(client: Any, name: str) -> str | None:
    from botocore.exceptions import ClientError

    try:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _stack(artifacts: dict[str, Any], stack: str, assembly: Path) -> dict[str, Any]:
    stacks = {key: one for key, one in artifacts.items() if one["type"] == "aws:cloudformation:stack"}
    for key, one in stacks.items():
        if stack in (key, one["properties"].get("stackName"), one.get("displayName")):
            return dict(one)
    raise Invalid(f"{assembly} has no stack {stack!r}; it has {', '.join(stacks) or 'none'}")


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Invalid(f"{path} does not exist; is {path.parent} what `cdk synth` wrote?") from error
    return document


def bootstrap(services: Services) -> None:
    """What `cdk bootstrap` makes, as far as stacks without containers need it. Nothing happens when it is there."""
    services.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    _ensure_bucket(services, f"cdk-hnb659fds-assets-{services.account}-{services.region}")


def _ensure_bucket(services: Services, name: str) -> None:
    s3 = services.client("s3")
    if name in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": services.region}}
    s3.create_bucket(Bucket=name, **({} if services.region == "us-east-1" else elsewhere))


def _publish(services: Services, assembly: Path, manifest: dict[str, Any]) -> None:
    if manifest.get("dockerImages"):
        raise InvalidTemplate("the local cloud cannot publish container images")
    s3 = services.client("s3")
    for asset in manifest.get("files", {}).values():
        source = assembly / asset["source"]["path"]
        is_folder = asset["source"].get("packaging") == "zip" and source.is_dir()
        body = zip_of(source) if is_folder else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket = _filled(services, destination["bucketName"])
            _ensure_bucket(services, bucket)
            s3.put_object(Bucket=bucket, Key=_filled(services, destination["objectKey"]), Body=body)


def _filled(services: Services, text: str) -> str:
    values = {"AccountId": services.account, "Region": services.region, "Partition": "aws"}
    for name, value in values.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


def _https(services: Services, url: str) -> str:
    """The address of an object in a bucket, from `s3://bucket/key`."""
    bucket, _, key = _filled(services, url).removeprefix("s3://").partition("/")
    return f"https://s3.{services.region}.amazonaws.com/{bucket}/{key}"


class _Translated:
    """Errors of CloudFormation as the project's."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        from botocore.exceptions import ClientError

        if not isinstance(error, ClientError):
            return
        message = str(error.response["Error"]["Message"])
        raise DeployFailed(f"{self._what}: {message}") from error
