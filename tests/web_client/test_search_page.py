"""The page of a new search: an image, a mask that is drawn on it, what a search would see, and how it starts."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.web_client.conftest import LIBRARY, Site, ended, holding, until
from tests.web_client.looks import serious, too_wide

Pixels = NDArray[np.uint8]
Point = tuple[float, float]


@pytest.fixture
def image_file(site: Site) -> Path:
    """An image of the library's template, with one neuron."""
    return site.masks[0]


def pixels_of(data: bytes | Path) -> Pixels:
    from PIL import Image

    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        return np.array(image.convert("RGB"))


def save(pixels: Pixels, path: Path, *more: Pixels, **options: Any) -> Path:
    from PIL import Image

    first, *others = (Image.fromarray(one) for one in (pixels, *more))
    first.save(path, **({"save_all": True, "append_images": others} if others else {}), **options)
    return path


def give(page: Any, file: Path) -> None:
    """Choose a file where there is no image yet."""
    page.get_by_label("Image file").set_input_files(file)


def open_image(page: Any, file: Path, expect: Any) -> None:
    give(page, file)
    expect(page.get_by_role("application")).to_be_visible()


class Canvas:
    """The canvas of the mask editor while it shows the whole image."""

    def __init__(self, page: Any, width: int, height: int) -> None:
        canvas = page.get_by_role("application")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        self.page = page
        self.scale = min(box["width"] / width, box["height"] / height)
        self.left = box["x"] + (box["width"] - width * self.scale) / 2
        self.top = box["y"] + (box["height"] - height * self.scale) / 2

    def screen(self, x: float, y: float) -> Point:
        """The whole pixel of the screen that is nearest to a point of the image."""
        return round(self.left + x * self.scale), round(self.top + y * self.scale)

    def image(self, point: Point) -> Point:
        """The point of the image there, to a tenth of a pixel, as the page keeps it."""
        x, y = (point[0] - self.left) / self.scale, (point[1] - self.top) / self.scale
        return np.floor(x * 10 + 0.5) / 10, np.floor(y * 10 + 0.5) / 10

    def drag(self, points: Sequence[Point]) -> list[Point]:
        """Draw through points of the image, and return those that the pointer really was at."""
        path = [self.screen(*point) for point in points]
        self.page.mouse.move(*path[0])
        self.page.mouse.down()
        for point in path[1:]:
            self.page.mouse.move(*point)
        self.page.mouse.up()
        return [self.image(point) for point in path]

    def click(self, x: float, y: float) -> Point:
        point = self.screen(x, y)
        self.page.mouse.click(*point)
        return self.image(point)


def inside(points: Sequence[Point], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose centres are in a polygon that does not cross itself."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    found = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 != y1:
            crosses = (y0 <= y) != (y1 <= y)
            found ^= crosses & (x > x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return found


def around(pixels: Pixels) -> list[Point]:
    """The corners of an area around the brightest half of the neuron."""
    ys, xs = np.nonzero(pixels[110:].max(2) > 100)
    x0, x1 = float(xs.min()) - 12, float(np.median(xs))
    y0, y1 = float(ys.min()) + 100, float(ys.max()) + 122
    return [(x0, (y0 + y1) / 2), ((x0 + x1) / 2, y0), (x1, y0 + 20), (x1 + 10, y1), (x0 + 9, y1 - 15)]


def middle(pixels: Pixels) -> tuple[int, int]:
    """A point in the middle of the neuron."""
    ys, xs = np.nonzero(pixels[110:].max(2) > 100)
    return int(np.median(xs)), int(np.median(ys)) + 110


def seen_by_search(pixels: Pixels, mask: NDArray[np.bool_] | None = None, threshold: int = 100) -> int:
    from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask

    kept = pixels if mask is None else np.where(mask[..., None], pixels, 0).astype(np.uint8)
    return make_mask(kept, "mask", threshold, DEFAULT_LABEL_BOXES).pixels


def start(page: Any) -> str:
    """Press Search, and return the id of the job whose page is shown then."""
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/[\w-]+"))
    return str(page.url).rpartition("/jobs/")[2].partition("?")[0]


def mask_of(site: Site, job: str, name: str = "mask") -> Pixels:
    with site.api() as api:
        answer = api.get(f"/api/jobs/{job}/inputs/{name}")
        assert answer.status_code == 200, answer.text
        return pixels_of(answer.content)


def parameters_of(site: Site, job: str) -> dict[str, Any]:
    with site.api() as api:
        parameters: dict[str, Any] = api.get(f"/api/jobs/{job}").json()["parameters"]
        return parameters


def counted(pixels: int) -> str:
    return f"The search sees {pixels:,} pixel{'' if pixels == 1 else 's'}"


def test_without_a_drawing_the_whole_image_is_the_mask(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    expect(page.get_by_text("1210 × 566", exact=False).first).to_be_visible()
    open_image(page, image_file, expect)
    expect(page.get_by_test_id("seen")).to_contain_text("of the whole image, as nothing is drawn")
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(pixels_of(image_file))))
    job = start(page)
    assert np.array_equal(mask_of(site, job), pixels_of(image_file))
    assert parameters_of(site, job)["library"].endswith(LIBRARY)


def test_a_lasso_sends_exactly_the_pixels_inside_it(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    drawn = Canvas(page, 1210, 566).drag(around(image))
    expected = inside(drawn, image.shape[:2])
    assert 50 < seen_by_search(image, expected) < seen_by_search(image)
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(image, expected)))
    job = start(page)
    assert np.array_equal(mask_of(site, job), np.where(expected[..., None], image, 0))


