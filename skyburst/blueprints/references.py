"""Whether the functions that a blueprint names exist, found by reading the code, not by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from skyburst.loading import OWN


def missing_references(code: Path, references: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with references `module:function`, one sentence each.

    Args:
        code: the folder of the analysis' modules.
        references: by the field that names them.
    """
    for field, reference in references.items():
        module, _, name = reference.partition(":")
        if module.startswith(OWN):
            continue
        path = _file_of(code, module)
        if path is None:
            yield f"{field} is {reference!r}: there is no module {module!r} in {code}"
            continue
        try:
            names = _names(ast.parse(path.read_bytes(), str(path)))
        except (SyntaxError, ValueError) as error:
            yield f"{field} is {reference!r}: {path} is no Python: {error}"
            continue
        except OSError as error:
            yield f"{field} is {reference!r}: {path} cannot be read: {error.strerror}"
            continue
        if names is not None and name not in names:
            yield f"{field} is {reference!r}: {path} has no {name!r}"


def _file_of(code: Path, module: str) -> Path | None:
    parts = module.split(".")
    if not all(parts):
        return None
    stem = code.joinpath(*parts)
    return next((path for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py") if path.is_file()), None)


def _names(module: ast.Module) -> set[str] | None:
    """Names that a module has once it is imported; None when only running it can tell."""
    found: set[str] = set()
    for statement in _statements(module.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                if alias.name == "*":
                    return None
                found.add((alias.asname or alias.name).partition(".")[0])
        else:
            found |= {
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
    return None if "__getattr__" in found else found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, also those within `if`, `try`, `with` and loops."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement
            continue
        yield statement
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)
        for case in getattr(statement, "cases", []):
            yield from _statements(case.body)
