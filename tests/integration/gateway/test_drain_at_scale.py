"""SIGTERM to a gateway full of clients: where they go, when, and that nobody is forgotten or lost."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.conftest import all_ready
from tests.support.flock import Flock, most_within
from tests.support.live_publisher import CHANNEL, CLUB, VENUE, LivePublisher
from tests.support.raw import Raw
from tests.support.services import SECRET, Service
from tests.support.services import start as start_process
from tests.support.sse_client import Client

from holdfast.contracts.channels import ChannelKey
from holdfast_dev.nats import EmbeddedNats

PATH = f"/v1/stream?channel={CHANNEL.name}"
BIG = ChannelKey(CLUB, VENUE, "2026-02-20", CHANNEL.slot)
DEADLINE = 3
POLL = f"/v1/clubs/{CLUB}/venues/{VENUE}/availability?slotId={CHANNEL.slot}&date="


class Prober:
    """Asks a gateway again and again, each time on a new connection."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.unready = 0.0
        """When it first said so; 0 before."""
        self.answered = 0.0
        """When it last answered."""
        self.shed: list[str] = []

    async def run(self) -> None:
        """Until nobody answers. The admin port is asked first each time: it must be the last to go."""
        while True:
            async with httpx.AsyncClient() as http:
                admin = await self._ask(http, self._service.admin_url + "/livez")
                ready = await self._ask(http, self._service.url + "/readyz")
                if ready is None:
                    return
                assert admin is not None, "the admin port was gone first"
                snapshot = await self._ask(http, self._service.url + POLL + CHANNEL.date)
                stream = (
                    await self._ask(http, self._service.url + PATH, {"accept": "text/event-stream"})
                    if self.unready
                    else None
                )
            if ready.status_code == 503 and not self.unready:
                self.unready = time.monotonic()
            if snapshot is not None:
                assert snapshot.status_code == 200
                self.answered = time.monotonic()
            if stream is not None:
                self.shed.append(stream.text)
            await asyncio.sleep(0.05)

    async def _ask(
        self, http: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        try:
            return await http.get(url, headers=headers)
        except httpx.TransportError:
            return None


async def two_gateways(
    cleanup: AsyncExitStack, nats: EmbeddedNats, folder: Path, window: float
) -> list[Service]:
    environ = {
        "HOLDFAST_NATS_URL": nats.url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
        "HOLDFAST_ADMIN_PORT": "0",
        "HOLDFAST_DRAIN_SECONDS": str(window),
        "HOLDFAST_DRAIN_DEADLINE_SECONDS": str(DEADLINE),
        "HOLDFAST_MAX_CLIENTS_PER_ADDRESS": "100000",
    }
    services = []
    for number in range(2):
        service = await start_process("stream_gateway", folder / f"{number}.log", environ)
        cleanup.push_async_callback(service.kill)
        services.append(service)
    await all_ready(services)
    return services


async def poll_late(service: Service, publisher: LivePublisher, end: float) -> httpx.Response:
    """A snapshot of a channel that nobody has open, asked for before the listener closes, at `end`,
    and ready after it."""
    lead = 0.75
    await asyncio.sleep(max(0.0, end - lead - time.monotonic()))
    publisher.snapshot_delay = lead + 0.5
    async with httpx.AsyncClient(timeout=10) as http:
        return await http.get(service.url + POLL + "2026-02-21")


async def publish_on(publisher: LivePublisher, pause: float) -> None:
    while True:
        await publisher.publish()
        await asyncio.sleep(pause)


async def drain(
    nats: EmbeddedNats,
    publisher: LivePublisher,
    folder: Path,
    *,
    clients: int,
    window: float,
    bucket: float,
    pause: float,
) -> str:
    """The whole story; the figures in one line."""
    publisher.truth(BIG, sections=20_000)
    async with AsyncExitStack() as cleanup:
        gateway, other = await two_gateways(cleanup, nats, folder, window)
        urls = [gateway.url]
        flock = await cleanup.enter_async_context(Flock(lambda: urls[-1] + PATH, clients))
        # One that never reads what is more than its buffers hold, one that never asked to the end.
        big = f"{gateway.url}/v1/stream?channel={BIG.name}"
        stuck = await Client(big).open(read=False)
        cleanup.push_async_callback(stuck.close)
        mute = await cleanup.enter_async_context(Raw(gateway.url + PATH))
        mute.send(mute.request()[:-4])
        publishing = asyncio.create_task(publish_on(publisher, pause))
        cleanup.callback(publishing.cancel)
        urls.append(other.url)
        flock.lag = 0.0

        prober = Prober(gateway)
        started = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(window + DEADLINE + 10), asyncio.TaskGroup() as group:
            group.create_task(prober.run())
            polling = group.create_task(poll_late(gateway, publisher, started + window))
            status = await gateway.process.wait()
        gone = time.monotonic() - started
        assert status == 0
        assert polling.result().status_code == 200
        assert prober.unready
        assert prober.unready < max(flock.ends)
        assert prober.answered >= started + window * 0.8
        assert prober.shed
        assert all("retry: " in text for text in prober.shed)

        last = publisher.truth().version + 3
        await flock.until(lambda bird: bird.version is not None and bird.version >= last)
        assert len(flock.ends) == len(flock.returns) == clients
        publishing.cancel()
        await asyncio.wait((publishing,))
        rate = clients / window
        peak = most_within(flock.returns, bucket) / bucket
        closes = most_within(flock.ends, bucket) / bucket
        retries = {bird.retries[0] for bird in flock.birds}
        # What this process was late by makes bunches of its own.
        allowed = 1.5 * rate * (1 + flock.lag / bucket)
        story = (
            f"{clients} clients over {window:g} s, at most in {bucket:g} s: closes "
            f"{closes / rate:.2f} and returns {peak / rate:.2f} of the even rate; our lag "
            f"{flock.lag * 1000:.0f} ms; gone after {gone:.1f} s"
        )
        assert peak <= allowed, story
        assert len(retries) > clients / 10
    assert '"level":"error"' not in gateway.log.read_text()
    assert "Traceback" not in gateway.log.read_text()
    return story


async def test_a_full_gateway_is_drained(
    nats_server: EmbeddedNats, publisher: LivePublisher, tmp_path: Path
) -> None:
    await drain(nats_server, publisher, tmp_path, clients=300, window=2, bucket=0.5, pause=0.05)


@pytest.mark.soak
async def test_a_gateway_with_5000_clients_is_drained(
    nats_server: EmbeddedNats, publisher: LivePublisher, tmp_path: Path
) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 12_000:
        pytest.skip(f"needs 12000 open files, may have {soft}: ulimit -n 12000")
    for window in (10.0, 1.0):
        (tmp_path / str(window)).mkdir()
        story = await drain(
            nats_server,
            publisher,
            tmp_path / str(window),
            clients=5000,
            window=window,
            bucket=0.5,
            pause=0.3,
        )
        sys.stderr.write(story + "\n")
