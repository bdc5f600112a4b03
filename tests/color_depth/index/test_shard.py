"""Shards: what is stored, how it is read, and what happens when it is not as it was written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skyburst
from examples.color_depth_search.colors import gap
from examples.color_depth_search.index.colour_numbers import COLOURS, matching_ranges, number_colours
from examples.color_depth_search.index.grid import CELLS, Grid
from examples.color_depth_search.index.shard import LARGEST_GAP, Shard, directory_name, entries_name
from examples.color_depth_search.index.shard_file import FEW, IndexDamaged
from tests.color_depth.index.pictures import picture, write_shard


def open_shard(folder) -> Shard:
    return Shard(skyburst.open_folder(folder), "shard")


def every_block(shard: Shard):
    return shard.read(np.arange(Grid(shard.header.width, shard.header.height).blocks))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    percent=st.one_of(st.sampled_from([0, 1, 2, 3, 5, 10]), st.floats(0, 10)),
)
def test_the_colours_that_match_a_colour_are_ranges_of_their_numbers(seed, percent):
    image = picture(np.random.default_rng(seed), 16, 16)
    positions, numbers = number_colours(image, 0)
    colours = image.reshape(-1, 3)
    rows, first, end = matching_ranges(colours, percent / 100)
    matches = np.zeros((256, positions.size), bool)
    for row, low, high in zip(rows, first, end, strict=True):
        matches[row] |= (numbers >= low) & (numbers < high)
    assert (matches == (gap(colours[:, None], colours[positions][None]) <= percent / 100)).all()
    assert numbers.size == 0 or numbers.max() < COLOURS


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 50), height=st.integers(1, 40), count=st.integers(1, 40))
def test_entries_that_do_not_fit_into_memory_are_stored_the_same(tmp_path_factory, seed, width, height, count):
    rng = np.random.default_rng(seed)
    images = [picture(rng, width, height) for _ in range(count)]
    folder = tmp_path_factory.mktemp("shard")
    at_once = write_shard(folder, images, threshold=0, name="one")
    put_aside = write_shard(folder, images, threshold=0, kept=width * height + 1, name="two")
    assert at_once.encode() == put_aside.encode()
    assert (folder / entries_name("one")).read_bytes() == (folder / entries_name("two")).read_bytes()


def test_blocks_of_few_and_of_many_entries_are_read_as_they_were_made(tmp_path):
    rng = np.random.default_rng(3)
    base = picture(rng, 40, 40)
    images = [base.copy() for _ in range(30)]
    for image in images:
        image[rng.random((40, 40)) < 0.2] = 0
    directory = write_shard(tmp_path, images, threshold=10)
    assert directory.counts.min() < FEW <= directory.counts.max()
    grid, shard = Grid(40, 40), open_shard(tmp_path)
    blocks = every_block(shard)
    for number, image in enumerate(images):
        positions, colours = number_colours(image, 10)
        slots = grid.slots_of(positions, colours)
        for slot, colour in zip(slots.tolist(), colours.tolist(), strict=True):
            start, end = blocks.starts[divmod(slot, CELLS)], blocks.ends[divmod(slot, CELLS)]
            assert (colour << 14 | number) in blocks.values[start:end]
    assert (blocks.ends - blocks.starts).sum() == shard.header.entries


def test_blocks_near_each_other_are_read_together(tmp_path):
    rng = np.random.default_rng(3)
    directory = write_shard(tmp_path, [picture(rng, 300, 200) for _ in range(60)], threshold=0)
    shard = open_shard(tmp_path)
    assert directory.header.size_bytes > 3 * LARGEST_GAP
    every_block(shard)
    assert shard.traffic.requests == 2  # the directory, and all of the blocks
    assert shard.traffic.bytes == directory.header.size_bytes + len(directory.encode())
    shard = open_shard(tmp_path)
    shard.read(directory.blocks[[0, -1]].astype(np.int64))
    assert shard.traffic.requests == 3
    assert shard.traffic.bytes == len(directory.encode()) + int(directory.sizes[[0, -1]].sum())


def test_damage_anywhere_is_found(tmp_path):
    rng = np.random.default_rng(3)
    write_shard(tmp_path, [picture(rng, 40, 30) for _ in range(9)], threshold=0)
    for name in (directory_name("shard"), entries_name("shard")):
        path = tmp_path / name
        whole = path.read_bytes()
        for at in rng.integers(0, len(whole), 60).tolist():
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.integers(0, 8)]) + whole[at + 1 :])
            with pytest.raises(IndexDamaged):
                open_shard(tmp_path).verify()
            path.write_bytes(whole[:at])
            with pytest.raises(IndexDamaged):
                open_shard(tmp_path).verify()
        path.write_bytes(whole)
    open_shard(tmp_path).verify()


def test_a_shard_without_any_entry_can_be_read(tmp_path):
    write_shard(tmp_path, [np.zeros((20, 30, 3), np.uint8)], threshold=0)
    shard = open_shard(tmp_path)
    shard.check_size()
    shard.verify()
    assert every_block(shard).starts.sum() == 0
