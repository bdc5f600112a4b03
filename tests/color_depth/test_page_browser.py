"""The result page in a real browser.

The fixture fails each test whose page logs to the console or sends a request.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
from PIL import Image

from examples.color_depth_search.images import read_image
from examples.color_depth_search.report.findings import Mask, Match
from examples.color_depth_search.report.page import page
from tests.color_depth.report_samples import EM, LM, findings, halves, item, match, pictured

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


def several() -> list[Match]:
    """Ten matches: ranks 1 and 4 are mirrored, names in another order than scores."""
    names = ["juliet", "india", "hotel.2", "golf", "foxtrot", "echo", "delta", "charlie", "bravo", "alpha"]
    metadata = [LM | {"published_name": None}, EM | {"published_name": None}, {}]
    return [
        match(900 - 50 * n, item(name, metadata=metadata[n % 3]), mirrored=n in (0, 3)) for n, name in enumerate(names)
    ]


def text(tab: Any, selector: str) -> str:
    return " ".join(tab.locator(selector).inner_text().split())


def names(tab: Any) -> list[str]:
    return tab.locator(".card .title span").all_text_contents()


def hover(tab: Any, panel: str, x: float, y: float) -> None:
    """Move the mouse to a place in a picture, given as shares of its width and height."""
    box = tab.locator(f"#{panel} .frame").bounding_box()
    tab.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)


def crosshair(tab: Any, panel: str) -> float:
    """Where the vertical line of a crosshair is, as a share of the picture's width."""
    frame = tab.locator(f"#{panel} .frame").bounding_box()
    line = tab.locator(f"#{panel} .cross-x").bounding_box()
    return (line["x"] - frame["x"]) / frame["width"]


