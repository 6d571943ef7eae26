"""Entries of the snapshots bucket: always what the events up to their version make, upwards only."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.support.commands import CHANNEL, block, confirm, hold, plain_venue, release
from tests.support.jetstream import Stored, following, stored
from tests.support.relay import drained, running
from tests.support.until import until

from command_api.clock import DatabaseClock
from command_api.domain.evolve import evolve
from command_api.domain.model import ChannelState, Venue
from command_api.domain.views.snapshot import staff_snapshot
from command_api.entries import decode_entry
from command_api.job import Reply
from command_api.relay import Relay
from command_api.relay_metrics import RelayMetrics
from command_api.snapshots import Snapshots
from command_api.store.reads import Reads
from command_api.store.venues import put_venue
from command_api.streams import StreamSettings, ensure_streams
from command_api.writer import Writer
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.subjects import channel_of_subject
from holdfast.contracts.venues import ClubDefinition
from holdfast.runtime.nats import jetstream_api

if TYPE_CHECKING:
    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client

SECTIONS = 12
KEYS = [
    ChannelKey("backroom", "leeds", f"2027-03-{day:02}", slot)
    for day in range(1, 6)
    for slot in ("slot_21_00", "slot_23_00")
]


class World:
    """A writer that wakes the relay, and the venue in its revisions."""

    writer: Writer

    def __init__(self, pool: Pool, venue: Venue) -> None:
        self.pool = pool
        self.venues = {venue.layout_version: venue}
        self.wake: Callable[[Iterable[ChannelKey]], None] = lambda _: None
        self.chance = random.Random(3)

    def committed(self, keys: Iterable[ChannelKey]) -> None:
        self.wake(keys)

    async def churn(self, key: ChannelKey, steps: int) -> None:
        """Random commands on one channel, one after the other."""
        held: list[str] = []
        for _ in range(steps):
            section = f"t{self.chance.randrange(SECTIONS)}"
            kind = self.chance.random()
            if held and kind < 0.3:
                command = release(held.pop(), channel=key)
            elif held and kind < 0.4:
                command = confirm(held.pop(), channel=key)
            elif kind < 0.45:
                command = block(section, channel=key)
            else:
                command = hold(section, channel=key, by=f"cus_{self.chance.randrange(9)}")
            outcome = await self.writer.submit(command)
            if isinstance(outcome, Reply) and b'"holdId"' in outcome.body and kind >= 0.45:
                held.append(msgspec.json.decode(outcome.body)["holdId"])

    async def add_section(self) -> list[ChannelKey]:
        """A new revision of the venue, with one table more; answers the channels it moved."""
        latest = max(self.venues.values(), key=lambda venue: venue.revision)
        definition = plain_venue(len(latest.units) + 1)
        done = await put_venue(self.pool, "backroom", "leeds", definition, latest.revision)
        self.venues[done.venue.layout_version] = done.venue
        return done.changed


@pytest.fixture
async def world(fresh_database: str, pool: Pool, writer_pool: Pool) -> AsyncIterator[World]:
    await Reads(writer_pool, pool).put_club("backroom", ClubDefinition(name="Backroom"))
    done = await put_venue(writer_pool, "backroom", "leeds", plain_venue(SECTIONS), None)
    world = World(writer_pool, done.venue)
    writer = Writer(fresh_database, writer_pool, DatabaseClock(), on_commit=world.committed)
    world.writer = writer
    await writer.start()
    yield world
    await writer.stop()


@pytest.fixture
async def entries(nc: Client) -> AsyncIterator[list[Stored]]:
    """Every entry of the bucket, as it is written."""
    await ensure_streams(nc, StreamSettings())
    async with following(nc, "KV_SNAPSHOTS") as found:
        yield found


def decode(entry: Stored) -> SnapshotRecord:
    return decode_entry(entry.body)


def by_channel(entries: list[Stored]) -> dict[str, list[tuple[Stored, SnapshotRecord]]]:
    found = defaultdict(list)
    for entry in entries:
        record = decode(entry)
        found[record.snapshot.channel].append((entry, record))
    return found


async def check(nc: Client, world: World, entries: list[Stored], epoch: str) -> None:
    """Each entry of the epoch is what replaying the stream gives at its version, with the sequence
    of that version's message; the last one of each channel is at its last version."""
    expected: dict[str, dict[int, tuple[int, bytes]]] = defaultdict(dict)
    states: dict[str, tuple[ChannelState, Venue]] = {}
    for message in await stored(nc, "LIVE"):
        key = channel_of_subject(message.subject)
        if not isinstance(key, ChannelKey):
            continue
        state, venue = states.get(key.name, (ChannelState(key), world.venues[1]))
        if b'"layout.updated"' in message.body:
            state.version += 1
            venue = world.venues[msgspec.json.decode(message.body)["layoutVersion"]]
        else:
            evolve(state, msgspec.json.decode(message.body, type=AvailabilityUpdated))
        states[key.name] = state, venue
        expected[key.name][state.version] = message.seq, sections(state, venue)
    seen = by_channel([entry for entry in entries if decode(entry).snapshot.epoch == epoch])
    assert seen.keys() == expected.keys()
    for channel, records in seen.items():
        for _, record in records:
            snapshot = record.snapshot
            assert (record.seq, msgspec.json.encode(snapshot.sections)) == expected[channel][
                snapshot.version
            ]
            assert snapshot.cursor == f"{epoch}-{record.seq}"
            assert record.is_published
        versions = [record.snapshot.version for _, record in records]
        assert versions == sorted(set(versions)), "upwards only"
        assert versions[-1] == states[channel][0].version
        assert records[-1][1].snapshot.layout_version == states[channel][1].layout_version


