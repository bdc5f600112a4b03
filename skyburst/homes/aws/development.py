"""Instances on which a developer opens a shell: started from the deployment's launch template, with a lifetime.

Nothing listens on them: the shell is a session of Systems Manager. They are told by their tags, and the reaper of the deployment
ends those whose lifetime has passed.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skyburst.contracts.refusals import INSTANCE_TYPE
from skyburst.errors import AwsUnavailable, Invalid, NotDeployed, NotFound
from skyburst.homes.aws.account import Account, asking

DEPLOYMENT_TAG, DEVELOP_TAG, UNTIL_TAG = "skyburst", "skyburst-develop", "skyburst-until"
ANALYSIS_TAG, USER_TAG = "skyburst-analysis", "skyburst-user"
TEMPLATE = "DevelopTemplate"
"""Output of the stack: id of the launch template."""
THERE = ("pending", "running", "stopping", "stopped")
DEFAULT_TYPE = "m5.large"
LONGEST_MIN = 7 * 24 * 60
ONLINE_S, LOOK_S = 300.0, 5.0
PLUGIN = "session-manager-plugin"


class Instance(NamedTuple):
    """An instance of a developer."""

    id: str
    analysis: str
    user: str
    kind: str
    """Its type, such as `m5.large`."""
    state: str
    started_at: float
    """Seconds since the epoch."""
    until: float | None
    """When its lifetime ends, seconds since the epoch; None when it has none, and the reaper gives it one."""


def start_instance(
    account: Account, analysis: str, *, user: str, minutes: float, now: float, kind: str = DEFAULT_TYPE
) -> str:
    """Start an instance; its id.

    Args:
        account: of the deployment.
        analysis: that is developed on it.
        user: who does.
        minutes: of its lifetime.
        now: seconds since the epoch.
        kind: the instance type.

    Raises:
        Invalid: when the lifetime or the type cannot be.
        NotDeployed: when the deployment has no launch template for developers.
        AwsUnavailable: when AWS refuses.
    """
    if not re.match(INSTANCE_TYPE, kind) or "." not in kind:
        raise Invalid(f"{kind!r} is no instance type: expected one such as {DEFAULT_TYPE}")
    template = account.outputs.get(TEMPLATE)
    if template is None:
        raise NotDeployed(
            f"the deployment {account.prefix!r} has no launch template for developers: it has one once an analysis that needs "
            "environments is deployed"
        )
    tags = {
        DEPLOYMENT_TAG: account.prefix, DEVELOP_TAG: "yes", UNTIL_TAG: until_tag(now, minutes), ANALYSIS_TAG: analysis,
        USER_TAG: user[:256], "Name": f"{account.prefix}-develop-{analysis}",
    }  # fmt: skip
    with asking("start an instance"):
        answer = account.client("ec2").run_instances(
            LaunchTemplate={"LaunchTemplateId": template}, InstanceType=kind, MinCount=1, MaxCount=1,
            TagSpecifications=[
                {"ResourceType": resource, "Tags": [{"Key": name, "Value": value} for name, value in tags.items()]}
                for resource in ("instance", "volume")
            ],
        )  # fmt: skip
    return str(answer["Instances"][0]["InstanceId"])


def instances(account: Account, analysis: str | None = None) -> list[Instance]:
    """The instances of developers of a deployment, oldest first. Raises AwsUnavailable."""
    filters = [
        {"Name": f"tag:{DEPLOYMENT_TAG}", "Values": [account.prefix]},
        {"Name": "tag-key", "Values": [DEVELOP_TAG]},
        {"Name": "instance-state-name", "Values": list(THERE)},
    ]
    if analysis is not None:
        filters.append({"Name": f"tag:{ANALYSIS_TAG}", "Values": [analysis]})
    found = []
    with asking("list instances"):
        for page in account.client("ec2").get_paginator("describe_instances").paginate(Filters=filters):
            found += [_read(one) for reservation in page["Reservations"] for one in reservation["Instances"]]
    return sorted(found, key=lambda one: one.started_at)


def find_instance(account: Account, named: str) -> Instance:
    """The instance of an id, or the one on which an analysis is developed.

    Raises:
        NotFound: when there is none, or more than one.
    """
    there = instances(account)
    fitting = [one for one in there if named in (one.id, one.analysis)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise NotFound(
            f"{named!r} is developed on {len(fitting)} instances: give the id, {', '.join(one.id for one in fitting)}"
        )
    known = ", ".join(f"{one.id} ({one.analysis})" for one in there) or "none"
    raise NotFound(f"there is no instance {named!r} in the deployment {account.prefix!r}: there is {known}")


def extend(account: Account, found: Instance, minutes: float, now: float) -> float:
    """Give an instance a lifetime of so many minutes from now; when it ends. Raises Invalid, AwsUnavailable."""
    until = until_tag(now, minutes)
    with asking("change the lifetime of an instance"):
        account.client("ec2").create_tags(Resources=[found.id], Tags=[{"Key": UNTIL_TAG, "Value": until}])
    return float(until)


def terminate(account: Account, found: Instance) -> None:
    """End an instance; its disk goes with it. Raises AwsUnavailable."""
    with asking("end an instance"):
        account.client("ec2").terminate_instances(InstanceIds=[found.id])


def wait_online(
    account: Account,
    instance: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until Systems Manager reaches an instance. Raises AwsUnavailable when it does not in five minutes."""
    client, end = account.client("ssm"), clock() + ONLINE_S
    while True:
        with asking("find out whether the instance can be reached"):
            answer = client.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [instance]}])
        if any(one["PingStatus"] == "Online" for one in answer["InstanceInformationList"]):
            return
        if clock() + LOOK_S > end:
            raise AwsUnavailable(
                f"Systems Manager does not reach the instance {instance} after {ONLINE_S:g} s: `skyburst env stop {instance} "
                "--on aws` ends it"
            )
        sleep(LOOK_S)


def session_words(instance: str, region: str) -> list[str]:
    """What opens the shell. Raises Invalid, naming what has to be installed."""
    aws = shutil.which("aws")
    if aws is None:
        raise Invalid("there is no program `aws`: install the AWS CLI, which opens sessions of Systems Manager")
    if shutil.which(PLUGIN) is None:
        raise Invalid(f"there is no program `{PLUGIN}`: install the Session Manager plugin of the AWS CLI")
    return [aws, "ssm", "start-session", "--target", instance, "--region", region]


def until_tag(now: float, minutes: float) -> str:
    """The end of a lifetime, as a tag. Raises Invalid when it cannot be."""
    if not 1 <= minutes <= LONGEST_MIN:
        raise Invalid(f"a lifetime of {minutes:g} minutes cannot be: expected 1 to {LONGEST_MIN:,}")
    return str(round(now + 60 * minutes))


def _read(described: Mapping[str, Any]) -> Instance:
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
    until = tags.get(UNTIL_TAG, "")
    return Instance(
        described["InstanceId"], tags.get(ANALYSIS_TAG, ""), tags.get(USER_TAG, ""), described["InstanceType"],
        described["State"]["Name"], described["LaunchTime"].timestamp(), float(until) if until.isdecimal() else None,
    )  # fmt: skip
