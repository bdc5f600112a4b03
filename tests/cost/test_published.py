"""The published comparisons come out to the last digit that is printed of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.cost.cloud import MachineRate, Mode, cost_of_run, hourly_rate
from skyburst.cost.comparison import Row, compare
from skyburst.cost.hardware_file import read_hardware
from skyburst.cost.published import Measured, published

RUNS = [
    # size, seconds, EC2, Lambda, transfer and all of it in USD; block price, EC2 and all of it when saving
    ("small", 499, "0.425813", "0.000170", "0.011475", "0.437458", "1.536000", "0.212907", "0.224551"),
    ("medium", 1364, "1.163947", "0.000020", "0.048951", "1.212917", "1.536000", "0.581973", "0.630944"),
    ("large", 3928, "3.351893", "0.000169", "0.297000", "3.649062", "1.612667", "1.759599", "2.056767"),
]
COST_LOGS = {
    "CaImAn": [
        (0.4374581500629333, 0.22455148339626668),
        (1.2129172937258665, 0.6309439603925333),
        (3.6490618700373334, 2.056767055222519),
    ],
    "DLC": [
        (1.5957013513600002, 0.8003263513600001),
        (3.0000880614271996, 1.5049630614271998),
        (4.593572053440002, 2.3041970534400007),
    ],
    "PMDLocaNMF": [
        (2.0774397134208, 1.2677947134208),
        (6.617358286852267, 4.073192453518933),
        (11.081153633672532, 6.859724467005867),
    ],
}
"""`costlog.txt` of each analysis: USD for each batch, standard and save."""
WORKSTATION = """
8.39 x 1 | standard | 0.437458 | 2201.0 | 1700.28 | 74.7446 | 27.2012 | 1476.43 | 64.9043 | 23.6201
8.39 x 1 | save | 0.224551 | 2201.0 | 1700.28 | 145.6130 | 52.9918 | 1476.43 | 126.4428 | 46.0153
35.8 x 1 | standard | 1.212917 | 5944.5 | 1700.28 | 26.9578 | 26.4965 | 1476.43 | 23.4088 | 23.0082
35.8 x 1 | save | 0.630944 | 5944.5 | 1700.28 | 51.8233 | 50.9365 | 1476.43 | 45.0007 | 44.2306
78.7 x 1 | standard | 3.649062 | 13044.9 | 1700.28 | 8.9606 | 19.3270 | 1476.43 | 7.7809 | 16.7825
78.7 x 1 | save | 2.056767 | 13044.9 | 1700.28 | 15.8976 | 34.2894 | 1476.43 | 13.8046 | 29.7751
"""
CLUSTER = """
8.39 x 1 | standard | 0.437458 | 2201.0 | 1803.90 | 79.2999 | 28.8590 | 1152.36 | 50.6581 | 18.4356
8.39 x 1 | save | 0.224551 | 2201.0 | 1803.90 | 154.4874 | 56.2214 | 1152.36 | 98.6892 | 35.9152
35.8 x 1 | standard | 1.212917 | 5944.5 | 1803.90 | 28.6008 | 28.1113 | 1152.36 | 18.2707 | 17.9580
35.8 x 1 | save | 0.630944 | 5944.5 | 1803.90 | 54.9817 | 54.0408 | 1152.36 | 35.1232 | 34.5222
78.7 x 1 | standard | 3.649062 | 13044.9 | 1803.90 | 9.5067 | 20.5049 | 1152.36 | 6.0730 | 13.0988
78.7 x 1 | save | 2.056767 | 13044.9 | 1803.90 | 16.8665 | 36.3792 | 1152.36 | 10.7746 | 23.2396
"""
"""Batch, mode, USD in the cloud, seconds on own hardware; EAC, LCC and LUC of 2 years, and of 4."""
CUSTOM = """
1 | 136.844 | 266.591 | 22.626 | 44.079
2 | 79.300 | 154.487 | 13.112 | 25.544
3 | 60.177 | 117.232 | 9.950 | 19.384
4 | 50.658 | 98.689 | 8.376 | 16.318
5 | 44.981 | 87.630 | 7.437 | 14.489
"""
"""Of `hardwarecost.yaml`: years; LCC, standard and save; LUC, standard and save."""
TAGS = [
    # analysis, price tag and support cost of a workstation, of a cluster
    ("CaImAn", (1618, "laptop_default", [716, 768, 824, 966, 1140]), (2499, [364] * 5)),
    ("DLC", (3120, "workstation_default", [433, 465, 499, 565, 644]), (3656, [392] * 5)),
    ("PMDLocaNMF", (5436, "workstation_default", [433, 465, 499, 565, 644]), (12691, [392] * 5)),
]


def measured(analysis: str, size: str) -> Measured:
    return next(one for one in published().analyses[analysis] if one.size == size)


def rows_of(folder: Path, text: str, years: tuple[int, ...]) -> list[Row]:
    file = folder / "hardwarecost.yaml"
    file.write_text(text)
    return compare(read_hardware(file), years)


@pytest.mark.parametrize("expected", RUNS, ids=[run[0] for run in RUNS])
def test_the_cost_of_a_batch_in_the_cloud_is_that_of_its_parts(expected: tuple[str | int, ...]) -> None:
    run, rates = measured("CaImAn", str(expected[0])).run, published().rates
    assert run is not None
    assert sum(run.seconds) == expected[1]
    standard, save = cost_of_run(run, rates, Mode.STANDARD), cost_of_run(run, rates, Mode.SAVE)
    block = hourly_rate(rates.machines[run.machine], max(run.seconds), Mode.SAVE)
    numbers = (*standard, standard.total, block, save.machines, save.total)
    assert tuple(f"{number:.6f}" for number in numbers) == expected[2:]
    assert save[1:] == standard[1:]


def test_the_cost_of_every_batch_is_that_of_the_published_logs() -> None:
    assert published().analyses.keys() == COST_LOGS.keys()
    for analysis, log in COST_LOGS.items():
        batches = [one.batch(published().rates) for one in published().analyses[analysis]]
        for batch, costs in zip(batches, log, strict=True):
            assert list(batch.cost_usd) == [Mode.STANDARD, Mode.SAVE]
            assert tuple(batch.cost_usd.values()) == pytest.approx(costs, rel=1e-14)


def test_measurements_agree_with_what_the_batches_used() -> None:
    for analysis, batches in published().analyses.items():
        assert [one.size for one in batches] == ["small", "medium", "large"]
        for one in batches:
            assert one.label.endswith(f"x {one.datasets}")
            assert (one.run is None) != (one.cost_usd is None)
            if one.run:
                assert max(one.run.seconds) == one.compute_s
                assert len(one.run.seconds) == len(one.run.result_gb) == one.datasets
            if analysis == "DLC":
                assert one.own_s == one.compute_s * one.datasets


@pytest.mark.parametrize(
    ("seconds", "usd"), [(1, 1.0), (3_600, 1.0), (3_601, 1.5), (7_200, 1.5), (6 * 3_600, 3.5), (8 * 3_600, 4.5)]
)
def test_blocks_are_of_whole_hours_and_dearer_by_a_sixth_of_the_difference_each(seconds: float, usd: float) -> None:
    rate = MachineRate(on_demand=9.0, block_1h=1.0, block_6h=4.0)
    assert hourly_rate(rate, seconds, Mode.SAVE) == usd
    assert hourly_rate(rate, seconds, Mode.STANDARD) == 9.0


@pytest.mark.parametrize(
    ("tag", "support", "table"),
    [
        ("workstation_default", "laptop_default", WORKSTATION),
        ("1618", "[716, 768, 824, 966, 1140]", WORKSTATION),
        ("cluster_default", "cluster_default", CLUSTER),
        ("2499", "[364, 364.0, 364, 364, 364]", CLUSTER),
    ],
)
def test_the_figures_of_the_paper_come_out(tmp_path: Path, tag: str, support: str, table: str) -> None:
    text = f"analysis: CaImAn\nperformance: null\npricetag_cost: {tag}\nsupport_cost: {support}\n"
    rows = rows_of(tmp_path, text, (2, 4))
    lines = [
        [
            two.batch.label.partition(",")[0], str(two.mode), f"{two.batch.cost_usd[two.mode]:.6f}", f"{two.batch.own_s:.1f}",
            *(f"{number:.{digits}f}" for row in (two, four) for number, digits in ((row.eac_usd, 2), (row.lcc, 4), (row.luc, 4))),
        ]
        for two, four in zip(rows[:6], rows[6:], strict=True)
    ]  # fmt: skip
    assert [" | ".join(line) for line in lines] == table.strip().splitlines()
    assert all(row.lcc_datasets == row.lcc for row in rows)


def test_the_figures_of_hardware_of_ones_own_come_out(tmp_path: Path) -> None:
    text = (
        "analysis: CaImAn\nperformance:\n  analysis_time: 1000\n  size: small\n"
        "pricetag_cost: 2499\nsupport_cost: cluster_default\n"
    )
    rows = rows_of(tmp_path, text, (1, 2, 3, 4, 5))
    lines = [
        " | ".join([str(one.years), *(f"{number:.3f}" for number in (one.lcc, save.lcc, one.luc, save.luc))])
        for one, save in zip(rows[::2], rows[1::2], strict=True)
    ]
    assert lines == CUSTOM.strip().splitlines()


def test_hardware_without_support_and_measurements_is_compared(tmp_path: Path) -> None:
    text = "analysis: CaImAn\nperformance: null\npricetag_cost: 2499\nsupport_cost: [0,0,0,0,0]\n"
    rows = rows_of(tmp_path, text, (2,))
    assert [f"{row.lcc:.3f}" for row in rows[:2]] == ["63.298", "123.314"]
    assert len(rows) == 6


@pytest.mark.parametrize(("analysis", "workstation", "cluster"), TAGS, ids=[tags[0] for tags in TAGS])
def test_published_prices_are_known_by_name(
    tmp_path: Path, analysis: str, workstation: tuple[int, str, list[int]], cluster: tuple[int, list[int]]
) -> None:
    file = tmp_path / "hardwarecost.yaml"
    for name, price, support, usd in (
        ("workstation_default", *workstation),
        ("cluster_default", cluster[0], "cluster_default", cluster[1]),
    ):
        file.write_text(f"analysis: {analysis}\npricetag_cost: {name}\nsupport_cost: {support}\n")
        subject = read_hardware(file)
        assert subject.price_usd == price
        assert list(subject.support_usd) == usd
        assert [price.of for price in subject.prices] == [f"price tag {name}", f"support cost {support}", "cloud"]
        assert all(price.date and price.source for price in subject.prices)
        told = analysis == "PMDLocaNMF" and support == "cluster_default"
        assert ["1761" in note for note in subject.notes] == [True] * told
