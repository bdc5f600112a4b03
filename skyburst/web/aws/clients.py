"""The client of S3 that signs addresses which browsers use."""

from __future__ import annotations

from typing import Any


def signing_client() -> Any:
    """A client of S3 whose addresses name the bucket's region, and want nothing of whoever uses them but the bytes."""
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        signature_version="s3v4",
        s3={"us_east_1_regional_endpoint": "regional"},
        # Checksums that only programs of AWS know how to send.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    return get_session().create_client("s3", config=config)
