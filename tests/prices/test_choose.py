"""The cheapest instance type that has what a batch needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skyburst.prices.choose import USABLE_MEMORY, Need, cheapest, named
from skyburst.prices.current import shipped_prices

from skyburst.errors import Invalid

BOOK = shipped_prices()


@pytest.mark.parametrize(
    ("need", "allowed", "name"),
    [
        (Need(1, 2048), (), "c5.large"),
        (Need(2, 4096), (), "m5.large"),  # all of the memory of c5.large: none is left for the system
        (Need(16, 60_000), (), "r5.4xlarge"),
        (Need(4, 8192, 1), (), "g4dn.xlarge"),
        (Need(4, 8192, 4), (), "g4dn.12xlarge"),
        (Need(64, 100_000), ("m5",), "m5.16xlarge"),
        (Need(2, 1000), ("t3",), "t3.small"),
        (Need(1, 1000), ("p3.8xlarge", "p3.2xlarge"), None),
        (Need(1, 1000, 1), ("p3.8xlarge", "p3.2xlarge"), "p3.2xlarge"),
    ],
)  # fmt: skip
def test_the_cheapest_that_fits_is_chosen(need: Need, allowed: tuple[str, ...], name: str | None) -> None:
    if name is None:
        with pytest.raises(Invalid, match=r"no instance type of p3.2xlarge, p3.8xlarge has 1 vCPUs, 1,000 MiB"):
            cheapest(BOOK, need, allowed)
    else:
        assert cheapest(BOOK, need, allowed).name == name


@given(st.builds(Need, st.integers(1, 200), st.integers(1, 900_000), st.integers(0, 8)))
def test_nothing_cheaper_fits(need: Need) -> None:
    def fits(name: str) -> bool:
        machine = BOOK.machines[name]
        return (
            machine.vcpus >= need.vcpus
            and machine.memory_mb * USABLE_MEMORY >= need.memory_mb
            and machine.gpus >= need.gpus
            and (machine.gpus == 0 or need.gpus > 0)
            and not name.startswith("t3")
        )

    fitting = [BOOK.machines[name].hour for name in BOOK.machines if fits(name)]
    if not fitting:
        with pytest.raises(Invalid, match="ask for less"):
            cheapest(BOOK, need)
    else:
        chosen = cheapest(BOOK, need)
        assert fits(chosen.name)
        assert chosen.machine.hour == min(fitting)


def test_a_typing_mistake_chooses_no_other_type() -> None:
    with pytest.raises(Invalid, match="'m5.5xlarge' is not among the prices"):
        cheapest(BOOK, Need(1, 1), ["m5.large", "m5.5xlarge"])
    with pytest.raises(Invalid, match="p9"):
        named(BOOK, "p9.large")
