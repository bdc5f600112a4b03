"""What a developer writes, and what it is given: workers, combiners and their contexts.

Imports nothing but the standard library: a worker's cold start is the developer's imports and little else.
"""

from __future__ import annotations

import inspect
import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, overload

from skyburst.contracts.records import Missing
from skyburst.errors import InvalidAnalysis, InvalidItems, NotJson
from skyburst.reading import Item, Read, read_each, read_location

if TYPE_CHECKING:
    from skyburst.manifest import Manifest
    from skyburst.ports import Objects

Made = TypeVar("Made")
MOST_ITEM_ERRORS = 100
LONGEST_KEPT = 2_000
"""Characters of an item that cannot be used, as JSON, and of the reason."""
"""Item errors kept word by word for each batch; further ones are only counted."""


class Worker:
    """A function that runs on one batch; made by `@skyburst.worker`."""

    def __init__(self, function: Callable[[Batch], Any]) -> None:
        _require_positional(function, "a worker", "(batch)", 1, 1)
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "worker")
        self.__module__ = function.__module__

    def __call__(self, batch: Batch) -> Any:
        """Run the function itself, as in a test."""
        return self.function(batch)


class Combiner:
    """A function that merges partial results; made by `@skyburst.combiner`."""

    def __init__(self, function: Callable[..., Any], *, associative: bool = False) -> None:
        self._arguments = _require_positional(function, "a combiner", "(partials) or (partials, context)", 1, 2)
        self.function = function
        self.associative = associative
        self.finish_function: Callable[..., Any] | None = None
        self.summary_function: Callable[..., list[str]] | None = None
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "combiner")
        self.__module__ = function.__module__

    def __call__(self, partials: Iterator[PartialResult], context: CombineContext | None = None) -> Any:
        """Merge partial results; a generator's values are the entries of a list."""
        return self.function(partials) if self._arguments == 1 else self.function(partials, context)

    def finish(self, function: Callable[[Any, FinishContext], Any]) -> Callable[[Any, FinishContext], Any]:
        """Decorator: make the result, and files, of what was combined; runs once."""
        _require_positional(function, "a finish function", "(value, context)", 2, 2)
        self.finish_function = function
        return function

    def summary(
        self, function: Callable[[Any, Mapping[str, Any]], list[str]]
    ) -> Callable[[Any, Mapping[str, Any]], list[str]]:
        """Decorator: describe what was found so far in at most five short lines, for progress bars and for the end."""
        _require_positional(function, "a summary function", "(value, parameters)", 2, 2)
        self.summary_function = function
        return function


def worker(function: Callable[[Batch], Any]) -> Worker:
    """Make a function of one batch a worker.

    It returns any JSON value, or is a generator that yields JSON values. It may run more than once for a batch (after a
    failure, or when its machine was thought lost); what it returned is counted once.
    """
    return Worker(function)


@overload
def combiner(function: Callable[..., Any]) -> Combiner: ...
@overload
def combiner(*, associative: bool = False) -> Callable[[Callable[..., Any]], Combiner]: ...
def combiner(
    function: Callable[..., Any] | None = None, *, associative: bool = False
) -> Combiner | Callable[[Callable[..., Any]], Combiner]:
    """Make a function of an iterator of partial results a combiner.

    Args:
        function: takes `(partials)` or `(partials, context)`; returns any JSON value, or yields the entries of a list.
        associative: the value can itself be combined: the function is then called on groups of partial results, in
            parallel, and on the values of the groups. The groups depend on the number of batches only.
    """
    if function is not None:
        return Combiner(function)
    return lambda actual: Combiner(actual, associative=associative)


@dataclass(slots=True)
class Ending:
    """Whether what a process does is to end soon; a signal's handler may say so."""

    reason: str | None = None
    """Why, one sentence; None while it goes on."""


@dataclass(slots=True)
class Place:
    """What the engine's own workers and combiners reach of their job, and analyses do not."""

    objects: Objects
    prefix: str
    """Key prefix of the job's objects."""
    setup: dict[str, Any] | None = None
    """Of its environments, as JSON: `skyburst.contracts.dataset.Setup`."""
    ending: Ending = field(default_factory=Ending)


