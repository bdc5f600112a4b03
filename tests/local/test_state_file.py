"""The file of the task table: old, new, damaged and shared."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from skyburst.errors import StorageError, StorageFull
from skyburst.homes.local.home import LocalHome
from skyburst.homes.local.task_table import FORMAT, LAYOUT, SqliteTaskTable
from skyburst.sqlite_file import errors
from tests.contracts.records import a_job, an_outcome
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize(("version", "age"), [(1, "an older"), (FORMAT + 1, "a newer")])
def test_a_file_of_another_format_is_refused_and_left_alone(tmp_path: Path, version: int, age: str) -> None:
    path = tmp_path / "state.sqlite"
    SqliteTaskTable(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(
        StorageError, match=rf"state\.sqlite was written by {age} skyburst \(format {version}\): use that one"
    ):
        SqliteTaskTable(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    connection.close()


def test_a_file_of_format_2_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    table = SqliteTaskTable(path)
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, delivery=None)])
    for column in ("lane", "sent_at", "cold_s", "token"):
        table._connection.execute(f"ALTER TABLE batches DROP COLUMN {column}")
    table._connection.execute("PRAGMA user_version = 2")
    table.close()
    for _ in range(2):
        table = SqliteTaskTable(path)
        table.record("job-1", [an_outcome(1)])
        first, second = table.batches("job-1")
        assert (first.state, first.delivery) == ("DONE", None)
        assert second.delivery == an_outcome(1).delivery
        table.close()


@pytest.mark.parametrize(
    "content", [b"not a database, and long enough to be one" * 100, b"SQLite format 3\0" + b"\xff" * 4_000]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"^the task table .*state\.sqlite: .*(not a database|malformed)"):
        SqliteTaskTable(path)
    assert path.read_bytes() == content


def test_a_file_damaged_while_it_is_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    table = SqliteTaskTable(path)
    table.create_job(a_job())
    table.record("job-1", [an_outcome(number, b"v" * 10_000) for number in range(100)])
    table.close()
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 400_000)
    table = SqliteTaskTable(path)
    with pytest.raises(StorageError, match=r"^the task table .*state\.sqlite: .*malformed"):
        list(table.partial_results("job-1", 0, 100))
    table.close()


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"^the task table .*file/state\.sqlite"):
        SqliteTaskTable(tmp_path / "file" / "state.sqlite")
    with pytest.raises(StorageError, match="unable to open"):
        SqliteTaskTable(tmp_path)


def test_a_full_disk_is_told_from_other_troubles_and_loses_nothing(tmp_path: Path) -> None:
    table = SqliteTaskTable(tmp_path / "state.sqlite")
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, b"vkept")])
    (pages,) = table._connection.execute("PRAGMA page_count").fetchone()
    table._connection.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own limit has the error of a full disk
    with pytest.raises(StorageFull, match=r"the disk of .*state\.sqlite is full: free some space and resume the job"):
        table.record("job-1", [an_outcome(number, b"v" * 100_000) for number in range(1, 5)])
    assert list(table.done_ranges("job-1")) == [(0, 1)], "a group is recorded whole or not at all"
    table._connection.execute("PRAGMA max_page_count = 100000")
    assert table.record("job-1", [an_outcome(number, b"v" * 100_000) for number in range(5)]) == 4
    table.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_CANTOPEN])
def test_what_a_full_disk_makes_of_files_beside_the_file_is_told_as_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def told() -> str:
        failing = sqlite3.OperationalError("disk I/O error")
        failing.sqlite_errorcode = code
        with pytest.raises(StorageError) as raised, errors(tmp_path / "state.sqlite", LAYOUT):
            raise failing
        return str(raised.value)

    assert "disk I/O error" in told()
    full = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    assert told() == f"the disk of {tmp_path / 'state.sqlite'} is full: free some space and resume the job"


def test_many_that_open_a_new_file_at_once_share_it(tmp_path: Path) -> None:
    opened: list[SqliteTaskTable] = []
    start = threading.Barrier(6)

    def open_it() -> None:
        start.wait(PATIENCE_S)
        opened.append(SqliteTaskTable(tmp_path / "new" / "state.sqlite"))

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(opened) == 6
    opened[0].create_job(a_job())
    for table in opened:
        assert table.job("job-1").job_id == "job-1"
        table.close()


def test_every_commit_is_synchronised_to_the_disk(tmp_path: Path) -> None:
    table = SqliteTaskTable(tmp_path / "state.sqlite")
    assert table._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert table._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    table.close()


def test_a_state_folder_that_is_made_is_of_who_made_it_alone_and_one_that_is_there_stays(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    for folder, mode in ((tmp_path / "new" / "state", 0o700), (shared, 0o755)):
        home = LocalHome(folder)
        assert list(home.table.jobs()) == []
        home.close()
        assert folder.stat().st_mode & 0o777 == mode
