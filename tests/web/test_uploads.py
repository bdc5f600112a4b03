"""Uploads: parts in any order and as often as one likes, and what is not what it says it is."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skyburst.errors import StorageError, UploadBusy, UploadNotFound
from skyburst.web import uploads
from skyburst.web.documents import NewUpload
from skyburst.web.locks import held
from tests.conftest import needed
from tests.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 1,000 bytes, so that a small file has several."""
    monkeypatch.setattr(uploads, "PART_BYTES", 1_000)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(written, kind)
    return written.getvalue()


def begin(api: Any, data: bytes, **fields: Any) -> dict[str, Any]:
    answer = api.post("/api/uploads", json={"name": "mask.png", "size": len(data), **fields})
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


def send(api: Any, upload: dict[str, Any], data: bytes, *numbers: int) -> None:
    for part in upload["parts"]:
        if not numbers or part["number"] in numbers:
            answer = api.put(part["url"], content=data[part["offset"] : part["offset"] + part["size"]])
            assert answer.status_code == 200, answer.text


def refused(answer: Any, status: int, code: str) -> str:
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert answer.headers["content-type"].startswith("application/problem+json")
    detail: str = problem["detail"]
    return detail


def aged(folder: Path, seconds: float) -> None:
    """Have been changed so long ago."""
    at = time.time() - seconds
    os.utime(folder, (at, at))


def test_a_file_arrives_as_it_was_sent_in_any_order_and_twice(api, state_folder: Path):
    data = picture()
    assert len(data) > 3_000, "it has several parts"
    upload = begin(api, data, purpose="image")
    for part in reversed(upload["parts"]):
        send(api, upload, data, part["number"])
    send(api, upload, data, 2)
    done = api.post(f"/api/uploads/{upload['id']}/complete").json()
    assert (done["state"], done["width"], done["height"]) == ("complete", 40, 30)
    assert done["sha256"] == hashlib.sha256(data).hexdigest()
    assert (state_folder / "uploads" / upload["id"] / "data").read_bytes() == data


def test_an_upload_goes_on_where_it_was_interrupted(make_api):
    data = picture()
    upload = begin(make_api(), data)
    send(make_api(), upload, data, 1, 3)
    again = make_api()  # as after a new start of the server
    left = [
        part["number"] for part in again.get(f"/api/uploads/{upload['id']}").json()["parts"] if not part["received"]
    ]
    assert left == [part["number"] for part in upload["parts"] if part["number"] not in (1, 3)]
    assert "parts" in refused(again.post(f"/api/uploads/{upload['id']}/complete"), 400, "invalid_upload")
    send(again, upload, data, *left)
    assert again.post(f"/api/uploads/{upload['id']}/complete").json()["state"] == "complete"


def test_a_part_of_the_wrong_length_counts_as_not_received(api):
    upload = begin(api, bytes(2_500))
    for wrong, has in ((999, "999"), (1_001, "more")):
        detail = refused(api.put(upload["parts"][0]["url"], content=bytes(wrong)), 400, "invalid_upload")
        assert f"part 1 has {has} bytes: expected 1,000" in detail
    assert "it has 3" in refused(api.put(f"/api/uploads/{upload['id']}/parts/4", content=b"x"), 404, "upload_not_found")
    assert not any(part["received"] for part in api.get(f"/api/uploads/{upload['id']}").json()["parts"])


def test_a_part_that_is_sent_again_and_refused_is_not_received_any_more(api):
    """Some of its bytes have been written over those that were there."""
    upload = begin(api, bytes(1_500))
    send(api, upload, bytes(1_500))
    refused(api.put(upload["parts"][0]["url"], content=b"x" * 999), 400, "invalid_upload")
    again = api.get(f"/api/uploads/{upload['id']}").json()
    assert [part["received"] for part in again["parts"]] == [False, True]
    refused(api.post(f"/api/uploads/{upload['id']}/complete"), 400, "invalid_upload")
    send(api, upload, bytes(1_500), 1)
    done = api.post(f"/api/uploads/{upload['id']}/complete").json()
    assert done["sha256"] == hashlib.sha256(bytes(1_500)).hexdigest()


