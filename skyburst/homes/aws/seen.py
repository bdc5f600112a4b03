"""What a watcher has seen of a job's batches, so that it reads a batch that is DONE once only: its row never changes.

Reading is paid for by the size of the rows, of which another framework's hold all results.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord
from skyburst.contracts.states import BatchState
from skyburst.homes.aws import rows
from skyburst.homes.aws.calls import Item

SKIPPED = 32
"""So many DONE batches in a row, or more, are not read again: fewer cost no more than another query."""
SKIPPED_FOREIGN = 4
"""Of rows of another framework, which may be as large as an item can be."""


class Seen:
    """The batches that are DONE, and what they count."""

    def __init__(
        self, plan: rows.Numbers, *, document: bytes = b"", skipped: int = SKIPPED,
        settled: Callable[[BatchRecord], bool] = lambda _: True,
    ) -> None:  # fmt: skip
        """Prepare.

        Args:
            plan: the numbers of the job's plan.
            document: of an earlier watcher.
            skipped: so many neighbours that are DONE are not read again.
            settled: whether nobody needs a DONE batch any more, once it was handed on.
        """
        self._plan, self._skipped, self._settled = plan, skipped, settled
        self.done = bytearray(plan.batches)
        """1 for each batch that is not read again."""
        self._kept = rows.Counts()
        self.counts = rows.Counts()
        """Of all batches, after a look."""
        if document:
            head, _, done = zlib.decompress(document).partition(b"\n")
            self._kept, self.done[:] = rows.Counts(**values.decode(head)), done

    def document(self) -> bytes:
        """For another watcher that goes on."""
        return zlib.compress(values.encode(asdict(self._kept)) + b"\n" + bytes(self.done))

    def ranges(self, shard: int, shards: int) -> Iterator[tuple[int, int]]:
        """First and last batch of each range of one shard that is to be read."""
        done = self.done[shard::shards]
        first = done.find(0)
        while first >= 0:
            last = first
            while 0 <= (following := done.find(0, last + 1)) <= last + self._skipped:
                last = following
            yield shard + first * shards, shard + last * shards
            first = following

    def noting(self, found: Iterable[Item]) -> Iterator[BatchRecord]:
        """Rows as records, without their failures and item errors; when all have come, `counts` are right."""
        self.counts = replace(self._kept)
        for row in found:
            batch_id = rows.batch_id_of(row)
            if self.done[batch_id]:  # it lies between others that are read, and is counted already
                continue
            state = self.counts.add(row, self._plan)
            record = rows.record_of(row, self._plan, [], [])
            yield record
            if state is BatchState.DONE and self._settled(record):
                self._kept.add(row, self._plan)
                self.done[batch_id] = 1
