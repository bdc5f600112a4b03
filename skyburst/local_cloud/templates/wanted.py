"""What a kind of resource is made from, and what is made of it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skyburst.errors import InvalidTemplate

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists."""

    physical_id: str
    """What `Ref` answers."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What `Fn::GetAtt` answers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource as the template wants it."""

    services: Services
    stack: str
    logical_id: str
    kind: str
    """Such as `AWS::S3::Bucket`."""
    properties: Mapping[str, Any]
    """With all functions applied."""
    before: Mapping[str, Any] = field(default_factory=dict)
    """The properties that a resource has until it is changed."""

    def name(self, given: str | None, most: int = 64) -> str:
        """The name that was given, or one of the stack's, the logical id and chance, with so many characters at most."""
        if given:
            return given
        chance = "".join(secrets.choice(LETTERS) for _ in range(12))
        room = most - len(chance) - 2
        logical_id = self.logical_id[: max(room - 12, room // 2)]
        return f"{self.stack[: room - len(logical_id)]}-{logical_id}-{chance}"

    def client(self, service: str) -> Any:
        """A client of the administrator: CloudFormation may do everything here."""
        return self.services.client(service)

    def only(self, *names: str) -> dict[str, Any]:
        """Some of the properties, if they are given."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation with parameters spelled as in a template. Raises InvalidTemplate for one it does not have."""
        from botocore import xform_name

        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**self.shaped(parameters, shape, ""))
        return answer

    def shaped(self, value: Any, shape: Any, path: str) -> Any:
        """A value of a template as an operation takes it: names in its spelling, numbers as numbers."""
        if shape.type_name == "structure":
            spelled = {name.lower(): name for name in shape.members}
            unknown = [name for name in value if name.lower() not in spelled]
            if unknown:
                raise InvalidTemplate(
                    f"{self.kind} {self.logical_id}: the local cloud does not know {', '.join(unknown)} of {path or '/'}"
                )
            return {
                spelled[name.lower()]: self.shaped(one, shape.members[spelled[name.lower()]], f"{path}/{name}")
                for name, one in value.items()
            }
        if shape.type_name == "list":
            return [self.shaped(one, shape.member, path) for one in value]
        if shape.type_name == "map":
            return {name: self.shaped(one, shape.value, f"{path}/{name}") for name, one in value.items()}
        if shape.type_name == "boolean" and isinstance(value, str):
            return value.lower() == "true"
        if shape.type_name in SCALARS:
            return SCALARS[shape.type_name](value)
        return value


SCALARS: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """How one type of resource is made, changed and deleted."""

    create: Callable[[Wanted], Made]
    properties: frozenset[str]
    """Names of the properties that are known; a template with another is refused."""
    delete: Callable[[Wanted, Made], None] | None = None
    """Without it, the resource has nothing of its own to delete."""
    update: Callable[[Wanted, Made], Made] | None = None
    """In place, or None when it cannot be. Without it, the resource is replaced."""
    replaced_by: frozenset[str] = frozenset()
    """Properties of which a change replaces the resource, such as its name."""
    fixed: frozenset[str] = frozenset()
    """Properties that cannot be changed here: a template that does is refused."""
    removable: frozenset[str] = frozenset()
    """Properties that can be left out of a template that had them; to leave out another is refused."""
    any_property: bool = False
    """Whether it takes properties of any name, which may come and go."""


def kind(
    properties: str,
    create: Callable[[Wanted], Made],
    *,
    delete: Callable[[Wanted, Made], None] | None = None,
    update: Callable[[Wanted, Made], Made] | None = None,
    replaced_by: str = "",
    fixed: str = "",
    removable: str = "",
) -> Kind:
    """A kind, with names of properties separated by spaces."""
    return Kind(
        create, frozenset(properties.split()), delete, update, frozenset(replaced_by.split()), frozenset(fixed.split()),
        frozenset(removable.split()),
    )  # fmt: skip


def tag_map(tags: Any) -> dict[str, str]:
    """Tags of a template as a mapping."""
    return {tag["Key"]: str(tag["Value"]) for tag in tags or []}
