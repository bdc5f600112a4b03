"""Datasets as the commands about jobs show them."""

from __future__ import annotations

import json

import pytest

from skyburst.cli.main import run_program
from skyburst.cli.specification import LIMITS

SCRIPT = """
echo "seen $SKYBURST_DATASET"
echo "value of $SKYBURST_DATASET" > "$SKYBURST_RESULTS/value.txt"
[ "$SKYBURST_DATASET" != b.txt ] || { echo "no luck" >&2; exit 6; }
"""


@pytest.fixture
def program(capsys):
    def run(*words):
        code = run_program([str(word) for word in words])
        said = capsys.readouterr()
        return int(code), said.out, said.err

    return run


def test_a_job_of_datasets_is_run_and_looked_at(program, analysis, data, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    folder, out = analysis(SCRIPT), tmp_path / "out"
    items = json.dumps([str(data / "a.txt"), str(data / "b.txt"), {"data": str(data / "session"), "name": "a.txt"}])
    code, _, err = program("run", folder, "--items", items, "--output", out)
    assert code == 1
    assert "batch 1 (item 1): CommandFailed: its command ended with exit code 6" in err
    assert f"3 files of 3 datasets in {out}" in err
    copied = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("value.txt")}
    assert copied == {
        "a.txt-0/value.txt": "value of a.txt\n",
        "b.txt/value.txt": "value of b.txt\n",
        "a.txt-2/value.txt": "value of a.txt\n",
    }
    _, out_text, _ = program("status", "last")
    rows = [line.split()[:4] for line in out_text.partition("dataset  ")[2].splitlines() if line.strip()[:1].isdigit()]
    assert [row[:3] for row in rows] == [
        ["0", "a.txt", "SUCCEEDED"],
        ["1", "b.txt", "FAILED"],
        ["2", "a.txt", "SUCCEEDED"],
    ]
    document = json.loads(program("status", "last", "--json")[1])
    assert [entry["exit_code"] for entry in document["datasets"]] == [0, 6, 0]
    _, logs, _ = program("logs", "last")
    assert "== dataset 1, b.txt: FAILED, exit code 6, attempt 1\n" in logs
    assert "seen b.txt\n" in logs
    assert "-- FAILED: its command ended with exit code 6\n" in logs
    _, one, _ = program("logs", "last", "--dataset", "b.txt", "--json")
    assert {"err"} < {json.loads(line)["stream"] for line in one.splitlines()}
    _, followed, _ = program("logs", "last", "--follow")
    assert followed.count("a.txt: seen a.txt\n") == 2
    code, _, err = program("logs", "last", "--dataset", "a.txt")
    assert (code, "has 2 datasets 'a.txt': give the number of one, such as 0, 2" in err) == (2, True)
    code, _, err = program("logs", "last", "--dataset", "7")
    assert (code, "its datasets are 0 to 2" in err) == (2, True)


def test_a_folder_or_a_url_is_a_dataset_of_a_command_and_a_list_of_items_for_others(analysis, data, tmp_path):
    from skyburst.cli.specification import specification

    def items(given, of):
        return specification(of, {"spec": None, "items": given, "label": (), "set": (), **dict.fromkeys(LIMITS)})[
            "items"
        ]

    folder = analysis("true")
    assert items(str(data / "session"), folder) == [str(data / "session")]
    assert items("s3://b/x, s3://b/y/", folder) == ["s3://b/x", "s3://b/y/"]
    (data / "manifest.json").write_text("{}")
    assert items(str(data), folder) == {"manifest": str(data)}
    assert items("s3://b/library", "word-statistics") == {"manifest": "s3://b/library"}


def test_results_are_copied_also_when_every_dataset_failed(program, analysis, data, tmp_path):
    folder = analysis('echo x > "$SKYBURST_RESULTS/partly"; exit 1')
    assert program("run", folder, "--items", data / "a.txt", "-q")[0] == 1
    code, _, err = program("result", "last", "--output", tmp_path / "out")
    assert (code, (tmp_path / "out" / "a.txt" / "partly").read_text()) == (1, "x\n")
    assert "1 file of 1 dataset" in err


def test_what_is_no_job_of_datasets_has_none_to_show(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.py").write_text(
        "import skyburst\n@skyburst.worker\ndef w(batch):\n    return len(batch.items)\nc = skyburst.combiners.total()\n"
    )
    assert program("run", "one.py", "--items", "0:3", "-q")[0] == 0
    code, _, err = program("logs", "last", "--follow")
    assert (code, "is no command, and has no datasets" in err) == (2, True)
