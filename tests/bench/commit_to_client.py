"""From commit to client: 200 transitions a second over HTTP, 1,000 clients on one channel.

    .venv/bin/python -m tests.bench.commit_to_client

The whole way: HTTP, Postgres (fsync on), relay, JetStream (sync always), gateway, a socket each. All
of it, and the clients, share this machine's cores. The time of the commit is the event's `updatedAt`
(the database's clock, this very machine's); the clients' is when the event's bytes are in the
process. A sample of clients reads the times; all are drained and counted.
Budget: p50 ≤ 5 ms, p99 ≤ 25 ms.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx
import uvloop
from tests.bench.http_load import load, post
from tests.support.client import Api
from tests.support.commands import plain_venue
from tests.support.databases import database_url, make_template
from tests.support.services import bearer, replicas
from tests.support.until import until

from holdfast.contracts.ids import epoch_ms
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres

CLIENTS, SAMPLE = 1_000, 20
RATE, SECONDS = 200, 10
DATE, SLOT = "2027-03-01", "slot_21_00"
_MARK = b'"updatedAt":"'


class _Client(asyncio.Protocol):
    """Counts events; where it is of the sample, notes how old each is on arrival."""

    def __init__(self, request: bytes, ages: list[float] | None) -> None:
        self._request = request
        self._ages = ages
        self.events = 0
        self.ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time() * 1000
        self.events += data.count(b"event: availability.updated")
        if not self.ready and b"event: snapshot" in data:
            self.ready = True
        elif self._ages is not None:
            at = data.find(_MARK)
            while at >= 0:
                text = data[at + len(_MARK) : at + len(_MARK) + 24]
                self._ages.append(now - epoch_ms(text.decode()))
                at = data.find(_MARK, at + 1)


async def _commands(url: str, number: int) -> list[float]:
    """Hold `number` tables, evenly in time; answers the milliseconds each answer took."""
    address = httpx.URL(url)
    began = time.perf_counter()
    took: list[float] = []

    async def one(turn: int) -> None:
        await asyncio.sleep(max(0.0, began + turn / RATE - time.perf_counter()))
        body = f'{{"date":"{DATE}","slotId":"{SLOT}","sectionIds":["t{turn}"]}}'.encode()
        headers = {**bearer("customer"), "idempotency-key": secrets.token_hex(8)}
        request = post("/v1/clubs/backroom/venues/leeds/holds", body, headers)
        result = await load(address.host, address.port or 80, iter([request]), 1)
        assert result.statuses == {201: 1}, result.statuses
        took.append(result.latencies[0] * 1000)

    await asyncio.gather(*(one(turn) for turn in range(number)))
    return took


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            EmbeddedPostgres(folder / "pg") as postgres,
            EmbeddedNats(folder / "nats") as nats,
        ):
            database = database_url(postgres.url, await make_template(postgres.url))
            quiet = {"HOLDFAST_LOG_LEVEL": "warning"}
            async with replicas(database, nats.url, folder, **quiet) as services:
                await _measure(await services.command_api(), await services.gateway())


async def _measure(service: object, gateway: object) -> None:
    api_url, gateway_url = service.url, gateway.url  # type: ignore[attr-defined]
    async with Api(api_url) as api:
        await api.set_up(plain_venue(RATE * SECONDS))
        # the first hold makes the stream and the bucket's entries
        assert (await api.hold(f"t{RATE * SECONDS - 1}")).status_code == 201
    parts = urlsplit(gateway_url)
    path = f"/v1/clubs/backroom/venues/leeds/availability/stream?date={DATE}&slotId={SLOT}"
    request = f"GET {path} HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\n\r\n".encode()
    ages: list[float] = []
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    for number in range(CLIENTS):
        sampled = ages if number < SAMPLE else None
        client = _Client(request, sampled)
        await loop.create_connection(lambda client=client: client, parts.hostname, parts.port)  # type: ignore[misc]
        clients.append(client)
    await until(lambda: all(client.ready for client in clients), 60)
    number = RATE * SECONDS - 1
    took = await _commands(api_url, number)
    await until(lambda: all(client.events >= number for client in clients), 30)
    for client in clients:
        client.transport.abort()
    ages.sort()
    took.sort()
    print(
        f"{CLIENTS:,} clients, {RATE} holds/s for {SECONDS} s, {CLIENTS * number:,} deliveries\n"
        f"{'commit → client':18} p50 {_at(ages, 0.5):6.1f} ms   p99 {_at(ages, 0.99):6.1f} ms"
        "   (budget: 5 and 25)\n"
        f"{'hold over HTTP':18} p50 {_at(took, 0.5):6.1f} ms   p99 {_at(took, 0.99):6.1f} ms"
    )


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    uvloop.run(main())
