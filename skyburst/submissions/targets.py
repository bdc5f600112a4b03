"""Where the files of a submission go: the group's own folder, or one in another bucket that the submit file names."""

from __future__ import annotations

from skyburst.errors import StorageError
from skyburst.objects import ObjectStore
from skyburst.submissions.checking import Bucket, stays_within
from skyburst.submissions.layout import END_TEXT, RESULTS, JobFolder
from skyburst.submissions.record import Record
from skyburst.submissions.submit_file import Place, place_of


class Targets:
    """Writes to where the files of submissions go.

    With results elsewhere, certificate and end are in both places: clients that look into the group's folder see them too.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def of(self, record: Record) -> tuple[ObjectStore, JobFolder]:
        """Store and folder of the results of a submission."""
        if record.results is None:
            return self._own(record)
        place = place_of(record.results)
        return self._bucket.store(place), JobFolder(f"{place.key}/{record.name}".lstrip("/"))

    def check(self, record: Record) -> None:
        """Raise StorageError when results cannot be written where they should: better now than after the work."""
        objects, folder = self.of(record)
        objects.put(folder.certificate, b"")

    def write_certificate(self, record: Record, text: bytes, *, own: bool = False) -> None:
        """Write the certificate; with `own` in the group's own folder only."""
        for objects, folder in [self._own(record)] if own else self._places(record):
            objects.put(folder.certificate, text)

    def write_end(self, record: Record) -> None:
        """Say that nothing more happens."""
        for objects, folder in self._places(record):
            objects.put(folder.end, END_TEXT)

    def remove_end(self, record: Record) -> None:
        """Take back that nothing more happens."""
        for objects, folder in self._places(record):
            objects.delete([folder.end])

    def within(self, record: Record, key: str) -> str:
        """The key of something in the folder of a submission's results.

        Raises:
            StorageError: when a link on the way there leads out of the group's results: it is not the group that writes there.
        """
        if record.results is None:
            self._check(record, key)
        return key

    def _places(self, record: Record) -> list[tuple[ObjectStore, JobFolder]]:
        own = self._own(record)
        return [own] if record.results is None else [own, self.of(record)]

    def _own(self, record: Record) -> tuple[ObjectStore, JobFolder]:
        """Those of the group's own folder. Raises StorageError when a link leads out."""
        for key in (record.folder.certificate, record.folder.end):
            self._check(record, key)
        return self._bucket.objects, record.folder

    def _check(self, record: Record, key: str) -> None:
        path = self._bucket.path(Place(None, key))
        results = self._bucket.path(Place(None, f"{record.group}/{RESULTS}"))
        if path is not None and results is not None and not stays_within(path, results):
            raise StorageError(f"{path.parent} leads out of {results} by a link: remove the link")
