"""The worker: counts the words of its ranges, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import skyburst

from .words import count_words, read_range


@skyburst.worker
def count(batch: skyburst.Batch) -> Iterator[dict[str, int]]:
    """Yield `{word: times}` for each range; a file that can't be read is reported, and the batch goes on."""
    texts = batch.context.once("texts", lambda: skyburst.open_folder(batch.parameters["texts"]))
    for item in batch.items:
        try:
            with texts.open(item["file"]) as file:
                text = read_range(file, item["start"], item["end"]).decode()
        except (skyburst.ObjectNotFound, OSError, UnicodeDecodeError) as error:
            batch.context.item_failed(item, error)
            continue
        yield dict(count_words(text, batch.parameters["least_letters"]))