def test_what_was_checked_is_what_jobs_read_however_parts_are_sent_again_meanwhile(server, state_folder):
    """Each request writes other bytes, and some are under way whenever the upload is completed."""
    httpx = needed("httpx")
    base, _, token = server.partition("/?token=")
    size, codes = 8 * 2**20, set()
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:

        def send_some(path: str) -> None:
            for _ in range(4):
                answer = client.put(f"{path}/parts/1", content=secrets.token_bytes(size))
                codes.add("" if answer.status_code == 200 else answer.json()["code"])

        for _ in range(5):
            upload = client.post("/api/uploads", json={"name": "a", "size": size, "purpose": "data"}).json()
            path = f"/api/uploads/{upload['id']}"
            assert client.put(f"{path}/parts/1", content=bytes(size)).status_code == 200
            with ThreadPoolExecutor(3) as pool:
                senders = [pool.submit(send_some, path) for _ in range(3)]
                while (done := client.post(f"{path}/complete")).status_code != 200:
                    assert done.json()["code"] in ("upload_busy", "invalid_upload"), done.text
                for sender in senders:
                    sender.result(PATIENCE_S)
            data = (state_folder / "uploads" / upload["id"] / "data").read_bytes()
            assert done.json()["sha256"] == hashlib.sha256(data).hexdigest()
    assert codes <= {"", "upload_busy", "invalid_upload"}


def test_an_upload_is_not_completed_while_a_part_comes_once_more_and_is_when_it_is_there(server):
    httpx = needed("httpx")
    base, _, token = server.partition("/?token=")
    sent, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"new "
        sent.set()
        assert go_on.wait(PATIENCE_S)
        yield b"text"

    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        upload = client.post("/api/uploads", json={"name": "a", "size": 8, "purpose": "data"}).json()
        path = f"/api/uploads/{upload['id']}"
        assert client.put(f"{path}/parts/1", content=b"old text").status_code == 200
        with ThreadPoolExecutor(1) as pool:
            again = pool.submit(client.put, f"{path}/parts/1", content=slowly(), headers={"Content-Length": "8"})
            assert sent.wait(PATIENCE_S)
            while client.get(path).json()["parts"][0]["received"]:
                time.sleep(0.02)
            assert "complete it once more when they are there" in refused(
                client.post(f"{path}/complete"), 409, "upload_busy"
            )
            go_on.set()
            assert again.result(PATIENCE_S).status_code == 200
        done = client.post(f"{path}/complete").json()
    assert done["sha256"] == hashlib.sha256(b"new text").hexdigest()


def test_no_part_is_taken_while_an_upload_is_completed(tmp_path):
    kept = uploads.LocalUploads(tmp_path / "uploads", 10_000)
    upload = kept.begin(NewUpload(name="a", size=4), 0.0, None)

    async def body():
        yield b"text"

    lock = tmp_path / "uploads" / upload.id / uploads.WRITERS
    with held(lock, alone=True), pytest.raises(UploadBusy, match="its parts are not taken again"):
        asyncio.run(kept.receive(upload.id, 1, body(), None))
    assert asyncio.run(kept.receive(upload.id, 1, body(), None)).received


def test_of_two_that_send_a_part_the_one_that_breaks_off_last_leaves_it_not_received(tmp_path):
    kept = uploads.LocalUploads(tmp_path / "uploads", 10_000)
    upload = kept.begin(NewUpload(name="a", size=8), 0.0, None)

    async def whole():
        yield b"old text"

    async def broken():
        yield b"new "
        assert (await kept.receive(upload.id, 1, whole(), None)).received
        raise ConnectionAbortedError

    with pytest.raises(StorageError):
        asyncio.run(kept.receive(upload.id, 1, broken(), None))
    assert not kept.get(upload.id, None).parts[0].received


def test_an_upload_may_be_removed_while_its_parts_come(tmp_path):
    kept = uploads.LocalUploads(tmp_path / "uploads", 10_000)
    upload = kept.begin(NewUpload(name="a", size=1_000), 0.0, None)

    async def body():
        yield bytes(500)
        kept.remove(upload.id, None)
        yield bytes(500)

    with pytest.raises(UploadNotFound):
        asyncio.run(kept.receive(upload.id, 1, body(), None))
    assert not list((tmp_path / "uploads").iterdir()), "nothing is left of it"


