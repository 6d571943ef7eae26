"""Drain: the orderly end. Readiness goes first, then the clients, spread over a window so that they
do not all arrive at the next gateway at once, then the listener."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from stream_gateway.hub import Hub

log = logging.getLogger("holdfast.gateway.drain")

STEP = 0.05
"""Seconds between two bunches of closes."""


class Gate(Protocol):
    """What tells new clients and probes that this gateway is on its way out."""

    draining: bool


async def drain(hub: Hub, gate: Gate, *, window: float, deadline: float) -> None:
    """Close every client within `window` seconds; whoever has not read its last words within
    `deadline` seconds more is cut. New streams are sent elsewhere from the first moment."""
    gate.draining = True
    log.info("draining %d clients over %.1f s", len(hub.clients), window)
    steps = max(1, round(window / STEP))
    for left in range(steps, 0, -1):
        clients = [client for client in hub.clients if not client.closing]
        for client in clients[: -(-len(clients) // left)]:
            hub.close(client, "drain")
        if not hub.clients:
            break
        if window:
            await asyncio.sleep(window / steps)
    try:
        async with asyncio.timeout(deadline):
            await hub.until_empty()
    except TimeoutError:
        log.warning("cutting %d clients that did not read their end", len(hub.clients))
        for client in list(hub.clients):
            client.cut()
