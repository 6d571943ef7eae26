"""A LivePublisher whose streams an operator may spoil, and who goes on publishing all the same."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from tests.support.live_publisher import CLUB, DATE, SLOT, VENUE, LivePublisher, delete_stream
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.cursor import new_epoch
from holdfast.contracts.events import CustomerUpdated
from holdfast.contracts.subjects import (
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
)
from holdfast.runtime.nats import (
    NOT_FOUND_MESSAGE,
    ApiError,
    Client,
    NatsError,
    cancellable,
    connect_nats,
    jetstream_api,
)

KEYS = (ChannelKey(CLUB, VENUE, DATE, SLOT), ChannelKey(CLUB, VENUE, DATE, "late"))
CUSTOMER = CustomerKey(CLUB, "cus_1")
SECOND = 1_000_000_000


class FaultyPublisher(LivePublisher):
    """Sends until it is acknowledged, as the relay does; `told` are the revisions of all private
    notifications in their order."""

    per_subject = 100_000

    def __init__(self, nc: Client) -> None:
        super().__init__(nc)
        self.told: list[int] = []
        self.gone: set[int] = set()
        """Private notifications that were deleted from the stream."""
        self._turn = asyncio.Lock()

    async def create_live(self, *, per_subject: int | None = None) -> None:
        """Without protection against deletes and purges."""
        await self._create(
            LIVE_STREAM,
            LIVE_SUBJECTS,
            max_msgs_per_subject=per_subject or self.per_subject,
            duplicate_window=2 * SECOND,
            metadata={EPOCH_METADATA: self.epoch},
        )
        for truth in self.truths.values():
            truth.seq = 0

    async def build(self) -> None:
        """All streams and the venue, anew and empty."""
        await self.create_streams(per_subject=self.per_subject)
        await self.add_venue(slots=tuple(key.slot for key in KEYS))

    async def build_buckets(self) -> None:
        """The buckets alone, which were deleted; the venue comes a moment later."""
        for bucket in (SNAPSHOTS_BUCKET, VENUES_BUCKET):
            await self._create(
                f"KV_{bucket}", (f"$KV.{bucket}.>",), max_msgs_per_subject=1, discard="new"
            )
        await asyncio.sleep(0.3)
        await self.add_venue(slots=tuple(key.slot for key in KEYS))

    async def begin_anew(self) -> None:
        """As the relay does where the stream is gone: a new epoch."""
        self.epoch = new_epoch()
        await delete_stream(self.nc, LIVE_STREAM)
        await self.create_live()

    async def insist(self, key: ChannelKey) -> int:
        """One transition, sent until it is acknowledged; its version."""
        async with self._turn:
            body = self.commit(key)
            truth = self.truth(key)

            def message() -> tuple[bytes, dict[str, str]]:
                return self.encoded(body)

            truth.seq = await self._insist(availability_subject(key), message, truth.seq)
            truth.published = body.version
            return body.version

    async def send_late(self) -> None:
        """A message of an epoch that is over, by a relay that lost its lease."""
        async with self._turn:
            epoch, self.epoch = self.epoch, "deadepoch0"
            key = KEYS[0]._replace(venue="york")
            body = self.commit(key)
            self.truths.pop(key)
            message = self.encoded(body)
            self.epoch = epoch
            await self._insist(availability_subject(key), lambda: message, None)

    async def tell(self) -> None:
        """One private notification, sent until it is acknowledged."""
        async with self._turn:
            await self._tell()

    async def _tell(self) -> None:
        number = len(self.told) + 1
        body = CustomerUpdated(
            channel=CUSTOMER.name,
            type="hold.created",
            object_id=f"obj_{number}",
            revision=number,
            occurred_at="2026-02-15T21:00:00.000Z",
        )

        def message() -> tuple[bytes, dict[str, str]]:
            id_ = f"{self.epoch}/{CUSTOMER.name}/@{number}"
            return msgspec.json.encode(body), {HEADER_EPOCH: self.epoch, HEADER_MSG_ID: id_}

        await self._insist(customer_subject(CUSTOMER), message, None)
        self.told.append(number)

    async def some(self, number: int = 3) -> None:
        """So many rounds: each channel moves, and the customer is told."""
        for _ in range(number):
            for key in KEYS:
                await self.insist(key)
            await self.tell()

    async def delete(self, seq: int) -> None:
        """Take one message out of the stream."""
        reply = await jetstream_api(self.nc, f"STREAM.MSG.GET.{LIVE_STREAM}", {"seq": seq})
        if reply["message"]["subject"] == customer_subject(CUSTOMER):
            body = base64.b64decode(reply["message"]["data"])
            self.gone.add(msgspec.json.decode(body, type=CustomerUpdated).revision)
        await jetstream_api(self.nc, f"STREAM.MSG.DELETE.{LIVE_STREAM}", {"seq": seq})

    async def storm(self, stop: asyncio.Event, chance: random.Random) -> None:
        """Publish until stopped."""
        while not stop.is_set():
            if chance.random() < 0.2:
                await self.tell()
            else:
                await self.insist(chance.choice(KEYS))
            await asyncio.sleep(chance.choice((0, 0, 0.002, 0.01)))

    async def _insist(self, subject: str, message: Any, expected: int | None) -> int:
        async with asyncio.timeout(60):
            while True:
                data, headers = message()
                if expected is not None:
                    headers[HEADER_EXPECTED_SUBJECT_SEQ] = str(expected)
                try:
                    reply = await cancellable(
                        self.nc.request(subject, data, timeout=1, headers=headers)
                    )
                    ack = msgspec.json.decode(reply.data)
                    if "error" not in ack:
                        seq: int = ack["seq"]
                        return seq
                    found, head = await self._head(subject)
                except (NatsError, ApiError, TimeoutError):
                    await asyncio.sleep(0.02)
                    continue
                if head == headers[HEADER_MSG_ID]:
                    return found
                expected = None if expected is None else found

    async def _head(self, subject: str) -> tuple[int, str]:
        """Sequence and message id of the last message of a subject."""
        try:
            reply = await jetstream_api(
                self.nc, f"STREAM.MSG.GET.{LIVE_STREAM}", {"last_by_subj": subject}, timeout=1
            )
        except ApiError as error:
            if error.err_code == NOT_FOUND_MESSAGE:
                return 0, ""
            raise
        message = reply["message"]
        raw = msgspec.json.decode(f'"{message["hdrs"]}"', type=bytes).decode()
        lines = dict(line.split(": ", 1) for line in raw.split("\r\n") if ": " in line)
        return message["seq"], lines[HEADER_MSG_ID]


@asynccontextmanager
async def faulty_publisher(url: str) -> AsyncIterator[FaultyPublisher]:
    """On the NATS at `url`, with fresh streams and a venue of two slots."""
    nc = await connect_nats(url, "test-publisher")
    publisher = FaultyPublisher(nc)
    try:
        await nc.subscribe(SNAPSHOT_SUBJECT, cb=publisher.serve)
        await publisher.build()
        await until(lambda: nc.is_connected)
        yield publisher
    finally:
        await publisher.stop()
