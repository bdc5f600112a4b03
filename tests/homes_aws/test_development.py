"""Instances of developers: started with a lifetime, found by their tags, extended, ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skyburst.errors import AwsUnavailable, Invalid, NotDeployed, NotFound
from skyburst.homes.aws import development
from skyburst.homes.aws.account import Account

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

NOW = 1_800_000_000.0
OUTPUTS = {name: {"Value": "x"} for name in ("Bucket", "Batches", "Jobs", "JobMachine")}


@pytest.fixture(scope="module")
def prefix(running_cloud: LocalCloud) -> Iterator[str]:
    """A deployment that has a launch template for developers and not much else, and one that has not even that."""
    ec2, formation = running_cloud.client("ec2"), running_cloud.client("cloudformation")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.create_launch_template(LaunchTemplateName="developers", LaunchTemplateData={"ImageId": image})
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    for name, outputs in (("developers", {**OUTPUTS, "DevelopTemplate": {"Value": template}}), ("without", OUTPUTS)):
        log = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/{name}"}}
        formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Log": log}, "Outputs": outputs}))
    yield "developers"
    for name in ("developers", "without"):
        formation.delete_stack(StackName=name)
    ec2.delete_launch_template(LaunchTemplateId=template)


@pytest.fixture
def account(running_cloud: LocalCloud, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The deployment; instances are ended after the test."""
    for name, value in running_cloud.variables().items():
        monkeypatch.setenv(name, value)
    account = Account(prefix)
    yield account
    for one in development.instances(account):
        development.terminate(account, one)


def start(account: Account, analysis: str = "tracking", minutes: float = 90) -> str:
    return development.start_instance(account, analysis, user="ada", minutes=minutes, now=NOW)


def test_an_instance_lives_from_its_start_to_its_end_and_can_be_given_longer(account: Account) -> None:
    assert development.instances(account) == []
    instance = start(account)
    (found,) = development.instances(account)
    assert (found.id, found.analysis, found.user, found.kind) == (instance, "tracking", "ada", "m5.large")
    assert found.until == NOW + 90 * 60
    assert development.extend(account, found, 30, NOW + 600) == NOW + 600 + 30 * 60
    assert development.find_instance(account, "tracking").until == NOW + 2_400
    development.terminate(account, found)
    with pytest.raises(NotFound, match="there is no instance 'tracking' in the deployment 'developers': there is none"):
        development.find_instance(account, "tracking")


def test_instances_are_found_by_id_or_analysis_and_those_of_others_are_not(account: Account) -> None:
    first, second = start(account), start(account)
    other = start(account, "other")
    with pytest.raises(NotFound, match="'tracking' is developed on 2 instances: give the id"):
        development.find_instance(account, "tracking")
    assert development.find_instance(account, second).id == second
    assert {one.id for one in development.instances(account, "tracking")} == {first, second}
    assert development.find_instance(account, "other").id == other
    template = {"LaunchTemplateId": account.outputs["DevelopTemplate"]}
    account.client("ec2").run_instances(MinCount=1, MaxCount=1, LaunchTemplate=template)  # somebody else's
    assert len(development.instances(account)) == 3


@pytest.mark.parametrize("minutes", [0, -1, 1e9, float("nan"), float("inf")])
def test_a_lifetime_that_cannot_be_is_refused(minutes: float) -> None:
    with pytest.raises(Invalid, match="minutes cannot be"):
        development.until_tag(NOW, minutes)


def test_what_cannot_be_started_is_refused(account: Account) -> None:
    with pytest.raises(Invalid, match="'m5' is no instance type"):
        development.start_instance(account, "x", user="ada", minutes=10, now=NOW, kind="m5")
    with pytest.raises(NotDeployed, match="has no launch template for developers"):
        start(Account("without"))


class Scripted:
    """An account whose Systems Manager reaches an instance after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.now = 0.0

    def client(self, _service: str) -> Scripted:
        return self

    def describe_instance_information(self, **_: Any) -> dict[str, Any]:
        self.looks -= 1
        return {"InstanceInformationList": [{"PingStatus": "Online"}] if self.looks <= 0 else []}

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_an_instance_is_waited_for_but_not_for_ever() -> None:
    soon = Scripted(3)
    development.wait_online(soon, "i-1", clock=lambda: soon.now, sleep=soon.sleep)  # type: ignore[arg-type]
    assert soon.now == 10
    never = Scripted(10_000)
    with pytest.raises(AwsUnavailable, match="does not reach the instance i-1 after 300 s"):
        development.wait_online(never, "i-1", clock=lambda: never.now, sleep=never.sleep)  # type: ignore[arg-type]


def test_a_shell_needs_the_command_line_of_aws_and_its_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Invalid, match="there is no program `aws`"):
        development.session_words("i-1", "eu-central-1")
    for name in ("aws", "session-manager-plugin"):
        if name == "session-manager-plugin":
            with pytest.raises(Invalid, match="there is no program `session-manager-plugin`"):
                development.session_words("i-1", "eu-central-1")
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    words = development.session_words("i-1", "eu-central-1")
    assert words[1:] == ["ssm", "start-session", "--target", "i-1", "--region", "eu-central-1"]
