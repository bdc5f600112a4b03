"""Files of derived images: they come back as they were; what is damaged or of another size is refused by name."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from examples.color_depth_search.images import ImageError, read_image
from examples.color_depth_search.shape.shape_files import (
    decode_gradient,
    decode_z_gap,
    encode_gradient,
    encode_z_gap,
)
from examples.color_depth_search.shape.shape_images import make_shape_images
from tests.color_depth.image_files import encode, picture

IMAGES = make_shape_images(picture(), label_boxes=())
SIZE = (41, 30)
FILES = {
    "gradient": (encode_gradient(np.arange(30 * 41, dtype=np.uint16).reshape(30, 41)), decode_gradient),
    "z-gap": (encode_z_gap(IMAGES.z_gap), decode_z_gap),
}


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 40), height=st.integers(1, 40), turned=st.booleans())
def test_images_come_back_as_they_were(seed, width, height, turned):
    rng = np.random.default_rng(seed)
    gradient = rng.integers(0, 65536, (height, width), dtype=np.uint16)
    z_gap = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if turned:
        gradient, z_gap = gradient[:, ::-1], z_gap[:, ::-1]
    size = (width, height)
    for image, write, read in ((gradient, encode_gradient, decode_gradient), (z_gap, encode_z_gap, decode_z_gap)):
        back = read(write(image), "x.png", size=size)
        assert back.dtype == image.dtype
        assert back.dtype.isnative
        assert (back == image).all()


def test_other_programs_read_the_same_values():
    data, _ = FILES["gradient"]
    with Image.open(io.BytesIO(data)) as image:
        assert np.asarray(image).ravel().tolist() == list(range(30 * 41))
    assert (read_image(encode_z_gap(IMAGES.z_gap), "x.png", size=SIZE) == IMAGES.z_gap).all()


def test_files_of_other_programs_are_read():
    gradient = np.arange(30 * 41, dtype=np.uint16).reshape(30, 41) * 50
    assert (decode_gradient(encode(gradient, "PNG"), "x.png", size=SIZE) == gradient).all()
    assert (decode_z_gap(encode(IMAGES.z_gap, "PNG"), "x.png", size=SIZE) == IMAGES.z_gap).all()


def test_files_of_real_images_are_small(color_depth_data):
    for path in sorted((color_depth_data / "library").iterdir()):
        gradient, z_gap = make_shape_images(read_image(path.read_bytes(), path.name))
        assert len(encode_gradient(gradient)) < 20_000
        assert len(encode_z_gap(z_gap)) < 100_000


@pytest.mark.parametrize("kind", FILES)
def test_a_change_of_any_byte_is_noticed(kind):
    data, read = FILES[kind]
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        with pytest.raises(ImageError, match=r"^the-file\.png: "):
            read(damaged, "the-file.png", size=SIZE)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_ends_too_early_is_refused(kind):
    data, read = FILES[kind]
    for length in range(len(data)):
        with pytest.raises(ImageError, match=r"^the-file\.png: "):
            read(data[:length], "the-file.png", size=SIZE)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("size", [(30, 41), (41, 31), (1210, 566)])
def test_another_size_is_refused(kind, size):
    data, read = FILES[kind]
    needed = f"the-file.png: has 41 x 30 pixels but {size[0]} x {size[1]} are needed"
    with pytest.raises(ImageError, match=needed):
        read(data, "the-file.png", size=size)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 41, 30, 16, 0, 0, 0, 0))
END = chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is an empty file; make it again from its image"),
        (encode(picture(), "JPEG"), "is not a PNG; make it again from its image"),
        (FILES["z-gap"][0], "is not a gradient image, 16-bit grey"),
        (encode(picture()[..., 0], "PNG"), "is not a gradient image, 16-bit grey"),
        (png(END), "a PNG without a header"),
        (png(chunk(b"IHDR", b"")), "a PNG without a header|ends too early"),
        (png(HEADER, END), "is damaged"),
        (png(HEADER, chunk(b"IDAT", zlib.compress(bytes(50))), END), "is damaged"),
        (png(HEADER, chunk(b"IDAT", b"no deflate"), END), "is damaged"),
        (png(HEADER, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9_000_000))), END), "is damaged"),
    ],
)
def test_what_is_no_gradient_image_is_refused(data, message):
    with pytest.raises(ImageError, match=rf"^the-file\.png: .*({message})"):
        decode_gradient(data, "the-file.png", size=SIZE)


@pytest.mark.parametrize("image", [picture()[..., 0], np.zeros((30, 41, 4), np.uint8)])
def test_what_is_no_z_gap_image_is_refused(image):
    with pytest.raises(ImageError, match="is not a z-gap image, RGB with 8 bits per channel; make it again"):
        decode_z_gap(encode(image, "PNG"), "the-file.png", size=SIZE)
