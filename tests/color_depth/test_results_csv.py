"""The table: the columns that scientists export, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.report.csv_table import COLUMNS, table
from examples.color_depth_search.report.findings import Findings
from tests.color_depth.report_samples import EM, LM, findings, item, match


def rows(found: Findings) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(found).decode("utf-8"), newline="")))


def test_the_first_columns_are_those_of_the_neuronbridge_export() -> None:
    assert COLUMNS[:14] == (
        *(
            "Number",
            "Line/Neuron ID",
            "Rank",
            "Score",
            "Matched Pixels",
            "Library",
            "Channel",
            "Magnification",
        ),
        *(
            "Slide Code",
            "Sex",
            "Alignment Space",
            "Mounting Protocol",
            "Anatomical Area",
            "Neuron Type/Instance",
        ),
    )


def test_a_row_has_all_that_is_known_of_a_match() -> None:
    found = findings([match(210, item("x", metadata=LM, key="images/1/x.png"), mirrored=True)])
    assert rows(found) == [
        dict(
            zip(
                COLUMNS,
                [
                    *("1", "VT007350", "1", "210", "210", "FlyLight_Gen1_MCFO", "2", "40x"),
                    *("20180803_63_H2", "m", "JRC2018_Unisex_20x_HR", "DPX PBS Mounting", "Brain", ""),
                    *("0.21", "true", "mask.png", "images/1/x.png"),
                ],
                strict=True,
            )
        )
    ]


def test_a_neuron_has_its_type_and_instance() -> None:
    assert rows(findings([match(1, item(metadata=EM))]))[0]["Neuron Type/Instance"] == "PFNp_c / PFNp_c_R"


def test_unknown_values_are_left_empty_rather_than_filled_in() -> None:
    row = rows(findings([match(1, item("x"))]))[0]
    assert [row[name] for name in ("Line/Neuron ID", "Sex", "Slide Code", "Library")] == ["x", "", "", ""]


def test_ranks_start_anew_for_each_mask_and_numbers_do_not() -> None:
    found = rows(findings([match(2), match(1)], [match(9, mask=1)]))
    assert [(row["Number"], row["Rank"], row["Mask"]) for row in found] == [
        ("1", "1", "mask.png"),
        ("2", "2", "mask.png"),
        ("3", "1", "mask1.png"),
    ]


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\r=1"])
def test_a_file_name_never_becomes_a_formula(name: str) -> None:
    row = rows(findings([match(1, item(name))]))[0]
    assert (row["Line/Neuron ID"], row["File"]) == (f"'{name}", f"'{name}.png")


def test_a_negative_score_stays_a_number() -> None:
    assert rows(findings([match(-7)]))[0]["Score"] == "-7"


def test_a_file_name_that_is_not_utf8_is_escaped() -> None:
    assert rows(findings([match(1, item("a\udcff"))]))[0]["Line/Neuron ID"] == "a\\udcff"


@settings(max_examples=80)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=5))
def test_any_names_are_read_back_as_they_were(names: list[str]) -> None:
    found = rows(findings([match(1, item(name)) for name in names]))
    assert [row["Line/Neuron ID"].removeprefix("'") for row in found] == [name.removeprefix("'") for name in names]
