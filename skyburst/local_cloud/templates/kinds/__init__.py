"""Types of resources that templates can have here: what a serverless stack needs, and no more."""

from __future__ import annotations

from skyburst.local_cloud.templates.kinds import (
    batch,
    functions,
    messages,
    networks,
    roles,
    state_machines,
    stores,
    watching,
    web,
)
from skyburst.local_cloud.templates.kinds.custom import CUSTOM
from skyburst.local_cloud.templates.wanted import Kind, Made, kind

KINDS: dict[str, Kind] = {
    **batch.KINDS,
    **functions.KINDS,
    **messages.KINDS,
    **networks.KINDS,
    **roles.KINDS,
    **state_machines.KINDS,
    **stores.KINDS,
    **watching.KINDS,
    **web.KINDS,
    "AWS::CloudFormation::CustomResource": CUSTOM,
    # Tells AWS which constructs are used; there is nothing to make.
    "AWS::CDK::Metadata": kind("Analytics", lambda wanted: Made(wanted.logical_id)),
}


def kind_of(name: str) -> Kind | None:
    """The kind of a type; None when the local cloud does not have it."""
    return CUSTOM if name.startswith("Custom::") else KINDS.get(name)
