"""What a scientist does with the matches of a search."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.conftest import needed
from tests.web_client.conftest import LIBRARY, Site, ended
from tests.web_client.looks import serious, too_wide

MANY = 10_000
MOST_NODES = 2_500
"""Elements of the page while all matches are scrolled through: some screens full of them."""
ANALYSIS = str(Path(__file__).parent / "many_matches")
LOOSE = {"min_matching_pix_ratio": 0, "mask_threshold": 40, "data_threshold": 40, "pix_color_fluctuation": 5}
"""So that a small library has many matches."""


@dataclass(frozen=True)
class Searched:
    """A search that has ended."""

    id: str
    entries: list[dict[str, Any]]

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/jobs/{self.id}"

    @property
    def keys(self) -> list[str]:
        """Of its matches, best first."""
        return [entry["image"]["files"]["CDM"] for entry in self.entries]


def start(site: Site, analysis: str, parameters: dict[str, Any], **more: Any) -> str:
    """The id of a job."""
    with site.api() as api:
        answer = api.post("/api/jobs", json={"analysis": analysis, "parameters": parameters, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])


def finished(site: Site, job_id: str, at: str = "/results", limit: int = 1000) -> Searched:
    """A job when it has ended."""
    with site.api() as api:
        ended(api, job_id)
        page = api.get(f"/api/jobs/{job_id}/results", params={"at": at, "limit": limit})
        return Searched(job_id, page.json()["entries"] if page.status_code == 200 else [])


def search(site: Site, **parameters: Any) -> Searched:
    """A search of the library."""
    several = isinstance(parameters.get("mask"), list)
    given = {"mask": str(site.masks[0]), "library": f"library:{LIBRARY}", **parameters}
    job_id = start(site, "color-depth-search", given, name="a search", batch_size=10)
    return finished(site, job_id, "/masks/0/results" if several else "/results")


@pytest.fixture(scope="module")
def found(site: Site) -> Searched:
    """A search with matches enough for several pages of ten."""
    searched = search(site, **LOOSE)
    assert len(searched.entries) > 25
    return searched


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes folders of small images, as many as are wanted, of which a few only are different files."""
    numpy, image = needed("numpy"), needed("PIL.Image")
    folder = tmp_path_factory.mktemp("pictures")
    random = numpy.random.default_rng(1)
    for number in range(12):
        pixels = random.integers(0, 255, (57, 121, 3), dtype=numpy.uint8)
        image.fromarray(pixels).save(folder / f"kind{number}.png")

    def make(images: int) -> Path:
        library = folder / f"library{images}"
        if not library.exists():
            library.mkdir()
            for number in range(images):
                os.link(folder / f"kind{number % 12}.png", library / f"L{number // 4:04}-image-{number:05}.png")
        return library

    return make


def cards(tab: Any) -> Any:
    """The matches that are shown."""
    return tab.get_by_role("list", name="Matches").get_by_role("listitem")


def keys_of(tab: Any) -> list[str]:
    """Their keys, in their order."""
    keys: list[str] = cards(tab).evaluate_all("cards => cards.map(card => card.dataset.key)")
    return keys


def ranks_of(tab: Any) -> list[int]:
    """The ranks of the matches as the page shows them."""
    texts = cards(tab).locator("button").all_inner_texts()
    return [int(found[1]) for text in texts if (found := re.search(r"rank\s+(\d+)", text))]


def heading(tab: Any, text: str) -> Any:
    return tab.get_by_role("heading", name=text, exact=True)


def counted(number: int) -> str:
    return "1 match" if number == 1 else f"{number:,} matches"


# The list


def test_images_that_cannot_be_read_are_named_with_the_reason_and_were_not_searched(
    tab: Any, expect: Any, site: Site, tmp_path: Path
) -> None:
    whole = sorted((site.masks[0].parent.parent / "images").glob("*.tif"))
    for image in whole:
        (tmp_path / image.name).hardlink_to(image)
    (tmp_path / "broken.tif").write_text("no image")
    searched = search(site, library=str(tmp_path))
    page = tab(searched.path)
    expect(page.get_by_text(f"{len(whole)} images of {tmp_path.name} searched")).to_be_visible()
    expect(page.get_by_text("1 item could not be used")).to_be_visible()
    page.get_by_role("link", name="see why").click()
    expect(page.get_by_text("broken.tif: ImageError: broken.tif: is neither a TIFF nor a PNG")).to_be_visible()


