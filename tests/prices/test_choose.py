"""The cheapest instance type that has what a batch needs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import Invalid, InvalidJob
from skyburst.prices.choose import DEPLOYED, Need, cheapest, check_wished, named
from skyburst.prices.current import shipped_prices

BOOK = shipped_prices()


@pytest.mark.parametrize(
    ("need", "allowed", "name", "most"),
    [
        (Need(1, 2048), (), "c6a.large", "0.1323"),
        (Need(2, 4096), (), "m6a.large", "0.1323"),  # all of the memory of c6a.large: none is left for the system
        (Need(16, 62_000), (), "m6a.4xlarge", "1.0584"),
        (Need(16, 63_000), (), "r6a.4xlarge", "1.0584"),
        (Need(4, 8192, 1), (), "g4dn.xlarge", "1.006"),
        (Need(4, 8192, 4), (), "g4dn.12xlarge", "5.672"),
        (Need(64, 100_000), ("m5",), "m5.16xlarge", "3.072"),
        (Need(64, 100_000), ("m5", "c5.24xlarge"), "m5.16xlarge", "3.072"),
        (Need(2, 1000), ("t3",), "t3.small", "0.0832"),
        (Need(1, 1000), ("p3.8xlarge", "p3.2xlarge"), "p3.2xlarge", "3.06"),
    ],
)
def test_the_cheapest_that_fits_is_expected_and_the_dearest_that_may_come_is_the_most(
    need: Need, allowed: tuple[str, ...], name: str, most: str
) -> None:
    found = cheapest(BOOK, need, allowed)
    assert found.name == name
    assert found.most_hour == Decimal(most)


@given(st.builds(Need, st.integers(1, 200), st.integers(1, 900_000), st.integers(0, 8)))
def test_of_the_smallest_that_fit_none_is_cheaper_and_none_dearer_than_the_most(need: Need) -> None:
    fitting = [
        machine
        for name, machine in BOOK.machines.items()
        if name.partition(".")[0] in DEPLOYED
        and machine.vcpus >= need.vcpus
        and machine.memory_mb * 0.96 - 300 >= need.memory_mb
        and machine.gpus >= need.gpus
        and (machine.gpus == 0 or need.gpus > 0)
    ]
    if not fitting:
        with pytest.raises(Invalid, match="ask for less"):
            cheapest(BOOK, need)
        return
    smallest = min(machine.vcpus for machine in fitting)
    hours = [machine.hour for machine in fitting if machine.vcpus == smallest]
    chosen = cheapest(BOOK, need)
    assert chosen.machine in fitting
    assert (chosen.hour(), chosen.most_hour) == (min(hours), max(hours))


def test_what_is_large_enough_in_no_type_that_is_allowed_is_refused() -> None:
    with pytest.raises(Invalid, match=r"no instance type of p3\.2xlarge has 9 vCPUs, 1,000 MiB of memory"):
        cheapest(BOOK, Need(9, 1000), ["p3.2xlarge"])


def test_a_typing_mistake_chooses_no_other_type() -> None:
    with pytest.raises(Invalid, match=r"'m5\.5xlarge' is not among the prices"):
        cheapest(BOOK, Need(1, 1), ["m5.large", "m5.5xlarge"])
    with pytest.raises(Invalid, match="the family 'm99' of instance types is not among the prices of 2026-08-17"):
        cheapest(BOOK, Need(1, 1), ["m5", "m99"])
    with pytest.raises(Invalid, match="p9"):
        named(BOOK, "p9.large")


@pytest.mark.parametrize(
    ("name", "near"),
    [("m5.fourxlarge", "m5.4xlarge"), ("m5.3xlarge", "m5.xlarge"), ("c6i.exlarge", "c6i.xlarge"), ("x9.enormous", "")],
)
def test_a_type_that_there_is_not_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(InvalidJob, match=f"instance_type is '{name}', and AWS has no such instance type: ") as refused:
        check_wished(BOOK, name)
    assert near in str(refused.value).partition("the nearest are ")[2]


@pytest.mark.parametrize(
    "name", [*sorted(BOOK.machines)[:5], "m5.metal", "c7i.metal-24xl", "hpc7g.16xlarge", "c7i-flex.large"]
)
def test_a_type_of_the_prices_or_of_a_family_that_they_do_not_have_may_be_wished(name: str) -> None:
    check_wished(BOOK, name)
