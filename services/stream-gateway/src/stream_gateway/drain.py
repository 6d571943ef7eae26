"""Drain: the orderly end. Readiness goes first, then the clients, spread over a window so that they
do not all arrive at the next gateway at once, then the listener."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple, Protocol

from stream_gateway.clock import MIN_RETRY
from stream_gateway.hub import Hub

log = logging.getLogger("holdfast.gateway.drain")

STEP = 0.05
"""Seconds between two bunches of closes."""
SHORTEST_RETURN = 2.0
"""Seconds over which clients come back at least, however short the window that they are closed in."""
SOONEST_RETRY = 500
"""Milliseconds; nobody is told to come back sooner, even if we are late."""
GOLDEN = 0.618033988749895
"""Multiples of it, modulo 1, fill the unit interval evenly however many there are."""


class Gate(Protocol):
    """What tells new clients and probes that this gateway is on its way out."""

    draining: bool


class Plan(NamedTuple):
    """When each of `clients` is closed and when it comes back, all in seconds after the begin.

    A returns' rate of its own, and not a random pause after each close: pauses of one to three
    seconds after closes within a second would bring everybody back in two, and closes that are late
    because the loop was busy would bring a bunch back together. So a client's return is fixed by its
    rank, and its `retry` is what is left until then.
    """

    clients: int
    window: float

    def due(self, elapsed: float) -> int:
        """How many have been closed by now."""
        if elapsed >= self.window:
            return self.clients
        return int(self.clients * elapsed / self.window)

    def retry(self, rank: int, elapsed: float) -> int:
        """Milliseconds that the client of this rank, closed now, waits before it comes back."""
        span = max(self.window, SHORTEST_RETURN)
        # Neighbours in rank often are neighbours behind one proxy: they are taken apart a little.
        apart = min(2.0, span / 4) * (rank * GOLDEN % 1)
        back = MIN_RETRY / 1000 + span * rank / max(1, self.clients) + apart
        return max(SOONEST_RETRY, round((back - elapsed) * 1000))


async def drain(hub: Hub, gate: Gate, *, window: float) -> None:
    """Close every client within `window` seconds, evenly, and return at its end: whoever asks for
    anything else is answered so long, because load balancers learn late that we are going. New
    streams are sent elsewhere from the first moment."""
    gate.draining = True
    clients = list(hub.clients)
    plan = Plan(len(clients), window)
    log.info("draining %d clients over %.1f s", len(clients), window)
    started = time.monotonic()
    closed = 0
    while True:
        elapsed = time.monotonic() - started
        due = plan.due(elapsed)
        for rank in range(closed, due):
            hub.close(clients[rank], "drain", retry=plan.retry(rank, elapsed))
        closed = max(closed, due)
        if elapsed >= window:
            break
        await asyncio.sleep(min(STEP, window - elapsed))
    # Those whose request was being answered when we began.
    for client in list(hub.clients):
        hub.close(client, "drain")


async def last_words(hub: Hub, *, deadline: float) -> None:
    """Wait until every client has read its end; whoever has not within `deadline` seconds is cut."""
    try:
        async with asyncio.timeout(deadline):
            await hub.until_empty()
    except TimeoutError:
        log.warning("cutting %d clients that did not read their end", len(hub.clients))
        for client in list(hub.clients):
            client.cut()
