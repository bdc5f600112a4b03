"""Where the files of a submission go: the group's own folder, or one in another bucket that the submit file names."""

from __future__ import annotations

from skyburst.objects import ObjectStore
from skyburst.submissions.checking import Bucket
from skyburst.submissions.layout import END_TEXT, JobFolder
from skyburst.submissions.record import Record
from skyburst.submissions.submit_file import place_of


class Targets:
    """Writes to where the files of submissions go.

    With results elsewhere, certificate and end are in both places: clients that look into the group's folder see them too.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def of(self, record: Record) -> tuple[ObjectStore, JobFolder]:
        """Store and folder of the results of a submission."""
        if record.results is None:
            return self._bucket.objects, record.folder
        place = place_of(record.results)
        return self._bucket.store(place), JobFolder(f"{place.key}/{record.name}".lstrip("/"))

    def check(self, record: Record) -> None:
        """Raise StorageError when results cannot be written where they should: better now than after the work."""
        objects, folder = self.of(record)
        objects.put(folder.certificate, b"")

    def write_certificate(self, record: Record, text: bytes) -> None:
        """Write the certificate."""
        for objects, folder in self._places(record):
            objects.put(folder.certificate, text)

    def write_end(self, record: Record) -> None:
        """Say that nothing more happens."""
        for objects, folder in self._places(record):
            objects.put(folder.end, END_TEXT)

    def _places(self, record: Record) -> list[tuple[ObjectStore, JobFolder]]:
        own = (self._bucket.objects, record.folder)
        return [own] if record.results is None else [own, self.of(record)]