def test_polygons_add_up_and_are_undone_and_taken_away(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    page.get_by_role("button", name="Polygon").click()
    canvas = Canvas(page, 1210, 566)
    seen = page.get_by_test_id("seen")

    def polygon(*corners: Point, close: Callable[[Point], object]) -> NDArray[np.bool_]:
        points = [canvas.click(*corner) for corner in corners]
        close(corners[0])
        return inside(points, image.shape[:2])

    def by_its_first_corner(first: Point) -> None:
        canvas.click(*first)

    def by_enter(_: Point) -> None:
        page.keyboard.press("Enter")

    def by_another_tool(_: Point) -> None:
        page.get_by_role("button", name="Brush").click()

    left = polygon((300, 120), (600, 130), (610, 500), (290, 480), close=by_its_first_corner)
    expect(seen).to_contain_text(counted(seen_by_search(image, left)))
    right = polygon((700, 120), (1100, 130), (1090, 520), (690, 500), close=by_enter)
    expect(seen).to_contain_text(counted(seen_by_search(image, left | right)))
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_contain_text(counted(seen_by_search(image, left)))
    page.get_by_role("button", name="Redo").click()
    page.get_by_text("Take away", exact=True).click()
    hole = polygon((800, 200), (900, 210), (880, 400), close=by_another_tool)
    expected = (left | right) & ~hole
    expect(seen).to_contain_text(counted(seen_by_search(image, expected)))
    job = start(page)
    assert np.array_equal(mask_of(site, job), np.where(expected[..., None], image, 0))


def test_brush_and_eraser_set_and_wipe_discs(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    x, y = middle(image)
    page = tab("/search")
    open_image(page, image_file, expect)
    canvas = Canvas(page, 1210, 566)
    page.get_by_role("button", name="Brush").click()
    page.keyboard.press("Tab")
    stroke = canvas.drag([(x - 80, y), (x + 80, y)])
    page.get_by_role("button", name="Eraser").click()
    wiped = canvas.click(x, y)
    rows, columns = np.mgrid[:566, :1210] + 0.5
    (x0, y0), (x1, _) = stroke[0], stroke[-1]
    painted = np.hypot(columns - np.clip(columns, x0, x1), rows - y0) <= 10
    expected = painted & ~(np.hypot(columns - wiped[0], rows - wiped[1]) <= 10)
    job = start(page)
    assert np.array_equal(mask_of(site, job), np.where(expected[..., None], image, 0))


def test_what_is_drawn_is_where_the_zoomed_image_is(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    canvas = Canvas(page, 1210, 566)
    x, y = canvas.screen(*middle(image))
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -300)
    # The point under the pointer has stayed where it is; everything else is so many times as far from it.
    fixed, zoom = canvas.image((x, y)), canvas.scale * np.exp(0.0015 * 300 * 4)
    corners = [(-100, -80), (100, -80), (100, 80), (-100, 80)]
    page.mouse.move(x - 100, y - 80)
    page.mouse.down()
    for dx, dy in corners[1:]:
        page.mouse.move(x + dx, y + dy)
    page.mouse.up()
    expect(page.get_by_test_id("seen")).to_contain_text("of what is drawn")
    sent = mask_of(site, start(page))
    drawn = inside([(fixed[0] + dx / zoom, fixed[1] + dy / zoom) for dx, dy in corners], image.shape[:2])
    rim = 2 * (200 + 160) / zoom
    assert seen_by_search(image, drawn) > rim
    assert ((sent != np.where(drawn[..., None], image, 0)).any(2)).sum() <= rim, (
        "only the rim may be rounded another way"
    )


def test_the_preview_follows_threshold_and_label_boxes(tab: Any, expect: Any, image_file: Path, tmp_path: Path) -> None:
    from examples.color_depth_search.masks import make_mask

    image = pixels_of(image_file)
    rng = np.random.default_rng(3)
    image = np.maximum(image, rng.integers(0, 160, image.shape, np.uint8))
    page = tab("/search")
    open_image(page, save(image, tmp_path / "speckled.png"), expect)
    field = page.get_by_label("Threshold", exact=True)
    seen = page.get_by_test_id("seen")
    for threshold in (0, 77, 158):
        field.fill(str(threshold))
        expect(seen).to_contain_text(counted(seen_by_search(image, threshold=threshold)))
    field.fill("255")
    expect(page.get_by_text("The search would see nothing: lower the threshold")).to_be_visible()
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_disabled()
    field.fill("0")
    expect(page.get_by_text("more than a neuron has")).to_be_visible()
    page.get_by_role("button", name="All parameters").click()
    page.get_by_label("Label boxes", exact=True).fill("[[-400, 0, null, 300]]")
    expect(seen).to_contain_text(counted(make_mask(image, "mask", 0, ((-400, 0, None, 300),)).pixels))


def test_wrong_files_are_refused_at_once_with_the_fix(
    tab: Any, site: Site, expect: Any, image_file: Path, tmp_path: Path
) -> None:
    image = pixels_of(image_file)
    (tmp_path / "text.png").write_text("line,score\n1,2\n")
    (tmp_path / "empty.png").touch()
    save(image[:, 1:].copy(), tmp_path / "cropped.png")
    save(image, tmp_path / "jpeg.png", format="JPEG")
    save(image.max(2), tmp_path / "grey.png")
    save(image[:500, :1000], tmp_path / "size.tif")
    save(np.rot90(image).copy(), tmp_path / "turned.tif")
    save(image[::2, ::2].copy(), tmp_path / "half.png")
    page = tab("/search")
    expect(page.get_by_role("heading", name="Image")).to_be_visible()
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if "/api/uploads" in request.url else None)
    alert = page.get_by_role("alert")
    for name, reason in (
        ("text.png", "no PNG or TIFF image, whatever its name says"),
        ("empty.png", "It is empty: choose another file."),
        ("cropped.png", "It is cropped by 1 pixel in width: export it whole."),
        ("jpeg.png", "JPEG image, which changes colours"),
        ("grey.png", "colour holds the depth"),
        ("size.tif", "align it to JRC2018_Unisex_20x_HR first"),
        ("turned.tif", "turned by 90 degrees"),
        ("half.png", "scaled to 50 %"),
    ):
        give(page, tmp_path / name)
        expect(alert).to_contain_text(f"{name} cannot be searched with")
        expect(alert).to_contain_text(reason)
    assert uploads == []
    give(page, image_file)
    expect(page.get_by_role("application")).to_be_visible()
    expect(alert).to_have_count(0)


def test_what_only_the_server_can_see_is_told_by_it(tab: Any, expect: Any, image_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.png"
    file.write_bytes(save(pixels_of(image_file), tmp_path / "whole.png").read_bytes()[:33] + b"nothing")
    page = tab("/search", expect="400")
    give(page, file)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("cut.png was not taken")
    expect(alert).to_contain_text("Choose another file")
    expect(alert.get_by_role("button", name="Try again")).to_have_count(0)
    give(page, image_file)
    expect(page.get_by_role("application")).to_be_visible()
    expect(alert).to_have_count(0)


def test_for_an_image_that_cannot_be_shown_another_one_is_chosen(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search", expect="400")
    problem = {"status": 400, "code": "invalid_upload", "title": "Refused", "detail": "it is cut off in the middle"}
    page.route("**/picture?channel=*", lambda route: route.fulfill(status=400, json=problem))
    give(page, image_file)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("it is cut off in the middle")
    expect(alert.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_disabled()
    expect(page.get_by_text("The image cannot be shown: choose another one.")).to_be_visible()
    page.unroute("**/picture?channel=*")
    with page.expect_file_chooser() as chooser:
        alert.get_by_role("button", name="Choose another file").click()
    chooser.value.set_files(image_file)
    expect(page.get_by_role("application")).to_be_visible()
    expect(alert).to_have_count(0)


def test_one_of_several_channels_is_searched_with(
    tab: Any, site: Site, expect: Any, image_file: Path, tmp_path: Path
) -> None:
    first, second = (pixels_of(one) for one in site.masks[:2])
    page = tab("/search")
    give(page, save(first, tmp_path / "both.tif", second))
    picker = page.get_by_role("radiogroup", name="Channel")
    expect(picker.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(first)))
    picker.get_by_role("radio", name="Channel 2").click()
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(second)))
    job = start(page)
    assert np.array_equal(mask_of(site, job), second)


def test_each_channel_of_an_image_is_downloaded_with_its_very_pixels(
    tab: Any, site: Site, expect: Any, image_file: Path, tmp_path: Path
) -> None:
    channels = [pixels_of(one) for one in site.masks[:2]]
    page = tab("/search", expect="500", width=390)
    give(page, save(channels[0], tmp_path / "both.tif", channels[1]))
    picker = page.get_by_role("radiogroup", name="Channel")
    for number, pixels in enumerate(channels, 1):
        with page.expect_download() as saved:
            picker.get_by_role("button", name=f"Download channel {number}").click()
        assert saved.value.suggested_filename == f"both-channel{number}.png"
        assert np.array_equal(pixels_of(Path(saved.value.path())), pixels)
    expect(picker.get_by_role("radio", name="Channel 1")).to_be_checked()
    assert [*serious(page), *too_wide(page)] == []
    page.route("**/picture?channel=2", lambda route: route.fulfill(status=500))
    picker.get_by_role("button", name="Download channel 2").click()
    expect(page.get_by_role("alert")).to_contain_text("Not downloaded: channel 2")

    page.get_by_role("link", name="Start over").click()
    open_image(page, image_file, expect)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the image").click()
    assert saved.value.suggested_filename == f"{image_file.stem}.png"
    assert np.array_equal(pixels_of(Path(saved.value.path())), pixels_of(image_file))


def test_everything_survives_a_reload(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    expected = inside(Canvas(page, 1210, 566).drag(around(image)), image.shape[:2])
    page.get_by_label("Threshold", exact=True).fill("60")
    page.get_by_label("Name", exact=True).fill("half a neuron")
    seen = page.get_by_test_id("seen")
    expect(seen).to_contain_text(counted(seen_by_search(image, expected, 60)))
    page.reload()
    expect(seen).to_contain_text(counted(seen_by_search(image, expected, 60)))
    expect(page.get_by_label("Name", exact=True)).to_have_value("half a neuron")
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_contain_text("of the whole image")
    page.get_by_role("button", name="Redo").click()
    job = start(page)
    assert parameters_of(site, job)["mask_threshold"] == 60
    assert np.array_equal(mask_of(site, job), np.where(expected[..., None], image, 0))


def test_a_mask_is_drawn_by_keyboard_alone(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    page.get_by_role("application").focus()
    page.keyboard.press("p")

    def go(key: str, times: int) -> None:
        for _ in range(times):
            page.keyboard.press(key)

    # From the middle of the image, at (605, 283): a rectangle of 200 by 100 pixels, and its last corner by C.
    page.keyboard.press("Enter")
    go("Shift+ArrowRight", 20)
    page.keyboard.press("Enter")
    go("Shift+ArrowDown", 10)
    page.keyboard.press("Enter")
    go("Shift+ArrowLeft", 20)
    page.keyboard.press("Enter")
    go("ArrowRight", 3)
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.press("c")
    expected = np.zeros(image.shape[:2], bool)
    expected[283:383, 605:805] = True
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(image, expected)))
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("seen")).to_contain_text("of the whole image")
    page.keyboard.press("Control+y")
    page.get_by_role("button", name="Rectangle by numbers").press("Enter")
    for label, value in (("Left", 100), ("Top", 300), ("Width", 50), ("Height", 60)):
        page.get_by_label(label, exact=True).fill(str(value))
    page.keyboard.press("Enter")
    expected[300:360, 100:150] = True
    page.get_by_role("button", name="Search", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/[\w-]+"))
    job = str(page.url).rpartition("/")[2]
    assert np.array_equal(mask_of(site, job), np.where(expected[..., None], image, 0))


def test_a_negative_mask_is_drawn_on_the_same_image(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    canvas = Canvas(page, 1210, 566)
    wanted = inside(canvas.drag(around(image)), image.shape[:2])
    page.get_by_text("Negative mask", exact=True).click()
    canvas = Canvas(page, 1210, 566)
    unwanted = inside(canvas.drag([(620, 130), (1150, 130), (1150, 540), (620, 540)]), image.shape[:2])
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(image, wanted)))
    expect(page.get_by_test_id("seen")).to_contain_text(
        f"Of the negative mask it sees {seen_by_search(image, unwanted):,} pixel"
    )
    job = start(page)
    assert np.array_equal(mask_of(site, job), np.where(wanted[..., None], image, 0))
    assert np.array_equal(mask_of(site, job, "negative_mask"), np.where(unwanted[..., None], image, 0))


