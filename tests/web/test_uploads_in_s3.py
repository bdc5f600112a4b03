"""What uploads to S3 leave in the bucket, and what their addresses are good for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from botocore.exceptions import ClientError

from skyburst.errors import InvalidUpload, UploadInUse, UploadNotFound
from skyburst.web.aws.uploads import MOST_NOTED
from skyburst.web.documents import NewUpload
from tests.conftest import needed
from tests.homes_aws.dynamodb import REGION
from tests.web.buckets import s3_uploads, web_table
from tests.web.test_uploads_contract import MIB, begin, send

GIB = 2**30


class World:
    """Uploads, their bucket, and their table."""

    def __init__(self, uploads: Any, s3: Any, bucket: str, dynamodb: Any, table: str) -> None:
        self.uploads, self.s3, self.bucket, self.dynamodb, self.table = uploads, s3, bucket, dynamodb, table

    def tags(self, upload: Any) -> list[dict[str, str]]:
        key = f"uploads/web/{upload.id}/{upload.name}"
        tags: list[dict[str, str]] = self.s3.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
        return tags

    def item(self, upload: Any) -> dict[str, Any]:
        key = {"id": {"S": f"upload#{upload.id}"}}
        item: dict[str, Any] = self.dynamodb.get_item(TableName=self.table, Key=key)["Item"]
        return item


@pytest.fixture
def world(dynamodb_address: str, bucket: str) -> Iterator[World]:
    needed("litestar")
    import boto3

    s3 = boto3.client("s3", region_name=REGION)
    with web_table(dynamodb_address) as (client, table):
        name = bucket.removeprefix("s3://")
        yield World(s3_uploads(bucket, client, table, 5 * 2**40), s3, name, client, table)
    s3.close()


def test_what_is_not_complete_is_marked_for_removal_and_what_is_complete_stays(world: World) -> None:
    upload = begin(world.uploads, b"no image", purpose="image")
    assert int(world.item(upload)["ttl"]["N"]) == 1_000_000_000 + 8 * 24 * 3600
    send(world.uploads, upload, b"no image")
    with pytest.raises(InvalidUpload):
        world.uploads.complete(upload.id, None, "ada")
    assert world.tags(upload) == [{"Key": "skyburst-upload", "Value": "open"}], "a rule of the bucket removes it"
    good = begin(world.uploads, b"text", name="x.txt", purpose="data")
    send(world.uploads, good, b"text")
    world.uploads.complete(good.id, None, "ada")
    assert (world.tags(good), "ttl" in world.item(good)) == ([], False)


def test_an_address_takes_as_many_bytes_as_its_part_has_and_no_others(world: World) -> None:
    upload = begin(world.uploads, bytes(9 * MIB), purpose="data")
    signed = [parse_qs(urlparse(part.url).query) for part in upload.parts]
    assert [one["X-Amz-SignedHeaders"] for one in signed] == [["content-length;host"]] * 2
    assert {one["X-Amz-Expires"][0] for one in signed} == {"3600"}
    assert not any("checksum" in name.lower() for one in signed for name in one), "a browser could not make it"


def test_a_large_file_has_few_enough_parts_for_an_answer_and_small_enough_ones_for_s3(world: World) -> None:
    for size in (1, 5 * MIB, GIB, 100 * GIB, 2 * 2**40):
        parts = world.uploads.begin(NewUpload(name="x", size=size), 0.0, None).parts
        assert len(parts) <= 500
        assert sum(part.size for part in parts) == size
        assert all(5 * MIB <= part.size <= 5 * GIB for part in parts[:-1])
        assert [part.offset for part in parts] == [sum(before.size for before in parts[:n]) for n in range(len(parts))]


def test_an_image_is_not_of_any_size(world: World) -> None:
    with pytest.raises(InvalidUpload, match="at most 1,073,741,824 bytes"):
        world.uploads.begin(NewUpload(name="x.tif", size=GIB + 1, purpose="image"), 0.0, None)


def test_parts_that_were_put_together_by_a_request_that_died_are_found(world: World) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    send(world.uploads, upload, b"text")
    key = f"uploads/web/{upload.id}/x.txt"
    (open_,) = world.s3.list_multipart_uploads(Bucket=world.bucket)["Uploads"]
    etag = world.s3.list_parts(Bucket=world.bucket, Key=key, UploadId=open_["UploadId"])["Parts"][0]["ETag"]
    world.s3.complete_multipart_upload(
        Bucket=world.bucket, Key=key, UploadId=open_["UploadId"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
    )  # fmt: skip
    assert world.uploads.complete(upload.id, None, "ada").state == "complete"


def test_an_upload_whose_parts_a_rule_has_removed_is_gone(world: World) -> None:
    upload = begin(world.uploads, b"text", purpose="data")
    (open_,) = world.s3.list_multipart_uploads(Bucket=world.bucket)["Uploads"]
    world.s3.abort_multipart_upload(Bucket=world.bucket, Key=open_["Key"], UploadId=open_["UploadId"])
    for call in (world.uploads.get, lambda *one: world.uploads.complete(one[0], None, one[1])):
        with pytest.raises(UploadNotFound):
            call(upload.id, "ada")
    world.uploads.remove(upload.id, "ada")


def test_an_upload_is_known_by_its_url_also_when_it_is_gone(world: World) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    url = f"s3://{world.bucket}/uploads/web/{upload.id}/x.txt"
    assert world.uploads.named(url) == upload.id
    for other in (
        f"s3://{world.bucket}/uploads/{upload.id}/x.txt",
        f"s3://other/uploads/web/{upload.id}/x.txt",
        "x",
        "",
    ):
        assert world.uploads.named(other) is None


def test_two_requests_that_complete_an_upload_at_once_both_find_it_complete(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    send(world.uploads, upload, b"text")
    together = world.uploads._client.complete_multipart_upload
    gone = ClientError({"Error": {"Code": "NoSuchUpload"}}, "CompleteMultipartUpload")

    def other_first(**wanted: Any) -> Any:
        together(**wanted)
        raise gone  # as S3 may say of what is put together

    monkeypatch.setattr(world.uploads._client, "complete_multipart_upload", other_first)
    assert world.uploads.complete(upload.id, None, "ada").state == "complete"


def test_a_job_that_is_noted_while_somebody_looks_for_jobs_is_seen_before_anything_is_removed(world: World) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    send(world.uploads, upload, b"text")
    world.uploads.complete(upload.id, None, "ada")
    seen: list[set[str]] = []

    def check(noted: Mapping[str, float]) -> None:
        if not seen:
            with world.uploads.starting([upload.id]) as note_id:
                note_id("job-1")
        seen.append(set(noted))
        if noted:
            raise UploadInUse("job-1")

    with pytest.raises(UploadInUse):
        world.uploads.remove(upload.id, "ada", check)
    assert seen == [set(), {"job-1"}]
    assert world.uploads.location(upload.id, "ada")


def test_a_removal_that_died_is_gone_on_with_and_nobody_uses_the_upload_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    send(world.uploads, upload, b"text")
    world.uploads.complete(upload.id, None, "ada")
    with monkeypatch.context() as patched:
        patched.setattr(world.uploads._objects, "delete", lambda keys: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.uploads.remove(upload.id, "ada")
    assert world.uploads.all("ada") == []
    for call in (world.uploads.get, world.uploads.location, world.uploads.open):
        with pytest.raises(UploadNotFound):
            call(upload.id, "ada")
    with pytest.raises(UploadNotFound), world.uploads.starting([upload.id]) as note_id:
        note_id("job-1")
    world.uploads.remove(upload.id, "ada")
    assert "Contents" not in world.s3.list_objects_v2(Bucket=world.bucket, Prefix=f"uploads/web/{upload.id}/")


def test_only_the_latest_jobs_that_were_started_with_an_upload_are_noted(world: World) -> None:
    upload = begin(world.uploads, b"text", name="x.txt", purpose="data")
    with world.uploads.starting([upload.id]) as note_id:
        for number in range(MOST_NOTED + 3):
            note_id(f"job-{number}")
    noted: dict[str, float] = {}
    world.uploads.remove(upload.id, "ada", noted.update)
    assert list(noted) == [f"job-{number}" for number in range(3, MOST_NOTED + 3)]
