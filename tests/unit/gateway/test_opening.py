"""Opening a channel: what is read in which order, and what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.support.live_publisher import CHANNEL
from tests.unit.gateway.test_channel import Script

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.snapshots import SnapshotRecord, StaffSnapshot
from holdfast.contracts.states import Audience
from stream_gateway import opening
from stream_gateway.channel import Channel, OpenFailed, State
from stream_gateway.consumer import Delivery
from stream_gateway.frames import Event
from stream_gateway.metrics import Metrics
from stream_gateway.opening import Opening
from stream_gateway.position import Position
from stream_gateway.ring import Budget
from stream_gateway.source import History, SnapshotRefused, Stored, StreamState

EPOCH = "abcd"


class Shelf:
    """A Source with what a test puts there. Version v stands at sequence 10 v."""

    def __init__(self) -> None:
        self.script = Script()
        self.events: list[Event] = []
        self.kept: SnapshotRecord | None = None
        self.asked: SnapshotRecord | SnapshotRefused | None = None
        self.asked_times = 0
        self.head_epoch = EPOCH
        self.stream_epoch = EPOCH
        self.looked = asyncio.Event()
        """Somebody has read the head."""

    def record(
        self, *, epoch: str = EPOCH, seq: int | None = None, published: int | None = None
    ) -> SnapshotRecord:
        """A snapshot of now, though only `published` versions (all, where it is not said) are, and
        the last of them at `seq`."""
        snapshot = msgspec.structs.replace(self.script.snapshot(), epoch=epoch)
        version = snapshot.version if published is None else published
        return SnapshotRecord(
            seq=10 * version if seq is None else seq,
            published_version=version,
            public_read=True,
            snapshot=snapshot,
        )

    def publish(self, number: int = 1) -> None:
        self.events += [self.script.event() for _ in range(number)]

    async def stream(self, subject: str | None = None) -> StreamState | None:
        assert subject is None
        return StreamState(self.stream_epoch, 1, 10_000, -1, 0)

    async def message(self, seq: int) -> Stored | None:
        raise AssertionError(seq)

    async def head(self, subject: str) -> Stored | None:
        self.looked.set()
        if not self.events:
            return None
        last = self.events[-1]
        headers = {
            "Nats-Msg-Id": f"{self.head_epoch}/{CHANNEL.name}/{last.version}",
            "Holdfast-Epoch": self.head_epoch,
        }
        return Stored(subject, last.seq, "", headers, last.body)

    async def kept_snapshot(self, key: ChannelKey) -> SnapshotRecord | None:
        return copied(self.kept)

    async def asked_snapshot(self, key: ChannelKey) -> SnapshotRecord:
        self.asked_times += 1
        if isinstance(self.asked, SnapshotRefused):
            raise self.asked
        record = copied(self.asked)
        if record is None:
            raise SnapshotRefused(key.name, 503, "nobody there")
        return record

    async def history(self, subject: str, after: int, epoch: str) -> History:
        found = [Delivery(subject, e.seq, 0, 0, {}, e.body) for e in self.events if e.seq > after]
        return History(found, after)


def copied(record: SnapshotRecord | None) -> SnapshotRecord | None:
    return record and msgspec.json.decode(msgspec.json.encode(record), type=SnapshotRecord)


class Bench:
    """One channel, an opener, and a feed by hand."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.position = Position()
        self.position.begin(EPOCH, 0)
        self.metrics = Metrics()
        self.opening = Opening(self.position, self.shelf, self.metrics, seconds=0.5)
        self.channel = Channel(
            CHANNEL, ring_bytes=10**8, budget=Budget(10**9), sections=Budget(10**9)
        )
        self.woken = asyncio.Event()
        self.problem: OpenFailed | None = None
        self.channel.waiters.add(self)

    def wake(self) -> None:
        self.woken.set()

    def fail(self, problem: OpenFailed) -> None:
        self.problem = problem
        self.woken.set()

    def feed(self, *events: Event) -> None:
        for event in events:
            self.channel.receive(event)
            self.position.advance(event.seq)

    async def outcome(self) -> None:
        async with asyncio.timeout(5):
            await self.woken.wait()

    async def settle(self) -> None:
        """Let it go as far as it can without us."""
        async with asyncio.timeout(5):
            await self.shelf.looked.wait()
        for _ in range(20):
            await asyncio.sleep(0)

    def sections(self) -> StaffSnapshot:
        assert self.channel.picture is not None
        body = self.channel.renditions.body(
            self.channel.picture,
            Audience.STAFF,
            gzip=False,
            position=self.position,
            now="2026-02-15T21:00:00.000Z",
        )
        return msgspec.json.decode(body, type=StaffSnapshot)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.opening.stop()


