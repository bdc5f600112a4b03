"""What a job on AWS is given from this machine: uploaded once, whole, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.environments.inputs import look_again
from skyburst.errors import InvalidJob
from skyburst.homes.aws import uploads as module
from skyburst.homes.aws.uploads import Uploads
from skyburst.library import Description, build_library, open_library
from skyburst.manifest import ItemReader
from skyburst.objects import ObjectStore, open_store


class Shown:
    """Notes what is shown of uploads."""

    def __init__(self) -> None:
        self.counts: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def __call__(self, what: str) -> Any:
        yield lambda done, total: self.counts.setdefault(what, []).append((done, total))


@pytest.fixture
def objects(bucket: str) -> ObjectStore:
    return open_store(bucket)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my texts"
    for name in ("a.txt", "deep/er/ä & ö.txt", "empty.txt", ".hidden/x", "deep/.DS_Store", "deep/._a", ".git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("" if name.startswith("empty") else name)
    return folder


def keys(objects: ObjectStore) -> list[str]:
    return sorted(info.key for info in objects.list())


def test_a_folder_is_uploaded_under_its_content_and_reads_as_it_does_here(objects: ObjectStore, folder: Path) -> None:
    shown = Shown()
    url = Uploads(objects, shown).upload("parameters.texts", folder)
    assert url.startswith(f"{objects.location}/uploads/")
    assert url.endswith("/my_texts")
    here, there = skyburst.open_folder(folder), skyburst.open_folder(url)
    names = ["a.txt", "deep/er/ä & ö.txt", "empty.txt"]
    assert [file[:2] for file in there.files()] == [file[:2] for file in here.files()]
    assert [file.name for file in there.files()] == names
    assert [there.read(name) for name in names] == [here.read(name) for name in names]
    assert sorted(file.name for file in there.files(hidden=True)) == [".hidden/x", *names]
    counts = [(done, 4) for done in range(5)]
    assert shown.counts == {"files read": counts, "files uploaded": counts}


def test_a_store_whose_shape_is_in_hidden_files_is_the_same_data_there_and_here(
    objects: ObjectStore, tmp_path: Path
) -> None:
    for name in (".zgroup", "movie/.zarray", "movie/.zattrs", "movie/0.0", ".DS_Store", "movie/._0.0"):
        path = tmp_path / "film.zarr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    here, there = (
        look_again(str(tmp_path / "film.zarr")),
        look_again(Uploads(objects).upload("x", tmp_path / "film.zarr")),
    )
    assert here[1:] == there[1:]
    assert here.size == len(".zgroupmovie/.zarraymovie/.zattrsmovie/0.0")


def test_what_is_there_is_not_uploaded_again_and_what_was_interrupted_goes_on(
    objects: ObjectStore, folder: Path
) -> None:
    shown = Shown()
    uploads = Uploads(objects, shown)
    url = uploads.upload("parameters.texts", folder)
    before = keys(objects)
    shown.counts.clear()
    assert uploads.upload("parameters.texts", folder) == url
    assert "files uploaded" not in shown.counts
    objects.delete([before[1]])
    assert uploads.upload("parameters.texts", folder) == url
    assert shown.counts["files uploaded"] == [(0, 1), (1, 1)]
    assert keys(objects) == before
    (folder / "a.txt").write_text("A.TXT")
    assert uploads.upload("parameters.texts", folder) != url


def test_a_library_is_uploaded_whole_and_opens_there(objects: ObjectStore, folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "my library"
    build_library(folder, library, lambda: lambda _: Description(), analysis="any", processes=1)
    url = Uploads(objects).upload("parameters.library", library)
    assert url.endswith("/my_library")
    there, here = open_library(url), open_library(library)
    assert there.manifest.digest == here.manifest.digest
    [item, *_] = ItemReader(there.manifest).read(0, there.count)
    assert skyburst.open_folder(url).read(item["key"]) == (library / item["key"]).read_bytes()


def test_links_that_lead_out_of_a_folder_are_not_followed(objects: ObjectStore, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "above").symlink_to(tmp_path)
    url = Uploads(objects).upload("parameters.texts", folder)
    assert [file.name for file in skyburst.open_folder(url).files()] == ["a.txt", "deep/er/ä & ö.txt", "empty.txt"]
    assert not any(objects.get(key) == b"secret" for key in keys(objects))


def test_an_empty_folder_is_an_empty_folder_there_too(objects: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    url = Uploads(objects).upload("parameters.texts", tmp_path / "none")
    assert list(skyburst.open_folder(url).files()) == []


def test_a_file_that_is_changed_while_it_is_uploaded_is_not_taken_for_what_it_was(
    objects: ObjectStore, folder: Path
) -> None:
    @contextmanager
    def changing(what: str) -> Iterator[Callable[[int, int], None]]:
        if what == "files uploaded":
            (folder / "a.txt").write_text("A.TXT")
        yield lambda _done, _total: None

    with pytest.raises(InvalidJob, match=r"a\.txt was changed while it was uploaded"):
        Uploads(objects, changing).upload("parameters.texts", folder)
    assert not any(key.endswith("a.txt") for key in keys(objects))


@pytest.mark.parametrize(("limit", "most"), [("MOST_BYTES", 3), ("MOST_FILES", 2)])
def test_a_folder_that_is_too_large_is_refused_with_the_command_that_uploads_it(
    objects: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(module, limit, most)
    refused = (
        f"aws s3 sync '{folder}' {objects.location}/inputs/my_texts`, and named by {objects.location}/inputs/my_texts"
    )
    with pytest.raises(InvalidJob) as error:
        Uploads(objects).upload("parameters.texts", folder)
    assert str(error.value).startswith(f"parameters.texts is the folder {folder}, and folders of more than")
    assert refused in str(error.value)
    assert keys(objects) == []


@pytest.mark.parametrize(
    "spoil",
    [lambda folder: (folder / "back\\slash.txt").touch(), lambda folder: (folder / "a#1").touch()],
    ids=["backslash", "number"],
)
def test_a_name_that_no_bucket_can_hold_is_told(
    objects: ObjectStore, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)
    with pytest.raises(InvalidJob, match=r"parameters\.texts is .*my texts, which cannot be uploaded: .* is not a key"):
        Uploads(objects).upload("parameters.texts", folder)
