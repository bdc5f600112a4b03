"""The price list API and EC2's spot price history, over HTTP, with answers in the format that AWS documents."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

PUBLISHED = "2026-11-18T20:04:39Z"
PAGE = 3


def product(
    service: str,
    usage: str,
    usd: str,
    attributes: dict[str, str] | None = None,
    tiers: list[tuple[str, str, str]] | None = None,
) -> str:
    """One entry of `PriceList`, as `aws pricing get-products` prints it."""
    sku, offer = f"SKU{abs(hash((service, usage, usd))) % 10**9:09}", "JRTCKXETXF"
    dimensions = {
        f"{sku}.{offer}.{number:010}": {
            "unit": "Hrs", "beginRange": begin, "endRange": end, "description": f"{price} per unit of {usage}",
            "appliesTo": [], "rateCode": f"{sku}.{offer}.{number:010}", "pricePerUnit": {"USD": price},
        }
        for number, (begin, end, price) in enumerate(tiers or [("0", "Inf", usd)])
    }  # fmt: skip
    given = {
        "servicecode": service,
        "regionCode": "us-east-1",
        "usagetype": usage,
        "operation": "",
        **(attributes or {}),
    }
    document = {
        "product": {"productFamily": "Compute Instance", "attributes": given, "sku": sku},
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                f"{sku}.{offer}": {
                    "priceDimensions": dimensions, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z",
                    "offerTermCode": offer, "termAttributes": {},
                }
            },
            "Reserved": {
                f"{sku}.6QCMYABX3D": {"priceDimensions": {}, "sku": sku, "termAttributes": {"LeaseContractLength": "1yr"}}
            },
        },
        "version": "20261118200439",
        "publicationDate": PUBLISHED,
    }  # fmt: skip
    return json.dumps(document)


def instance(name: str, usd: str, vcpus: str, memory: str, **more: str) -> str:
    """An instance type, plain Linux on shared hardware."""
    attributes = {
        "instanceType": name, "vcpu": vcpus, "memory": memory, "operatingSystem": "Linux", "tenancy": "Shared",
        "preInstalledSw": "NA", "capacitystatus": "Used", "marketoption": "OnDemand", "currentGeneration": "Yes", **more,
    }  # fmt: skip
    return product("AmazonEC2", f"BoxUsage:{name}", usd, attributes)


class PriceList:
    """What the server has, and what it was asked."""

    def __init__(self) -> None:
        self.products: list[str] = []
        self.spot: list[tuple[str, str, str]] = []
        """Instance type, zone, price."""
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get_products(self, asked: dict[str, Any]) -> dict[str, Any]:
        """GetProducts, with its filters and its pages."""
        filters = {entry["Field"]: entry["Value"] for entry in asked["Filters"]}
        self.asked.append((asked["ServiceCode"], filters))
        found = []
        for text in self.products:
            attributes = json.loads(text)["product"]["attributes"]
            if attributes["servicecode"] == asked["ServiceCode"] and all(
                attributes.get(field) == value for field, value in filters.items()
            ):
                found.append(text)
        first = int(asked.get("NextToken", "0"))
        answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": found[first : first + PAGE]}
        return {**answer, "NextToken": str(first + PAGE)} if len(found) > first + PAGE else answer

    def spot_history(self, asked: dict[str, list[str]]) -> str:
        """DescribeSpotPriceHistory."""
        wanted = {values[0] for name, values in asked.items() if name.startswith("InstanceType")}
        items = "".join(
            f"<item><instanceType>{escape(name)}</instanceType><productDescription>Linux/UNIX</productDescription>"
            f"<spotPrice>{price}</spotPrice><timestamp>2026-11-21T10:00:00Z</timestamp>"
            f"<availabilityZone>{zone}</availabilityZone></item>"
            for name, zone, price in self.spot
            if name in wanted
        )
        return (
            '<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
            f"<spotPriceHistorySet>{items}</spotPriceHistorySet><nextToken></nextToken></DescribeSpotPriceHistoryResponse>"
        )


@contextmanager
def serving(prices: PriceList) -> Iterator[str]:
    """A server of both; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "GetProducts" in self.headers.get("X-Amz-Target", ""):
                content, kind = json.dumps(prices.get_products(json.loads(body))), "application/x-amz-json-1.1"
            else:
                content, kind = prices.spot_history(parse_qs(body.decode())), "text/xml"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
