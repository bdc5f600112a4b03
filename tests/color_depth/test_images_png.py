"""Reading PNG: RGB and palette images exactly, everything else a clear error."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from examples.color_depth_search.images import ImageError, image_size, read_image
from tests.color_depth.image_files import encode, picture

IMAGE = picture()
HEIGHT, WIDTH = IMAGE.shape[:2]
PNG = encode(IMAGE, "PNG")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def handmade_png(width: int, height: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_pixels_of_an_rgb_png_are_exact_whole_and_in_part():
    assert image_size(PNG, "x.png") == (WIDTH, HEIGHT)
    assert (read_image(PNG, "x.png", size=(WIDTH, HEIGHT)) == IMAGE).all()
    assert (read_image(PNG, "x.png", rows=range(3, 11)) == IMAGE[3:11]).all()
    assert read_image(PNG, "x.png", rows=range(0)).shape == (0, WIDTH, 3)


@pytest.mark.parametrize("colours", [2, 4, 16, 200])
def test_palette_pngs_of_all_depths_are_read_as_their_colours(colours):
    image = Image.fromarray(IMAGE).quantize(colours)
    data = encode(image, "PNG", bits={2: 1, 4: 2, 16: 4, 200: 8}[colours])
    assert data[24] == {2: 1, 4: 2, 16: 4, 200: 8}[colours]
    assert (read_image(data, "x.png") == np.asarray(image.convert("RGB"))).all()


def test_transparent_pixels_are_black_and_others_keep_their_colour():
    alpha = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    alpha[:10], alpha[10:20] = 255, 1
    data = encode(np.concatenate([IMAGE, alpha], axis=2), "PNG")
    expected = IMAGE.copy()
    expected[20:] = 0
    assert (read_image(data, "x.png") == expected).all()


def test_a_transparent_colour_of_a_palette_is_black():
    image = Image.fromarray(IMAGE).quantize(8)
    data = encode(image, "PNG", transparency=3)
    expected = np.asarray(image.convert("RGB")).copy()
    expected[np.asarray(image) == 3] = 0
    assert (read_image(data, "x.png") == expected).all()


def _refusals() -> dict[str, tuple[bytes, str]]:
    rgb = Image.fromarray(IMAGE)
    return {
        "grey": (encode(rgb.convert("L"), "PNG"), "is grey; color depth needs RGB"),
        "black and white": (encode(rgb.convert("1"), "PNG"), "is grey"),
        "16-bit grey": (encode(Image.fromarray(IMAGE[..., 0].astype(np.uint16)), "PNG"), "is grey"),
        "grey with alpha": (encode(rgb.convert("LA"), "PNG"), "is grey with transparency"),
        "16-bit RGB": (handmade_png(2, 1, 16, 2, bytes(13)), "has 16 bits per channel; save it with 8"),
        "animation": (encode(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90)]), "is an animation"),
        "empty": (handmade_png(0, 4, 8, 2, b""), "0 x 4 pixels"),
        "unknown": (handmade_png(2, 1, 8, 5, bytes(9)), "unknown colour type 5"),
        "no header": (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", bytes(40)), "PNG without a header"),
        "too little data": (handmade_png(9, 9, 8, 2, bytes(50)), "is damaged"),
        "text bomb": (
            PNG[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9_000_000))) + PNG[33:],
            "is damaged",
        ),
        "JPEG": (encode(rgb, "JPEG"), "is a JPEG, whose colours are not exact; save it as TIFF or PNG"),
        "GIF": (encode(rgb, "GIF"), "is a GIF"),
        "BMP": (encode(rgb, "BMP"), "is a BMP"),
        "text": (b"hello", "neither a TIFF nor a PNG"),
        "nothing": (b"", "is an empty file"),
    }


REFUSALS = _refusals()


@pytest.mark.parametrize("kind", REFUSALS)
def test_other_images_are_refused_with_the_name_and_what_they_have(kind):
    data, message = REFUSALS[kind]
    with pytest.raises(ImageError, match=rf"^x\.png: .*({message})"):
        read_image(data, "x.png")


def test_a_huge_declared_size_costs_nothing():
    data = handmade_png(100_000, 100_000, 8, 2, bytes(9))
    with pytest.raises(ImageError, match="has 100000 x 100000 pixels but 1210 x 566 are needed"):
        read_image(data, "bomb.png", size=(1210, 566))
    with pytest.raises(ImageError, match="declares 100000 x 100000 pixels; at most"):
        read_image(data, "bomb.png")


def test_a_file_cut_anywhere_is_an_error_or_still_whole():
    for length in range(len(PNG)):
        try:
            pixels = read_image(PNG[:length], "x.png")
        except ImageError:
            pass
        else:
            # Only the checksum and the last chunk, which is empty, may be missing.
            assert length > len(PNG) - 24
            assert (pixels == IMAGE).all()


@settings(max_examples=150)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=9),
    palette=st.booleans(),
    early=st.booleans(),
)
def test_damaged_bytes_give_an_image_of_the_right_size_or_an_image_error(changes, palette, early):
    data = bytearray(encode(Image.fromarray(IMAGE).quantize(90), "PNG") if palette else PNG)
    for place, value in changes:
        data[place % (min(len(data), 120) if early else len(data))] = value
    try:
        pixels = read_image(bytes(data), "x.png", size=(WIDTH, HEIGHT))
    except ImageError:
        return
    assert pixels.shape == IMAGE.shape
