"""Pages of a result: the list in it, filtered, sorted, counted and cut. Pure."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skyburst.errors import InvalidQuery
from skyburst.web.documents import Results

MOST = 1_000
"""Entries of a page."""
MOST_DIGITS = 16
"""Of a number in a pointer; of very many digits Python makes no number."""
CONDITION = re.compile(r"(?P<field>[^=<>!~]{1,200}?)(?P<operator>!=|<=|>=|=|<|>|~)(?P<value>.{0,500})\Z", re.DOTALL)


Placed = tuple[int, Any]
"""An entry after its place in the whole list, from 0."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries are wanted."""

    at: Sequence[str] = ()
    """JSON Pointers of the list: the first that leads to one. A running job may have found it elsewhere than where it will be."""
    where: Sequence[str] = ()
    """Conditions that all hold, such as `image/libraryName=FlyLight`, `matchingPixels>=100`, `image/publishedName~VT*`."""
    sort: Sequence[str] = ()
    """Fields, the most important first; `-` before one for the largest first. Entries that are equal stay in order."""
    per: str | None = None
    """Field of whose values each is shown `most_per` times at most, such as `image/publishedName`."""
    most_per: int = 1
    count: Sequence[str] = ()
    """Fields whose values are counted."""
    offset: int = 0
    limit: int = 30


def page(value: Any, query: Query, *, complete: bool = True) -> Results:
    """A page of the list that a result is, or has.

    Raises:
        InvalidQuery: when there is no such list, or a condition cannot be read.
    """
    at, entries = _list(value, query.at)
    if not 1 <= query.limit <= MOST or query.offset < 0 or query.most_per < 1:
        raise InvalidQuery(f"limit is 1 to {MOST:,}, offset from 0, most_per from 1", "limit")
    matching: list[Placed] = list(enumerate(entries))
    for condition in query.where:
        matching = _filtered(matching, condition)
    for field in reversed(query.sort):
        matching = _sorted(matching, field)
    if query.per:
        matching = _few_of_each(matching, query.per, query.most_per)
    counts = {field: _counted(matching, field) for field in query.count}
    shown = matching[query.offset : query.offset + query.limit]
    return Results(
        at=at, total=len(entries), matching=len(matching), offset=query.offset, entries=[entry for _, entry in shown],
        places=[place for place, _ in shown], counts=counts, complete=complete,
    )  # fmt: skip


def field_of(entry: Any, path: str) -> Any:
    """What an entry has at a path such as `image/libraryName`; None when there is nothing."""
    for step in path.split("/"):
        if not isinstance(entry, Mapping):
            return None
        entry = entry.get(step)
    return entry


def _list(value: Any, pointers: Sequence[str]) -> tuple[str, list[Any]]:
    if not pointers:
        if isinstance(value, list):
            return "", value
        lists = [name for name, part in value.items() if isinstance(part, list)] if isinstance(value, dict) else []
        if len(lists) != 1:
            has = f"it has {', '.join(lists)}" if lists else "it has none"
            raise InvalidQuery(f"at is missing: say which list of the result is meant; {has}", "at")
        return f"/{_escaped(lists[0])}", value[lists[0]]
    for at in pointers[:-1]:
        try:
            return at, _list_at(value, at)
        except InvalidQuery:
            continue
    return pointers[-1], _list_at(value, pointers[-1])


def _list_at(value: Any, at: str) -> list[Any]:
    found = value
    for step in at.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and len(name) < MOST_DIGITS and int(name) < len(found):
            found = found[int(name)]
        else:
            raise InvalidQuery(f"at is {at!r}: the result has nothing there", "at")
    if not isinstance(found, list) or (at and not at.startswith("/")):
        raise InvalidQuery(f"at is {at!r}: expected the JSON Pointer of a list of the result, such as /results", "at")
    return found


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _filtered(entries: list[Placed], condition: str) -> list[Placed]:
    found = CONDITION.match(condition)
    if found is None:
        raise InvalidQuery(
            f"where is {condition!r}: expected a field, one of = != < <= > >= ~, and a value, such as score>=20 or name~VT*",
            "where",
        )
    field, operator, value = found["field"], found["operator"], found["value"]
    if operator == "~":
        # Of patterns only * and ?, which cannot take for ever as a regular expression can.
        pattern = value if set(value) & set("*?") else f"*{value}*"
        matches = re.compile(fnmatch.translate(re.sub(r"([\[\]])", r"[\1]", pattern.lower()))).match
        return [one for one in entries if matches(_text(field_of(one[1], field)).lower())]
    if operator in ("=", "!="):
        return [one for one in entries if (_text(field_of(one[1], field)) == value) is (operator == "=")]
    try:
        bound = float(value)
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise InvalidQuery(f"where is {condition!r}: expected a number after {operator}", "where")
    numbers = ((one, field_of(one[1], field)) for one in entries)
    return [one for one, number in numbers if _is_number(number) and _compared(number, operator, bound)]


def _compared(number: float, operator: str, bound: float) -> bool:
    return {"<": number < bound, "<=": number <= bound, ">": number > bound, ">=": number >= bound}[operator]


def _sorted(entries: list[Placed], field: str) -> list[Placed]:
    largest_first = field.startswith("-")
    path = field.removeprefix("-")

    def key(one: Placed) -> tuple[bool, float, str]:
        value = field_of(one[1], path)
        if _is_number(value):
            return True, value, ""
        return value is not None, math.inf, _text(value).lower()

    have = [one for one in entries if field_of(one[1], path) is not None]
    have_not = [one for one in entries if field_of(one[1], path) is None]  # always last
    return sorted(have, key=key, reverse=largest_first) + have_not


def _few_of_each(entries: Iterable[Placed], field: str, most: int) -> list[Placed]:
    seen: Counter[str] = Counter()
    kept = []
    for one in entries:
        value = field_of(one[1], field)
        seen[_text(value)] += 1
        if value is None or seen[_text(value)] <= most:
            kept.append(one)
    return kept


def _counted(entries: Iterable[Placed], field: str) -> dict[str, int]:
    return dict(Counter(_text(field_of(entry, field)) for _, entry in entries).most_common(MOST))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(value)
