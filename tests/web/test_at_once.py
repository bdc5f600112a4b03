"""Jobs that are deleted at the very moment at which something is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

from tests.waiting import PATIENCE_S
from tests.web.conftest import wait_for

JOBS = 10
ARCHIVE = "/files.zip"
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
                    assert broken_off or answer.json()["code"] in ("job_not_found", "object_not_found"), answer.text
            assert {answer.status_code for answer in lists.result(PATIENCE_S)} == {200}
