"""The price list of AWS: what a product of it looks like, and which product a price of ours is. Pure.

Format: AWS Billing User Guide, "Using the AWS Price List Query API" (GetProducts) and "Reading the service price list file".
A product is JSON in text, `{"product": {"sku", "productFamily", "attributes"}, "serviceCode", "terms": {"OnDemand": {OFFER:
{"priceDimensions": {RATE: {"unit", "beginRange", "endRange", "pricePerUnit": {"USD": text}}}}}}, "version", "publicationDate"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from skyburst.errors import Invalid
from skyburst.prices.book import Machine

REGION_PREFIX = re.compile(r"\A(?:[A-Z]{2,4}\d{1,2}-|EU-)")
"""What usage types start with in all regions but us-east-1, such as `EUW1-`; those of some services do there too."""
MIB = 1024


class Wanted(NamedTuple):
    """Which product a rate is."""

    rate: str
    """Name in `Rates`; with `:` and a key for one that has several."""
    service: str
    """Service code."""
    usage: str
    """Usage type without the region."""
    filters: tuple[tuple[str, str], ...] = ()
    """Attributes that are asked for, besides the region: some services have 100,000 products."""
    region: str = "regionCode"
    """The attribute that says the region."""


WANTED = (
    Wanted("function_gb_s:x86_64", "AWSLambda", "Lambda-GB-Second"),
    Wanted("function_gb_s:arm64", "AWSLambda", "Lambda-GB-Second-ARM"),
    Wanted("function_request", "AWSLambda", "Request"),
    Wanted("function_disk_gb_s", "AWSLambda", "Lambda-Storage-GB-Second"),
    Wanted("transition", "AmazonStates", "StateTransition"),
    Wanted("table_write", "AmazonDynamoDB", "WriteRequestUnits"),
    Wanted("table_read", "AmazonDynamoDB", "ReadRequestUnits"),
    Wanted("table_gb_month", "AmazonDynamoDB", "TimedStorage-ByteHrs"),
    Wanted("object_put", "AmazonS3", "Requests-Tier1"),
    Wanted("object_get", "AmazonS3", "Requests-Tier2"),
    Wanted("object_gb_month", "AmazonS3", "TimedStorage-ByteHrs"),
    Wanted(
        "transfer_gb",
        "AWSDataTransfer",
        "DataTransfer-Out-Bytes",
        (("transferType", "AWS Outbound"),),
        "fromRegionCode",
    ),
    Wanted("disk_gb_month", "AmazonEC2", "EBS:VolumeUsage.gp3", (("volumeApiName", "gp3"),)),
    Wanted("address_hour", "AmazonVPC", "PublicIPv4:InUseAddress"),
    Wanted("logs_gb", "AmazonCloudWatch", "DataProcessing-Bytes"),
    Wanted("logs_gb_month", "AmazonCloudWatch", "TimedStorage-ByteHrs"),
)
MACHINES = (
    ("operatingSystem", "Linux"),
    ("tenancy", "Shared"),
    ("preInstalledSw", "NA"),
    ("capacitystatus", "Used"),
    ("marketoption", "OnDemand"),
)
"""What tells the plain price of an instance type from its hundred others."""


class Product(NamedTuple):
    """One product of the price list."""

    attributes: Mapping[str, str]
    usd: Decimal
    """For a unit: the first price that is not 0, for the first ones of a month are often for nothing."""

    @property
    def usage(self) -> str:
        """Usage type without the region."""
        return REGION_PREFIX.sub("", self.attributes.get("usagetype", ""))


def parse_product(text: str) -> Product | None:
    """One entry of `PriceList`; None for what has no price on demand in USD.

    Raises:
        Invalid: when it is not in the format of the price list.
    """
    try:
        document = json.loads(text)
        attributes = document["product"]["attributes"]
        terms = document["terms"].get("OnDemand", {})
        dimensions = [entry for term in terms.values() for entry in term["priceDimensions"].values()]
        priced = [
            (Decimal(entry.get("beginRange", "0")), Decimal(entry["pricePerUnit"]["USD"]))
            for entry in dimensions
            if "USD" in entry["pricePerUnit"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise Invalid(f"the price list has an entry that skyburst cannot read ({error!r}): {text[:200]}") from error
    if not priced:
        return None
    priced.sort()
    return Product(attributes, next((usd for _, usd in priced if usd), Decimal(0)))


def rate_of(wanted: Wanted, products: Iterable[Product]) -> Decimal | None:
    """The price of a rate; None when the products have none, or several that differ."""
    prices = {product.usd for product in products if product.usage == wanted.usage}
    return prices.pop() if len(prices) == 1 else None


def machines_of(products: Iterable[Product]) -> Iterator[tuple[str, Machine]]:
    """Instance types with their prices; the shares of spot prices are 1 until they are known.

    What has no price on demand is left out, and so is what is not counted in vCPUs.
    """
    for product in products:
        given = product.attributes
        memory = re.fullmatch(r"([\d,.]+) GiB", given.get("memory", ""))
        if not product.usd or memory is None or not given.get("vcpu", "").isdecimal() or "instanceType" not in given:
            continue
        memory_mb = int(Decimal(memory[1].replace(",", "")) * MIB)
        gpus = given.get("gpu", "0")
        yield given["instanceType"], Machine(
            vcpus=int(given["vcpu"]), memory_mb=memory_mb, gpus=int(gpus) if gpus.isdecimal() else 0,
            hour=product.usd, spot_share=Decimal(1),
        )  # fmt: skip
