"""The parameters of the two programs, checked. The blueprints declare the same ones, with the same bounds and defaults."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .problems import Refused

Kind = TypeVar("Kind", bound="Denoising | Demixing")


def _number(default: float, least: float, most: float) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Denoising:
    """Of `denoise.py`. What they mean is in `blueprint.toml`."""

    block_height: int = _number(16, 4, 256)
    block_width: int = _number(16, 4, 256)
    overlap: float = _number(0.5, 0, 0.75)
    max_components: int = _number(12, 1, 64)
    consecutive_failures: int = _number(2, 1, 16)
    confidence: float = _number(0.99, 0.5, 0.9999)
    spatial_penalty: float = _number(1.0, 0, 10)
    temporal_penalty: float = _number(0.7, 0, 10)
    max_rank: int = _number(200, 1, 2_000)
    frame_rate_hz: float = _number(30.0, 0.1, 10_000)
    device: str = field(default="auto", metadata={"values": ("auto", "cpu", "gpu", "torch-cpu")})


@dataclass(frozen=True, kw_only=True)
class Demixing:
    """Of `demix.py`. What they mean is in its `blueprint.toml`."""

    regions: int = _number(64, 1, 500)
    weakest_region: float = _number(0.1, 0.001, 1)
    localization: float = _number(0.7, 0, 0.99)
    background: int = _number(2, 0, 10)
    slowest_signal_hz: float = _number(0.2, 0.001, 10)
    camera_offset: float = _number(100.0, 0, 65_535)
    brain_brightness: float = _number(0.2, 0, 1)
    iterations: int = _number(60, 1, 1_000)


def read_parameters(path: Path, kind: type[Kind]) -> Kind:
    """Read a config file: a JSON object. Names that begin with two underscores are not for these programs.

    Raises:
        Refused: naming the parameter, its value and what was expected.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refused(
            f"the config {path.name} cannot be read ({error}): expected a JSON object of parameters"
        ) from error
    if not isinstance(document, dict):
        raise Refused(f"the config {path.name} is {document!r:.60}: expected a JSON object of parameters")
    return check({name: value for name, value in document.items() if not name.startswith("__")}, kind)


def check(given: Mapping[str, Any], kind: type[Kind]) -> Kind:
    """Make parameters of a mapping; those that are not given, or None, have their default.

    Raises:
        Refused: naming the parameter, its value and what was expected.
    """
    declared = {entry.name: entry for entry in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in declared:
            raise Refused(f"there is no parameter {name!r}: there are {', '.join(declared)}")
        if value is not None:
            values[name] = _checked(declared[name], value)
    return kind(**values)


def _checked(declared: Any, value: Any) -> Any:
    if allowed := declared.metadata.get("values"):
        if value not in allowed:
            raise Refused(f"{declared.name} is {value!r}: expected one of {', '.join(allowed)}")
        return value
    least, most = declared.metadata["least"], declared.metadata["most"]
    whole = isinstance(declared.default, int)
    number = isinstance(value, int) or (isinstance(value, float) and (not whole or value.is_integer()))
    if isinstance(value, bool) or not number or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise Refused(f"{declared.name} is {value!r}: expected {kind} from {least} to {most}")
    return int(value) if whole else float(value)
