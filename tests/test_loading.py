"""The code of analyses is loaded apart from one another; what is missing is named, and what the code raises is its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from skyburst.analysis import Combiner, Worker
from skyburst.errors import InvalidAnalysis
from skyburst.loading import load_code, load_function

WORKER = """
import skyburst

@skyburst.worker
def count(batch):
    return len(batch.items)

total = skyburst.combiners.total()
"""


@pytest.fixture(autouse=True)
def modules_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, **modules: str) -> Path:
    """Files of a folder by name: `below__search` is `below/search.py`."""
    for name, text in modules.items():
        path = folder / f"{name.replace('__', '/') if not name.startswith('__') else name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def test_the_functions_of_an_analysis_are_loaded(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain", work=WORKER, listing="def list_items(parameters, context):\n    return [1]\n")
    code = load_code(str(folder), "work:count", "work:total", "listing:list_items")
    assert isinstance(code.worker, Worker)
    assert isinstance(code.combiner, Combiner)
    assert code.items is not None
    assert code.items({}, None) == [1]
    assert load_code(str(folder), "work:count", "work:total", None).items is None


def test_the_functions_of_a_second_stage_are_loaded_or_what_is_wrong_is_named(tmp_path: Path) -> None:
    more = "def tasks(value, context): ...\ndef compare(task, context): ...\ndef merge(value, results): ...\n"
    folder = str(write(tmp_path / "staged", work=WORKER + more))
    stage = {"tasks": "work:tasks", "worker": "work:compare", "merge": "work:tasks"}
    with pytest.raises(InvalidAnalysis, match=r"what merges a second stage must take \(value, results, context\)"):
        load_code(folder, "work:count", "work:total", None, {**stage, "merge": "work:merge"})
    with pytest.raises(InvalidAnalysis, match=r"work:sort: .* has no 'sort'"):
        load_code(folder, "work:count", "work:total", None, {**stage, "worker": "work:sort"})
    assert load_code(folder, "work:count", "work:total", None).second_stage is None


@pytest.mark.parametrize("packages", [False, True], ids=["folders", "packages"])
def test_two_analyses_may_have_modules_of_the_same_name(tmp_path: Path, packages: bool) -> None:
    folders = []
    for name in ("first", "second"):
        helper = f"NAME = {name!r}\n"
        search = "from .helper import NAME\nfrom . import helper\ndef search(): return NAME, helper.NAME\n"
        folder = write(tmp_path / name / "analysis", helper=helper, search=search)
        folders.append(write(folder, __init__=f"KIND = {name!r}\n") if packages else folder)
    first, second = (load_function(folder, "search:search") for folder in folders)
    assert (first(), second()) == (("first", "first"), ("second", "second"))
    assert "search" not in sys.modules
    assert "helper" not in sys.modules


def test_the_package_of_an_analysis_can_be_used_from_within(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "my-analysis", __init__="KIND = 'mine'\n", search="from . import KIND\ndef f(): return KIND\n"
    )
    assert load_function(folder, "search:f")() == "mine"


def test_modules_of_sub_folders_are_named_with_dots(tmp_path: Path) -> None:
    folder = write(tmp_path / "deep", below__search="from ..top import X\ndef f(): return X\n", top="X = 5\n")
    assert load_function(folder, "below.search:f")() == 5


@pytest.mark.parametrize("name", ["word-statistics", "with space", "dots.in.name", "1digit", "ä"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / name, search="from .helper import X\ndef f(): return X\n", helper="X = 5\n")
    assert load_function(folder, "search:f")() == 5


def test_code_is_run_once_however_often_it_is_loaded(tmp_path: Path) -> None:
    folder = write(tmp_path / "once", search="def f(): return 1\n")
    assert load_function(folder, "search:f") is load_function(folder, "search:f")
    assert load_function(folder, "search:f") is load_function(tmp_path / "x" / ".." / "once", "search:f")


@pytest.mark.parametrize("reference", ["missing:f", "missing.deeper:f", "search.deeper:f", "below.missing:f"])
def test_a_missing_module_is_named_with_its_folder(tmp_path: Path, reference: str) -> None:
    folder = write(tmp_path / "code", search="def f(): return 1\n", below__other="")
    with pytest.raises(InvalidAnalysis) as caught:
        load_function(folder, reference)
    module = reference.partition(":")[0]
    assert str(caught.value) == f"{reference}: there is no module {module!r} in {folder}"


def test_a_missing_function_is_named_with_its_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", search="def f(): return 1\n")
    with pytest.raises(InvalidAnalysis, match=r"^search:g: .*/code/search\.py has no 'g'$"):
        load_function(folder, "search:g")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidAnalysis, match=r"^the analysis' folder .*/nowhere does not exist$"):
        load_function(tmp_path / "nowhere", "search:f")


def test_functions_without_their_decorators_are_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain", work=WORKER + "def bare(batch): return 1\n")
    with pytest.raises(InvalidAnalysis, match=r"^work:bare in .* is not a worker: decorate it with @skyburst\.worker"):
        load_code(str(folder), "work:bare", "work:total", None)
    with pytest.raises(
        InvalidAnalysis, match=r"^work:bare in .* is not a combiner: .*@skyburst\.combiner, or .*combiners"
    ):
        load_code(str(folder), "work:count", "work:bare", None)
    with pytest.raises(InvalidAnalysis, match=r"work:total .* is not a worker"):
        load_code(str(folder), "work:total", "work:count", None)


WRONG: list[tuple[str, type[Exception], str]] = [
    ("import no_such_module\n", ModuleNotFoundError, "no_such_module"),
    ("1 / 0\n", ZeroDivisionError, "division by zero"),
    ("def f(:\n", SyntaxError, "invalid syntax"),
    ("import skyburst\nskyburst.worker(lambda: 1)\n", InvalidAnalysis, "a worker must take"),
]
WRONG_NEIGHBOUR: list[tuple[str, type[Exception], str]] = [
    ("from .no_such_neighbour import x\n", ModuleNotFoundError, "no_such_neighbour"),
    ("from .helper import missing\n", ImportError, "cannot import name 'missing'"),
]


@pytest.mark.parametrize("module", ["search", "__init__"])
@pytest.mark.parametrize(("code", "error", "message"), WRONG + WRONG_NEIGHBOUR)
def test_errors_inside_the_code_are_the_codes_own(
    tmp_path: Path, module: str, code: str, error: type[Exception], message: str
) -> None:
    folder = write(tmp_path / "code", search="def f(): return 1\n", helper="")
    write(folder, **{module: code})
    for _ in range(2):  # the second attempt must not find the remains of the first
        with pytest.raises(error, match=message):
            load_function(folder, "search:f")


@pytest.mark.parametrize(("code", "error", "message"), WRONG)
def test_errors_inside_a_single_file_are_its_own(
    tmp_path: Path, code: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "single.py").write_text(code)
    for _ in range(2):
        with pytest.raises(error, match=message):
            load_code(str(tmp_path / "single.py"), "", "", None)


def test_code_that_was_mended_can_be_loaded(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", search="1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        load_function(folder, "search:f")
    write(folder, search="def f(): return 'mended at last'\n")
    assert load_function(folder, "search:f")() == "mended at last"


# Single files


def test_a_single_file_has_its_worker_and_its_combiner(tmp_path: Path) -> None:
    write(tmp_path, analysis="from neighbour import X\n" + WORKER, neighbour="X = 1\n")
    code = load_code(str(tmp_path / "analysis.py"), "", "", None)
    assert (code.worker.__name__, code.combiner.associative, code.items) == ("count", True, None)


def test_two_single_files_of_the_same_name_are_two_analyses(tmp_path: Path) -> None:
    codes = [
        load_code(str(write(tmp_path / name, analysis=WORKER.replace("count", name)) / "analysis.py"), "", "", None)
        for name in ("first", "second")
    ]
    assert [code.worker.__name__ for code in codes] == ["first", "second"]


def test_a_worker_with_two_names_is_one_worker(tmp_path: Path) -> None:
    write(tmp_path, analysis=WORKER + "alias = count\n")
    assert load_code(str(tmp_path / "analysis.py"), "", "", None).worker.__name__ == "count"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", r"analysis\.py has 0 workers: a single file needs exactly one made with @skyburst\.worker$"),
        (WORKER.replace("total =", "_ = lambda:"), r"has 0 combiners: .*@skyburst\.combiner or skyburst\.combiners$"),
        (WORKER + "second = skyburst.worker(lambda batch: 1)\n", r"has 2 workers"),
        (WORKER + "second = skyburst.combiners.count()\n", r"has 2 combiners"),
    ],
)
def test_a_single_file_without_exactly_one_of_each_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, analysis=text)
    with pytest.raises(InvalidAnalysis, match=message):
        load_code(str(tmp_path / "analysis.py"), "", "", None)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InvalidAnalysis, match=r"notes\.txt is not a Python file"):
        load_code(str(tmp_path / "notes.txt"), "", "", None)
