"""The resources of a deployment's stack."""

from __future__ import annotations

from skyburst.cli.checks.deployment.asked import asked
from skyburst.cli.checks.finding import Finding
from skyburst.homes.aws.account import Account


def resources_of(account: Account) -> dict[str, list[str]] | Finding:
    """Physical names of the resources of the stack by type; of a queue that is its URL."""
    client = account.client("cloudformation")

    def ask() -> dict[str, list[str]]:
        kinds: dict[str, list[str]] = {}
        for page in client.get_paginator("list_stack_resources").paginate(StackName=account.prefix):
            for resource in page["StackResourceSummaries"]:
                kinds.setdefault(resource["ResourceType"], []).append(str(resource.get("PhysicalResourceId")))
        return kinds

    return asked("analyses", "cloudformation:ListStackResources", ask)
