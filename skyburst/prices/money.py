"""Money: whole micro-dollars, so that sums are exact; prices, which are fractions of these, are decimal numbers."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, InvalidOperation

from skyburst.errors import Invalid

MICROS = 1_000_000
"""Micro-dollars of a dollar."""
MOST_USD = 1_000_000_000
Micros = int
"""Whole micro-dollars."""


def micros(usd: Decimal) -> Micros:
    """An amount in USD as micro-dollars, rounded up: what is computed is never less than what it costs."""
    return int((usd * MICROS).to_integral_value(ROUND_CEILING))


def usd(amount: Micros) -> float:
    """For documents and pictures, which are not added up."""
    return amount / MICROS


def parse_usd(text: str, what: str) -> Micros:
    """An amount that somebody gave, such as `300`, `0.25`.

    Raises:
        Invalid: naming what it is of.
    """
    try:
        amount = Decimal(text.strip().removesuffix("USD").strip().replace(",", ""))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= MOST_USD or (amount * MICROS) % 1:
        raise Invalid(
            f"{what} is {text!r}: expected USD from 0 to {MOST_USD:,} with at most six decimals, such as 300 or 0.25"
        )
    return int(amount * MICROS)


def money(amount: Micros) -> str:
    """Such as `1,264.98`, `0.0042`: cents, and of amounts below ten cents all six decimals that are not 0."""
    if amount and abs(amount) < MICROS // 10:
        return f"{Decimal(amount) / MICROS:f}"
    return f"{Decimal(amount) / MICROS:,.2f}"


def floor_cents(amount: Micros) -> Micros:
    """Whole cents, of amounts that `money` shows as cents: more than there is must not be told."""
    return amount // (MICROS // 100) * (MICROS // 100) if abs(amount) >= MICROS // 10 else amount


def cell(amount: Micros) -> str:
    """With six decimals, for columns."""
    return f"{Decimal(amount) / MICROS:,.6f}"


def exact(amount: Micros) -> str:
    """With all decimals that are not 0, two at least: for refusals, where a cent decides."""
    text = f"{Decimal(amount) / MICROS:,.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"
