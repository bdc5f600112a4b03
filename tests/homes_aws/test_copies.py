"""Copies from bucket to bucket are made by S3, in one piece or in parts."""

from __future__ import annotations

import os
from typing import Any

import pytest

from skyburst.errors import ObjectNotFound, StorageError
from skyburst.homes.aws.copies import S3Copies
from skyburst.objects import open_store

MIB = 1 << 20


def client() -> Any:
    import boto3

    return boto3.client("s3")


def test_an_object_is_copied_whole_and_large_ones_in_parts(bucket: str) -> None:
    source, target = open_store(f"{bucket}/from"), open_store(f"{bucket}/to/there")
    data = os.urandom(11 * MIB)
    source.put("a b/é.bin", data)
    for number, at_once in enumerate((5 * 2**30, MIB)):
        S3Copies(client, part=5 * MIB, at_once=at_once)(source, "a b/é.bin", target, f"{number}/x")
        assert target.get(f"{number}/x") == data


def test_what_cannot_be_copied_is_named(bucket: str) -> None:
    store = open_store(bucket)
    with pytest.raises(ObjectNotFound, match="nothing"):
        S3Copies(client)(store, "nothing", store, "x")
    store.put("x", b"1")
    with pytest.raises(StorageError, match="gone"):
        S3Copies(client)(store, "x", open_store("s3://gone-bucket"), "y")
