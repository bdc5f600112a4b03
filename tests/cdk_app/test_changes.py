"""A deployment is changed where what goes into it changed, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_app.settings import settings_of
from skyburst.errors import InvalidJob
from tests.deployed.world import HERE

Template = dict[str, Any]
KNOWING_ALL = {"skyburst-plan", "skyburst-prepare"}
"""Functions that know all analyses."""
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/login.lab.edu/realm"
WATCHED = {
    "monitoring": "alarms", "drift_check": "daily", "people": "oidc", "people_provider": PROVIDER,
    "people_audience": "skyburst", "people_buckets": "caiman-data,shared/pmd/",
    "submission_buckets": "acting",
}  # fmt: skip


def test_a_changed_analysis_changes_its_own_functions_and_what_the_planner_knows_of_it(
    template: Template, template_of: Callable[..., Template], tmp_path: Path
) -> None:
    changed = tmp_path / "acting"
    shutil.copytree(HERE / "acting", changed, ignore=shutil.ignore_patterns("__pycache__"))
    (changed / "more.py").write_text("more = 1\n")
    after = template_of(analyses=str(changed))
    assert template["Resources"].keys() == after["Resources"].keys()
    differing = [found for name, found in after["Resources"].items() if found != template["Resources"][name]]
    assert {found["Type"] for found in differing} == {"AWS::Lambda::Function"}
    names = {found["Properties"]["FunctionName"] for found in differing}
    assert names - KNOWING_ALL == {"skyburst-acting-worker-0", "skyburst-acting-combiner"}
    assert template["Outputs"] == after["Outputs"]


def test_drift_is_looked_for_where_it_is_asked_for(template: Template, template_of: Callable[..., Template]) -> None:
    def of(template: Template, kind: str) -> list[dict[str, Any]]:
        return [found["Properties"] for found in template["Resources"].values() if found["Type"] == kind]

    def schedules(template: Template) -> list[str]:
        compares = (rule for rule in of(template, "AWS::Events::Rule") if "Compares" in rule.get("Description", ""))
        return [rule["ScheduleExpression"] for rule in compares]

    assert schedules(template) == []
    chosen = template_of(**WATCHED)
    assert schedules(chosen) == ["rate(1 day)"]
    assert "skyburst-drift" in {function["FunctionName"] for function in of(chosen, "AWS::Lambda::Function")}
    (alarm,) = (alarm for alarm in of(chosen, "AWS::CloudWatch::Alarm") if alarm["AlarmName"] == "skyburst-Drift")
    assert alarm["MetricName"] == "DriftedResources"


def test_one_role_serves_all_groups_of_an_identity_provider(template_of: Callable[..., Template]) -> None:
    chosen = template_of(**WATCHED)
    roles = [found["Properties"] for found in chosen["Resources"].values() if found["Type"] == "AWS::IAM::Role"]
    (role,) = (role for role in roles if role.get("RoleName") == "skyburst-people")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}
    assert statement["Condition"]["StringEquals"] == {"login.lab.edu/realm:aud": "skyburst"}
    (policy,) = role["ManagedPolicyArns"]
    statements = chosen["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
    written = str(statements)
    assert ":s3:::caiman-data/${aws:PrincipalTag/skyburst-group}/inputs/*" in written
    assert ":s3:::shared/pmd/${aws:PrincipalTag/skyburst-group}/inputs/*" in written
    assert "'Fn::GetAtt': ['Submitted" in written  # the deployment's own bucket for submissions
    assert chosen["Outputs"]["PeopleRole"]


@pytest.mark.parametrize(
    ("chosen", "refusal"),
    [
        ({"people": "ldap"}, "people is 'ldap': expected one of none, oidc, saml, identity-center"),
        ({"people": "oidc"}, "people is 'oidc', which needs people_provider"),
        ({"people": "saml", "people_provider": "lab"}, "people_provider is 'lab'"),
        (
            {"people": "identity-center", "people_permission_set": "Science"},
            "neither submission_buckets nor people_buckets",
        ),
    ],
)
def test_settings_of_people_that_cannot_be_used_are_named(chosen: dict[str, str], refusal: str) -> None:
    with pytest.raises(InvalidJob, match=refusal):
        settings_of(chosen)
