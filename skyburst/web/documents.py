"""What the API takes and answers. Times are seconds since the epoch, sizes are bytes, money is USD."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Purpose = Literal["image", "data", "config"]


class Problem(msgspec.Struct, kw_only=True):
    """Why a request was refused, as RFC 9457 has it."""

    type: Annotated[str, Meta(description="A page that explains this kind of problem, or about:blank.")] = "about:blank"
    title: Annotated[str, Meta(description="The kind of problem, for people.")]
    status: Annotated[int, Meta(ge=400, le=599)]
    code: Annotated[str, Meta(description="The kind of problem, for programs; it does not change.")]
    detail: Annotated[str, Meta(description="One sentence for people: what is wrong, and what to do.")]
    field: Annotated[str | None, Meta(description="Path of the field that is wrong, such as job.parameters.mask.")] = (
        None
    )


class Limits(msgspec.Struct, kw_only=True):
    """How much a user may do."""

    jobs_per_day: Annotated[int | None, Meta(description="Jobs that a user may start in 24 hours; null for no limit.")]
    jobs_today: Annotated[Count, Meta(description="Jobs that the user started in the last 24 hours.")]
    concurrent: Annotated[int | None, Meta(description="Jobs of a user that may run at once; null for no limit.")]
    running: Annotated[Count, Meta(description="Jobs of the user that have not ended.")]
    upload_bytes: Annotated[int, Meta(description="The largest file that can be uploaded.")]


class About(msgspec.Struct, kw_only=True):
    """Whom and what one speaks to."""

    version: Annotated[str, Meta(description="Of Skyburst.")]
    home: Annotated[str, Meta(description="Where jobs run: local or aws.")]
    where: Annotated[str, Meta(description="Where they are kept, for people.")]
    user: Annotated[str | None, Meta(description="Who asks; null where there is one user only.")]
    limits: Limits


class Profile(msgspec.Struct, kw_only=True):
    """What is known of who asks; all of it is null or empty where there is one user only."""

    user: str | None
    administrator: Annotated[bool, Meta(description="Whether the jobs of everybody are seen.")]
    full_name: str
    email: str | None
    group: Annotated[str | None, Meta(description="Who pays for the jobs.")]
    approved: Annotated[bool | None, Meta(description="Null for a user without a profile.")]
    notify: Annotated[
        Literal["always", "failures", "never"] | None, Meta(description="Of which ends of jobs there is a message.")
    ]


class Preset(msgspec.Struct, kw_only=True):
    """Values of parameters that go together."""

    name: str
    title: str
    description: str
    parameters: Annotated[dict[str, Any], Meta(description="By their names; the others stay as they are.")]


class Analysis(msgspec.Struct, kw_only=True):
    """Something that can be run."""

    name: str
    version: str
    title: str
    description: str
    kind: Annotated[
        Literal["search", "datasets", "items"],
        Meta(
            description="What it runs over: a library that a parameter names, uploaded datasets, or items of the job."
        ),
    ]
    lists_items: Annotated[
        bool, Meta(description="Whether it lists its items itself, from its parameters; else a job names them.")
    ]
    compute: Annotated[str, Meta(description="What its batches run in, and why.")]
    parameters: Annotated[
        dict[str, Any] | None, Meta(description="JSON Schema of the parameters; null where any are handed on.")
    ]
    presets: Annotated[
        list[Preset], Meta(description="Values of parameters to choose from, in the order to show them.")
    ]
    next: Annotated[list[str], Meta(description="Names of the analyses that follow it.")]
    links: Annotated[dict[str, str], Meta(description="Where more is said of it: URLs by what people read.")]
    refused: Annotated[
        str | None, Meta(description="Why who asks may not run it, and what to do; null for who may.")
    ] = None


class EstimateLine(msgspec.Struct, kw_only=True):
    """A part of what a job will cost."""

    what: str
    usd: float


class Estimate(msgspec.Struct, kw_only=True):
    """What a job will take and cost, before it starts."""

    items: Annotated[int | None, Meta(description="Null when they are known only after the analysis has listed them.")]
    batches: int | None
    seconds: Annotated[float | None, Meta(description="From start to end; null when no earlier job is known.")]
    usd: Annotated[float | None, Meta(description="What it is expected to cost where it runs; 0 on this machine.")]
    most_usd: Annotated[float | None, Meta(description="What it costs at most, which budgets keep for it.")]
    on_aws_usd: Annotated[float | None, Meta(description="What it is expected to cost on AWS, wherever it runs.")]
    basis: Annotated[str, Meta(description="Where the figures come from, for people.")]
    lines: Annotated[list[EstimateLine], Meta(description="What `usd` is made of.")] = []


class ToCheck(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Parameters that somebody writes: from a form, or as a text."""

    parameters: Annotated[dict[str, Any] | None, Meta(description="By their names; or else `text`.")] = None
    text: Annotated[str | None, Meta(description="That has the parameters; then `parameters` does not count.")] = None
    format: Annotated[Literal["json", "yaml", "toml"], Meta(description="Of the text.")] = "json"