@dataclass(slots=True)
class RunContext:
    """What is asked of the engine in the same way in a batch and in a task of a second stage."""

    job_id: str
    attempt: int
    """1 for the first attempt at this batch, or at this task and those that are run together with it."""
    deadline: float
    """On the clock of `time.monotonic`."""
    items_location: str | None
    """Folder or URL of the library that the items of the batch come from, if they do; in a task, that of all items of the
    job, if they come from one."""
    kept: dict[str, Any]

    def time_left(self) -> float:
        """Seconds until the batch, or the group of tasks, is ended as timed out."""
        return self.deadline - time.monotonic()

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """`make()`, called once per worker process and kept for its later batches or tasks: masks, tables, models."""
        if key not in self.kept:
            self.kept[key] = make()
        made: Made = self.kept[key]
        return made

    def read(self, location: str) -> bytes:
        """The bytes of a file, given as a local path or a URL such as `s3://bucket/key`."""
        return read_location(location)

    def read_each(self, items: Iterable[Item], location: Callable[[Item], str]) -> Iterator[tuple[Item, Read]]:
        """Each item with a function that gives the bytes of its file, or raises why there are none.

        Files behind URLs are read ahead, sixteen at a time: one after the other, most of a batch's time would go by waiting
        for the network. Local files are read when they are asked for.

        Args:
            items: those of the batch, in whatever form.
            location: gives the path or URL of an item's file.
        """
        return read_each(items, location)


@dataclass(slots=True)
class Context(RunContext):
    """What a worker may ask of the engine while it runs a batch."""

    item_errors: list[dict[str, Any]] = field(default_factory=list)
    item_errors_not_kept: int = 0
    place: Place | None = None
    """For the engine's own workers."""

    def item_failed(self, item: Any, error: BaseException | str) -> None:
        """Report an item that cannot be used. The batch goes on; the job's result names the item and the error."""
        if len(self.item_errors) >= MOST_ITEM_ERRORS:
            self.item_errors_not_kept += 1
            return
        from skyburst.contracts import values

        try:
            encoded = values.encode(item)
            kept = values.decode(encoded)  # as it is now
        except NotJson:
            kept = repr(item)[:LONGEST_KEPT]
        else:
            kept = encoded[:LONGEST_KEPT].decode() if len(encoded) > LONGEST_KEPT else kept
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        self.item_errors.append({"item": kept, "error": text[:LONGEST_KEPT]})


@dataclass(slots=True)
class TaskContext(RunContext):
    """What the worker of a second stage may ask of the engine while it runs a task."""

    parameters: dict[str, Any]
    """Of the job."""


@dataclass(slots=True)
class Batch:
    """A half-open range of items, given to one worker."""

    id: int
    """Number of the batch, from 0."""
    start: int
    """Number of its first item."""
    end: int
    """Number of the item after its last."""
    items: list[Any]
    parameters: dict[str, Any]
    context: Context


class PartialResult:
    """What a worker found in one batch, or an associative combiner in a group of batches."""

    __slots__ = ("_open", "end", "start")

    def __init__(self, start: int, end: int, opener: Callable[[], AbstractContextManager[BinaryIO]]) -> None:
        self.start = start
        """Number of the first item."""
        self.end = end
        """Number of the item after the last."""
        self._open = opener

    @classmethod
    def of(cls, value: Any, start: int = 0, end: int = 0) -> PartialResult:
        """A partial result of a given value, as for a test of a combiner."""
        from skyburst.contracts import values

        data = b"v" + values.encode(value)
        return cls(start, end, lambda: io.BytesIO(data))

    @property
    def value(self) -> Any:
        """What the worker returned; a list when it yielded. Read anew each time, so that nothing piles up."""
        from skyburst.stored import load_value

        with self._open() as file:
            return load_value(file)

    def results(self) -> Iterator[Any]:
        """What the worker yielded, one by one, or the entries of the list that it returned."""
        from skyburst.stored import load_results

        with self._open() as file:
            yield from load_results(file)


