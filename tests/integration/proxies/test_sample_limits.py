"""Limits per address behind `deploy/nginx/holdfast.conf`: whose streams they are is nginx's word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from tests.integration.proxies.conftest import Certificate, is_ready
from tests.integration.proxies.sites import sample, stream_of
from tests.support.curl import curl_stream
from tests.support.live_publisher import LivePublisher
from tests.support.nginx import nginx
from tests.support.services import Replicas
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey
from holdfast_dev.ports import LOOPBACK, ReservedPort

MOST = 2
ONE, OTHER = "127.0.0.2", "127.0.0.3"
"""Addresses that clients come from: all of 127.0.0.0/8 is this machine's."""


@pytest.fixture
async def origin(
    services: Replicas, publisher: LivePublisher, own_certificate: Certificate, tmp_path: Path
) -> AsyncIterator[str]:
    """The sample in front of a gateway that takes two streams of an address."""
    gateway = await services.gateway(
        HOLDFAST_TRUSTED_PROXIES=f"{LOOPBACK}/32", HOLDFAST_MAX_CLIENTS_PER_ADDRESS=str(MOST)
    )
    await until(lambda: is_ready(gateway))
    secure, plain = ReservedPort(), ReservedPort()
    try:
        secure.take()
        plain.take()
        there = int(gateway.url.rpartition(":")[2])
        ports = secure.number, plain.number
        http = sample([there, there], *ports, *own_certificate, tmp_path / "log")
        async with nginx(tmp_path, http, *ports):
            yield f"http://{LOOPBACK}:{plain.number}"
    finally:
        secure.release()
        plain.release()
        await gateway.kill()


async def test_an_address_has_its_share_and_no_other_name(
    publisher: LivePublisher, origin: str, key: ChannelKey
) -> None:
    await publisher.publish(key)
    url = stream_of(origin, key)
    async with AsyncExitStack() as stack:
        for address in (ONE, ONE, OTHER):
            taken = curl_stream(url, "--interface", address)
            await (await stack.enter_async_context(taken)).event("snapshot", 1)
        lie = {"x_forwarded_for": "203.0.113.6"}
        async with curl_stream(url, "--interface", ONE, **lie) as refused:
            assert await refused.until_ended() == 0
            assert refused.status == 200
            assert refused.events == []
            # What the gateway says where a limit is reached, and not nginx's own one to three seconds.
            assert refused.parser.retry in range(30_000, 90_001, 1000)
        transport = httpx.AsyncHTTPTransport(local_address=ONE)
        async with httpx.AsyncClient(transport=transport) as http:
            answer = await http.get(url)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) in range(30, 91)
        taken = curl_stream(url, "--interface", OTHER)
        await (await stack.enter_async_context(taken)).event("snapshot", 1)