def test_a_negative_mask_may_be_a_file(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    page.get_by_text("Negative mask", exact=True).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a negative mask").click()
    chooser.value.set_files(site.masks[1])
    expect(page.get_by_role("button", name="Remove the negative mask")).to_be_visible()
    job = start(page)
    assert np.array_equal(mask_of(site, job, "negative_mask"), pixels_of(site.masks[1]))


def test_a_negative_mask_of_which_nothing_is_seen_is_warned_of(
    tab: Any, expect: Any, image_file: Path, tmp_path: Path
) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    page.get_by_text("Negative mask", exact=True).click()
    warning = page.get_by_text("The search would see nothing of the negative mask: lower")
    search = page.get_by_role("button", name="Search", exact=True)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a negative mask").click()
    chooser.value.set_files(save(np.zeros((566, 1210, 3), np.uint8), tmp_path / "black.png"))
    expect(page.get_by_test_id("seen")).to_contain_text("Of the negative mask it sees 0 pixels")
    expect(warning).to_be_visible()
    expect(search).to_be_disabled()
    page.get_by_role("button", name="Remove the negative mask").click()
    expect(warning).to_have_count(0)
    expect(search).to_be_enabled()
    # In the box of the name, where the search does not look.
    Canvas(page, 1210, 566).drag([(20, 20), (300, 20), (300, 80), (20, 80)])
    expect(page.get_by_test_id("seen")).to_contain_text("Of the negative mask it sees 0 pixels")
    expect(warning).to_be_visible()
    expect(search).to_be_disabled()


def test_a_search_is_repeated_with_changes(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    image = pixels_of(image_file)
    page = tab("/search")
    open_image(page, image_file, expect)
    drawn = inside(Canvas(page, 1210, 566).drag(around(image)), image.shape[:2])
    page.get_by_label("Threshold", exact=True).fill("70")
    first = start(page)

    page.goto(f"{site.base}/search?repeat={first}")
    seen = page.get_by_test_id("seen")
    expect(seen).to_contain_text(counted(seen_by_search(image, drawn, 70)))
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_contain_text("of the whole image")
    expect(seen).to_contain_text(counted(seen_by_search(image, threshold=70)))
    page.get_by_role("button", name="Redo").click()
    page.get_by_label("Threshold", exact=True).fill("90")
    second = start(page)
    assert second != first
    assert parameters_of(site, second)["mask_threshold"] == 90
    assert np.array_equal(mask_of(site, second), mask_of(site, first))

    other = tab(f"/search?repeat={second}")  # a browser that did not draw it: it begins with the mask
    expect(other.get_by_test_id("seen")).to_contain_text("of the whole image")
    assert parameters_of(site, start(other)) == parameters_of(site, second)


def test_what_is_chosen_while_an_earlier_search_is_loaded_stays(tab: Any, site: Site, expect: Any) -> None:
    with site.api() as api:
        given = {"mask": str(site.masks[0]), "library": f"library:{LIBRARY}", "mask_threshold": 70, "xy_shift": 0}
        job = api.post(
            "/api/jobs", json={"analysis": "color-depth-search", "parameters": given, "name": "earlier"}
        ).json()["job_id"]
        ended(api, job)
    page = tab("/search")
    held = holding(page, f"**/api/jobs/{job}")
    page.goto(f"{site.base}/search?repeat={job}")
    expect(page.get_by_label("Loading the image")).to_be_visible()
    page.get_by_role("textbox", name="Name", exact=True).fill("changed")
    for route in held:
        route.continue_()
    expect(page.get_by_role("application")).to_be_visible()
    expect(page.get_by_label("Threshold", exact=True)).to_have_value("70")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("changed")
    assert parameters_of(site, start(page))["xy_shift"] == 0


def test_a_match_is_searched_with(tab: Any, site: Site, expect: Any) -> None:
    from urllib.parse import quote

    with site.api() as api:
        job = start_by_api(site, api)
        key = api.get(f"/api/jobs/{job}/results").json()["entries"][0]["image"]["files"]["CDM"]
        picture = pixels_of(api.get(f"/api/jobs/{job}/pictures/{quote(key)}").content)
    page = tab(f"/search?like={job}&key={quote(key, safe='')}")
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(picture)))
    assert np.array_equal(mask_of(site, start(page)), picture)


