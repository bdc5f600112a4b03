"""What every home of uploads promises: a folder of this machine, and a bucket of S3."""

from __future__ import annotations

import asyncio
import functools
import io
import struct
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skyburst.errors import InvalidUpload, UploadInUse, UploadNotFound
from skyburst.web import images, uploads
from skyburst.web.documents import NewUpload, Upload
from skyburst.web.images import Size
from skyburst.web.pictures import exact, of_file
from tests.conftest import needed
from tests.waiting import PATIENCE_S
from tests.web.buckets import s3_uploads, web_table

MIB = 1 << 20
LIMIT = 100 * MIB
ROUNDS = 40


@pytest.fixture(params=["local", "s3"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Uploads whose parts have 5 MiB, the fewest that S3 takes."""
    needed("litestar")
    monkeypatch.setattr(uploads, "PART_BYTES", 5 * MIB)
    if request.param == "local":
        yield uploads.LocalUploads(tmp_path / "uploads", LIMIT)
        return
    endpoint, bucket = (request.getfixturevalue(name) for name in ("dynamodb_address", "bucket"))
    from skyburst.web.aws import uploads as on_aws

    monkeypatch.setattr(on_aws, "PART_BYTES", 5 * MIB)
    with web_table(endpoint) as (client, table):
        yield s3_uploads(bucket, client, table, LIMIT)


@functools.cache
def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG", mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(written, kind)
    return written.getvalue()


IEND = bytes(4) + b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big")


def png(width: int, height: int, kind: int, data: bytes) -> bytes:
    """An image of 8 bits of a kind of colours, with its pixels as they are given."""
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in ((b"IHDR", header), (b"IDAT", data))
    ]
    return b"".join([b"\x89PNG\r\n\x1a\n", *chunks, IEND])


@functools.cache
def tiff(pages: int) -> bytes:
    written = io.BytesIO()
    first, *rest = [Image.effect_noise((40, 30), 90).convert("RGB") for _ in range(pages)]
    first.save(written, "TIFF", save_all=True, append_images=rest)
    return written.getvalue()


def begin(home: Any, data: bytes, name: str = "mask.png", owner: str | None = "ada", **fields: Any) -> Upload:
    found: Upload = home.begin(NewUpload(name=name, size=len(data), **fields), 1_000_000_000.0, owner)
    return found


def send(home: Any, upload: Upload, data: bytes, *numbers: int, owner: str | None = "ada") -> None:
    """PUT parts where they are to be PUT: to the API, or to S3 as a browser does."""
    for part in upload.parts:
        if numbers and part.number not in numbers:
            continue
        body = data[part.offset : part.offset + part.size]
        if part.url.startswith("/"):

            async def once(body: bytes = body) -> AsyncIterator[bytes]:
                yield body

            asyncio.run(home.receive(upload.id, part.number, once(), owner))
        else:
            request = urllib.request.Request(part.url, data=body, method="PUT", headers={"Content-Type": ""})
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200


def received(home: Any, upload: Upload) -> list[int]:
    return [part.number for part in home.get(upload.id, "ada").parts if part.received]


def read(home: Any, upload_id: str) -> bytes:
    with home.open(upload_id, "ada") as file:
        data: bytes = file.read()
    return data


def uploaded(home: Any, data: bytes, **fields: Any) -> Upload:
    upload = begin(home, data, **fields)
    send(home, upload, data)
    complete: Upload = home.complete(upload.id, None, "ada")
    return complete


def test_a_file_arrives_as_it_was_sent_in_any_order_and_parts_twice(home):
    data = bytes(range(256)) * (11 * MIB // 256) + b"end"
    upload = begin(home, data, name="movie é.tif", purpose="data")
    assert [part.size for part in upload.parts] == [5 * MIB, 5 * MIB, MIB + 3]
    send(home, upload, data, 3)
    send(home, upload, data, 1)
    send(home, upload, data, 2)
    send(home, upload, data, 1)
    done = home.complete(upload.id, None, "ada")
    assert (done.state, done.name, done.size) == ("complete", "movie é.tif", len(data))
    with home.open(upload.id, "ada") as file:
        assert file.read() == data
        file.seek(-3, 2)
        assert file.read() == b"end"
    assert home.location(upload.id, "ada").endswith("/movie é.tif")
    assert home.get(upload.id, "ada").state == "complete"


def test_what_jobs_read_is_at_its_location(home):
    from skyburst.reading import read_location

    upload = uploaded(home, b"one two", name="a b#c%20?.txt", purpose="data")
    assert read_location(home.location(upload.id, "ada")) == b"one two"


def test_an_upload_goes_on_with_the_parts_that_are_missing(home):
    data = bytes(11 * MIB)
    upload = begin(home, data, purpose="data")
    assert received(home, upload) == []
    send(home, upload, data, 2)
    assert received(home, upload) == [2]
    with pytest.raises(InvalidUpload, match=r"2 parts of upload .* are missing, 1, 3 among them") as told:
        home.complete(upload.id, None, "ada")
    assert told.value.field == "parts"
    send(home, home.get(upload.id, "ada"), data, 1, 3)
    assert home.complete(upload.id, None, "ada").state == "complete"


def test_an_upload_is_its_owners_alone(home):
    upload = uploaded(home, picture(), purpose="image")
    for other in ("bob", None):
        calls: list[Callable[[], Any]] = [
            functools.partial(home.get, upload.id, other),
            functools.partial(home.complete, upload.id, None, other),
            functools.partial(home.location, upload.id, other),
            functools.partial(home.open, upload.id, other),
            functools.partial(home.remove, upload.id, other),
        ]
        for call in calls:
            with pytest.raises(UploadNotFound, match="there is no upload"):
                call()
    with home.open(upload.id, "ada") as file:
        assert file.read(4) == b"\x89PNG"


def test_uploads_of_an_owner_are_listed_newest_first_without_what_nobody_completed_in_time(home):
    now = time.time()
    names = {"old.tif": now - uploads.KEPT_S - 60, "older.txt": now - 30, "newer.txt": now - 20}
    found = {
        name: home.begin(NewUpload(name=name, size=3, purpose="data"), created, "ada")
        for name, created in names.items()
    }
    home.begin(NewUpload(name="hers.txt", size=3, purpose="data"), now, "grace")
    send(home, found["older.txt"], b"abc")
    home.complete(found["older.txt"].id, None, "ada")
    assert [(one.name, one.state, one.size) for one in home.all("ada")] == [
        ("newer.txt", "open", 3),
        ("older.txt", "complete", 3),
    ]
    assert home.all("ada")[1].id == found["older.txt"].id
    assert [one.name for one in home.all("grace")] == ["hers.txt"]
    assert home.all("nobody") == []
    home.remove(found["older.txt"].id, "ada")
    assert [one.name for one in home.all("ada")] == ["newer.txt"]


def test_there_is_no_other_upload(home):
    for wrong in ("0" * 32, "x", "../upload", ""):
        with pytest.raises(UploadNotFound):
            home.get(wrong, "ada")


def test_an_image_is_looked_at_before_jobs_can_name_it(home):
    upload = begin(home, picture(), purpose="image")
    send(home, upload, picture())
    with pytest.raises(InvalidUpload, match="not complete"):
        home.location(upload.id, "ada")
    with pytest.raises(InvalidUpload, match="has 40 x 30 pixels"):
        home.complete(upload.id, Size(41, 30), "ada")
    with pytest.raises(InvalidUpload, match="not complete"):
        home.location(upload.id, "ada")
    done = home.complete(upload.id, Size(40, 30), "ada")
    assert (done.state, done.width, done.height) == ("complete", 40, 30)
    assert home.complete(upload.id, None, "ada").state == "complete", "again is the same"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no image at all" * 10, "no image that can be read"),
        (picture(kind="JPEG"), "JPEG image, whose colours are not kept exactly"),
        (picture(mode="L"), "pixels of the kind L"),
        (picture()[:-30], "mask.png is damaged"),
        (picture()[:33] + IEND, "mask.png is damaged"),
        (png(40, 30, 3, zlib.compress(bytes(41 * 30))), "it has no palette"),
        (tiff(3)[:-3_000], "page 3 of mask.png is damaged"),
        (picture(kind="TIFF")[:-900], "mask.png is damaged"),
        (
            png(14_000, 14_000, 2, zlib.compress(bytes(1_000))),
            "14000 x 14000 pixels, 196,000,000 in all: at most 50,000,000 can",
        ),
        (png(10_000, 10_000, 2, zlib.compress(bytes(1_000))), "100,000,000 in all: at most 50,000,000 can"),
    ],
    ids=["text", "jpeg", "grey", "cut", "no pixels", "no palette", "last page", "strips", "huge", "large"],
)
def test_an_image_that_cannot_be_searched_with_is_refused_and_stays_open(home, data, says, recwarn):
    upload = begin(home, data, purpose="image")
    send(home, upload, data)
    for _ in range(2):
        with pytest.raises(InvalidUpload, match=says):
            home.complete(upload.id, None, "ada")
    assert home.get(upload.id, "ada").state == "open"
    home.remove(upload.id, "ada")
    assert not [told for told in recwarn if "PIL" in told.filename], "nothing of it is in the log of the server"


def test_of_many_pages_so_many_are_read_as_one_image_may_have_pixels(home, monkeypatch):
    monkeypatch.setattr(images, "MOST_PIXELS", 2 * 40 * 30)
    assert uploaded(home, tiff(3)[:-3_000], name="a.tif", purpose="image").channels == 3


@pytest.mark.parametrize("name", [".", "..", "a/b", "a\\b", "a\nb", "\x00", "ü" * 150])
def test_names_with_folders_and_signs_are_refused(home, name):
    with pytest.raises(InvalidUpload) as told:
        begin(home, b"x", name=name)
    assert told.value.field == "name"


def test_a_file_that_is_too_large_is_refused_at_once(home):
    with pytest.raises(InvalidUpload, match="at most 104,857,600 bytes") as told:
        home.begin(NewUpload(name="x", size=LIMIT + 1), 0.0, None)
    assert told.value.field == "size"


def test_what_is_removed_is_gone_complete_or_not(home):
    complete, open_ = uploaded(home, b"text", purpose="data"), begin(home, bytes(6 * MIB), purpose="data")
    send(home, open_, bytes(6 * MIB), 1)
    for upload in (complete, open_):
        home.remove(upload.id, "ada")
        with pytest.raises(UploadNotFound):
            home.get(upload.id, "ada")


def test_where_there_is_one_user_only_uploads_are_nobodys(home):
    upload = begin(home, b"text", owner=None, purpose="data")
    send(home, upload, b"text", owner=None)
    assert home.complete(upload.id, None, None).state == "complete"


def test_the_channels_of_an_image_are_counted_and_shown_wherever_it_is(home):
    written = io.BytesIO()
    pages = [Image.effect_noise((40, 30), 90 + number).convert("RGB") for number in range(3)]
    pages[0].save(written, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    upload = uploaded(home, written.getvalue(), name="three.tif", purpose="image")
    assert (upload.channels, home.get(upload.id, "ada").channels) == (3, 3)
    for number, page in enumerate(pages, 1):
        with home.open(upload.id, "ada") as file:
            shown = exact(file, upload.name, number)
        assert Image.open(io.BytesIO(shown.data)).tobytes() == page.tobytes(), number
    assert Image.open(io.BytesIO(of_file(home.location(upload.id, "ada")).data)).tobytes() == pages[0].tobytes()


def test_the_upload_at_a_location_is_told_also_when_it_is_gone(home):
    upload = uploaded(home, b"one", name="a.txt", purpose="data")
    location = home.location(upload.id, "ada")
    home.remove(upload.id, "ada")
    assert home.named(location) == upload.id
    for none in ("", "a.txt", "/", location.rpartition("/")[0].rpartition("/")[0], "s3://other/b", "\x00", "x" * 5_000):
        assert home.named(none) is None, none[:50]


def test_an_upload_that_is_removed_while_it_is_completed_does_not_come_back(home, monkeypatch):
    upload = begin(home, b"text", purpose="data")
    send(home, upload, b"text")
    keep = type(home)._keep

    def removed_first(self: Any, kept: Any, **new: bool) -> None:
        if kept.complete:
            home.remove(upload.id, "ada")
        keep(self, kept, **new)

    monkeypatch.setattr(type(home), "_keep", removed_first)
    with pytest.raises(UploadNotFound):
        home.complete(upload.id, None, "ada")
    with pytest.raises(UploadNotFound):
        home.location(upload.id, "ada")


def test_who_removes_an_upload_hears_of_a_job_that_is_being_started_with_it(home):
    upload = uploaded(home, b"text", purpose="data")
    begun, stored = threading.Event(), []

    def start() -> None:
        with home.starting([upload.id]) as note_id:
            note_id("job-1")
            begun.set()
            time.sleep(0.5)
            stored.append("job-1")

    def check(noted: Mapping[str, float]) -> None:
        if stored or noted:
            raise UploadInUse(", ".join({*stored, *noted}))

    starter = threading.Thread(target=start)
    starter.start()
    assert begun.wait(PATIENCE_S)
    with pytest.raises(UploadInUse, match="job-1"):
        home.remove(upload.id, "ada", check)
    starter.join(30)
    with home.open(upload.id, "ada") as file:
        assert file.read() == b"text"
    home.remove(upload.id, "ada")
    assert home.all("ada") == []


def test_no_job_is_started_with_an_upload_that_is_gone(home):
    upload = uploaded(home, b"text", purpose="data")
    home.remove(upload.id, "ada")
    for gone in (upload.id, "0" * 32):
        with pytest.raises(UploadNotFound), home.starting([gone]) as note_id:
            note_id("job-1")


def test_who_asks_for_an_upload_while_it_is_removed_has_it_or_hears_that_there_is_none(home):
    """Whatever else is asked for at that moment: what is removed is nobody's damage."""
    asked: list[Callable[[str], Any]] = [
        lambda one: home.get(one, "ada"),
        lambda one: home.complete(one, None, "ada"),
        lambda one: home.location(one, "ada"),
        lambda one: home.all("ada"),
        lambda one: read(home, one),
    ]

    def until_there_is_none(ask: Callable[[str], Any], one: str) -> None:
        with suppress(UploadNotFound):
            while any(line.id == one for line in home.all("ada")):
                ask(one)

    with ThreadPoolExecutor(len(asked)) as pool:
        for _ in range(ROUNDS):
            one = uploaded(home, b"text", purpose="data").id
            asking = [pool.submit(until_there_is_none, ask, one) for ask in asked]
            home.remove(one, "ada")
            for future in asking:
                future.result(PATIENCE_S)
    assert home.all("ada") == [], "none comes back"
