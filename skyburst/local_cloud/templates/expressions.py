"""The functions of CloudFormation templates: `Ref`, `Fn::Sub` and their kin, as pure functions of what is known."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from skyburst.errors import InvalidTemplate

NO_VALUE: Final = object()
"""What `AWS::NoValue` stands for: the property is left out."""
PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(slots=True)
class Scope:
    """What the expressions of a stack can refer to."""

    pseudo: Mapping[str, Any]
    """Such as `AWS::Region`."""
    parameters: dict[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    resources: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Physical id and attributes of each resource that is made, by its logical id."""
    exports: Mapping[str, Any] = field(default_factory=dict)

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self.conditions:
            raise InvalidTemplate(f"the template has no condition {name!r}")
        return truth(self.conditions[name], self)


def evaluate(value: Any, scope: Scope) -> Any:
    """A value of a template with its functions applied. Raises InvalidTemplate."""
    if isinstance(value, list):
        items = (evaluate(one, scope) for one in value)
        return [one for one in items if one is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name in FUNCTIONS:
            return FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise InvalidTemplate(f"the local cloud does not know the function {name} of templates")
    members = ((name, evaluate(one, scope)) for name, one in value.items())
    return {name: one for name, one in members if one is not NO_VALUE}


def truth(condition: Any, scope: Scope) -> bool:
    """Whether a condition holds."""
    ((name, argument),) = condition.items()
    if name == "Condition":
        return scope.condition(argument)
    if name == "Fn::Not":
        return not truth(argument[0], scope)
    if name == "Fn::And":
        return all(truth(one, scope) for one in argument)
    if name == "Fn::Or":
        return any(truth(one, scope) for one in argument)
    if name == "Fn::Equals":
        left, right = (evaluate(one, scope) for one in argument)
        return bool(left == right) or str(left) == str(right)
    raise InvalidTemplate(f"the local cloud does not know the condition {name}")


def references(value: Any) -> Iterator[str]:
    """Names that a value of a template refers to: resources, parameters and pseudo parameters."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref" and isinstance(argument, str):
                yield argument
            elif name == "Fn::GetAtt":
                yield _attribute(argument)[0]
            elif name == "Fn::Sub":
                text = argument if isinstance(argument, str) else argument[0]
                yield from (found[2].partition(".")[0] for found in PLACEHOLDER.finditer(text) if not found[1])
            yield from references(argument)


def _ref(name: str, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.pseudo:
        return scope.pseudo[name]
    if name in scope.parameters:
        return scope.parameters[name]
    if name in scope.resources:
        return scope.resources[name][0]
    raise InvalidTemplate(f"the template refers to {name!r}, which it does not have")


def _get_attribute(argument: Any, scope: Scope) -> Any:
    name, attribute = _attribute(argument)
    if name not in scope.resources:
        raise InvalidTemplate(f"the template asks for an attribute of {name!r}, which it does not have")
    attributes = scope.resources[name][1]
    if attribute not in attributes:
        raise InvalidTemplate(f"the local cloud does not know the attribute {attribute!r} of {name!r}")
    return attributes[attribute]


def _attribute(argument: Any) -> tuple[str, str]:
    name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
    return name, attribute


def _sub(argument: Any, scope: Scope) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument

    def replaced(found: re.Match[str]) -> str:
        name = found[2].strip()
        if found[1]:
            return f"${{{name}}}"
        if name in given:
            return str(evaluate(given[name], scope))
        return str(_get_attribute(name, scope) if "." in name else _ref(name, scope))

    return PLACEHOLDER.sub(replaced, text)


def _join(argument: Any, scope: Scope) -> str:
    separator, parts = argument
    return str(separator).join(str(part) for part in evaluate(parts, scope))


def _select(argument: Any, scope: Scope) -> Any:
    index, values = argument
    return evaluate(values, scope)[int(evaluate(index, scope))]


def _split(argument: Any, scope: Scope) -> list[str]:
    separator, text = argument
    return str(evaluate(text, scope)).split(separator)


def _if(argument: Any, scope: Scope) -> Any:
    name, yes, no = argument
    return evaluate(yes if scope.condition(name) else no, scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    name, first, second = (evaluate(one, scope) for one in argument[:3])
    try:
        return scope.mappings[name][first][second]
    except KeyError as error:
        raise InvalidTemplate(f"the template has no mapping {name!r} with {first!r} and {second!r}") from error


def _import(argument: Any, scope: Scope) -> Any:
    name = evaluate(argument, scope)
    if name not in scope.exports:
        raise InvalidTemplate(f"no stack exports {name!r}")
    return scope.exports[name].value


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_attribute,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import,
    "Fn::Base64": lambda argument, scope: base64.b64encode(str(evaluate(argument, scope)).encode()).decode(),
    "Fn::ToJsonString": lambda argument, scope: json.dumps(evaluate(argument, scope)),
    "Fn::GetAZs": lambda _argument, scope: [f"{scope.pseudo['AWS::Region']}{zone}" for zone in "abc"],
}
