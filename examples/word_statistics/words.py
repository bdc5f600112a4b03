"""Words of texts, and of parts of texts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import BinaryIO

BLANK = re.compile(rb"\s")
STEP = 64 * 1024


def read_range(file: BinaryIO, start: int, end: int) -> bytes:
    """Read the stretches between blanks that begin in bytes `[start, end)`, each to its own end.

    A stretch across a border belongs to the range that it begins in, so that every word is counted once. Bytes
    that are blank in ASCII are blank wherever they occur in UTF-8, so that no character is cut either.
    """
    if start > 0:
        file.seek(start - 1)  # a stretch begins at `start` if the byte before is blank
        data = file.read(end - start + 1)
        blank = BLANK.search(data)
        data = data[blank.end() :] if blank else b""
    else:
        data = file.read(end)
    if not data or BLANK.match(data[-1:]):
        return data
    while more := file.read(STEP):
        blank = BLANK.search(more)
        if blank:
            return data + more[: blank.start()]
        data += more
    return data


def count_words(text: str, least_letters: int = 1) -> Counter[str]:
    """Count words without regard to case, however their accents are encoded.

    A word is a run of letters, marks, digits and apostrophes inside. Letters are those of any script.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    words = (word.strip("'") for word in folded.translate(_IN_WORDS).split())
    return Counter(word for word in words if len(word) >= least_letters)


class _InWords(dict[int, str]):
    """What a character becomes: itself if it can be in a word, a blank if it can't. Filled as characters occur."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in "'’":
            kept = "'"
        elif unicodedata.category(character)[0] in "LMN":  # letters, marks, numbers
            kept = character
        else:
            kept = " "
        self[code] = kept
        return kept


_IN_WORDS = _InWords()
