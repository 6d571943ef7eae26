"""The end of a gateway's process: by SIGTERM, by SIGINT, and of a stream's age and token."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.conftest import Start, all_ready, stream_url
from tests.support.live_publisher import CHANNEL, LivePublisher
from tests.support.services import SECRET, Service
from tests.support.services import start as start_process
from tests.support.sse_client import Client, EventSource
from tests.support.until import until

from holdfast.contracts.states import Role
from holdfast.runtime.auth import issue_token
from holdfast_dev.nats import EmbeddedNats

PATH = f"/v1/stream?channel={CHANNEL.name}"


@pytest.fixture
async def processes(
    nats_server: EmbeddedNats, publisher: LivePublisher, tmp_path: Path
) -> AsyncIterator[list[Service]]:
    """Two gateways as processes of their own."""
    environ = {
        "HOLDFAST_NATS_URL": nats_server.url,
        "HOLDFAST_JWT_SECRET": SECRET,
        "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
        "HOLDFAST_STREAM_GATEWAY_PORT": "0",
        "HOLDFAST_ADMIN_PORT": "0",
        "HOLDFAST_DRAIN_SECONDS": "1",
        "HOLDFAST_DRAIN_DEADLINE_SECONDS": "1",
    }
    async with AsyncExitStack() as cleanup:
        services = []
        for number in range(2):
            service = await start_process("stream_gateway", tmp_path / f"{number}.log", environ)
            cleanup.push_async_callback(service.kill)
            services.append(service)
        await all_ready(services)
        yield services


async def test_sigterm_sends_clients_elsewhere_over_a_window(
    processes: list[Service], publisher: LivePublisher
) -> None:
    gateway, other = processes
    urls = [gateway.url]
    ends: list[float] = []

    async def note_end(client: Client) -> None:
        await client.until_ended()
        ends.append(time.monotonic())

    async with AsyncExitStack() as cleanup:
        clients = [await cleanup.enter_async_context(Client(gateway.url + PATH)) for _ in range(40)]
        for client in clients:
            await client.count(1)
        stuck = await Client(gateway.url + PATH).open(read=False)
        cleanup.push_async_callback(stuck.close)
        source = await cleanup.enter_async_context(EventSource(lambda: urls[-1] + PATH))
        await source.until(lambda view: view.snapshots == 1)
        urls.append(other.url)

        noting = [asyncio.create_task(note_end(client)) for client in clients]
        started = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        await refuses_newcomers(gateway)
        while not all(task.done() for task in noting):
            await publisher.publish()
            await asyncio.sleep(0.01)
        await asyncio.gather(*noting)
        assert await gateway.process.wait() == 0
        assert time.monotonic() - started < 10
        assert all(client.clean_end for client in clients)
        # Spread over the window, each with its own time to come back.
        assert max(ends) - min(ends) > 0.5
        assert len({client.parser.retry for client in clients}) > 5
        last = publisher.truth().version
        await source.until(lambda view: view.versions.get(CHANNEL.name) == last)
        assert (source.view.snapshots, source.connections) == (1, 2)
    log = gateway.log.read_text()
    assert "Traceback" not in log
    assert '"level":"error"' not in log


async def refuses_newcomers(gateway: Service) -> None:
    """It is not ready any more, yet alive and listening, and sends new streams elsewhere."""
    async with httpx.AsyncClient() as http:

        async def unready() -> bool:
            answer = await http.get(f"{gateway.url}/readyz")
            return answer.status_code == 503 and not answer.json()["checks"]["accepting"]

        await until(unready)
        assert (await http.get(f"{gateway.url}/livez")).status_code == 200
        late = await http.get(gateway.url + PATH, headers={"accept": "text/event-stream"})
        assert late.status_code == 200
        assert "retry: " in late.text


async def test_sigint_is_quick(processes: list[Service]) -> None:
    gateway = processes[0]
    async with Client(gateway.url + PATH) as client:
        await client.count(1)
        started = time.monotonic()
        gateway.process.send_signal(signal.SIGINT)
        await client.until_ended()
        assert client.clean_end
        assert await gateway.process.wait() == 0
        assert time.monotonic() - started < 5


async def test_a_client_that_never_reads_cannot_hold_it_up(
    processes: list[Service], publisher: LivePublisher
) -> None:
    gateway = processes[0]
    publisher.truth(sections=20_000)
    await publisher.publish()
    stuck = await Client(gateway.url + PATH).open(read=False)
    gateway.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(8):
        assert await gateway.process.wait() == 0
    await stuck.close()


async def test_metrics_on_a_port_of_their_own(processes: list[Service]) -> None:
    gateway = processes[0]
    await until(lambda: bool(gateway.admin_url))
    async with Client(gateway.url + PATH) as client, httpx.AsyncClient() as http:
        await client.count(1)
        text = (await http.get(f"{gateway.admin_url}/metrics")).text
        assert "holdfast_gateway_clients 1.0" in text
        assert 'holdfast_gateway_joins_total{kind="snapshot"} 1.0' in text
        assert (await http.get(f"{gateway.url}/metrics")).status_code == 404


async def test_a_process_without_its_settings_says_which(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "stream_gateway",
        env={},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert complaint.decode() == "stream-gateway: HOLDFAST_JWT_SECRET: is required and not set\n"


async def test_a_stream_ends_with_its_token(start: Start, publisher: LivePublisher) -> None:
    gateway = await start(checkpoint_seconds=0.4)
    headers = {
        "Authorization": f"Bearer {issue_token(SECRET, role=Role.CUSTOMER, subject='cus_1', ttl=2)}"
    }
    async with Client(stream_url(gateway), headers) as client:
        await client.count(1)
        await client.until_ended()
        assert client.clean_end
        assert (client.last.event, client.last.data) == ("reauth", {"reason": "token_expired"})
        assert client.parser.retry is not None
    async with Client(stream_url(gateway), headers) as again:
        assert again.status == 401


async def test_a_stream_ends_at_its_age(start: Start, publisher: LivePublisher) -> None:
    gateway = await start(max_age_seconds=0.5, checkpoint_seconds=0.2)
    clients = [Client(stream_url(gateway)) for _ in range(20)]
    for client in clients:
        await client.open()
    for client in clients:
        await client.until_ended()
        assert client.clean_end
        await client.close()
    assert gateway.metrics.closes.labels("max_age")._value.get() == 20


async def test_quiet_clients_get_checkpoints_with_the_feeds_place(
    start: Start, publisher: LivePublisher
) -> None:
    gateway = await start(checkpoint_seconds=0.1)
    async with Client(stream_url(gateway)) as client:
        await client.count(1)
        # Elsewhere in the stream things go on: the cursor of a quiet client must not age.
        await publisher.notify("backroom", "cus_1")
        await client.until(lambda: client.last_event_id == f"{publisher.epoch}-1")
        assert client.last.event == "checkpoint"
        assert client.last.data["serverTime"].endswith("Z")


async def test_those_who_wait_get_checkpoints_without_a_place(
    start: Start, publisher: LivePublisher
) -> None:
    gateway = await start(checkpoint_seconds=0.1)
    publisher.snapshot_delay = 0.5
    async with Client(stream_url(gateway)) as client:
        await client.until(lambda: client.last.event == "checkpoint")
        assert client.last.id is None
        await client.count(1)
