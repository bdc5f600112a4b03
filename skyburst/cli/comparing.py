"""A comparison of own hardware with the cloud, as people and as programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skyburst.cli import text
from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import SCENARIOS, Row, Subject, life_name
from skyburst.cost.own_hardware import DISCOUNT_RATE

WHOLE_WEEK = 100
"""Percent."""


def comparison_lines(subject: Subject, rows: Sequence[Row]) -> list[str]:
    """What is compared, the comparison, and where the prices are from."""
    support = ", ".join(_usd(usd) for usd in subject.support_usd)
    years = len(subject.support_usd)
    name, price = text.printable(subject.analysis), _usd(subject.price_usd)
    return [
        f"{name}: own hardware for {price} USD, support of {support} USD in years 1 to {years}",
        "",
        *_batches(subject),
        "",
        *_crossovers(rows),
        "",
        *_meanings(rows),
        "",
        *_prices(subject),
        *(f"note: {text.printable(note)}" for note in subject.notes),
    ]


def comparison_document(subject: Subject, rows: Sequence[Row]) -> dict[str, Any]:
    """All of it with all digits."""
    return {
        "analysis": subject.analysis,
        "own_hardware": {"price_usd": subject.price_usd, "support_usd": list(subject.support_usd)},
        "discount_rate": DISCOUNT_RATE,
        "prices": [{"of": price.of, "date": price.date or None, "source": price.source} for price in subject.prices],
        "notes": list(subject.notes),
        "batches": [
            {
                "label": batch.label, "datasets": batch.datasets, "cloud_s": batch.cloud_s, "own_s": batch.own_s,
                "cloud_usd": {str(mode): cost for mode, cost in batch.cost_usd.items()},
            }
            for batch in subject.batches
        ],
        "crossovers": [
            {
                "years": row.years, "scenario": SCENARIOS.get(row.years), "batch": row.batch.label, "mode": str(row.mode),
                "eac_usd_a_year": row.eac_usd, "lcc_batches_a_week": row.lcc,
                "lcc_datasets_a_week": row.lcc_datasets, "luc_percent": row.luc,
            }
            for row in rows
        ],
    }  # fmt: skip


def _usd(amount: float) -> str:
    return f"{amount:,.2f}".removesuffix(".00")


def _batches(subject: Subject) -> list[str]:
    rows = [["BATCH", "DATASETS", "CLOUD S", "OWN S", *(f"{mode.upper()} USD" for mode in Mode)]]
    for batch in subject.batches:
        costs = [f"{batch.cost_usd[mode]:,.6f}" if mode in batch.cost_usd else "-" for mode in Mode]
        rows.append(
            [text.printable(batch.label), f"{batch.datasets:,}", f"{batch.cloud_s:,.1f}", f"{batch.own_s:,.1f}", *costs]
        )
    return text.columns(rows, right=frozenset(range(1, 6)))


def _crossovers(rows: Sequence[Row]) -> list[str]:
    cells = [["YEARS", "BATCH", "MODE", "EAC USD/YEAR", "LCC BATCHES/WEEK", "LCC DATASETS/WEEK", "LUC %"]]
    for row in rows:
        numbers = [f"{row.eac_usd:,.2f}", f"{row.lcc:,.4f}", f"{row.lcc_datasets:,.4f}", f"{row.luc:,.4f}"]
        cells.append([life_name(row.years), text.printable(row.batch.label), str(row.mode), *numbers])
    return text.columns(cells, right=frozenset(range(3, 7)))


def _meanings(rows: Sequence[Row]) -> list[str]:
    lines = [
        "EAC  what the hardware costs in a year when it is used for so many",
        "LCC  from so many a week on, own hardware is cheaper than the cloud",
        "LUC  how much of the week own hardware computes them",
    ]
    if any(row.luc > WHOLE_WEEK for row in rows):
        lines.append(
            f"     above {WHOLE_WEEK} % it cannot: there the cloud is cheaper, however much there is to compute"
        )
    return lines


def _prices(subject: Subject) -> list[str]:
    rows = [["PRICES", "OF", "SOURCE"]]
    rows += [[text.printable(part) for part in (price.of, price.date or "-", price.source)] for price in subject.prices]
    return text.columns(rows)
