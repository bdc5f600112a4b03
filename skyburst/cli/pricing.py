"""Prices as people read them."""

from __future__ import annotations

from collections.abc import Collection

from skyburst.cli import text
from skyburst.prices.book import PriceBook
from skyburst.prices.current import Counting

UNITS = {
    "function_gb_s": "a GB-second of a function",
    "function_request": "a call of a function",
    "function_disk_gb_s": "a GB-second of a function's disk above 512 MB",
    "transition": "a state transition",
    "table_write": "a write unit of a table",
    "table_read": "a read unit of a table",
    "table_gb_month": "a GB-month of a table",
    "object_put": "a request that writes an object",
    "object_get": "a request that reads an object",
    "object_gb_month": "a GB-month of objects",
    "transfer_gb": "a GB that leaves AWS",
    "disk_gb_month": "a GB-month of a gp3 disk",
    "address_hour": "an hour of a public IPv4 address",
    "logs_gb": "a GB of logs",
    "logs_gb_month": "a GB-month of logs",
}
"""What a rate is of, for people."""


def price_lines(counting: Counting, families: Collection[str]) -> list[str]:
    """The whole price book, or some instance types of it."""
    book = counting.book
    rates = [] if families else ["", *_rates(book)]
    machines = {name: entry for name, entry in book.machines.items() if not families or _family(name) in families}
    rows = [["INSTANCE TYPE", "VCPUS", "MEMORY GB", "GPUS", "USD AN HOUR", "SPOT"]]
    rows += [
        [
            name, f"{entry.vcpus:,}", f"{entry.memory_mb / 1024:,g}", str(entry.gpus or "-"), f"{entry.hour:f}",
            f"{entry.spot_share * 100:.0f} %",
        ]
        for name, entry in machines.items()
    ]  # fmt: skip
    origin = (
        "they come with skyburst; `skyburst prices refresh` gets those of today" if counting.shipped else counting.path
    )
    return [f"{book.said}", f"{origin}", *rates, "", *text.columns(rows, right=frozenset(range(1, 6)))]


def _rates(book: PriceBook) -> list[str]:
    rows = [["USD", "FOR"]]
    for name, unit in UNITS.items():
        rate = getattr(book.rates, name)
        if isinstance(rate, dict):
            rows += [[f"{price:f}", f"{unit}, {architecture}"] for architecture, price in rate.items()]
        else:
            rows.append([f"{rate:f}", unit])
    return text.columns(rows)


def _family(name: str) -> str:
    return name.partition(".")[0]