def start_by_api(site: Site, api: Any) -> str:
    """A job that has ended, with the image file of a mask."""
    parameters = {"mask": str(site.masks[0]), "library": f"library:{LIBRARY}"}
    job = api.post("/api/jobs", json={"analysis": "color-depth-search", "parameters": parameters}).json()["job_id"]
    assert ended(api, job)["state"] == "SUCCEEDED"
    return str(job)


def test_a_library_that_does_not_fit_says_so(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    search = page.get_by_role("button", name="Search", exact=True)
    card = page.get_by_role("checkbox", name=re.compile("60 images"))
    expect(card).to_be_checked()
    card.click()
    expect(page.get_by_text("Choose a library.", exact=True).first).to_be_visible()
    expect(search).to_be_disabled()
    card.click()
    expect(search).to_be_enabled()


def test_parameters_that_are_refused_are_named_at_their_fields(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search", expect="400")
    open_image(page, image_file, expect)
    page.get_by_role("button", name="All parameters").click()
    field = page.get_by_label("Most results per mask", exact=True)
    field.fill("-7")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"[id='{field.get_attribute('id')}-error']")).to_contain_text("expected at least -1")
    page.get_by_role("button", name="Reset Most results per mask").click()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    boxes = page.get_by_label("Label boxes", exact=True)
    boxes.fill("[[9, 9, 1, 1]]")
    expect(page.get_by_text("The label boxes are not boxes").first).to_be_visible()
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_disabled()


