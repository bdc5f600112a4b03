"""`items.jsonl`: the items of a library in the order in which they were added, one JSON line each.

The file is only ever appended to, and a line is written when the item's files are stored. That is the whole
memory of a build: one that was interrupted continues after the last line that holds. JSON lines rather than a
database, because libraries live on network file systems and are copied as folders. Lines of items that were
removed stay: the number of a line is the number of its item for ever.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from skyburst.contracts import values
from skyburst.errors import InvalidLibrary
from skyburst.library import layout
from skyburst.library.document import FORMAT, Library
from skyburst.library.lines import DamagedLine, Entry, Header, Item, decode_as, decode_line
from skyburst.library.removals import Removals, numbers_in


class Journal:
    """The items added so far, looked up by name or number, and the place to note the next one.

    Keeps names and positions in memory, not the items: about 200 bytes for each.
    """

    def __init__(self, folder: Path, analysis: str, library: Library | None, removals: Removals) -> None:
        """Open the journal of a library from which these were removed, or begin it.

        Raises:
            InvalidLibrary: when it is of another analysis, or damaged in the part of the complete version.
        """
        self.size_bytes = 0
        """Of the files of the items that are not removed, together."""
        self._removed = frozenset(numbers_in(removals.removed))
        self._removed_names: dict[str, int] = {}
        self._folder = folder
        self._positions = array("Q")
        self._names: dict[str, int] = {}
        path = folder / layout.JOURNAL
        complete = library.journal_bytes if library else 0
        self._file = path.open("r+b" if path.exists() else "w+b")
        try:
            self._end = self._load(analysis, complete)
            self._file.truncate(self._end)
            if self._end == 0:
                self._write(Header(format=FORMAT, analysis=analysis))
            self.removals = removals.below(self.count)
            """Without `library.json`, some may be of items that were not kept, and must not meet their successors."""
            self._removed = frozenset(numbers_in(self.removals.removed))
        except BaseException:
            self._file.close()
            raise

    @property
    def count(self) -> int:
        """Number of items, removed ones among them: the number that the next one gets."""
        return len(self._positions)

    def live(self) -> Iterator[int]:
        """Numbers of the items that are not removed, ascending."""
        return (number for number in range(self.count) if number not in self._removed)

    def item(self, number: int) -> Item:
        """The item that was added as the given one."""
        return self._entry(number).item

    def properties(self) -> dict[str, Any] | None:
        """What the items have in common; None while there are none."""
        return self._entry(0).properties if self.count else None

    def find(self, file: str) -> Item | None:
        """The item of this name, or of one that some file system takes for the same; removed ones are not found."""
        number = self._names.get(_name(file))
        return None if number is None else self.item(number)

    def meets_removed(self, file: str) -> bool:
        """True when the next item, of this name, would lie where the files of a removed item do."""
        number = self._removed_names.get(_name(file))
        return number is not None and layout.prefix_of(number) == layout.prefix_of(self.count)

    def append(self, entry: Entry) -> None:
        """Note an item whose files are stored."""
        start = self._end
        self._write(entry)
        self._remember(entry, start)

    def extent(self) -> tuple[int, str]:
        """Bytes of the journal and their SHA-256, hexadecimal."""
        self._file.seek(0)
        return self._end, hashlib.file_digest(self._file, "sha256").hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _load(self, analysis: str, complete: int) -> int:
        """Read the lines that hold; where they end.

        Lines of the complete version must hold. Those after it are of a build that was interrupted: from the
        first that is torn, or whose files a failing machine did not keep, they are done again. Removed items may
        have no files.
        """
        end = 0
        for line in self._file:
            try:
                entry = decode_line(line) if end else None
                if not end:
                    _check_header(line, analysis, self._folder)
            except DamagedLine:
                break
            if entry and end >= complete and self.count not in self._removed and not self._is_stored(entry):
                break
            if entry:
                self._remember(entry, end)
            end += len(line)
        if end < complete:
            raise InvalidLibrary(
                f"{layout.JOURNAL} of the library {self._folder} is damaged after {end} of {complete} bytes: "
                "restore it from a copy, or build the library again in another folder"
            )
        return end

    def _is_stored(self, entry: Entry) -> bool:
        paths = [(self._folder / key, size) for key, size, _ in entry.files()]
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def _remember(self, entry: Entry, start: int) -> None:
        number, name = self.count, _name(entry.item.file)
        self._positions.append(start)
        if number in self._removed:
            self._removed_names[name] = number
        else:
            self._names[name] = number
            self.size_bytes += entry.item.size_bytes

    def _entry(self, number: int) -> Entry:
        self._file.seek(self._positions[number])
        return decode_line(self._file.readline())

    def _write(self, line: Header | Entry) -> None:
        data = values.encode(msgspec.to_builtins(line)) + b"\n"
        self._file.seek(self._end)
        self._file.write(data)
        self._file.flush()
        self._end += len(data)


def _name(file: str) -> str:
    return layout.comparable(layout.item_id(file))


def _check_header(line: bytes, analysis: str, folder: Path) -> None:
    header = decode_as(line, Header)
    if header.format != FORMAT:
        raise InvalidLibrary(f"the library {folder} has the format {header.format}, and this skyburst writes {FORMAT}")
    if header.analysis != analysis:
        raise InvalidLibrary(
            f"the library {folder} was made for the analysis {header.analysis!r}, not {analysis!r}: "
            "build another library"
        )
