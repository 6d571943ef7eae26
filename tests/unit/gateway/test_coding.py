"""Codings: chunks, and gzip streams put together of blocks that were made alone."""

from __future__ import annotations

import gzip
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_gateway.backlog import SLICE, Backlog, Slices, Snapshot
from stream_gateway.coding import chunk, coding, deflated, gzip_file, stored

contents = st.lists(st.binary(max_size=600) | st.just(b"seat " * 20_000), max_size=8)


def content_of(wire: bytes, *, gzip: bool, chunked: bool) -> bytes:
    """What a client makes of it, by libraries."""
    if chunked:
        parts = []
        while wire:
            size, _, wire = wire.partition(b"\r\n")
            parts.append(wire[: int(size, 16)])
            assert wire[int(size, 16) :][:2] == b"\r\n"
            wire = wire[int(size, 16) + 2 :]
        wire = b"".join(parts)
    if not gzip:
        return wire
    unpack = zlib.decompressobj(31)
    content = unpack.decompress(wire)
    assert not unpack.eof
    assert not unpack.unused_data
    return content


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@given(made=contents)
def test_pieces_made_alone_are_one_stream(packed: bool, chunked: bool, made: list[bytes]) -> None:
    way = coding(gzip=packed, chunked=chunked)
    wire = way.start
    for number, content in enumerate(filter(None, made)):
        wire += way.pack(content) if number % 2 else way.wrap(content)
    assert content_of(wire, gzip=packed, chunked=chunked) == b"".join(made)


@given(contents)
def test_each_piece_is_readable_as_soon_as_it_is_there(made: list[bytes]) -> None:
    way = coding(gzip=True, chunked=False)
    unpack = zlib.decompressobj(31)
    assert unpack.decompress(way.start) == b""
    for content in made:
        assert unpack.decompress(way.pack(content)) == content
        assert unpack.decompress(way.wrap(content)) == content


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_snapshot_goes_around_ready_pieces(packed: bool, chunked: bool) -> None:
    way = coding(gzip=packed, chunked=chunked)
    pieces = [b"a" * 1000, b"b" * 1000]
    ready = [deflated(piece) if packed else piece for piece in pieces]
    backlog = Backlog(way)
    backlog.add(b"first\n\n", Snapshot(b"data: ", ready, b"\n\n"), b"last\n\n")
    wire = way.start + b"".join(backlog.wired("abc-7"))
    expected = b"first\n\ndata: " + b"".join(pieces) + b"\n\nlast\nid: abc-7\n\n"
    assert content_of(wire, gzip=packed, chunked=chunked) == expected


def test_a_file_is_whole_for_the_command_line_too() -> None:
    parts = [b'{"sections":[', b'{"state":"held"},' * 5000, b"]}"]
    file = gzip_file((deflated(parts[0]), deflated(parts[1]), stored(parts[2])), parts)
    assert gzip.decompress(file) == b"".join(parts)
    shown = subprocess.run(["gzip", "-dc"], input=file, capture_output=True, check=True)
    assert shown.stdout == b"".join(parts)
    assert len(file) < 1000


@given(st.lists(st.integers(0, 3 * SLICE), max_size=6))
def test_slices_are_the_pieces_and_bounded(sizes: list[int]) -> None:
    pieces = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    slices = Slices(pieces)
    taken = []
    while slices:
        taken.append(bytes(slices.next()))
    assert b"".join(taken) == b"".join(pieces)
    assert all(len(each) <= SLICE for each in taken)


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_backlog_is_cut_at_frames(packed: bool) -> None:
    backlog = Backlog(coding(gzip=packed))
    backlog.add(*(b"data: %d\n\n" % number * 100 for number in range(1000)))
    pieces = backlog.wired("abc-7")
    assert 10 < len(pieces) < 20
    content = content_of(coding(gzip=packed).start + b"".join(pieces), gzip=packed, chunked=True)
    assert content.count(b"id: ") == 1
    assert content.count(b"\n\n") == 100_000


def test_chunks_are_sized_in_hexadecimal() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
