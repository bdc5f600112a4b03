"""`skyburst cost`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program

HARDWARE = """
analysis: PMDLocaNMF
performance: null
pricetag_cost: 12691
support_cost: cluster_default
"""
SLOW = """
analysis: sorting
pricetag_cost: 21000
support_cost: [500, 500, 500, 500, 500]
prices_of: 2026-11-01
batches:
  - {label: one session, datasets: 4, cloud_seconds: 900, cloud_cost: 0.85, own_seconds: 5400}
"""


@pytest.fixture
def hardware(project: Path) -> str:
    (project / "hardwarecost.yaml").write_text(HARDWARE)
    return "hardwarecost.yaml"


def test_a_comparison_is_a_table_of_years_batches_and_modes(program: Program, hardware: str) -> None:
    ran = program("cost", "compare", hardware)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("PMDLocaNMF: own hardware for 12,691 USD, support of 392, 392, 392, 392, 392 USD")
    rows = [line.split() for line in ran.out.splitlines() if line.startswith(("2 (", "4 ("))]
    assert len(rows) == 12
    assert rows[2] == [
        "2",
        "(realistic)",
        "20.1",
        "x",
        "3,",
        "medium",
        "standard",
        "7,704.43",
        "22.3899",
        "67.1698",
        "49.0446",
    ]
    assert rows[-1][:2] == ["4", "(optimistic)"]


def test_a_comparison_says_of_when_its_prices_are_and_what_is_to_be_known_of_them(
    program: Program, hardware: str
) -> None:
    out = program("cost", "compare", hardware).out
    prices = [line.split("  ", 1) for line in out.partition("PRICES")[2].splitlines()[1:4]]
    assert [of for of, _ in prices] == ["price tag", "support cost cluster_default", "cloud"]
    assert [text.split()[0] for _, text in prices] == ["-", "2020-02", "2019-09"]
    assert "note: cluster_default: the published figures are of 392 USD a year" in out
    assert "above 100 %" not in out


def test_hardware_that_can_never_be_cheaper_is_said_to_be(program: Program, project: Path) -> None:
    (project / "slow.yaml").write_text(SLOW)
    out = program("cost", "compare", "slow.yaml").out
    assert "above 100 % it cannot: there the cloud is cheaper, however much there is to compute" in out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("one session")] == ["-"], (
        "no price to save"
    )
    assert "save  " not in out


def test_years_can_be_chosen_and_are_in_order(program: Program, hardware: str) -> None:
    out = program("cost", "compare", hardware, "--year", "5", "--year", "1", "--year", "5").out
    lives = [line.split()[0] for line in out.splitlines() if " standard " in line]
    assert lives == ["1", "1", "1", "5", "5", "5"]


def test_a_comparison_is_json_for_programs_with_all_digits(program: Program, hardware: str) -> None:
    document = json.loads(program("cost", "compare", hardware, "--json", "--year", "2").out)
    assert document["analysis"] == "PMDLocaNMF"
    assert document["own_hardware"] == {"price_usd": 12691, "support_usd": [392] * 5}
    assert document["discount_rate"] == 0.1
    assert [(price["of"], price["date"]) for price in document["prices"]] == [
        ("price tag", None),
        ("support cost cluster_default", "2020-02"),
        ("cloud", "2019-09"),
    ]
    assert document["batches"][1]["cloud_usd"] == {"standard": 6.617358286852267, "save": 4.073192453518933}
    row = document["crossovers"][2]
    assert (row["years"], row["scenario"], row["batch"], row["mode"]) == (
        2,
        "realistic",
        "20.1 x 3, medium",
        "standard",
    )
    assert row["lcc_datasets_a_week"] == 3 * row["lcc_batches_a_week"]
    assert row["lcc_batches_a_week"] * 52 * 6.617358286852267 == pytest.approx(row["eac_usd_a_year"], rel=1e-12)
    assert len(document["crossovers"]) == 6


@pytest.mark.parametrize(("name", "start"), [("costs.svg", b"<svg"), ("costs.PNG", b"\x89PNG")])
def test_a_picture_is_drawn(program: Program, hardware: str, project: Path, name: str, start: bytes) -> None:
    ran = program("cost", "compare", hardware, "--picture", name)
    assert ran.code == 0, ran.err
    assert (project / name).read_bytes().startswith(start)
    assert "LCC BATCHES/WEEK" in ran.out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["no.yaml"], "File 'no.yaml' does not exist."),
        (["hardwarecost.yaml", "--year", "6"], "'--year': 6 is not in the range 1<=x<=5."),
        (["hardwarecost.yaml", "--picture", "costs.pdf"], "costs.pdf ends in neither .svg nor .png: name it so"),
        (["hardwarecost.yaml", "--picture", "no/costs.svg"], "there is no folder"),
        (["bad.yaml"], "bad.yaml: pricetag: there is no such field; did you mean 'pricetag_cost'?"),
        ([], "Missing argument 'FILE'."),
    ],
)
def test_what_cannot_be_used_is_refused(
    program: Program, hardware: str, project: Path, arguments: list[str], error: str
) -> None:
    (project / "bad.yaml").write_text(HARDWARE.replace("pricetag_cost", "pricetag"))
    ran = program("cost", "compare", *arguments)
    assert ran.code == 2
    assert error in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not ran.out


def test_a_picture_without_what_draws_it_is_refused_with_how_to_get_it(
    program: Program, hardware: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    ran = program("cost", "compare", hardware, "--picture", "costs.svg")
    assert ran.code == 2
    assert 'pip install "skyburst[timeline]"' in ran.err


def test_cost_alone_shows_its_help(program: Program) -> None:
    ended = program("cost")
    assert ended.code == 0
    assert "compare" in ended.out
