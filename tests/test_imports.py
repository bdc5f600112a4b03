"""What is imported when: cold starts stay short, and the framework stands alone."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

SKYBURST = Path(__file__).resolve().parent.parent / "skyburst"
HEAVY = {"numpy", "PIL", "click", "rich", "jsonschema", "obstore", "filelock", "psutil", "platformdirs"}


def imported_by(code: str) -> set[str]:
    """Top-level packages in a fresh process after running some code."""
    listing = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{listing}"], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return set(json.loads(ran.stdout))


def test_importing_the_package_imports_the_standard_library_only() -> None:
    assert not imported_by("import skyburst") & (HEAVY | {"msgspec"})


def test_a_folder_of_this_machine_is_read_and_written_with_the_standard_library_only(tmp_path: Path) -> None:
    use = (
        f"import skyburst; folder = skyburst.open_folder({str(tmp_path)!r}); folder.write('a/b', b'data')\n"
        "assert folder.read(next(folder.files()).name) == b'data'; folder.read_ranges('a/b', [(0, 2)])"
    )
    assert not imported_by(use) & (HEAVY | {"msgspec"})


def test_a_worker_process_starts_without_anything_heavy() -> None:
    assert not imported_by("import skyburst.homes.local.worker_process") & HEAVY


def test_the_task_table_in_dynamodb_is_imported_without_anything_heavy() -> None:
    assert not imported_by("import skyburst.homes.aws.task_table") & {*HEAVY, "boto3", "urllib3"}


@pytest.mark.parametrize("path", sorted(SKYBURST.rglob("*.py")), ids=lambda path: str(path.relative_to(SKYBURST)))
def test_the_framework_imports_no_analysis(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            names = [node.module or ""]
        assert not any(name.split(".")[0] in ("examples", "tests", "benchmarks") for name in names)
