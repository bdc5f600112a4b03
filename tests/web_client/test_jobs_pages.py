"""The list of jobs and the timeline of one, in a browser."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.homes.local.home import LocalHome
from tests.web_client.conftest import Site, ended, until
from tests.web_client.scripted import site

__all__ = ["site"]


@pytest.fixture
def start(site: Site, tmp_path: Path) -> Any:
    """Starts a job of the analysis with a text; its id."""

    def start(name: str, text: str = "one two", **parameters: Any) -> str:
        data = tmp_path / f"{name}.txt"
        data.write_text(text)
        job = {"analysis": "count-words", "name": name, "items": [str(data)], "parameters": parameters}
        with site.api() as api:
            answer = api.post("/api/jobs", json=job)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["job_id"])

    return start


def all_ended(site: Site, *jobs: str) -> None:
    """Wait until jobs have ended."""
    with site.api() as api:
        for job in jobs:
            ended(api, job)


def row(page: Any, name: str) -> Any:
    """The line of a job."""
    return page.get_by_role("list", name="Jobs").get_by_role("listitem").filter(has_text=name)


def act(page: Any, name: str, action: str) -> None:
    """Choose something in the menu of a job."""
    page.get_by_role("button", name=f"What to do with {name}").click()
    page.get_by_role("menuitem", name=action).click()


def test_without_jobs_the_page_says_what_to_do(tab: Any, expect: Any, site: Site) -> None:
    with site.api() as api:
        for job in api.get("/api/jobs").json()["jobs"]:
            ended(api, job["job_id"])
            assert api.delete(f"/api/jobs/{job['job_id']}").status_code == 204
    page = tab("/jobs?q=there-is-none")
    expect(page.get_by_text("No job matches")).to_be_visible()
    page.get_by_role("button", name="Show all jobs").click()
    page.wait_for_url("**/jobs")
    expect(page.get_by_text("There are no jobs yet")).to_be_visible()
    page.get_by_role("link", name="Choose an analysis").click()
    page.wait_for_url("**/analyses")


def test_jobs_are_found_by_name_state_and_analysis_and_the_address_keeps_it(
    tab: Any, expect: Any, site: Site, start: Any
) -> None:
    all_ended(site, start("red mouse"), start("blue mouse", "unreadable"))
    page = tab("/jobs")
    expect(row(page, "red mouse")).to_contain_text("succeeded")
    page.get_by_role("textbox", name="Search jobs").fill("BLUE")
    expect(row(page, "red mouse")).to_have_count(0)
    expect(row(page, "blue mouse")).to_contain_text("failed")
    page.wait_for_url("**/jobs?q=BLUE")
    page.goto(f"{site.base}/jobs?state=SUCCEEDED&analysis=count-words")
    expect(row(page, "red mouse")).to_be_visible()
    expect(row(page, "blue mouse")).to_have_count(0)


def test_a_running_job_is_cancelled_resumed_and_deleted(
    tab: Any, expect: Any, site: Site, start: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start("slow one", gate=str(gate))
    page = tab("/jobs?q=slow one")
    expect(row(page, "slow one")).to_contain_text("running")
    expect(page.get_by_role("progressbar", name="Progress of slow one")).to_have_attribute("aria-valuenow", "0")
    act(page, "slow one", "Cancel")
    page.get_by_role("dialog", name="Cancel slow one").get_by_role("button", name="Cancel", exact=True).click()
    expect(row(page, "slow one")).to_contain_text("cancelled")
    gate.touch()
    act(page, "slow one", "Resume")
    expect(row(page, "slow one")).to_contain_text("succeeded")
    act(page, "slow one", "Delete")
    dialog = page.get_by_role("dialog", name="Delete slow one")
    dialog.get_by_role("button", name="Back").click()
    expect(row(page, "slow one")).to_be_visible()
    act(page, "slow one", "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No job matches")).to_be_visible()
    with site.api() as api:
        assert api.get("/api/jobs", params={"name": "slow one"}).json()["jobs"] == []


def test_several_jobs_are_deleted_at_once(tab: Any, expect: Any, site: Site, start: Any) -> None:
    all_ended(site, start("first of many"), start("second of many"), start("third, to stay"))
    page = tab("/jobs")
    for name in ("first of many", "second of many"):
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    expect(page.get_by_text("2 jobs chosen")).to_be_visible()
    page.get_by_role("button", name="Delete 2").click()
    dialog = page.get_by_role("dialog", name="Delete 2 jobs")
    expect(dialog).to_contain_text("second of many")
    dialog.get_by_role("button", name="Delete").click()
    expect(row(page, "of many")).to_have_count(0)
    expect(row(page, "third, to stay")).to_be_visible()


def test_what_cannot_be_done_is_told_of_the_job_that_it_was_asked_of(
    tab: Any, expect: Any, site: Site, start: Any
) -> None:
    job = start("gone already")
    all_ended(site, job)
    page = tab("/jobs?q=gone already", expect="Failed to load resource")
    expect(row(page, "gone already")).to_contain_text("succeeded")
    page.route("**/api/jobs?*", lambda route: route.abort())  # the list stays as it is
    with site.api() as api:
        assert api.delete(f"/api/jobs/{job}").status_code == 204
    act(page, "gone already", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert").filter(has_text="gone already was not deleted")).to_be_visible()
    page.unroute("**/api/jobs?*")


def test_a_job_is_repeated_with_changes(tab: Any, expect: Any, site: Site, start: Any) -> None:
    job = start("to be repeated", lines=9)
    all_ended(site, job)
    page = tab("/jobs?q=to be repeated")
    act(page, "to be repeated", "Repeat with changes")
    page.wait_for_url(f"**/analyses/count-words?repeat={job}")
    expect(page.get_by_role("textbox", name="Lines")).to_have_value("9")
    expect(page.get_by_label("Name of the dataset")).to_have_value("to be repeated.txt")
    page.get_by_role("textbox", name="Lines").fill("4")
    page.get_by_role("textbox", name="Name of the job").fill("repeated")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(lambda url: "/jobs/" in url)
    with site.api() as api:
        again = api.get(f"/api/jobs/{page.url.rpartition('/')[2].partition('?')[0]}").json()
        before = api.get(f"/api/jobs/{job}").json()
    assert again["parameters"] == {**before["parameters"], "lines": 4}
    assert again["specification"]["items"] == before["specification"]["items"]


def make_like(site: Site, job: str, name: str, count: int) -> None:
    """Make jobs like one that has ended, which is the first of so many: "NAME, number 1" and so on."""
    with closing(LocalHome(site.home)) as home:
        first = home.table.job(job)
        for number in range(1, count):
            spec = first.spec | {"name": f"{name}, number {number}"}
            home.table.create_job(
                replace(first, job_id=f"{job}-{number}", spec=spec, created_at=first.created_at + number)
            )


def test_more_jobs_are_loaded_when_they_are_asked_for(tab: Any, expect: Any, site: Site, start: Any) -> None:
    job = start("one of 32, number 0", lines=1)
    all_ended(site, job)
    make_like(site, job, "one of 32", 32)
    page = tab("/jobs?q=one of 32")
    expect(page.get_by_text(re.compile("^30 jobs shown"))).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    expect(row(page, "number 0")).to_be_visible()
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)


def test_of_a_long_list_only_what_may_change_is_read_again(
    tab: Any, expect: Any, site: Site, start: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = start("long list, number 0")
    all_ended(site, job)
    make_like(site, job, "long list", 70)
    start("long list, running", gate=str(gate))
    page = tab("/jobs?q=long list")
    shown = page.get_by_text(re.compile("jobs shown"))
    for count in (60, 71):
        page.get_by_role("button", name="Load more").click()
        expect(shown).to_have_text(f"{count} jobs shown, 1 running")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/jobs?" in request.url else None)

    def read(times: int) -> None:
        most = len(asked) + times
        until(page, lambda: len(asked) >= most)

    read(2)
    gate.touch()
    expect(row(page, "long list, running")).to_contain_text("succeeded")
    start("long list, new")
    expect(row(page, "long list, new")).to_contain_text("succeeded")
    expect(shown).to_have_text("72 jobs shown")
    names = page.get_by_role("list", name="Jobs").get_by_role("listitem").get_by_role("link").all_inner_texts()
    assert [name for name in names if "number" in name] == [
        f"long list, number {number}" for number in reversed(range(70))
    ]
    assert not [url for url in asked if "after=" in url]

    act(page, "long list, number 45", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(shown).to_have_text("71 jobs shown")
    assert len([url for url in asked if "after=" in url]) == 2, "after a change all of it is read"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_timeline_is_drawn_and_its_numbers_are_those_of_the_api(
    tab: Any, expect: Any, site: Site, start: Any, width: int, dark: bool
) -> None:
    job = start(f"timed at {width}")
    all_ended(site, job)
    page = tab(f"/jobs/{job}?tab=timeline", width=width, dark=dark)
    picture = page.get_by_role("region", name="Picture")
    expect(picture.locator("svg.marks")).to_be_visible()
    assert picture.locator("svg.marks .mark-rect path").count() > 2
    with site.api() as api:
        numbers = api.get(f"/api/jobs/{job}/timeline").json()["numbers"]
    rows = page.get_by_role("region", name="Numbers").locator("tbody tr")
    expect(rows).to_have_count(len(numbers))
    for number, told in enumerate(numbers):
        seconds = [f"{told[field]:.3f}" for field in ("mean", "median", "std", "min", "max")]
        assert rows.nth(number).locator("th, td").all_inner_texts() == [told["stage"], str(told["number"]), *seconds]
    for kind, begin in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as saved:
            picture.get_by_role("button", name=kind).click()
        assert Path(saved.value.path()).read_bytes().startswith(begin)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_is_wider_than_a_telephone(tab: Any, expect: Any, site: Site, start: Any) -> None:
    all_ended(site, start("narrow", "unreadable"))
    page = tab("/jobs", width=390)
    expect(row(page, "narrow")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
