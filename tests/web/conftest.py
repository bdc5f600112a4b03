"""A server of the API in this process, and one as `skyburst serve` makes it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import PROGRAM, environment, skyburst
from tests.conftest import needed
from tests.waiting import PATIENCE_S, eventually

SCRIPTED = str(Path(__file__).parents[1] / "local" / "scripted")


@pytest.fixture
def make_api(state_folder: Path) -> Iterator[Callable[..., Any]]:
    """Makes an API over the jobs of the test's state folder, and a client of it that raises nothing."""
    needed("litestar")
    from litestar.testing import TestClient

    from skyburst.homes.local.home import LocalHome
    from skyburst.web.app import make_app
    from skyburst.web.libraries import LocalLibraries
    from skyburst.web.quota import Allowed, LocalQuota
    from skyburst.web.service import Service
    from skyburst.web.uploads import LocalUploads

    clients: list[Any] = []

    def make(
        *, limit_bytes: int = 2**30, users: bool = False, paths_refused: bool = False, links: Any = None,
        offered: Any = None, **allowed: int,
    ) -> Any:  # fmt: skip
        state_folder.mkdir(parents=True, exist_ok=True)
        service = Service(
            lambda: LocalHome(state_folder), LocalUploads(state_folder / "uploads", limit_bytes),
            LocalLibraries([state_folder / "libraries"]), state_folder, LocalQuota(state_folder, Allowed(**allowed)),
            paths_refused=paths_refused, links=links, **({"offered": offered} if offered else {}),
        )  # fmt: skip
        user = (lambda request: request.headers.get("x-user")) if users else (lambda request: None)
        clients.append(TestClient(make_app(service, user=user), raise_server_exceptions=False).__enter__())
        return clients[-1]

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def api(make_api: Callable[..., Any]) -> Any:
    """An API with one user and no limits."""
    return make_api()


@pytest.fixture
def scripted() -> Callable[..., dict[str, Any]]:
    """A job whose batches do what they are told to."""

    def job(*scripts: Any, **fields: Any) -> dict[str, Any]:
        parameters = {"scripts": list(scripts)}
        return {"analysis": SCRIPTED, "batch_size": 1, "parameters": parameters, **fields}

    return job


def wait_for(api: Any, job_id: str, *states: str) -> dict[str, Any]:
    """The job, when it is in one of the states."""
    found: dict[str, Any] = eventually(
        lambda: job if (job := api.get(f"/api/jobs/{job_id}").json())["state"] in states else None,
        lambda: api.get(f"/api/jobs/{job_id}").json(), every_s=0.1,
    )  # fmt: skip
    return found


@pytest.fixture
def server(state_folder: Path) -> Iterator[str]:
    """The address that `skyburst serve` prints, with its token."""
    needed("litestar")
    command = [*PROGRAM, "serve", "--port", "0"]
    variables = environment(SKYBURST_HOME=str(state_folder))
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("open http://127.0.0.1:"), line
            yield line.removeprefix("open ").strip()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()


def complete_upload(
    api: Any, data: bytes, name: str, *, purpose: str = "image", library: str | None = None, check: bool = True
) -> Any:
    """A file that was uploaded whole; the answer to what completes it without `check`."""
    upload = api.post("/api/uploads", json={"name": name, "size": len(data), "purpose": purpose}).json()
    for part in upload["parts"]:
        api.put(part["url"], content=data[part["offset"] : part["offset"] + part["size"]])
    query = {} if library is None else {"library": library}
    answer = api.post(f"/api/uploads/{upload['id']}/complete", params=query)
    if not check:
        return answer
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="session")
def made_brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the images and masks of a small example, and the library that is built of them."""
    folder = tmp_path_factory.mktemp("brains")
    for words in (["generate", "made", "--images", "12"], ["build", "made/images", "brains"]):
        ended = skyburst("library", *words, "--quiet", folder=folder)
        assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def brains(made_brains: Path, state_folder: Path) -> Path:
    """A library that the API offers as `brains`."""
    state_folder.mkdir(parents=True, exist_ok=True)
    (state_folder / "libraries").symlink_to(made_brains)
    return made_brains / "brains"
