"""Load the code of an analysis, under a name of its own, so that two analyses may both have a `search.py`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from skyburst.analysis import Combiner, SecondStage, Worker
from skyburst.errors import InvalidAnalysis

PACKAGE = "skyburst_analysis_"
OWN = "skyburst.environments."
"""What the names of the engine's own modules start with, whose functions run analyses that are commands."""


@dataclass(frozen=True, slots=True)
class Code:
    """The functions of an analysis."""

    worker: Worker
    combiner: Combiner
    items: Callable[..., Any] | None
    second_stage: SecondStage | None = None


def load_code(
    location: str, worker: str, combiner: str, items: str | None, second_stage: Mapping[str, str] | None = None
) -> Code:
    """Load the functions of an analysis.

    Args:
        location: its folder, or its single file.
        worker: `module:function`; for a single file empty, the one worker that the file has.
        combiner: the same for the combiner.
        items: the same for the function that lists items, if there is one.
        second_stage: the same for the functions of the second stage by their field in the blueprint, if there is one.

    Raises:
        InvalidAnalysis: naming what is not there. Errors of the code itself are raised as they are.
    """
    path = Path(location)
    if path.is_file():
        module = _load_file(path)
        return Code(_only(module, Worker, path), _only(module, Combiner, path), None)
    loaded_worker = load_function(path, worker)
    loaded_combiner = load_function(path, combiner)
    if not isinstance(loaded_worker, Worker):
        raise InvalidAnalysis(f"{worker} in {path} is not a worker: decorate it with @skyburst.worker")
    if not isinstance(loaded_combiner, Combiner):
        raise InvalidAnalysis(
            f"{combiner} in {path} is not a combiner: decorate it with @skyburst.combiner, or make it with skyburst.combiners"
        )
    loaded_items = load_function(path, items) if items else None
    loaded_stage = load_second_stage(path, second_stage) if second_stage else None
    return Code(loaded_worker, loaded_combiner, loaded_items, loaded_stage)


def load_second_stage(folder: Path, references: Mapping[str, str]) -> SecondStage:
    """The functions of a second stage.

    Args:
        folder: of the analysis.
        references: `module:function` of each by its field in the blueprint.

    Raises:
        InvalidAnalysis: naming what is not there, or cannot be called as it will be.
    """
    tasks, worker, merge = (load_function(folder, references[field]) for field in ("tasks", "worker", "merge"))
    return SecondStage(tasks, worker, merge)


def load_function(folder: Path, reference: str) -> Any:
    """The function that `module:function` names in an analysis' folder.

    Raises:
        InvalidAnalysis: when there is no such module or function.
    """
    module_name, _, attribute = reference.partition(":")
    if module_name.startswith(OWN):
        return getattr(importlib.import_module(module_name), attribute)
    package = _load_package(folder)
    full_name = f"{package.__name__}.{module_name}"
    try:
        module = importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        if not f"{full_name}.".startswith(f"{error.name}."):
            raise  # a module that the code imports
        raise InvalidAnalysis(f"{reference}: there is no module {module_name!r} in {folder}") from error
    if not hasattr(module, attribute):
        raise InvalidAnalysis(f"{reference}: {module.__file__} has no {attribute!r}")
    return getattr(module, attribute)


def _load_package(folder: Path) -> ModuleType:
    folder = folder.resolve()
    tag = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    name = f"{PACKAGE}{folder.name.replace('-', '_')}_{tag}"
    if name in sys.modules:
        return sys.modules[name]
    if not folder.is_dir():
        raise InvalidAnalysis(f"the analysis' folder {folder} does not exist")
    start = folder / "__init__.py"
    if start.is_file():
        spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[str(folder)])
        assert spec is not None
        return _execute(spec)
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return package


def _load_file(path: Path) -> ModuleType:
    """Load a single file; like a script, it may import its neighbours."""
    path = path.resolve()
    tag = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"{PACKAGE}{path.stem}_{tag}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise InvalidAnalysis(f"{path} is not a Python file")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    return _execute(spec)


def _execute(spec: ModuleSpec) -> ModuleType:
    """Make a module; one that fails is forgotten, so that the next try runs it again."""
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _only(module: ModuleType, kind: type[Any], path: Path) -> Any:
    found = {id(entry): entry for entry in vars(module).values() if isinstance(entry, kind)}
    if len(found) != 1:
        what = kind.__name__.lower()
        raise InvalidAnalysis(
            f"{path} has {len(found)} {what}s: a single file needs exactly one made with @skyburst.{what}"
            + (" or skyburst.combiners" if kind is Combiner else "")
        )
    return next(iter(found.values()))