def test_what_has_the_focus_is_never_below_the_button_that_starts(tab: Any, expect: Any) -> None:
    page = tab("/search")
    page.get_by_role("button", name="All parameters").click()
    page.get_by_label("Threshold for the mask", exact=True).focus()
    start = page.get_by_role("region", name="Start").element_handle()
    last = page.get_by_label("Z gap radius", exact=True).element_handle()
    covered: list[str] = []
    while not last.evaluate("last => document.activeElement === last"):
        page.keyboard.press("Tab")
        hidden = start.evaluate(
            """start => {
                const focused = document.activeElement, box = focused.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                return start.contains(top) && !start.contains(focused) ? focused.outerHTML : null;
            }"""
        )
        covered += [hidden] if hidden else []
    assert covered == []


def test_presets_set_parameters(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    with site.api() as api:
        presets = api.get("/api/analyses/color-depth-search").json()["presets"]
    preset = next(one for one in presets if one["parameters"].get("mask_threshold", 100) != 100)
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name=preset["title"]).click()
    threshold = preset["parameters"]["mask_threshold"]
    expect(page.get_by_label("Threshold", exact=True)).to_have_value(str(threshold))
    found = parameters_of(site, start(page))
    assert {name: found[name] for name in preset["parameters"]} == preset["parameters"]


