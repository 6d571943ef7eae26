"""Feed: the gateway's one view of the stream `LIVE`, in order, without holes, of one history.

    look for the stream ──▶ same history? ──no──▶ begin anew at its end
                                 │ yes                │
                                 ▼                    ▼
                       consume from the last sequence + 1 ──any doubt──▶ look again

Doubt is a gap in the consumer's count, three missed heartbeats, a reconnect, a message of another
epoch, or a leader that does not have what we were given.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from typing import NamedTuple, Protocol

from holdfast.contracts.subjects import HEADER_EPOCH, HEADER_MSG_ID, LIVE_STREAM
from holdfast.runtime.nats import ApiError, Client, NatsError
from stream_gateway.consumer import Delivery, PushConsumer
from stream_gateway.metrics import Metrics
from stream_gateway.source import Source, StreamState

log = logging.getLogger("holdfast.gateway.feed")

PAUSE = 0.25
CRASH_PAUSE = 1.0


class Sink(Protocol):
    """Who gets what the feed brings. Calls are synchronous and in order."""

    def begin(self, epoch: str, seq: int) -> None:
        """From here on it is this history, starting after `seq`."""

    def receive(self, delivery: Delivery) -> None:
        """The next message."""

    def idle(self, seq: int) -> None:
        """There is nothing up to `seq` that was not received."""


class _Anchor(NamedTuple):
    """The last message we know: the stream must have the same one at this sequence, or none."""

    seq: int
    message_id: str
    time_ns: int


class Feed:
    """`run` for ever; `sink` learns of everything once and in order within a history."""

    def __init__(
        self,
        nc: Client,
        source: Source,
        sink: Sink,
        metrics: Metrics,
        *,
        heartbeat: float,
        verify: float,
    ) -> None:
        self._nc = nc
        self._source = source
        self._sink = sink
        self._metrics = metrics
        self._heartbeat = heartbeat
        self._verify = verify
        self._epoch = ""
        self._seq = 0
        self._target = 0
        self._anchor: _Anchor | None = None
        self._foreign: set[str] = set()
        """Epochs that are not the stream's, though messages of them came late."""
        self._suspects: set[str] = set()
        self._consumer: PushConsumer | None = None
        self._attached = False
        self._detached_at = time.monotonic()

    @property
    def caught_up(self) -> bool:
        """Whether it consumes, and has everything that was there when it began to."""
        return self._attached and self._seq >= self._target

    @property
    def detached_for(self) -> float:
        """Seconds since it last could be trusted to hear of everything; 0 while it can."""
        return 0.0 if self._attached else time.monotonic() - self._detached_at

    def doubt(self, reason: str) -> None:
        """Look again from the last sequence, for instance after a reconnect."""
        if self._consumer is not None:
            self._consumer.fail(reason)

    async def run(self) -> None:
        """Follow the stream until cancelled. A failure is logged and followed by a new start: the
        clients keep their streams, and the history is compared before anything is sent."""
        while True:
            try:
                await self._follow()
            except (NatsError, ApiError, TimeoutError, OSError) as error:
                log.info("the feed waits: %s", error or type(error).__name__)
                await asyncio.sleep(PAUSE)
            except Exception:
                log.exception("the feed failed and starts again")
                self._metrics.feed_restarts.labels("crash").inc()
                await asyncio.sleep(CRASH_PAUSE)

    async def _follow(self) -> None:
        """One consumer's life."""
        anchor = self._anchor
        state = await self._source.stream()
        if state is None or state.epoch is None:
            await asyncio.sleep(PAUSE)
            return
        if await self._is_another_history(state, anchor):
            await self._begin(state, state.epoch)
        self._foreign |= self._suspects - {self._epoch}
        self._suspects.clear()
        consumer = self._consumer = PushConsumer(
            self._nc, LIVE_STREAM, self._receive, heartbeat=self._heartbeat, on_idle=self._idle
        )
        try:
            await consumer.start(deliver_policy="by_start_sequence", opt_start_seq=self._seq + 1)
            self._target = state.last_seq
            self._attached = True
            self._metrics.feed_attached.set(1)
            reason = await self._watch(consumer)
            log.info("the feed starts again from %d: %s", self._seq, reason)
            self._metrics.feed_restarts.labels(reason.partition(":")[0]).inc()
        finally:
            self._attached = False
            self._detached_at = time.monotonic()
            self._metrics.feed_attached.set(0)
            self._consumer = None
            await consumer.stop()

    async def _watch(self, consumer: PushConsumer) -> str:
        """Why the consumer ended; compares histories now and then."""
        while True:
            reason = await consumer.ended(within=self._verify)
            if reason is not None:
                return reason
            try:
                # Before the question: what comes while it is on its way is beyond the answer.
                anchor = self._anchor
                state = await self._source.stream()
                if state is None:
                    return "stream gone"
                self._metrics.feed_lag.set(max(0, state.last_seq - self._seq))
                if await self._is_another_history(state, anchor):
                    return "history changed"
            except (NatsError, ApiError, TimeoutError) as error:
                log.info("the history cannot be compared now: %s", error)

    async def _is_another_history(self, state: StreamState, anchor: _Anchor | None) -> bool:
        """Whether the stream, in `state`, is not the one that gave us the message `anchor`."""
        if state.epoch != self._epoch or not self._epoch:
            return True
        if state.last_seq < (anchor.seq if anchor else 0):
            return True
        if anchor is None or anchor.seq < state.first_seq:
            return False
        stored = await self._source.message(anchor.seq)
        if stored is None:
            # Dropped by the cap per subject, which takes messages out of the middle.
            return False
        return (
            stored.headers.get(HEADER_MSG_ID, "") != anchor.message_id
            or nanoseconds(stored.time) != anchor.time_ns
        )

    async def _begin(self, state: StreamState, epoch: str) -> None:
        if self._epoch:
            log.warning("the history changed: epoch %s to %s", self._epoch, epoch)
            self._metrics.histories.inc()
        last = await self._source.message(state.last_seq) if state.last_seq else None
        self._anchor = None
        if last is not None:
            message_id = last.headers.get(HEADER_MSG_ID, "")
            self._anchor = _Anchor(last.seq, message_id, nanoseconds(last.time))
        self._foreign = {self._epoch} - {""}
        self._epoch, self._seq = epoch, state.last_seq
        self._sink.begin(epoch, state.last_seq)

    def _receive(self, delivery: Delivery) -> None:
        epoch = delivery.headers.get(HEADER_EPOCH, self._epoch)
        if epoch == self._epoch:
            self._sink.receive(delivery)
        elif epoch in self._foreign:
            self._sink.idle(delivery.seq)
        else:
            # The relay marks the stream before it publishes: by now its leader knows which it is.
            self._suspects.add(epoch)
            self.doubt(f"another epoch: {epoch}")
            return
        self._seq = delivery.seq
        message_id = delivery.headers.get(HEADER_MSG_ID, "")
        self._anchor = _Anchor(delivery.seq, message_id, delivery.time_ns)

    def _idle(self, seq: int) -> None:
        if seq > self._seq:
            self._seq = seq
            self._sink.idle(seq)


def nanoseconds(text: str) -> int:
    """RFC 3339 with up to nine digits of fraction, as nanoseconds since the Unix epoch."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    seconds = round(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int(rest.ljust(9, "0") or 0)
