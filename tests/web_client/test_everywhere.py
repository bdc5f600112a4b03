"""What all pages have in common: their frame, their names, and that everybody can use them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web_client.conftest import Site, ended
from tests.web_client.looks import serious, too_wide

PAGES = {"/search": "New search", "/analyses": "Analyses", "/jobs": "Jobs", "/help": "Help"}
TABS = ("results", "progress", "files", "timeline", "certificate")
WIDE, NARROW = 1280, 390


@pytest.fixture(scope="module")
def searched(site: Site) -> str:
    """A search that has ended."""
    with site.api() as api:
        mask = site.masks[0].read_bytes()
        upload = api.post("/api/uploads", json={"name": "mask.tif", "size": len(mask), "purpose": "image"}).json()
        api.put(upload["parts"][0]["url"], content=mask)
        api.post(f"/api/uploads/{upload['id']}/complete")
        parameters = {"mask": f"upload:{upload['id']}", "library": "library:brains"}
        job = {"analysis": "color-depth-search", "name": "a neuron", "parameters": parameters}
        job_id: str = api.post("/api/jobs", json=job).json()["job_id"]
        assert ended(api, job_id)["state"] == "SUCCEEDED"
    return job_id


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_reached_by_its_address_and_by_the_menu(tab: Any, expect: Any, path: str) -> None:
    page = tab(path)
    expect(page.locator("h1")).to_have_count(1)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=PAGES[path]).click()
    page.wait_for_url(f"**{path}*")


def test_narrow_windows_have_the_menu_behind_a_button(tab: Any, expect: Any) -> None:
    page = tab("/jobs", width=NARROW)
    page.get_by_role("button", name="Open the menu").click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Analyses").click()
    page.wait_for_url("**/analyses")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)


def test_a_page_that_is_not_there_says_so_and_a_job_that_is_not_there_too(tab: Any, expect: Any) -> None:
    expect(tab("/nowhere").get_by_text("There is no such page")).to_be_visible()
    missing = tab("/jobs/none-20000101-000000-000000", expect="404")
    expect(missing.get_by_role("heading", name="There is no such job (any more)")).to_be_visible()


def test_help_explains_every_parameter_and_a_topic_is_reached_by_its_address(tab: Any, expect: Any, site: Site) -> None:
    page = tab("/search")
    page.get_by_role("link", name="Which images can be searched with").click()
    page.wait_for_url("**/help#images")
    expect(page.get_by_role("heading", name="Images that can be searched with")).to_be_in_viewport()
    expect(page.get_by_role("list", name="Sizes of images")).to_contain_text("1210 × 566")
    page.get_by_role("link", name="Parameters of a search").click()
    expect(page.get_by_role("heading", name="Parameters of a search")).to_be_in_viewport()
    with site.api() as api:
        properties = api.get("/api/analyses/color-depth-search").json()["parameters"]["properties"]
    terms = page.locator("dl > div")
    expect(terms).to_have_count(len(properties))
    for at, told in enumerate(properties.values()):
        expect(terms.nth(at)).to_have_text(told["title"] + told["description"])


def test_colours_are_those_of_the_system_until_somebody_chooses(tab: Any, expect: Any) -> None:
    page = tab("/jobs", dark=True)
    html = page.locator("html")
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")
    page.get_by_role("button", name="Use light colours").click()
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")
    page.reload()
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")


@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide light", "narrow dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(
    tab: Any, site: Site, searched: str, width: int, dark: bool
) -> None:
    page = tab("/jobs", width=width, dark=dark)
    found: dict[str, Any] = {}
    for path in (*PAGES, "/profile", "/analyses/color-depth-search", "/analyses/widefield-denoise", *_tabs(searched)):
        page.goto(site.base + path)
        page.locator("h1").wait_for()
        page.wait_for_load_state("networkidle")
        for problem in [*serious(page), *too_wide(page)]:
            found.setdefault(problem, []).append(path)
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_names_in_a_certificate_are_whole_and_apart_from_their_values(
    tab: Any, expect: Any, searched: str, width: int
) -> None:
    page = tab(f"/jobs/{searched}?tab=certificate", width=width)
    expect(page.get_by_role("rowheader", name="pix_color_fluctuation")).to_be_visible()
    cut = "names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)"
    assert page.locator("th[scope=row]").evaluate_all(cut) == []


def _tabs(job_id: str) -> list[str]:
    return [f"/jobs/{job_id}?tab={one}" for one in TABS]
