"""The channel: opens without holes, fences by version, reloads its sections."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from tests.support.live_publisher import CHANNEL
from tests.support.live_truth import Truth

from holdfast.contracts.channels import CustomerKey
from holdfast.contracts.snapshots import StaffSnapshot
from holdfast.contracts.states import Audience
from stream_gateway.channel import Channel, Hole, Receipt, State
from stream_gateway.frames import Event, decode_change
from stream_gateway.picture import Picture
from stream_gateway.position import Position
from stream_gateway.ring import Budget


class Script:
    """The truth of a channel, as events and snapshots at will."""

    def __init__(self, sections: int = 4) -> None:
        self.truth = Truth(CHANNEL, sections)
        self.bodies: list[bytes] = []

    def event(self, section: int = 0) -> Event:
        body = msgspec.json.encode(self.truth.step(f"sec_{section}", 1000 + self.truth.version))
        self.bodies.append(body)
        return Event(10 * self.truth.version, 0, body, change=decode_change(body))

    def layout(self) -> Event:
        self.truth.version += 1
        self.truth.layout_version += 1
        body = (
            f'{{"eventType":"layout.updated","channel":"{CHANNEL.name}",'
            f'"layoutVersion":{self.truth.layout_version},"version":{self.truth.version}}}'
        ).encode()
        return Event(10 * self.truth.version, 0, body, change=decode_change(body))

    def snapshot(self) -> StaffSnapshot:
        at = "2026-02-15T21:00:00.000Z"
        snapshot = StaffSnapshot(
            channel=CHANNEL.name,
            club_id=CHANNEL.club,
            venue_id=CHANNEL.venue,
            date=CHANNEL.date,
            slot_id=CHANNEL.slot,
            epoch="abcd",
            version=self.truth.version,
            cursor=None,
            as_of=self.truth.as_of,
            server_time=at,
            timezone="UTC",
            starts_at=at,
            ends_at=at,
            layout_version=self.truth.layout_version,
            sections=list(self.truth.sections.values()),
        )
        return msgspec.json.decode(msgspec.json.encode(snapshot), type=StaffSnapshot)

    def picture(self) -> Picture:
        return Picture(self.snapshot())


def channel_of(key: CustomerKey | None = None) -> Channel:
    return Channel(key or CHANNEL, ring_bytes=10**6, budget=Budget(10**9), sections=Budget(10**9))


def shown(channel: Channel) -> StaffSnapshot:
    position = Position()
    position.begin("abcd", 0)
    assert channel.picture is not None
    now = "2026-02-15T21:00:00.000Z"
    plain, packed = (
        channel.renditions.body(
            channel.picture, Audience.STAFF, gzip=gzip, position=position, now=now
        )
        for gzip in (False, True)
    )
    assert zlib.decompress(packed, wbits=31) == plain
    return msgspec.json.decode(plain, type=StaffSnapshot)


def same(channel: Channel, script: Script) -> None:
    expected = script.snapshot()
    found = shown(channel)
    assert (found.version, found.layout_version) == (expected.version, expected.layout_version)
    assert found.sections == expected.sections


@pytest.mark.parametrize("snapshot_at", range(6))
def test_opens_with_what_was_put_aside_whatever_the_snapshots_version(snapshot_at: int) -> None:
    script, channel = Script(), channel_of()
    pictures = [script.picture()]
    for number in range(5):
        assert channel.receive(script.event(number % 2)) is Receipt.KEPT
        pictures.append(script.picture())
    channel.install(pictures[snapshot_at], floor=10 * snapshot_at, missing=[])
    same(channel, script)
    assert channel.ring.floor == 10 * snapshot_at
    assert len(channel.ring) == 5 - snapshot_at


def test_missing_events_come_between_the_snapshot_and_what_was_put_aside() -> None:
    script, channel = Script(), channel_of()
    picture = script.picture()
    missing = [script.event(), script.event()]
    channel.receive(script.event())
    channel.install(picture, floor=0, missing=missing)
    same(channel, script)


def test_a_hole_between_them_is_refused() -> None:
    script, channel = Script(), channel_of()
    picture = script.picture()
    script.event()
    channel.receive(script.event())
    with pytest.raises(Hole):
        channel.install(picture, floor=0, missing=[])


def test_fences_by_version() -> None:
    script, channel = Script(), channel_of()
    channel.install(script.picture(), floor=0, missing=[])
    first = script.event()
    assert channel.receive(first) is Receipt.DELIVER
    assert channel.receive(first) is Receipt.STALE
    script.event()
    assert channel.receive(script.event()) is Receipt.HOLE
    assert channel.version == 1


def test_the_picture_follows_every_round_of_a_section() -> None:
    script, channel = Script(), channel_of()
    channel.install(script.picture(), floor=0, missing=[])
    for number in range(40):
        channel.receive(script.event(number % 3))
        same(channel, script)


def test_reloads_its_sections_while_events_go_on() -> None:
    script, channel = Script(), channel_of()
    channel.install(script.picture(), floor=0, missing=[])
    assert channel.receive(script.layout()) is Receipt.DELIVER
    assert channel.state is State.RELOADING
    picture = script.picture()
    for _ in range(3):
        assert channel.receive(script.event(1)) is Receipt.DELIVER
    assert channel.version == 4
    channel.refresh(picture)
    assert channel.is_open
    same(channel, script)
    assert len(channel.ring) == 4


def test_a_section_that_is_unknown_means_a_reload() -> None:
    script, channel = Script(), channel_of()
    channel.install(script.picture(), floor=0, missing=[])
    script.truth.sections["sec_9"] = script.truth.sections["sec_0"]
    assert channel.receive(script.event(9)) is Receipt.DELIVER
    assert channel.state is State.RELOADING
    assert channel.reload_from == 1


def test_a_private_channel_has_no_versions() -> None:
    channel = channel_of(CustomerKey("backroom", "cus_1"))
    channel.receive(Event(3, 0, b"{}"))
    channel.open_private(5)
    assert channel.receive(Event(6, 0, b"{}")) is Receipt.DELIVER
    assert [event.seq for event in channel.ring.after(5)] == [6]
    assert channel.ring.floor == 5


def test_a_reset_channel_gives_its_bytes_back() -> None:
    script = Script()
    budget = Budget(10**9)
    channel = Channel(CHANNEL, ring_bytes=10**6, budget=budget, sections=Budget(10**9))
    channel.install(script.picture(), floor=0, missing=[])
    channel.receive(script.event())
    channel.reset()
    assert budget.used == 0
    assert channel.state is State.OPENING
