"""The blueprints of a deployment: the template of its stack has them, beside the combiner of each analysis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.errors import NotFound

if TYPE_CHECKING:
    from skyburst.homes.aws.account import Account

METADATA = "skyburst:blueprint"
"""Of a resource in the template."""


def deployed_blueprint(account: Account, name: str) -> Blueprint:
    """The blueprint of an analysis as it is deployed.

    Raises:
        NotDeployed, AwsUnavailable: when there is no deployment, or AWS cannot be asked.
        NotFound: when the deployment has no such analysis, or is of a version that does not tell.
    """
    found = _documents(account)
    if name not in found:
        there = ", ".join(sorted(found)) or "none, or it is of a version that does not tell"
        raise NotFound(f"the deployment {account.prefix!r} has no blueprint of {name!r}; it has {there}")
    return parse_blueprint(found[name], f"{account.prefix}: {name}")


def _documents(account: Account) -> dict[str, dict[str, Any]]:
    from skyburst.homes.aws.account import asking

    account.outputs  # noqa: B018 - says so when nothing is deployed
    with asking("read the template of the deployment"):
        answer = account.client("cloudformation").get_template(StackName=account.prefix, TemplateStage="Original")
    body = answer["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    blueprints = (resource.get("Metadata", {}).get(METADATA) for resource in template["Resources"].values())
    return {blueprint["name"]: blueprint for blueprint in blueprints if blueprint}
