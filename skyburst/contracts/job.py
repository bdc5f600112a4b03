"""The job specification: one JSON document, the same from Python, the command line, the API and the web."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from skyburst.contracts import values
from skyburst.contracts.refusals import GROUP, INSTANCE_TYPE, KEY, explain
from skyburst.errors import Invalid, InvalidJob
from skyburst.notifications.targets import MOST_TARGETS, parse_target

MOST = 2**53
"""Items of a job at most: up to here every language counts exactly."""
Positive = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
Share = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Days = Annotated[float, msgspec.Meta(ge=0, le=36_500)]
Group = Annotated[str, msgspec.Meta(pattern=GROUP)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=KEY)]
"""Text that every task table can have as a key: no control characters, valid Unicode."""


class EnvironmentWishes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one job has otherwise than the blueprint's `[environment]` says."""

    instance_type: Annotated[str, msgspec.Meta(pattern=INSTANCE_TYPE)] | None = None
    """EC2 instance type, such as m5.4xlarge."""
    timeout_min: Annotated[float, msgspec.Meta(gt=0, le=20_160)] | None = None
    """Minutes until one attempt at a batch is ended, which bounds what is reserved of a budget."""
    disk_gb: Annotated[int, msgspec.Meta(ge=8, le=16_384)] | None = None
    """GiB of disk for each batch."""
    pricing: Literal["on_demand", "spot"] | None = None


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a job is deleted, and when. What is not named is kept."""

    inputs_days: Days | None = None
    """Days after the end of the job after which the data is deleted that a submission uploaded for it."""
    results_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] | None = None
    """Days after the end of the job after which its results are deleted; its record, certificate and logs stay."""
    delete_inputs_after_success: bool = False
    """Whether the uploaded data is deleted as soon as the job has SUCCEEDED."""


class Follows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which job a job follows."""

    job: Key
    """Id of the job whose results are its data."""
    depth: Annotated[int, msgspec.Meta(ge=1, le=100)]
    """How many jobs came before it."""


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job is: one run of an analysis over items, with parameters and limits."""

    analysis: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
    """Name of an analysis, or the path of its folder or of a single Python file."""
    items: list[Any] | dict[str, Any] | None = None
    """JSON values; or {"range": [start, end]} for the whole numbers of a half-open range; or {"manifest": location}
    for stored items. None: the analysis lists its items itself, from the parameters."""
    batch_size: Positive | None = None
    """Items given to one worker at a time. None: what the function that lists items says, else the blueprint's, else such that
    there are at most 1,000 batches."""
    max_parallelism: Positive | None = None
    """Batches in flight at once, at most. None: the blueprint's, else as many as the home has workers."""
    timeout_s: Seconds | None = None
    """Seconds from the start of the job until it is ended as TIMED_OUT. None: the blueprint's, else no limit of its own
    (each batch has one)."""
    tolerated_failure_percent: Share | None = None
    """Share of the batches that may fail for the job to end as PARTIAL rather than FAILED. None: the blueprint's, else 0."""
    parameters: dict[str, Any] = {}
    """Values of the parameters that the blueprint declares; those left out get their defaults."""
    name: ShortText | None = None
    """A name for people."""
    labels: dict[str, str] = {}
    """Any key and value, to find jobs by."""
    idempotency_key: Key | None = None
    """Two submissions with the same key are one job."""
    environment: EnvironmentWishes | None = None
    """Of an analysis that runs in environments. None: as the blueprint says."""
    group: Group | None = None
    """Who pays: the group whose budget the job is paid from."""
    user: ShortText | None = None
    """Who runs it."""
    notify: Annotated[list[str], msgspec.Meta(max_length=MOST_TARGETS)] = []
    """Who is told when the job ends: `mailto:NAME@HOST`, `https://HOST/PATH`, `sns:ARN`."""
    keep: Keep | None = None
    """None: nothing is deleted."""
    next: bool | None = None
    """False: the analyses that the blueprint names in `[[next]]` are not started."""
    follows: Follows | None = None
    """Of a job that was started because another one ended; set by Skyburst."""

    def document(self) -> dict[str, Any]:
        """The specification as a JSON document, without the fields that were left out."""
        everything = {field: getattr(self, field) for field in self.__struct_fields__}
        everything["follows"] = msgspec.to_builtins(self.follows)
        everything["environment"] = _given(self.environment)
        everything["keep"] = _given(self.keep)
        everything["notify"] = self.notify or None
        return {field: value for field, value in everything.items() if value is not None and value != {}}


def parse_job(document: Mapping[str, Any]) -> JobSpec:
    """Check a job specification.

    Raises:
        InvalidJob: with the path of the field and what was expected.
    """
    unknown = [field for field in document if field not in JobSpec.__struct_fields__]
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), JobSpec.__struct_fields__, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(JobSpec.__struct_fields__)}"
        raise InvalidJob(f"job.{unknown[0]}: there is no such field; {hint}")
    if "analysis" not in document:
        raise InvalidJob("job.analysis is missing: name the analysis to run; `skyburst analyses` lists them")
    try:
        for field, value in document.items():
            if field != "items" or not isinstance(value, list):  # a list is checked item by item when it is stored
                values.check(value, f"job.{field}")
        spec = msgspec.convert(dict(document), JobSpec)
    except Invalid as error:
        raise InvalidJob(str(error)) from error
    except msgspec.ValidationError as error:
        raise InvalidJob(explain(error, document, "job.", JobSpec)) from error
    _check_items(spec.items)
    for target in spec.notify:
        parse_target(target)
    return spec


def check_choices(choices: Mapping[str, Any]) -> None:
    """Check fields of a job specification that are given elsewhere, such as in a submit file, as `parse_job` does.

    Raises:
        Invalid: with the path of the field, its value and what was expected; what it is a field of is not named.
    """
    try:
        parse_job({**choices, "analysis": "any"})
    except InvalidJob as error:
        raise Invalid(str(error).removeprefix("job.")) from error


def _given(section: msgspec.Struct | None) -> dict[str, Any]:
    """A section of the specification without what was left out."""
    fields: dict[str, Any] = msgspec.to_builtins(section) if section else {}
    return {field: value for field, value in fields.items() if value is not None and value is not False}


def _check_items(items: list[Any] | dict[str, Any] | None) -> None:
    if not isinstance(items, dict):
        return
    match items:
        case {"range": [int(start), int(end)], **rest} if (
            not rest and not isinstance(start, bool) and not isinstance(end, bool)
        ):
            if start > end:
                raise InvalidJob(f"job.items.range is [{start}, {end}]: it must start before it ends")
            if max(abs(start), abs(end)) > MOST:
                raise InvalidJob(f"job.items.range is [{start}, {end}]: its numbers must be within -2^53 and 2^53")
        case {"manifest": str(), **rest} if not rest:
            pass
        case _:
            raise InvalidJob(
                f"job.items is {str(items)[:200]}: expected a list of JSON values, "
                '{"range": [start, end]} with whole numbers, or {"manifest": location}'
            )
