"""What every home of libraries promises: folders of this machine, and places in S3."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skyburst.errors import LibraryNotFound, UnreadableLibrary
from skyburst.objects import open_store
from skyburst.web.images import Size
from tests.cli.terminal import skyburst
from tests.conftest import needed

DAMAGED = {
    "damaged": "is damaged ('manifest')",
    "deep": "is damaged (it is nested deeper than the 200 levels",
    "listless": "has lost its list of items",
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library, some that are damaged, and something else."""
    folder = tmp_path_factory.mktemp("libraries")
    for words in (["generate", "made", "--images", "6"], ["build", "made/images", folder / "served" / "brains"]):
        ended = skyburst("library", *words, "--quiet", folder=folder)
        assert ended.returncode == 0, ended.stderr
    (folder / "served" / "damaged").mkdir()
    (folder / "served" / "damaged" / "library.json").write_text("{}")
    (folder / "served" / "deep").mkdir()
    (folder / "served" / "deep" / "library.json").write_text("[" * 100_000)
    shutil.copytree(folder / "served" / "brains", folder / "served" / "listless")
    shutil.rmtree(folder / "served" / "listless" / "manifests")
    (folder / "served" / "other").mkdir()
    (folder / "served" / "other" / "readme.txt").write_text("no library")
    return folder / "served"


class Offered:
    """Libraries, and where they are."""

    def __init__(self, libraries: Any, root: str, again: Any) -> None:
        self.libraries, self.root, self.again = libraries, root, again


@pytest.fixture(params=["local", "s3"])
def offered(request: pytest.FixtureRequest, built: Path) -> Iterator[Offered]:
    needed("litestar")
    if request.param == "local":
        from skyburst.web.libraries import LocalLibraries

        yield Offered(LocalLibraries([built]), str(built), None)
        return
    from skyburst.web.aws.libraries import S3Libraries

    bucket = request.getfixturevalue("bucket")
    store = open_store(f"{bucket}/some/libraries")
    for path in built.rglob("*"):
        if path.is_file():
            store.put(str(path.relative_to(built)), path)
    locations = [f"{bucket}/some/libraries", f"{bucket}/nothing"]
    own = open_store(bucket)
    yield Offered(S3Libraries(locations, own), locations[0], lambda: S3Libraries(locations, own))


def test_libraries_are_offered_with_their_counts_and_what_is_wrong_with_them(offered: Offered) -> None:
    found = {library.id: library for library in offered.libraries.all()}
    assert found.keys() == {"brains", *DAMAGED}
    brains = found["brains"]
    assert (brains.name, brains.items, brains.version, brains.problem, brains.indexed) == ("brains", 6, 1, None, False)
    assert {"width", "height"} <= brains.properties.keys()
    assert sum(brains.metadata["alignment_space"].values()) == 6
    said = found["damaged"].problem or ""
    assert said.startswith(
        "library 'damaged' cannot be used until whoever runs this server has mended it: library.json of"
    )
    assert said.endswith("restore it from a copy, or remove it and build again")


def test_a_library_is_found_by_its_id_and_by_where_it_is(offered: Offered) -> None:
    libraries = offered.libraries
    assert libraries.get("brains").items == 6
    assert libraries.location("brains") == f"{offered.root}/brains"
    assert libraries.named(f"{offered.root}/brains") == "brains"
    assert libraries.named(f"{offered.root}/other") is None
    assert libraries.named("s3://elsewhere/brains") is None
    size = libraries.size("brains")
    assert isinstance(size, Size)
    assert size == (libraries.get("brains").properties["width"], libraries.get("brains").properties["height"])


def test_there_is_no_other_library(offered: Offered) -> None:
    for name in ("other", "none", "", "../brains", "brains/images"):
        with pytest.raises(LibraryNotFound):
            offered.libraries.get(name)


def test_of_a_damaged_library_everything_that_is_asked_says_what_is_wrong_and_what_to_do(offered: Offered) -> None:
    damaged = {library.id: library for library in offered.libraries.all() if library.problem is not None}
    assert damaged.keys() == set(DAMAGED)
    for name, why in DAMAGED.items():
        said = damaged[name].problem or ""
        assert why in said
        assert "or remove it and build again" in said
        for ask in (offered.libraries.get, offered.libraries.size):
            with pytest.raises(UnreadableLibrary) as told:
                ask(name)
            assert str(told.value) == said


def test_small_pictures_are_had_by_their_names_and_nothing_else(offered: Offered, built: Path) -> None:
    picture = next((built / "brains" / "thumbnails").rglob("*.jpg"))
    key = str(picture.relative_to(built / "brains" / "thumbnails"))
    found = offered.libraries.thumbnail("brains", key)
    with found.open() as file:
        assert (file.read(), found.size) == (picture.read_bytes(), picture.stat().st_size)
    for wrong in ("../library.json", "1/none.jpg", "1", "", "/etc/passwd", "1/../../library.json"):
        with pytest.raises(LibraryNotFound):
            offered.libraries.thumbnail("brains", wrong)


# In S3 alone


def test_what_was_counted_once_is_not_read_again(bucket: str, built: Path) -> None:
    needed("litestar")
    from skyburst.web.aws.libraries import COUNTS, S3Libraries

    own, place = open_store(bucket), open_store(f"{bucket}/libraries")
    for path in (built / "brains").rglob("*"):
        if path.is_file():
            place.put(f"brains/{path.relative_to(built / 'brains')}", path)
    first = S3Libraries([f"{bucket}/libraries"], own).get("brains")
    assert len(list(own.list(COUNTS))) == 1
    place.delete(["brains/items.jsonl"])  # what is counted from
    assert S3Libraries([f"{bucket}/libraries"], own).get("brains").metadata == first.metadata


def test_what_was_read_is_believed_for_half_a_minute(bucket: str, built: Path) -> None:
    needed("litestar")
    from skyburst.web.aws.libraries import FRESH_S, S3Libraries

    now = 0.0
    libraries = S3Libraries([f"{bucket}/libraries/brains"], open_store(bucket), clock=lambda: now)
    assert libraries.all() == []
    place = open_store(f"{bucket}/libraries")
    for path in (built / "brains").rglob("*"):
        if path.is_file():
            place.put(f"brains/{path.relative_to(built / 'brains')}", path)
    assert libraries.all() == []
    now = FRESH_S + 1
    assert [library.id for library in libraries.all()] == ["brains"], "a location may be a library itself"


def test_a_library_that_is_built_anew_in_its_place_is_counted_anew(bucket: str, built: Path, tmp_path: Path) -> None:
    """It has the same name and the same version, and other items."""
    needed("litestar")
    from skyburst.web.aws.libraries import FRESH_S, S3Libraries

    for words in (["generate", "made", "--images", "3"], ["build", "made/images", "brains"]):
        ended = skyburst("library", *words, "--quiet", folder=tmp_path)
        assert ended.returncode == 0, ended.stderr
    now = 0.0
    libraries = S3Libraries([f"{bucket}/libraries"], open_store(bucket), clock=lambda: now)
    place = open_store(f"{bucket}/libraries")
    counts = []
    for folder in (built / "brains", tmp_path / "brains"):
        for path in folder.rglob("*"):
            if path.is_file():
                place.put(f"brains/{path.relative_to(folder)}", path)
        (library,) = libraries.all()
        counts.append((library.version, library.items, max(sum(one.values()) for one in library.metadata.values())))
        now += FRESH_S + 1
    assert counts == [(1, 6, 6), (1, 3, 3)]
