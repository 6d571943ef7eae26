"""Stands in for command-api towards a gateway: the streams and buckets, contract messages with
compare-and-set, and `holdfast.v1.snapshot`. Keeps the truth that clients are compared with."""

from __future__ import annotations

import asyncio
import copy
import gzip
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.support.live_truth import Truth

from holdfast.contracts.channels import ChannelKey, CustomerKey, parse_channel
from holdfast.contracts.cursor import new_epoch
from holdfast.contracts.events import AvailabilityUpdated, CustomerUpdated, LayoutUpdated
from holdfast.contracts.ids import timestamp
from holdfast.contracts.rpc import SnapshotRequest
from holdfast.contracts.schedule import slot_window
from holdfast.contracts.snapshots import (
    SnapshotRecord,
    StaffSnapshot,
)
from holdfast.contracts.subjects import (
    BOOKINGS_STREAM,
    BOOKINGS_SUBJECTS,
    EPOCH_METADATA,
    HEADER_EPOCH,
    HEADER_EXPECTED_SUBJECT_SEQ,
    HEADER_MSG_ID,
    LIVE_STREAM,
    LIVE_SUBJECTS,
    SNAPSHOT_SUBJECT,
    SNAPSHOTS_BUCKET,
    VENUES_BUCKET,
    availability_subject,
    customer_subject,
    snapshot_key,
    venue_key,
)
from holdfast.contracts.venues import Slot, VenueRecord
from holdfast.runtime.nats import (
    NOT_FOUND_STREAM,
    ApiError,
    NatsError,
    cancellable,
    connect_nats,
    jetstream_api,
)

CLUB, VENUE, DATE, SLOT = "backroom", "leeds", "2026-02-15", "slot_21_00"
CHANNEL = ChannelKey(CLUB, VENUE, DATE, SLOT)
SECOND = 1_000_000_000
STORE_IN_THE_WAY = 10049


