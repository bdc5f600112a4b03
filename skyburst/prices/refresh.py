"""Gets the prices of today: the price list API for what is on demand, EC2's price history for spare capacity."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import msgspec

from skyburst.errors import Invalid
from skyburst.prices.book import FORMAT, Machine, PriceBook
from skyburst.prices.price_list import MACHINES, WANTED, Product, machines_of, parse_product, rate_of

ENDPOINT_REGION = "us-east-1"
"""The price list of all regions is asked for there."""
AT_ONCE = 8
PAGE = 100
TYPES_AT_ONCE = 100
LINUX = "Linux/UNIX"
DIGITS = Decimal("0.0001")
Query = tuple[str, tuple[tuple[str, str], ...]]
"""A service code, and the attributes of the products that are asked for."""


def nothing(_done: int, _all: int) -> None:
    """Show nothing."""


def refreshed(
    pricing: Any, ec2: Any, region: str, families: Collection[str], before: PriceBook, now: dt.datetime,
    showing: Callable[[int, int], None] = nothing,
) -> PriceBook:  # fmt: skip
    """The prices of a region as of now.

    Args:
        pricing: client of `pricing`.
        ec2: client of `ec2` in the region.
        region: such as us-east-1.
        families: of instance types, such as m5, that are kept.
        before: the prices so far; a rate that the price list does not say in one way only stays, and the source tells.
        now: with its zone.
        showing: told how many of how many requests are done.

    Raises:
        Invalid: when the price list is not in its format, or has no price of any instance type.
    """
    every: Query = ("AmazonEC2", (("regionCode", region), *MACHINES))
    queries: dict[Query, list[Product]] = {every: []}
    queries |= {(wanted.service, ((wanted.region, region), *wanted.filters)): [] for wanted in WANTED}
    with ThreadPoolExecutor(AT_ONCE, "prices") as pool:
        answers = pool.map(lambda query: list(_products(pricing, *query)), queries)
        for done, (query, products) in enumerate(zip(queries, answers, strict=True), 1):
            queries[query] = products
            showing(done, len(queries) + 1)
    machines = {name: machine for name, machine in machines_of(queries[every]) if name.partition(".")[0] in families}
    if not machines:
        raise Invalid(f"the price list has no instance types of {', '.join(sorted(families))} in {region}: name others")
    rates = msgspec.to_builtins(before.rates, builtin_types=(Decimal,))
    stayed = []
    for wanted in WANTED:
        price = rate_of(wanted, queries[wanted.service, ((wanted.region, region), *wanted.filters)])
        name, _, key = wanted.rate.partition(":")
        if price is None:
            stayed.append(wanted.rate)
        elif key:
            rates[name][key] = price
        else:
            rates[name] = price
    shares = _spot_shares(ec2, machines, before, now)
    showing(len(queries) + 1, len(queries) + 1)
    source = "AWS price list API, on demand, Linux; mean spot prices of the availability zones"
    if stayed:
        source += f"; as of {before.date}, {before.region}: {', '.join(stayed)}"
    return PriceBook(
        format=FORMAT, date=now.astimezone(dt.UTC).date(), region=region, source=source,
        rates=msgspec.convert(rates, type(before.rates)),
        machines={
            name: msgspec.structs.replace(machines[name], spot_share=shares[name])
            for name in sorted(machines, key=lambda name: (name.partition(".")[0], machines[name].hour))
        },
    )  # fmt: skip


def _products(pricing: Any, service: str, wanted: tuple[tuple[str, str], ...]) -> Iterator[Product]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted]
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode=service, Filters=filters, FormatVersion="aws_v1", PaginationConfig={"PageSize": PAGE}
    )
    for page in pages:
        for text in page["PriceList"]:
            product = parse_product(text)
            if product is not None:
                yield product


def _spot_shares(ec2: Any, machines: dict[str, Machine], before: PriceBook, now: dt.datetime) -> dict[str, Decimal]:
    """What spare capacity costs now, as a share; of types that have no such price, what it was, or all of it."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    names = sorted(machines)
    for first in range(0, len(names), TYPES_AT_ONCE):
        pages = ec2.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=names[first : first + TYPES_AT_ONCE], ProductDescriptions=[LINUX], StartTime=now, EndTime=now
        )
        for page in pages:
            for entry in page["SpotPriceHistory"]:
                found[entry["InstanceType"]][entry["AvailabilityZone"]] = Decimal(entry["SpotPrice"])
    shares = {}
    for name in names:
        known = before.machines.get(name)
        zones = found[name].values()
        if zones:
            shares[name] = (sum(zones, Decimal(0)) / len(zones) / machines[name].hour).quantize(DIGITS)
        else:
            shares[name] = known.spot_share if known else Decimal(1)
    return shares
