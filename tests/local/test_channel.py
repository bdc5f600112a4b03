"""Frames arrive whole and in order, however the bytes between them are cut."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.homes.local.channel import HEAD, Channel, Frame, pair
from tests.json_values import json_values, same

SECONDS = 30
Message = tuple[Any, list[bytes]]
MESSAGES: list[Message] = [
    (["tasks", [[1, 2.5, None]]], []),
    ({"ä": "\ud800"}, [b""]),
    ([], [b"\0\1\2", b"", b"end"]),
    (None, [b"{}" * 20]),
]


@pytest.fixture(autouse=True)
def nothing_waits_for_ever() -> Iterator[None]:
    socket.setdefaulttimeout(SECONDS)
    yield
    socket.setdefaulttimeout(None)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = pair()
    other = Channel(theirs)
    yield ours, other
    ours.close()
    other.close()


def bytes_of(messages: list[Message]) -> bytes:
    """What is sent for some messages."""
    ours, theirs = pair()
    with theirs:
        for header, parts in messages:
            ours.send(header, parts)
        ours.close()
        data = b""
        while piece := theirs.recv(1 << 16):
            data += piece
    return data


def receive_all(channel: Channel) -> list[Frame]:
    frames: list[Frame] = []
    while True:
        try:
            frames += channel.receive_available()
        except EOFError:
            return frames


def assert_same(frames: list[Frame], messages: list[Message]) -> None:
    assert len(frames) == len(messages)
    for frame, (header, parts) in zip(frames, messages, strict=True):
        assert same(frame.header, header)
        assert frame.parts == parts


def test_frames_arrive_as_they_were_sent_in_both_directions(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    for header, parts in MESSAGES:
        ours.send(header, parts)
        theirs.send(header, parts)
        assert_same([theirs.receive()], [(header, parts)])
        assert_same([ours.receive()], [(header, parts)])
    ours.send("no parts")
    assert theirs.receive() == Frame("no parts", [])


def test_frames_cut_at_every_byte_arrive_whole() -> None:
    data = bytes_of(MESSAGES)
    for cut in range(len(data) + 1):
        ours, theirs = pair()
        with theirs:
            theirs.sendall(data[:cut])
            complete = []
            while ours.readable():
                complete += ours.receive_available()
            assert not ours.readable(), "the beginning of a frame is nothing to receive yet"
            theirs.sendall(data[cut:])
            theirs.shutdown(socket.SHUT_WR)
            assert_same(complete + receive_all(ours), MESSAGES)
            ours.close()


def test_frames_that_arrive_byte_by_byte_arrive_whole() -> None:
    ours, theirs = pair()
    received: list[Frame] = []
    with theirs:
        for number in range(len(data := bytes_of(MESSAGES))):
            theirs.sendall(data[number : number + 1])
            received += ours.receive_available()
    assert_same(received, MESSAGES)
    ours.close()


@settings(max_examples=60)
@given(st.lists(st.tuples(json_values, st.lists(st.binary(max_size=300), max_size=4)), max_size=6), st.data())
def test_any_frames_in_any_pieces_arrive_whole(messages: list[Message], data: st.DataObject) -> None:
    everything = bytes_of(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(everything)), max_size=8)))
    ours, theirs = pair()
    with theirs:
        for first, last in zip([0, *cuts], [*cuts, len(everything)], strict=True):
            theirs.sendall(everything[first:last])
    assert_same(receive_all(ours), messages)
    ours.close()


def test_parts_larger_than_any_buffer_arrive_whole(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    parts = [random.Random(size).randbytes(size) for size in (20_000_000, 0, 1, 300_000)]
    sender = threading.Thread(target=ours.send, args=(["outcomes"], parts))
    sender.start()
    frame = theirs.receive()
    sender.join(SECONDS)
    assert frame.header == ["outcomes"]
    assert frame.parts == parts


def test_frames_that_have_arrived_are_taken_together(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    for number in range(5):
        ours.send(number)
    assert theirs.receive().header == 0
    assert [frame.header for frame in theirs.receive_available()] == [1, 2, 3, 4]
    assert not theirs.readable()
    ours.send(5)
    assert theirs.readable()
    assert theirs.receive().header == 5


def test_an_end_is_told_after_what_was_sent_before_it(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    ours.send("last words")
    ours.close()
    assert theirs.receive().header == "last words"
    assert theirs.readable()
    for receive in (theirs.receive, theirs.receive_available):
        with pytest.raises(EOFError):
            receive()


@pytest.mark.parametrize("cut", [1, HEAD.size - 1, HEAD.size, HEAD.size + 3, -1])
def test_an_end_in_the_middle_of_a_frame_is_an_end(cut: int) -> None:
    ours, theirs = pair()
    theirs.sendall(bytes_of([(["header"], [b"part"])])[:cut])
    theirs.close()
    with pytest.raises(EOFError):
        ours.receive()
    ours.close()


def test_an_end_that_left_something_unread_is_an_end() -> None:
    ours, theirs = pair()
    ours.send("never read")
    theirs.close()
    with pytest.raises(EOFError):
        ours.receive()
    with pytest.raises(OSError, match="Broken pipe"):
        ours.send("nobody there")
    ours.close()


def test_what_is_no_json_is_not_sent(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    with pytest.raises(TypeError):
        ours.send({"a": {1}})
    ours.send("next")
    assert theirs.receive().header == "next"
