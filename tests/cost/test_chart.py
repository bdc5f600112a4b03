"""The picture of a comparison has every batch, mode and life of the hardware."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from skyburst.cost.chart import chart, number
from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import Batch, Price, Subject, compare
from skyburst.timeline.drawing import picture

SVG = "{http://www.w3.org/2000/svg}"
BATCHES = (
    Batch("1 x 1", 1, 60.0, 600.0, {Mode.STANDARD: 0.5, Mode.SAVE: 0.25}),
    Batch("<1> x 4", 4, 70.0, 2400.0, {Mode.STANDARD: 2.0}),
)
SUBJECT = Subject(
    "sorting", 2000.0, (100.0,) * 5, BATCHES, (Price("price tag", "", "x"), Price("cloud", "2019-09", "y"))
)


def words(subject: Subject, years: tuple[int, ...]) -> set[str]:
    drawn = ET.fromstring(picture(chart(subject, compare(subject, years)), "svg"))
    return {"".join(element.itertext()) for element in drawn.iter(f"{SVG}text")}


def test_both_crossovers_are_drawn_with_their_numbers_and_the_dates_of_the_prices() -> None:
    found = words(SUBJECT, (2, 4))
    rows = compare(SUBJECT, (2, 4))
    assert len(rows) == 6
    assert {number(row.lcc) for row in rows} | {f"{number(row.luc)} %" for row in rows} <= found
    assert {"1 x 1", "<1> x 4", "standard, 2 years (realistic)", "save, 4 years (optimistic)"} <= found
    assert "sorting: own hardware for 2,000 USD beside the cloud" in found
    assert "Prices of: price tag: as given; cloud: 2019-09" in found


def test_five_years_are_ten_colours() -> None:
    found = words(SUBJECT, (1, 2, 3, 4, 5))
    assert {f"{mode}, {life}" for mode in Mode for life in ("1 year", "3 years", "5 years")} <= found
    colors = chart(SUBJECT, compare(SUBJECT, (1, 2, 3, 4, 5)))["hconcat"][0]["layer"][0]["encoding"]["color"]["scale"]
    assert len(set(colors["range"])) == len(colors["domain"]) == 10


@pytest.mark.parametrize(("own_s", "drawn"), [(60.0, False), (60_000.0, True)])
def test_the_whole_week_is_marked_when_own_hardware_cannot_do_as_much(own_s: float, drawn: bool) -> None:
    batch = Batch("slow", 1, 60.0, own_s, {Mode.STANDARD: 0.5})
    subject = Subject("any", 2000.0, (100.0,) * 5, (batch,), ())
    layers = chart(subject, compare(subject, (2,)))["hconcat"][1]["layer"]
    assert any(layer["mark"]["type"] == "rule" for layer in layers) == drawn


def test_hardware_that_costs_nothing_is_drawn() -> None:
    assert {"0.000", "0.000 %"} <= words(Subject("free", 0.0, (0.0,) * 5, BATCHES, ()), (2,))


def test_a_picture_can_be_pixels() -> None:
    assert picture(chart(SUBJECT, compare(SUBJECT, (2,))), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.000"),
        (0.001234, "0.001234"),
        (7.6, "7.600"),
        (999.94, "999.9"),
        (999.97, "1,000"),
        (12_345.6, "12,346"),
    ],
)
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    assert number(value) == shown
