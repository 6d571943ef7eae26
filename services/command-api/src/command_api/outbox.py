"""Stretches of the log into the streams: availability by compare-and-set, in atomic batches where
there is much, one by one where there is little or a batch was refused.

The stream is the fence: each message says which sequence its subject must have last, so that two
relays, or one that repeats itself after a crash, store every version once and in order. What comes
back refused is compared with the subject's head and adopted where it is our own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

from command_api.envelope import Outgoing, envelope, parse_message_id
from command_api.epochs import Epochs, HistoryDoubt
from command_api.publish import BATCH_MESSAGES, Publisher, Refused, SubjectHead, Unanswered
from command_api.relay_metrics import RelayMetrics
from command_api.store.relay import LogRow, RelayStore, Stretch
from holdfast.contracts.subjects import BOOKINGS_STREAM, LIVE_STREAM, availability_subject

FEW = 8
"""Up to so many messages one by one, at once: an atomic batch costs 2 ms however small it is, a
message of its own 0.3 ms (measured, both synced to disk); from about 10 on the batch is ahead."""
IN_FLIGHT = 64
"""Requests at once; more did not make it faster."""
ATTEMPTS = 5

Parcel = tuple[Stretch, LogRow]


class Outbox:
    """Publishes stretches and advances them in place."""

    def __init__(
        self, store: RelayStore, publisher: Publisher, epochs: Epochs, metrics: RelayMetrics
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._epochs = epochs
        self._metrics = metrics
        self._slots = asyncio.Semaphore(IN_FLIGHT)

    async def publish(self, stretches: Sequence[Stretch]) -> BaseException | None:
        """Publish all rows; stretches go as far as acknowledged. Answers what stopped the others,
        doubt about history before all else, or None."""
        live: list[Parcel] = []
        notices: list[Parcel] = []
        for stretch in stretches:
            if stretch.seq < self._epochs.first_seq:
                stretch.expected = 0  # aged out: our last message of this subject is gone
            for row in stretch.rows:
                if row.kind == "notice":
                    notices.append((stretch, row))
                elif row.version is None or row.version > stretch.version:
                    live.append((stretch, row))
        failure = await _all([self._live(live), self._unversioned(BOOKINGS_STREAM, notices)])
        for stretch in stretches:
            stretch.advance()
        return failure

    async def _live(self, parcels: list[Parcel]) -> None:
        if FEW < len(parcels) <= BATCH_MESSAGES and await self._live_batch(parcels):
            return
        channels = {stretch.key: stretch for stretch, row in parcels if row.version is not None}
        personal = [(stretch, row) for stretch, row in parcels if row.version is None]
        _raise(
            await _all(
                [
                    *(self._channel(stretch) for stretch in channels.values()),
                    *(self._single(LIVE_STREAM, parcel) for parcel in personal),
                ]
            )
        )

    async def _live_batch(self, parcels: list[Parcel]) -> bool:
        """Everything at once; False where the stream refused it, which does not say whose fault."""
        messages: list[Outgoing] = []
        begun: set[int] = set()
        for stretch, row in parcels:
            # Within a batch only the first message of a subject may carry an expectation.
            first = row.version is not None and id(stretch) not in begun
            if first:
                begun.add(id(stretch))
            expected = stretch.expected if first else None
            messages.append(envelope(stretch.key, row, self._epochs.current, expected))
        first_seq = await self._batch(LIVE_STREAM, messages)
        if first_seq is None:
            return False
        for seq, (stretch, row) in enumerate(parcels, first_seq):
            _acknowledge(stretch, row, seq)
        return True

    async def _unversioned(self, stream: str, parcels: list[Parcel]) -> None:
        """Rows without a compare-and-set: at least once."""
        for start in range(0, len(parcels), BATCH_MESSAGES):
            part = parcels[start : start + BATCH_MESSAGES]
            if len(part) > FEW:
                messages = [
                    envelope(stretch.key, row, self._epochs.current) for stretch, row in part
                ]
                if await self._batch(stream, messages) is not None:
                    for stretch, row in part:
                        stretch.sent.add(row.position)
                    continue
            _raise(await _all([self._single(stream, parcel) for parcel in part]))

    async def _batch(self, stream: str, messages: list[Outgoing]) -> int | None:
        """The first message's sequence; None where the stream refused the batch."""
        floor = self._epochs.floor
        try:
            ack = await self._publisher.batch(messages)
        except Refused as refusal:
            self._metrics.retries.labels(f"batch_{refusal.err_code}").inc()
            return None
        first = ack.seq - len(messages) + 1
        if stream == LIVE_STREAM:
            self._epochs.acknowledged(first, ack.seq, floor)
        self._metrics.batch.observe(len(messages))
        self._metrics.published.labels(stream).inc(len(messages))
        return first

    async def _single(self, stream: str, parcel: Parcel) -> None:
        stretch, row = parcel
        async with self._slots:
            await self._publisher.one(envelope(stretch.key, row, self._epochs.current))
        stretch.sent.add(row.position)
        self._metrics.published.labels(stream).inc()

    async def _channel(self, stretch: Stretch) -> None:
        """One channel's versions, serially, each with its expectation."""
        async with self._slots:
            for row in stretch.versions():
                await self._version(stretch, row)

    async def _version(self, stretch: Stretch, row: LogRow) -> None:
        for _ in range(ATTEMPTS):
            if row.version is None or row.version <= stretch.version:
                return  # adopted, maybe with later ones
            message = envelope(stretch.key, row, self._epochs.current, stretch.expected)
            floor = self._epochs.floor
            try:
                ack = await self._publisher.one(message)
            except Refused as refusal:
                self._metrics.retries.labels(f"refused_{refusal.err_code}").inc()
            else:
                # R1 answers a repetition by 10071, R3 may answer `duplicate` instead.
                if not ack.duplicate:
                    self._epochs.acknowledged(ack.seq, ack.seq, floor)
                    self._metrics.published.labels(LIVE_STREAM).inc()
                    _acknowledge(stretch, row, ack.seq)
                    return
            await self._compare(stretch)
        raise Unanswered(f"{stretch.key.name}: version {row.version} is contended")

    async def _compare(self, stretch: Stretch) -> None:
        """Look what the stream has last on the channel's subject: adopt our own, expect it, or
        raise HistoryDoubt."""
        head = await self._publisher.subject_head(LIVE_STREAM, availability_subject(stretch.key))
        name = stretch.key.name
        if head is None:
            if not await self._epochs.aged_out(stretch.expected):
                raise HistoryDoubt(f"{name}: sequence {stretch.expected} is gone")
            stretch.expected = 0
            return
        parsed = parse_message_id(head.message_id)
        if parsed is None or parsed[:2] != (self._epochs.current, name):
            if stretch.seq:
                raise HistoryDoubt(f"{name}: {head.message_id!r} stands behind our own")
            stretch.expected = head.seq  # what an earlier epoch left
            return
        version = parsed[2]
        if version == stretch.version and head.seq == stretch.seq:
            stretch.expected = head.seq
        elif version > stretch.version and await self._is_ours(stretch, version, head):
            self._metrics.retries.labels("adopted").inc()
            stretch.version, stretch.seq, stretch.expected = version, head.seq, head.seq
        else:
            raise HistoryDoubt(f"{name}: version {version} at {head.seq} is not as published")

    async def _is_ours(self, stretch: Stretch, version: int, head: SubjectHead) -> bool:
        """Whether the log says the same of that version; it does not after a restore of either."""
        for row in stretch.rows:
            if row.version == version:
                return row.body == head.body
        _, body = await self._store.version(stretch.key, version)
        return body == head.body


def _acknowledge(stretch: Stretch, row: LogRow, seq: int) -> None:
    if row.version is None:
        stretch.sent.add(row.position)
    else:
        stretch.version, stretch.seq, stretch.expected = row.version, seq, seq


async def _all(work: Iterable[Awaitable[None]]) -> BaseException | None:
    """Run everything to its end; answers the failure that matters most."""
    results = await asyncio.gather(*work, return_exceptions=True)
    failures = [result for result in results if result is not None]
    return min(failures, key=lambda failure: not isinstance(failure, HistoryDoubt), default=None)


def _raise(failure: BaseException | None) -> None:
    if failure is not None:
        raise failure
