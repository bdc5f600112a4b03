"""Jobs and uploads that are changed and deleted at the very moment at which something else is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from random import Random
from typing import Any

from tests.waiting import PATIENCE_S, eventually
from tests.web.conftest import wait_for

JOBS = 10
THREADS, REQUESTS, MOST = 6, 80, 8
ARCHIVE = "/files.zip"
GONE = ("job_not_found", "object_not_found", "result_not_ready")
PATHS = (
    "", "/results?at=/found", "/files/result.json", ARCHIVE, "/links", "/certificate", "/cost", "/batches", "/timeline",
    "/datasets", "/events",
)  # fmt: skip


def test_what_is_asked_of_a_job_while_it_is_deleted_is_there_or_not_found_and_lists_go_on(api, scripted):
    def until_it_is_gone(job_id: str, start: int) -> Iterator[tuple[str, Any]]:
        for path in islice(cycle(PATHS), start, None):
            answer = api.get(f"/api/jobs/{job_id}{path}")
            if answer.status_code != 200:
                yield path, answer
                if path == "":
                    return

    with ThreadPoolExecutor(len(PATHS) + 1) as pool:
        jobs = [api.post("/api/jobs", json=scripted([0.0], [0.0])).json()["job_id"] for _ in range(JOBS)]
        for job_id in jobs:
            wait_for(api, job_id, "SUCCEEDED")
            asking = [pool.submit(list, until_it_is_gone(job_id, start)) for start in range(len(PATHS))]
            lists = pool.submit(lambda: [api.get("/api/jobs") for _ in range(30)])
            assert api.delete(f"/api/jobs/{job_id}").status_code == 204
            for future in asking:
                for path, answer in future.result(PATIENCE_S):
                    broken_off = path == ARCHIVE and not answer.content  # as this client tells of it
                    assert broken_off or answer.json()["code"] in GONE, answer.text
            assert {answer.status_code for answer in lists.result(PATIENCE_S)} == {200}


class Somebody:
    """Starts, cancels, resumes, repeats and deletes jobs and uploads, as it comes; others do so with the same ones."""

    def __init__(self, api: Any, scripted: Any, seed: int, jobs: list[str], uploads: list[str]) -> None:
        self._api, self._scripted, self._chance, self._jobs, self._uploads = api, scripted, Random(seed), jobs, uploads

    def act(self) -> list[str]:
        """What went wrong in the server."""
        wrong = []
        for _ in range(REQUESTS):
            answer = self._chance.choices([self._start, self._begin, self._upload, self._job], [1, 1, 2, 6])[0]()
            broken_off = not answer.content and str(answer.url).endswith(ARCHIVE)
            if answer.status_code >= 500 and not broken_off:
                wrong.append(f"{answer.request.method} {answer.url}: {answer.text}")
        return wrong

    def _start(self) -> Any:
        job = self._scripted(*self._chance.choice([([0.0],), ("fail", [0.1]), ([0.2], [0.2])]))
        if self._uploads and self._chance.random() < 0.5:
            texts = f"upload:{self._chance.choice(self._uploads)}"
            job = {"analysis": "word-statistics", "parameters": {"texts": texts}}
        return _added(self._jobs, "job_id", self._api.post("/api/jobs", json=job))

    def _begin(self) -> Any:
        file = {"name": "a.txt", "size": 3, "purpose": "data"}
        return _added(self._uploads, "id", self._api.post("/api/uploads", json=file))

    def _upload(self) -> Any:
        path = f"/api/uploads/{self._one(self._uploads)}"
        asked = self._chance.choice(["part", "complete", "complete", "get", "delete"])
        if asked == "part":
            return self._api.put(f"{path}/parts/1", content=b"abc")
        return self._api.post(f"{path}/complete") if asked == "complete" else getattr(self._api, asked)(path)

    def _job(self) -> Any:
        path = f"/api/jobs/{self._one(self._jobs)}"
        asked = self._chance.choice(["cancel", "resume", "rerun", "delete", *PATHS[:-1]])
        if asked == "delete":
            return self._api.delete(path)
        if asked in ("cancel", "resume", "rerun"):
            answer = self._api.post(f"{path}/{asked}")
            return _added(self._jobs, "job_id", answer) if asked == "rerun" else answer
        return self._api.get(path + asked)

    def _one(self, of: list[str]) -> str:
        return self._chance.choice(of or ["none"])


def _added(to: list[str], name: str, answer: Any) -> Any:
    if answer.status_code == 201:
        to[:] = [*to[1 - MOST :], answer.json()[name]]
    return answer


def test_whatever_is_done_at_once_the_server_has_no_error_and_nothing_is_left_over(api, scripted, state_folder):
    jobs: list[str] = []
    uploads: list[str] = []
    with ThreadPoolExecutor(THREADS) as pool:
        acting = [pool.submit(Somebody(api, scripted, seed, jobs, uploads).act) for seed in range(THREADS)]
        assert [wrong for each in acting for wrong in each.result(PATIENCE_S)] == []
    for line in api.get("/api/jobs", params={"limit": 200}).json()["jobs"]:
        path = f"/api/jobs/{line['job_id']}"
        api.post(f"{path}/cancel")
        eventually(lambda path=path: api.delete(path).status_code == 204)
    for line in api.get("/api/uploads", params={"limit": 200}).json()["uploads"]:
        assert api.delete(f"/api/uploads/{line['id']}").status_code == 204
    for folder in ("jobs", "uploads"):
        assert [entry.name for entry in (state_folder / folder).iterdir()] == []
