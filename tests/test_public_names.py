"""The public face of the package is what it says it is."""

from __future__ import annotations

from types import ModuleType

import pytest

import skyburst

NOT_OURS = {"annotations", "TYPE_CHECKING", "Any", "LAZY"}


def test_all_lists_every_public_name_sorted() -> None:
    for name in skyburst.LAZY:
        getattr(skyburst, name)
    lazy_modules = {name for name, (_, attribute) in skyburst.LAZY.items() if attribute is None}
    public = {
        name
        for name, value in vars(skyburst).items()
        if not name.startswith("_") and (not isinstance(value, ModuleType) or name in lazy_modules)
    }
    assert skyburst.__all__ == sorted((public - NOT_OURS) | {"__version__"})


def test_a_name_that_does_not_exist_is_named() -> None:
    with pytest.raises(AttributeError, match="walk"):
        skyburst.walk  # noqa: B018


def test_every_public_name_is_documented() -> None:
    for name in set(skyburst.__all__) - {"__version__"}:
        assert getattr(skyburst, name).__doc__, name
