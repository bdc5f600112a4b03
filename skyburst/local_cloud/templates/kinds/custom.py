"""Custom resources, whose functions make them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skyburst.local_cloud.custom_resources import ask
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted


def _create(wanted: Wanted) -> Made:
    return _made(wanted, ask(wanted, "Create"))


def _update(wanted: Wanted, made: Made) -> Made:
    now = _made(wanted, ask(wanted, "Update", made.physical_id, dict(wanted.before)))
    if now.physical_id != made.physical_id:  # it is another one: the one before is not needed any more
        ask(replace(wanted, properties=wanted.before, before={}), "Delete", made.physical_id)
    return now


def _delete(wanted: Wanted, made: Made) -> None:
    ask(wanted, "Delete", made.physical_id)


def _made(wanted: Wanted, told: dict[str, Any]) -> Made:
    return Made(str(told.get("PhysicalResourceId") or wanted.logical_id), told.get("Data") or {})


CUSTOM = Kind(_create, frozenset(), _delete, _update, replaced_by=frozenset({"ServiceToken"}), any_property=True)
"""Of every type that begins with `Custom::`, and of `AWS::CloudFormation::CustomResource`."""
