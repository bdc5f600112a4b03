"""The matches as a table, in the columns that scientists export from NeuronBridge."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from .findings import Findings, Match, library_name_of, metadata, name_of, score_of

COLUMNS = (
    "Number",
    "Line/Neuron ID",
    "Rank",
    "Score",
    "Matched Pixels",
    "Library",
    "Channel",
    "Magnification",
    "Slide Code",
    "Sex",
    "Alignment Space",
    "Mounting Protocol",
    "Anatomical Area",
    "Neuron Type/Instance",
    "Matching Ratio",
    "Mirrored",
    "Mask",
    "File",
)

SHAPE_COLUMNS = ("Shape Score", "Gradient Area Gap", "High Expression Area", "Shape Mirrored")
"""Further columns of a search that is ranked by shape."""

# Spreadsheets run a cell that starts with one of these as a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def table(findings: Findings) -> bytes:
    """All matches of all masks as CSV (RFC 4180, UTF-8), one row a match.

    What a file name did not tell is left empty, as is the shape of matches that were not compared in shape; -1 there is
    "not known". A text that a spreadsheet would run as a formula is
    preceded by an apostrophe, which spreadsheets show as text.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS if findings.shape is None else COLUMNS + SHAPE_COLUMNS)
    for number, row in enumerate(_rows(findings), 1):
        writer.writerow([number, *(_harmless(cell) for cell in row)])
    # A file name that is not valid UTF-8 arrives as lone surrogates, which UTF-8 cannot hold.
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _rows(findings: Findings) -> Iterator[tuple[object, ...]]:
    for mask, matches in zip(findings.masks, findings.matches, strict=True):
        for rank, match in enumerate(matches, 1):
            item = match["item"]
            known = metadata(item)
            neuron = [str(known[name]) for name in ("neuron_type", "neuron_instance") if known.get(name)]
            yield (
                name_of(item),
                rank,
                round(score_of(match), 6),
                match["matching_pixels"],
                library_name_of(item),
                known.get("channel", ""),
                known.get("objective", ""),
                known.get("slide_code", ""),
                known.get("gender", ""),
                known.get("alignment_space", ""),
                known.get("mounting_protocol", ""),
                known.get("anatomical_area", ""),
                " / ".join(neuron),
                round(match["matching_ratio"], 6),
                "true" if match["mirrored"] else "false",
                mask.file,
                item["key"],
                *(() if findings.shape is None else _shape(match)),
            )


def _shape(match: Match) -> tuple[object, ...]:
    shape = match.get("shape")
    if shape is None:
        return ("",) * len(SHAPE_COLUMNS)
    mirrored = "true" if shape["mirrored"] else "false"
    return shape["score"], shape["gradient_area_gap"], shape["high_expression_area"], mirrored


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
