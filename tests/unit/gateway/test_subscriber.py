"""A client between joining, live and behind, on a transport that fills up."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable

import pytest
from tests.support.live_publisher import CHANNEL
from tests.support.sse_client import Received, SseParser
from tests.unit.gateway.test_channel import Script

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.states import Audience
from stream_gateway.backlog import SLICE
from stream_gateway.channel import Channel
from stream_gateway.coding import Coding, coding, form
from stream_gateway.frames import Event
from stream_gateway.group import Group, View
from stream_gateway.joining import Joining
from stream_gateway.metrics import Metrics
from stream_gateway.picture import Picture
from stream_gateway.position import Position
from stream_gateway.ring import Budget
from stream_gateway.subscriber import MAX_RECEIVED, Join, Subscriber

OTHER = ChannelKey("backroom", "leeds", "2026-02-16", "slot_21_00")
PLAIN = coding(chunked=False)


class Pipe:
    """A transport that holds what is written until `drain`, and says stop above `room` bytes."""

    def __init__(self, room: int = 10**9) -> None:
        self.room = room
        self.held = 0
        self.largest = 0
        self.written: list[bytes] = []
        self.closed = False
        self.client: Subscriber | None = None

    def write(self, data: bytes | memoryview) -> None:
        self.written.append(bytes(data))
        self.held += len(data)
        self.largest = max(self.largest, self.held)
        if self.held > self.room and self.client and not self.client.paused:
            self.client.pause_writing()

    def drain(self) -> None:
        self.held = 0
        if self.client and self.client.paused:
            self.client.resume_writing()

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def events(self) -> list[Received]:
        data = b"".join(self.written)
        assert self.client is not None
        if self.client.group.coding.gzip:
            data = zlib.decompressobj(31).decompress(data)
        return SseParser().feed(data)


class Nobody:
    """Opener and archive of channels that are all open and warm."""

    def __init__(self) -> None:
        self.wanted: list[Channel] = []

    def ensure(self, channel: Channel) -> None:
        pass

    def want(self, channel: Channel, subscriber: Subscriber) -> None:
        self.wanted.append(channel)

    def check_ahead(self, subscriber: Subscriber) -> None:
        raise AssertionError("nobody is ahead")

    def forget(self, subscriber: Subscriber) -> None:
        pass


class House:
    """Two channels, one group, a keeper as the hub is one."""

    def __init__(self, ring_bytes: int = 10**8, way: Coding = PLAIN, sections: int = 4) -> None:
        self.form = form(Audience.PUBLIC, way)
        self.position = Position()
        self.position.begin("abcd", 0)
        self.metrics = Metrics()
        self.archive = Nobody()
        self.joining = Joining(self.position, self.archive, self.archive, self.metrics)
        self.scripts = [Script(sections), Script()]
        self.channels = [
            Channel(key, ring_bytes=ring_bytes, budget=Budget(10**9), sections=Budget(10**9))
            for key in (CHANNEL, OTHER)
        ]
        for script, channel in zip(self.scripts, self.channels, strict=True):
            channel.install(Picture(script.snapshot()), 0, [])
        self.group = Group(
            tuple(View(channel, self.form) for channel in self.channels), way, self.metrics
        )
        self.gone_clients: list[Subscriber] = []

    def attempt(self, subscriber: Subscriber) -> None:
        self.joining.attempt(subscriber)

    def wake(self, subscriber: Subscriber) -> None:
        self.joining.attempt(subscriber)

    def stalled(self, subscriber: Subscriber) -> None:
        since = self.group.sent_up_to(self.position.seq)
        if self.group.remove(subscriber):
            subscriber.join = Join(since=since, reason="slow_consumer", resync=True)

    def gone(self, subscriber: Subscriber) -> None:
        self.gone_clients.append(subscriber)

    def refuse(self, subscriber: Subscriber, problem: Exception) -> None:
        raise problem

    def client(self, join: Join | None = None, room: int = 10**9) -> tuple[Subscriber, Pipe]:
        pipe = Pipe(room)
        subscriber = Subscriber(self.group, join or Join(), self, expires=None)
        pipe.client = subscriber
        subscriber.attach(pipe, paused=False, retry=2000)
        self.attempt(subscriber)
        return subscriber, pipe

    def publish(self, number: int = 0, *, flush: bool = True) -> None:
        event = self.scripts[number].event()
        event = Event(self.position.seq + 1, 0, event.body, change=event.change)
        self.channels[number].receive(event)
        self.group.push(event.frame(self.form, "abcd"))
        self.position.advance(event.seq)
        if flush:
            self.group.flush()


def shape(events: list[Received]) -> list[tuple[str, int | None, str | None]]:
    return [(each.event, each.data.get("version"), each.id) for each in events]


def public(position: int) -> str:
    return f"abcd-{position}"


@pytest.mark.parametrize("gzip", [False, True])
async def test_a_join_carries_one_id_at_its_end_and_live_frames_one_each(gzip: bool) -> None:
    house = House(way=coding(gzip=gzip, chunked=False))
    house.publish(0)
    _, pipe = house.client()
    house.publish(1)
    house.publish(0)
    assert shape(pipe.events()) == [
        ("snapshot", 1, None),
        ("snapshot", 0, public(1)),
        ("availability.updated", 1, public(2)),
        ("availability.updated", 2, public(3)),
    ]


async def test_a_newcomer_does_not_get_what_was_pending_for_the_others() -> None:
    house = House()
    _, first = house.client()
    house.publish(0, flush=False)
    _, second = house.client()
    house.group.flush()
    assert shape(first.events())[2:] == [("availability.updated", 1, public(1))]
    assert shape(second.events()) == [("snapshot", 1, None), ("snapshot", 0, public(1))]


async def test_a_replay_is_merged_by_sequence() -> None:
    house = House()
    for number in (0, 1, 1, 0):
        house.publish(number)
    _, pipe = house.client(Join(cursor=Cursor("abcd", 1)))
    assert shape(pipe.events()) == [
        ("availability.updated", 1, None),
        ("availability.updated", 2, None),
        ("availability.updated", 2, public(4)),
    ]


@pytest.mark.parametrize("gzip", [False, True])
async def test_frames_of_one_turn_leave_in_one_write(gzip: bool) -> None:
    house = House(way=coding(gzip=gzip, chunked=False))
    _, pipe = house.client()
    before = len(pipe.written)
    for _ in range(10):
        house.publish(0, flush=False)
    house.group.flush()
    assert len(pipe.written) == before + 1
    assert len(pipe.events()) == 12


async def test_a_huge_burst_leaves_in_pieces_that_a_client_can_take() -> None:
    house = House()
    client, pipe = house.client(room=2 * SLICE)
    for _ in range(1000):
        house.publish(0, flush=False)
    house.group.flush()
    assert pipe.largest <= 3 * SLICE
    assert not client.is_live
    assert client.join is not None
    got = [each.data["version"] for each in pipe.events()[2:]]
    assert got == list(range(1, len(got) + 1))
    # How far it got is known to the event, so that nothing private is lost or comes twice.
    assert client.join.since == got[-1]


async def test_a_stalled_client_is_queued_nothing_and_comes_back_by_snapshots() -> None:
    house = House()
    client, pipe = house.client(room=3000)
    while not client.paused:
        house.publish(0)
    written = len(pipe.written)
    for _ in range(100):
        house.publish(0)
    assert len(pipe.written) == written
    assert not client.is_live
    pipe.drain()
    assert client.is_live
    *_, first, second = pipe.events()
    assert [first.event, second.event] == ["snapshot", "snapshot"]
    assert first.data["reason"] == second.data["reason"] == "slow_consumer"
    assert (first.id, second.id) == (None, public(house.position.seq))
    house.publish(1)
    assert pipe.events()[-1].data["version"] == 1


async def test_what_was_pending_when_it_stalled_counts_as_not_sent() -> None:
    """Uvloop writes at the end of a turn, so a stall may show while new frames wait already."""
    house = House()
    client, pipe = house.client()
    house.publish(0)
    house.publish(1, flush=False)
    client.pause_writing()
    assert client.join is not None
    assert client.join.since == 1
    house.group.flush()
    assert len(pipe.events()) == 3


@pytest.mark.parametrize("meanwhile", [0, 3])
async def test_a_long_backlog_leaves_in_slices_and_is_followed_by_the_rest(meanwhile: int) -> None:
    house = House()
    for _ in range(400):
        house.publish(0)
    client, pipe = house.client(Join(cursor=Cursor("abcd", 0)), room=SLICE)
    assert client.busy
    for _ in range(meanwhile):
        house.publish(0)
    while not client.is_live:
        pipe.drain()
    assert pipe.largest <= 2 * SLICE + 1000
    events = pipe.events()
    assert [each.data["version"] for each in events] == list(range(1, 401 + meanwhile))
    house.publish(0)
    assert pipe.events()[-1].data["version"] == 401 + meanwhile


async def test_one_whose_backlog_took_too_long_gets_a_snapshot() -> None:
    house = House(ring_bytes=2_500_000)
    for _ in range(300):
        house.publish(0)
    client, pipe = house.client(Join(cursor=Cursor("abcd", 0)), room=SLICE)
    assert client.busy
    for _ in range(600):
        house.publish(0)
    while not client.is_live:
        pipe.drain()
    assert house.archive.wanted == []
    assert pipe.events()[-1].data["reason"] == "slow_consumer"


async def test_bytes_from_a_client_are_bounded() -> None:
    house = House()
    client, pipe = house.client()
    client.data_received(b"x" * MAX_RECEIVED)
    assert not pipe.closed
    client.data_received(b"x")
    assert pipe.closed


async def test_last_words_are_not_said_in_the_middle_of_a_backlog() -> None:
    house = House()
    for _ in range(400):
        house.publish(0)
    client, pipe = house.client(Join(cursor=Cursor("abcd", 0)), room=SLICE)
    client.finish(b"last words")
    assert pipe.closed
    assert not b"".join(pipe.written).endswith(b"last words")


@pytest.mark.parametrize("gzip", [False, True])
async def test_a_big_channel_brings_back_only_what_changed(gzip: bool) -> None:
    house = House(sections=1000, way=coding(gzip=gzip, chunked=False))
    client, pipe = house.client()
    whole = pipe.events()[0]
    assert len(whole.data["sections"]) == 1000
    client.pause_writing()
    house.publish(0)
    client.resume_writing()
    partial, other = pipe.events()[2:]
    assert partial.data["partial"] is True
    assert partial.data["version"] == 1
    (section,) = partial.data["sections"]
    assert section["state"] != whole.data["sections"][0]["state"]
    # The small one comes whole.
    assert "partial" not in other.data
    assert client.is_live


async def test_the_pieces_of_a_big_snapshot_are_shared_but_for_what_changed() -> None:
    house = House(sections=1000)
    picture = house.channels[0].picture
    assert picture is not None
    for gzip in (False, True):
        before = picture.pane(Audience.PUBLIC).pieces(gzip=gzip)
        house.publish(0)
        after = picture.pane(Audience.PUBLIC).pieces(gzip=gzip)
        assert [a is b for a, b in zip(before, after, strict=True)] == [False] + [True] * 7


async def test_a_big_snapshot_is_made_bit_by_bit() -> None:
    house = House(sections=10_000)
    subscriber, pipe = house.client()
    assert pipe.events() == []
    async with asyncio.timeout(10):
        while not subscriber.is_live:
            await asyncio.sleep(0)
    (event, _) = pipe.events()
    assert len(event.data["sections"]) == 10_000
    assert subscriber.is_live
    picture = house.channels[0].picture
    assert picture is not None
    pane = picture.pane(Audience.STAFF)
    assert [pane.prepare(gzip=True, most=70) for _ in range(3)] == [False, True, True]


def test_positions_call_in_order_and_only_when_reached() -> None:
    called: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: called.append(number)

    position = Position()
    position.begin("abcd", 5)
    for seq in (9, 7, 7, 12):
        position.when(seq, note(seq))
    position.advance(6)
    assert called == []
    position.advance(9)
    assert called == [7, 7, 9]
    position.advance(8)
    assert position.seq == 9


async def test_one_attempt_that_fails_does_not_hold_the_others_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()
    broken, waiting = (Subscriber(house.group, Join(), house, expires=None) for _ in range(2))
    for each in (broken, waiting):
        each.attach(Pipe(), paused=False, retry=2000)
    attempt = house.joining.attempt

    def fail_for_one(subscriber: Subscriber) -> None:
        if subscriber is broken:
            raise ValueError("broken")
        attempt(subscriber)

    monkeypatch.setattr(house.joining, "attempt", fail_for_one)
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    house.joining.wake(broken)
    house.joining.wake(waiting)
    async with asyncio.timeout(5):
        while not waiting.is_live:
            await asyncio.sleep(0)
    assert len(complaints) == 1
