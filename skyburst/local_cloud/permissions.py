"""Whether IAM policies allow an action: pure functions over policy documents.

An explicit Deny wins, then any Allow, then nothing is allowed. An operator of a condition that is not known here is an
error, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

Verdict = Literal["allowed", "implicitDeny", "explicitDeny"]
Context = Mapping[str, Any]
"""Condition keys in lower case, and the values of one request."""
VARIABLE = re.compile(r"\$\{(?P<key>[\w:/.+=@-]+)(?:,\s*'(?P<default>[^']*)')?\}")

NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "NumericEquals": lambda have, want: have == want,
    "NumericNotEquals": lambda have, want: have != want,
    "NumericLessThan": lambda have, want: have < want,
    "NumericLessThanEquals": lambda have, want: have <= want,
    "NumericGreaterThan": lambda have, want: have > want,
    "NumericGreaterThanEquals": lambda have, want: have >= want,
}
TEXT: dict[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": lambda have, want: have in want,
    "StringNotEquals": lambda have, want: have not in want,
    "StringEqualsIgnoreCase": lambda have, want: have.lower() in [one.lower() for one in want],
    "StringLike": lambda have, want: any(like(one, have) for one in want),
    "StringNotLike": lambda have, want: not any(like(one, have) for one in want),
    "ArnEquals": lambda have, want: any(like(one, have) for one in want),
    "ArnLike": lambda have, want: any(like(one, have) for one in want),
    "ArnNotEquals": lambda have, want: not any(like(one, have) for one in want),
    "ArnNotLike": lambda have, want: not any(like(one, have) for one in want),
    "Bool": lambda have, want: have.lower() in [one.lower() for one in want],
}


def evaluate(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> Verdict:
    """What policies say of one action on one resource, such as `s3:GetObject` on `arn:aws:s3:::bucket/key`."""
    verdict: Verdict = "implicitDeny"
    for document in documents:
        for statement in as_list(document["Statement"]):
            if matches(statement, action, resource, context):
                if statement["Effect"] == "Deny":
                    return "explicitDeny"
                verdict = "allowed"
    return verdict


def matches(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """True when a statement is about this action, this resource and these conditions; principals are not looked at."""
    actions = [one.lower() for one in as_list(statement.get("Action", []))]
    if "Action" in statement and not any(like(one, action.lower()) for one in actions):
        return False
    if any(like(one.lower(), action.lower()) for one in as_list(statement.get("NotAction", []))):
        return False
    if "Resource" in statement and not any(fits(one, resource, context) for one in as_list(statement["Resource"])):
        return False
    if any(fits(one, resource, context) for one in as_list(statement.get("NotResource", []))):
        return False
    return conditions_met(statement.get("Condition") or {}, context)


def conditions_met(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """True when all conditions of a statement hold."""
    return all(
        _condition_met(operator, context.get(key.lower()), list(_values(wanted, context)))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition_met(operator: str, have: Any, wanted: list[str]) -> bool:
    base = operator.removesuffix("IfExists")
    quantifier, _, base = base.rpartition(":")
    if base == "Null":
        return (have is None) == (wanted[0].lower() == "true")
    test = _test(base)
    if have is None:
        return operator.endswith("IfExists") or quantifier == "ForAllValues" or "Not" in base
    results = [test(_text(one), wanted) for one in as_list(have)]
    return all(results) if quantifier == "ForAllValues" else any(results)


def _test(base: str) -> Callable[[str, list[str]], bool]:
    if base in NUMERIC:
        compare = NUMERIC[base]
        return lambda have, wanted: any(compare(float(have), float(one)) for one in wanted)
    if base not in TEXT:
        raise NotImplementedError(f"the local cloud does not know the operator {base} of an IAM condition")
    return TEXT[base]


def fits(pattern: str, text: str, context: Context) -> bool:
    """True when a text fits a pattern once its variables have their values; one whose variable is not set fits nothing."""
    filled = with_values(pattern, context)
    return filled is not None and like(filled, text)


def with_values(text: str, context: Context) -> str | None:
    """A text of a policy with the values of its variables, such as `${aws:PrincipalTag/team}`; None when one is not set."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        have = context.get(found["key"].lower(), found["default"])
        missing = missing or have is None
        return str(have)

    filled = VARIABLE.sub(value, text)
    return None if missing else filled


def _values(wanted: Any, context: Context) -> Iterator[str]:
    """What a condition is compared with; what has a variable that is not set is left out."""
    for one in as_list(wanted):
        filled = with_values(_text(one), context)
        if filled is not None:
            yield filled


def like(pattern: str, text: str) -> bool:
    """True when a text fits a pattern in which `*` stands for any characters and `?` for one."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), re.DOTALL)


def as_list(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
