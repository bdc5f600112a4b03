"""File names of the public libraries, old and new, and names of other kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.names import parse_name

BRAIN = {"alignment_space": "JRC2018_Unisex_20x_HR", "anatomical_area": "Brain"}
VNC = {"alignment_space": "JRC2018_VNC_Unisex_40x_DS", "anatomical_area": "VNC"}
EM = {"type": "EMImage"}


def lm(line: str, slide: str, **more: str) -> dict[str, str]:
    return {"type": "LMImage", "published_name": line, "slide_code": slide, **more}


KNOWN = {
    "VT007350-20180803_63_H2-GAL4-m-40x-brain-JRC2018_Unisex_20x_HR-CDM_2-03.tif": BRAIN
    | lm("VT007350", "20180803_63_H2", driver="GAL4", gender="m", objective="40x", channel="2"),
    "SS02702-20141222_80_B4-Split_GAL4-f-20x-brain-JRC2018_Unisex_20x_HR-CDM_1.png": BRAIN
    | lm("SS02702", "20141222_80_B4", driver="Split_GAL4", gender="f", objective="20x", channel="1"),
    "R80G01-20110719_02_fA01b_20110720114726843-LexA-f-20x-brain-JRC2018_Unisex_20x_HR-CDM_1.png": BRAIN
    | lm(
        "R80G01",
        "20110719_02_fA01b_20110720114726843",
        driver="LexA",
        gender="f",
        objective="20x",
        channel="1",
    ),
    "VT064305-sample_008723-LexA-f-20x-brain-JRC2018_Unisex_20x_HR-CDM_1.png": BRAIN
    | lm("VT064305", "sample_008723", driver="LexA", gender="f", objective="20x", channel="1"),
    "VT063303-20170929_61_G2-GAL4-f-40x-vnc-JRC2018_VNC_Unisex_40x_DS-CDM_3-01.png": VNC
    | lm("VT063303", "20170929_61_G2", driver="GAL4", gender="f", objective="40x", channel="3"),
    "20x-64G05_AE_01-20150924_19_C1-Brain-JRC2018_Unisex_20x_HR_2_mask.png": BRAIN
    | lm("R64G05", "20150924_19_C1", objective="20x", channel="2"),
    "VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01.tif": lm("VT033614", "20171124_64_H6", gender="f", channel="2"),
    "GMR_MB242A-20121208_31_H4-20x-Brain-JRC2018_Unisex_20x_HR-1846510864534863970-CH1_CDM.png": BRAIN
    | lm("MB242A", "20121208_31_H4", objective="20x", channel="1"),
    "JHS_K_85321-20141222_80_A3-f-20x-brain-JRC2018_Unisex_20x_HR-color_depth_1.png": BRAIN
    | lm("JHS_K_85321", "20141222_80_A3", gender="f", objective="20x", channel="1"),
    "638377283-JRC2018_Unisex_20x_HR-CDM.tif": BRAIN | EM | {"published_name": "638377283"},
    "1038964771-RT-JRC2018_Unisex_20x_HR-CDM.png": BRAIN | EM | {"published_name": "1038964771"},
    "1537331894-RT-JRC2018_Unisex_20x_HR-CDM_1_mask.png": BRAIN | EM | {"published_name": "1537331894"},
    "10465-JRC2018_VNC_Unisex_40x_DS-CDM.png": VNC | EM | {"published_name": "10465"},
    "720575940612345678-JRC2018_Unisex_20x_HR-CDM.tif": BRAIN
    | EM
    | {"published_name": "720575940612345678", "gender": "f"},
    "12191_JRC2018U_FL.tif": EM | {"published_name": "12191"},
    "5901194966_RT_18U.tif": EM | {"published_name": "5901194966"},
}


@pytest.mark.parametrize("name", KNOWN)
def test_names_of_the_public_libraries_tell_their_fields(name):
    assert parse_name(name) == KNOWN[name]


def test_a_path_tells_the_library_and_with_it_the_sex_of_a_volume():
    folder = "JRC2018_VNC_Unisex_40x_DS/FlyEM_MANC_v1.0/searchable_neurons/3/"
    assert parse_name(folder + "12288-JRC2018_VNC_Unisex_40x_DS-CDM.tif") == VNC | EM | {
        "library_name": "FlyEM_MANC_v1.0",
        "published_name": "12288",
        "gender": "m",
    }
    hemibrain = parse_name("FlyEM_Hemibrain_v1.2.1/638377283-JRC2018_Unisex_20x_HR-CDM.tif")
    assert (hemibrain["library_name"], hemibrain["gender"]) == ("FlyEM_Hemibrain_v1.2.1", "f")
    split = "FlyLight_Split-GAL4_Drivers/LH1046-20150508_43_E4-Split_GAL4-f-20x-brain-JRC2018_Unisex_20x_HR-CDM_1.png"
    assert parse_name(split)["library_name"] == "FlyLight_Split-GAL4_Drivers"


@pytest.mark.parametrize(
    "name", ["holiday.png", "IMG_1234.tif", "20210504_image.tif", "", ".tif", "a/../b", "-", "1234567.png"]
)
def test_a_name_of_another_kind_tells_nothing(name):
    assert parse_name(name) == {}


def test_a_name_with_only_the_alignment_space_tells_that():
    assert parse_name("my neuron JRC2018_Unisex_20x_HR.png") == BRAIN


@given(st.text() | st.lists(st.sampled_from([*"-_/.12", "20180803_63_H2", "GAL4", "CDM_2", "JRC2018"])).map("".join))
def test_any_name_gives_a_dict_of_strings(name):
    assert all(isinstance(value, str) and value for value in parse_name(name).values())