@dataclass(slots=True, kw_only=True)
class CombineContext:
    """What a combiner may ask of the engine."""

    job_id: str
    name: str | None
    """The job's name, if it was given one."""
    parameters: dict[str, Any]
    items: int
    """Items of the whole job."""
    items_location: str | None
    """Folder or URL of the library that all items come from, if they do."""
    missing: list[Missing]
    """Batches that have no partial result, and why."""
    item_errors: list[dict[str, Any]]
    """`{"item", "error"}` of items that could not be used (the first thousand)."""
    preview: bool = False
    """True while the job still runs and somebody looks at what was found so far."""
    place: Place | None = None
    """For the engine's own combiners."""

    def read(self, location: str) -> bytes:
        """The bytes of a file, given as a local path or a URL such as `s3://bucket/key`."""
        return read_location(location)


@dataclass(slots=True, kw_only=True)
class FinishContext(CombineContext):
    """What a finish function may ask of the engine: all a combiner may, and result files."""

    opener: Callable[[str], AbstractContextManager[BinaryIO]]

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A new result file, for writing bytes; it is kept when it is closed without an error."""
        return self.opener(name)

    def write(self, name: str, data: bytes) -> None:
        """A new result file with these bytes."""
        with self.opener(name) as file:
            file.write(data)


@dataclass(slots=True, frozen=True)
class Items:
    """What a function that lists items may return: them, and the batch size that fits them.

    A batch size of the job specification comes first, then this one, then that of the blueprint.

    Raises:
        InvalidItems: when the batch size is not a whole number from 1.
    """

    items: Iterable[Any] | Manifest
    batch_size: int
    """Items given to one worker at a time."""

    def __post_init__(self) -> None:
        if type(self.batch_size) is not int or self.batch_size < 1:
            raise InvalidItems(
                f"the batch size of the listed items is {self.batch_size!r}: expected a whole number from 1"
            )


@dataclass(frozen=True, slots=True)
class JoinedItems:
    """Several lists of items, one after the other: what a function that lists items returns of several libraries.

    A batch has items of one list alone, and `items_location` is that list's library; so each may have a batch size of its own.

    Raises:
        InvalidItems: when there is no list.
    """

    parts: Sequence[Iterable[Any] | Manifest | Items]

    def __post_init__(self) -> None:
        if not self.parts:
            raise InvalidItems("there are no lists of items to join: give at least one")


@dataclass(frozen=True, slots=True)
class SecondStage:
    """The functions of a second stage: what is done in parallel on what the combiner found.

    Raises InvalidAnalysis when one of them cannot be called as it will be.
    """

    tasks: Callable[[Any, CombineContext], Iterable[Any]]
    worker: Callable[[Any, TaskContext], Any]
    merge: Callable[[Any, Iterator[Any], CombineContext], Any]

    def __post_init__(self) -> None:
        _require_positional(self.tasks, "what gives the tasks of a second stage", "(value, context)", 2, 2)
        _require_positional(self.worker, "the worker of a second stage", "(task, context)", 2, 2)
        _require_positional(self.merge, "what merges a second stage", "(value, results, context)", 3, 3)


@dataclass(slots=True, kw_only=True)
class ItemsContext:
    """What a function that lists the items of a job may ask of the engine."""

    job_id: str

    def read(self, location: str) -> bytes:
        """The bytes of a file, given as a local path or a URL such as `s3://bucket/key`."""
        return read_location(location)


def _require_positional(function: Callable[..., Any], what: str, form: str, least: int, most: int) -> int:
    """Number of arguments that the function can be given by position, at most `most`; names do not matter."""
    if not callable(function):
        raise InvalidAnalysis(f"{what} must be a function {form}, not {function!r}")
    name = getattr(function, "__name__", repr(function))
    try:
        signature = inspect.signature(function)
    except ValueError as error:  # some that are written in C
        raise InvalidAnalysis(f"{what} must take {form}, and {name} does not say what it takes: wrap it") from error
    named = signature.parameters.values()
    taken = sum(parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in named)
    try:
        number = min(taken, most)
        signature.bind(*[None] * number)
    except TypeError:
        number = 0
    if number < least:
        raise InvalidAnalysis(f"{what} must take {form}, but {name}{signature} does not")
    return number
