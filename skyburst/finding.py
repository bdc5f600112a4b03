"""Find analyses: by name among those shipped, in the project's folder and in configured paths; or by path."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyburst.blueprints.content import content_digest
from skyburst.contracts.blueprint import FILE, Blueprint, code_folder, digest_of_code, load_blueprint
from skyburst.errors import AnalysisNotFound, InvalidAnalysis, SkyburstError

PATH_VARIABLE = "SKYBURST_PATH"
"""Folders of analyses, separated as in PATH."""
LIKE_SHIPPED = ("", "analyses", "examples")
PROBE = "probe"
"""The analysis of `skyburst doctor`, which every deployment has; no other one that is deployed can have its name."""


@dataclass(frozen=True, slots=True)
class Found:
    """An analysis and where it comes from."""

    blueprint: Blueprint
    location: Path
    """The folder of its blueprint, or its single file."""
    origin: str
    """`project`, `configured`, `shipped` or `path`."""

    @property
    def code(self) -> Path:
        """The folder of its modules, which several analyses may share, or its single file."""
        return code_folder(self.location, self.blueprint)

    def reference(self) -> dict[str, Any]:
        """What a job remembers of its analysis."""
        single = self.location.is_file()
        return {
            "name": self.blueprint.name,
            "version": self.blueprint.version,
            "location": str(self.location),
            "code": str(self.code),
            "digest": digest_of_code(self.code, self.location),
            "worker": "" if single else self.blueprint.worker,
            "combiner": "" if single else self.blueprint.combiner,
            "items": self.blueprint.items,
            "blueprint": self.blueprint.document(),
            "blueprint_digest": content_digest(self.blueprint),
        }


@dataclass(frozen=True, slots=True)
class Broken:
    """A folder with a blueprint that cannot be used."""

    location: Path
    origin: str
    error: SkyburstError


def shipped_folder() -> Path:
    """The folder of the analyses that come with skyburst."""
    installed = Path(__file__).resolve().parent / "_shipped" / "examples"
    return installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "examples"


def find_probe() -> Found:
    """The analysis with which `skyburst doctor` tries a home out."""
    folder = Path(__file__).resolve().parent / "probe"
    return Found(load_blueprint(folder), folder, "shipped")


def all_analyses(project: Path | None = None) -> Iterator[Found | Broken]:
    """Every analysis that can be run by name, in the order in which names are looked up; earlier ones hide later ones."""
    seen: set[Path] = set()
    for origin, folder in _folders(project or Path.cwd()):
        for candidate in _candidates(folder):
            if candidate in seen:
                continue
            seen.add(candidate)
            try:
                yield Found(load_blueprint(candidate), candidate, origin)
            except SkyburstError as error:
                yield Broken(candidate, origin, error)


def find_analysis(name: str, project: Path | None = None) -> Found:
    """The analysis of a name, of a folder's path or of a single Python file's path.

    Raises:
        AnalysisNotFound: with the names that there are.
        InvalidBlueprint: when it is there but cannot be used.
    """
    project = project or Path.cwd()
    try:
        path = (project / Path(name).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such user's home, or not a file's name at all
        raise AnalysisNotFound(f"{name!r} is neither the name of an analysis nor a path: {error}") from error
    if path.suffix == ".py" and _is_file(path):
        return _single_file(path)
    names: list[str] = []
    for entry in all_analyses(project):
        if isinstance(entry, Broken):
            if entry.location.name.replace("_", "-") == name:
                raise entry.error
        elif entry.blueprint.name == name:
            return entry
        elif entry.blueprint.name not in names:
            names.append(entry.blueprint.name)
    if _is_file(path / FILE):
        return Found(load_blueprint(path), path, "path")
    if os.sep in name or name.endswith(".py") or _is_folder(path):
        raise AnalysisNotFound(f"{name!r} is neither a folder with a {FILE} nor a Python file (looked at {path})")
    near = difflib.get_close_matches(name, names, n=1)
    hint = (
        f"did you mean {near[0]!r}?"
        if near
        else f"there are {', '.join(names) or 'none'}; `skyburst analyses` says where"
    )
    raise AnalysisNotFound(f"there is no analysis {name!r}: {hint}")


def _single_file(path: Path) -> Found:
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in path.stem.lower()).strip("-")
    if not name or not name[0].isalpha():
        name = f"file-{name}".rstrip("-")
    blueprint = Blueprint(
        blueprint=1,
        name=name[:63],
        version="0.0.0",
        title=path.name,
        worker="file:worker",
        combiner="file:combiner",
        parameters=None,
    )
    return Found(blueprint, path, "path")


def _folders(project: Path) -> Iterator[tuple[str, Path]]:
    for below in LIKE_SHIPPED:
        yield "project", project / below
    for named in os.environ.get(PATH_VARIABLE, "").split(os.pathsep):
        if named:
            yield "configured", _expanded(named)
    for folder in _configured(project):
        yield "configured", folder
    yield "shipped", shipped_folder()


def _configured(project: Path) -> Iterator[Path]:
    """Folders named by `[tool.skyburst] analyses = [...]` in the project's pyproject.toml."""
    file = project / "pyproject.toml"
    if not file.is_file():
        return
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidAnalysis(f"{file} cannot be read for [tool.skyburst]: {error}") from error
    section = document.get("tool", {}).get("skyburst", {})
    folders = section.get("analyses", []) if isinstance(section, dict) else section
    if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
        raise InvalidAnalysis(f'{file}: [tool.skyburst] expected analyses = ["FOLDER", ...], got {folders!r}')
    for folder in folders:
        yield project / folder


def _candidates(folder: Path) -> Iterator[Path]:
    if _is_file(folder / FILE):
        yield folder.resolve()
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # there is no such folder, or it is not ours to look into
        return
    for entry in entries:
        if _is_file(entry / FILE):
            yield entry.resolve()


def _expanded(named: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError:  # ~ of a user that does not exist: a folder that does not either
        return Path(named)


def _is_file(path: Path) -> bool:
    """False also for what may not be looked at, such as other users' folders."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
