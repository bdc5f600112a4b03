"""The result files of a search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import skyburst

from ..images import read_image
from ..index.document import why_not_used
from ..masks import check_boxes, place_boxes
from ..query import library_locations, load_masks, mask_locations
from .csv_table import table
from .findings import Findings, Mask, file_name
from .neuronbridge import document
from .page import page
from .record import file_names, record


def write_files(value: dict[str, Any], context: skyburst.FinishContext) -> dict[str, Any]:
    """Write all files of what the combiner found; returns the NeuronBridge document, or the documents of all masks."""
    findings = _findings(value, context)
    with ThreadPoolExecutor(1) as pool:  # the page takes longest, and waits for pictures
        shown = pool.submit(page, findings, read=context.read, decode=read_image)
        result = _write_tables(findings, context)
        context.write("matches.html", shown.result())
    return result


def _write_tables(findings: Findings, context: skyburst.FinishContext) -> dict[str, Any]:
    documents = [document(findings, index) for index in range(len(findings.masks))]
    result = documents[0] if len(documents) == 1 else {"masks": documents}
    context.write("matches.json", _json(result))
    if len(documents) > 1:
        for name, one in zip(file_names(findings.masks), documents, strict=True):
            context.write(name, _json(one))
    context.write("matches.csv", table(findings))
    context.write("parameters.json", _json(record(findings)))
    return result


def _findings(value: dict[str, Any], context: skyburst.FinishContext) -> Findings:
    parameters = context.parameters
    boxes = check_boxes(parameters.get("label_boxes"))
    read, _ = load_masks(parameters, context.read)
    masks = [
        Mask(location, mask.width, mask.height, mask.pixels, place_boxes(boxes, mask.width, mask.height))
        for location, mask in zip(mask_locations(parameters), read, strict=True)
    ]
    return Findings(
        masks=masks,
        matches=value["matches"],
        searched=value["searched"],
        index=value.get("read"),
        index_not_used=_why_no_index(value, parameters),
        shape=value.get("shape"),
        parameters=parameters | {"label_boxes": [list(box) for box in boxes]},  # the default ones too
        job_id=context.job_id,
        item_errors=context.item_errors,
        missing=[(missing.start, missing.end, missing.reason) for missing in context.missing],
    )


def _why_no_index(value: dict[str, Any], parameters: Mapping[str, Any]) -> str | None:
    """Asked again here: what lists the images of a job has nowhere to say why they are not those of an index."""
    if not value["searched"] or not parameters.get("use_index"):
        return None
    libraries, threshold = library_locations(parameters), parameters["data_threshold"]
    if len(libraries) == 1:
        return None if "read" in value else why_not_used(libraries[0], threshold)
    reasons = {library: why_not_used(library, threshold, some_was="read" in value) for library in libraries}
    return "; ".join(f"{file_name(library)}: {reason}" for library, reason in reasons.items() if reason) or None


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2).encode("ascii")
