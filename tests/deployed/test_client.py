"""The client that people use, as the template deploys it: in a browser, from the first sign-in to the last."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skyburst.web.aws.people import FRESH_S
from skyburst.web.client import client_folder
from tests.browser import browser as browser
from tests.conftest import REPOSITORY, need, needed
from tests.deployed.paged import CHOSEN, PREFIX, Page, assembled, needed_to_assemble
from tests.waiting import PATIENCE_MS
from tests.web_client.conftest import holding
from tests.web_client.looks import serious, too_wide

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

LIBRARY = "brains"
IMAGES, BATCH = 30, 5
WRONG = "Wrong-Horse-99"
CUSTOM_ENDPOINT = "You are using a custom Amazon"
"""What Amplify warns of: here Cognito has an address of its own."""


@dataclass
class Generated:
    """A library as `skyburst library build` makes it, and images of neurons that are in it."""

    folder: Path
    masks: list[Path]


@dataclass
class Watched:
    """A tab, and what went on in it."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Method and address of each request."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    """What the web socket brought about jobs."""

    def complain(self, message: Any) -> None:
        """Note errors and warnings of the console."""
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type in ("error", "warning"):
            self.complaints.append(text)

    def hear(self, frame: str | bytes) -> None:
        """Note an event about a job."""
        message = json.loads(frame)
        if message["type"] == "data":
            self.heard.append(json.loads(message["event"]))

    def take_complaints(self, *expected: str) -> None:
        """There were complaints that match patterns, at least one for each, and no others."""
        for pattern in expected:
            fits = [one for one in self.complaints if re.search(pattern, one)]
            assert fits, f"nothing like {pattern!r} in {self.complaints}"
            self.complaints = [one for one in self.complaints if one not in fits]
        assert self.complaints == []

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the form."""
        self.page.get_by_label("Name or e-mail address").fill(name)
        self.page.get_by_label(re.compile("^Password")).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    from examples.color_depth_search.generate import generate_library

    folder = tmp_path_factory.mktemp("generated")
    generate_library(folder, IMAGES, seed=7, masks=1, planted=4)
    return Generated(folder, sorted((folder / "masks").glob("*.tif")))


@pytest.fixture(scope="module")
def page(running_cloud: LocalCloud, generated: Generated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A deployment of the built client and the search, with the library in its bucket, as an operator puts it there."""
    needed_to_assemble()
    client = client_folder()
    need(client is not None, "the client is not built: `make client`")
    # In batches of a few images, so that so small a library is searched by several.
    analysis = tmp_path_factory.mktemp("analysis") / "color_depth_search"
    shutil.copytree(REPOSITORY / "examples" / "color_depth_search", analysis)
    blueprint = analysis / "blueprint.toml"
    text = blueprint.read_text(encoding="utf-8")
    assert "batch_size = 50" in text
    blueprint.write_text(text.replace("batch_size = 50", f"batch_size = {BATCH}"), encoding="utf-8")
    folder = assembled(
        tmp_path_factory.mktemp("assembly"), web="yes", web_client=str(client), analyses=[str(analysis)], lanes=2
    )
    page = Page(running_cloud, dict(running_cloud.deploy(folder, PREFIX).outputs))
    library = tmp_path_factory.mktemp("libraries") / LIBRARY
    built = page.skyburst("library", "build", str(generated.folder / "images"), str(library), "--quiet")
    assert built.returncode == 0, built.stderr
    s3 = page.cloud.client("s3")
    for file in library.rglob("*"):
        if file.is_file():
            s3.upload_file(str(file), page.outputs["Bucket"], f"libraries/{LIBRARY}/{file.relative_to(library)}")
    yield page
    running_cloud.faults.clear()
    running_cloud.destroy(PREFIX)


@pytest.fixture
def expect() -> Any:
    """Playwright's claims, which wait."""
    claims = needed("playwright.sync_api").expect
    claims.set_options(timeout=PATIENCE_MS)
    return claims