class LivePublisher:
    """Make with `live_publisher`. `delays` (seconds) hold an operation up, for races."""

    def __init__(self, nc: Client) -> None:
        self.nc = nc
        self.epoch = new_epoch()
        self.truths: dict[ChannelKey, Truth] = {}
        self.snapshot_requests = 0
        self.serving = True
        self.snapshot_delay = 0.0
        self._venues: dict[str, VenueRecord] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)

    async def create_streams(self, *, per_subject: int = 100_000) -> None:
        """Everything anew and empty."""
        for name in (LIVE_STREAM, BOOKINGS_STREAM, f"KV_{SNAPSHOTS_BUCKET}", f"KV_{VENUES_BUCKET}"):
            await delete_stream(self.nc, name)
        await self.create_live(per_subject=per_subject)
        await self._create(BOOKINGS_STREAM, BOOKINGS_SUBJECTS)
        for bucket in (SNAPSHOTS_BUCKET, VENUES_BUCKET):
            await self._create(
                f"KV_{bucket}",
                (f"$KV.{bucket}.>",),
                max_msgs_per_subject=1,
                discard="new",
                allow_rollup_hdrs=True,
                deny_delete=True,
            )

    async def create_live(self, *, per_subject: int = 100_000) -> None:
        """`LIVE` of the present epoch; the truths count as unpublished."""
        await self._create(
            LIVE_STREAM,
            LIVE_SUBJECTS,
            max_msgs_per_subject=per_subject,
            allow_atomic=True,
            deny_delete=True,
            deny_purge=True,
            duplicate_window=2 * SECOND,
            metadata={EPOCH_METADATA: self.epoch},
        )
        for truth in self.truths.values():
            truth.seq = 0

    async def mark_epoch(self, epoch: str) -> None:
        """A new epoch in a stream that goes on."""
        info = await jetstream_api(self.nc, f"STREAM.INFO.{LIVE_STREAM}")
        config = info["config"]
        config["metadata"][EPOCH_METADATA] = epoch
        await jetstream_api(self.nc, f"STREAM.UPDATE.{LIVE_STREAM}", config)
        self.epoch = epoch
        for truth in self.truths.values():
            truth.seq = 0

    async def add_venue(
        self,
        club: str = CLUB,
        venue: str = VENUE,
        *,
        slots: tuple[str, ...] = (SLOT,),
        public_read: bool = True,
        days: list[Any] | None = None,
        booking_horizon_days: int | None = None,
    ) -> None:
        """Publish a venue whose slots run from 21:00 to 02:00."""
        record = VenueRecord(
            club_id=club,
            venue_id=venue,
            name=venue.title(),
            timezone="Europe/London",
            public_read=public_read,
            revision=1,
            layout_version=1,
            slots=[Slot(slot_id=slot, start="21:00", end="02:00", days=days) for slot in slots],
            booking_horizon_days=booking_horizon_days,
        )
        self._venues[venue_key(club, venue)] = record
        await self._put(VENUES_BUCKET, venue_key(club, venue), msgspec.json.encode(record))

    def truth(self, key: ChannelKey = CHANNEL, sections: int = 8) -> Truth:
        """The channel's truth, made at the first call."""
        if key not in self.truths:
            self.truths[key] = Truth(key, sections)
        return self.truths[key]

    async def publish(self, key: ChannelKey = CHANNEL, section: int | None = None) -> int:
        """One transition, committed and published; its version."""
        return await self.send(key, self.commit(key, section))

    def commit(self, key: ChannelKey = CHANNEL, section: int | None = None) -> AvailabilityUpdated:
        """One transition, committed and not yet published."""
        truth = self.truth(key)
        number = truth.version if section is None else section
        section_id = f"sec_{number % len(truth.sections)}"
        return truth.step(section_id, 1_771_189_272_123 + truth.version)

    async def change_layout(self, key: ChannelKey = CHANNEL, sections: int = 10) -> LayoutUpdated:
        """Commit another layout of so many sections; not yet published."""
        return self.commit_layout(key, sections)

    def commit_layout(self, key: ChannelKey, sections: int) -> LayoutUpdated:
        """The same, at once."""
        return self.truth(key).redraw(sections)

    async def send(
        self,
        key: ChannelKey,
        body: AvailabilityUpdated | LayoutUpdated,
        *,
        raw: bytes | None = None,
    ) -> int:
        """Publish what was committed, by compare-and-set on the subject; its version."""
        truth = self.truth(key)
        encoded, headers = self.encoded(body)
        data = encoded if raw is None else raw
        headers[HEADER_EXPECTED_SUBJECT_SEQ] = str(truth.seq)
        truth.seq = await self._publish(availability_subject(key), data, headers)
        truth.published = body.version
        return body.version

    def encoded(self, body: AvailabilityUpdated | LayoutUpdated) -> tuple[bytes, dict[str, str]]:
        """Payload and headers of an event, without an expectation."""
        headers = {
            "ce-specversion": "1.0",
            "ce-type": f"holdfast.{body.event_type}.v1",
            HEADER_EPOCH: self.epoch,
            HEADER_MSG_ID: f"{self.epoch}/{body.channel}/{body.version}",
        }
        return msgspec.json.encode(body), headers

    async def notify(self, club: str, customer: str, kind: str = "hold.created") -> int:
        """One private notification; its stream sequence."""
        seq, _ = await self.notify_customer(CustomerKey(club, customer), kind)
        return seq

    async def notify_customer(
        self, key: CustomerKey, kind: str = "hold.created"
    ) -> tuple[int, int]:
        """One private notification; its stream sequence and its revision."""
        number = next(self._numbers)
        body = CustomerUpdated(
            channel=key.name,
            type=kind,
            object_id=f"obj_{number}",
            revision=number,
            occurred_at=timestamp(1_771_189_272_123),
        )
        headers = {HEADER_EPOCH: self.epoch, HEADER_MSG_ID: f"{self.epoch}/{key.name}/@{number}"}
        seq = await self._publish(customer_subject(key), msgspec.json.encode(body), headers)
        return seq, number

    async def keep_snapshot(self, key: ChannelKey = CHANNEL) -> None:
        """Write the channel's snapshot to the bucket, as of what is published."""
        await self._put(SNAPSHOTS_BUCKET, snapshot_key(key), self.packed(key))

    def snapshot(self, key: ChannelKey = CHANNEL) -> StaffSnapshot:
        """The truth as a snapshot."""
        truth = self.truth(key)
        record = self._venues[venue_key(key.club, key.venue)]
        slot = next(slot for slot in record.slots if slot.slot_id == key.slot)
        window = slot_window(slot, key.date, record.timezone)
        assert window is not None
        return StaffSnapshot(
            channel=key.name,
            club_id=key.club,
            venue_id=key.venue,
            date=key.date,
            slot_id=key.slot,
            epoch=self.epoch,
            version=truth.version,
            cursor=None,
            as_of=truth.as_of,
            server_time=truth.as_of,
            timezone=record.timezone,
            starts_at=timestamp(window.starts_at),
            ends_at=timestamp(window.ends_at),
            layout_version=truth.layout_version,
            sections=copy.deepcopy(list(truth.sections.values())),
        )

    def packed(self, key: ChannelKey = CHANNEL) -> bytes:
        """A `SnapshotRecord`, gzip of JSON."""
        truth = self.truth(key)
        record = SnapshotRecord(
            seq=truth.seq,
            published_version=truth.published,
            public_read=self._venues[venue_key(key.club, key.venue)].public_read,
            snapshot=self.snapshot(key),
        )
        return gzip.compress(msgspec.json.encode(record), compresslevel=1)

    async def serve(self, message: Msg) -> None:
        """`holdfast.v1.snapshot`."""
        self.snapshot_requests += 1
        if not self.serving:
            return
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Msg) -> None:
        key = parse_channel(msgspec.json.decode(message.data, type=SnapshotRequest).channel)
        if not isinstance(key, ChannelKey) or not self._has(key):
            headers = {"Nats-Service-Error-Code": "404", "Nats-Service-Error": "unknown"}
            await self.nc.publish(message.reply, b"{}", headers=headers)
            return
        packed = self.packed(key)
        await asyncio.sleep(self.snapshot_delay)
        headers = {"content-encoding": "gzip"}
        await self.nc.publish(message.reply, packed, headers=headers)

    def _has(self, key: ChannelKey) -> bool:
        record = self._venues.get(venue_key(key.club, key.venue))
        return record is not None and any(
            slot.slot_id == key.slot and slot_window(slot, key.date, record.timezone) is not None
            for slot in record.slots
        )

    async def stop(self) -> None:
        """End what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.nc.close()

    async def _publish(self, subject: str, data: bytes, headers: dict[str, str]) -> int:
        reply = await cancellable(self.nc.request(subject, data, timeout=5, headers=headers))
        ack = msgspec.json.decode(reply.data)
        if "error" in ack:
            raise RuntimeError(ack["error"]["description"])
        seq: int = ack["seq"]
        return seq

    async def _put(self, bucket: str, key: str, value: bytes) -> None:
        await self._publish(f"$KV.{bucket}.{key}", value, {})

    async def _create(self, name: str, subjects: tuple[str, ...], **config: Any) -> None:
        full = {
            "name": name,
            "subjects": list(subjects),
            "storage": "file",
            "retention": "limits",
            "num_replicas": 1,
            "allow_direct": True,
            **config,
        }
        async with asyncio.timeout(10):
            while True:
                try:
                    await jetstream_api(self.nc, f"STREAM.CREATE.{name}", full)
                    return
                except ApiError as error:
                    # The server removes the files of a deleted stream only after its answer.
                    if error.err_code != STORE_IN_THE_WAY:
                        raise
                await asyncio.sleep(0.02)


async def delete_stream(nc: Client, name: str) -> None:
    """Delete a stream where there is one."""
    try:
        await jetstream_api(nc, f"STREAM.DELETE.{name}")
    except ApiError as error:
        if error.err_code != NOT_FOUND_STREAM:
            raise


@asynccontextmanager
async def live_publisher(url: str, *, create: bool = True) -> AsyncIterator[LivePublisher]:
    """A publisher on the NATS at `url`, with fresh streams and one venue."""
    nc = await connect_nats(url, "test-publisher")
    publisher = LivePublisher(nc)
    try:
        await nc.subscribe(SNAPSHOT_SUBJECT, cb=publisher.serve)
        if create:
            await publisher.create_streams()
            await publisher.add_venue()
        yield publisher
    finally:
        await publisher.stop()


__all__ = ["CHANNEL", "LivePublisher", "NatsError", "live_publisher"]
