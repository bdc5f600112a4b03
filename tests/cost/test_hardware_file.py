"""What describes own hardware is read, or refused with the field, its value and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import Price
from skyburst.cost.hardware_file import read_hardware
from skyburst.errors import Invalid

PUBLISHED = "analysis: DLC\npricetag_cost: 3000.5\nsupport_cost: workstation_default\n"
PERFORMANCE = "performance:\n  analysis_time: 1000\n  size: medium\n"
OWN = """
analysis: spike-sorting
pricetag_cost: 4200
support_cost: [300, 310.5, 320, 330, 340]
prices_of: 2026-11-01
batches:
  - label: one session
    datasets: 4
    cloud_seconds: 900
    cloud_cost: 1.85
    cloud_cost_save: 0.62
    own_seconds: 5400
  - label: two sessions
    datasets: 8
    cloud_seconds: 950.5
    cloud_cost: 3.7
    own_seconds: 10800
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hardware.yaml"


def test_a_batch_that_was_measured_on_other_hardware_is_compared_alone(file: Path) -> None:
    file.write_text(PUBLISHED + PERFORMANCE)
    subject = read_hardware(file)
    assert [(batch.label, batch.datasets, batch.own_s) for batch in subject.batches] == [
        ("0.22 x 10, medium", 10, 1000)
    ]
    assert subject.price_usd == 3000.5


def test_an_analysis_of_ones_own_is_read(file: Path) -> None:
    file.write_text(OWN)
    subject = read_hardware(file)
    assert (subject.analysis, subject.price_usd, subject.support_usd) == (
        "spike-sorting",
        4200,
        (300, 310.5, 320, 330, 340),
    )
    one, two = subject.batches
    assert (one.label, one.datasets, one.cloud_s, one.own_s) == ("one session", 4, 900, 5400)
    assert one.cost_usd == {Mode.STANDARD: 1.85, Mode.SAVE: 0.62}
    assert two.cost_usd == {Mode.STANDARD: 3.7}, "a price that was not given is not made up"
    assert subject.prices[-1] == Price("cloud", "2026-11-01", f"as given in {file}")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "has no fields: expected analysis, pricetag_cost, support_cost, performance"),
        ("- CaImAn", "has no fields"),
        ("a: b: c", "is not YAML: mapping values are not allowed"),
        ("!!python/object/apply:os.getcwd []", "is not YAML: could not determine a constructor"),
        ("a: !!timestamp soon", "is not YAML"),
        ("a: !!bool perhaps", "is not YAML"),
        ("a: !!int ''", "is not YAML"),
        ("a: 2026-13-45", "is not YAML: month must be in 1..12"),
        ("[" * 50_000, "is not YAML: maximum recursion depth"),
        ("#" * (1 << 20) + "\na: 1", "is larger than 1,048,576 bytes"),
        (PUBLISHED + "analysis: DLC\n", "analysis is given twice"),
        (
            PUBLISHED.replace("pricetag_cost", "price_tag_cost"),
            "price_tag_cost: there is no such field; did you mean 'pricetag_cost'?",
        ),
        (PUBLISHED + "colour: red\n", "colour: there is no such field; the fields are analysis, pricetag_cost"),
        (PUBLISHED + "1: 2\n", "1: there is no such field"),
        ("analysis: DLC\npricetag_cost: 1\n", "support_cost is missing: USD for each of the first five years"),
        (
            PUBLISHED.replace("DLC", "CaImann"),
            "analysis is 'CaImann', of which no batches are published: did you mean 'CaImAn'?",
        ),
        (
            PUBLISHED.replace("DLC", "sorting"),
            "there are those of CaImAn, DLC, PMDLocaNMF. For an analysis of your own give `batches`",
        ),
        (PUBLISHED.replace("DLC", "[]"), "analysis is []: expected str"),
        (PUBLISHED.replace("3000.5", "-1"), "pricetag_cost is -1: expected float >= 0"),
        (PUBLISHED.replace("3000.5", ".nan"), "pricetag_cost is NaN: expected float >= 0"),
        (PUBLISHED.replace("3000.5", ".inf"), "pricetag_cost is Infinity: expected float <= 1000000000000"),
        (PUBLISHED.replace("3000.5", "yes"), "pricetag_cost is true: expected float | str, got bool"),
        (
            PUBLISHED.replace("3000.5", "cluster"),
            "pricetag_cost is 'cluster': expected USD, or one of workstation_default, cluster_default",
        ),
        (
            PUBLISHED.replace("workstation_default", "cluster default"),
            "support_cost is 'cluster default': expected 5 numbers, or one of laptop_default",
        ),
        (PUBLISHED.replace("workstation_default", "392"), "support_cost is 392: expected"),
        (
            PUBLISHED.replace("workstation_default", "[1, 2, 3]"),
            "support_cost is [1, 2, 3]: expected array of length >= 5",
        ),
        (
            PUBLISHED.replace("workstation_default", "[1, 2, 3, x, 5]"),
            'support_cost[3] is "x": expected float, got str',
        ),
        (PUBLISHED + "performance: fast\n", 'performance is "fast": expected object | null'),
        (
            PUBLISHED + PERFORMANCE.replace("medium", "huge"),
            'performance.size is "huge": expected large, medium or small',
        ),
        (PUBLISHED + PERFORMANCE.replace("1000", "0"), "performance.analysis_time is 0: expected float > 0"),
        (
            PUBLISHED + PERFORMANCE.replace("size", "sise"),
            "performance.sise: there is no such field; did you mean 'size'?",
        ),
        (
            PUBLISHED + "performance:\n  size: small\n",
            "performance.analysis_time is missing: seconds that the batch took",
        ),
        (
            OWN.replace("[300, 310.5, 320, 330, 340]", "cluster_default"),
            "which is known of CaImAn, DLC, PMDLocaNMF and not of 'spike-sorting'",
        ),
        (OWN.replace("prices_of: 2026-11-01\n", ""), "prices_of is missing: the date of the costs in the cloud"),
        (OWN.replace("2026-11-01", "lately"), 'prices_of is "lately": invalid RFC3339'),
        (OWN.replace("4200", "cluster_default"), 'pricetag_cost is "cluster_default": expected float'),
        (OWN.replace("two sessions", "one session"), "batches: two have the label 'one session'"),
        (OWN.replace("datasets: 8", "datasets: 0"), "batches[1].datasets is 0: expected int >= 1"),
        (OWN.replace("cloud_cost: 3.7", "cloud_cost: 0"), "batches[1].cloud_cost is 0: expected float > 0"),
        (
            OWN.replace("cloud_cost: 3.7", "cloud_cots: 3.7"),
            "batches[1].cloud_cots: there is no such field; did you mean 'cloud_cost'?",
        ),
        (OWN.partition("  - label")[0] + "  - 3\n", "batches[0] is 3: expected object, got int"),
        (OWN.partition("  - label")[0] + "  []\n", "batches is []: expected array of length >= 1"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_it_is_and_what_to_do(file: Path, text: str, refusal: str) -> None:
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        read_hardware(file)
    message = str(refused.value)
    assert message.startswith(str(file))
    assert refusal in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        read_hardware(tmp_path)


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: (PUBLISHED + text).encode())))
def test_any_content_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    try:
        told = read_hardware(file).prices[0].source
    except Invalid as error:
        told = str(error)
    assert str(file) in told
