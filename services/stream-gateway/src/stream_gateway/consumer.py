"""A plain JetStream push consumer that knows when it has missed something.

nats-py's ordered consumer counts messages as they arrive and then drops them when its queue is
full: a silent hole. Here they are counted where they are handled, and any doubt ends the consumer;
whoever owns it makes another from where this one stopped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from holdfast.runtime.nats import ApiError, Client, NatsError, cancellable, jetstream_api

log = logging.getLogger("holdfast.gateway.consumer")

MISSED_HEARTBEATS = 3
GRACE = 0.05
START_SECONDS = 2.0
"""For the server's answer; one that a reconnect has lost never comes."""
NANOSECONDS = 1_000_000_000


class Delivery(NamedTuple):
    """One message with its place in the stream; `time_ns` is when the stream stored it."""

    subject: str
    seq: int
    time_ns: int
    pending: int
    headers: dict[str, str]
    data: bytes


class PushConsumer:
    """One ephemeral consumer without acknowledgements. `handle` is called in stream order."""

    def __init__(
        self,
        nc: Client,
        stream: str,
        handle: Callable[[Delivery], None],
        *,
        heartbeat: float = 1.0,
        on_idle: Callable[[int], None] | None = None,
    ) -> None:
        self._nc = nc
        self._stream = stream
        self._handle = handle
        self._on_idle = on_idle
        self._heartbeat = heartbeat
        self._heard = 0.0
        self._count = 0
        self._name = ""
        self._subscription: Subscription | None = None
        self._trouble: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, **config: Any) -> int:
        """Subscribe and create it; the number of messages that wait for it already."""
        inbox = self._nc.new_inbox()
        self._subscription = await cancellable(self._nc.subscribe(inbox, cb=self._receive))
        self._heard = time.monotonic()
        reply = await jetstream_api(
            self._nc,
            f"CONSUMER.CREATE.{self._stream}",
            {
                "stream_name": self._stream,
                "config": {
                    "deliver_subject": inbox,
                    "ack_policy": "none",
                    "replay_policy": "instant",
                    "max_deliver": 1,
                    "flow_control": True,
                    "idle_heartbeat": int(self._heartbeat * NANOSECONDS),
                    "inactive_threshold": 30 * NANOSECONDS,
                    "mem_storage": True,
                    "num_replicas": 1,
                    **config,
                },
            },
            timeout=START_SECONDS,
        )
        self._name = reply["name"]
        # num_pending is counted after the first messages have left for us.
        return int(reply.get("num_pending", 0)) + int(reply["delivered"]["consumer_seq"])

    async def ended(self, *, within: float | None = None) -> str | None:
        """Why the consumer cannot be trusted any more; None when `within` seconds have passed."""
        deadline = None if within is None else time.monotonic() + within
        while True:
            silence = self._heard + MISSED_HEARTBEATS * self._heartbeat - time.monotonic()
            if silence <= 0 and not await self._was_only_slow():
                return "no heartbeat"
            rest = silence if deadline is None else min(silence, deadline - time.monotonic())
            done, _ = await asyncio.wait((self._trouble,), timeout=max(rest, 0))
            if done:
                return self._trouble.result()
            if deadline is not None and time.monotonic() >= deadline:
                return None

    async def _was_only_slow(self) -> bool:
        """Whether it was we who did not listen: what came while the loop was busy is handled now."""
        heard = self._heard
        await asyncio.sleep(GRACE)
        return self._heard != heard or self._trouble.done()

    def fail(self, reason: str) -> None:
        """End it from outside, for instance after a reconnect."""
        if not self._trouble.done():
            self._trouble.set_result(reason)

    async def stop(self) -> None:
        """Unsubscribe and delete it; the server itself deletes what does not seem to be reached
        any more, and what nobody listens to."""
        silent = self._heard + MISSED_HEARTBEATS * self._heartbeat < time.monotonic()
        self.fail("stopped")
        if self._subscription is not None:
            with suppress(NatsError):
                await cancellable(self._subscription.unsubscribe())
        if self._name and self._nc.is_connected and not silent:
            with suppress(NatsError, ApiError, TimeoutError):
                verb = f"CONSUMER.DELETE.{self._stream}.{self._name}"
                await jetstream_api(self._nc, verb, timeout=1.0)

    async def _receive(self, message: Msg) -> None:
        if self._trouble.done():
            return
        self._heard = time.monotonic()
        try:
            headers = message.headers or {}
            status = headers.get("Status")
            if status is not None and not message.data:
                await self._control(status, headers, message)
            else:
                self._deliver(message, headers)
        except Exception as error:
            log.exception("cannot handle a message of %s", self._stream)
            self.fail(f"handler failed: {type(error).__name__}")

    def _deliver(self, message: Msg, headers: dict[str, str]) -> None:
        *_, seq, count, time_ns, pending = _place(message.reply)
        if count != self._count + 1:
            self.fail("gap")
            return
        self._handle(Delivery(message.subject, seq, time_ns, pending, headers, message.data))
        self._count = count

    async def _control(self, status: str, headers: dict[str, str], message: Msg) -> None:
        if status != "100":
            self.fail(f"status {status}")
        elif message.reply:
            # Flow control: we are here, so everything before it was handled.
            await self._go_on(message.reply)
        else:
            if int(headers.get("Nats-Last-Consumer", self._count)) != self._count:
                self.fail("gap before a heartbeat")
                return
            stalled = headers.get("Nats-Consumer-Stalled")
            if stalled:
                await self._go_on(stalled)
            elif self._on_idle is not None:
                self._on_idle(int(headers.get("Nats-Last-Stream", 0)))

    async def _go_on(self, reply: str) -> None:
        # While cut off it cannot be sent; the server asks again with a heartbeat, or is made to.
        with suppress(NatsError):
            await cancellable(self._nc.publish(reply))


def _place(reply: str) -> list[int]:
    """Stream sequence, consumer sequence, time and pending from
    `$JS.ACK.[domain.account.]stream.consumer.delivered.seq.count.time.pending[.token]`."""
    tokens = reply.split(".")
    first = 5 if len(tokens) == 9 else 7
    return [int(token) for token in tokens[first : first + 4]]
