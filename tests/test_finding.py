"""Analyses are found by name or path, in an order that can be seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from skyburst.contracts.blueprint import digest_of_code
from skyburst.errors import AnalysisNotFound, InvalidAnalysis, InvalidBlueprint
from skyburst.finding import Broken, Found, all_analyses, find_analysis, shipped_folder

SINGLE = "import skyburst\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, with no other analyses configured."""
    monkeypatch.delenv("SKYBURST_PATH", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(folder: Path, name: str | None = None, text: str = "") -> Path:
    """A folder with the blueprint of an analysis of that name, or with any text as its blueprint."""
    folder.mkdir(parents=True, exist_ok=True)
    described = f'blueprint = 1\nname = "{name}"\nversion = "1.0.0"\nworker = "a:b"\ncombiner = "a:c"\n'
    (folder / "blueprint.toml").write_text(text or described)
    return folder


def names_and_origins(project: Path) -> list[tuple[str, str]]:
    """Found analyses but those that are shipped, in order."""
    return [
        (entry.blueprint.name, entry.origin)
        for entry in all_analyses(project)
        if isinstance(entry, Found) and entry.origin != "shipped"
    ]


def test_analyses_are_found_in_the_project_then_where_configured_then_among_those_shipped(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project / "zebra", "in-project")
    write(project / "analyses" / "a", "in-analyses")
    write(project / "examples" / "a", "in-examples")
    write(tmp_path / "env1" / "a", "in-path")
    write(tmp_path / "env2", "path-itself")
    write(tmp_path / "listed" / "a", "in-pyproject")
    (project / "pyproject.toml").write_text('[tool.skyburst]\nanalyses = ["../listed", "missing"]\n')
    monkeypatch.setenv("SKYBURST_PATH", f"{tmp_path / 'env1'}{os.pathsep}{os.pathsep}{tmp_path / 'env2'}")
    assert names_and_origins(project) == [
        ("in-project", "project"),
        ("in-analyses", "project"),
        ("in-examples", "project"),
        ("in-path", "configured"),
        ("path-itself", "configured"),
        ("in-pyproject", "configured"),
    ]
    origins = [entry.origin for entry in all_analyses(project)]
    assert origins == sorted(origins, key=["project", "configured", "shipped"].index)


def test_the_examples_are_shipped_and_can_be_used(project: Path) -> None:
    shipped = {
        entry.blueprint.name: entry
        for entry in all_analyses(project)
        if isinstance(entry, Found) and entry.origin == "shipped"
    }
    assert {"color-depth-search", "word-statistics", "monte-carlo"} <= set(shipped)
    assert all(entry.location.parent == shipped_folder() for entry in shipped.values())
    assert find_analysis("word-statistics", project) == shipped["word-statistics"]


def test_the_nearest_of_two_of_a_name_hides_the_other(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project / "mine", "word-statistics")
    write(tmp_path / "env" / "b", "both")
    write(project / "z", "both")
    monkeypatch.setenv("SKYBURST_PATH", str(tmp_path / "env"))
    assert find_analysis("word-statistics", project).location == project / "mine"
    assert find_analysis("both", project).location == project / "z"
    assert sum(entry.blueprint.name == "both" for entry in all_analyses(project) if isinstance(entry, Found)) == 2


def test_a_folder_named_twice_is_listed_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "analyses" / "a", "once")
    (project / "link").symlink_to(project / "analyses" / "a")
    monkeypatch.setenv("SKYBURST_PATH", str(project / "analyses"))
    (project / "pyproject.toml").write_text('[tool.skyburst]\nanalyses = ["analyses"]\n')
    assert names_and_origins(project) == [("once", "project")]


def test_the_current_folder_is_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "a", "here")
    monkeypatch.chdir(project)
    assert find_analysis("here").origin == "project"
    assert find_analysis("./a").origin == "path"


def test_the_home_of_a_user_is_understood_in_the_path(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "home" / "a", "at-home")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SKYBURST_PATH", f"~no-such-user-/x{os.pathsep}~")
    assert names_and_origins(project) == [("at-home", "configured")]
    assert find_analysis("~/a", project).location == tmp_path / "home" / "a"


# Paths


def test_an_analysis_is_found_by_the_path_of_its_folder(project: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "elsewhere" / "my_analysis", "mine")
    for path in (str(folder), "../elsewhere/my_analysis", f"{folder}/"):
        found = find_analysis(path, project)
        assert (found.location, found.origin, found.blueprint.name) == (folder, "path", "mine")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("count.py", "count"),
        ("Count_Words.py", "count-words"),
        ("2nd try.py", "file-2nd-try"),
        ("ä.py", "file"),
        ("a.b.py", "a-b"),
        ("x" * 100 + ".py", "x" * 63),
    ],
)
def test_a_single_file_is_an_analysis_that_takes_any_parameters(project: Path, file: str, name: str) -> None:
    (project / file).write_text(SINGLE)
    found = find_analysis(file, project)
    assert (found.location, found.origin, found.blueprint.name) == (project / file, "path", name)
    assert found.blueprint.parameters is None
    assert found.blueprint.title == file


