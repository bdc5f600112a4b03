"""The resources of one stack: made in the order of their dependencies, changed, deleted, and rolled back.

This takes the place of moto's reading of templates, which leaves out what it does not know. A stack here is made or
changed before the call that asks for it returns, and a call that fails says why; on AWS both come later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import unquote, urlparse

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.running import current
from skyburst.local_cloud.templates.expressions import Scope, evaluate, references
from skyburst.local_cloud.templates.kinds import kind_of
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted

Result = TypeVar("Result")

SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Resources", "Outputs",
     "Rules"}
)  # fmt: skip
ATTRIBUTES = frozenset(
    {
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "UpdatePolicy",
    }
)
"""Of a resource in a template."""


class Resource:
    """One resource that exists, as moto's answers about stacks read it."""

    def __init__(self, wanted: Wanted, made: Made, retain: bool) -> None:
        self.wanted = wanted
        self.made = made
        self.retain = retain
        """Whether it outlives its stack."""

    @property
    def logical_resource_id(self) -> str:
        """Its name in the template."""
        return self.wanted.logical_id

    @property
    def physical_resource_id(self) -> str:
        """Its name in its service."""
        return self.made.physical_id

    @property
    def cf_resource_type(self) -> str:
        """Such as `AWS::S3::Bucket`."""
        return self.wanted.kind

    type = cf_resource_type


