"""Puts the files of the page into its bucket: the custom resource of the site, called by CloudFormation.

The page's files are in a zip. `config.json`, which says what the page speaks to, is made here. What an earlier version left is
removed when all is there, so that nobody is without a page meanwhile.
"""

from __future__ import annotations

import io
import json
import mimetypes
import os
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

from botocore.session import get_session

from skyburst.homes.aws.telemetry import logger_of

FOREVER = "public, max-age=31536000, immutable"
"""Of files whose names have the digest of what is in them."""
ASK = "no-cache"
HASHED = "assets/"
AT_ONCE = 1_000
"""Keys in one call of DeleteObjects."""
LONGEST_REASON = 1_000
"""CloudFormation takes an answer of 4 KiB."""
logger = logger_of("site")
s3: Any = get_session().create_client("s3")


def handler(event: dict[str, Any], _context: Any) -> None:
    """Do what CloudFormation asks for, and tell it how that ended; it waits for an hour when it hears nothing."""
    wanted = event["ResourceProperties"]
    reason = ""
    try:
        if event["RequestType"] == "Delete":
            empty(wanted)
        else:
            put(wanted)
    except Exception as error:
        logger.exception("the page could not be put in place")
        reason = f"the page could not be put in place: {type(error).__name__}: {error}"[:LONGEST_REASON]
    answer(event, f"{wanted['To']}/index.html", reason)


def put(wanted: dict[str, Any]) -> None:
    """Put all files, then remove all others, and let the page use signed addresses of the bucket of data."""
    files = dict(files_of(wanted["From"]))
    if "index.html" not in files:
        raise ValueError(f"s3://{wanted['From']['Bucket']}/{wanted['From']['Key']} has no index.html")
    files["config.json"] = json.dumps(config_of(wanted)).encode()
    # The page last: it names the others.
    for name in sorted(files, key=lambda name: (name == "index.html", name)):
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kept = FOREVER if name.startswith(HASHED) else ASK
        s3.put_object(Bucket=wanted["To"], Key=name, Body=files[name], ContentType=kind, CacheControl=kept)
    remove(wanted["To"], keep=set(files))
    rule = {
        "AllowedOrigins": [f"{scheme()}://{wanted['Page']}"], "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag", "Content-Length"], "MaxAgeSeconds": 3_000,
    }  # fmt: skip
    s3.put_bucket_cors(Bucket=wanted["DataBucket"], CORSConfiguration={"CORSRules": [rule]})
    logger.info("put", extra={"files": len(files)})


def empty(wanted: dict[str, Any]) -> None:
    """Take everything away again."""
    remove(wanted["To"], keep=set())
    s3.delete_bucket_cors(Bucket=wanted["DataBucket"])


def remove(bucket: str, keep: set[str]) -> None:
    """Remove all objects but some. Raises OSError naming those that could not be."""
    found = [
        entry["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for entry in page.get("Contents", [])
    ]
    gone = [key for key in found if key not in keep]
    for first in range(0, len(gone), AT_ONCE):
        keys = [{"Key": key} for key in gone[first : first + AT_ONCE]]
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors", [])
        if failed:
            raise OSError(f"{failed[0]['Key']} could not be removed from {bucket}: {failed[0].get('Message')}")


def files_of(place: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """The files of the page, by their names."""
    body = s3.get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                yield entry.filename, archive.read(entry)


def config_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """What the page has to know before anybody has signed in."""
    secure = scheme() == "https"
    return {
        "auth": {
            "region": wanted["Region"],
            "userPoolId": wanted["UserPool"],
            "userPoolClientId": wanted["UserPoolClient"],
            "endpoint": None if secure else os.environ["AWS_ENDPOINT_URL"],
        },
        "live": {
            "kind": "appsync",
            "http": f"{scheme()}://{wanted['EventsHttp']}/event",
            "realtime": f"{'wss' if secure else 'ws'}://{wanted['EventsRealtime']}/event/realtime",
            "namespace": wanted["Namespace"],
        },
    }


def scheme() -> str:
    """That of all addresses: a cloud on one machine, whose endpoint says so, has no certificates."""
    return "http" if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://") else "https"


def answer(event: dict[str, Any], resource: str, reason: str) -> None:
    """Tell CloudFormation how it ended; an empty reason is success."""
    document = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "the page is in place",
        "PhysicalResourceId": resource,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's
        event["ResponseURL"], data=json.dumps(document).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return
