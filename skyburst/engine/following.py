"""Jobs that follow a job, as `[[next]]` of its blueprint says: what they are, and that a chain of analyses ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import Blueprint
from skyburst.contracts.parameters import check_given
from skyburst.contracts.records import JobRecord
from skyburst.errors import InvalidBlueprint, InvalidJob, NotFound, SkyburstError

MOST_DEPTH = 16
"""Jobs in a chain, the first one included. Chains that were checked end before; a blueprint may be changed meanwhile."""
CARRIED = ("labels", "group", "user", "keep", "name")
"""Fields of a job specification that the jobs have that follow."""
CARRIED_ONCE = ("notify",)
"""Those that one has that follows all datasets: nobody wants a message for each of a thousand."""


class Dataset(NamedTuple):
    """What one dataset of a job left for what follows."""

    number: int
    name: str
    location: str
    """Path or URL of the folder of its results."""


class FollowUp(NamedTuple):
    """A job that is to follow."""

    key: str
    """Unique among those that follow one job: `0-all`, or `0-00000007` for a dataset."""
    analysis: str
    on: str
    dataset: str | None
    """Name of the dataset whose results it has; None for those of all."""
    specification: dict[str, Any]


def sections(job: JobRecord, on: str) -> list[tuple[int, dict[str, Any]]]:
    """The sections of a job's blueprint that name what follows on `all` or `each`, with their numbers."""
    given = job.analysis.get("blueprint", {}).get("next") or []
    if job.spec.get("next") is False:
        return []
    return [(number, section) for number, section in enumerate(given) if section["on"] == on]


def key_of(section: int, dataset: int) -> str:
    """Key of what follows a dataset, by the numbers of the section and of the dataset."""
    return f"{section}-{dataset:08d}"


def key_of_all(section: int) -> str:
    """Key of what follows all of a job, by the number of the section."""
    return f"{section}-all"


def after_each(job: JobRecord, dataset: Dataset) -> Iterator[FollowUp]:
    """What follows one dataset that is done."""
    for number, section in sections(job, "each"):
        items = [{"data": dataset.location, "name": dataset.name}]
        key = key_of(number, dataset.number)
        yield FollowUp(key, section["analysis"], "each", dataset.name, _specification(job, section, key, items))


def after_all(job: JobRecord, datasets: Sequence[Dataset], files: Sequence[str]) -> Iterator[FollowUp]:
    """What follows a job whose batches are all done.

    Args:
        job: its record.
        datasets: of an analysis that is a command: one item each.
        files: of any other analysis: locations of its result and its result files, which are one item together.
    """
    name = job.spec.get("name") or job.job_id
    items: list[dict[str, Any]] = [{"data": dataset.location, "name": dataset.name} for dataset in datasets]
    for number, section in sections(job, "all"):
        key = key_of_all(number)
        given = items or [{"data": list(files), "name": name}]
        yield FollowUp(key, section["analysis"], "all", None, _specification(job, section, key, given))


def may_follow(job: JobRecord) -> bool:
    """Whether anything may follow a job."""
    return bool(sections(job, "all") or sections(job, "each"))


def depth_of(job: JobRecord) -> int:
    """How many jobs came before it in its chain; 0 for one that follows nothing."""
    depth: int = (job.spec.get("follows") or {}).get("depth", 0)
    return depth


def check_depth(job: JobRecord) -> None:
    """Raises InvalidJob when nothing may follow a job any more."""
    if depth_of(job) + 1 >= MOST_DEPTH:
        raise InvalidJob(
            f"job {job.job_id} is number {depth_of(job) + 1} of a chain, and a chain has {MOST_DEPTH} jobs at most: look at "
            "[[next]] in the blueprints of its analyses"
        )


def check_chain(blueprint: Blueprint, find: Callable[[str], Blueprint]) -> None:
    """Check, before a job starts, everything that will follow it.

    Args:
        blueprint: of its analysis.
        find: the blueprint of an analysis by name; raises NotFound or Invalid when it cannot be had.

    Raises:
        InvalidBlueprint: when an analysis that follows is not there, or follows itself, or wants datasets of one that has none,
            or does not take the parameters that it is given.
    """
    _check_from(blueprint, find, [blueprint.name])


def _check_from(blueprint: Blueprint, find: Callable[[str], Blueprint], before: list[str]) -> None:
    for number, section in enumerate(blueprint.next):
        where = f"analysis {blueprint.name!r}: next[{number}]"
        if section.on == "each" and blueprint.command is None:
            raise InvalidBlueprint(
                f"{where}.on is 'each', and only an analysis that is a command has datasets: say on = \"all\""
            )
        if section.analysis in before:
            chain = " -> ".join([*before, section.analysis])
            raise InvalidBlueprint(f"{where}.analysis is {section.analysis!r}, which is before it already: {chain}")
        if len(before) >= MOST_DEPTH:
            raise InvalidBlueprint(f"{where}: a chain has {MOST_DEPTH} analyses at most: {' -> '.join(before)}")
        try:
            following = find(section.analysis)
        except NotFound as error:
            raise InvalidBlueprint(f"{where}.analysis is {section.analysis!r}, which cannot follow: {error}") from error
        if following.parameters is not None:
            try:
                check_given(following.parameters, section.parameters)
            except InvalidJob as error:
                raise InvalidBlueprint(f"{where}, {section.analysis!r}: {error}") from error
        _check_from(following, find, [*before, following.name])


def told(follow_up: FollowUp, job_id: str | None, error: SkyburstError | None, at: float) -> dict[str, Any]:
    """What the first job's record says of a job that follows, or could not be started."""
    return {
        "key": follow_up.key,
        "analysis": follow_up.analysis,
        "on": follow_up.on,
        "dataset": follow_up.dataset,
        "job": job_id,
        "reason": str(error) if error else "",
        "at": at,
    }


def _specification(job: JobRecord, section: dict[str, Any], key: str, items: Iterable[Any]) -> dict[str, Any]:
    fields = CARRIED if section["on"] == "each" else (*CARRIED, *CARRIED_ONCE)
    carried = {field: job.spec[field] for field in fields if field in job.spec}
    return {
        "analysis": section["analysis"],
        "items": list(items),
        "parameters": section["parameters"],
        **carried,
        "idempotency_key": f"next:{job.job_id}:{key}",
        "follows": {"job": job.job_id, "depth": depth_of(job) + 1},
    }
