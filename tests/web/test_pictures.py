"""Pictures: the very pixels of uploads, inputs and items, whatever files they are in."""

from __future__ import annotations

import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from skyburst.errors import PictureNotFound
from tests.cli.terminal import skyburst
from tests.waiting import PATIENCE_S
from tests.web.conftest import complete_upload, wait_for
from tests.web.test_jobs import submit
from tests.web.test_uploads import begin, picture, refused


def pixels_of(answer: Any) -> Any:
    """Of a picture that was answered, in which there is nothing by which a browser would change them."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.mode, image.info.keys() & {"gamma", "icc_profile", "srgb"}) == ("RGB", set())
        return np.asarray(image)


def colours(seed: int, size: tuple[int, int] = (40, 30)) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def written(kind: str, *pages: Any, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.fromarray(page).convert(mode) for page in pages]
    first.save(file, kind, **({"append_images": rest, "save_all": True} if rest else {}), **options)
    return file.getvalue()


def gamma() -> PngImagePlugin.PngInfo:
    found = PngImagePlugin.PngInfo()
    found.add(b"gAMA", (100_000).to_bytes(4, "big"))
    return found


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", written("PNG", colours(1), icc_profile=b"a profile", pnginfo=gamma())),
        ("a.tif", written("TIFF", colours(1), compression="tiff_lzw", icc_profile=b"a profile")),
        ("b.tif", written("TIFF", colours(1), compression="packbits")),
        ("c.tiff", written("TIFF", colours(1))),
    ],
)  # fmt: skip
def test_the_picture_of_an_upload_has_its_very_pixels(api, name, data):
    upload = complete_upload(api, data, name)
    assert upload["channels"] == 1
    assert np.array_equal(pixels_of(api.get(f"/api/uploads/{upload['id']}/picture")), colours(1))


def test_transparency_is_left_out_and_palettes_are_looked_up(api):
    drawn = np.dstack([colours(2), np.full((30, 40), 7, np.uint8)])
    upload = complete_upload(api, written("PNG", drawn, mode="RGBA"), "clear.png")
    assert np.array_equal(pixels_of(api.get(f"/api/uploads/{upload['id']}/picture")), colours(2))
    few = (colours(3) // 128) * 200
    upload = complete_upload(api, written("PNG", few, mode="P"), "few.png")
    expected = np.asarray(Image.open(io.BytesIO(written("PNG", few, mode="P"))).convert("RGB"))
    assert np.array_equal(pixels_of(api.get(f"/api/uploads/{upload['id']}/picture")), expected)


def test_each_page_of_a_tiff_is_a_channel(api):
    upload = complete_upload(api, written("TIFF", *map(colours, (4, 5, 6)), compression="tiff_lzw"), "three.tif")
    assert upload["channels"] == 3
    for channel in (1, 2, 3):
        answer = api.get(f"/api/uploads/{upload['id']}/picture", params={"channel": channel})
        assert np.array_equal(pixels_of(answer), colours(3 + channel)), channel
    told = refused(api.get(f"/api/uploads/{upload['id']}/picture", params={"channel": 4}), 404, "picture_not_found")
    assert told == "three.tif has no channel 4"
    frames = complete_upload(api, written("PNG", colours(1), colours(2)), "moving.png")
    assert frames["channels"] == 1, "the frames of an animation are no channels"


def test_pages_that_cannot_be_channels_are_named(api):
    other = written("TIFF", colours(1), colours(1, (20, 30)))
    told = refused(complete_upload(api, other, "sizes.tif", check=False), 400, "invalid_upload")
    assert "page 2 of sizes.tif has 20 x 30 pixels, and page 1 has 40 x 30" in told
    many = written("TIFF", *[colours(1, (2, 2))] * 65)
    told = refused(complete_upload(api, many, "many.tif", check=False), 400, "invalid_upload")
    assert "more than 64 pages" in told


def test_files_that_would_run_other_programs_are_no_pictures(api):
    """Ghostscript, for one, which draws a file of this kind."""
    drawing = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    upload = complete_upload(api, drawing, "drawing.eps", purpose="data")
    answer = api.get(f"/api/uploads/{upload['id']}/picture")
    assert "is neither a PNG nor a TIFF" in refused(answer, 404, "picture_not_found")


def test_what_is_no_picture_or_not_complete_has_none(api):
    data = b"no image"
    upload = complete_upload(api, data, "notes.txt", purpose="data")
    told = refused(api.get(f"/api/uploads/{upload['id']}/picture"), 404, "picture_not_found")
    assert "notes.txt is no image that can be shown" in told
    assert "BytesIO" not in told
    upload = begin(api, picture())
    refused(api.get(f"/api/uploads/{upload['id']}/picture"), 400, "invalid_upload")
    torn = written("TIFF", colours(1), compression="tiff_lzw")
    upload = complete_upload(api, torn[:8] + bytes(200) + torn[208:], "torn.tif", purpose="data")
    refused(api.get(f"/api/uploads/{upload['id']}/picture"), 404, "picture_not_found")


@pytest.mark.parametrize("many", [1, 1_100], ids=["in the specification", "in a stored list"])
def test_an_upload_that_a_job_needs_stays_until_the_job_has_ended(api, tmp_path, many):
    (tmp_path / "blueprint.toml").write_text(
        'blueprint = 1\nname = "wait"\nversion = "1.0.0"\ncommand = ["sh", "-c", "sleep 60"]\n'
    )
    upload = complete_upload(api, b"one", "words.txt", purpose="data")
    free = complete_upload(api, b"two", "words.txt", purpose="data")
    items = [{"data": f"upload:{upload['id']}", "name": f"d{number}"} for number in range(many)]
    job = submit(api, {"analysis": str(tmp_path), "items": items})["job_id"]
    told = refused(api.delete(f"/api/uploads/{upload['id']}"), 409, "upload_in_use")
    assert job in told
    assert api.delete(f"/api/uploads/{free['id']}").status_code == 204
    api.post(f"/api/jobs/{job}/cancel")
    wait_for(api, job, "CANCELLED")
    assert api.delete(f"/api/uploads/{upload['id']}").status_code == 204


def test_of_a_job_and_the_removal_of_its_upload_at_once_one_is_refused(api):
    started = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            upload = complete_upload(api, b"one two two", "words.txt", purpose="data")["id"]
            job = {"analysis": "word-statistics", "parameters": {"texts": f"upload:{upload}"}}
            removed = pool.submit(api.delete, f"/api/uploads/{upload}")
            answer = api.post("/api/jobs", json=job)
            if answer.status_code == 201:
                started.append(answer.json()["job_id"])
                if removed.result(PATIENCE_S).status_code != 204:
                    assert refused(removed.result(PATIENCE_S), 409, "upload_in_use")
                else:
                    assert wait_for(api, started[-1], "SUCCEEDED"), "it had ended before"
            else:
                assert removed.result(PATIENCE_S).status_code == 204
                refused(answer, 404, "upload_not_found")
    for job_id in started:
        wait_for(api, job_id, "SUCCEEDED")


def test_entries_and_inputs_of_a_search_have_pictures_and_its_inputs_can_be_named_again(api, brains, state_folder):
    from examples.color_depth_search.images import read_image

    original = sorted((brains.parent / "made" / "images").iterdir())[0]
    mask = complete_upload(api, original.read_bytes(), original.name, library="brains")
    given = {"mask": f"upload:{mask['id']}", "library": "library:brains"}
    job = submit(api, {"analysis": "color-depth-search", "parameters": given})
    named = {f"/parameters/{name}": value for name, value in given.items()}
    assert job["references"] == named
    assert wait_for(api, job["job_id"], "SUCCEEDED")["references"] == named
    (entry,) = api.get(f"/api/jobs/{job['job_id']}/results", params={"limit": 1}).json()["entries"]
    key = entry["image"]["files"]["CDM"]
    exact = read_image((brains / key).read_bytes(), key)
    for path in (f"/api/jobs/{job['job_id']}", "/api/libraries/brains"):
        assert np.array_equal(pixels_of(api.get(f"{path}/pictures/{quote(key)}")), exact)
        small = api.get(f"{path}/pictures/{quote(key)}", params={"size": "thumbnail"})
        assert small.headers["content-type"] == "image/jpeg"
        assert small.content == (brains / entry["image"]["files"]["CDMThumbnail"]).read_bytes()
        assert "max-age=86400" in small.headers["cache-control"]
        for none in ("images/1/none.tif", "library.json"):
            refused(api.get(f"{path}/pictures/{none}"), 404, "picture_not_found")
    answer = api.get(f"/api/jobs/{job['job_id']}/inputs/mask")
    assert np.array_equal(pixels_of(answer), read_image(original.read_bytes(), original.name))
    for name, number in (("mask", 1), ("negative_mask", 0), ("library", 0), ("xy_shift", 0), ("none", 0)):
        answer = api.get(f"/api/jobs/{job['job_id']}/inputs/{name}", params={"number": number})
        refused(answer, 404, "picture_not_found")
    assert api.delete(f"/api/uploads/{mask['id']}").status_code == 204
    refused(api.get(f"/api/jobs/{job['job_id']}/inputs/mask"), 404, "picture_not_found")


def test_a_job_that_searches_two_libraries_has_the_pictures_of_both(api, brains, tmp_path):
    folder = tmp_path / "others"
    shutil.copytree(brains / "images" / "1", folder)
    mask = sorted(folder.iterdir())[0]
    replaced = np.zeros_like(np.asarray(Image.open(mask).convert("RGB")))
    Image.fromarray(replaced).save(folder / "black.png")
    given = {"mask": str(mask), "library": ["library:brains", str(folder)]}
    estimate = api.post("/api/estimates", json={"analysis": "color-depth-search", "parameters": given}).json()
    assert estimate["items"] is None, "a plain folder says nothing of its images"
    job = submit(api, {"analysis": "color-depth-search", "parameters": given})
    assert job["references"] == {"/parameters/library/0": "library:brains"}
    assert job["libraries"] == ["brains", "others"]
    ended = wait_for(api, job["job_id"], "SUCCEEDED")
    found = api.get(f"/api/jobs/{job['job_id']}/results", params={"count": "image/libraryName"}).json()
    assert found["counts"]["image/libraryName"].keys() == {"brains", "others"}
    (line,) = api.get("/api/jobs").json()["jobs"]
    assert line["summary"] == ended["summary"] == f"{found['total']} matches among {ended['progress']['items']} images"
    path = f"/api/jobs/{job['job_id']}/pictures/black.png"
    refused(api.get(path), 404, "picture_not_found")
    assert np.array_equal(pixels_of(api.get(path, params={"library": 1})), replaced)
    told = refused(api.get(path, params={"library": 2}), 404, "picture_not_found")
    assert "no library number 2: it has 2" in told


def test_inputs_in_a_list_have_numbers_and_served_libraries_of_commands_jobs_are_found(
    api, brains, state_folder, tmp_path
):
    masks = sorted((brains.parent / "made" / "masks").iterdir())[:2]
    words = [f"mask={mask}" for mask in masks]
    ended = skyburst(
        "run", "color-depth-search", "--set", f"library={brains}",
        *[word for mask in words for word in ("--set", mask)], folder=tmp_path, SKYBURST_HOME=str(state_folder),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (job,) = api.get("/api/jobs").json()["jobs"]
    assert api.get(f"/api/jobs/{job['job_id']}").json()["references"] == {"/parameters/library": "library:brains"}
    for number, mask in enumerate(masks):
        answer = api.get(f"/api/jobs/{job['job_id']}/inputs/mask", params={"number": number})
        assert np.array_equal(pixels_of(answer), np.asarray(Image.open(mask).convert("RGB")))


def test_the_images_of_a_plain_folder_have_small_pictures_that_are_made(api, brains, tmp_path):
    folder = tmp_path / "plain"
    shutil.copytree(brains / "images" / "1", folder)
    image = sorted(folder.iterdir())[0]
    job = submit(api, {"analysis": "color-depth-search", "parameters": {"mask": str(image), "library": str(folder)}})[
        "job_id"
    ]
    wait_for(api, job, "SUCCEEDED")
    (entry,) = api.get(f"/api/jobs/{job}/results", params={"limit": 1}).json()["entries"]
    answer = api.get(f"/api/jobs/{job}/pictures/{quote(entry['image']['files']['CDM'])}", params={"size": "thumbnail"})
    with Image.open(io.BytesIO(answer.content)) as small:
        assert (small.format, max(small.size) <= 320) == ("JPEG", True)
    (tmp_path / "outside.png").write_bytes(picture())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    refused(api.get(f"/api/jobs/{job}/pictures/link.png"), 404, "picture_not_found")


@pytest.mark.parametrize("key", ["a%00b", "a" * 300, "images/0/" + "a" * 300, "%2e%2e/library.json"])
@pytest.mark.parametrize("path", ["pictures/{}", "pictures/{}?size=thumbnail", "thumbnails/{}"])
def test_names_that_no_file_can_have_are_not_found(api, brains, path, key):
    answer = api.get(f"/api/libraries/brains/{path.format(key)}")
    refused(answer, 404, "library_not_found" if path.startswith("thumbnails") else "picture_not_found")


@pytest.mark.parametrize("path", ["pictures/images/1/pipe.png", "pictures/images/1/pipe.png?size=thumbnail"])
def test_what_is_no_file_but_a_pipe_is_not_waited_for_and_not_found(api, made_brains, state_folder, path):
    library = state_folder / "libraries" / "piped"
    shutil.copytree(made_brains / "brains", library)
    os.mkfifo(library / "images" / "1" / "pipe.png")
    refused(api.get(f"/api/libraries/piped/{path}"), 404, "picture_not_found")
    os.mkfifo(library / "thumbnails" / "1" / "pipe.jpg")
    refused(api.get("/api/libraries/piped/thumbnails/1/pipe.jpg"), 404, "library_not_found")
    refused(api.get(f"/api/libraries/piped/{path}"), 404, "picture_not_found")


def test_a_job_that_names_a_pipe_fails_and_does_not_wait_for_it(api, brains, tmp_path):
    os.mkfifo(tmp_path / "mask.png")
    spec = {
        "analysis": "color-depth-search",
        "parameters": {"mask": str(tmp_path / "mask.png"), "library": str(brains)},
    }
    job = wait_for(api, submit(api, spec)["job_id"], "FAILED")
    assert "mask.png" in job["reason"]


def test_what_a_library_has_beside_its_small_pictures_is_never_shown_as_a_page(api, made_brains, state_folder):
    library = state_folder / "libraries" / "copied"
    shutil.copytree(made_brains / "brains", library)
    (library / "thumbnails" / "page.html").write_text("<script>alert(1)</script>")
    (library / "thumbnails" / "drawing.svg").write_text("<svg/>")
    for name in ("page.html", "drawing.svg"):
        answer = api.get(f"/api/libraries/copied/thumbnails/{name}")
        kinds = answer.headers["content-type"], answer.headers["x-content-type-options"]
        assert (answer.status_code, kinds) == (200, ("application/octet-stream", "nosniff"))


def test_the_server_starts_without_what_reads_images():
    import subprocess
    import sys

    code = "import sys, skyburst.web.app, skyburst.web.local; print('PIL' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def test_items_of_a_library_in_a_bucket_have_the_same_pictures(brains, bucket):
    from skyburst.objects import open_store
    from skyburst.web.pictures import of_item

    store = open_store(f"{bucket}/brains")
    image = sorted((brains / "images" / "1").iterdir())[0]
    small = brains / "thumbnails" / "1" / f"{image.stem}.jpg"
    for path in (image, small):
        store.put(str(path.relative_to(brains)), path.read_bytes())
    key = f"images/1/{image.name}"
    for thumbnail in (False, True):
        there, here = (of_item(where, key, thumbnail=thumbnail) for where in (store.location, str(brains)))
        assert there == here
    assert here.data == small.read_bytes()
    with pytest.raises(PictureNotFound):
        of_item(store.location, "images/1/../1/none.tif", thumbnail=True)
