"""Feed: the gateway's one view of the stream `LIVE`, in order, without holes, of one history.

    look for the stream ──▶ same history? ──no──▶ begin anew at its end
                                 │ yes                │
                                 ▼                    ▼
              consume from the last message that we had ──any doubt──▶ look again

The last message that we had, the anchor, must come first and be the same: so the very consumer that
brings what follows proves that it follows. (A consumer that starts beyond the end of a stream that
went back is silent until the stream gets there, and its heartbeats look well.)

Doubt is a gap in the consumer's count, three missed heartbeats, a reconnect, a message of another
epoch, or a leader that does not have what we were given. A gap in the stream's own sequence is no
doubt: what stood there was removed before we saw it, nobody can say which channel it was of, and
so the history begins anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from holdfast.contracts.subjects import HEADER_EPOCH, LIVE_STREAM
from holdfast.runtime.nats import ApiError, Client, NatsError
from stream_gateway.anchor import Anchor
from stream_gateway.certainty import Certainty
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
        self._certainty = Certainty(heartbeat=heartbeat, verify=verify)
        self._epoch = ""
        self._seq = 0
        self._anchor: Anchor | None = None
        self._proven = False
        """Whether the present consumer goes on where the last one ended."""
        self._lost = ""
        """Why what the sink knows is worth nothing, until the history begins anew."""
        self._foreign: set[str] = set()
        """Epochs that are not the stream's, though messages of them came late."""
        self._suspects: set[str] = set()
        self._consumer: PushConsumer | None = None

    @property
    def caught_up(self) -> bool:
        """Whether it has everything the stream holds, as far as can be known."""
        return self._certainty.is_ready

    @property
    def detached_for(self) -> float:
        """Seconds since it last had everything for certain; 0 while it does."""
        return self._certainty.doubtful_for

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
        asked = time.monotonic()
        state = await self._source.stream()
        if state is None or state.epoch is None:
            await asyncio.sleep(PAUSE)
            return
        if self._lost or not await self._goes_on(state):
            await self._begin(state, state.epoch)
        self._foreign |= self._suspects - {self._epoch}
        self._suspects.clear()
        self._certainty.answered(asked, state.last_seq)
        consumer = self._consumer = PushConsumer(
            self._nc, LIVE_STREAM, self._receive, heartbeat=self._heartbeat, on_idle=self._idle
        )
        anchor = self._anchor
        self._proven = False
        try:
            first = self._seq + 1 if anchor is None else anchor.seq
            if anchor is None:
                self._attach()
            await consumer.start(deliver_policy="by_start_sequence", opt_start_seq=first)
            reason = await self._watch(consumer)
            log.info("the feed starts again from %d: %s", self._seq, reason)
            self._metrics.feed_restarts.labels(reason.partition(":")[0]).inc()
        finally:
            self._consumer = None
            self._certainty.detach()
            self._metrics.feed_attached.set(0)
            await consumer.stop()

    def _attach(self) -> None:
        self._proven = True
        self._certainty.attach(self._seq)
        self._metrics.feed_attached.set(1)

    async def _watch(self, consumer: PushConsumer) -> str:
        """Why the consumer ended; compares histories now and then."""
        stuck_at = None
        while True:
            reason = await consumer.ended(within=self._verify)
            if reason is not None:
                return reason
            try:
                # Before the question: what comes while it is on its way is beyond the answer.
                asked, anchor = time.monotonic(), self._anchor
                state = await self._source.stream()
                if state is None:
                    return "stream gone"
                if await self._is_another_history(state, anchor):
                    self._lost = "history changed"
                    return self._lost
            except (NatsError, ApiError, TimeoutError) as error:
                log.info("the history cannot be compared now: %s", error or type(error).__name__)
                continue
            self._certainty.answered(asked, state.last_seq)
            lag = max(0, state.last_seq - self._seq)
            self._metrics.feed_lag.set(lag)
            if lag and stuck_at == self._seq:
                return "stuck"
            stuck_at = self._seq if lag else None

    async def _goes_on(self, state: StreamState) -> bool:
        """Whether the stream, in `state`, is certainly the one that gave us what we have. Where
        our last message has aged out nobody can tell."""
        anchor = self._anchor
        if anchor is None:
            return state.epoch == self._epoch and self._seq == 0
        if state.last_seq < self._seq or await self._is_another_history(state, anchor):
            return False
        return await self._source.message(anchor.seq) is not None

    async def _is_another_history(self, state: StreamState, anchor: Anchor | None) -> bool:
        """Whether the stream, in `state`, is certainly not the one that gave us `anchor`."""
        if state.epoch != self._epoch or not self._epoch:
            return True
        if anchor is None:
            return False
        if state.last_seq < anchor.seq:
            return True
        stored = await self._source.message(anchor.seq)
        if stored is None:
            # Aged out, or dropped by the cap per subject, which takes messages out of the middle.
            return False
        return Anchor.of_stored(stored) != anchor

    async def _begin(self, state: StreamState, epoch: str) -> None:
        if self._epoch:
            reason = self._lost or "another stream"
            log.warning("the history begins anew (%s): %s, %s", reason, self._epoch, epoch)
            self._metrics.histories.inc()
        last = await self._source.message(state.last_seq) if state.last_seq else None
        self._anchor = None if last is None else Anchor.of_stored(last)
        self._foreign = {self._epoch} - {"", epoch}
        self._epoch, self._seq, self._lost = epoch, state.last_seq, ""
        self._sink.begin(epoch, state.last_seq)

    def _receive(self, delivery: Delivery) -> None:
        anchor = Anchor.of_delivery(delivery)
        if not self._proven:
            if anchor == self._anchor:
                self._attach()
            else:
                self.doubt("another message: it is not the one that we had")
            return
        if delivery.seq != self._seq + 1:
            self._lose(f"removed: {self._seq} is followed by {delivery.seq}")
            return
        epoch = delivery.headers.get(HEADER_EPOCH, self._epoch)
        if epoch == self._epoch:
            self._pass_on(delivery)
        elif epoch in self._foreign:
            self._sink.idle(delivery.seq)
        else:
            # The relay marks the stream before it publishes: by now its leader knows which it is.
            self._suspects.add(epoch)
            self.doubt(f"another epoch: {epoch}")
            return
        self._seq = delivery.seq
        self._anchor = anchor
        self._certainty.heard(delivery.seq)

    def _pass_on(self, delivery: Delivery) -> None:
        try:
            self._sink.receive(delivery)
        except Exception:
            # Nobody knows who has it and who has not, nor whether it would fail for ever.
            self._lost = f"message {delivery.seq} cannot be handled"
            raise

    def _idle(self, seq: int) -> None:
        if not self._proven:
            self.doubt("unproven: the message that we had does not come")
        elif seq > self._seq:
            self._lose(f"removed: {self._seq} is followed by nothing up to {seq}")
        elif seq < self._seq:
            self.doubt(f"went back: to {seq} from {self._seq}")
        else:
            self._certainty.heard(seq)

    def _lose(self, reason: str) -> None:
        self._lost = reason
        self.doubt(reason)