def test_what_a_server_that_ended_left_of_a_removed_upload_is_removed_with_the_next_one(api, state_folder):
    left = state_folder / "uploads" / f"{'0' * 32}.removed"
    left.mkdir(parents=True)
    begin(api, bytes(10))
    assert not left.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no image at all" * 10, "no image that can be read"),
        (picture("JPEG"), "JPEG image, whose colours are not kept exactly: save it as PNG or TIFF"),
        (picture(mode="L"), "pixels of the kind L"),
    ],
    ids=["text", "jpeg", "grey"],
)
def test_an_image_that_cannot_be_searched_with_is_refused_before_anything_runs(api, data, says):
    upload = begin(api, data, purpose="image")
    send(api, upload, data)
    assert says in refused(api.post(f"/api/uploads/{upload['id']}/complete"), 400, "invalid_upload")
    job = {"analysis": "color-depth-search", "parameters": {"mask": f"upload:{upload['id']}", "library": "library:x"}}
    assert "is not complete" in refused(api.post("/api/jobs", json=job), 400, "invalid_upload")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\nb", "\x00", "a" * 201, "ü" * 150])
def test_names_with_folders_and_signs_are_refused(api, name):
    code = "invalid_request" if not name or len(name) > 200 else "invalid_upload"
    refused(api.post("/api/uploads", json={"name": name, "size": 1}), 400, code)


def test_uploads_are_listed_in_pages_and_found_by_name_purpose_and_state(api):
    for name in ("a.txt", "b.txt", "c.png"):
        upload = begin(api, b"abc", name=name, purpose="image" if name.endswith("png") else "data")
        if name != "b.txt":
            send(api, upload, b"abc")
    for upload in api.get("/api/uploads", params={"purpose": "data", "name": "A."}).json()["uploads"]:
        assert api.post(f"/api/uploads/{upload['id']}/complete").status_code == 200

    def names(**wanted: Any) -> list[str]:
        return [one["name"] for one in api.get("/api/uploads", params=wanted).json()["uploads"]]

    assert names() == ["c.png", "b.txt", "a.txt"]
    assert names(purpose="data") == ["b.txt", "a.txt"]
    assert names(state="complete") == ["a.txt"]
    first = api.get("/api/uploads", params={"limit": 2}).json()
    assert [one["name"] for one in first["uploads"]] == ["c.png", "b.txt"]
    second = api.get("/api/uploads", params={"limit": 2, "after": first["next"]}).json()
    assert ([one["name"] for one in second["uploads"]], second["next"]) == (["a.txt"], None)
    assert "no such upload in the list" in refused(api.get("/api/uploads?after=x"), 400, "invalid_query")


@pytest.mark.parametrize("upload_id", ["x", "../../etc", "0" * 32, "%2e%2e%2fjobs", "0" * 31 + "/"])
def test_what_is_no_upload_is_not_found(api, upload_id):
    assert api.get(f"/api/uploads/{upload_id}").status_code == 404


def test_a_file_above_the_limit_is_refused_before_it_is_sent(make_api):
    answer = make_api(limit_bytes=1_000).post("/api/uploads", json={"name": "a", "size": 1_001})
    assert "at most 1,000 bytes" in refused(answer, 400, "invalid_upload")


def test_a_file_that_there_is_no_room_for_is_refused_before_it_is_sent(make_api, state_folder):
    state_folder.mkdir(parents=True)
    size = shutil.disk_usage(state_folder).total
    answer = make_api(limit_bytes=2**60).post("/api/uploads", json={"name": "a", "size": min(size, 2**43)})
    detail = refused(answer, 507, "storage_full")
    assert "free some space" in detail
    assert not list((state_folder / "uploads").iterdir()), "nothing is left of it"


def test_nothing_stays_of_an_upload_that_a_full_disk_refuses(tmp_path, name_space):
    """However far it came: the disk has room for one file more each time."""
    needed("litestar")
    command = [*name_space, sys.executable, "-m", "tests.web.full_disk_program", tmp_path]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    *refusals, (said, left) = json.loads(ran.stdout)
    assert (said, left) == ("", ["data", "parts", "upload.json", "users.lock"])
    assert len(refusals) >= 3
    for said, left in refusals:
        assert ("free some space" in said, left) == (True, []), said


