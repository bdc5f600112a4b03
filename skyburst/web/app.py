"""Paths and the OpenAPI document."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import quote

from litestar import Controller, Litestar, Request, Response, delete, get, post, put
from litestar.config.compression import CompressionConfig
from litestar.enums import MediaType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.params import FromPath, HeaderParameter, JSONBody, PathParameter, QueryParameter
from litestar.response import Redirect, ServerSentEvent, Stream
from litestar.types import ControllerRouterHandler, Middleware

import skyburst
from skyburst.errors import InvalidJob, SkyburstError
from skyburst.homes.home import Readable
from skyburst.web.documents import (
    About,
    Analysis,
    Batch,
    Budget,
    Checked,
    Dataset,
    Estimate,
    Job,
    JobFile,
    JobPage,
    Library,
    Link,
    LogLine,
    NewUpload,
    Problem,
    Profile,
    Purpose,
    Results,
    Timeline,
    ToCheck,
    Upload,
    UploadPage,
    UploadPart,
)
from skyburst.web.events import job_events
from skyburst.web.images import MOST_CHANNELS
from skyburst.web.pages import MOST, Query
from skyburst.web.pictures import TYPES, Picture
from skyburst.web.problems import MEDIA_TYPE, code_of, problem, problem_of
from skyburst.web.service import Service

log = logging.getLogger(__name__)

CHUNK = 1 << 20
SERVICE, USER, STAYS, ENDING = "service", "user", "stays", "ending"
"""What the application keeps."""
BEARER = "bearer"
"""What the document calls that which lets one in."""
MOST_BODY = 64 * 2**20
"""Bytes of a request that is no part of an upload. API Gateway takes 10 MB, and functions 6."""
CODES = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
"""Of what the framework refuses."""
KNOWN_AS = {"only": "state", "states": "state", "key": "Idempotency-Key"}
"""Names of fields of requests that have others here."""
NOT_COMPRESSED = ["/events$", r"/files\.zip$", "/files/", "/thumbnails/", "/pictures/", "/picture$", "/inputs/"]
"""Paths whose answers are streams, or compressed as they are."""
PROBLEM = {
    status: ResponseSpec(
        Problem, description="Why the request was refused.", media_type=MEDIA_TYPE, generate_examples=False
    )
    for status in (400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 507)
}
Id = Annotated[str, PathParameter(description="Id of the job.", max_length=200)]
Requested = Request[Any, Any, Any]
User = Callable[[Requested], str | None]
IdempotencyKey = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="Two requests with the same key are one job.")
]
LikeLibrary = Annotated[str | None, QueryParameter(description="Id of a library whose images it must be like in size.")]
At = Annotated[
    list[str] | None,
    QueryParameter(
        description="JSON Pointer of the list; may be left out where there is only one. Of several, the first that leads to one."
    ),
]
Where = Annotated[
    list[str] | None,
    QueryParameter(description="Conditions that all hold, such as matchingPixels>=100, image/publishedName~VT*."),
]
Sort = Annotated[list[str] | None, QueryParameter(description="Fields; - before one for the largest first.")]
Per = Annotated[str | None, QueryParameter(description="Field of whose values each is shown `most_per` times at most.")]
PictureSize = Annotated[Literal["full", "thumbnail"], QueryParameter(description="thumbnail: a small one, for lists.")]
KEPT, ASKED = "private, max-age=86400", "private, no-cache"
"""How long a browser may show a picture again: items and uploads stay as they are, files that jobs named may change."""
Counted = Annotated[list[str] | None, QueryParameter(description="Fields whose values are counted.")]


@dataclass
class PartOperation(Operation):
    """What the document says of the bytes of a part."""

    def __post_init__(self) -> None:
        bytes_of_it = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(
            content={"application/octet-stream": bytes_of_it}, required=True,
            description="Exactly as many bytes as the part has.",
        )  # fmt: skip


def nobody(_: Requested) -> None:
    """Who sends a request where there is one user only."""


def make_app(
    service: Service, *, user: User = nobody, middleware: list[Middleware] | None = None,
    more: list[ControllerRouterHandler] | None = None, stays: bool = True,
    on_startup: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Litestar:  # fmt: skip
    """The API.

    Args:
        service: what it does.
        user: who sends a request; None where there is one user only, who sees everything.
        middleware: what each request passes first.
        more: what is served beside the API.
        stays: whether connections are kept for as long as there is something to tell.
        on_startup: what is done when it begins.
    """
    app = Litestar(
        [
            about, profile, budget, estimates, AnalysisPaths, LibraryPaths, UploadPaths, JobPaths, PicturePaths, ResultPaths,
            *(more or []),
        ],
        middleware=middleware or [],
        exception_handlers={
            SkyburstError: _refused, HTTPException: _wrong, RecursionError: _too_deep, UnicodeDecodeError: _no_text,
            Exception: _broken,
        },
        compression_config=CompressionConfig(backend="gzip", exclude=NOT_COMPRESSED),
        logging_config=None,
        request_max_body_size=MOST_BODY,
        on_startup=on_startup,
        openapi_config=OpenAPIConfig(
            title="Skyburst", version=skyburst.__version__, path="/api/schema", use_handler_docstrings=True,
            description="Analyses over very many items: run them, watch them, and read what they found.",
            render_plugins=[JsonRenderPlugin()], security=[{BEARER: []}],
            components=Components(security_schemes={BEARER: SecurityScheme(type="http", scheme="bearer")}),
        ),
    )  # fmt: skip
    app.state[SERVICE], app.state[USER], app.state[STAYS], app.state[ENDING] = service, user, stays, False
    return app


def _of(request: Requested) -> tuple[Service, str | None]:
    state = request.app.state
    return state[SERVICE], state[USER](request)


@get("/api/about", sync_to_thread=True, tags=["about"], responses=PROBLEM)
def about(request: Requested) -> About:
    """Whom one speaks to, and how much one may do."""
    service, user = _of(request)
    return service.about(user, skyburst.__version__)


@get("/api/profile", sync_to_thread=True, tags=["about"], responses=PROBLEM)
def profile(request: Requested) -> Profile:
    """Who asks, as the operator knows them."""
    service, user = _of(request)
    return service.profile(user)


class AnalysisPaths(Controller):
    """What can be run."""

    path = "/api/analyses"
    tags = ("analyses",)

    @get("/", sync_to_thread=True, responses=PROBLEM)
    def all(self, request: Requested) -> list[Analysis]:
        """All analyses."""
        service, user = _of(request)
        return service.analyses(user)

    @get("/{name:str}", sync_to_thread=True, responses=PROBLEM)
    def one(self, request: Requested, name: FromPath[str]) -> Analysis:
        """One analysis, with the JSON Schema of its parameters."""
        service, user = _of(request)
        return service.analysis(name, user)

    @post("/{name:str}/check", sync_to_thread=True, status_code=200, responses=PROBLEM)
    def check(self, request: Requested, name: FromPath[str], data: JSONBody[ToCheck]) -> Checked:
        """Everything that is wrong with parameters, as they are written: none is a problem of the request."""
        service, user = _of(request)
        return service.check(name, data, user)


@post("/api/estimates", sync_to_thread=True, status_code=200, tags=["jobs"], responses=PROBLEM)
def estimates(request: Requested, data: JSONBody[dict[str, Any]]) -> Estimate:
    """What a job will take and cost: a job specification, which is checked as one that is started, and not started."""
    service, user = _of(request)
    return service.estimate(data, user)


@get("/api/budget", sync_to_thread=True, tags=["about"], responses=PROBLEM)
def budget(
    request: Requested,
    group: Annotated[str | None, QueryParameter(description="That pays, where there are no users.", max_length=200)] = None,
    analysis: Annotated[str | None, QueryParameter(description="With the budgets about it.", max_length=200)] = None,
) -> Budget:  # fmt: skip
    """The budget that leaves the user least of all that a job would be paid from."""
    service, user = _of(request)
    return service.budget(user, group, analysis)


class LibraryPaths(Controller):
    """What can be searched."""

    path = "/api/libraries"
    tags = ("libraries",)

    @get("/", sync_to_thread=True, responses=PROBLEM)
    def all(self, request: Requested) -> list[Library]:
        """All libraries that this server offers."""
        return _of(request)[0].libraries.all()

    @get("/{library:str}", sync_to_thread=True, responses=PROBLEM)
    def one(self, request: Requested, library: FromPath[str]) -> Library:
        """One library."""
        return _of(request)[0].libraries.get(library)

    @get("/{library:str}/thumbnails/{key:path}", sync_to_thread=True, responses=PROBLEM)
    def thumbnail(self, request: Requested, library: FromPath[str], key: FromPath[Path]) -> Response[bytes]:
        """The small picture of an item."""
        readable = _of(request)[0].libraries.thumbnail(library, str(key).lstrip("/"))
        # Nothing else than a picture: what a library has beside those must not act as a page of this server.
        kind = TYPES.get(PurePosixPath(key).suffix.lower(), "application/octet-stream")
        with readable.open() as source:
            return _pictured(Picture(source.read(), kind), KEPT)


class UploadPaths(Controller):
    """Files that come in parts, any of which may be sent again."""

    path = "/api/uploads"
    tags = ("uploads",)

    @post("/", sync_to_thread=True, responses=PROBLEM)
    def begin(self, request: Requested, data: JSONBody[NewUpload]) -> Upload:
        """Begin an upload: the answer has its parts, and where each is PUT."""
        service, user = _of(request)
        return service.begin_upload(data, user)

    @get("/", sync_to_thread=True, responses=PROBLEM)
    def all(
        self, request: Requested,
        name: Annotated[str | None, QueryParameter(description="Only those whose name has this in it.")] = None,
        purpose: Annotated[Purpose | None, QueryParameter(description="Only those that were begun for this.")] = None,
        only: Annotated[
            Literal["open", "complete"] | None, QueryParameter(name="state", description="Only in this state.")
        ] = None,
        after: Annotated[str | None, QueryParameter(description="Only those that come after this one in the list.")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most.")] = 100,
    ) -> UploadPage:  # fmt: skip
        """Uploads, newest first."""
        service, user = _of(request)
        return service.all_uploads(user, name=name, purpose=purpose, state=only, after=after, limit=limit)

    @get("/{upload:str}", sync_to_thread=True, responses=PROBLEM)
    def one(self, request: Requested, upload: FromPath[str]) -> Upload:
        """An upload, and which of its parts were received: what is left is sent to go on with it."""
        service, user = _of(request)
        return service.uploads.get(upload, user)

    # Of any size: the bytes of a part are counted as they come.
    @put(
        "/{upload:str}/parts/{number:int}", responses=PROBLEM, request_max_body_size=None, operation_class=PartOperation
    )
    async def part(self, request: Requested, upload: FromPath[str], number: FromPath[int]) -> UploadPart:
        """The bytes of one part."""
        service, user = _of(request)
        return await service.uploads.receive(upload, number, request.stream(), user)

    @post("/{upload:str}/complete", sync_to_thread=True, status_code=200, responses=PROBLEM)
    def complete(
        self, request: Requested, upload: FromPath[str],
        library: LikeLibrary = None,
    ) -> Upload:  # fmt: skip
        """Check a file whose parts have all been received, so that jobs can name it."""
        service, user = _of(request)
        return service.complete_upload(upload, library, user)

    @delete("/{upload:str}", sync_to_thread=True, responses=PROBLEM)
    def remove(self, request: Requested, upload: FromPath[str]) -> None:
        """Remove a file that no job needs which has not ended."""
        service, user = _of(request)
        service.remove_upload(upload, user)


class JobPaths(Controller):
    """Runs of analyses."""

    path = "/api/jobs"
    tags = ("jobs",)

    @post("/", sync_to_thread=True, responses=PROBLEM)
    def submit(
        self, request: Requested, data: JSONBody[dict[str, Any]],
        key: IdempotencyKey = None,
    ) -> Job:  # fmt: skip
        """Check and start a job: a job specification, whose parameters and items may name `upload:ID` and `library:ID`."""
        service, user = _of(request)
        return service.submit(_with_key(data, key), user)

    @get("/", sync_to_thread=True, responses=PROBLEM)
    def all(
        self, request: Requested,
        states: Annotated[list[str] | None, QueryParameter(name="state", description="Only in one of these states.")] = None,
        analysis: Annotated[str | None, QueryParameter(description="Only of this analysis.")] = None,
        name: Annotated[str | None, QueryParameter(description="Only those whose id or name has this in it.")] = None,
        after: Annotated[str | None, QueryParameter(description="Only those that come after this job in the list.")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200, description="So many at most.")] = 20,
    ) -> JobPage:  # fmt: skip
        """Jobs, newest first."""
        service, user = _of(request)
        return service.jobs(user, state=states or [], analysis=analysis, name=name, after=after, limit=limit)

    @get("/{job_id:str}", sync_to_thread=True, responses=PROBLEM)
    def one(self, request: Requested, job_id: Id) -> Job:
        """Everything that is known of a job but its result."""
        service, user = _of(request)
        return service.job(job_id, user)

    @delete("/{job_id:str}", sync_to_thread=True, responses=PROBLEM)
    def forget(self, request: Requested, job_id: Id) -> None:
        """Forget a job that has ended, and remove all its files."""
        service, user = _of(request)
        service.delete(job_id, user)

    @post("/{job_id:str}/cancel", sync_to_thread=True, status_code=200, responses=PROBLEM)
    def cancel(self, request: Requested, job_id: Id) -> Job:
        """Ask for the end of a job: what was found is combined, and it can be resumed."""
        service, user = _of(request)
        return service.cancel(job_id, user)

    @post("/{job_id:str}/resume", sync_to_thread=True, status_code=200, responses=PROBLEM)
    def resume(self, request: Requested, job_id: Id) -> Job:
        """Run only what is missing."""
        service, user = _of(request)
        return service.resume(job_id, user)

    @post("/{job_id:str}/rerun", sync_to_thread=True, responses=PROBLEM)
    def rerun(self, request: Requested, job_id: Id, key: IdempotencyKey = None) -> Job:
        """Run a job that has ended once more, as another one."""
        service, user = _of(request)
        return service.rerun(job_id, user, key)

    @get("/{job_id:str}/events", responses=PROBLEM, media_type="text/event-stream")
    async def events(self, request: Requested, job_id: Id) -> ServerSentEvent:
        """The job with each change, as server-sent events, until it has ended."""
        service, user = _of(request)
        await asyncio.to_thread(service.line, job_id, user)  # what is not there is so before anything is sent
        state = request.app.state
        return ServerSentEvent(
            job_events(lambda: service.line(job_id, user), once=not state[STAYS], ending=lambda: state[ENDING])
        )


class PicturePaths(Controller):
    """Images as a browser shows them."""

    path = "/api"
    tags = ("pictures",)

    @get("/uploads/{upload:str}/picture", sync_to_thread=True, media_type="image/png", responses=PROBLEM)
    def of_upload(
        self, request: Requested, upload: FromPath[str],
        channel: Annotated[int, QueryParameter(ge=1, le=MOST_CHANNELS, description="Page of a TIFF image.")] = 1,
    ) -> Response[bytes]:  # fmt: skip
        """The very pixels of an uploaded image, or of one of its channels, as RGB."""
        service, user = _of(request)
        return _pictured(service.upload_picture(upload, channel, user), KEPT)

    @get("/jobs/{job_id:str}/inputs/{name:str}", sync_to_thread=True, media_type="image/png", responses=PROBLEM)
    def of_input(
        self, request: Requested, job_id: Id,
        name: Annotated[str, PathParameter(description="Of the parameter, such as mask.", max_length=200)],
        number: Annotated[int, QueryParameter(ge=0, le=2**31, description="Of a list of images, counted from 0.")] = 0,
    ) -> Response[bytes]:  # fmt: skip
        """The very pixels of the image that a parameter of a job names, as RGB."""
        service, user = _of(request)
        return _pictured(service.job_input(job_id, user, name, number), ASKED)

    @get("/jobs/{job_id:str}/pictures/{key:path}", sync_to_thread=True, media_type="image/png", responses=PROBLEM)
    def of_job(
        self, request: Requested, job_id: Id, key: FromPath[Path], size: PictureSize = "full",
        library: Annotated[int, QueryParameter(ge=0, le=2**31, description="Of several libraries, counted from 0.")] = 0,
    ) -> Response[bytes]:  # fmt: skip
        """The image of an item of a library that a job searches: its very pixels, or a small picture of it."""
        service, user = _of(request)
        return _pictured(service.job_picture(job_id, user, library, _key(key), thumbnail=size == "thumbnail"), KEPT)

    @get("/libraries/{library:str}/pictures/{key:path}", sync_to_thread=True, media_type="image/png", responses=PROBLEM)
    def of_library(
        self, request: Requested, library: FromPath[str], key: FromPath[Path], size: PictureSize = "full"
    ) -> Response[bytes]:
        """The image of an item of a library: its very pixels, or a small picture of it."""
        return _pictured(_of(request)[0].library_picture(library, _key(key), thumbnail=size == "thumbnail"), KEPT)


class ResultPaths(Controller):
    """What a job found, and what is known of how it ran."""

    path = "/api/jobs/{job_id:str}"
    tags = ("results",)

    @get("/results", sync_to_thread=True, responses=PROBLEM)
    def results(
        self, request: Requested, job_id: Id,
        at: At = None, where: Where = None, sort: Sort = None, per: Per = None,
        most_per: Annotated[int, QueryParameter(ge=1)] = 1,
        count: Counted = None,
        offset: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = 30,
    ) -> Results:  # fmt: skip
        """A page of what a job found; while it runs, of what it found so far."""
        service, user = _of(request)
        query = Query(at or (), where or (), sort or (), per, most_per, count or (), offset, limit)
        return service.results(job_id, user, query)

    @get("/files/{name:path}", sync_to_thread=True, responses=PROBLEM)
    def file(self, request: Requested, job_id: Id, name: FromPath[Path]) -> Stream | Redirect:
        """A result file; `result.json` is the result. Where files are had from elsewhere, the address of it."""
        service, user = _of(request)
        inside = str(name).lstrip("/")
        if service.links is not None:
            with service.file(job_id, user, inside) as readable:
                return Redirect(service.links.of(readable, inside).url, status_code=303, media_type=MediaType.TEXT)
        with ExitStack() as opened:
            readable = opened.enter_context(service.file(job_id, user, inside))
            headers = _of_file(inside, readable.size)
            pieces = _begun(_chunks(readable))
            kind = mimetypes.guess_type(inside)[0] or "application/octet-stream"
            return Stream(_closing(pieces, opened.pop_all().close), media_type=kind, headers=headers)

    @get("/links", sync_to_thread=True, responses=PROBLEM)
    def links(self, request: Requested, job_id: Id) -> list[JobFile]:
        """All files of the job, and where each can be had."""
        service, user = _of(request)
        return service.file_list(job_id, user)

    @get("/links/{name:path}", sync_to_thread=True, responses=PROBLEM)
    def link(self, request: Requested, job_id: Id, name: FromPath[Path]) -> Link:
        """Where a file can be had by a plain link."""
        service, user = _of(request)
        return service.link(job_id, user, _key(name))

    @get("/files.zip", sync_to_thread=True, media_type="application/zip", responses=PROBLEM)
    def archive(self, request: Requested, job_id: Id) -> Stream | Redirect:
        """All files of the job as a ZIP archive. Where files are had from elsewhere, the address of it."""
        service, user = _of(request)
        if service.links is not None:
            address = service.archive_link(service.links, job_id, user).url
            return Redirect(address, status_code=303, media_type=MediaType.TEXT)
        with ExitStack() as opened:
            pieces = _begun(opened.enter_context(service.archive(job_id, user)))
            headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(job_id, safe='')}.zip"}
            return Stream(_closing(pieces, opened.pop_all().close), media_type="application/zip", headers=headers)

    @get("/certificate", sync_to_thread=True, responses=PROBLEM)
    def certificate(self, request: Requested, job_id: Id) -> dict[str, Any]:
        """The record that makes a job reproducible, when it has ended."""
        service, user = _of(request)
        return service.certificate(job_id, user)

    @get("/cost", sync_to_thread=True, responses=PROBLEM)
    def cost(self, request: Requested, job_id: Id) -> dict[str, Any]:
        """What the job cost so far, by part."""
        service, user = _of(request)
        return service.cost(job_id, user)

    @get("/batches", sync_to_thread=True, responses=PROBLEM)
    def batches(
        self, request: Requested, job_id: Id,
        states: Annotated[list[str] | None, QueryParameter(name="state", description="Only in one of these states.")] = None,
        first: Annotated[int, QueryParameter(ge=0, le=2**53, description="Number of the first that is wanted.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST, description="So many at most.")] = 100,
    ) -> list[Batch]:  # fmt: skip
        """Batches of the job, by their numbers, with the reasons of those that failed."""
        service, user = _of(request)
        return service.batches(job_id, user, states or [], first, limit)

    @get("/timeline", sync_to_thread=True, responses=PROBLEM)
    def timeline(self, request: Requested, job_id: Id) -> Timeline:
        """What the parts of a job did when, in numbers and as a picture in Vega-Lite."""
        service, user = _of(request)
        return service.timeline(job_id, user)

    @get("/datasets", sync_to_thread=True, responses=PROBLEM)
    def datasets(self, request: Requested, job_id: Id) -> list[Dataset]:
        """The datasets of a job whose analysis is a command."""
        service, user = _of(request)
        return service.datasets(job_id, user)

    @get("/datasets/{number:int}/log", sync_to_thread=True, responses=PROBLEM)
    def log(
        self, request: Requested, job_id: Id, number: FromPath[int],
        after: Annotated[int, QueryParameter(ge=0, le=2**53, description="Number of the last line that is known.")] = 0,
    ) -> list[LogLine]:  # fmt: skip
        """The lines of the log of a dataset."""
        service, user = _of(request)
        return service.dataset_log(job_id, user, number, after)


def _key(path: Path) -> str:
    """As the framework has the rest of a path: with a slash before it."""
    return str(path).lstrip("/")


def _with_key(document: dict[str, Any], key: str | None) -> dict[str, Any]:
    """A job specification with the key of the request. Raises InvalidJob when it has another one."""
    if key is None:
        return document
    own = document.get("idempotency_key", key)
    if own != key:
        raise InvalidJob(f"job.idempotency_key is {own!r}, and the header Idempotency-Key {key!r}: give one of them")
    return {**document, "idempotency_key": key}


def _pictured(picture: Picture, caching: str) -> Response[bytes]:
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
    return Response(picture.data, media_type=picture.media_type, headers=headers)


def _of_file(name: str, size: int) -> dict[str, str]:
    """Headers of a file that an analysis wrote: were it a page, it must not act as this one."""
    file = PurePosixPath(name).name.replace('"', "")
    return {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(file, safe='')}",
        "Content-Length": str(size),
        "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }


def _chunks(readable: Readable) -> Iterator[bytes]:
    with readable.open() as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, of which the first is had: what is gone is told so, and is not an answer that breaks off."""
    return chain([next(pieces, b"")], pieces)


