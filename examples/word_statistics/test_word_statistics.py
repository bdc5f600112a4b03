"""What the analysis promises, on real files and through a real job."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skyburst

from .combiner import statistics
from .items import list_ranges, text_files
from .words import count_words, read_range

ANALYSIS = Path(__file__).parent
TEXTS = {
    "english.txt": "The cat's mat. The CAT sat; the mat didn't.\n" * 40,
    "deep/er/français.md": "L’été, l'e\u0301te\u0301 — cœur, naïve Œuvre\u00a0été\n" * 30,
    "deep/हिन्दी.txt": "नमस्ते दुनिया। नमस्ते\n" * 20,
    "empty.txt": "",
    "picture.png": "not a text",
}


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the jobs of tests apart from yours."""
    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path / "state"))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run(texts: Path, **parameters: Any) -> skyburst.Result:
    return skyburst.run(str(ANALYSIS), parameters={"texts": str(texts), **parameters})


def counts_in(result: skyburst.Result) -> dict[str, int]:
    lines = result.files["words.csv"].read_text(encoding="utf-8").splitlines()
    return {word: int(times) for word, times in (line.rsplit(",", 1) for line in lines[1:])}


def test_a_job_counts_what_counting_the_whole_texts_counts(texts: Path) -> None:
    expected = sum((count_words(text) for name, text in TEXTS.items() if name != "picture.png"), Counter())
    result = run(texts, range_bytes=7, most_frequent=3)
    assert result.state is skyburst.JobState.SUCCEEDED
    assert counts_in(result) == expected
    assert result.value["words"] == expected.total()
    assert result.value["different_words"] == len(expected)
    assert list(result.value["most_frequent"].items()) == [("the", 120), ("mat", 80), ("l'été", 60)]
    assert not result.item_errors


def test_a_file_that_is_no_text_is_reported_and_the_others_are_counted(texts: Path) -> None:
    (texts / "broken.txt").write_bytes(b"caf\xe9 au lait")
    result = run(texts)
    assert [entry["item"]["file"] for entry in result.item_errors] == ["broken.txt"]
    assert result.value["most_frequent"]["the"] == 120


def test_a_single_file_can_be_counted_and_short_words_left_out(texts: Path) -> None:
    assert counts_in(run(texts / "english.txt", least_letters=4)) == {"cat's": 40, "didn't": 40}


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(skyburst.JobFailed, match="there are no items for these parameters"):
        run(tmp_path / "none")


def test_files_are_listed_in_order_and_links_to_folders_are_not_followed(texts: Path) -> None:
    (texts / "deep" / "round").symlink_to(texts)
    names = [file.name for file in text_files(skyburst.open_folder(texts))]
    assert names == ["deep/er/français.md", "deep/हिन्दी.txt", "empty.txt", "english.txt"]


def test_ranges_cover_every_byte_once(texts: Path) -> None:
    parameters = {"texts": str(texts), "range_bytes": 100}
    covered: Counter[str] = Counter()
    for item in list_ranges(parameters, skyburst.ItemsContext(job_id="test")):
        assert item["start"] == covered[item["file"]]
        covered[item["file"]] = item["end"]
    assert covered == {file.name: file.size for file in text_files(skyburst.open_folder(texts)) if file.size}


@given(text=st.text(st.sampled_from("ab é’'\n\u3000नि𝒳.")), size=st.integers(1, 12))
def test_words_across_borders_are_counted_once(text: str, size: int) -> None:
    data = text.encode()
    parts = [
        count_words(read_range(io.BytesIO(data), start, min(start + size, len(data))).decode())
        for start in range(0, len(data), size)
    ]
    assert sum(parts, Counter()) == count_words(text)


@given(st.text())
def test_words_are_the_same_however_accents_are_encoded_and_whatever_the_case(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert count_words(decomposed) == count_words(text)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9)), max_size=6), st.integers(0, 6))
def test_combining_in_groups_gives_what_combining_at_once_gives(counts: list[dict[str, int]], cut: int) -> None:
    def combine(values: list[Any]) -> Any:
        return statistics(skyburst.PartialResult.of(value) for value in values)

    assert combine([combine(counts[:cut]), combine(counts[cut:])]) == combine(counts)
