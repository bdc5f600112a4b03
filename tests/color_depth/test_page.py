"""The contents of the result page, without a browser."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from examples.color_depth_search.images import read_image
from examples.color_depth_search.report.advice import why_no_match
from examples.color_depth_search.report.findings import Mask, Match
from examples.color_depth_search.report.page import page
from tests.color_depth.report_samples import (
    PARAMETERS,
    findings,
    halves,
    item,
    match,
    pictured,
    pictured_from_disk,
)

MEGABYTE = 1_000_000


class Elements(HTMLParser):
    """The texts of the script and style elements, and all attributes that could name another file."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.links: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = given.get("id") or tag
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside] = self.texts.get(self._inside, "") + data


def decoded(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def contents(html: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Elements(html.decode("utf-8")).texts["data"])
    return found


def test_the_page_names_no_other_file_and_forbids_every_request() -> None:
    html = pictured(findings([match(10)])).decode()
    assert all(link.startswith(("#", "data:")) for link in Elements(html).links)
    assert "default-src 'none'; img-src data:;" in html
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", html)


@pytest.mark.parametrize(("element", "directive"), [("style", "style-src"), ("script", "script-src")])
def test_the_policy_allows_just_the_style_and_script_of_the_page(element: str, directive: str) -> None:
    html = pictured(findings([match(10)])).decode()
    digest = base64.b64encode(hashlib.sha256(Elements(html).texts[element].encode()).digest()).decode()
    assert f"{directive} 'sha256-{digest}'" in html


@settings(max_examples=80)
@given(name=st.text(min_size=1, max_size=40) | st.sampled_from(["</script><script>alert(1)</script>", "<!--", "]]>"]))
def test_any_file_name_arrives_as_it_is_and_cannot_end_the_data(name: str) -> None:
    found = contents(pictured(findings([match(10, item(name))]), pictures=0))
    assert found["masks"][0]["matches"][0]["name"] == name


def test_a_file_name_that_is_not_utf8_does_not_break_the_page() -> None:
    found = findings([match(10, item("a\udcff"))], masks=[Mask("/m\udcfe.png", 200, 100, 5)])
    assert contents(pictured(found))["masks"][0]["matches"][0]["name"] == "a\udcff"


def test_the_mask_is_exact_and_matches_are_previews_in_full_color_resolution() -> None:
    found = contents(pictured(findings([match(10)])))
    mask, first = found["masks"][0], found["masks"][0]["matches"][0]
    with decoded(found["pictures"][mask["picture"]]) as png, decoded(found["pictures"][first["picture"]]) as jpeg:
        assert np.array_equal(np.asarray(png.convert("RGB")), read_image(halves(), "halves"))
        assert (png.format, jpeg.format, jpeg.size) == ("PNG", "JPEG", (200, 100))
        assert {layer[1:3] for layer in jpeg.layer} == {(1, 1)}  # type: ignore[attr-defined]


def test_a_match_with_a_picture_also_carries_a_thumbnail_so_that_its_card_is_quick_to_draw() -> None:
    wide = halves(width=1210)
    found = contents(page(findings([match(10)]), read=lambda _: wide, decode=read_image))
    first = found["masks"][0]["matches"][0]
    with decoded(found["pictures"][first["thumb"]]) as small, decoded(found["pictures"][first["picture"]]) as large:
        assert (small.format, small.size, large.size) == ("JPEG", (303, 25), (1210, 100))


def test_only_the_best_matches_carry_a_picture() -> None:
    found = contents(pictured(findings([match(9 - n, item(str(n))) for n in range(5)]), pictures=3))
    assert ["picture" in row for row in found["masks"][0]["matches"]] == [True, True, True, False, False]
    assert "/libraries/brains/4.png" in found["masks"][0]["matches"][4]["note"]


def test_an_image_that_matches_two_masks_is_embedded_once() -> None:
    found = contents(pictured(findings([match(9)], [match(8, mask=1)])))
    assert len(found["pictures"]) == 4  # two masks, the image and its thumbnail


def test_an_unreadable_image_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(halves())
    (tmp_path / "broken.png").write_bytes(halves()[:60])
    gone, broken = item("gone", str(tmp_path)), item("broken", str(tmp_path))
    found = findings([match(9, gone), match(8, broken)], masks=[Mask(str(tmp_path / "mask.png"), 200, 100, 5)])
    rows = contents(pictured_from_disk(found))["masks"][0]["matches"]
    assert "No such file" in rows[0]["note"]
    assert rows[1]["note"].startswith("No picture: broken.png: ")


def test_further_matches_carry_the_thumbnail_of_the_library(tmp_path: Path) -> None:
    for name, kind in (("images/1/a.png", "PNG"), ("thumbnails/1/a.jpg", "JPEG")):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.new("RGB", (20, 10)).save(tmp_path / name, kind)
    place = {"location": f"{tmp_path}/images/1/a.png", "key": "images/1/a.png"}
    with_thumbnail = item("a", **place, thumbnail="thumbnails/1/a.jpg")
    outside = item("b", **place, thumbnail="../thumbnails/1/a.jpg")
    found = findings([match(9, with_thumbnail), match(8, outside)])
    rows = contents(pictured_from_disk(found, pictures=0))["masks"][0]["matches"]
    assert ["thumb" in row for row in rows] == [True, False]


def test_pictures_of_many_masks_leave_room_for_the_thumbnails_of_all_matches() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (566, 1210, 3), np.uint8)
    thumbnail = io.BytesIO()
    Image.fromarray(noise[:100, :100]).save(thumbnail, "JPEG")

    def one(mask: int, number: int) -> Match:
        key = f"images/{mask}-{number}.png"
        place = {"location": f"/library/{key}", "key": key, "thumbnail": f"thumbnails/{mask}-{number}.jpg"}
        return match(999 - number, item(f"{mask}-{number}", **place), mask=mask)

    found = contents(
        page(
            findings(*([one(mask, number) for number in range(90)] for mask in range(2))),
            read=lambda location: thumbnail.getvalue() if location.endswith(".jpg") else b"",
            decode=lambda data, name: noise,
        )
    )
    for mask in found["masks"]:
        assert "picture" in mask["matches"][0]
        assert "picture" not in mask["matches"][59]
        assert all("thumb" in row for row in mask["matches"])


