"""Analyses in a browser: from dropped datasets to downloaded results."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import wait_for
from tests.web_client.conftest import Site, holding, until
from tests.web_client.looks import serious, too_wide
from tests.web_client.scripted import site

__all__ = ["site"]


@pytest.fixture
def texts(tmp_path: Path) -> list[Path]:
    """Data of two datasets, of which the second cannot be counted."""
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("one two three\n")
    bad.write_text("unreadable\n")
    return [good, bad]


def drop(page: Any, *files: Path) -> None:
    """Choose files as datasets."""
    page.locator("input[type=file]").first.set_input_files([str(file) for file in files])


def type_config(page: Any, text: str) -> None:
    """Write the whole text of the configuration."""
    page.get_by_role("textbox", name=re.compile("Configuration in")).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def test_an_analysis_is_found_and_says_how_it_is_used(tab: Any, expect: Any) -> None:
    page = tab("/analyses")
    expect(page.get_by_role("link", name="Color-depth search")).to_be_visible()
    page.get_by_role("textbox", name="Search analyses").fill("words gate")
    expect(page.get_by_role("link", name="Color-depth search")).to_have_count(0)
    page.get_by_role("link", name="Count words").click()
    links = page.get_by_role("list", name="Links").get_by_role("link")
    expect(links).to_have_count(2)
    assert [(one.inner_text(), one.get_attribute("href")) for one in links.all()] == [
        ("Paper", "https://example.org/paper"),
        ("Source code", "https://example.org/code"),
    ]
    page.get_by_role("button", name="How to use it").click()
    expect(page.get_by_text("skyburst run count-words --items FILE1,FILE2")).to_be_visible()


def test_files_that_were_uploaded_before_are_datasets_again_or_are_removed_for_good(
    tab: Any, expect: Any, site: Site
) -> None:
    ids = {}
    with site.api() as api:
        for name in ("mouse-1.txt", "mouse-2.txt", "fly.txt"):
            upload = api.post("/api/uploads", json={"name": name, "size": 7, "purpose": "data"}).json()
            api.put(upload["parts"][0]["url"], content=b"one two")
            assert api.post(f"/api/uploads/{upload['id']}/complete").status_code == 200
            ids[name] = upload["id"]
    page = tab("/analyses/count-words")
    page.get_by_role("button", name="Earlier uploads").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Search uploads").fill("MOUSE")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    assert [*serious(page), *too_wide(page)] == []
    dialog.get_by_role("checkbox", name="mouse-1.txt").check()
    dialog.get_by_role("textbox", name="Search uploads").fill("")
    dialog.get_by_role("button", name="Remove fly.txt from the server").click()
    expect(dialog.get_by_role("checkbox", name="fly.txt")).to_have_count(0)
    dialog.get_by_role("button", name="Add 1 dataset").click()
    expect(page.get_by_text("1 dataset, 1 file, 7 B")).to_be_visible()
    page.get_by_role("button", name="Earlier uploads").click()
    expect(dialog.get_by_role("checkbox", name="mouse-1.txt")).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("button", name=re.compile("^mouse-1.txt"))).to_contain_text("succeeded")
    with site.api() as api:
        job = api.get(f"/api/jobs/{page.url.rpartition('/')[2].partition('?')[0]}").json()
        assert job["references"] == {"/items/0": f"upload:{ids['mouse-1.txt']}"}
        assert api.get(f"/api/uploads/{ids['fly.txt']}").status_code == 404


def test_files_and_folders_are_chosen_by_mouse(tab: Any, expect: Any, texts: list[Path], tmp_path: Path) -> None:
    page = tab("/analyses/count-words")
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Choose files").click()
    asked.value.set_files([str(text) for text in texts])
    expect(page.get_by_text("2 datasets, 2 files")).to_be_visible()
    folder = tmp_path / "mouse"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("one")
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Choose a folder").click()
    asked.value.set_files(str(folder))
    expect(page.get_by_text("3 datasets, 4 files")).to_be_visible()


def test_dropped_datasets_become_results_and_the_one_that_fails_says_why(
    tab: Any, expect: Any, site: Site, texts: list[Path], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    page = tab("/analyses/count-words")
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    drop(page, *texts)
    expect(page.get_by_text("2 datasets, 2 files")).to_be_visible()
    expect(page.get_by_text("uploaded", exact=True)).to_have_count(2)
    page.get_by_role("textbox", name="Gate").fill(str(gate))
    page.get_by_label("Name of the job").fill("two texts")
    expect(page.get_by_text("2 items")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/*")

    # While it runs.
    good = page.get_by_role("button", name=re.compile("^good.txt"))
    expect(good).to_contain_text("running")
    expect(good).to_contain_text("40 %")
    expect(good).to_contain_text("peak")
    wide = "line => [...line.children].filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert good.evaluate(wide) == []
    good.click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 3 is counted")
    gate.touch()

    # And when it has ended.
    bad = page.get_by_role("button", name=re.compile("^bad.txt"))
    expect(bad).to_contain_text("failed, exit code 7")
    expect(good).to_contain_text("succeeded")
    expect(page.get_by_role("region", name="State of the job")).to_contain_text("Done50 %")
    bad.click()
    expect(page.get_by_role("log")).to_contain_text("this text is unreadable")
    with page.expect_download() as saved:
        page.get_by_role("region", name="Log of bad.txt").get_by_role("button", name="Download").click()
    assert "err\tthis text is unreadable" in Path(saved.value.path()).read_text()
    page.get_by_role("tab", name="Files").click()
    look_at_files(page, expect)
    page.get_by_role("tab", name=re.compile("Certificate")).click()
    look_at_certificate(page, expect, site)


def look_at_files(page: Any, expect: Any) -> None:
    """All kinds of files are shown, and all of them can be had."""
    page.get_by_text("words.txt", exact=True).click()
    expect(page.get_by_role("region", name="Text of the file")).to_have_text("3\n")
    page.get_by_text("words.csv", exact=True).click()
    expect(page.get_by_role("cell", name="a, b")).to_be_visible()
    page.get_by_text("words.json", exact=True).click()
    expect(page.get_by_role("region", name="Text of the file")).to_contain_text('"words": [\n    1,')
    page.get_by_text("plot.svg", exact=True).click()
    picture = page.get_by_role("img", name=re.compile("plot.svg"))
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 40)
    page.get_by_text("report.html", exact=True).click()
    # A page that an analysis wrote runs its scripts, and has nothing of this one.
    expect(page.frame_locator("iframe").get_by_text("cookie: kept from it")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download", exact=True).click()
    assert saved.value.suggested_filename == "report.html"
    with page.expect_download() as all_saved:
        page.get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(Path(all_saved.value.path()).read_bytes())) as archive:
        assert archive.read("good.txt/tables/words.txt") == b"3\n"
        assert "datasets.csv" in archive.namelist()


def look_at_certificate(page: Any, expect: Any, site: Site) -> None:
    """It is readable, whole when it is saved, and runs the job again."""
    what = page.get_by_role("region", name="What ran")
    expect(what).to_contain_text("count-words 1.2.0")
    expect(page.get_by_role("region", name="Datasets")).to_contain_text("tables/words.txt")
    expect(page.get_by_role("region", name="Cost")).to_contain_text("on AWS it would have been")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the certificate").click()
    job_id = page.url.rpartition("/")[2].partition("?")[0]
    with site.api() as api:
        assert json.loads(Path(saved.value.path()).read_text()) == api.get(f"/api/jobs/{job_id}/certificate").json()
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: "/jobs/" in url and job_id not in url)


def test_a_configuration_is_a_form_and_a_text_that_stay_in_step(tab: Any, expect: Any, texts: list[Path]) -> None:
    page = tab("/analyses/count-words")
    drop(page, texts[0])
    page.get_by_role("textbox", name="Lines").fill("12")
    page.get_by_text("YAML", exact=True).click()
    editor = page.get_by_role("textbox", name="Configuration in YAML")
    expect(editor).to_contain_text("lines: 12")

    type_config(page, "# of the third mouse\ngate: ''\n\nlines: 0\n")
    problems = page.get_by_role("list", name="Problems of the configuration")
    expect(problems).to_contain_text("Line 4:")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(page.get_by_role("button", name="Start")).to_be_disabled()

    # A text that cannot be read is neither lost nor started.
    type_config(page, "# of the third mouse\nlines: [7")
    page.get_by_text("Form", exact=True).click()
    expect(page.get_by_text("The YAML text cannot be read")).to_be_visible()
    expect(page.get_by_role("textbox", name="Lines")).to_be_disabled()
    page.get_by_role("button", name="Back to the YAML text").click()
    expect(editor).to_contain_text("lines: [7")
    page.get_by_text("Form", exact=True).click()
    page.get_by_role("button", name="Give the text up").click()
    expect(page.get_by_role("textbox", name="Lines")).to_be_enabled()
    expect(page.get_by_text("The configuration is as the analysis wants it.")).to_be_visible()
    page.get_by_text("YAML", exact=True).click()

    type_config(page, "# of the third mouse\nlines: 7\n")
    page.get_by_text("Form", exact=True).click()
    expect(page.get_by_role("textbox", name="Lines")).to_have_value("7")
    page.get_by_role("textbox", name="Lines").fill("8")
    page.get_by_text("YAML", exact=True).click()
    expect(editor).to_contain_text("# of the third mouse")
    expect(editor).to_contain_text("lines: 8")
    page.get_by_text("JSON", exact=True).click()
    expect(page.get_by_role("textbox", name="Configuration in JSON")).to_contain_text('"lines": 8')
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_a_configuration_is_kept_as_a_file_and_read_again(tab: Any, expect: Any, tmp_path: Path) -> None:
    page = tab("/analyses/count-words")
    page.get_by_role("textbox", name="Lines").fill("12")
    kept = tmp_path / "mine.yaml"
    with page.expect_download() as saved:
        page.get_by_role("button", name="To a file").click()
    assert saved.value.suggested_filename == "count-words.yaml"
    saved.value.save_as(kept)
    page.get_by_text("JSON", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="To a file").click()
    assert json.loads(Path(saved.value.path()).read_text()) == {"gate": "", "lines": 12}

    other = tab("/analyses/count-words")
    with other.expect_file_chooser() as chooser:
        other.get_by_role("button", name="From a file").click()
    chooser.value.set_files(kept)
    expect(other.get_by_role("textbox", name="Configuration in YAML")).to_contain_text("lines: 12")
    other.get_by_text("Form", exact=True).click()
    expect(other.get_by_role("textbox", name="Lines")).to_have_value("12")


def test_a_preset_fills_the_form(tab: Any, expect: Any) -> None:
    page = tab("/analyses/count-words")
    page.get_by_role("combobox", name="Preset").or_(page.get_by_role("textbox", name="Preset")).click()
    page.get_by_role("option", name=re.compile("Many lines")).click()
    expect(page.get_by_role("textbox", name="Lines")).to_have_value("5000")


def test_a_folder_is_one_dataset_that_can_be_split(tab: Any, expect: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mouse"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b b")
    page = tab("/analyses/count-words")
    page.get_by_label("Folder of a dataset").set_input_files(str(folder))
    expect(page.get_by_text("1 dataset, 2 files")).to_be_visible()
    expect(page.get_by_label("Name of the dataset")).to_have_value("mouse")
    page.get_by_role("button", name="Split mouse into its files").click()
    expect(page.get_by_text("2 datasets, 2 files")).to_be_visible()
    for name in ("a.txt", "b.txt"):
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    page.get_by_role("button", name="Make the chosen one dataset").click()
    expect(page.get_by_text("1 dataset, 2 files")).to_be_visible()
    expect(page.get_by_text("uploaded", exact=True)).to_have_count(2)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("button", name=re.compile("^a.txt"))).to_contain_text("succeeded")


def test_an_upload_that_is_stopped_goes_on_and_an_empty_file_is_refused(
    tab: Any, expect: Any, site: Site, texts: list[Path], tmp_path: Path
) -> None:
    page = tab("/analyses/count-words")
    page.route("**/parts/*", lambda route: None)  # the parts never come to the server
    empty = tmp_path / "empty.txt"
    empty.touch()
    drop(page, texts[0], empty)
    expect(page.get_by_text("empty.txt is empty")).to_be_visible()
    page.get_by_role("button", name="Stop the upload of good.txt").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    page.unroute("**/parts/*")
    page.get_by_role("button", name="Go on with the upload of good.txt").click()
    expect(page.get_by_text("uploaded", exact=True)).to_be_visible()
    with page.expect_response(re.compile(r"/api/uploads/\w+$")) as removed:
        page.get_by_role("button", name="Remove good.txt").click()
    assert (removed.value.request.method, removed.value.ok) == ("DELETE", True)


def test_leaving_while_files_are_uploaded_is_asked_about_first(
    tab: Any, expect: Any, texts: list[Path], tmp_path: Path
) -> None:
    page = tab("/analyses")
    page.get_by_role("link", name="Count words").click()
    page.route("**/parts/*", lambda route: None)  # the parts never come to the server
    drop(page, texts[0])
    expect(page.get_by_role("button", name="Stop the upload of good.txt")).to_be_visible()
    page.get_by_label("Name of the job").fill("not lost")
    question = page.get_by_role("dialog", name="Leave while files are uploaded?")
    jobs = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs")
    jobs.click()
    expect(question.get_by_role("button", name="Stay")).to_be_focused()
    assert [*serious(page), *too_wide(page)] == []
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    page.go_back()
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert page.url.endswith("/analyses/count-words")
    expect(page.get_by_role("button", name="Stop the upload of good.txt")).to_be_visible()
    expect(page.get_by_label("Name of the job")).to_have_value("not lost")
    jobs.click()
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.go_back()
    jobs.click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(question).to_have_count(0)


def test_a_long_log_is_searched_and_stays_where_it_is_read(
    tab: Any, expect: Any, site: Site, texts: list[Path], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    with site.api() as api:
        given = {"lines": 20_000, "gate": str(gate)}
        job = api.post(
            "/api/jobs", json={"analysis": "count-words", "items": [str(texts[0])], "parameters": given}
        ).json()
    page = tab(f"/jobs/{job['job_id']}?tab=datasets&dataset=0")
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 20000 is counted")
    assert log.locator("[data-index]").count() < 200
    page.get_by_role("textbox", name="Search the log").fill("line 77 is")
    expect(log).to_contain_text("line 77 is counted")
    expect(page.get_by_role("checkbox", name="Follow")).not_to_be_checked()
    page.get_by_role("checkbox", name="Follow").check()
    expect(log).to_contain_text("line 20000 is counted")
    gate.touch()
    expect(page.get_by_role("button", name=re.compile("^good.txt"))).to_contain_text("succeeded")


def test_an_earlier_job_is_changed_when_it_is_loaded_and_not_before(
    tab: Any, expect: Any, site: Site, texts: list[Path]
) -> None:
    with site.api() as api:
        given = {"analysis": "count-words", "items": [str(texts[0])], "parameters": {"lines": 9}}
        job = api.post("/api/jobs", json=given).json()["job_id"]
        wait_for(api, job, "SUCCEEDED")
    page = tab("/analyses", expect="net::ERR_FAILED")
    held = holding(page, f"**/api/jobs/{job}")
    page.goto(f"{site.base}/analyses/count-words?repeat={job}")
    expect(page.get_by_label("Loading the earlier job")).to_be_visible()
    for _ in range(2):  # it is asked for twice before it is given up
        until(page, lambda: held)
        held.pop().abort()
    expect(page.get_by_text("The earlier job cannot be read")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    page.unroute(f"**/api/jobs/{job}")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("textbox", name="Lines")).to_have_value("9")


def test_what_was_started_is_started_once_though_its_answer_is_lost(
    tab: Any, expect: Any, site: Site, texts: list[Path]
) -> None:
    page = tab("/analyses/count-words", expect="net::ERR_FAILED")
    drop(page, texts[0])
    page.get_by_label("Name of the job").fill("only once")
    expect(page.get_by_text("Ready.")).to_be_visible()
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost or route.request.method != "POST":
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    page.route("**/api/jobs", lose)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("The server did not answer")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/*")
    with site.api() as api:
        assert len(api.get("/api/jobs", params={"name": "only once"}).json()["jobs"]) == 1


def test_what_is_run_again_runs_once_though_it_is_pressed_twice_and_its_answer_is_lost(
    tab: Any, expect: Any, site: Site, texts: list[Path]
) -> None:
    with site.api() as api:
        job = {"analysis": "count-words", "items": [str(texts[0])], "name": "again once"}
        first = api.post("/api/jobs", json=job).json()["job_id"]
        wait_for(api, first, "SUCCEEDED")
    page = tab(f"/jobs/{first}?tab=certificate", expect="net::ERR_FAILED")
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    page.route("**/rerun", lose)
    again = page.get_by_role("button", name="Run again")
    again.click()
    expect(page.get_by_text("It was not started again")).to_be_visible()
    again.evaluate("button => { button.click(); button.click() }")
    page.wait_for_url(lambda url: "/jobs/" in url and first not in url)
    with site.api() as api:
        assert len(api.get("/api/jobs", params={"name": "again once"}).json()["jobs"]) == 2


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_a_telephone(tab: Any, expect: Any, texts: list[Path], dark: bool) -> None:
    page = tab("/analyses", width=390, dark=dark)
    expect(page.get_by_role("link", name="Count words")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Count words").click()
    drop(page, texts[0])
    expect(page.get_by_text("uploaded", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_text("JSON", exact=True).click()
    expect(page.get_by_role("textbox", name="Configuration in JSON")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