async def test_waits_until_the_feed_is_at_the_head(bench: Bench) -> None:
    """Else the snapshot would be ahead of the cursor that goes with it."""
    bench.shelf.kept = bench.shelf.record()
    bench.shelf.publish(3)
    bench.opening.ensure(bench.channel)
    await bench.settle()
    bench.feed(*bench.shelf.events[:2])
    await bench.settle()
    assert not bench.channel.is_open
    bench.feed(bench.shelf.events[2])
    await bench.outcome()
    assert bench.channel.is_open
    assert bench.channel.version == 3
    assert bench.sections().sections == bench.shelf.script.snapshot().sections


async def test_waits_for_a_version_that_is_not_published_yet(bench: Bench) -> None:
    bench.shelf.publish(1)
    bench.feed(*bench.shelf.events)
    later = bench.shelf.script.event()
    bench.shelf.asked = bench.shelf.record(published=1)
    bench.opening.ensure(bench.channel)
    await bench.settle()
    assert not bench.channel.is_open
    bench.feed(later)
    await bench.outcome()
    assert (bench.channel.version, bench.channel.ring.floor) == (2, 20)


async def test_waits_for_a_first_version_too(bench: Bench) -> None:
    """After a new epoch began the whole log is published again, from the start."""
    events = [bench.shelf.script.event() for _ in range(3)]
    bench.position.advance(5)
    bench.shelf.asked = bench.shelf.record(seq=0, published=0)
    bench.opening.ensure(bench.channel)
    await bench.settle()
    bench.feed(*events[:2])
    await bench.settle()
    assert not bench.channel.is_open
    bench.feed(events[2])
    await bench.outcome()
    assert (bench.channel.version, bench.channel.ring.floor) == (3, 30)


async def test_what_a_snapshot_on_request_is_ahead_by_is_not_said_to_be_at_hand(
    bench: Bench,
) -> None:
    """It was made at version 5, when 2 was published last; when we look, all is published. Whoever
    comes back from version 2 must get 3 to 5 from the stream, which the ring does not have."""
    bench.shelf.publish(5)
    bench.shelf.asked = bench.shelf.record(published=2)
    bench.shelf.publish(2)
    bench.feed(*bench.shelf.events)
    bench.channel.reset()
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert (bench.channel.version, bench.channel.ring.floor) == (7, 59)
    assert [event.version for event in bench.channel.ring.after(59)] == [6, 7]


async def test_gives_up_on_a_version_that_never_comes(bench: Bench) -> None:
    bench.shelf.publish(1)
    bench.shelf.script.event()
    bench.shelf.asked = bench.shelf.record(published=1)
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.problem is not None
    assert bench.problem.known


@pytest.mark.parametrize("seq", [0, 50], ids=["never seen", "aged out"])
async def test_opens_where_the_stream_has_nothing_of_it(bench: Bench, seq: int) -> None:
    for _ in range(5):
        bench.shelf.script.event()
    bench.shelf.asked = bench.shelf.record(seq=seq)
    bench.position.advance(70)
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.channel.version == 5
    # Older cursors are for the stream itself to judge.
    assert bench.channel.ring.floor == 70


async def test_a_head_of_another_epoch_counts_for_nothing(bench: Bench) -> None:
    bench.shelf.publish(2)
    bench.shelf.head_epoch = "dead"
    bench.shelf.asked = bench.shelf.record()
    bench.position.advance(500)
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert (bench.channel.version, bench.channel.ring.floor) == (2, 500)