@pytest.fixture
def tab(browser: Any) -> Iterator[Watched]:
    """A tab of a browser in which nobody has signed in."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, accept_downloads=True, reduced_motion="reduce"
    )
    watched = Watched(context.new_page())
    watched.page.set_default_timeout(PATIENCE_MS)
    watched.page.on("pageerror", lambda error: watched.complaints.append(f"script error: {error}"))
    watched.page.on("console", watched.complain)
    watched.page.on("request", lambda request: watched.sent.append((request.method, request.url)))
    watched.page.on("websocket", lambda socket: socket.on("framereceived", watched.hear))
    yield watched
    context.close()


def test_somebody_signs_in_searches_watches_and_takes_the_results_home(
    page: Page, generated: Generated, tab: Watched, expect: Any
) -> None:
    from tests.web_client.test_search_page import Canvas, around, pixels_of

    seen = tab.page
    cognito = re.escape(page.cloud.endpoint)
    mailed = page.invite("ada")
    seen.goto(f"{page.address}/search")
    tab.sign_in("ada", WRONG)
    expect(seen.get_by_role("alert")).to_contain_text("Incorrect username or password")
    tab.take_complaints(CUSTOM_ENDPOINT, f"status of 400.* {cognito}")
    tab.sign_in("ada", mailed)
    expect(seen.get_by_text("This is the first time that you sign in.")).to_be_visible()
    seen.get_by_label(re.compile("^New password")).fill(CHOSEN)
    seen.get_by_role("button", name="Save and sign in").click()

    # A new search
    mask = generated.masks[0]
    seen.get_by_label("Image file").set_input_files(mask)
    expect(seen.get_by_role("application")).to_be_visible()
    Canvas(seen, 1210, 566).drag(around(pixels_of(mask)))
    expect(seen.get_by_test_id("seen")).to_contain_text("of what is drawn")
    expect(seen.get_by_role("checkbox", name=re.compile(f"{IMAGES} images"))).to_be_checked()
    expect(seen.get_by_role("region", name="Start")).to_contain_text("no job of this analysis has come to its end yet")
    search = seen.get_by_role("button", name="Search", exact=True)
    expect(search).to_be_enabled()
    held = _last_image(page)
    page.cloud.faults.slow_down_s3(held, 1000)
    search.click()
    seen.wait_for_url(re.compile(r"/jobs/[\w-]+"))
    job = seen.url.rpartition("/jobs/")[2].partition("?")[0]
    bucket = f"{page.cloud.endpoint}/{page.outputs['Bucket']}/uploads/web/"
    puts = [address for method, address in tab.sent if method == "PUT"]
    assert len(puts) == 2, "the image, and what is drawn on it"
    assert all(address.startswith(bucket) for address in puts), "past the API, to the storage itself"

    # While it runs
    state = seen.get_by_role("region", name="State of the job")
    expect(state).to_contain_text(f"{IMAGES - BATCH} of {IMAGES}")
    expect(seen.get_by_role("tab", name="Best so far")).to_be_visible()
    cards = seen.get_by_role("list", name="Matches").get_by_role("listitem")
    expect(cards.first).to_be_visible()
    early = cards.count()
    assert any(one["job_id"] == job and one["state"] == "RUNNING" for one in tab.heard), tab.heard
    page.cloud.faults.clear()
    expect(state.get_by_text("succeeded", exact=True)).to_be_visible()
    expect(seen.get_by_role("tab", name="Results")).to_be_visible()
    assert tab.heard[-1]["state"] == "SUCCEEDED", tab.heard
    asked = tab.sent.count(("GET", f"{page.address}/api/jobs/{job}"))
    when = "when it opens, when it listens, when it is told to, and when the job has ended, not now and then"
    assert asked <= 3 + len(tab.heard), f"the page asks for its job {when}"

    # What it found
    heading = seen.get_by_role("heading", name=re.compile(r"^\d+ matches$"))
    expect(heading).to_be_visible()
    expect(cards).to_have_count(int(heading.inner_text().split()[0]))
    assert cards.count() >= early
    picture = cards.first.locator("img")
    expect(picture).to_have_attribute("src", re.compile(r"^blob:"))
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 50
    cards.first.get_by_role("button").click()
    compared = seen.get_by_role("dialog").locator("figure img")
    expect(compared).to_have_count(2)
    for one in compared.all():
        expect(one).to_have_js_property("naturalWidth", 1210)
    seen.keyboard.press("Escape")
    expect(seen.get_by_role("dialog")).to_have_count(0)
    seen.get_by_role("tab", name="Files").click()
    seen.get_by_role("treeitem", name=re.compile(r"matches\.csv")).click()
    with seen.expect_download() as download:
        seen.get_by_role("button", name="Download", exact=True).click()
    assert download.value.url.startswith(f"{page.cloud.endpoint}/{page.outputs['Bucket']}/jobs/{job}/")
    assert download.value.suggested_filename == "matches.csv"
    table = Path(download.value.path()).read_bytes()
    assert table == page.cloud.client("s3").get_object(
        Bucket=page.outputs["Bucket"], Key=f"jobs/{job}/files/matches.csv"
    )["Body"].read()  # fmt: skip
    tab.take_complaints()

    # The next one at the same machine
    seen.get_by_role("button", name="Sign out").click()
    expect(seen.get_by_role("heading", name="Sign in to Skyburst")).to_be_visible()
    page.invited("grace")
    tab.sign_in("grace", CHOSEN)
    expect(seen.get_by_role("heading", name="There is no such job (any more)")).to_be_visible()
    tab.take_complaints(f"status of 404.*/api/jobs/{job}")
    seen.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs").click()
    expect(seen.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(seen.get_by_text("There are no jobs yet")).to_be_visible()
    assert tab.complaints == []


def test_users_see_who_they_are_what_they_may_run_and_change_their_password(
    page: Page, tab: Watched, expect: Any
) -> None:
    seen, s3, bucket = tab.page, page.cloud.client("s3"), page.outputs["Bucket"]
    page.invited("linus")
    seen.goto(f"{page.address}/profile")
    tab.sign_in("linus", CHOSEN)
    expect(seen.get_by_text("The operator has no profile of you.")).to_be_visible()
    expect(seen.get_by_text("Not allowed")).to_have_count(0)
    profiles = {
        "people/groups/lab.toml": 'name = "lab"\napproved = true\nanalyses = ["another"]\n',
        "people/users/linus.toml": 'name = "linus"\nfull_name = "Linus P"\ngroup = "lab"\napproved = true\n',
    }
    for key, text in profiles.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    try:
        time.sleep(FRESH_S + 1)  # a profile is believed for so long
        seen.reload()
        expect(seen.get_by_text("Linus P")).to_be_visible()
        expect(seen.get_by_text("Not allowed: the group 'lab' may not run 'color-depth-search'")).to_be_visible()
        seen.get_by_role("link", name="Color-depth search").click()
        expect(seen.get_by_role("alert")).to_contain_text("You may not run it")
    finally:
        for key in profiles:
            s3.delete_object(Bucket=bucket, Key=key)

    seen.goto(f"{page.address}/profile")
    button = seen.get_by_role("button", name="Change the password")
    seen.get_by_label(re.compile("^Password that holds now")).fill(WRONG)
    seen.get_by_label(re.compile("^New password")).fill(f"{CHOSEN}-2")
    button.click()
    expect(seen.get_by_role("alert")).to_contain_text("The password was not changed")
    tab.take_complaints(CUSTOM_ENDPOINT, f"status of 400.* {re.escape(page.cloud.endpoint)}")
    seen.get_by_label(re.compile("^Password that holds now")).fill(CHOSEN)
    button.click()
    expect(seen.get_by_text("The password is changed.")).to_be_visible()
    seen.get_by_role("button", name="Sign out").click()
    tab.sign_in("linus", f"{CHOSEN}-2")
    expect(seen.get_by_role("heading", name="Profile", level=1)).to_be_visible()
    assert tab.complaints == []


def test_a_session_that_ends_loses_nothing_and_who_signs_out_leaves_nothing(
    page: Page, generated: Generated, tab: Watched, expect: Any
) -> None:
    seen, mask = tab.page, generated.masks[0]
    page.invited("mary")
    page.invited("rosalind")
    seen.goto(f"{page.address}/search")
    tab.sign_in("mary", CHOSEN)
    held = holding(seen, "**/uploads/web/**")
    seen.get_by_label("Image file").set_input_files(mask)
    expect(seen.get_by_text(f"Uploading {mask.name}")).to_be_visible()

    # Who signs out by mistake is asked while a file is on its way.
    out = seen.get_by_role("button", name="Sign out")
    question = seen.get_by_role("dialog", name="Sign out while files are uploaded?")
    out.click()
    expect(question.get_by_role("button", name="Stay")).to_be_focused()
    assert [*serious(seen), *too_wide(seen)] == []
    seen.keyboard.press("Enter")
    expect(question).to_have_count(0)
    for route in held:
        route.continue_()
    seen.unroute("**/uploads/web/**")
    expect(seen.get_by_role("application")).to_be_visible()
    name = seen.get_by_role("textbox", name="Name", exact=True)
    name.fill("half done")
    again = seen.get_by_role("dialog", name="Sign in again")

    # Her session ends, and the next request waits until she is back.
    seen.get_by_text("Negative mask", exact=True).click()
    with seen.expect_file_chooser() as asked:
        seen.get_by_role("button", name="Upload a negative mask").click()
    _end_session(page, seen)
    asked.value.set_files(mask)
    expect(again).to_contain_text("Your session has ended")
    seen.keyboard.press("Escape")
    seen.keyboard.press("Escape")
    expect(again).to_be_visible()
    assert [*serious(seen), *too_wide(seen)] == []
    tab.sign_in("mary", CHOSEN)
    expect(again).to_have_count(0)
    expect(seen.get_by_role("button", name="Remove the negative mask")).to_be_visible()
    expect(name).to_have_value("half done")
    assert seen.url == f"{page.address}/search"

    # Also over a reload
    _end_session(page, seen)
    seen.reload()
    tab.sign_in("mary", CHOSEN)
    expect(name).to_have_value("half done")

    # Somebody else takes her place, in the same tab.
    _end_session(page, seen)
    name.fill("nobody else's")
    expect(again).to_be_visible()
    tab.sign_in("rosalind", CHOSEN)
    expect(seen.get_by_text("Drop an image, or choose one")).to_be_visible()
    expect(name).to_have_value("")

    # She signs out, in another tab.
    name.fill("of rosalind")
    other = seen.context.new_page()
    other.goto(f"{page.address}/search")
    expect(other.get_by_text("Drop an image, or choose one")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    for one in (other, seen):
        expect(one.get_by_role("heading", name="Sign in to Skyburst")).to_be_visible()
        assert one.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []
    tab.sign_in("mary", CHOSEN)
    expect(seen.get_by_text("Drop an image, or choose one")).to_be_visible()
    expect(name).to_have_value("")
    holding(seen, "**/uploads/web/**")
    seen.get_by_label("Image file").set_input_files(mask)
    expect(seen.get_by_text(f"Uploading {mask.name}")).to_be_visible()
    out.click()
    question.get_by_role("button", name="Sign out all the same").click()
    expect(seen.get_by_role("heading", name="Sign in to Skyburst")).to_be_visible()
    tab.take_complaints(CUSTOM_ENDPOINT, f"status of 400.* {re.escape(page.cloud.endpoint)}")


def _end_session(page: Page, tab: Any) -> None:
    """What a browser has of who signed in is too old, and cannot be made new."""
    told = tab.evaluate(
        """() => {
            const kept = Object.keys(localStorage);
            localStorage.setItem(kept.find(key => key.endsWith(".clockDrift")), 1e9);
            return localStorage.getItem(kept.find(key => key.endsWith(".refreshToken")));
        }"""
    )
    page.cloud.client("cognito-idp").revoke_token(Token=told, ClientId=page.outputs["UserPoolClient"])


def _last_image(page: Page) -> str:
    """Key of an image of the library."""
    pages = page.cloud.client("s3").list_objects_v2(
        Bucket=page.outputs["Bucket"], Prefix=f"libraries/{LIBRARY}/images/"
    )
    return str(pages["Contents"][-1]["Key"])