class StackResources:
    """Takes the place of moto's ResourceMap."""

    def __init__(self, stack: Any) -> None:
        self._owner = stack
        self._stack = stack.name
        self._template: dict[str, Any] = {}
        self._given: dict[str, str] = dict(stack.parameters)
        self._resources: dict[str, Resource] = {}
        self.no_echo_parameter_keys: list[str] = []
        self._scope = Scope(
            pseudo={
                "AWS::AccountId": stack.account_id,
                "AWS::Region": stack.region_name,
                "AWS::Partition": "aws",
                "AWS::StackId": stack.stack_id,
                "AWS::StackName": stack.name,
                "AWS::URLSuffix": "amazonaws.com",
                "AWS::NotificationARNs": [],
            },
            exports=stack.cross_stack_resources,
        )
        self._read(stack.template_dict)

    @property
    def resolved_parameters(self) -> dict[str, Any]:
        """Parameters by name."""
        return self._scope.parameters

    def values(self) -> list[Resource]:
        """The resources that exist."""
        return list(self._resources.values())

    def create(self, template: dict[str, Any]) -> bool:
        """Make everything, or nothing. Raises moto's ValidationError."""
        self._owner.status = "ROLLBACK_COMPLETE"
        self._change(template)
        return True

    def creation_complete(self) -> bool:
        """Whether everything is made."""
        return True

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        """Make what is new, change what changed, delete what is gone. Raises moto's ValidationError."""
        self._given = dict(parameters or self._given)
        self._change(template)

    def delete(self) -> None:
        """Delete everything that does not outlive its stack. Raises moto's ValidationError."""
        with _told_to_callers():
            for name in reversed(list(self._resources)):
                self._delete(self._resources.pop(name))

    def build_change_set_actions(self, template: dict[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
        """What a change set with this template would do."""
        old, new = self._template.get("Resources", {}), template.get("Resources", {})
        changes: dict[str, dict[str, Any]] = {
            "Add": {name: new[name] for name in new if name not in self._resources},
            "Modify": {name: new[name] for name in new if name in self._resources and new[name] != old.get(name)},
            "Remove": {name: old[name] for name in self._resources if name not in new},
        }
        return {
            action: {name: {"LogicalResourceId": name, "ResourceType": one["Type"]} for name, one in resources.items()}
            for action, resources in changes.items()
        }

    def outputs(self) -> Mapping[str, Any]:
        """The section of the template."""
        outputs: dict[str, Any] = self._template.get("Outputs") or {}
        return {name: one for name, one in outputs.items() if self._holds(one)}

    def evaluate(self, value: Any) -> Any:
        """An expression of the template."""
        return evaluate(value, self._scope)

    def _read(self, template: dict[str, Any]) -> None:
        with _told_to_callers():
            self._template = template
            self._scope.mappings = template.get("Mappings", {})
            self._scope.conditions = template.get("Conditions", {})
            self._scope.parameters = _parameters(template.get("Parameters", {}), self._given)
            self.no_echo_parameter_keys = [
                name for name, one in template.get("Parameters", {}).items() if one.get("NoEcho")
            ]
            check(template)

    def _change(self, template: dict[str, Any]) -> None:
        self._read(template)
        wanted_now = template.get("Resources", {})
        made_before = set(self._resources)
        with _told_to_callers():
            try:
                for name in in_order(wanted_now):
                    if self._holds(wanted_now[name]):
                        self._make(name, wanted_now[name])
            except Exception:
                for name in [name for name in self._resources if name not in made_before]:
                    self._delete(self._resources.pop(name))
                raise
            gone = [name for name in self._resources if name not in wanted_now or not self._holds(wanted_now[name])]
            for name in reversed(gone):
                self._delete(self._resources.pop(name))
                self._scope.resources.pop(name, None)

    def _make(self, name: str, definition: dict[str, Any]) -> None:
        kind = _known(definition["Type"])
        properties = self.evaluate(definition.get("Properties", {}))
        wanted = Wanted(current(), self._stack, name, definition["Type"], properties)
        before = self._resources.get(name)
        if before is None:
            made = _say_where(wanted, kind.create)
        elif before.wanted.properties == properties and before.wanted.kind == wanted.kind:
            made = before.made
        else:
            made = self._changed(kind, wanted, before)
        retain = definition.get("DeletionPolicy", "Delete").startswith("Retain")
        self._resources[name] = Resource(wanted, made, retain)
        self._scope.resources[name] = (made.physical_id, made.attributes)

    def _changed(self, kind: Kind, wanted: Wanted, before: Resource) -> Made:
        old, new = before.wanted.properties, wanted.properties
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        if kind.update is not None and before.wanted.kind == wanted.kind and not changed & kind.replaced_by:
            update = kind.update
            impossible = (changed & kind.fixed) | (
                set() if kind.any_property else old.keys() - new.keys() - kind.removable
            )
            if impossible:
                names = ", ".join(sorted(impossible))
                raise InvalidTemplate(f"the local cloud cannot change {names} of {wanted.logical_id} ({wanted.kind})")
            return _say_where(replace(wanted, before=old), lambda want: update(want, before.made))
        made = _say_where(wanted, kind.create)
        if made.physical_id != before.made.physical_id:
            self._delete(before)
        return made

    def _delete(self, resource: Resource) -> None:
        delete = _known(resource.wanted.kind).delete
        if resource.retain or delete is None:
            return
        _say_where(resource.wanted, lambda wanted: delete(wanted, resource.made))

    def _holds(self, definition: dict[str, Any]) -> bool:
        return "Condition" not in definition or self._scope.condition(definition["Condition"])


class Outputs:
    """Takes the place of moto's OutputMap."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def values(self) -> list[Any]:
        """The outputs."""
        from moto.cloudformation.parsing import Output

        resources = self._stack.resource_map
        return [
            Output(key=name, value=str(resources.evaluate(one["Value"])), description=one.get("Description"))
            for name, one in resources.outputs().items()
        ]

    @property
    def exports(self) -> list[Any]:
        """The outputs that other stacks can import."""
        from moto.cloudformation.parsing import Export

        resources = self._stack.resource_map
        return [
            Export(self._stack.stack_id, resources.evaluate(one["Export"]["Name"]), resources.evaluate(one["Value"]))
            for one in resources.outputs().values()
            if "Export" in one
        ]


def resources_of(self: Any) -> StackResources:
    """The resources of a stack of moto."""
    return StackResources(self)


def outputs_of(self: Any) -> Outputs:
    """The outputs of a stack of moto."""
    return Outputs(self)


def read_template(template: str) -> dict[str, Any]:
    """A template in JSON, as CDK writes it. Reading it as YAML takes a hundred times as long."""
    try:
        document = json.loads(template)
    except ValueError as error:
        from moto.cloudformation.exceptions import ValidationError

        raise ValidationError(message=f"Template format error: the local cloud reads JSON only: {error}") from error
    if not isinstance(document, dict):
        raise TypeError("a template is an object")
    return document


def delete_change_set(self: Any, change_set_name: str) -> None:
    """Delete a change set by its name or ARN, if it is there; moto breaks when it is not."""
    for key, change_set in list(self.change_sets.items()):
        if change_set_name in (key, change_set.change_set_name):
            del self.change_sets[key]


def template_at(template_url: str, account_id: str, partition: str) -> str:
    """A template in a bucket, whichever way its address is written."""
    from moto.s3.models import s3_backends

    parsed = urlparse(template_url)
    path = unquote(parsed.path.lstrip("/"))
    bucket, _, rest = parsed.netloc.partition(".s3")
    if not rest:
        bucket, _, path = path.partition("/")
    text: str = s3_backends[account_id][partition].get_object(bucket, path).value.decode("utf-8")
    return text


def check(template: Mapping[str, Any]) -> None:
    """Raise InvalidTemplate, naming everything in a template that the local cloud does not have."""
    unknown = [f"the section {name}" for name in template if name not in SECTIONS]
    for name, definition in template.get("Resources", {}).items():
        kind = kind_of(definition["Type"])
        if kind is None:
            unknown.append(f"the type {definition['Type']} of {name}")
            continue
        unknown += [f"{attribute} of {name}" for attribute in definition if attribute not in ATTRIBUTES]
        unknown += [
            f"the property {one} of {name} ({definition['Type']})"
            for one in definition.get("Properties", {})
            if one not in kind.properties and not kind.any_property
        ]
    if unknown:
        raise InvalidTemplate(f"the local cloud does not have {', '.join(unknown)}")


def in_order(resources: Mapping[str, Any]) -> Iterator[str]:
    """Logical ids, each after those that it refers to. Raises InvalidTemplate when that cannot be."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in done:
            return
        if name in path:
            raise InvalidTemplate(f"resources refer to each other in a circle: {' -> '.join([*path, name])}")
        definition = resources[name]
        depends = definition.get("DependsOn", [])
        needed = {*references(definition.get("Properties", {})), *([depends] if isinstance(depends, str) else depends)}
        for one in sorted(needed & resources.keys()):
            yield from visit(one, (*path, name))
        done.add(name)
        yield name

    for name in resources:
        yield from visit(name, ())


def _known(name: str) -> Kind:
    kind = kind_of(name)
    assert kind is not None, name  # a template with another is refused before
    return kind


def _parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for name, declaration in declared.items():
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise InvalidTemplate(f"the parameter {name} of the template is not given and has no default")
        kind = declaration["Type"]
        if kind.startswith("AWS::SSM::Parameter::Value"):
            value = current().client("ssm").get_parameter(Name=value)["Parameter"]["Value"]
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            value = value.split(",") if value else []
        values[name] = value
    return values


def _say_where(wanted: Wanted, do: Callable[[Wanted], Result]) -> Result:
    """Do something with a resource; an error of a service then names the resource."""
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        return do(wanted)
    except (ClientError, ParamValidationError, KeyError) as error:
        what = f"it has no property {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: {what}") from error


class _told_to_callers:  # noqa: N801 -- reads as what it does
    """Turns InvalidTemplate into the error that moto answers with."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, InvalidTemplate):
            from moto.cloudformation.exceptions import ValidationError

            raise ValidationError(message=str(error)) from error