def test_what_it_will_take_is_told_before_it_starts(tab: Any, site: Site, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    expect(page.get_by_text("Known once there are an image and a library.")).to_be_visible()
    open_image(page, image_file, expect)
    panel = page.get_by_role("region", name="Start")
    expect(panel).to_contain_text("60")
    with site.api() as api:
        parameters = {"mask": str(image_file), "library": f"library:{LIBRARY}"}
        body = {"analysis": "color-depth-search", "parameters": parameters}
        basis = api.post("/api/estimates", json=body).json()["basis"]
    expect(panel).to_contain_text(basis)


def test_a_failed_start_loses_nothing_and_a_second_press_starts_one_job(
    tab: Any, site: Site, expect: Any, image_file: Path
) -> None:
    image = pixels_of(image_file)
    page = tab("/search", expect="ERR_")
    open_image(page, image_file, expect)
    drawn = inside(Canvas(page, 1210, 566).drag(around(image)), image.shape[:2])
    name = "lost on its way"
    page.get_by_label("Name", exact=True).fill(name)

    def lose_the_answer(route: Any) -> None:
        if route.request.method == "POST":
            route.fetch()  # the server has it, and the page does not know
            route.abort()
        else:
            route.continue_()

    page.route("**/api/jobs", lose_the_answer)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nothing is lost")
    page.unroute("**/api/jobs")
    page.reload()
    expect(page.get_by_test_id("seen")).to_contain_text(counted(seen_by_search(image, drawn)))
    page.get_by_role("button", name="Search", exact=True).dblclick()
    page.wait_for_url(re.compile(r"/jobs/[\w-]+"))
    with site.api() as api:
        jobs = api.get("/api/jobs", params={"name": name}).json()["jobs"]
    assert len(jobs) == 1
    assert np.array_equal(mask_of(site, jobs[0]["job_id"]), np.where(drawn[..., None], image, 0))


def test_several_libraries_are_searched_by_one_job_and_ranked_together(
    tab: Any, site: Site, expect: Any, image_file: Path
) -> None:
    other = site.libraries / "others"
    shutil.copytree(site.libraries / LIBRARY, other)
    try:
        page = tab("/search")
        page.get_by_role("button", name="Choose all").click()
        expect(page.get_by_text("120 images")).to_be_visible()
        open_image(page, image_file, expect)
        page.get_by_label("Name", exact=True).fill("both libraries")
        page.get_by_role("button", name="Search", exact=True).click()
        page.wait_for_url(re.compile(r"/jobs/[\w-]+"))
        with site.api() as api:
            (job,) = api.get("/api/jobs", params={"name": "both libraries"}).json()["jobs"]
            libraries = [Path(place).name for place in parameters_of(site, job["job_id"])["library"]]
            assert libraries == [LIBRARY, "others"]
            ended(api, job["job_id"])
            found = api.get(f"/api/jobs/{job['job_id']}/results", params={"limit": 1}).json()["total"]
        expect(page.get_by_text(f"120 images of {' and '.join(libraries)} searched").first).to_be_visible()
        summary = page.get_by_role("region", name="What was searched for")
        expect(summary).to_contain_text(f"in {' and '.join(libraries)}")
        matches = page.get_by_role("list", name="Matches").get_by_role("listitem")
        expect(matches.first.locator("canvas, img").first).to_be_visible()
        assert found % 2 == 0, "each image is found in both libraries"
        page.get_by_role("checkbox", name=re.compile("^others")).uncheck()
        expect(page.get_by_text(f"{found // 2:,} of {found:,}").first).to_be_visible()
        page.get_by_role("checkbox", name=re.compile("^others")).check()
        page.get_by_role("checkbox", name=re.compile(f"^{LIBRARY}")).uncheck()
        expect(page.get_by_text(f"{found // 2:,} of {found:,}").first).to_be_visible()
        pictures: list[str] = []
        page.on(
            "response", lambda answer: pictures.append(answer.url) if "/pictures/" in answer.url and answer.ok else None
        )
        matches.first.get_by_role("button").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("others").first).to_be_visible()
        page.wait_for_function("() => document.querySelectorAll('[role=dialog] canvas, [role=dialog] img').length > 1")
        page.reload()
        expect(page.get_by_role("dialog").get_by_text("others").first).to_be_visible()
        until(
            page, lambda: any("library=1" in url and "size" not in url for url in pictures),
            "the picture is that of the second library",
        )  # fmt: skip
        page.goto(f"{page.url.split('/jobs/')[0]}/jobs")
        row = page.get_by_role("list", name="Jobs").get_by_role("listitem").filter(has_text="both libraries")
        expect(row).to_contain_text(f"in {', '.join(libraries)}")
        expect(row).to_contain_text(f"{found:,} matches among 120 images")
    finally:
        shutil.rmtree(other)


