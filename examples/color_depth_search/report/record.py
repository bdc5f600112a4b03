"""What the NeuronBridge format has no place for: the parameters, the label boxes, what was not searched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .findings import Findings, Mask
from .neuronbridge import filled_in


def record(findings: Findings) -> dict[str, Any]:
    """The contents of `parameters.json`."""
    return {
        "job_id": findings.job_id,
        "parameters": dict(findings.parameters),
        "masks": [
            {
                "file": mask.file,
                "location": mask.location,
                "width": mask.width,
                "height": mask.height,
                "mask_pixels": mask.pixels,
                "label_boxes": [list(box) for box in mask.label_boxes],
                "matches": len(matches),
            }
            for mask, matches in zip(findings.masks, findings.matches, strict=True)
        ],
        "searched": findings.searched,
        "index": None if findings.index is None else dict(findings.index),
        "index_not_used": findings.index_not_used,
        "shape": None if findings.shape is None else dict(findings.shape),
        "item_errors": list(findings.item_errors),
        "missing": [{"start": start, "end": end, "reason": reason} for start, end, reason in findings.missing],
        "filled_in": filled_in(findings),
    }


def file_names(masks: Sequence[Mask]) -> list[str]:
    """A name for the matches of each mask, `matches-MASK.json`; a number tells masks of one name apart."""
    names: dict[str, str] = {}  # by the name in lower case: some file systems take "M" for "m"
    for mask in masks:
        stem = re.sub(r"[^A-Za-z0-9._-]", "_", mask.file.rpartition(".")[0] or mask.file)
        name, number = f"matches-{stem}.json", 1
        while name.lower() in names:
            number += 1
            name = f"matches-{stem}-{number}.json"
        names[name.lower()] = name
    return list(names.values())
