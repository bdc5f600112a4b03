"""What a scientist does, from an image to a list in a file; and what comes between: other tabs, a lost connection."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_MS
from tests.web_client.conftest import Site, serving, until
from tests.web_client.scripted import scripted_site
from tests.web_client.test_results import cards
from tests.web_client.test_search_page import Canvas, around, open_image, pixels_of
from tests.web_client.test_search_page import start as press_search


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Lets jobs that wait for it end."""
    gate = tmp_path / "gate"
    yield gate.touch
    gate.touch()


def test_a_scientist_draws_searches_compares_and_exports(tab: Any, site: Site, expect: Any) -> None:
    image = site.masks[0]
    page = tab("/")
    open_image(page, image, expect)
    Canvas(page, 1210, 566).drag(around(pixels_of(image)))
    expect(page.get_by_test_id("seen")).to_contain_text("The search sees")
    job = press_search(page)
    page.reload()  # what runs goes on without the page
    expect(page.get_by_text("succeeded")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"^\d+ match(es)?$"))).to_be_visible()
    thumbnail = cards(page).first.locator("img")
    assert thumbnail.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    cards(page).first.get_by_role("button").first.click()
    expect(page.get_by_role("dialog").locator("figure img")).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name=re.compile("CSV")).first.click()
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8-sig"))))
    with site.api() as api:
        found = api.get(f"/api/jobs/{job}/results?limit=1000").json()["entries"]
    assert found
    assert [int(row["Matched Pixels"]) for row in rows] == [one["matchingPixels"] for one in found]


def state(page: Any) -> Any:
    """What a page says of how its job stands."""
    return page.get_by_role("region", name="State of the job")


def pages_of(page: Any) -> Any:
    """The links at the top of every page."""
    return page.get_by_role("navigation", name="Pages")


def waiting(site: Site, tmp_path: Path, name: str) -> str:
    """Start a job that ends when its gate is there."""
    data = tmp_path / "words.txt"
    data.write_text("one two")
    with site.api() as api:
        job = {
            "analysis": "count-words",
            "name": name,
            "items": [str(data)],
            "parameters": {"gate": str(tmp_path / "gate")},
        }
        answer = api.post("/api/jobs", json=job)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose analysis waits for a file."""
    with scripted_site(tmp_path_factory.mktemp("scripted")) as found:
        yield found


@pytest.fixture
def tabs(browser: Any, scripted: Site) -> Iterator[Callable[[str], Any]]:
    """Opens tabs of one browser, which share their cookie and their storage."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.new_page().goto(scripted.url)

    def open_tab(path: str) -> Any:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(scripted.base + path)
        return page

    yield open_tab
    context.close()


def test_what_is_done_in_one_tab_is_seen_in_the_other(
    tabs: Any, scripted: Site, expect: Any, tmp_path: Path, gated: Any
) -> None:
    job = waiting(scripted, tmp_path, "seen twice")
    one, other = tabs(f"/jobs/{job}"), tabs(f"/jobs/{job}")
    for page in (one, other):
        expect(state(page)).to_contain_text("running")
    one.get_by_role("button", name="Cancel", exact=True).click()
    for page in (one, other):
        expect(state(page)).to_contain_text("cancelled")
    for page, again in ((other, one), (one, other)):
        page.get_by_role("button", name="Resume").click()
        expect(state(page)).to_contain_text("running")
        again.get_by_role("button", name="Cancel", exact=True).click()
        expect(state(page)).to_contain_text("cancelled")
    other.get_by_role("button", name="Resume").click()
    expect(state(other)).to_contain_text("running")
    gated()
    for page in (one, other):
        expect(state(page)).to_contain_text("succeeded")


def test_a_job_that_was_deleted_in_another_tab_is_gone(
    tabs: Any, scripted: Site, expect: Any, tmp_path: Path, gated: Any
) -> None:
    gated()
    job = waiting(scripted, tmp_path, "soon deleted")
    page = tabs("/help")
    page.clock.install()
    page.goto(f"{scripted.base}/jobs/{job}")
    expect(state(page)).to_contain_text("succeeded")
    with scripted.api() as api:
        assert api.delete(f"/api/jobs/{job}").status_code == 204
    expect(page.get_by_role("heading", name="There is no such job (any more)")).to_be_visible()
    expect(page).to_have_title(re.compile("^There is no such job"))
    expect(state(page)).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(scripted.base)))
    page.clock.run_for(65_000)
    until(page, lambda: "/api/about" in asked)
    assert not [one for one in asked if job in one]
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_an_address_that_names_no_job_says_so_and_leads_to_those_that_there_are(tab: Any, expect: Any) -> None:
    page = tab("/jobs/nonsense", expect="404")
    expect(page.get_by_role("heading", name="There is no such job (any more)")).to_be_visible()
    page = tab("/search?repeat=nonsense", expect="404")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("There is no such search (any more)")
    told.get_by_role("link", name="all jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_the_end_of_a_job_is_seen_everywhere_also_when_nothing_tells_of_it(
    tabs: Any, scripted: Site, expect: Any, tmp_path: Path, gated: Any
) -> None:
    job = waiting(scripted, tmp_path, "only polled")
    page = tabs("/jobs")
    page.route("**/events", lambda route: route.fulfill(status=503))
    page.goto(f"{scripted.base}/jobs/{job}")
    expect(state(page)).to_contain_text("running")
    expect(state(page)).to_contain_text("Changes are looked for every few seconds")
    gated()
    with page.expect_response(lambda answer: answer.url.endswith(f"/{job}/cost") and answer.json()["final"]):
        expect(state(page)).to_contain_text("succeeded")