def test_the_page_stays_below_15_megabytes_and_no_mask_goes_without_pictures() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (566, 1210, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=1)
    lists = [
        [match(999 - n, item(f"{'long-name-' * 9}{mask}-{n}"), mask=mask) for n in range(4_000)] for mask in range(2)
    ]
    html = page(findings(*lists), read=lambda _: buffer.getvalue(), decode=lambda data, name: noise)
    assert len(html) < 15 * MEGABYTE
    for mask in contents(html)["masks"]:
        assert (mask["found"], len(mask["matches"])) == (4_000, 3_000)
        assert "picture" in mask
        assert "picture" in mask["matches"][0]


@pytest.mark.parametrize(
    ("values", "reason", "advice"),
    [
        ({"searched": 0}, "No image was searched", "See below what went wrong"),
        ({"searched": 1, "item_errors": [{}]}, "None of the 1 images could be read", "See below"),
        ({}, "50 images were searched.*more than 2 % of the mask's 1,000 pixels.*at least 21", "below 2"),
        ({"missing": [(0, 9, "killed")]}, "50 images were searched", "Resume the job: 9 images were not"),
    ],
)
def test_no_match_is_explained(values: dict[str, Any], reason: str, advice: str) -> None:
    found = why_no_match(findings([], **values), Mask("m.png", 200, 100, 1000))
    assert re.search(reason, found.reason)
    assert advice in found.changes[0]


def test_no_match_is_explained_with_every_parameter_that_decides_what_matches() -> None:
    searched = findings([], parameters=PARAMETERS | {"negative_mask": "/masks/not.png"})
    advice = why_no_match(searched, Mask("m.png", 200, 100, 1000, [(0, 0, 33, 10)]))
    assert "50 images were searched in “brains”." in advice.reason
    told = " ".join(advice.conditions)
    for condition in (
        "above 20 (mask_threshold) and it lies outside the dashed boxes",
        "above 100 (data_threshold)",
        "differs by at most 2 % (pix_color_fluctuation)",
        "moved by up to 2 pixels (xy_shift) and also mirrored (mirror_mask)",
        "negative_mask was subtracted",
    ):
        assert condition in told
    assert "Search without the negative_mask." in advice.changes


def test_advice_offers_only_what_can_still_be_changed() -> None:
    widest = PARAMETERS | {
        "mask_threshold": 20,
        "data_threshold": 0,
        "pix_color_fluctuation": 5,
        "xy_shift": 4,
        "min_matching_pix_ratio": 0,
        "mirror_mask": False,
    }
    advice = why_no_match(findings([], parameters=widest), Mask("m.png", 200, 100, 10))
    assert advice.changes == [
        "Look for the mirrored neuron too: mirror_mask=true.",
        "Check that the mask is registered to the template of the images.",
    ]
