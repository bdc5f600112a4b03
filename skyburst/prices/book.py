"""The price book: what AWS charges in one region, as of one day. A file in JSON, with prices as text: so they are exact."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from skyburst.errors import Invalid

FORMAT = 1
LARGEST_FILE = 4 << 20
HOUR_S = 3_600
MONTH_HOURS = 730
"""Hours of a month, as AWS converts prices a month."""
Architecture = Literal["x86_64", "arm64"]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An EC2 instance type."""

    vcpus: Count
    memory_mb: Count
    """MiB."""
    gpus: Count = 0
    hour: Decimal
    """USD for an hour on demand, Linux, shared tenancy; paid for by the second, for a minute at least."""
    spot_share: Decimal
    """What an hour of spare capacity costs, as a share of that; it changes all day long."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What everything but machines costs, USD. Of prices that fall with what is used, the first one."""

    function_gb_s: dict[Architecture, Decimal]
    """A second of a Lambda function, for each GiB of its memory, by its processor."""
    function_request: Decimal
    """A call of a Lambda function."""
    function_disk_gb_s: Decimal
    """A second of a Lambda function, for each GiB of its `/tmp` above 512 MiB."""
    transition: Decimal
    """A state transition of a standard state machine."""
    table_write: Decimal
    """A write unit of DynamoDB on demand: an item of up to 1 KB; twice as many in a transaction."""
    table_read: Decimal
    """A read unit of DynamoDB on demand: up to 4 KB, read consistently."""
    table_gb_month: Decimal
    object_put: Decimal
    """A request of S3 that writes or lists."""
    object_get: Decimal
    """A request of S3 that reads."""
    object_gb_month: Decimal
    transfer_gb: Decimal
    """A GB that leaves AWS to the internet."""
    disk_gb_month: Decimal
    """A GiB of a gp3 volume."""
    address_hour: Decimal
    """A public IPv4 address."""
    logs_gb: Decimal
    """A GB written to CloudWatch Logs."""
    logs_gb_month: Decimal


class PriceBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What AWS charges in one region, as of one day."""

    format: int
    """Version of this format: 1."""
    date: dt.date
    """Of when the prices are."""
    region: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2}(-[a-z]+)+-\d\Z")]
    source: str
    rates: Rates
    machines: dict[str, Machine]
    """By instance type."""

    @property
    def said(self) -> str:
        """What every estimate says of its prices."""
        return f"prices of {self.date}, {self.region}: {self.source}"

    def families(self) -> list[str]:
        """Of the instance types, in order."""
        return sorted({name.partition(".")[0] for name in self.machines})


def read_book(path: Path) -> PriceBook:
    """Read a file.

    Raises:
        Invalid: with the field, its value and what was expected.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Invalid(f"the prices in {path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise Invalid(f"{path} is larger than {LARGEST_FILE:,} bytes: a price book is smaller")
    try:
        document = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Invalid(
            f"{path} is not JSON: {error}; remove it, and `skyburst prices refresh` writes a new one"
        ) from error
    if not isinstance(document, dict):
        raise Invalid(f"{path} is no price book: expected a JSON object")
    return parse_book(document, f"{path}: ")


def parse_book(document: dict[str, Any], where: str = "") -> PriceBook:
    """Check a price book. Raises Invalid."""
    if document.get("format") != FORMAT:
        raise Invalid(f"{where}format is {document.get('format')!r}, and this version of skyburst reads {FORMAT}")
    try:
        book = msgspec.convert(document, PriceBook, str_keys=True)
    except msgspec.ValidationError as error:
        raise Invalid(f"{where}{error}; remove the file, and `skyburst prices refresh` writes a new one") from error
    for name in book.rates.__struct_fields__:
        rate = getattr(book.rates, name)
        for price in rate.values() if isinstance(rate, dict) else [rate]:
            _check(price, f"{where}rates.{name}")
    for architecture in ("x86_64", "arm64"):
        if architecture not in book.rates.function_gb_s:
            raise Invalid(f"{where}rates.function_gb_s has no {architecture!r}: give the price of both processors")
    for name, machine in book.machines.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", name):
            raise Invalid(f"{where}machines has {name!r}: expected an instance type, such as m5.4xlarge")
        _check(machine.hour, f"{where}machines.{name}.hour")
        _check(machine.spot_share, f"{where}machines.{name}.spot_share", most=10)
    return book


def _plain(value: Any) -> Any:
    """With decimal numbers as text without an exponent."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return f"{value:f}" if isinstance(value, Decimal) else value


def _check(price: Decimal, where: str, most: int = 100_000) -> None:
    if not price.is_finite() or not 0 <= price <= most:
        raise Invalid(f"{where} is {str(price)!r}: expected a number from 0 to {most:,}")


def written(book: PriceBook) -> bytes:
    """The file of a price book."""
    document = _plain(msgspec.to_builtins(book, builtin_types=(Decimal,)))
    lines = [f"    {json.dumps(name)}: {json.dumps(machine)}" for name, machine in document.pop("machines").items()]
    head = json.dumps(document, indent=2).removesuffix("\n}")
    return (head + ',\n  "machines": {\n' + ",\n".join(lines) + "\n  }\n}\n").encode()