@pytest.mark.parametrize("left", [None, "dead"], ids=["nothing there", "another epoch's head"])
async def test_a_stream_made_anew_proves_nothing(bench: Bench, left: str | None) -> None:
    """The feed does not know yet, and may be at a later version than the snapshot."""
    if left is not None:
        bench.shelf.publish(2)
        bench.shelf.head_epoch = left
    bench.shelf.stream_epoch = "dead"
    bench.shelf.asked = bench.shelf.record()
    bench.opening.ensure(bench.channel)
    while bench.shelf.asked_times < 2:
        await asyncio.sleep(0.01)
    assert not bench.channel.is_open


async def test_a_kept_snapshot_that_does_not_fit_is_not_asked_twice(bench: Bench) -> None:
    bench.shelf.kept = bench.shelf.record()
    bench.shelf.publish(4)
    bench.shelf.asked = bench.shelf.record()
    del bench.shelf.events[0]  # aged out since the snapshot was kept
    bench.feed(*bench.shelf.events)
    bench.channel.reset()
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.channel.version == 4
    assert bench.shelf.asked_times == 1


async def test_a_snapshot_of_another_epoch_is_waited_out(bench: Bench) -> None:
    bench.shelf.asked = bench.shelf.record(epoch="other")
    bench.opening.ensure(bench.channel)
    while bench.shelf.asked_times < 2:
        await asyncio.sleep(0.01)
    assert not bench.channel.is_open
    bench.shelf.asked = bench.shelf.record()
    await bench.outcome()
    assert bench.channel.is_open


async def test_no_such_channel(bench: Bench) -> None:
    bench.shelf.asked = SnapshotRefused(CHANNEL.name, 404, "no")
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.problem is not None
    assert not bench.problem.known
    assert bench.channel.state is State.OPENING


async def test_a_reload_waits_for_a_snapshot_that_has_the_layout(bench: Bench) -> None:
    bench.shelf.asked = bench.shelf.record()
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    layout = bench.shelf.script.layout()
    bench.channel.receive(layout)
    bench.position.advance(layout.seq)
    bench.woken.clear()
    bench.channel.waiters.add(bench)
    bench.opening.ensure(bench.channel)
    before = bench.shelf.asked_times
    while bench.shelf.asked_times < before + 2:
        await asyncio.sleep(0.01)
    assert bench.channel.state is State.RELOADING
    bench.shelf.script.truth.sections["sec_new"] = bench.shelf.script.snapshot().sections[0]
    bench.shelf.script.truth.sections["sec_new"].section_id = "sec_new"
    bench.shelf.asked = bench.shelf.record()
    await bench.outcome()
    assert bench.sections().sections[-1].section_id == "sec_new"
    assert bench.sections().layout_version == 2


async def test_one_task_however_often_it_is_asked(bench: Bench) -> None:
    bench.shelf.asked = bench.shelf.record()
    for _ in range(10):
        bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.shelf.asked_times == 1


async def test_a_version_that_was_removed_from_the_stream_opens_all_the_same(bench: Bench) -> None:
    """It will never come, and the next one follows it."""
    bench.shelf.publish(3)
    bench.shelf.asked = bench.shelf.record()
    removed = bench.shelf.events.pop()
    bench.position.advance(removed.seq)
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert (bench.channel.version, bench.channel.ring.floor) == (3, removed.seq)
    bench.feed(bench.shelf.script.event())
    assert bench.channel.version == 4


async def test_a_kept_snapshot_ahead_of_the_stream_is_not_believed_for_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream went back, the bucket did not; its version will never come."""
    monkeypatch.setattr(opening, "PUBLISH_SECONDS", 0.05)
    bench.shelf.publish(2)
    bench.shelf.asked = bench.shelf.record()
    bench.shelf.script.event()
    bench.shelf.kept = bench.shelf.record(seq=10_000)
    bench.feed(*bench.shelf.events)
    bench.channel.reset()
    bench.opening.ensure(bench.channel)
    await bench.outcome()
    assert bench.channel.version == 2
    assert bench.shelf.asked_times == 1
