"""Snapshots: what polling clients get, with `ETag` and compression."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest
from tests.integration.gateway.conftest import SECRETS, STAFF, snapshot_url
from tests.support.live_publisher import LivePublisher
from tests.support.until import until

from holdfast.contracts.snapshots import PublicSnapshot, StaffSnapshot
from stream_gateway.app import Gateway
from stream_gateway.channel import Channel
from stream_gateway.polling import Polling


async def test_public(gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient) -> None:
    for section in (0, 1, 1, 2, 2, 2):  # held, confirmed, blocked
        await publisher.publish(section=section)
    await until(lambda: gateway.hub.position.seq == 6)
    answer = await http.get(snapshot_url(gateway))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"] == f'W/"{publisher.epoch}-6-1-p"'
    assert "Authorization" in answer.headers["vary"]
    assert not [secret for secret in SECRETS if secret in answer.text]
    snapshot = msgspec.json.decode(answer.content, type=PublicSnapshot)
    assert [section.state for section in snapshot.sections[:4]] == [
        "held",
        "unavailable",
        "unavailable",
        "available",
    ]
    assert [section.held_until is None for section in snapshot.sections[:4]] == [
        False,
        True,
        True,
        True,
    ]
    assert snapshot.cursor == f"{publisher.epoch}-6"
    assert snapshot.starts_at == "2026-02-15T21:00:00.000Z"
    assert snapshot.ends_at == "2026-02-16T02:00:00.000Z"


async def test_staff_form_equals_the_truth(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    await http.get(snapshot_url(gateway))
    for section in (0, 1, 1, 2, 2, 2, 0):
        await publisher.publish(section=section)
    await publisher.nc.flush()

    async def snapshot() -> StaffSnapshot:
        answer = await http.get(snapshot_url(gateway), headers=STAFF)
        assert answer.headers["cache-control"] == "private, no-cache"
        return msgspec.json.decode(answer.content, type=StaffSnapshot)

    async with asyncio.timeout(10):
        while (found := await snapshot()).version < 7:
            await asyncio.sleep(0.01)
    expected = publisher.snapshot()
    assert found.sections == expected.sections
    assert found.as_of == expected.as_of


async def test_not_modified_until_the_next_version(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    first = await http.get(snapshot_url(gateway))
    etag = first.headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        same = await http.get(snapshot_url(gateway), headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == etag
    for other in ('"x"', etag.replace("-p", "-s")):
        answer = await http.get(snapshot_url(gateway), headers={"If-None-Match": other})
        assert answer.status_code == 200
    staff = await http.get(snapshot_url(gateway), headers={"If-None-Match": etag, **STAFF})
    assert staff.status_code == 200
    await publisher.publish()
    async with asyncio.timeout(10):
        while (
            await http.get(snapshot_url(gateway), headers={"If-None-Match": etag})
        ).status_code == 304:
            await asyncio.sleep(0.01)


async def test_compressed_when_accepted(
    gateway: Gateway, publisher: LivePublisher, http: httpx.AsyncClient
) -> None:
    publisher.truth(sections=5_000)
    await publisher.publish()
    packed = await http.get(snapshot_url(gateway), headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 60_000
    for accept in ("identity", "gzip;q=0"):
        plain = await http.get(snapshot_url(gateway), headers={"Accept-Encoding": accept})
        assert "content-encoding" not in plain.headers
        at = {"serverTime": ""}
        assert plain.json() | at == packed.json() | at


async def test_a_channel_that_closes_again_is_waited_for(
    gateway: Gateway, publisher: LivePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the word that it is open and our turn there may be another history."""
    await publisher.publish()
    woken = Polling._woken
    times = 0

    async def woken_late(polling: Polling, channel: Channel) -> None:
        nonlocal times
        await woken(polling, channel)
        times += 1
        if times == 1:
            channel.reset()

    monkeypatch.setattr(Polling, "_woken", woken_late)
    async with httpx.AsyncClient() as http:
        answer = await http.get(snapshot_url(gateway))
    assert times == 2
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    assert answer.headers["etag"].split("-")[1] == "1"
