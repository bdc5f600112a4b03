"""A worker that does what its items say: `ok`, `raise`, `recover`, `large`, `wait`, `wait once`, or write an object."""

from __future__ import annotations

import secrets
import time

import skyburst


@skyburst.worker
def act(batch):
    """Do what the items say, and count them."""
    if batch.parameters["index"]:
        skyburst.open_folder(batch.parameters["index"]).write(f"part-{batch.id}", b"part")
    for item in batch.items:
        if item == "raise" or (item == "recover" and batch.context.attempt == 1):
            raise ValueError("told to fail")
        if item == "large":
            return {"count": 1, "ballast": secrets.token_hex(50_000)}
        if item == "medium":
            return {"count": 1, "ballast": [str(number) for number in range(1_000)]}
        if item == "wait" or (item == "wait once" and batch.context.attempt == 1):
            time.sleep(30)
        if isinstance(item, dict):
            return {"count": 1, "refused": try_to_write(**item)}
    return {"count": len(batch.items)}


def try_to_write(bucket, key):
    """Write an object with the function's own rights; what the answer was."""
    from skyburst.errors import StorageError
    from skyburst.objects import open_store

    try:
        open_store(f"s3://{bucket}").put(key, b"x")
    except StorageError as error:
        return str(error)
    return None


@skyburst.combiner(associative=True)
def count(partials):
    """Add up counts."""
    total, refused = 0, []
    for partial in partials:
        total += partial.value["count"]
        refused += [partial.value["refused"]] if "refused" in partial.value else partial.value.get("all_refused", [])
    return {"count": total, "all_refused": refused}


@count.finish
def finish(value, context):
    """Write and delete where the analysis may, if it should."""
    if context.parameters["index"]:
        folder = skyburst.open_folder(context.parameters["index"])
        parts = [file.name for file in folder.files() if file.name != "index"]
        folder.write("index", b" ".join(folder.read(name) for name in parts))
        folder.delete(parts)
    return value


def list_items(parameters, _context):
    """As many as asked for."""
    return iter(range(parameters["count"]))
