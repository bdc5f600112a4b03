"""The policy of groups' folders, as IAM decides: each group has its own, and inputs cannot be read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skyburst.people.policies import GROUP_TAG, Root, group_policy, trust_policy

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

BUCKET = "groups-of-people"
SSO = "/aws-reserved/sso.amazonaws.com/"


def test_no_statement_is_about_more_than_the_groups_own_folders() -> None:
    policy = group_policy([Root("arn:aws:s3:::one", "caiman/"), Root("arn:aws:s3:::two")])
    for statement in policy["Statement"]:
        if statement["Action"] == ["s3:ListBucket"]:
            assert all(
                "${aws:PrincipalTag/skyburst-group}/" in one
                for one in statement["Condition"]["StringLike"]["s3:prefix"]
            )
        else:
            assert all("/${aws:PrincipalTag/skyburst-group}/" in one for one in statement["Resource"])
        assert "s3:*" not in statement["Action"]
    inputs = next(statement for statement in policy["Statement"] if statement["Sid"] == "Inputs")
    assert "s3:GetObject" not in inputs["Action"]
    assert inputs["Resource"][0] == "arn:aws:s3:::one/caiman/${aws:PrincipalTag/skyburst-group}/inputs/*"


def test_sessions_of_an_identity_provider_need_the_groups_tag_and_its_audience() -> None:
    provider = "arn:aws:iam::123456789012:oidc-provider/login.lab.edu/realm"
    (statement,) = trust_policy("oidc", provider=provider, audience="skyburst")["Statement"]
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"] == {"login.lab.edu/realm:aud": "skyburst"}
    assert statement["Condition"]["Null"] == {f"aws:RequestTag/{GROUP_TAG}": "false"}
    (saml,) = trust_policy("saml", provider="arn:aws:iam::123456789012:saml-provider/lab")["Statement"]
    assert saml["Condition"]["StringEquals"] == {"SAML:aud": "https://signin.aws.amazon.com/saml"}


@pytest.fixture(scope="module")
def role(running_cloud: LocalCloud) -> str:
    """ARN of the role of people; there is a bucket with an object in each folder of two groups."""
    cloud = running_cloud
    s3, iam = cloud.client("s3"), cloud.client("iam")
    s3.create_bucket(Bucket=BUCKET)
    for group in ("lab-a", "lab-b"):
        for folder in ("inputs", "configs", "submissions", "results"):
            s3.put_object(Bucket=BUCKET, Key=f"caiman/{group}/{folder}/x", Body=b"x")
    trust = trust_policy("identity-center", provider=cloud.account, permission_set="Science")
    arn = iam.create_role(RoleName="people", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = group_policy([Root(f"arn:aws:s3:::{BUCKET}", "caiman/")])
    iam.put_role_policy(RoleName="people", PolicyName="groups", PolicyDocument=json.dumps(policy))
    trusting = {"AWS": f"arn:aws:iam::{cloud.account}:root"}
    anybody = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": trusting, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
    }
    may = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": arn}],
    }
    for name, path in (("AWSReservedSSO_Science_0123456789abcdef", SSO), ("AWSReservedSSO_Science_fake", "/")):
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(anybody))
        iam.put_role_policy(RoleName=name, PolicyName="people", PolicyDocument=json.dumps(may))
    return str(arn)


def signed_in(
    cloud: LocalCloud, group: str, *, path: str = SSO, name: str = "AWSReservedSSO_Science_0123456789abcdef"
) -> Any:
    """Credentials of somebody whom IAM Identity Center has signed in, with the group as an attribute."""
    return session(cloud, cloud.client("sts"), f"arn:aws:iam::{cloud.account}:role{path}{name}", group)


def session(cloud: LocalCloud, sts: Any, arn: str, group: str | None) -> Any:
    from skyburst.local_cloud.identities import Credentials

    tags = [] if group is None else [{"Key": GROUP_TAG, "Value": group}]
    found = sts.assume_role(RoleArn=arn, RoleSessionName="ada", Tags=tags)["Credentials"]
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def member(cloud: LocalCloud, role: str, group: str) -> Any:
    """S3, as a member of a group has it."""
    sts = cloud.client("sts", signed_in(cloud, group))
    return cloud.client("s3", session(cloud, sts, role, group))


def refused(call: Any, **arguments: Any) -> bool:
    from botocore.exceptions import ClientError

    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return True
    return False


@pytest.mark.parametrize(
    ("folder", "read", "write", "delete"),
    [
        ("inputs", False, True, True),
        ("configs", True, True, True),
        ("submissions", False, True, True),
        ("results", True, False, True),
    ],
)
def test_members_do_in_their_own_folders_what_each_is_for_and_nothing_in_those_of_others(
    running_cloud: LocalCloud, role: str, folder: str, read: bool, write: bool, delete: bool
) -> None:
    s3 = member(running_cloud, role, "lab-a")
    for group in ("lab-a", "lab-b"):
        own = group == "lab-a"
        key = f"caiman/{group}/{folder}/x"
        assert refused(s3.get_object, Key=key) is not (own and read)
        assert refused(s3.put_object, Key=key, Body=b"new") is not (own and write)
        assert refused(s3.list_objects_v2, Prefix=f"caiman/{group}/{folder}/") is not own
        assert refused(s3.delete_object, Key=f"caiman/{group}/{folder}/y") is not (own and delete)


def test_nobody_lists_more_than_their_own_or_leaves_it_by_a_name_that_begins_alike(
    running_cloud: LocalCloud, role: str
) -> None:
    s3 = member(running_cloud, role, "lab-a")
    assert refused(s3.list_objects_v2)
    assert refused(s3.list_objects_v2, Prefix="caiman/")
    assert refused(s3.list_objects_v2, Prefix="caiman/lab-")
    assert refused(s3.put_object, Key="caiman/lab-abc/inputs/x", Body=b"x")
    assert refused(s3.put_object, Key="lab-a/inputs/x", Body=b"x")
    assert not refused(s3.list_objects_v2, Prefix="caiman/lab-a/")


def test_only_the_own_group_is_passed_on_and_only_by_who_has_the_permission_set(
    running_cloud: LocalCloud, role: str
) -> None:
    from botocore.exceptions import ClientError

    sts = running_cloud.client("sts", signed_in(running_cloud, "lab-a"))
    for group in ("lab-b", None):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
            session(running_cloud, sts, role, group)
    pretending = signed_in(running_cloud, "lab-a", path="/", name="AWSReservedSSO_Science_fake")
    with pytest.raises(ClientError, match="not authorized"):
        session(running_cloud, running_cloud.client("sts", pretending), role, "lab-a")
    with pytest.raises(ClientError, match="not authorized"):
        session(running_cloud, running_cloud.client("sts"), role, "lab-a")