class CheckedProblem(msgspec.Struct, kw_only=True):
    """One thing that is wrong with parameters."""

    field: Annotated[str, Meta(description="Path of the field, such as parameters.label_boxes[0].")]
    detail: Annotated[str, Meta(description="One sentence for people: what is wrong, and what was expected.")]
    line: Annotated[int | None, Meta(description="Of the text, counted from 1; null where it is not known.")] = None


class Checked(msgspec.Struct, kw_only=True):
    """What is wrong with parameters."""

    parameters: Annotated[dict[str, Any] | None, Meta(description="As they were given; null when they cannot be read.")]
    problems: Annotated[list[CheckedProblem], Meta(description="None when a job can be started with them.")]


class Budget(msgspec.Struct, kw_only=True):
    """The budget that leaves a user least."""

    group: Annotated[str | None, Meta(description="That pays for the user's jobs.")]
    name: Annotated[str | None, Meta(description="Which budget it is, for people; null where there is none.")]
    limit_usd: float | None
    spent_usd: float
    reserved_usd: Annotated[float, Meta(description="Kept for jobs that have not ended.")]
    left_usd: Annotated[float | None, Meta(description="What jobs may still cost; null for no limit.")]


class Timeline(msgspec.Struct, kw_only=True):
    """What the parts of a job did when."""

    numbers: Annotated[
        list[dict[str, Any]], Meta(description="Of each stage: number, mean, median, std, min, max; seconds.")
    ]
    specification: Annotated[dict[str, Any], Meta(description="The picture, as Vega-Lite with its data.")]


class Library(msgspec.Struct, kw_only=True):
    """A stored collection of items that jobs search."""

    id: Annotated[str, Meta(description="What a job's parameter is given, as library:ID.")]
    name: str
    items: Count
    version: int
    properties: Annotated[dict[str, Any], Meta(description="What all items have alike, such as width and height.")]
    metadata: Annotated[dict[str, dict[str, int]], Meta(description="Items by value, for each kind of metadata.")]
    indexed: Annotated[bool, Meta(description="Whether an index makes searches of it faster.")]
    problem: Annotated[str | None, Meta(description="Why it cannot be searched; null when it can.")] = None