def test_leaving_while_an_image_is_uploaded_is_asked_about_first(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    held = holding(page, "**/parts/*")
    give(page, image_file)
    expect(page.get_by_text(f"Uploading {image_file.name}")).to_be_visible()
    question = page.get_by_role("dialog", name="Leave while files are uploaded?")
    jobs = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs")
    jobs.click()
    question.get_by_role("button", name="Stay").click()
    for route in held:
        route.continue_()
    expect(page.get_by_role("application")).to_be_visible()
    jobs.click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(question).to_have_count(0)


def test_starting_over_gives_up_an_upload_without_a_question(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search?library=brains")
    open_image(page, image_file, expect)
    page.route("**/parts/*", lambda route: None)
    page.get_by_role("textbox", name="Name", exact=True).fill("kept")
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Change the image").click()
    asked.value.set_files(image_file)
    expect(page.get_by_text(f"Uploading {image_file.name}")).to_be_visible()
    page.get_by_role("link", name="Start over").click()
    expect(page.get_by_text("Drop an image, or choose one")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(f"Uploading {image_file.name}")).to_have_count(0)


def test_starting_over_forgets_the_image(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    page.get_by_role("link", name="Start over").click()
    expect(page.get_by_text("Drop an image, or choose one")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Drop an image, or choose one")).to_be_visible()


def test_starting_over_forgets_also_what_was_drawn_on_the_page_that_it_leads_to(
    tab: Any, expect: Any, site: Site, image_file: Path
) -> None:
    page = tab("/search")
    open_image(page, image_file, expect)
    with site.api() as api:
        job = start_by_api(site, api)
    page.goto(f"{site.base}/search?repeat={job}")
    expect(page.get_by_role("application")).to_be_visible()
    page.get_by_role("link", name="Start over").click()
    expect(page.get_by_text("Drop an image, or choose one")).to_be_visible()


def test_a_decimal_number_can_be_typed_and_written_anew(tab: Any, expect: Any) -> None:
    page = tab("/search")
    page.get_by_role("button", name="All parameters").click()
    field = page.get_by_label("Least matching pixels", exact=True)
    for typed in ("1.5", "0.05", "10.25"):
        field.click()
        page.keyboard.press("Control+A")
        page.keyboard.press("Backspace")
        expect(field).to_have_value("")
        page.keyboard.type(typed)
        expect(field).to_have_value(typed)
    page.keyboard.press("Tab")
    expect(field).to_have_value("10.25")
    reset = page.get_by_role("button", name="Reset 1 parameter to the defaults")
    expect(reset).to_be_visible()
    field.fill("2")
    expect(reset).to_have_count(0)
    field.fill("3")
    page.get_by_role("button", name="Reset Least matching pixels to its default").click()
    expect(field).to_have_value("2")


def test_what_is_not_json_stops_the_search_until_it_is_or_is_reset(tab: Any, expect: Any, image_file: Path) -> None:
    page = tab("/search", expect="400")
    open_image(page, image_file, expect)
    page.get_by_role("button", name="All parameters").click()
    field = page.get_by_role("textbox", name="Label boxes")
    before = field.input_value()
    field.fill("[[0, 0, 10")
    expect(page.get_by_text("this is not JSON yet")).to_be_visible()
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_disabled()
    page.get_by_role("button", name=re.compile("Reset Label boxes")).click()
    expect(field).to_have_value(before)
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_enabled()


SPY = """() => {
    const { prototype } = CanvasRenderingContext2D
    const draw = prototype.drawImage
    prototype.drawImage = function (...args) {
        window.scale = this.getTransform().a
        return draw.apply(this, args)
    }
}"""


def test_a_finger_draws_and_two_fingers_zoom(browser: Any, site: Site, expect: Any, image_file: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(site.url)
    page.goto(f"{site.base}/search")
    open_image(page, image_file, expect)
    box = page.get_by_role("application").bounding_box()
    page.get_by_role("application").scroll_into_view_if_needed()
    box = page.get_by_role("application").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = context.new_cdp_session(page)

    def touch(kind: str, *points: Point) -> None:
        devtools.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": px, "y": py, "id": finger} for finger, (px, py) in enumerate(points)]},
        )

    page.evaluate(SPY)
    touch("touchStart", (x - 80, y - 50))
    for point in ((x + 80, y - 50), (x + 80, y + 50), (x - 80, y + 50)):
        touch("touchMove", point)
    touch("touchEnd")
    expect(page.get_by_test_id("seen")).to_contain_text("of what is drawn")
    text = page.get_by_test_id("seen").inner_text()
    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    whole = page.evaluate("window.scale")
    for apart in range(20, 64, 4):
        touch("touchMove", (x - apart, y), (x + apart, y))
    touch("touchEnd")
    page.wait_for_function(f"window.scale > {2.4 * whole}")
    zoomed = page.evaluate("window.scale") / whole
    assert 2.4 < zoomed < 3.1  # as far as the fingers went apart, but for the first pixels, which may be a tap
    assert page.get_by_test_id("seen").inner_text() == text
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    context.close()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_page_fits_and_has_no_serious_fault_for_assistive_technology(
    tab: Any, expect: Any, image_file: Path, width: int, dark: bool
) -> None:
    page = tab("/search", width=width, dark=dark)
    expect(page.get_by_text("Drop an image, or choose one")).to_be_visible()
    check(page)
    open_image(page, image_file, expect)
    page.get_by_role("button", name="All parameters").click()
    expect(page.get_by_label("Z gap radius", exact=True)).to_be_visible()
    check(page)


def check(page: Any) -> None:
    """No page wider than the window, nothing serious from axe."""
    assert [*serious(page), *too_wide(page)] == []
