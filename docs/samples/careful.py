"""The same worker, for files that may be gone or may not be read."""

import hashlib

import skyburst


@skyburst.worker
def digests(batch):
    for path in batch.items:
        try:
            yield [hashlib.sha256(batch.context.read(path)).hexdigest(), path]
        except OSError as error:
            batch.context.item_failed(path, error)


by_digest = skyburst.combiners.concatenate()

if __name__ == "__main__":
    result = skyburst.run(__file__, items=["careful.py", "gone.txt"])
    for entry in result.item_errors:
        print(f"{entry['item']}: {entry['error']}")
