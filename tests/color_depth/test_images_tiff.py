"""Reading TIFF: every layout that is supported gives the exact pixels, everything else a clear error."""

from __future__ import annotations

import io
import os
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from examples.color_depth_search.images import ImageError, image_size, read_image
from tests.color_depth.image_files import COMPRESSIONS, encode, handmade_tiff, packbits, picture, pillow_tiff

IMAGE = picture()
HEIGHT, WIDTH = IMAGE.shape[:2]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("rows_per_strip", [1, 2, 7, 15, 29, 30, 2**31])
def test_pixels_are_exact_for_every_compression_and_strip_height(compression, rows_per_strip):
    data = pillow_tiff(IMAGE, compression, rows_per_strip)
    assert image_size(data, "x.tif") == (WIDTH, HEIGHT)
    assert (read_image(data, "x.tif") == IMAGE).all()
    for rows in (range(1), range(5, 9), range(HEIGHT - 1, HEIGHT), range(13, HEIGHT), range(14, 14)):
        pixels = read_image(data, "x.tif", size=(WIDTH, HEIGHT), rows=rows)
        assert pixels.shape == (len(rows), WIDTH, 3)
        assert (pixels == IMAGE[rows.start : rows.stop]).all()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "tiff_deflate"])
def test_a_predictor_is_undone(compression):
    data = pillow_tiff(IMAGE, compression, 4, predictor=2)
    assert (read_image(data, "x.tif", rows=range(3, 20)) == IMAGE[3:20]).all()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("code", "compress"), [(1, bytes), (32773, packbits), (8, zlib.compress), (32946, zlib.compress)]
)
def test_both_byte_orders_and_strips_in_any_order_can_be_read(order, reverse, code, compress):
    strips = [compress(IMAGE[y : y + 4].tobytes()) for y in range(0, HEIGHT, 4)]
    data = handmade_tiff(
        strips, width=WIDTH, height=HEIGHT, rows_per_strip=4, order=order, reverse=reverse, changes={259: (code,)}
    )
    assert (np.asarray(Image.open(io.BytesIO(data))) == IMAGE).all()
    assert (read_image(data, "x.tif") == IMAGE).all()
    assert (read_image(data, "x.tif", rows=range(6, 17)) == IMAGE[6:17]).all()


@pytest.mark.parametrize(("code", "compress"), [(1, bytes), (32773, packbits), (8, zlib.compress)])
def test_channels_in_planes_of_their_own_can_be_read(code, compress):
    strips = [compress(IMAGE[y : y + 7, :, c].tobytes()) for c in range(3) for y in range(0, HEIGHT, 7)]
    changes = {259: (code,), 284: (2,)}
    data = handmade_tiff(strips, width=WIDTH, height=HEIGHT, rows_per_strip=7, changes=changes)
    assert (read_image(data, "x.tif") == IMAGE).all()
    assert (read_image(data, "x.tif", rows=range(8, 30)) == IMAGE[8:30]).all()


def test_a_file_without_rows_per_strip_has_one_strip():
    data = handmade_tiff([IMAGE.tobytes()], width=WIDTH, height=HEIGHT, rows_per_strip=None)
    assert (read_image(data, "x.tif") == IMAGE).all()


def test_strips_may_be_longer_than_needed():
    strips = [packbits(IMAGE[y : y + 4].tobytes()) + b"\x80\x07junk" for y in range(0, HEIGHT, 4)]
    data = handmade_tiff(strips, width=WIDTH, height=HEIGHT, rows_per_strip=4, changes={259: (32773,)})
    assert (read_image(data, "x.tif") == IMAGE).all()


def test_an_uncompressed_strip_shorter_than_its_rows_is_an_error():
    strips = [IMAGE[:5].tobytes()[:-1], IMAGE[5:10].tobytes()]
    data = handmade_tiff(strips, width=WIDTH, height=10, rows_per_strip=5)
    with pytest.raises(ImageError, match="a strip has 614 bytes, 615 are needed"):
        read_image(data, "x.tif")


def test_a_strip_that_ends_early_is_an_error_though_the_next_is_too_long():
    whole = IMAGE.tobytes()
    row = WIDTH * 3
    strips = [packbits(whole[: 4 * row - 9]), packbits(whole[4 * row - 9 : 8 * row])]
    data = handmade_tiff(strips, width=WIDTH, height=8, rows_per_strip=4, changes={259: (32773,)})
    with pytest.raises(ImageError, match="PackBits data can't be decoded"):
        read_image(data, "x.tif")


def test_the_real_images_are_read_as_pillow_reads_them(color_depth_data):
    for path in [*(color_depth_data / "library").iterdir(), *(color_depth_data / "masks").iterdir()]:
        expected = np.asarray(Image.open(path))
        data = path.read_bytes()
        assert (read_image(data, path.name) == expected).all()
        assert (read_image(data, path.name, rows=range(163, 337)) == expected[163:337]).all()


