"""Files of jobs: links to them, and all of them as an archive that is made while it is sent."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.web.documents import Link
from skyburst.web.zips import zipped
from tests.web.conftest import complete_upload, wait_for
from tests.web.test_jobs import MONTE_CARLO, submit
from tests.web.test_uploads import refused

NOW = 1_790_000_000.0
COMMAND = 'command = ["sh", "-c", "mkdir $SKYBURST_RESULTS/a; cp $SKYBURST_INPUTS/* $SKYBURST_RESULTS/a/b.bin"]'


class Piece:
    """Bytes that are a file."""

    def __init__(self, data: bytes, times: int = 1) -> None:
        self.location, self.size, self._data, self._times = "", len(data) * times, data, times

    @contextmanager
    def open(self) -> Any:
        data, times = self._data, self._times

        class Source(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                nonlocal times
                times -= 1
                return data if times >= 0 else b""

        yield Source()


names = st.text(st.characters(exclude_categories=("C",), exclude_characters="\\/:"), min_size=1, max_size=20)


@given(st.dictionaries(names, st.binary(max_size=5_000), max_size=5), st.floats(0, 4e9))
def test_an_archive_has_each_file_as_it_is(files, at):
    data = b"".join(zipped(((name, Piece(content)) for name, content in files.items()), at))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        found = {info.filename: archive.read(info) for info in archive.infolist()}
    assert found == files


def test_an_archive_is_never_whole_in_memory():
    mib = bytes(2**20)
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in zipped([("a.bin", Piece(mib, 200)), ("b.csv", Piece(mib, 200))], NOW))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 200 * 2**20
    assert peak < 20 * 2**20, f"{peak / 2**20:.0f} MiB"


@pytest.fixture
def command(api: Any, tmp_path: Path) -> str:
    """A job with the result files of two datasets, of which two have one name."""
    (tmp_path / "blueprint.toml").write_text(f'blueprint = 1\nname = "copy"\nversion = "1.0.0"\n{COMMAND}\n')
    items = [
        {"data": f"upload:{complete_upload(api, data, 'é 1.txt', purpose='data')['id']}"} for data in (b"1", b"22")
    ]
    job: str = submit(api, {"analysis": str(tmp_path), "items": items})["job_id"]
    wait_for(api, job, "SUCCEEDED")
    return job


def test_all_files_of_a_job_are_in_its_archive_those_of_datasets_too(api, command):
    answer = api.get(f"/api/jobs/{command}/files.zip", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert "content-encoding" not in answer.headers
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    listed = {entry["name"]: entry for entry in api.get(f"/api/jobs/{command}/links").json()}
    assert files.keys() == listed.keys()
    assert {"result.json", "datasets.json", "é 1.txt-0/a/b.bin", "é 1.txt-1/a/b.bin"} <= files.keys()
    assert (files["é 1.txt-0/a/b.bin"], files["é 1.txt-1/a/b.bin"]) == (b"1", b"22")
    for name, entry in listed.items():
        assert entry["size"] == len(files[name])
        assert api.get(entry["url"]).content == files[name], name
        link = api.get(f"/api/jobs/{command}/links/{name}").json()
        assert link == {"url": entry["url"], "expires_at": None}
    assert unquote(listed["é 1.txt-1/a/b.bin"]["url"]).endswith("/files/é 1.txt-1/a/b.bin")


def test_there_is_no_archive_of_nothing_and_no_link_to_what_is_not_there(api, command, scripted):
    refused(api.get("/api/jobs/none/files.zip"), 404, "job_not_found")
    refused(api.get(f"/api/jobs/{command}/links/none"), 404, "object_not_found")
    refused(api.get(f"/api/jobs/{command}/links/..%2F..%2Fstate.sqlite"), 404, "object_not_found")
    job = submit(api, scripted(["hang"]))["job_id"]
    refused(api.get(f"/api/jobs/{job}/files.zip"), 409, "result_not_ready")
    assert api.get(f"/api/jobs/{job}/links").json() == []
    api.post(f"/api/jobs/{job}/cancel")
    wait_for(api, job, "CANCELLED")


def test_where_files_are_had_from_elsewhere_the_archive_is_made_there(make_api, state_folder):
    class Elsewhere:
        def of(self, readable: Any, name: str) -> Link:
            return Link(url=f"https://elsewhere.example/{readable.location}?{readable.size}&{name}", expires_at=NOW)

    api = make_api(links=Elsewhere())
    job = submit(api, MONTE_CARLO)["job_id"]
    wait_for(api, job, "SUCCEEDED")
    answer = api.get(f"/api/jobs/{job}/files.zip", follow_redirects=False)
    assert answer.status_code == 303
    path, _, rest = answer.headers["location"].removeprefix("https://elsewhere.example/").partition("?")
    assert rest == f"{Path(path).stat().st_size}&{job}.zip"
    with zipfile.ZipFile(path) as archive:
        assert "result.json" in archive.namelist()
    assert Path(path).parent == state_folder / "answers"
    assert api.get(f"/api/jobs/{job}/links/result.json").json()["expires_at"] == NOW
