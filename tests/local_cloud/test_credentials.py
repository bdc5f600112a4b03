"""Buckets are reached with the credentials that every program for AWS finds, and refusals say what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.errors import AwsUnavailable, StorageError
from skyburst.local_cloud import LocalCloud
from skyburst.objects import NAMED, PROFILES, open_store


@pytest.fixture
def nothing_named(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable names credentials or a region; the files of profiles are those of the test."""
    for name in (*NAMED, *PROFILES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def lab(nothing_named: None, cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile `lab` has the credentials of the cloud, and counts."""
    known = cloud.variables()
    (tmp_path / "config").write_text(f"[profile lab]\nregion = {known['AWS_REGION']}\n")
    (tmp_path / "credentials").write_text(
        f"[lab]\naws_access_key_id = {known['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {known['AWS_SECRET_ACCESS_KEY']}\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "lab")


@pytest.mark.usefixtures("lab")
def test_a_bucket_is_read_and_written_with_a_profile(cloud: LocalCloud) -> None:
    cloud.client("s3").create_bucket(Bucket="of-a-profile")
    open_store("s3://of-a-profile/data").put("a.txt", b"one")
    assert cloud.client("s3").get_object(Bucket="of-a-profile", Key="data/a.txt")["Body"].read() == b"one"
    assert open_store("s3://of-a-profile").get("data/a.txt") == b"one"


@pytest.mark.usefixtures("lab")
def test_a_bucket_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageError, match=r"^s3://no-such-bucket: there is no such bucket: look at its name$"):
        list(open_store("s3://no-such-bucket").list())


def test_what_may_not_be_read_says_so_with_the_remedy(
    nothing_named: None, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.client("s3").create_bucket(Bucket="of-others")
    cloud.client("iam").create_user(UserName="may-nothing")
    key = cloud.client("iam").create_access_key(UserName="may-nothing")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    with pytest.raises(StorageError) as refused:
        open_store("s3://of-others").size("a.txt")
    assert "object 'a.txt' in s3://of-others: access is denied, or there is no such bucket" in str(refused.value)
    assert "`input_buckets`" in str(refused.value)


@pytest.mark.usefixtures("nothing_named")
def test_without_credentials_the_remedy_is_named() -> None:
    with pytest.raises(StorageError, match="there are no AWS credentials: name a profile in AWS_PROFILE"):
        open_store("s3://anything").size("a.txt")


@pytest.mark.usefixtures("nothing_named")
def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AwsUnavailable, match=r"no AWS credentials: .*\(nobody\) could not be found: name a profile"):
        open_store("s3://anything")


@pytest.mark.usefixtures("nothing_named")
def test_clients_of_the_cloud_itself_need_no_profile(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert cloud.client("sso-oidc"), "a service that nobody else asks for, so that the client is made here"
