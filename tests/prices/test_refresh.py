"""Prices of today come from the price list API and the spot price history, in the format that AWS documents."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from skyburst.cli.main import run_program
from skyburst.errors import Invalid
from skyburst.prices.book import parse_book, read_book, written
from skyburst.prices.current import SHIPPED, current_prices, shipped_prices, store_prices
from skyburst.prices.price_list import parse_product
from tests.prices.price_list_server import PriceList, instance, product, serving


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKYBURST_PRICES", str(tmp_path / "prices"))
    return tmp_path / "prices"


@pytest.fixture
def prices(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceList]:
    listed = PriceList()
    listed.products = [
        product("AWSLambda", "Lambda-GB-Second", "", tiers=[("0", "6000000000", "0.00001"), ("6000000000", "Inf", "0.000009")]),
        product("AWSLambda", "Lambda-GB-Second-ARM", "0.000008"),
        product("AWSLambda", "Request", "0.0000003"),
        product("AWSLambda", "Lambda-Storage-GB-Second", "0.00000004"),
        product("AmazonStates", "USE1-StateTransition", "0", tiers=[("0", "4000", "0.0000000000"), ("4000", "Inf", "0.00003")]),
        product("AmazonDynamoDB", "WriteRequestUnits", "0.0000007"),
        product("AmazonDynamoDB", "IA-WriteRequestUnits", "0.0000009"),
        product("AmazonDynamoDB", "ReadRequestUnits", "0.0000002"),
        product("AmazonDynamoDB", "TimedStorage-ByteHrs", "0", tiers=[("0", "25", "0"), ("25", "Inf", "0.26")]),
        product("AmazonS3", "Requests-Tier1", "0.000006"),
        product("AmazonS3", "Requests-Tier2", "0.0000005"),
        product("AmazonS3", "TimedStorage-ByteHrs", "0.024"),
        product(
            "AWSDataTransfer", "DataTransfer-Out-Bytes", "0.08", {"fromRegionCode": "us-east-1", "transferType": "AWS Outbound"}
        ),
        product("AmazonEC2", "EBS:VolumeUsage.gp3", "0.09", {"volumeApiName": "gp3"}),
        product("AmazonVPC", "PublicIPv4:InUseAddress", "0.006"),
        product("AmazonCloudWatch", "DataProcessing-Bytes", "0.55"),
        product("AmazonCloudWatch", "TimedStorage-ByteHrs", "0.04"),
        instance("m5.large", "0.1000000000", "2", "8 GiB"),
        instance("m5.24xlarge", "4.8000000000", "96", "384 GiB"),
        instance("p4d.24xlarge", "20.0000000000", "96", "1,152 GiB", gpu="8"),
        instance("m5.large", "0.0000000000", "2", "8 GiB", capacitystatus="AllocatedCapacityReservation"),
        instance("m5.large", "0.2000000000", "2", "8 GiB", operatingSystem="Windows"),
        instance("x9.large", "1.0000000000", "2", "8 GiB"),
        instance("m5.metal-48xl", "0.0000000000", "NA", "NA"),
    ]  # fmt: skip
    listed.spot = [("m5.large", "us-east-1a", "0.030000"), ("m5.large", "us-east-1b", "0.050000")]
    with serving(listed) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": address,
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield listed


def test_refresh_writes_a_dated_file_which_counts_from_then_on(
    prices: PriceList, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(["prices", "refresh", "--quiet"]) == 0
    today = dt.datetime.now(dt.UTC).date()
    path = folder / f"prices-{today}.json"
    assert capsys.readouterr().out.strip() == str(path)
    counting = current_prices()
    assert counting.path == path
    book = counting.book
    assert book.date == today
    assert book.rates.function_gb_s == {"x86_64": Decimal("0.00001"), "arm64": Decimal("0.000008")}
    assert book.rates.transition == Decimal("0.00003")  # the first 4,000 of a month are for nothing
    assert book.rates.table_gb_month == Decimal("0.26")
    assert book.rates.table_write == Decimal("0.0000007")
    assert book.rates.transfer_gb == Decimal("0.08")
    assert set(book.machines) == {"m5.large", "m5.24xlarge", "p4d.24xlarge"}
    assert book.machines["p4d.24xlarge"].gpus == 8
    assert book.machines["p4d.24xlarge"].memory_mb == 1152 * 1024
    assert book.machines["m5.large"].hour == Decimal("0.1")
    assert book.machines["m5.large"].spot_share == Decimal("0.4")
    assert book.machines["m5.24xlarge"].spot_share == shipped_prices().machines["m5.24xlarge"].spot_share
    assert "as of" not in book.source
    assert all(filters.get("regionCode", filters.get("fromRegionCode")) == "us-east-1" for _, filters in prices.asked)
    assert run_program(["prices", "show"]) == 0
    assert f"prices of {today}, us-east-1: AWS price list API" in capsys.readouterr().out
    assert run_program(["prices", "refresh", "--quiet", "--family", "x9"]) == 0
    assert "x9.large" in current_prices().book.machines
    path.write_text("{")
    assert run_program(["prices", "refresh", "--quiet"]) == 0, "over one that cannot be used"
    assert current_prices().book.date == today


def test_a_rate_that_the_list_says_in_two_ways_stays_as_it_was_and_the_source_tells(prices: PriceList) -> None:
    prices.products.append(product("AmazonS3", "Requests-Tier1", "0.7"))
    prices.products = [text for text in prices.products if "PublicIPv4" not in text]
    assert run_program(["prices", "refresh", "--quiet"]) == 0
    book = current_prices().book
    assert book.rates.object_put == Decimal("0.000005")
    assert book.rates.address_hour == Decimal("0.005")
    assert book.source.endswith("; as of 2026-08-17, us-east-1: object_put, address_hour")


def test_usage_types_of_other_regions_are_known_without_their_prefix() -> None:
    for usage in ("EUW1-Lambda-GB-Second", "USE2-Lambda-GB-Second", "EU-Lambda-GB-Second", "Lambda-GB-Second"):
        found = parse_product(product("AWSLambda", usage, "1"))
        assert found is not None
        assert found.usage == "Lambda-GB-Second"
    other = parse_product(product("AmazonDynamoDB", "EUW1-IA-WriteRequestUnits", "1"))
    assert other is not None
    assert other.usage == "IA-WriteRequestUnits"


@pytest.mark.parametrize("text", ["[]", "no", '{"product": {}}', '{"product": {"attributes": {}}, "terms": 1}'])
def test_what_is_no_product_is_refused_with_its_beginning(text: str) -> None:
    with pytest.raises(Invalid, match="has an entry that skyburst cannot read"):
        parse_product(text)


def test_a_list_without_instances_changes_nothing(
    prices: PriceList, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices.products = []
    assert run_program(["prices", "refresh", "--quiet"]) == 2
    assert "no instance types of c5, c6a" in capsys.readouterr().err
    assert current_prices().shipped
    assert not folder.exists()


def test_the_newest_file_counts_unless_what_is_shipped_is_newer(folder: Path) -> None:
    document = json.loads(SHIPPED.read_text())
    for date in ("2026-01-01", "2027-01-02", "2027-01-01"):
        store_prices(parse_book({**document, "date": date}))
    (folder / "prices-2099.json").write_text("{")
    assert current_prices().book.date == dt.date(2027, 1, 2)
    for name in ("prices-2027-01-02.json", "prices-2027-01-01.json"):
        (folder / name).unlink()
    assert current_prices().shipped


def test_a_price_book_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "book.json").write_bytes(written(shipped_prices()))
    assert read_book(tmp_path / "book.json") == shipped_prices()
    assert written(shipped_prices()) == SHIPPED.read_bytes()


SMALL = {"vcpus": 2, "memory_mb": 8, "spot_share": "0.4"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format is 2, and this version of skyburst reads 1"),
        ({"date": "soon"}, "date"),
        ({"extra": 1}, "extra"),
        ({"machines": {"m5.large": {**SMALL, "hour": "-1"}}}, "machines.m5.large.hour is '-1'"),
        ({"machines": {"m5.large": {**SMALL, "hour": "NaN"}}}, "machines.m5.large.hour is 'NaN'"),
        ({"machines": {"../x": {**SMALL, "hour": "1"}}}, "expected an instance type"),
    ],
)  # fmt: skip
def test_a_price_book_that_cannot_be_is_refused_with_the_field(
    folder: Path, change: dict[str, object], message: str
) -> None:
    folder.mkdir()
    (folder / "prices-2027-01-01.json").write_text(json.dumps({**json.loads(SHIPPED.read_text()), **change}))
    with pytest.raises(Invalid) as refused:
        current_prices()
    assert message in str(refused.value)
    assert "prices-2027-01-01.json" in str(refused.value)


def test_every_price_has_a_date_and_the_shipped_ones_a_source() -> None:
    book = shipped_prices()
    assert book.said.startswith("prices of 2026-08-17, us-east-1: AWS price list")
    families = {"m5", "c5", "c6i", "c7i", "r5", "g4dn", "g5", "g6", "p3", "p4d"}
    assert families <= set(book.families())
    for name, machine in book.machines.items():
        assert machine.hour > 0, name
        assert 0 < machine.spot_share <= 1, name