def left_color(tab: Any, panel: str) -> tuple[int, ...]:
    """The color in the left half of a picture, as it is on screen."""
    tab.wait_for_function(f"document.querySelector('#{panel} img').complete")
    with Image.open(io.BytesIO(tab.locator(f"#{panel} .frame").screenshot())) as picture:
        return picture.convert("RGB").getpixel((picture.width // 4, picture.height // 2))


def test_the_best_match_is_shown_first_beside_its_mask(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    assert text(tab, "h1") == "10 matches for mask.png"
    assert text(tab, "#summary") == "50 images searched in “brains” · mask of 1,000 pixels"
    assert (text(tab, "#rank"), text(tab, "#name")) == ("1", "juliet")
    assert (text(tab, "#score"), text(tab, "#ratio")) == ("900", "90.0")
    boxes = [tab.locator(f"#{panel}").bounding_box() for panel in ("mask-panel", "match-panel")]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_matches_that_are_ranked_by_shape_show_their_normalized_score(open_html: Open) -> None:
    shape = {"gradient_area_gap": 21365, "high_expression_area": 731, "score": 21608, "mirrored": False}
    best: Match = {**match(300, item("best")), "normalized_score": 1234.56, "shape": shape}  # type: ignore[typeddict-item]
    rest: Match = {**match(400, item("rest")), "normalized_score": 100.0}
    tab = open_html(pictured(findings([best, rest], shape={"unread": []})))
    assert (text(tab, "#name"), text(tab, "#normalized"), text(tab, "#score")) == (
        "best",
        "Normalized score 1,234.6",
        "300",
    )
    assert "shape 21,608" in text(tab, "#details")
    assert text(tab, ".card >> nth=1 >> .values") == "100.0 400 px 40.0 %"
    tab = open_html(pictured(findings(several())))
    assert not tab.locator("#normalized").is_visible()


def test_arrows_home_and_end_walk_through_the_matches(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        tab.keyboard.press(key)
        seen.append(text(tab, "#rank"))
    assert seen == ["2", "3", "2", "10", "10", "1", "1"]
    assert text(tab, '.card[aria-selected="true"] .title span') == "juliet"
    assert "Rank 1, juliet, 900 pixels" in text(tab, "#live")


def test_the_list_is_walked_by_rows_and_shows_where_it_is(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.locator("#list").focus()
    columns = tab.evaluate("getComputedStyle(document.getElementById('list')).gridTemplateColumns.split(' ').length")
    tab.keyboard.press("ArrowDown")
    assert text(tab, "#rank") == str(1 + columns)
    active = tab.locator("#list").get_attribute("aria-activedescendant")
    assert tab.locator(f"#{active}").get_attribute("aria-selected") == "true"
    tab.keyboard.press("ArrowUp")
    assert text(tab, "#rank") == "1"
    assert "3px" in tab.locator(".card").first.evaluate("card => getComputedStyle(card).boxShadow")


def test_tab_reaches_every_control_with_a_visible_focus(open_html: Open) -> None:
    tab = open_html(pictured(findings(several(), [match(5, mask=1)])))
    reached, outlines = [], []
    for _ in range(14):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.className"))
        outlines.append(tab.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    assert reached == [
        *(
            "skip",
            "mask-select",
            "help-button",
            "mirror",
            "zoom",
            "next",
            "filter",
            "library",
            "sex",
            "sort",
            "list",
        ),
        *reached[11:],
    ]
    assert set(outlines[:11]) <= {"solid", "auto"}


def test_the_filter_takes_text_and_regular_expressions(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("/")
    tab.keyboard.type("hotel.")
    assert names(tab) == ["hotel.2"]
    assert text(tab, "#count") == "1 of 10 matches"
    tab.keyboard.press("Escape")
    assert len(names(tab)) == 10
    tab.keyboard.type("^(alpha|BRAVO)$|^ju")
    assert names(tab) == ["juliet", "bravo", "alpha"]
    tab.locator("#filter").fill("(ju")  # half-typed: no regular expression yet
    assert text(tab, "#empty p") == "No match fits the filter."
    tab.get_by_role("button", name="Clear the filter").click()
    assert len(names(tab)) == 10


def test_keys_typed_into_the_filter_are_text(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("/")
    tab.keyboard.type("m?z/[")
    assert tab.locator("#filter").input_value() == "m?z/["
    assert (tab.locator("#mirror").get_attribute("aria-checked"), text(tab, "#zoom-value")) == ("false", "1×")
    assert not tab.locator("#help").is_visible()


def test_matches_are_filtered_by_library_and_sex_and_keep_their_rank(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.get_by_label("Library").select_option("FlyEM_Hemibrain_v1.2.1")
    assert names(tab) == ["india", "foxtrot", "charlie"]
    assert (text(tab, "#rank"), text(tab, "#name")) == ("2", "india")
    tab.get_by_label("Sex").select_option("male")
    assert names(tab) == []
    tab.get_by_label("Library").select_option("All")
    assert names(tab) == ["juliet", "golf", "delta", "alpha"]


def test_sorting_by_name_keeps_the_chosen_match(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("ArrowRight")
    tab.get_by_label("Sort").select_option("name")
    assert names(tab)[:3] == ["alpha", "bravo", "charlie"]
    assert (text(tab, "#rank"), text(tab, "#name")) == ("2", "india")
    tab.get_by_label("Sort").select_option("ratio")
    assert names(tab)[0] == "juliet"


def test_a_mirrored_match_is_shown_mirrored_until_it_is_switched_off(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    switch = tab.get_by_role("switch", name="Mirror")
    assert left_color(tab, "mask-panel") == (255, 0, 0)
    assert switch.get_attribute("aria-checked") == "true"
    red, _, blue = left_color(tab, "match-panel")
    assert blue > 200 > 60 > red
    assert tab.locator(".thumb.flipped").count() == 2
    tab.keyboard.press("m")
    assert switch.get_attribute("aria-checked") == "false"
    assert left_color(tab, "match-panel")[0] > 200
    assert tab.locator(".thumb.flipped").count() == 0
    for _ in range(3):  # to the other mirrored match: it stays switched off
        tab.keyboard.press("ArrowRight")
    assert switch.get_attribute("aria-checked") == "false"


def test_a_match_that_is_not_mirrored_can_be_flipped_for_once(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    switch = tab.get_by_role("switch", name="Mirror")
    tab.keyboard.press("ArrowRight")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    assert switch.get_attribute("aria-checked") == "true"
    tab.keyboard.press("ArrowRight")
    assert switch.get_attribute("aria-checked") == "false"


def test_the_crosshair_is_at_the_same_pixel_in_both_pictures(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("ArrowRight")
    hover(tab, "mask-panel", 0.2525, 0.505)
    assert text(tab, "#mask-panel .at") == "x 50 y 50 slice 213"
    assert text(tab, "#match-panel .at").startswith("x 50 y 50")
    assert crosshair(tab, "mask-panel") == pytest.approx(0.2525, abs=0.003)
    assert crosshair(tab, "match-panel") == pytest.approx(0.2525, abs=0.003)


def test_the_crosshair_of_a_mirrored_match_is_at_the_reflected_pixel(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    hover(tab, "mask-panel", 0.2525, 0.505)
    assert text(tab, "#match-panel .at").startswith("x 149 y 50")
    assert crosshair(tab, "match-panel") == pytest.approx(0.2525, abs=0.003)
    tab.keyboard.press("m")  # as in its file: the same pixel is now on the other side
    assert text(tab, "#match-panel .at").startswith("x 149 y 50")
    assert crosshair(tab, "match-panel") == pytest.approx(0.7475, abs=0.003)
    hover(tab, "match-panel", 0.9025, 0.505)
    assert text(tab, "#mask-panel .at").startswith("x 19 y 50")
    assert crosshair(tab, "mask-panel") == pytest.approx(0.0975, abs=0.003)


def test_the_crosshair_moves_by_keyboard_and_stays_in_the_picture(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("Shift+ArrowRight")
    assert text(tab, "#mask-panel .at").startswith("x 100 y 50")
    for _ in range(12):
        tab.keyboard.press("Shift+ArrowUp")
    assert text(tab, "#mask-panel .at").startswith("x 100 y 0")
    assert text(tab, "#rank") == "1"


@pytest.mark.parametrize("mirrored", [False, True])
def test_zooming_keeps_the_pixels_under_the_crosshairs(open_html: Open, mirrored: bool) -> None:
    tab = open_html(pictured(findings([match(9, mirrored=mirrored)])))
    hover(tab, "mask-panel", 0.2525, 0.505)
    before = [text(tab, f"#{panel} .at") for panel in ("mask-panel", "match-panel")]
    tab.keyboard.press("z")
    assert text(tab, "#zoom-value") == "2×"
    hover(tab, "mask-panel", 0.2525, 0.505)
    assert [text(tab, f"#{panel} .at") for panel in ("mask-panel", "match-panel")] == before
    hover(tab, "mask-panel", 0.3525, 0.505)  # a tenth of the picture's width is now half as many pixels
    assert text(tab, "#mask-panel .at").startswith("x 60 y 50")
    assert crosshair(tab, "match-panel") == pytest.approx(crosshair(tab, "mask-panel"), abs=0.003)
    assert crosshair(tab, "mask-panel") == pytest.approx(0.3525, abs=0.006)


def test_help_opens_and_closes_by_keyboard(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.keyboard.press("?")
    assert tab.get_by_role("dialog", name="Keys").is_visible()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Escape")
    assert not tab.locator("#help").is_visible()
    assert text(tab, "#rank") == "1"


def test_each_mask_has_its_own_matches(open_html: Open) -> None:
    tab = open_html(pictured(findings(several(), [match(7, item("other"), mask=1)], [])))
    tab.locator("#mask-select").select_option("mask1.png")
    assert (text(tab, "h1"), names(tab)) == ("1 match for mask1.png", ["other"])
    tab.keyboard.press("Escape")
    tab.locator("#list").focus()
    tab.keyboard.press("]")
    assert text(tab, "h1") == "No match for mask2.png"
    assert not tab.locator("#results").is_visible()
    tab.keyboard.press("[")
    assert tab.locator("#mask-select").input_value() == "1"


def test_no_match_is_explained_with_what_to_change(open_html: Open) -> None:
    tab = open_html(pictured(findings([])))
    assert text(tab, "h1") == "No match for mask.png"
    assert "50 images were searched" in text(tab, "#none-reason")
    assert "Accept smaller matches: min_matching_pix_ratio below 2." in text(tab, "#none-advice")
    assert "data_threshold" in tab.locator("#none-conditions code").all_inner_texts()
    assert tab.locator("#mask-panel img").is_visible()
    assert not tab.locator("#match-panel").is_visible()


def test_why_there_is_no_match_is_on_the_screen_at_once(open_html: Open) -> None:
    for width, height in ((1366, 650), (390, 844)):
        box = open_html(pictured(findings([])), width=width, height=height).locator("#none-reason").bounding_box()
        assert box["y"] + box["height"] <= height


def test_what_was_not_searched_is_said_at_the_top_and_listed(open_html: Open) -> None:
    found = findings(
        several(),
        item_errors=[
            {"item": item("bad<i>"), "error": "bad.png: ends early"},
            {"item": "x.tif", "error": "gone"},
        ],
        missing=[(40, 80, "killed 3 times")],
    )
    tab = open_html(pictured(found))
    assert text(tab, "#notice").startswith("2 images could not be read, and 40 images were not searched.")
    tab.get_by_role("link", name="Which, and why").click()
    assert tab.locator("#problems li").all_inner_texts() == [
        "images 40 to 79: killed 3 times",
        "bad<i>.png: bad.png: ends early",
        "x.tif: gone",
    ]


def test_the_parameters_are_shown(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())))
    tab.get_by_text("Parameters of this search").click()
    assert "data_threshold\n100" in tab.locator("#parameters dl").inner_text()


def test_a_long_list_is_drawn_piece_by_piece(open_html: Open) -> None:
    tab = open_html(pictured(findings([match(900 - n, item(f"n{n}")) for n in range(700)]), pictures=2))
    assert tab.locator(".card").count() == 300
    tab.get_by_role("button", name="Show 300 more").click()
    assert tab.locator(".card").count() == 600
    tab.keyboard.press("End")
    assert (text(tab, "#rank"), tab.locator(".card").count()) == ("700", 700)
    assert "No picture in full size" in text(tab, "#match-panel .missing")
    assert not tab.locator("#more").is_visible()


def test_a_screenshot_of_the_full_page_has_all_pictures(open_html: Open) -> None:
    found = findings([match(900 - n, item(str(n))) for n in range(120)])
    html = page(
        found,
        read=lambda location: halves(left=(255, 0, crc32(location.encode()) % 200)),  # no picture twice
        decode=read_image,
        pictures=120,
    )
    tab = open_html(html, width=390, height=844)
    places = tab.locator(".thumb").evaluate_all(
        "all => all.map(thumb => { const box = thumb.getBoundingClientRect();"
        " return [box.x + box.width / 4, box.y + scrollY + box.height / 2]; })"
    )
    with Image.open(io.BytesIO(tab.screenshot(full_page=True))) as picture:
        reds = [picture.convert("RGB").getpixel((round(x), round(y)))[0] for x, y in places]
    assert len(reds) == 120
    assert min(reds) > 200


def test_a_match_that_has_only_a_thumbnail_is_shown_by_it_without_a_depth(open_html: Open) -> None:
    place = {"location": "/library/images/a.png", "key": "images/a.png", "thumbnail": "thumbnails/a.jpg"}
    thumbnail = io.BytesIO()
    Image.new("RGB", (20, 10), (255, 0, 0)).save(thumbnail, "JPEG")
    html = page(
        findings([match(10), match(9, item("a", **place))]),
        read=lambda location: thumbnail.getvalue() if location.endswith(".jpg") else halves(),
        decode=read_image,
        pictures=1,
    )
    tab = open_html(html)
    tab.keyboard.press("ArrowRight")
    hover(tab, "match-panel", 0.2525, 0.505)
    assert left_color(tab, "match-panel")[0] > 200
    assert text(tab, "#match-panel figcaption") == "Match, thumbnail a.png x 50 y 50"
    assert text(tab, "#mask-panel .at") == "x 50 y 50 slice 213"


def test_a_long_name_is_cut_in_its_middle_and_whole_in_its_tooltip(open_html: Open) -> None:
    long = [f"the-same-long-beginning-of-all-these-names_{'and-middle_' * 6}{n}" for n in range(3)]
    tab = open_html(pictured(findings([match(9, item(name)) for name in long])), width=390, height=844)
    assert [name[-2:] for name in names(tab)] == ["_0", "_1", "_2"]
    assert {len(name) for name in names(tab)} == {58}
    assert tab.locator(".card").last.get_attribute("title") == long[2]
    for title in tab.locator(".card .title span").all():
        assert title.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_paper_shows_the_matches_without_the_controls_and_in_light_colors(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())), dark=True)
    tab.emulate_media(media="print")
    assert tab.locator(".card img").first.is_visible()
    for selector in (".toolbar", ".controls", ".header-tools"):
        assert not tab.locator(selector).is_visible()
    assert tab.locator("#viewer").evaluate("node => getComputedStyle(node).position") == "static"
    assert contrast(tab, "h1") > 10


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)>'",
    "${alert(4)}&amp;\u202egnp",
    "=cmd|' /C calc'!A0",
]


def test_hostile_file_names_are_shown_as_text(open_html: Open) -> None:
    masks = [Mask(f"/masks/{HOSTILE[0].replace('/', '')}.png", 200, 100, 1000)]
    parameters = {"mask": HOSTILE, "library": HOSTILE[2]}
    found = findings(
        [match(90 - n, item(name, metadata={"library_name": name})) for n, name in enumerate(HOSTILE)],
        masks=masks,
        parameters=parameters,
        item_errors=[{"item": HOSTILE[1], "error": HOSTILE[0]}],
        missing=[(0, 2, HOSTILE[1])],
    )
    tab = open_html(pictured(found))
    assert names(tab) == HOSTILE
    assert text(tab, "#title") == f"5 matches for {HOSTILE[0].replace('/', '')}.png"
    assert text(tab, "#name") == HOSTILE[0]
    assert tab.evaluate("document.scripts.length") == 2
    assert tab.locator("main img[src='x'], main svg[onload], main script").count() == 0


@pytest.mark.parametrize("size", [(200, 100), (100, 200)], ids=["brain", "vnc"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_is_wider_than_the_screen(open_html: Open, size: tuple[int, int], width: int) -> None:
    long = "a-very-long-name-of-an-image-without-any-place-to-break_" * 3
    matches = [
        match(900, item(long, metadata=LM | {"published_name": long}), mirrored=True),
        match(800),
        match(700),
    ]
    masks = [Mask(f"/masks/{long}.png", *size, 1000), Mask("/masks/b.png", *size, 1000)]
    found = findings(matches, [], masks=masks, item_errors=[{"item": long, "error": long}])
    tab = open_html(pictured(found), width=width, height=844)
    for details in tab.locator("details summary").all():
        details.click()
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    for selector in ("#mask-panel", "#match-panel", "#mirror", "#next", "#filter", "#sort", "#mask-select"):
        box = tab.locator(selector).bounding_box()
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector
    mask, matched = (tab.locator(f"#{panel}").bounding_box() for panel in ("mask-panel", "match-panel"))
    assert (mask["y"] == matched["y"]) == (width > 720 or size[1] > size[0])


def test_on_a_phone_choosing_a_match_brings_the_pictures_back(open_html: Open) -> None:
    tab = open_html(pictured(findings(several())), width=390, height=844)
    tab.locator(".card").last.scroll_into_view_if_needed()
    tab.locator(".card").last.click()
    tab.wait_for_function("document.getElementById('viewer').getBoundingClientRect().top >= 0")
    assert text(tab, "#name") == "alpha"


def test_on_a_laptop_the_pictures_stay_while_the_list_scrolls(open_html: Open) -> None:
    tab = open_html(pictured(findings([match(900 - n, item(f"n{n}")) for n in range(60)]), pictures=2))
    tab.locator("#list").focus()
    tab.keyboard.press("ArrowLeft")
    for _ in range(9):
        tab.keyboard.press("ArrowDown")
    card = tab.locator('.card[aria-selected="true"]').bounding_box()
    viewer = tab.locator("#viewer").bounding_box()
    assert viewer["y"] == 0
    assert viewer["y"] + viewer["height"] <= card["y"]
    assert card["y"] + card["height"] <= 900


def contrast(tab: Any, selector: str) -> float:
    """WCAG 2.2 contrast of a text with the first opaque background under it."""
    return tab.locator(selector).first.evaluate(
        """node => {
          const parse = (color) => color.match(/[\\d.]+/g).map(Number);
          const light = (color) => parse(color).slice(0, 3)
            .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          let under = node;
          while ((parse(getComputedStyle(under).backgroundColor)[3] ?? 1) < 1) under = under.parentElement;
          const [a, b] = [getComputedStyle(node).color, getComputedStyle(under).backgroundColor].map(light);
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }"""
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_have_enough_contrast(open_html: Open, dark: bool) -> None:
    found = findings(several(), item_errors=[{"item": "a", "error": "b"}])
    tab = open_html(pictured(found, pictures=3), dark=dark)
    hover(tab, "mask-panel", 0.25, 0.5)
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 200) == dark
    texts = [
        "h1",
        "#summary",
        "#notice",
        "#details",
        "#rank",
        "#mirror",
        "figcaption .file",
        "figcaption .at",
    ]
    texts += [
        ".values",
        ".values b",
        "#count",
        ".foot",
        ".depth span",
        ".card:last-child .thumb",
        "kbd",
        "small",
    ]
    low = {selector: contrast(tab, selector) for selector in texts if contrast(tab, selector) < 4.5}
    assert low == {}