class NewUpload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file that is going to be uploaded."""

    name: Annotated[Name, Meta(description="Of the file, without folders.")]
    size: Annotated[int, Meta(ge=1, le=2**43, description="Bytes.")]
    purpose: Annotated[
        Purpose, Meta(description="image: a mask or an image to draw one on; data: a dataset; config.")
    ] = "data"


class UploadPart(msgspec.Struct, kw_only=True):
    """A range of bytes that is sent by one request."""

    number: Annotated[int, Meta(ge=1)]
    offset: Count
    size: Annotated[int, Meta(ge=1)]
    url: Annotated[str, Meta(description="Where its bytes are PUT.")]
    received: bool


class Upload(msgspec.Struct, kw_only=True):
    """A file on its way, or one that is complete and that jobs can name."""

    id: Annotated[str, Meta(description="What a job's parameter is given, as upload:ID, when the upload is complete.")]
    name: str
    size: int
    purpose: Purpose
    state: Literal["open", "complete"]
    parts: list[UploadPart]
    created_at: float
    width: Annotated[int | None, Meta(description="Pixels, of an image.")] = None
    height: Annotated[int | None, Meta(description="Pixels, of an image.")] = None
    channels: Annotated[int, Meta(ge=1, description="Pages of a TIFF image, each of which has a picture; else 1.")] = 1
    sha256: str | None = None


class UploadLine(msgspec.Struct, kw_only=True):
    """What a list says of an upload."""

    id: str
    name: str
    size: int
    purpose: Purpose
    state: Literal["open", "complete"]
    created_at: float


class UploadPage(msgspec.Struct, kw_only=True):
    """Some uploads, newest first."""

    uploads: list[UploadLine]
    next: Annotated[
        str | None, Meta(description="What `after` is given for the uploads that come then; null at the end.")
    ]


class Progress(msgspec.Struct, kw_only=True):
    """How far a job is."""

    batches: Count
    done: Count
    failed: Count
    running: Count
    items: Count
    items_done: Count
    item_errors: Count
    retries: Count
    elapsed_s: float
    items_per_s: float
    seconds_left: float | None
    worker_seconds: float
    fraction: Annotated[float, Meta(description="Share of the batches that have ended, 0 to 1.")]


class JobLine(msgspec.Struct, kw_only=True):
    """A job, as lists have it."""

    job_id: str
    name: str | None
    labels: dict[str, str]
    analysis: str
    state: Literal["PENDING", "RUNNING", "COMBINING", "SUCCEEDED", "PARTIAL", "FAILED", "TIMED_OUT", "CANCELLED"]
    reason: Annotated[str, Meta(description="Why it is in this state.")]
    interrupted: Annotated[
        bool, Meta(description="Whether nothing drives it any more, so that it waits to be resumed.")
    ]
    user: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    progress: Progress
    libraries: Annotated[list[str], Meta(description="Names of the libraries whose items it searches.")]
    summary: Annotated[
        str | None, Meta(description="Of one that has ended, what it found in a line, if its analysis tells.")
    ]


class Job(JobLine, kw_only=True):
    """Everything that is known of a job but its result."""

    specification: dict[str, Any]
    parameters: dict[str, Any]
    plan: dict[str, Any] | None
    runs: int
    missing: Annotated[list[dict[str, Any]], Meta(description="Batches without a result, with their reasons.")]
    item_errors: Annotated[list[dict[str, Any]], Meta(description="Items that could not be used, with their errors.")]
    next: Annotated[list[dict[str, Any]], Meta(description="What follows it so far.")]
    files: Annotated[list[str], Meta(description="Names of its result files.")]
    has_result: bool
    references: Annotated[
        dict[str, str],
        Meta(description="What its specification names, as upload:ID or library:ID, by JSON Pointer into it."),
    ]


class JobPage(msgspec.Struct, kw_only=True):
    """Some of the jobs, newest first: fewer than were asked for where few of a thousand match."""

    jobs: list[JobLine]
    next: Annotated[str | None, Meta(description="What `after` is given for the jobs that come then; null at the end.")]


class Results(msgspec.Struct, kw_only=True):
    """A page of the list that a result is, or has."""

    at: Annotated[str, Meta(description="JSON Pointer of the list in the result.")]
    total: Annotated[Count, Meta(description="Entries of the list.")]
    matching: Annotated[Count, Meta(description="Entries that the filters leave.")]
    offset: Count
    entries: list[Any]
    places: Annotated[
        list[Count],
        Meta(description="Of each entry, in the whole list, from 0: its rank less one where the list is ranked."),
    ]
    counts: Annotated[
        dict[str, dict[str, int]], Meta(description="Of the matching entries, by value, for each field in `count`.")
    ]
    complete: Annotated[bool, Meta(description="False while the job runs: what was found so far.")]


class Attempt(msgspec.Struct, kw_only=True):
    """A failed attempt at a batch."""

    kind: Annotated[str, Meta(description="The name of the error, or what ended it, such as Killed or TimedOut.")]
    message: str
    traceback: Annotated[str, Meta(description="Of the analysis' own code; empty when there is none.")]


class Batch(msgspec.Struct, kw_only=True):
    """A range of items that one worker was given."""

    number: Count
    start: Annotated[int, Meta(ge=0, description="Number of its first item.")]
    end: Annotated[int, Meta(ge=0, description="Number of the item after its last.")]
    state: Literal["PENDING", "RUNNING", "DONE", "FAILED", "LOST"]
    reason: Annotated[str, Meta(description="Why it has no partial result; empty where nothing is wrong.")]
    attempts: Count
    started_at: float | None
    seconds: float | None
    peak_memory_mb: float | None
    failures: Annotated[list[Attempt], Meta(description="Oldest first.")]


class DatasetFile(msgspec.Struct, kw_only=True):
    """A result file of a dataset."""

    name: str
    size: Count
    sha256: str | None = None


class Dataset(msgspec.Struct, kw_only=True):
    """One dataset of a job whose analysis is a command."""

    number: Count
    dataset: str
    state: str
    reason: str
    files: Annotated[list[DatasetFile], Meta(description="Its result files, when it has ended.")]
    status: Annotated[
        dict[str, Any], Meta(description="All that its environment tells: exit code, CPU, memory, times.")
    ]


class Link(msgspec.Struct, kw_only=True):
    """Where a file can be had by whoever has the address."""

    url: str
    expires_at: Annotated[float | None, Meta(description="When the address stops working; null for never.")] = None


class JobFile(msgspec.Struct, kw_only=True):
    """A file of a job."""

    name: Annotated[str, Meta(description="Those of datasets are NAME/FILE.")]
    size: Count
    url: Annotated[
        str, Meta(description="Where it can be had: a path of the API, or an address that works for some time.")
    ]


class LogLine(msgspec.Struct, kw_only=True):
    """A line of a log."""

    line: Annotated[int, Meta(ge=1)]
    at: Annotated[
        str | None, Meta(description="When, as ISO 8601 has it; null for the note of lines that are not kept.")
    ]
    stream: str
    text: str
