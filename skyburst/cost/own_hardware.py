"""The cost of own hardware in a year, and how much must be computed on it until it is cheaper than the cloud."""

from __future__ import annotations

from collections.abc import Sequence

DISCOUNT_RATE = 0.1
"""What money is worth more a year earlier, as a share; the paper's figures are of this rate, which it does not print."""
MOST_YEARS = 5
"""Years that support costs are known for."""
WEEKS_A_YEAR = 52
SECONDS_A_WEEK = 7 * 24 * 3_600


def annuity(years: int, rate: float = DISCOUNT_RATE) -> float:
    """What 1 USD at the end of each of so many years is worth today.

    Args:
        years: at least 1.
        rate: share by which money is worth more a year earlier; more than 0.
    """
    return (1 - (1 + rate) ** -years) / rate


def equivalent_annual_cost(price_usd: float, support_usd: Sequence[float], years: int) -> float:
    """EAC: what hardware that is used for so many years costs in one of them, in USD.

    As in the source, support costs as much in each year as in the last one.

    Args:
        price_usd: its price.
        support_usd: USD for each year of its life, the first one first.
        years: from 1 to the number of entries of `support_usd`.
    """
    return price_usd / annuity(years) + support_usd[years - 1]


def local_cost_crossover(annual_usd: float, batch_usd: float) -> float:
    """LCC: batches in a week that cost as much in the cloud as own hardware does. Of more, own hardware is the cheaper one.

    Args:
        annual_usd: equivalent annual cost of the hardware.
        batch_usd: what one batch costs in the cloud; more than 0.
    """
    return annual_usd / (WEEKS_A_YEAR * batch_usd)


def local_utilization_crossover(batches_a_week: float, own_s: float) -> float:
    """LUC: how much of a week own hardware computes so many batches, in percent.

    Above 100, more batches would be needed than it can compute: the cloud is cheaper, however much there is to do.

    Args:
        batches_a_week: the local cost crossover.
        own_s: seconds that one batch takes on own hardware.
    """
    return batches_a_week * own_s * 100 / SECONDS_A_WEEK