def sections(state: ChannelState, venue: Venue) -> bytes:
    snapshot = staff_snapshot(venue, state, epoch="", cursor=None, server_time="")
    return msgspec.json.encode(snapshot.sections)


async def settled(pool: Pool, entries: list[Stored], epoch: str) -> None:
    """Everything is published, and the last entries are written."""
    await drained(pool)
    rows = await pool.fetch("select slot, date, version from holdfast.heads where kind = 'channel'")
    wanted = {(row["slot"], row["date"].isoformat(), row["version"]) for row in rows}

    def missing() -> set[tuple[str, str, int]]:
        records = [decode(entry).snapshot for entry in entries]
        return wanted - {(r.slot_id, r.date, r.version) for r in records if r.epoch == epoch}

    try:
        await until(lambda: not missing())
    except TimeoutError:
        pytest.fail(f"no entries of {missing()}, {len(entries)} in all")


@pytest.mark.parametrize("max_claims", [200_000, 15], ids=["all in memory", "views thrown out"])
async def test_entries_equal_the_replay_of_the_events(
    pool: Pool, nc: Client, world: World, entries: list[Stored], max_claims: int
) -> None:
    metrics = RelayMetrics()
    snapshots = Snapshots(pool, nc, metrics=metrics, max_claims=max_claims)
    relay = Relay(pool, nc, followers=[snapshots], metrics=metrics)
    async with running(snapshots), running(relay):
        world.wake = relay.wake
        await asyncio.gather(*(world.churn(key, 150) for key in KEYS))
        await settled(pool, entries, relay.epoch)

    await check(nc, world, entries, relay.epoch)
    for records in by_channel(entries).values():
        times = [entry.at for entry, _ in records]
        assert all(b - a > 0.9 for a, b in itertools.pairwise(times)), "once a second"


async def test_a_new_layout_in_between(
    pool: Pool, nc: Client, world: World, entries: list[Stored]
) -> None:
    snapshots = Snapshots(pool, nc)
    relay = Relay(pool, nc, followers=[snapshots])
    async with running(snapshots), running(relay):
        world.wake = relay.wake
        await asyncio.gather(*(world.churn(key, 20) for key in KEYS))

        async def change() -> None:
            for _ in range(3):
                relay.wake(await world.add_section())

        await asyncio.gather(change(), *(world.churn(key, 80) for key in KEYS))
        await settled(pool, entries, relay.epoch)

    await check(nc, world, entries, relay.epoch)


async def test_two_leaders_for_a_moment(
    pool: Pool, nc: Client, world: World, entries: list[Stored]
) -> None:
    both = [Snapshots(pool, nc), Snapshots(pool, nc)]
    relays = [Relay(pool, nc, followers=[snapshots]) for snapshots in both]

    def wake(keys: Iterable[ChannelKey]) -> None:
        for relay in relays:
            relay.wake(keys)

    async with running(both[0]), running(both[1]), running(relays[0]), running(relays[1]):
        world.wake = wake
        await asyncio.gather(*(world.churn(key, 100) for key in KEYS))
        await settled(pool, entries, relays[0].epoch)

    await check(nc, world, entries, relays[0].epoch)


async def test_a_new_epoch_makes_new_entries(
    pool: Pool, nc: Client, world: World, entries: list[Stored]
) -> None:
    snapshots = Snapshots(pool, nc)
    relay = Relay(pool, nc, followers=[snapshots])
    async with running(snapshots), running(relay):
        world.wake = relay.wake
        await asyncio.gather(*(world.churn(key, 20) for key in KEYS))
        await settled(pool, entries, relay.epoch)
        before = relay.epoch
        await jetstream_api(nc, "STREAM.DELETE.LIVE")
        await until(lambda: relay.epoch != before)
        await asyncio.gather(*(world.churn(key, 20) for key in KEYS))
        await settled(pool, entries, relay.epoch)

    await check(nc, world, entries, relay.epoch)


async def test_the_next_leader_writes_what_the_last_one_left(
    pool: Pool, nc: Client, world: World, entries: list[Stored]
) -> None:
    relay = Relay(pool, nc)
    async with running(relay):
        world.wake = relay.wake
        await world.churn(CHANNEL, 10)
        await drained(pool)
    async with running(Snapshots(pool, nc)):
        await settled(pool, entries, relay.epoch)
    await check(nc, world, entries, relay.epoch)