def test_a_job_remembers_what_its_analysis_was(project: Path) -> None:
    folder = write(project / "a", "mine")
    (project / "single.py").write_text(SINGLE)
    reference = find_analysis("mine", project).reference()
    assert (reference["name"], reference["version"], reference["location"]) == ("mine", "1.0.0", str(folder))
    assert (reference["worker"], reference["combiner"], reference["items"]) == ("a:b", "a:c", None)
    assert reference["digest"] == digest_of_code(folder)
    assert reference["blueprint"]["resources"]["attempts"] == 3
    single = find_analysis("single.py", project).reference()
    assert (single["worker"], single["combiner"]) == ("", "")
    assert single["digest"] == digest_of_code(project / "single.py")


@pytest.mark.parametrize("name", ["sub/folder", "missing.py", "./nothing", "empty"])
def test_a_path_to_no_analysis_is_refused_with_where_was_looked(project: Path, name: str) -> None:
    (project / "empty").mkdir()
    with pytest.raises(
        AnalysisNotFound, match=r"is neither a folder with a blueprint\.toml nor a Python file"
    ) as caught:
        find_analysis(name, project)
    assert f"(looked at {(project / name).resolve()})" in str(caught.value)


# What cannot be found or used


def test_a_name_that_nearly_fits_is_offered(project: Path) -> None:
    with pytest.raises(
        AnalysisNotFound, match=r"^there is no analysis 'word-statistic': did you mean 'word-statistics'\?$"
    ):
        find_analysis("word-statistic", project)


def test_a_name_like_no_other_gets_the_list(project: Path) -> None:
    write(project / "a", "mine")
    with pytest.raises(AnalysisNotFound, match=r"^there is no analysis 'zzz': there are mine, .*`skyburst analyses`"):
        find_analysis("zzz", project)


@pytest.mark.parametrize("name", ["a\0b", "~no-such-user-/x", "n" * 5_000, "\ud800"])
def test_what_cannot_even_be_a_path_is_not_found(project: Path, name: str) -> None:
    with pytest.raises(AnalysisNotFound):
        find_analysis(name, project)


def test_a_broken_blueprint_is_reported_and_the_others_are_found(project: Path) -> None:
    write(project / "a_broken", text="blueprint = 1\nname = 3\n")
    write(project / "b_newer", text="blueprint = 2\n")
    write(project / "c_torn", text="blueprint =")
    write(project / "d", "good")
    broken = [entry for entry in all_analyses(project) if isinstance(entry, Broken)]
    assert [(entry.location.name, entry.origin) for entry in broken] == [
        ("a_broken", "project"),
        ("b_newer", "project"),
        ("c_torn", "project"),
    ]
    assert all(isinstance(entry.error, InvalidBlueprint) for entry in broken)
    assert all(str(entry.location) in str(entry.error) for entry in broken)
    assert find_analysis("good", project).location == project / "d"


def test_asking_for_a_broken_analysis_says_what_is_broken(project: Path) -> None:
    write(project / "count_words", text="blueprint = 1\nname = 3\n")
    for name in ("count-words", "./count_words"):
        with pytest.raises(InvalidBlueprint, match=r"count_words/blueprint\.toml: name is 3: expected str"):
            find_analysis(name, project)


@pytest.mark.parametrize("listed", ['"folder"', "[1, 2]", "3"])
def test_a_configuration_of_another_shape_is_refused_with_its_file(project: Path, listed: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.skyburst]\nanalyses = {listed}\n")
    with pytest.raises(InvalidAnalysis, match=r'pyproject\.toml: .* expected analyses = \["FOLDER", \.\.\.\], got'):
        list(all_analyses(project))


@pytest.mark.parametrize("text", ["[tool", "[tool.skyburst]\nanalyses = [", "\ud800"])
def test_a_configuration_that_is_no_toml_is_refused_with_its_file(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidAnalysis, match=r"pyproject\.toml cannot be read for \[tool\.skyburst\]"):
        list(all_analyses(project))


def test_a_project_may_have_a_pyproject_that_says_nothing_of_skyburst(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 100\n")
    assert names_and_origins(project) == []


@contextmanager
def as_another_user() -> Iterator[None]:
    """The superuser may look into everything, so that tests of permissions need somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_folders_that_may_not_be_looked_into_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKYBURST_PATH", raising=False)
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder / "analyses" / "locked", "locked")
        write(folder / "analyses" / "open", "open")
        (folder / "examples").mkdir()
        for locked in (folder / "analyses" / "locked", folder / "examples"):
            locked.chmod(0)
        try:
            with as_another_user():
                found = names_and_origins(folder)
        finally:
            for locked in (folder / "analyses" / "locked", folder / "examples"):
                locked.chmod(0o755)
    assert found == [("open", "project")]
