"""Results are delivered whatever a command did with their folder; data is fetched from folders and buckets alike."""

from __future__ import annotations

import hashlib
import os
from unittest.mock import ANY

import pytest

from skyburst.contracts.dataset import parse_dataset
from skyburst.environments.inputs import Fetching, put_config
from skyburst.environments.results import Delivered, Refused, deliver
from skyburst.environments.workspace import Workspace, remove, words_of
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.objects import open_store


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def delivered(folder, tmp_path):
    store = open_store(tmp_path / "store", create=True)
    found = list(deliver(folder, store, "p/"))
    objects = {entry.key: store.get(entry.key) for entry in store.list("p/")}
    return found, objects


def test_files_are_delivered_with_their_checksums_and_do_not_stay_twice(folder, tmp_path):
    (folder / "a b").mkdir()
    (folder / "a b" / "ü.bin").write_bytes(b"x" * 3_000_000)
    (folder / ".hidden").write_text("h")
    (folder / "empty").touch()
    found, objects = delivered(folder, tmp_path)
    assert {entry.name: entry.size for entry in found} == {"a b/ü.bin": 3_000_000, ".hidden": 1, "empty": 0}
    assert found[1] == Delivered("a b/ü.bin", 3_000_000, hashlib.sha256(b"x" * 3_000_000).hexdigest())
    assert objects["p/a b/ü.bin"] == b"x" * 3_000_000
    assert not (folder / "a b" / "ü.bin").exists()


def test_links_that_lead_out_and_names_that_no_store_has_are_refused_and_named(folder, tmp_path):
    (tmp_path / "secret").write_text("s")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to("../secret")
    (folder / "loop").symlink_to("loop")
    (folder / "dir").symlink_to(tmp_path)
    (folder / "inside").symlink_to("real")
    (folder / "real").write_text("r")
    (folder / "back\\slash").write_text("b")
    (folder / os.fsdecode(b"bad-\xff")).write_text("b")
    (folder / "two\nlines").write_text("b")
    os.mkfifo(folder / "pipe")
    found, objects = delivered(folder, tmp_path)
    assert objects == {"p/inside": b"r", "p/real": b"r"}
    refused = {entry.name: entry.reason for entry in found if isinstance(entry, Refused)}
    assert set(refused) == {"out", "up", "loop", "dir", "back\\slash", "bad-?", "two?lines", "pipe"}
    assert "leads out of the folder" in refused["up"]


def test_a_folder_of_results_that_was_replaced_is_not_followed(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret").write_text("s")
    folder.rmdir()
    assert delivered(folder, tmp_path) == ([Refused(".", ANY)], {})
    folder.symlink_to(tmp_path / "other")
    assert delivered(folder, tmp_path) == ([Refused(".", ANY)], {})


def test_folders_that_the_command_closed_are_delivered_and_removed(folder, tmp_path):
    (folder / "closed").mkdir()
    (folder / "closed" / "x").write_text("x")
    (folder / "closed").chmod(0)
    assert [entry.name for entry in delivered(folder, tmp_path)[0]] == ["closed/x"]
    (folder / "closed").chmod(0)
    remove(folder)
    assert not folder.exists()


def fetched(items, tmp_path, fetching=None):
    target = tmp_path / "inputs"
    target.mkdir()
    fetching = fetching or Fetching(link=False, stop=lambda: None)
    found = list(fetching.data(parse_dataset(items, 0), target))
    return found, {
        path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()
    }


def test_data_of_a_bucket_is_fetched_with_its_checksum(bucket, tmp_path):
    store = open_store(bucket)
    for key in ("g/inputs/a.npy", "g/inputs/session/x", "g/inputs/session/deep/y"):
        store.put(key, key.encode())
    found, files = fetched({"data": [f"{bucket}/g/inputs/a.npy", f"{bucket}/g/inputs/session"]}, tmp_path)
    assert files == {
        "a.npy": b"g/inputs/a.npy",
        "session/x": b"g/inputs/session/x",
        "session/deep/y": b"g/inputs/session/deep/y",
    }
    assert found[0] == (f"{bucket}/g/inputs/a.npy", 14, hashlib.sha256(b"g/inputs/a.npy").hexdigest())
    assert found[1].size == 41


def test_hidden_files_are_data_and_what_links_leave_out_is_said(tmp_path):
    for name in (".zgroup", "0/.zarray", "0/0.0", ".DS_Store", "0/.git/config", "0/._0.0"):
        path = tmp_path / "film.zarr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "elsewhere").write_text("x")
    (tmp_path / "film.zarr" / "inside").symlink_to("0/0.0")
    (tmp_path / "film.zarr" / "out").symlink_to("../elsewhere")
    (tmp_path / "film.zarr" / "folder").symlink_to("0")
    fetching = Fetching(link=False, stop=lambda: None)
    _, files = fetched(f"{tmp_path}/film.zarr", tmp_path, fetching)
    assert files.keys() == {f"film.zarr/{name}" for name in (".zgroup", "0/.zarray", "0/0.0", "inside")}
    start = f"left out: {tmp_path.resolve()}/film.zarr"
    assert [line.partition(" is a link")[0] for line in fetching.said()] == [f"{start}/folder", f"{start}/out"]


def test_files_of_two_folders_in_one_place_are_refused_when_they_have_one_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    with pytest.raises(InvalidItems, match=r"'x' in .*two has the name of another file"):
        fetched({"data": [f"{tmp_path}/one/", f"{tmp_path}/two/"], "name": "n"}, tmp_path)


def test_data_and_configs_that_are_not_there_are_named(tmp_path):
    with pytest.raises((ObjectNotFound, InvalidItems), match=r"there is no file or folder .*nowhere"):
        fetched(str(tmp_path / "nowhere"), tmp_path)
    dataset = parse_dataset({"name": "n", "config_file": str(tmp_path / "none.yaml")}, 0)
    with pytest.raises((ObjectNotFound, InvalidItems), match=r"none\.yaml"):
        put_config(dataset, {}, tmp_path, analysis="a", group=None)


def test_words_that_name_files_of_the_analysis_are_absolute_and_others_stay(tmp_path):
    (tmp_path / "run.sh").write_text("#!/usr/bin/env -S bash -e\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "fit.py").touch()
    words = words_of(["./run.sh", "sub/fit.py", "--out", "sub", "../x", "/etc/passwd", "é" * 5_000, ""], tmp_path)
    assert words == [
        "/usr/bin/env", "-S", "bash", "-e", str(tmp_path / "run.sh"), str(tmp_path / "sub" / "fit.py"), "--out", "sub", "../x",
        "/etc/passwd", "é" * 5_000, "",
    ]  # fmt: skip
    (tmp_path / "run.sh").chmod(0o755)
    assert words_of(["run.sh"], tmp_path) == [str(tmp_path / "run.sh")]


def test_programs_are_made_so_that_paths_with_spaces_and_quotes_run(tmp_path):
    root = tmp_path / "it's a place"
    root.mkdir()
    workspace = Workspace(root)
    workspace.put_helpers("/no/py'thon")
    assert "'/no/py'\\''thon'" in (workspace["bin"] / "skyburst-env").read_text()
    assert (workspace["bin"] / "workflow.sh").is_file()