def _closing(pieces: Iterator[bytes], close: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        close()


def _refused(_: Requested, error: SkyburstError) -> Response[Problem]:
    return _answer(problem_of(error))


def _wrong(request: Requested, error: HTTPException) -> Response[Problem]:
    """What the framework refuses: unknown paths and methods, bodies and queries that are not as documented."""
    status, path = error.status_code, request.url.path
    extra: Any = error.extra
    first = extra[0] if isinstance(extra, list) and extra and isinstance(extra[0], dict) else {}
    field = KNOWN_AS.get(first.get("key", ""), first.get("key"))
    detail = error.detail
    if {"key", "message"} <= first.keys():
        sent = request.query_params.get(str(field))
        given = "" if sent is None else f" is {sent!r}"
        detail = f"{field}{given}: {first['message']}"
    elif status == 404 and detail == "Not Found":
        detail = f"there is no {path}"
    elif status == 405:
        detail = f"{request.method} is not possible at {path}: see /api/schema/openapi.json"
    elif status == 413:
        detail = f"the request is too large: at most {MOST_BODY:,} bytes; files are sent in parts, as uploads"
    return _answer(problem(status, CODES.get(status, code_of(type(error))), detail, field), error.headers)


def _no_text(request: Requested, error: UnicodeDecodeError) -> Response[Problem]:
    """What was sent is no UTF-8; what is only asked for is this server's own."""
    if request.method != "POST":
        return _broken(request, error)
    return _answer(
        problem(400, "invalid_request", "the document is not UTF-8 text: encode it as JSON in UTF-8", "data")
    )


def _too_deep(request: Requested, error: RecursionError) -> Response[Problem]:
    """What was sent has lists in lists, hundreds of them; what is only asked for is this server's own."""
    if request.method != "POST":
        return _broken(request, error)
    return _answer(problem(400, "too_deep", "the document has too many lists and objects inside each other", "data"))


def _broken(request: Requested, error: Exception) -> Response[Problem]:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return _answer(problem(500, "internal", "something went wrong in the server; its log says what"))


def _answer(found: Problem, headers: dict[str, str] | None = None) -> Response[Problem]:
    return Response(found, status_code=found.status, media_type=MEDIA_TYPE, headers=headers)