def test_what_is_being_typed_into_a_filter_stays(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    expect(heading(page, counted(len(found.entries)))).to_be_visible()
    for name, first, rest in (("Line", "VT ", "12"), ("Least score", "1.", "5")):
        field = page.get_by_label(name, exact=True)
        field.click()
        page.keyboard.type(first)
        page.wait_for_url(re.compile(r"[?&](line=VT|score=1)(&|$)"))  # a pause: what is there was taken
        page.keyboard.type(rest)
        expect(field).to_have_value(first + rest)
        field.fill("")
        page.wait_for_url(re.compile(r"^[^?]*$"))


def test_a_page_after_the_last_one_shows_the_last_one(tab: Any, expect: Any, found: Searched) -> None:
    last = (len(found.entries) - 1) // 10 + 1
    page = tab(f"{found.path}?size=10&page={last + 50}")
    expect(cards(page)).to_have_count(len(found.entries) - 10 * (last - 1))
    page.wait_for_url(re.compile(rf"page={last}$"))


def test_filters_are_there_when_one_comes_back_from_another_tab(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(f"{found.path}?score=1&sort=line")
    expect(page.get_by_label("Least score")).to_have_value("1")
    page.get_by_role("tab", name="Progress").click()
    expect(page.get_by_role("heading", name="Batches")).to_be_visible()
    page.get_by_role("tab", name="Results").click()
    expect(page.get_by_label("Least score")).to_have_value("1")
    expect(page.get_by_label("Order")).to_have_value("line")


def test_a_range_that_cannot_be_read_says_so(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(f"{found.path}?size=10", expect="403")
    cards(page).first.get_by_role("checkbox").click()
    page.get_by_role("button", name="Page 3").first.click()
    expect(cards(page).first).to_have_attribute("data-index", "20")
    refusal = json.dumps({"code": "forbidden", "detail": "not for you"})
    page.route("**/results?*", lambda route: route.fulfill(status=403, content_type="application/json", body=refusal))
    cards(page).first.get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("Those between were not selected")).to_be_visible()
    expect(page.get_by_text("not for you")).to_be_visible()


def test_the_list_shows_what_the_api_found_with_scores_marks_and_pictures(
    tab: Any, expect: Any, found: Searched
) -> None:
    page = tab(found.path)
    expect(heading(page, counted(len(found.entries)))).to_be_visible()
    assert keys_of(page) == found.keys[:30]
    for number, entry in enumerate(found.entries[:30]):
        card = cards(page).nth(number)
        expect(card).to_contain_text(entry["image"]["publishedName"])
        expect(card).to_contain_text(f"{entry['normalizedScore']:,}")
        expect(card.get_by_text("mirrored", exact=True)).to_have_count(int(entry["mirrored"]))
    picture = cards(page).first.locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 50


def test_what_was_searched_for_is_shown_with_its_parameters(tab: Any, expect: Any, site: Site, found: Searched) -> None:
    page = tab(found.path)
    summary = page.get_by_role("region", name="What was searched for")
    expect(summary).to_contain_text(f"{site.masks[0].name} in {LIBRARY}")
    mask = summary.get_by_role("img", name="What was searched for")
    assert mask.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1210
    summary.get_by_text("Parameters").click()
    with site.api() as api:
        properties = api.get("/api/analyses/color-depth-search").json()["parameters"]["properties"]
    for name, value in LOOSE.items():
        fact = summary.locator("dl > div").filter(has=page.get_by_text(properties[name]["title"], exact=True))
        expect(fact.locator("dd")).to_have_text(str(value))


def test_filters_leave_what_the_api_leaves_and_say_how_many(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    sexes = Counter(entry["image"]["gender"] for entry in found.entries)
    filters = page.get_by_role("region", name="Filters")
    for sex, word in (("f", "female"), ("m", "male")):
        expect(filters.get_by_role("radio", name=f"{word} {sexes[sex]}", exact=True)).to_be_visible()
    expect(filters.get_by_role("checkbox", name=f"{LIBRARY} {len(found.entries)}")).to_be_checked()

    filters.get_by_role("radio", name="female").check()
    expect(heading(page, f"{sexes['f']} of {counted(len(found.entries))}")).to_be_visible()
    assert (
        keys_of(page)
        == [entry["image"]["files"]["CDM"] for entry in found.entries if entry["image"]["gender"] == "f"][:30]
    )
    ranks = [number for number, entry in enumerate(found.entries, 1) if entry["image"]["gender"] == "f"]
    assert ranks_of(page) == ranks[:30], "among all matches, not among those that are left"
    # What the other choice would bring stays to be seen.
    expect(filters.get_by_role("radio", name=f"male {sexes['m']}", exact=True)).to_be_visible()

    filters.get_by_role("textbox", name="Line").fill("vt0?????")
    filters.get_by_role("textbox", name="Least score").fill("20")
    left = [
        entry["image"]["files"]["CDM"]
        for entry in found.entries
        if entry["image"]["gender"] == "f"
        and re.fullmatch(r"VT0.{5}", entry["image"]["publishedName"])
        and entry["normalizedScore"] >= 20
    ]
    expect(heading(page, f"{len(left)} of {counted(len(found.entries))}")).to_be_visible()
    assert keys_of(page) == left[:30]
    expect(filters.get_by_label("3 active")).to_be_visible()

    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(heading(page, f"{len(left)} of {counted(len(found.entries))}")).to_be_visible()
    assert keys_of(page) == left[:30]
    expect(page.get_by_role("textbox", name="Line")).to_have_value("vt0?????")

    page.get_by_role("button", name="Reset").click()
    expect(heading(page, counted(len(found.entries)))).to_be_visible()
    expect(page.get_by_role("textbox", name="Line")).to_have_value("")


def test_a_library_that_is_switched_off_hides_everything_and_the_page_says_so(
    tab: Any, expect: Any, found: Searched
) -> None:
    page = tab(found.path)
    page.get_by_role("checkbox", name=LIBRARY).uncheck()
    expect(page.get_by_text("The filters leave none of the matches")).to_be_visible()
    expect(page.get_by_text(f"{counted(len(found.entries))} are there without the filter.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=f"{LIBRARY} {len(found.entries)}")).not_to_be_checked()
    page.get_by_role("button", name="Reset the filters").click()
    expect(cards(page)).to_have_count(30)


def test_the_best_of_each_line_and_other_orders_come_from_the_server(
    tab: Any, expect: Any, site: Site, pictures: Callable[[int], Path]
) -> None:
    parameters = {"library": str(pictures(40)), "mask": str(site.masks[0])}
    few = finished(site, start(site, ANALYSIS, parameters))
    page = tab(few.path)
    page.get_by_role("combobox", name="Results per line").click()
    page.get_by_role("option", name="The best", exact=True).click()
    expect(heading(page, "10 of 40 matches")).to_be_visible()
    lines = [entry["image"]["publishedName"] for entry in few.entries]
    assert keys_of(page) == [few.keys[lines.index(line)] for line in dict.fromkeys(lines)]
    page.get_by_role("combobox", name="Order").select_option("Lowest score first")
    expect(page).to_have_url(re.compile("sort=worst"))
    page.get_by_role("button", name="Reset").click()
    expect(cards(page)).to_have_count(30)
    assert keys_of(page) == few.keys[::-1][:30]
    assert ranks_of(page) == list(range(40, 10, -1))


def test_pages_are_in_the_address_and_back_goes_back(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    page.get_by_role("combobox", name="Matches of a page").first.select_option("10 a page")
    expect(cards(page)).to_have_count(10)
    page.get_by_role("button", name="Page 2").first.click()
    expect(cards(page).first).to_have_attribute("data-key", found.keys[10])
    assert {"page=2", "size=10"} <= set(page.url.partition("?")[2].split("&"))
    page.reload()
    expect(cards(page).first).to_have_attribute("data-key", found.keys[10])
    assert keys_of(page) == found.keys[10:20]
    page.go_back()
    expect(cards(page).first).to_have_attribute("data-key", found.keys[0])


def test_pages_are_turned_above_and_below_the_list_in_step(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(f"{found.path}?size=10")
    above, below = (page.get_by_role("navigation", name=f"Pages of matches, {place}") for place in ("above", "below"))
    box = page.get_by_role("list", name="Matches").bounding_box()
    assert above.bounding_box()["y"] < box["y"] < below.bounding_box()["y"]
    for number, pager in enumerate((above, below, above), 2):
        pager.get_by_role("button", name="Next page").focus()
        page.keyboard.press("Enter")
        expect(cards(page).first).to_have_attribute("data-index", str(10 * (number - 1)))
        expect(pager.get_by_role("button", name="Next page")).to_be_focused()
        for one in (above, below):
            expect(one.locator("[aria-current=page]")).to_have_text(str(number))
    assert [*serious(page), *too_wide(page)] == []
    below.get_by_role("combobox").select_option("all, scrolling")
    for one in (above, below):
        expect(one.get_by_role("combobox")).to_have_value("all")
        expect(one.get_by_role("button", name="Next page")).to_have_count(0)


def test_the_layout_is_remembered(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    page.get_by_role("button", name="List", exact=True).click()
    expect(page).to_have_url(re.compile("view=list"))
    expect(cards(page).first).to_contain_text(found.entries[0]["image"]["slideCode"])
    page.goto(page.url.partition("?")[0])
    expect(page.get_by_role("button", name="List", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(cards(page).first).to_contain_text(found.entries[0]["image"]["slideCode"])


def test_matches_of_each_mask_are_shown(tab: Any, expect: Any, site: Site) -> None:
    both = search(site, mask=[str(mask) for mask in site.masks], **LOOSE)
    second = finished(site, both.id, "/masks/1/results")
    page = tab(both.path)
    expect(cards(page).first).to_have_attribute("data-key", both.keys[0])
    page.get_by_role("combobox", name="Mask, of 2").select_option(f"2: {site.masks[1].name}")
    expect(cards(page).first).to_have_attribute("data-key", second.keys[0])
    assert keys_of(page) == second.keys[:30]
    cards(page).first.get_by_role("button").click()
    mask = page.get_by_role("dialog").get_by_role("img", name="Mask")
    expect(mask).to_have_attribute("src", re.compile(r"inputs/mask\?number=1$"))


def test_that_nothing_matches_is_explained(tab: Any, expect: Any, site: Site) -> None:
    nothing = search(site, min_matching_pix_ratio=99)
    page = tab(nothing.path)
    expect(page.get_by_text("No image matches")).to_be_visible()
    expect(page.get_by_text("60 images of brains were searched")).to_be_visible()
    expect(page.get_by_text("more than 99 %")).to_be_visible()
    expect(page.get_by_text('Lower "Least matching pixels"')).to_be_visible()
    expect(page.get_by_role("link", name="Search again with other parameters")).to_have_attribute(
        "href", f"/search?like={nothing.id}"
    )


# Jobs that run, and that lost something


def test_the_best_matches_appear_and_take_their_places_while_a_job_runs(
    tab: Any, expect: Any, site: Site, pictures: Callable[[int], Path], tmp_path: Path
) -> None:
    parameters = {"library": str(pictures(40)), "mask": str(site.masks[0]), "gates": str(tmp_path), "parts": 4}
    job_id = start(site, ANALYSIS, parameters)
    page = tab(f"/jobs/{job_id}")
    (tmp_path / "1").touch()
    expect(heading(page, "10 matches")).to_be_visible()
    first = keys_of(page)
    expect(page.get_by_role("status").filter(has_text="10 matches so far")).to_have_count(1)
    kept = cards(page).first.element_handle()
    key = first[0]
    (tmp_path / "0").touch()
    expect(heading(page, "20 matches")).to_be_visible()
    assert [one for one in keys_of(page) if one in first] == first, "those that were there are in their order"
    assert kept.get_attribute("data-key") == key
    assert kept.evaluate("card => card.isConnected"), "cards stay elements"
    page.get_by_role("radio", name="female 10").check()
    expect(heading(page, "10 of 20 matches")).to_be_visible()
    for part in "23":
        (tmp_path / part).touch()
    expect(page.get_by_role("tab", name="Results")).to_be_visible()
    done = finished(site, job_id)
    expect(heading(page, "20 of 40 matches")).to_be_visible()
    assert keys_of(page) == [
        key for key, entry in zip(done.keys, done.entries, strict=True) if entry["image"]["gender"] == "f"
    ]


def test_batches_that_failed_are_named_above_what_was_found(
    tab: Any, expect: Any, site: Site, pictures: Callable[[int], Path]
) -> None:
    parameters = {"library": str(pictures(40)), "mask": str(site.masks[0]), "parts": 4, "fails": [2]}
    partial = finished(site, start(site, ANALYSIS, parameters, tolerated_failure_percent=50))
    page = tab(partial.path)
    notice = page.get_by_role("alert").filter(has_text="1 batch of 4 is missing")
    expect(notice).to_contain_text("part 2 is told to fail")
    expect(heading(page, "30 matches")).to_be_visible()
    expect(notice.get_by_role("link")).to_have_attribute("href", re.compile(r"\?tab=progress$"))


def test_results_of_other_kinds_are_tables_or_trees(tab: Any, expect: Any, site: Site) -> None:
    numbers = finished(site, start(site, "monte-carlo", {"blocks": 2, "points_per_block": 100}))
    page = tab(numbers.path)
    expect(page.get_by_text("interval_95")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as JSON").click()
    assert "integral" in json.loads(Path(download.value.path()).read_bytes())


# The comparison


def opened(page: Any, number: int) -> Any:
    cards(page).nth(number).get_by_role("button").click()
    return page.get_by_role("dialog")


SCALES = """images => images.map(image => {
    const at = new DOMMatrix(getComputedStyle(image).transform);
    const box = image.parentElement.getBoundingClientRect();
    const pane = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    return {zoom: Math.abs(at.a) / pane, mirrored: at.a < 0, rendering: getComputedStyle(image).imageRendering,
        middle: [(box.width / 2 - at.e) / (at.a * image.naturalWidth), (box.height / 2 - at.f) / (at.d * image.naturalHeight)]};
})"""
"""How each image is shown: how much larger than whole, and which place of it is in the middle of its pane."""


def shown(page: Any) -> list[dict[str, Any]]:
    images = page.get_by_role("dialog").locator("figure img")
    found: list[dict[str, Any]] = images.evaluate_all(SCALES)
    return found


def zoom_of(url: str) -> float:
    """The zoom that an address has; 1 without one."""
    found = re.search(r"[?&]zoom=([\d.]+)", url)
    return float(found[1]) if found else 1.0


def crosses(page: Any) -> list[float]:
    """Where the crosshair is in each pane, as a share of its width."""
    lines: list[float] = (
        page.get_by_role("dialog")
        .locator("[data-cross]")
        .evaluate_all(
            """lines => lines.filter(line => line.style.left !== '').map(line =>
            parseFloat(line.style.left) / line.parentElement.getBoundingClientRect().width)"""
        )
    )
    return lines


def mirrored_one(found: Searched) -> int:
    return next(number for number, entry in enumerate(found.entries[:30]) if entry["mirrored"])


def straight_one(found: Searched) -> int:
    return next(number for number, entry in enumerate(found.entries[:30]) if not entry["mirrored"])


def test_panes_are_zoomed_and_moved_in_step_and_so_is_the_crosshair(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    dialog = opened(page, straight_one(found))
    expect(dialog.locator("figure img")).to_have_count(2)
    for image in dialog.locator("figure img").all():
        expect(image).to_have_css("transform", re.compile("matrix"))
    pane = dialog.locator("figure img").first.locator("..")
    box = pane.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    expect(dialog.locator("[data-cross]")).to_have_count(4)
    left, right = crosses(page)
    assert left == pytest.approx(0.6, abs=0.01)
    assert right == pytest.approx(left, abs=0.002)

    page.mouse.wheel(0, -800)
    expect(dialog.get_by_label("Zoom", exact=True)).not_to_have_text("100 %")
    mask, match = shown(page)
    assert mask["zoom"] == pytest.approx(match["zoom"])
    assert mask["zoom"] > 5
    page.wait_for_url(lambda url: zoom_of(url) > 1)
    far = zoom_of(page.url)
    assert mask["middle"] == pytest.approx(match["middle"], abs=1e-6)
    assert (mask["rendering"], match["rendering"]) == ("pixelated", "pixelated")

    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.up()
    after = shown(page)
    assert after[0]["middle"] == pytest.approx(after[1]["middle"], abs=1e-6)
    assert after[0]["middle"][0] > mask["middle"][0], "what is seen goes with the pointer"

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("-")
    stepped = shown(page)
    assert stepped[0]["zoom"] < after[0]["zoom"]
    assert stepped[0]["middle"] == pytest.approx(stepped[1]["middle"], abs=1e-6)
    before = shown(page)
    page.wait_for_url(lambda url: zoom_of(url) < far)  # it is written a moment later
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("dialog").locator("figure img")).to_have_count(2)
    expect(page.get_by_role("dialog").get_by_label("Zoom", exact=True)).not_to_have_text("100 %")
    expect(page.get_by_role("dialog").locator("figure img").last).to_have_css("transform", re.compile("matrix"))
    assert [one["zoom"] for one in shown(page)] == pytest.approx([one["zoom"] for one in before], rel=0.01)

    page.keyboard.press("0")
    expect(page.get_by_role("dialog").get_by_label("Zoom", exact=True)).to_have_text("100 %")
    page.keyboard.press("4")
    expect(page.get_by_role("dialog").locator("figure img")).to_have_count(4)


def test_a_match_that_was_mirrored_is_shown_mirrored_and_the_mask_never(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    dialog = opened(page, mirrored_one(found))
    expect(dialog.locator("figure img").last).to_have_css("transform", re.compile(r"matrix\(-"))
    assert [one["mirrored"] for one in shown(page)] == [False, True]
    switch = dialog.get_by_role("switch", name="Mirror the match")
    expect(switch).to_be_checked()
    page.keyboard.press("m")
    expect(switch).not_to_be_checked()
    expect(page).to_have_url(re.compile("mirror=no"))
    assert [one["mirrored"] for one in shown(page)] == [False, False]
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile("mirror="))


def test_images_lie_over_each_other_and_blink_when_told_to(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    dialog = opened(page, 0)
    dialog.get_by_role("button", name="Overlay").click()
    images = dialog.get_by_role("img", name=re.compile("Mask|Match"))
    expect(images).to_have_count(2)
    expect(images.last).to_have_css("opacity", "0.5")
    slider = dialog.get_by_role("slider", name="Share of the match")
    slider.focus()
    slider.press("End")
    expect(images.last).to_have_css("opacity", "1")
    expect(page).to_have_url(re.compile("opacity=100"))

    page.keyboard.press("b")
    expect(dialog.get_by_role("button", name="Play")).to_be_visible()  # the system asks for no movement
    expect(images.last).to_have_css("opacity", "0")
    page.keyboard.press("v")
    expect(images.last).to_have_css("opacity", "1")
    dialog.get_by_role("combobox", name="Speed").select_option("3 a second")
    dialog.get_by_role("button", name="Play").click()
    for opacity in ("0", "1", "0"):
        expect(images.last).to_have_css("opacity", opacity)
    dialog.get_by_role("button", name="Pause").click()


def test_blinking_begins_by_itself_where_movement_is_wanted(
    browser: Any, expect: Any, site: Site, found: Searched
) -> None:
    context = browser.new_context(reduced_motion="no-preference")
    page = context.new_page()
    page.goto(site.url)
    page.goto(f"{site.base}{found.path}?compare={found.keys[0]}&nth=1&as=blink&rate=3")
    expect(page.get_by_role("dialog").get_by_role("button", name="Pause")).to_be_visible()
    image = page.get_by_role("dialog").get_by_role("img", name="Match")
    for opacity in ("1", "0", "1"):
        expect(image).to_have_css("opacity", opacity)
    context.close()


def test_everything_is_known_of_a_match_and_its_image_is_downloaded_to_the_pixel(
    tab: Any, expect: Any, site: Site, found: Searched
) -> None:
    page = tab(found.path)
    number = mirrored_one(found)
    dialog = opened(page, number)
    image = found.entries[number]["image"]
    for known in (image["id"], image["slideCode"], image["objective"], image["alignmentSpace"]):
        expect(dialog.get_by_text(known, exact=True)).to_be_visible()
    expect(dialog.get_by_role("link", name="Search with this one")).to_have_attribute(
        "href", re.compile(rf"^/search\?like={found.id}&key=images%2F")
    )
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download", exact=True).click()
    assert same_pixels(Path(download.value.path()).read_bytes(), original(site, found.keys[number]))


def original(site: Site, key: str) -> bytes:
    return (site.libraries / LIBRARY / key).read_bytes()


def same_pixels(one: bytes, other: bytes) -> bool:
    image, numpy = needed("PIL.Image"), needed("numpy")
    pixels = [numpy.asarray(image.open(io.BytesIO(data)).convert("RGB")) for data in (one, other)]
    return bool(numpy.array_equal(*pixels))


# By keyboard


def test_everything_is_done_by_keyboard(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(f"{found.path}?size=10")
    expect(cards(page)).to_have_count(10)
    button = cards(page).locator("button")
    button.first.focus()
    page.keyboard.press("ArrowRight")
    expect(button.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(button.nth(5)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("x")
    expect(cards(page).first.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    button.nth(8).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"9 of {len(found.entries)}")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text(f"12 of {len(found.entries)}")
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text(f"11 of {len(found.entries)}")
    page.keyboard.press("x")
    expect(dialog.get_by_role("checkbox", name="Selected")).to_be_checked()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")  # closes the keys, and nothing below them
    expect(keys).to_have_count(0)
    expect(dialog).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text(f"12 of {len(found.entries)}")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # The focus is on the match that was looked at last, on its page.
    expect(cards(page).first.locator("button")).to_be_focused()
    assert keys_of(page) == found.keys[10:20]
    expect(page.get_by_text("4 selected")).to_be_visible()
    page.keyboard.press("s")
    page.wait_for_url("**/search?like=*")


def test_selected_matches_are_compared_beside_each_other(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path)
    cards(page).nth(1).get_by_role("checkbox").check()
    cards(page).nth(3).get_by_role("checkbox").click(modifiers=["Shift"])
    page.get_by_role("button", name="Compare them").click()
    images = page.get_by_role("dialog").locator("figure img")
    expect(images).to_have_count(4)
    sources = [unquote(address) for address in images.evaluate_all("images => images.map(image => image.src)")]
    assert [key for key in found.keys[1:4] if any(key in source for source in sources)] == found.keys[1:4]
    page.reload()
    expect(page.get_by_role("dialog").locator("figure img")).to_have_count(4)


# Export


def export(page: Any, item: str | re.Pattern[str]) -> bytes:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=item).click()
    return Path(download.value.path()).read_bytes()


def test_all_matches_that_the_filters_leave_are_exported_as_csv_and_json(
    tab: Any, expect: Any, found: Searched
) -> None:
    page = tab(f"{found.path}?sex=f&size=10")
    female = [entry for entry in found.entries if entry["image"]["gender"] == "f"]
    expect(heading(page, f"{len(female)} of {counted(len(found.entries))}")).to_be_visible()
    rows = list(csv.DictReader(io.StringIO(export(page, re.compile("CSV")).decode("utf-8-sig"))))
    assert [row["Image"] for row in rows] == [entry["image"]["id"] for entry in female]
    assert [int(row["Rank"]) for row in rows] == [found.entries.index(entry) + 1 for entry in female]
    assert [int(row["Number"]) for row in rows] == list(range(1, len(female) + 1))
    for row, entry in zip(rows, female, strict=True):
        image = entry["image"]
        assert (row["Line/Neuron ID"], row["Library"], row["Sex"]) == (image["publishedName"], LIBRARY, "f")
        assert (float(row["Score"]), int(row["Matched Pixels"])) == (entry["normalizedScore"], entry["matchingPixels"])
        assert (row["Slide Code"], row["Magnification"]) == (image.get("slideCode", ""), image.get("objective", ""))
        assert row["Channel"] == str(image.get("channel", ""))
    assert json.loads(export(page, re.compile("JSON, all"))) == female
    assert json.loads(export(page, re.compile("whole result")))["results"] == found.entries


def test_selected_images_are_in_a_zip_to_the_pixel(tab: Any, site: Site, found: Searched) -> None:
    page = tab(found.path)
    for number in (4, 0, 2):
        cards(page).nth(number).get_by_role("checkbox").check()
    with zipfile.ZipFile(io.BytesIO(export(page, "Images as zip: 3 images"))) as zipped:
        assert zipped.testzip() is None
        names = sorted(zipped.namelist())
        wanted = {found.entries[number]["image"]["id"] + ".png": found.keys[number] for number in (0, 2, 4)}
        assert names == sorted([*wanted, "matches.csv"])
        for name, key in wanted.items():
            assert same_pixels(zipped.read(name), original(site, key))


def test_an_image_that_is_gone_is_named_and_the_others_are_in_the_zip(
    tab: Any, expect: Any, site: Site, pictures: Callable[[int], Path]
) -> None:
    library = pictures(24)
    few = finished(site, start(site, ANALYSIS, {"library": str(library), "mask": str(site.masks[0])}))
    page = tab(few.path, expect="404")
    expect(cards(page)).to_have_count(24)
    (library / few.keys[3]).unlink()
    zipped = zipfile.ZipFile(io.BytesIO(export(page, "Images as zip: 24 images")))
    assert len([name for name in zipped.namelist() if name.endswith(".png")]) == 23
    name = few.entries[3]["image"]["id"]
    expect(page.get_by_role("dialog").get_by_text(f"{name}.png: there is no picture")).to_be_visible()
    assert name in zipped.read("not included.txt").decode()


# Sizes


def test_results_are_used_on_a_phone(tab: Any, expect: Any, found: Searched) -> None:
    page = tab(found.path, width=390, height=844, dark=True)
    expect(cards(page)).to_have_count(30)
    assert not overflows(page)
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("dialog").get_by_role("radio", name="female").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Filters").get_by_label("1 active")).to_be_visible()
    page.get_by_role("button", name="List", exact=True).click()
    assert not overflows(page)
    dialog = opened(page, 0)
    expect(dialog.locator("figure img")).to_have_count(2)
    assert not overflows(page)
    for image in dialog.locator("figure img").all():
        expect(image).to_have_css("transform", re.compile("matrix"))
    wide = dialog.locator("figure img").evaluate_all(
        "images => images.map(image => image.getBoundingClientRect().width)"
    )
    assert min(wide) > 300, "an image takes the width of a phone"


def overflows(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_nothing_serious_is_found_by_axe(tab: Any, expect: Any, found: Searched) -> None:
    for dark in (False, True):
        page = tab(found.path, dark=dark)
        expect(cards(page)).to_have_count(30)
        assert serious(page) == []
        opened(page, 0)
        expect(page.get_by_role("dialog").locator("figure img")).to_have_count(2)
        assert serious(page) == []


@pytest.fixture(scope="module")
def many(site: Site, pictures: Callable[[int], Path]) -> Searched:
    """A search with 10,000 matches."""
    parameters = {"library": str(pictures(MANY)), "mask": str(site.masks[0])}
    return finished(site, start(site, ANALYSIS, parameters))


@pytest.mark.parametrize("layout", ["grid", "list"])
def test_ten_thousand_matches_scroll_from_end_to_end_with_few_elements_in_the_page(
    tab: Any, expect: Any, many: Searched, layout: str
) -> None:
    page = tab(f"{many.path}?size=all&view={layout}")
    expect(heading(page, "10,000 matches")).to_be_visible()
    expect(cards(page).first).to_have_attribute("data-key", many.keys[0])
    most = page.evaluate(
        """async () => {
            let most = 0;
            const frames = 240, end = document.documentElement.scrollHeight - innerHeight, start = scrollY;
            for (let frame = 1; frame <= frames; frame++) {
                scrollTo(0, start + (end - start) * frame / frames);
                await new Promise(requestAnimationFrame);
                most = Math.max(most, document.querySelectorAll('*').length);
            }
            return most;
        }"""
    )
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = page.locator(f"[data-index='{MANY - 1}']")
    expect(last).to_be_visible()
    expect(last).to_have_attribute("data-key", re.compile("."))
    assert most < MOST_NODES

    # By keys, too: the other end, then compared, then back to it.
    page.locator("[data-index] > button").last.focus()
    page.keyboard.press("End")
    expect(last.locator("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("10,000 of 10,000")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog")).to_contain_text("9,999 of 10,000")
    page.keyboard.press("Escape")
    expect(page.locator(f"[data-index='{MANY - 2}'] > button")).to_be_focused()


def test_all_of_ten_thousand_are_selected_and_exported(tab: Any, expect: Any, many: Searched) -> None:
    page = tab(many.path)
    page.get_by_role("button", name="Select all 10,000").click()
    expect(page.get_by_text("10,000 selected")).to_be_visible()
    rows = list(csv.DictReader(io.StringIO(export(page, re.compile("CSV")).decode("utf-8-sig"))))
    assert [int(row["Rank"]) for row in rows] == list(range(1, MANY + 1))
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("menuitem", name="at most 200")).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="None", exact=True).click()
    page.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="the first 200").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
