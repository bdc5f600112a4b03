"""A search that matches every image, with scores that follow from its number, as fast or as slowly as a test wants."""

from __future__ import annotations

import time
from pathlib import Path

import skyburst


def list_parts(parameters, context):
    """The numbers of the parts."""
    return range(parameters["parts"])


@skyburst.worker
def find(batch):
    """The matches of one part, in the form of a color-depth search that runs."""
    parameters = batch.parameters
    (part,) = batch.items
    while parameters["gates"] and not Path(parameters["gates"], str(part)).exists():
        time.sleep(0.02)
    if part in parameters["fails"]:
        raise ValueError(f"part {part} is told to fail")
    names = sorted(file.name for file in Path(parameters["library"]).iterdir())
    return [match(number, names[number]) for number in range(part, len(names), parameters["parts"])]


def match(number, name):
    """No two have the same score, and their order is none of their names."""
    metadata = {"published_name": f"L{number // 4:04}", "gender": "fm"[number % 2], "library_name": "plain"}
    item = {"id": name.partition(".")[0], "key": name, "metadata": metadata}
    return {"mask": 0, "item": item, "matching_pixels": 1 + number * 7919 % 100_003, "mirrored": number % 3 == 0}


@skyburst.combiner(associative=True)
def best(partials):
    """All matches, best first."""
    found = [entry for partial in partials for entry in merged(partial.results())]
    return {"matches": [sorted(found, key=lambda one: -one["matching_pixels"])], "searched": len(found)}


def merged(results):
    """Of a batch, or of a group of batches."""
    for entry in results:
        yield from entry["matches"][0] if "matches" in entry else [entry]


@best.finish
def finish(value, context):
    """In the form of a color-depth search that has ended."""
    return {"inputImage": {"filename": "mask"}, "results": [ended(one) for one in value["matches"][0]]}


def ended(one):
    """One match of it."""
    item, known = one["item"], one["item"]["metadata"]
    return {
        "image": {
            "id": item["id"],
            "libraryName": known["library_name"],
            "publishedName": known["published_name"],
            "gender": known["gender"],
            "files": {"CDM": item["key"]},
        },
        "files": {"CDMMatch": item["key"]},
        "mirrored": one["mirrored"],
        "normalizedScore": one["matching_pixels"],
        "matchingPixels": one["matching_pixels"],
    }
