"""What a service is told by `deploy/nginx/holdfast.conf` about a client that lies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.integration.proxies.conftest import Certificate
from tests.integration.proxies.sites import sample
from tests.support.nginx import nginx

from holdfast_dev.ports import LOOPBACK, ReservedPort

LIES = {
    "x-forwarded-for": "203.0.113.6",
    "x-forwarded-proto": "gopher",
    "connection": "x-forwarded-for",
    "accept": "text/event-stream",
    "accept-encoding": "gzip",
    "last-event-id": "abc-1",
    "authorization": "Bearer x",
    "cookie": "holdfast_token=x",
}
MOST = f"channel={'x' * 20_000}"
"""As much as the gateway takes of a query."""
PATHS = (
    f"/v1/stream?{MOST}",
    "/v1/clubs/a/venues/b/availability/stream?date=2026-02-15&slotId=c",
    "/v1/clubs/a/venues/b/availability?date=2026-02-15&slotId=c",
)


async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with its own head."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), head))
    except asyncio.IncompleteReadError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def told(own_certificate: Certificate, tmp_path: Path) -> AsyncIterator[str]:
    """The sample's origin, in front of something that repeats what it is asked."""
    secure, plain = ReservedPort(), ReservedPort()
    upstream = await asyncio.start_server(repeat, LOOPBACK, 0)
    there: int = upstream.sockets[0].getsockname()[1]
    try:
        secure.take()
        plain.take()
        http = sample(
            [there, there], secure.number, plain.number, *own_certificate, tmp_path / "log"
        )
        async with upstream, nginx(tmp_path, http, plain.number):
            yield f"https://{LOOPBACK}:{secure.number}"
    finally:
        secure.release()
        plain.release()


async def test_the_address_is_the_proxys_word_and_the_rest_passes(told: str) -> None:
    async with httpx.AsyncClient(verify=False, headers=LIES) as http:  # noqa: S501
        for path in PATHS:
            first, *rest = (await http.get(told + path)).text.strip().split("\r\n")
            assert first == f"GET {path} HTTP/1.1"
            heard = dict(line.lower().split(": ", 1) for line in rest)
            assert heard["x-forwarded-for"] == LOOPBACK
            assert heard["x-forwarded-proto"] == "https"
            assert heard["host"] == LOOPBACK
            assert heard["accept-encoding"] == "gzip"
            assert heard["last-event-id"] == "abc-1"
            assert heard["authorization"] == "bearer x"
            assert heard["cookie"] == "holdfast_token=x"
            assert "connection" not in heard, "kept for the next request"
            assert ("accept" in heard) == ("/stream" not in path)


async def test_the_writers_name_leads_to_them(told: str) -> None:
    headers = {**LIES, "host": "api.example.com", "idempotency-key": "k"}
    async with httpx.AsyncClient(verify=False, headers=headers) as http:  # noqa: S501
        answer = await http.post(f"{told}/v1/clubs/a/venues/b/holds", content=b"")
    first, *rest = answer.text.strip().split("\r\n")
    assert first == "POST /v1/clubs/a/venues/b/holds HTTP/1.1"
    heard = dict(line.lower().split(": ", 1) for line in rest)
    assert heard["x-forwarded-for"] == LOOPBACK
    assert heard["host"] == "api.example.com"
    assert heard["accept"] == "text/event-stream"
    assert heard["idempotency-key"] == "k"
    assert "connection" not in heard
