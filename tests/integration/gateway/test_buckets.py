"""What the buckets say is believed only where it fits the stream."""

from __future__ import annotations

import gzip

import msgspec
import pytest
from tests.integration.gateway.conftest import Start, stream_url
from tests.support.live_publisher import CHANNEL, LivePublisher, delete_stream
from tests.support.sse_client import Client, View
from tests.support.until import until

from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.subjects import (
    SNAPSHOTS_BUCKET,
    VENUES_BUCKET,
    availability_subject,
    snapshot_key,
    venue_key,
)
from holdfast.runtime.nats import jetstream_api
from stream_gateway.app import Gateway


async def keep(publisher: LivePublisher, data: bytes) -> None:
    await publisher._put(SNAPSHOTS_BUCKET, snapshot_key(CHANNEL), data)


def record(publisher: LivePublisher) -> SnapshotRecord:
    return msgspec.json.decode(gzip.decompress(publisher.packed()), type=SnapshotRecord)


def packed(kept: SnapshotRecord) -> bytes:
    return gzip.compress(msgspec.json.encode(kept))


@pytest.mark.parametrize("what", ["garbage", "half", "other epoch", "older", "newer", "deleted"])
async def test_a_kept_snapshot_that_does_not_fit(
    start: Start, publisher: LivePublisher, what: str
) -> None:
    for _ in range(3):
        await publisher.publish()
    older = publisher.packed()
    for _ in range(3):
        await publisher.publish()
    kept = record(publisher)
    match what:
        case "garbage":
            await keep(publisher, b"\x1f\x8b no gzip")
        case "half":
            await keep(publisher, publisher.packed()[:-20])
        case "other epoch":
            kept.snapshot.epoch = "deadepoch0"
            await keep(publisher, packed(kept))
        case "older":
            await keep(publisher, older)
        case "newer":
            kept.snapshot.version += 5
            kept.seq += 5
            await keep(publisher, packed(kept))
        case _:
            await delete_stream(publisher.nc, f"KV_{SNAPSHOTS_BUCKET}")
    gateway = await start()
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        await publisher.publish()
        await client.until(lambda: client.last.data.get("version") == 7)
        view = View()
        for event in client.events:
            view.take(event)
        assert view.versions == {CHANNEL.name: 7}
        assert (publisher.snapshot_requests > 0) == (what != "older")


@pytest.mark.parametrize("moved", [False, True], ids=["as it is", "and what came after"])
async def test_the_bucket_alone_is_enough(
    start: Start, publisher: LivePublisher, moved: bool
) -> None:
    for _ in range(3):
        await publisher.publish()
    await publisher.keep_snapshot()
    if moved:
        await publisher.publish()
    publisher.serving = False
    gateway = await start()
    async with Client(stream_url(gateway)) as client:
        (snapshot,) = await client.count(1)
        assert snapshot.data["version"] == (4 if moved else 3)


async def test_with_neither_a_newcomer_is_sent_elsewhere_and_who_was_live_waits(
    start: Start, publisher: LivePublisher
) -> None:
    gateway = await start(open_seconds=0.5)
    async with Client(stream_url(gateway)) as live:
        await live.count(1)
        publisher.serving = False
        # A message that nobody can read: only a snapshot can go on from here.
        headers = publisher.encoded(publisher.commit())[1]
        await publisher.nc.request(availability_subject(CHANNEL), b"rubbish", headers=headers)
        await until(lambda: gateway.metrics.holes._value.get() == 1)
        async with Client(stream_url(gateway)) as newcomer:
            await newcomer.until_ended()
            assert newcomer.status == 200
            assert newcomer.clean_end
            assert newcomer.parser.retry
        assert not live.ended.is_set()
        publisher.serving = True
        await live.until(lambda: live.last.event == "snapshot" and len(live.named()) == 2)
        assert live.last.data["version"] == 1


async def test_a_venues_bucket_made_anew_makes_no_venue_unknown(
    gateway: Gateway, publisher: LivePublisher
) -> None:
    gateway.venues.doubt("test")
    await delete_stream(publisher.nc, f"KV_{VENUES_BUCKET}")
    subjects = (f"$KV.{VENUES_BUCKET}.>",)
    await publisher._create(f"KV_{VENUES_BUCKET}", subjects, max_msgs_per_subject=1)
    await publisher.add_venue(venue="york")
    await until(lambda: gateway.venues.find("backroom", "york") is not None)
    assert gateway.venues.find("backroom", "leeds") is not None
    # But one that is marked as removed is.
    await publisher.nc.request(
        f"$KV.{VENUES_BUCKET}.{venue_key('backroom', 'york')}", b"", headers={"KV-Operation": "DEL"}
    )
    await until(lambda: gateway.venues.find("backroom", "york") is None)
    info = await jetstream_api(publisher.nc, f"STREAM.INFO.KV_{VENUES_BUCKET}")
    assert info["state"]["messages"] == 1