def test_a_part_of_the_page_that_stays_missing_is_told_of(tabs: Any, scripted: Site, expect: Any) -> None:
    page = tabs("/search")
    loads: list[str] = []
    page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
    page.route("**/assets/JobsPage*", lambda route: route.fulfill(status=500))
    page.goto(f"{scripted.base}/jobs")
    expect(page.get_by_role("alert")).to_contain_text("This page failed")
    page.wait_for_timeout(1_000)
    assert len(loads) <= 2  # it was loaded again once, as there might have been a newer version


def test_a_page_that_could_not_be_loaded_comes_by_itself_when_the_server_answers(tabs: Any, expect: Any) -> None:
    page = tabs("/help")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.context.set_offline(True)
    pages_of(page).get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="This page could not be loaded")).to_be_visible()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    expect(pages_of(page).get_by_role("link")).to_have_count(4)
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_a_lost_connection_is_told_of_and_what_happened_meanwhile_is_seen_after_it(
    tabs: Any, scripted: Site, expect: Any, tmp_path: Path, gated: Any
) -> None:
    job = waiting(scripted, tmp_path, "meanwhile")
    page = tabs(f"/jobs/{job}")
    expect(state(page)).to_contain_text("running")
    expect(page.get_by_role("button", name=re.compile("words.txt"))).to_be_visible()  # all of the page is there
    page.context.set_offline(True)
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    gated()
    page.context.set_offline(False)
    expect(page.get_by_text("The server cannot be reached")).to_have_count(0)
    expect(state(page)).to_contain_text("succeeded")


def test_the_title_of_a_tab_that_is_not_looked_at_says_how_its_job_ended(
    tabs: Any, scripted: Site, expect: Any, tmp_path: Path, gated: Any
) -> None:
    page = tabs(f"/jobs/{waiting(scripted, tmp_path, 'elsewhere')}")
    expect(page).to_have_title(re.compile(r"^\d+ % · elsewhere"))
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {value: true});
            Object.defineProperty(document, "visibilityState", {value: "hidden"});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    gated()
    expect(page).to_have_title(re.compile("^succeeded · elsewhere"))


def test_a_server_that_was_started_again_says_how_to_come_in(tabs: Any, scripted: Site, expect: Any) -> None:
    page = tabs("/jobs")
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_text("Open the address that skyburst serve printed last")).to_be_visible()


def test_pages_of_a_server_that_was_started_anew_say_so_and_go_on_once_they_are_let_in(
    browser: Any, expect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gated: Any
) -> None:
    folder = tmp_path / "anew"
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    with scripted_site(folder) as first:
        job = waiting(first, tmp_path, "goes on")
        context.new_page().goto(first.url)
        runs, helps = context.new_page(), context.new_page()
        runs.goto(f"{first.base}/jobs/{job}")
        expect(state(runs)).to_contain_text("running")
        helps.goto(f"{first.base}/help")
        expect(helps.get_by_role("heading", level=1)).to_be_visible()
    gated()
    monkeypatch.setenv("SKYBURST_PATH", str(folder / "analyses"))
    with serving(folder, folder, port=int(first.base.rpartition(":")[2])) as second:
        for page in (runs, helps):
            expect(page.get_by_role("status").filter(has_text="This server was started anew")).to_be_visible()
        expect(state(runs)).not_to_contain_text("Changes are looked for every few seconds")
        asked: list[str] = []
        runs.on("request", lambda request: asked.append(request.url.removeprefix(first.base)))
        until(runs, lambda: asked)
        assert asked == ["/api/about"]
        pages_of(helps).get_by_role("link", name="Analyses").click()  # its code is not let through, either
        expect(helps.get_by_text("This server was started anew")).to_be_visible()
        context.new_page().goto(second.url)
        for page in (runs, helps):
            expect(page.get_by_text("This server was started anew")).to_have_count(0)
        expect(state(runs)).not_to_contain_text("running")
    context.close()
