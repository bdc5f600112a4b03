"""What the API has on AWS, over moto's server: a bucket, the table `web`, and the tables of jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.homes_aws.dynamodb import REGION


@contextmanager
def web_table(endpoint: str) -> Iterator[tuple[Any, str]]:
    """A client of DynamoDB, and the name of an empty table `web`."""
    from skyburst.homes.aws.calls import connect
    from skyburst.homes.aws.schema import WEB, creation

    client = connect(REGION, endpoint)
    name = f"web-{uuid.uuid4().hex[:8]}"
    client.create_table(**creation(WEB, name))
    try:
        yield client, name
    finally:
        client.delete_table(TableName=name)
        client.close()


def s3_uploads(bucket: str, client: Any, table: str, limit_bytes: int) -> Any:
    """Uploads to a bucket, which this process reaches."""
    from skyburst.homes.aws.calls import Calls
    from skyburst.objects import open_store
    from skyburst.web.aws.clients import signing_client
    from skyburst.web.aws.uploads import S3Uploads

    return S3Uploads(open_store(bucket), signing_client(), Calls(client), table, limit_bytes)