def _refusals() -> dict[str, tuple[bytes, str]]:
    def changed(**options) -> bytes:
        strips = [IMAGE.tobytes()]
        return handmade_tiff(strips, width=WIDTH, height=HEIGHT, rows_per_strip=HEIGHT, **options)

    grey16 = Image.fromarray(IMAGE[..., 0].astype(np.uint16))
    return {
        "grey": (encode(IMAGE[..., 0], "TIFF"), "is grey; save it as RGB"),
        "16-bit grey": (encode(grey16, "TIFF"), "is grey"),
        "16-bit RGB": (changed(changes={258: (16, 16, 16)}), "has 16 bits per channel, 8 are needed"),
        "palette": (encode(Image.fromarray(IMAGE).quantize(9), "TIFF"), "is a palette image"),
        "CMYK": (encode(Image.fromarray(IMAGE).convert("CMYK"), "TIFF"), "is CMYK"),
        "RGBA": (encode(Image.fromarray(IMAGE).convert("RGBA"), "TIFF"), "has 4 channels, 3 are needed"),
        "float": (changed(changes={339: (3, 3, 3)}), "bits per channel"),
        "JPEG": (encode(IMAGE, "TIFF", compression="jpeg"), "is compressed with JPEG|is YCbCr"),
        "unknown method": (changed(changes={259: (34712,)}), "is compressed with method 34712, not PackBits"),
        "tiles": (changed(changes={322: (16,), 323: (16,)}), "is stored in tiles"),
        "fill order": (changed(changes={266: (2,)}), "fill order 2"),
        "predictor": (changed(changes={259: (5,), 317: (3,)}), "predictor 3"),
        "no width": (changed(changes={256: None}), "declares 0 x 30 pixels"),
        "no offsets": (changed(changes={273: None}), "is damaged"),
        "wrong number of strips": (changed(changes={278: (10,)}), "declares 1 strips of 10 rows"),
        "no rows per strip": (changed(changes={278: (0,)}), "is damaged"),
        "second image": (changed(next_directory=8), "holds more than one image"),
        "BigTIFF": (b"II+\0" + bytes(40), "is a BigTIFF"),
    }


REFUSALS = _refusals()


@pytest.mark.parametrize("kind", REFUSALS)
def test_other_kinds_of_tiff_are_refused_with_the_name_and_what_they_have(kind):
    data, message = REFUSALS[kind]
    with pytest.raises(ImageError, match=rf"^folder/x\.tif: .*({message})"):
        read_image(data, "folder/x.tif")


def test_stacks_are_refused():
    frames = [Image.fromarray(picture(seed=s)) for s in (1, 2)]
    data = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="holds more than one image; save one image per file"):
        read_image(data, "x.tif")


def test_another_size_is_refused_with_both_sizes_before_anything_is_decoded():
    data = handmade_tiff([b""], width=WIDTH, height=HEIGHT, rows_per_strip=HEIGHT, changes={259: (32773,)})
    with pytest.raises(ImageError, match=r"^x\.tif: has 41 x 30 pixels but 1210 x 566 are needed"):
        read_image(data, "x.tif", size=(1210, 566))


@pytest.mark.parametrize("code", [1, 5, 8, 32773])
def test_a_huge_declared_size_costs_nothing(code):
    data = handmade_tiff([b"\x81\x00" * 9], width=60_000, height=60_000, rows_per_strip=60_000, changes={259: (code,)})
    with pytest.raises(ImageError, match="has 60000 x 60000 pixels but 1210 x 566 are needed"):
        read_image(data, "bomb.tif", size=(1210, 566))
    with pytest.raises(ImageError, match="declares 60000 x 60000 pixels"):
        read_image(data, "bomb.tif")


def test_strips_that_hold_far_more_than_declared_are_decoded_only_as_far_as_needed():
    bomb = zlib.compress(bytes(20_000_000))
    data = handmade_tiff([bomb], width=WIDTH, height=HEIGHT, rows_per_strip=HEIGHT, changes={259: (8,)})
    assert not read_image(data, "x.tif").any()


@pytest.mark.parametrize("compression", ["packbits", "raw"])
def test_a_truncated_file_is_an_error_even_if_the_rows_that_are_needed_are_there(compression):
    strips = [IMAGE[y : y + 10].tobytes() for y in range(0, HEIGHT, 10)]
    code = 1
    if compression == "packbits":
        strips, code = [packbits(strip) for strip in strips], 32773
    head = handmade_tiff(strips, width=WIDTH, height=HEIGHT, rows_per_strip=10, changes={259: (code,)})
    offsets = [8 + sum(len(strip) for strip in strips[:number]) for number in range(3)]
    # The tags lie at the end of that file; here the last strip is said to lie beyond it.
    moved = {259: (code,), 273: (offsets[0], offsets[1], len(head) + 500)}
    data = handmade_tiff(strips, width=WIDTH, height=HEIGHT, rows_per_strip=10, changes=moved)
    with pytest.raises(ImageError, match=r"x\.tif: is truncated \(its strips end at byte \d+, the file at byte \d+\)"):
        read_image(data, "x.tif", rows=range(5))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_file_cut_anywhere_is_an_error_or_still_whole(compression):
    data = pillow_tiff(IMAGE, compression, 8)
    for length in range(0, len(data), 1 if len(data) < 3000 else 3):
        try:
            pixels = read_image(data[:length], "x.tif")
        except ImageError:
            pass
        else:
            assert (pixels == IMAGE).all(), length


@settings(max_examples=150)
@given(
    compression=st.sampled_from(COMPRESSIONS),
    predictor=st.sampled_from([1, 2]),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12),
    near_tags=st.booleans(),
)
def test_damaged_bytes_give_an_image_of_the_right_size_or_an_image_error(compression, predictor, changes, near_tags):
    data = bytearray(pillow_tiff(IMAGE, compression, 8, predictor if "deflate" in compression else 1))
    directory = int.from_bytes(data[4:8], "little")
    for place, value in changes:
        data[(directory + place % 160 if near_tags else place) % len(data)] = value
    try:
        pixels = read_image(bytes(data), "x.tif", size=(WIDTH, HEIGHT))
    except ImageError:
        return
    assert pixels.shape == IMAGE.shape


def test_any_bytes_are_an_image_error():
    for data in (b"", b"II*\0", b"MM\0*" + bytes(9), os.urandom(5000), b"II*\0" + b"\xff" * 100):
        with pytest.raises(ImageError, match=r"^x: "):
            read_image(data, "x")