def test_what_a_program_left_that_ended_while_it_began_an_upload_is_removed_after_an_hour(api, state_folder):
    begin(api, bytes(10))
    left, new = state_folder / "uploads" / ("a" * 32), state_folder / "uploads" / ("b" * 32)
    for folder in (left, new):
        (folder / "parts").mkdir(parents=True)
        (folder / "data").write_bytes(bytes(10))
    aged(left, uploads.BEGUN_S + 60)
    begin(api, bytes(10))
    assert not left.exists()
    assert new.exists(), "it may be begun at this moment"


def test_of_what_is_no_upload_nothing_is_removed(api, state_folder):
    begin(api, bytes(10))
    other = state_folder / "uploads" / "mine"
    other.mkdir()
    aged(other, 2 * uploads.KEPT_S)
    begin(api, bytes(10))
    assert other.exists()


@pytest.mark.parametrize("damage", ["{", "", "[]", "{}", '{"x":' + "[" * 100_000, "\xff", "another", "no parts"])
def test_a_damaged_upload_is_removed_by_who_asks_or_after_a_week(api, state_folder, damage):
    folders = []
    for _ in range(3):
        upload = begin(api, bytes(10))
        folders.append(state_folder / "uploads" / upload["id"])
        about = json.loads((folders[-1] / "upload.json").read_text())
        known = {"another": {**about, "id": "0" * 32}, "no parts": {**about, "part_bytes": 0}}.get(damage)
        text = damage if known is None else json.dumps(known)
        (folders[-1] / "upload.json").write_bytes(text.encode("latin-1"))
    asked, late, new = folders
    assert "upload the file again" in refused(api.get(f"/api/uploads/{asked.name}"), 500, "storage_error")
    assert api.delete(f"/api/uploads/{asked.name}").status_code == 204
    assert api.get(f"/api/uploads/{asked.name}").status_code == 404
    aged(late, uploads.KEPT_S + 60)
    begin(api, bytes(10))
    assert [folder.exists() for folder in folders] == [False, False, True], new


def test_where_there_are_users_nobody_removes_a_damaged_upload_which_may_be_another_ones(tmp_path):
    needed("litestar")
    home = uploads.LocalUploads(tmp_path, 2**30)
    upload = home.begin(NewUpload(name="a", size=1), time.time(), "ada")
    (tmp_path / upload.id / "upload.json").write_text("{")
    with pytest.raises(StorageError, match="is damaged"):
        home.remove(upload.id, "ada")
    assert (tmp_path / upload.id).exists()


def test_what_lies_among_the_parts_and_is_none_is_left_out(api, state_folder):
    data = bytes(2_500)
    upload = begin(api, data)
    send(api, upload, data, 1)
    for name in ("junk", "77", "0", "-1", "02", "²", "1.txt"):
        (state_folder / "uploads" / upload["id"] / "parts" / name).touch()
    again = api.get(f"/api/uploads/{upload['id']}").json()
    assert [part["received"] for part in again["parts"]] == [True, False, False]
    assert "2 parts" in refused(api.post(f"/api/uploads/{upload['id']}/complete"), 400, "invalid_upload")


def test_a_large_part_is_never_whole_in_memory(api, monkeypatch):
    monkeypatch.setattr(uploads, "PART_BYTES", 64 * 2**20)
    chunk = bytes(2**20)
    upload = begin(api, bytes(0), size=48 * 2**20)
    tracemalloc.start()
    try:
        answer = api.put(upload["parts"][0]["url"], content=(chunk for _ in range(48)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200
    # The client of the test, in this process, has the whole body once.
    assert peak < 80 * 2**20, f"{peak / 2**20:.0f} MiB for 48"


def test_an_upload_that_nobody_completed_is_removed_after_a_week(api, state_folder):
    upload = begin(api, bytes(10))
    about = state_folder / "uploads" / upload["id"] / "upload.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "created_at": 1.0}))
    begin(api, bytes(10))
    assert api.get(f"/api/uploads/{upload['id']}").status_code == 404


def test_a_removed_file_is_gone(api):
    upload = begin(api, bytes(10))
    assert api.delete(f"/api/uploads/{upload['id']}").status_code == 204
    assert api.get(f"/api/uploads/{upload['id']}").status_code == 404
