"""The NeuronBridge document: valid whatever is known of an image, and true where something is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from examples.color_depth_search.report.findings import Mask
from examples.color_depth_search.report.neuronbridge import document, filled_in, schema
from tests.color_depth.report_samples import EM, LM, findings, item, match

VALIDATOR = Draft202012Validator(schema())


def one(metadata: dict[str, Any], **values: Any) -> dict[str, Any]:
    return document(findings([match(210, item("a-b", metadata=metadata, **values))]), 0)["results"][0]


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


def test_an_lm_match_says_all_that_its_file_name_tells() -> None:
    assert one(LM, key="images/3/a-b.png", thumbnail="thumbnails/3/a-b.jpg") == {
        "image": {
            "id": "a-b",
            "libraryName": "FlyLight_Gen1_MCFO",
            "publishedName": "VT007350",
            "alignmentSpace": "JRC2018_Unisex_20x_HR",
            "anatomicalArea": "Brain",
            "gender": "m",
            "slideCode": "20180803_63_H2",
            "objective": "40x",
            "mountingProtocol": "DPX PBS Mounting",
            "channel": 2,
            "type": "LMImage",
            "files": {
                "store": "/libraries/brains",
                "CDM": "images/3/a-b.png",
                "CDMThumbnail": "thumbnails/3/a-b.jpg",
            },
        },
        "files": {"store": "/libraries/brains", "CDMInput": "mask.png", "CDMMatch": "images/3/a-b.png"},
        "mirrored": False,
        "normalizedScore": 210,
        "matchingPixels": 210,
        "type": "CDSMatch",
    }


def test_an_em_match_has_its_neuron_and_none_of_the_fields_of_lm() -> None:
    image = one(EM)["image"]
    assert (image["type"], image["neuronType"], image["neuronInstance"]) == ("EMImage", "PFNp_c", "PFNp_c_R")
    assert not image.keys() & {"slideCode", "objective", "channel", "mountingProtocol"}


def test_the_input_image_is_the_mask() -> None:
    found = findings([], masks=[Mask("s3://bucket/masks/neuron.tif", 573, 1119, 10)])
    assert document(found, 0) == {
        "inputImage": {
            "filename": "neuron.tif",
            "alignmentSpace": "JRC2018_VNC_Unisex_40x_DS",
            "anatomicalArea": "VNC",
            "files": {"store": "s3://bucket/masks/", "CDM": "neuron.tif"},
        },
        "results": [],
    }


@pytest.mark.parametrize(
    ("size", "space", "area"),
    [
        ((1210, 566), "JRC2018_Unisex_20x_HR", "Brain"),
        ((573, 1119), "JRC2018_VNC_Unisex_40x_DS", "VNC"),
        ((200, 100), "unknown", "unknown"),
    ],
)
def test_the_template_is_told_from_the_size(size: tuple[int, int], space: str, area: str) -> None:
    image = document(findings([match(1)], masks=[Mask("/m.png", *size, 10)]), 0)["results"][0]["image"]
    assert (image["alignmentSpace"], image["anatomicalArea"]) == (space, area)


def test_what_was_filled_in_is_counted_and_what_is_known_is_not() -> None:
    found = findings([match(3, item("a", metadata=LM)), match(2, item("b")), match(1, item("c"))])
    assert filled_in(found) == {
        "alignmentSpace": {"unknown": 2},
        "anatomicalArea": {"unknown": 2},
        "gender": {"f": 2},
        "libraryName": {"brains": 2},
        "objective": {"unknown": 2},
        "slideCode": {"unknown": 2},
        "type": {"LMImage": 2},
    }


VALUES = st.none() | st.text(max_size=8) | st.integers(0, 9) | st.sampled_from(["m", "f", "EMImage", "LMImage", "2"])


@settings(max_examples=150)
@given(
    metadata=st.dictionaries(st.sampled_from(sorted(LM | EM)), VALUES),
    size=st.sampled_from([(1210, 566), (573, 1119), (7, 5)]),
    mirrored=st.booleans(),
    pixels=st.integers(-5, 10_000),
)
def test_the_document_is_valid_whatever_is_known(
    metadata: dict[str, Any], size: tuple[int, int], mirrored: bool, pixels: int
) -> None:
    found = findings([match(pixels, item(metadata=metadata), mirrored=mirrored)], masks=[Mask("m.png", *size, 9)])
    VALIDATOR.validate(document(found, 0))


@pytest.mark.parametrize("extra", ["matchingRatio", "label_boxes", "parameters"])
def test_the_schema_refuses_what_the_format_has_no_place_for(extra: str) -> None:
    wrong = document(findings([match(1)]), 0)
    wrong["results"][0][extra] = 0.5
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize("missing", ["filename", "alignmentSpace", "anatomicalArea", "files"])
def test_the_schema_requires_what_the_format_requires_of_a_mask(missing: str) -> None:
    wrong = document(findings([match(1)]), 0)
    del wrong["inputImage"][missing]
    assert not VALIDATOR.is_valid(wrong)
