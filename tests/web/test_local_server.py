"""Who is let into the server of this machine: `skyburst serve`, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import PROGRAM, environment, skyburst
from tests.conftest import needed
from tests.waiting import PATIENCE_S
from tests.web.conftest import complete_upload, wait_for


@pytest.fixture
def browser(server: str) -> Any:
    """A client that has opened the address that was printed, as a browser does."""
    httpx = needed("httpx")
    with httpx.Client(base_url=server.partition("/?")[0], follow_redirects=True, timeout=30) as client:
        opened = client.get(server)
        assert (opened.status_code, opened.url.path, opened.url.query) == (200, "/", b""), "the token is in no address"
        yield client


def test_the_address_that_is_printed_lets_in_and_its_cookie_stays(browser, server):
    assert browser.get("/api/about").json()["home"] == "local"
    (cookie,) = browser.cookies.jar
    assert (cookie.has_nonstandard_attr("HttpOnly"), cookie.get_nonstandard_attr("SameSite")) == (True, "strict")
    assert server.rpartition("=")[2] not in browser.get("/").text


def test_programs_send_the_token_in_a_header(server):
    httpx = needed("httpx")
    base, _, token = server.partition("/?token=")
    for scheme in ("Bearer", "bearer"):
        assert httpx.get(f"{base}/api/about", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_analyses_of_the_folder_of_the_server_run_and_paths_are_relative_to_it(state_folder, tmp_path):
    httpx, home = needed("httpx"), {"SKYBURST_HOME": str(state_folder)}
    folder = tmp_path / "project" / "analyses" / "shout"
    folder.mkdir(parents=True)
    (folder / "blueprint.toml").write_text(
        'blueprint = 1\nname = "shout"\nversion = "1.0.0"\ncommand = ["sh", "-c", "cp $SKYBURST_INPUTS/* $SKYBURST_RESULTS"]\n'
    )
    (tmp_path / "project" / "words.txt").write_text("one")
    with subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"], env=environment(**home), cwd=tmp_path / "project", stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        base, _, token = process.stdout.readline().removeprefix("open ").strip().partition("/?token=")
        try:
            with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S) as api:
                assert "shout" in {one["name"] for one in api.get("/api/analyses").json()}
                answer = api.post("/api/jobs", json={"analysis": "shout", "items": ["words.txt"]})
                assert answer.status_code == 201, answer.text
                job = answer.json()["job_id"]
                wait_for(api, job, "SUCCEEDED")
                assert api.get(f"/api/jobs/{job}/files/words.txt/words.txt").text == "one"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S)


def test_who_listens_to_a_job_hears_the_end_of_the_server(state_folder, tmp_path, scripted):
    httpx, home = needed("httpx"), {"SKYBURST_HOME": str(state_folder)}
    command = [*PROGRAM, "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment(**home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        base, _, token = process.stdout.readline().removeprefix("open ").strip().partition("/?token=")
        with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S) as api:
            job = api.post("/api/jobs", json=scripted(*[[1.4]] * 200)).json()["job_id"]
            with api.stream("GET", f"/api/jobs/{job}/events") as stream:
                told = stream.iter_lines()
                assert next(told) == "event: job"
                process.send_signal(signal.SIGTERM)
                assert list(told), "to its end, which is not broken off"
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors
    assert skyburst("cancel", job, folder=tmp_path, **home).returncode == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_token"),
        ({"Authorization": "Bearer wrong"}, "no_token"),
        ({"Authorization": "Bearer ü".encode()}, "no_token"),
        ({"Cookie": "skyburst-1=x"}, "no_token"),
        ({"Authorization": "Bearer TOKEN", "Host": "evil.example"}, "wrong_host"),
        ({"Authorization": "Bearer TOKEN", "Origin": "https://evil.example"}, "wrong_origin"),
        ({"Authorization": "Bearer TOKEN", "Origin": "null"}, "wrong_origin"),
        ({"Authorization": "Bearer TOKEN", "Origin": "127.0.0.1:PORT"}, "wrong_origin"),
        ({"Authorization": "TOKEN"}, "no_token"),
    ],
)  # fmt: skip
def test_nobody_else_is_let_in(server, headers, code):
    httpx = needed("httpx")
    base, _, token = server.partition("/?token=")
    given = {
        name: value.replace("TOKEN", token).replace("PORT", base.rpartition(":")[2])
        if isinstance(value, str)
        else value
        for name, value in headers.items()
    }
    answer = httpx.get(f"{base}/api/jobs", headers=given)
    assert (answer.status_code, answer.json()["code"]) == (401 if code == "no_token" else 403, code)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if code == "no_token" else None)
    assert httpx.get(f"{base}/?token=wrong").status_code == 401


@pytest.mark.parametrize(
    "others", ["a@b=1", 'x={"a": 1}', 'x="', "a(b=1", "path=/", "flag", "ü=1", "[x]=1", "a=b c", "", "skyburst-1=no"]
)  # fmt: skip
def test_cookies_of_other_servers_of_this_machine_keep_nobody_out(others):
    """Cookies do not tell ports apart, and whatever runs beside has its own."""
    needed("litestar")
    from skyburst.web.local import Door

    door = Door(1, "token")
    for cookies in (f"{others}; skyburst-1=token", f"skyburst-1=token; {others}", f"{others};skyburst-1=token"):
        assert door.refusal("GET", "/api/jobs", {"host": "127.0.0.1:1", "cookie": cookies}, "") is None
    assert door.refusal("GET", "/api/jobs", {"host": "127.0.0.1:1", "cookie": f"{others}; x=skyburst-1=token"}, "")


def test_only_this_machine_can_reach_it(server):
    port = int(server.partition("/?")[0].rpartition(":")[2])
    for name in {address[4][0] for address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
        if not name.startswith("127."):
            with pytest.raises(OSError), socket.create_connection((name, port), timeout=2):
                pass


def test_a_job_goes_on_when_the_server_ends(browser, state_folder, tmp_path):
    job = browser.post("/api/jobs", json={"analysis": "monte-carlo", "parameters": {"blocks": 20}}).json()["job_id"]
    found = wait_for(browser, job, "SUCCEEDED")
    assert found["has_result"]
    shown = skyburst("status", job, folder=tmp_path, SKYBURST_HOME=str(state_folder))
    assert "SUCCEEDED" in shown.stdout, "it is a job as any other"


def test_a_port_that_is_taken_is_named_with_the_remedy(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = skyburst(
            "serve", "--port", taken.getsockname()[1], folder=tmp_path, SKYBURST_HOME=str(tmp_path / "home")
        )
    assert ended.returncode == 2
    assert "is taken" in ended.stderr
    assert "--port" in ended.stderr


def test_a_port_that_may_not_be_used_is_not_told_as_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    needed("litestar")
    from skyburst.cli.commands.serve import command
    from skyburst.errors import Invalid
    from skyburst.web import local

    def refused(_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path))
    monkeypatch.setattr(local, "listening", refused)
    assert command.callback is not None
    with pytest.raises(Invalid, match=r"port 80 of 127\.0\.0\.1 cannot be used \(Permission denied\).* --port"):
        command.callback(port=80, libraries=())


def test_a_state_folder_that_cannot_be_made_is_not_told_as_a_port(tmp_path: Path):
    (tmp_path / "file").write_text("")
    ended = skyburst("serve", "--port", "0", folder=tmp_path, SKYBURST_HOME=str(tmp_path / "file" / "home"))
    assert ended.returncode != 0
    assert "cannot be made: Not a directory" in ended.stderr


def test_a_folder_of_libraries_that_is_not_there_is_named(tmp_path: Path):
    ended = skyburst("serve", "--libraries", tmp_path / "none", folder=tmp_path, SKYBURST_HOME=str(tmp_path / "home"))
    assert ended.returncode == 2
    assert f"{tmp_path / 'none'} is no folder" in ended.stderr


def test_a_library_is_offered_with_its_counts_and_small_pictures(state_folder, tmp_path, make_api):
    libraries = state_folder / "libraries"
    for words in (["generate", "made", "--images", "12"], ["build", "made/images", libraries / "brains"]):
        ended = skyburst("library", *words, "--quiet", folder=tmp_path)
        assert ended.returncode == 0, ended.stderr
    damaged = libraries / "damaged"
    damaged.mkdir()
    (damaged / "library.json").write_text("{}")
    api = make_api()
    listed = {library["id"]: library for library in api.get("/api/libraries").json()}
    assert (listed["brains"]["items"], listed["brains"]["problem"]) == (12, None)
    assert {"width", "height"} <= listed["brains"]["properties"].keys()
    assert listed["brains"]["metadata"]
    assert "library.json of the library" in listed["damaged"]["problem"]
    given = {"mask": "none.png", "library": "library:damaged"}
    search = {"analysis": "color-depth-search", "parameters": given}
    upload = complete_upload(api, b"no image", "a.png", library="damaged", check=False)
    for answer in (
        api.get("/api/libraries/damaged"),
        api.post("/api/jobs", json=search),
        api.post("/api/estimates", json=search),
        upload,
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (500, "unreadable_library"), problem
        assert problem["detail"] == listed["damaged"]["problem"]
    checked = api.post("/api/analyses/color-depth-search/check", json={"parameters": given}).json()["problems"]
    assert [one["detail"] for one in checked if one["field"] == "parameters.library"] == [listed["damaged"]["problem"]]
    picture = next((libraries / "brains" / "thumbnails").rglob("*.jpg"))
    key = picture.relative_to(libraries / "brains")
    assert api.get(f"/api/libraries/brains/{key}").content == picture.read_bytes()
    assert api.get("/api/libraries/brains/thumbnails/../library.json").status_code == 404
    assert api.get("/api/libraries/none").status_code == 404


def test_who_opens_a_page_without_the_token_is_told_on_a_page_how_to_come_in(server):
    httpx = needed("httpx")
    base = server.partition("/?token=")[0]
    answer = httpx.get(f"{base}/jobs", headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (401, "text/html")
    assert "Open the address that <code>skyburst serve</code> printed last: it lets you in." in answer.text
    assert httpx.get(f"{base}/api/jobs", headers={"Accept": "text/html"}).json()["code"] == "no_token"
