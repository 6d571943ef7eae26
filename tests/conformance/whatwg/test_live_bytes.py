"""Whole streams off the socket: each byte as it must be, and two parsers hear the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.conformance.node import Packages
from tests.conformance.recording import Told
from tests.conformance.whatwg.parsers import by_eventsource_parser, by_httpx_sse
from tests.conformance.whatwg.rules import BOM, SCRIPTS, SEPARATORS, frames_of, lines_of
from tests.conformance.whatwg.wire import Wire, wire
from tests.integration.gateway.conftest import running, stream_url
from tests.support.live_publisher import CHANNEL, LivePublisher, live_publisher
from tests.support.services import SECRET, bearer
from tests.support.until import until

from holdfast.contracts.cursor import new_epoch
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import ActorType, Role
from holdfast.contracts.subjects import availability_subject
from holdfast.runtime.auth import issue_token
from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway

AUDREY = f"{BOM}{SCRIPTS} {SEPARATORS} \0 \r\n id: 1\n\n"
"""The name of a person that tries everything; staff see it."""
ENCODINGS = pytest.mark.parametrize("encoding", ["identity", "gzip"])
STAFF = bearer("staff", "backroom", sub="sam")


@pytest.fixture
async def publisher(nats_server: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    async with live_publisher(nats_server.url) as made:
        yield made


async def publish_by_audrey(publisher: LivePublisher, *, pretty: bool = False) -> None:
    """One transition whose actor has that name; `pretty`: on several lines, which end with CR LF."""
    body = publisher.commit()
    actor = Actor(type=ActorType.STAFF, id="aud", name=AUDREY)
    body.actor = actor
    section = publisher.truth().sections[body.section_id]
    section.claims = [msgspec.structs.replace(claim, actor=actor) for claim in section.claims]
    body.claims_added = section.claims
    raw = msgspec.json.format(msgspec.json.encode(body), indent=2).replace(b"\n", b"\r\n")
    await publisher.send(CHANNEL, body, raw=raw if pretty else None)


async def overwhelm(gateway: Gateway, publisher: LivePublisher, stream: Wire) -> None:
    """Publish until a client that does not read is out of the fast path, then let it read."""
    stream.reading.clear()
    while gateway.metrics.slow._value.get() == 0:
        last = gateway.hub.position.seq + 100
        for _ in range(100):
            data, headers = publisher.encoded(publisher.commit())
            await publisher.nc.publish(availability_subject(CHANNEL), data, headers=headers)
        await publisher.nc.flush()
        await until(lambda last=last: gateway.hub.position.seq >= last)  # type: ignore[misc]
    publisher.truth().seq = gateway.hub.position.seq
    publisher.truth().published = publisher.truth().version
    stream.reading.set()


async def heard(packages: Packages, stream: Wire) -> list[Told]:
    """The events of a stream whose every byte is as it must be; the same by both parsers."""
    body = bytes(stream.body)
    for frame in frames_of(body):
        lines = lines_of(frame)
        assert all(len(values) == 1 for values in lines.values()), frame
        if "data" in lines:
            json.loads(lines["data"][0])
            assert "event" in lines
    (first,) = await by_eventsource_parser(packages, [[body]])
    assert by_httpx_sse([body]) == first.events
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    return first.events


def names(events: list[Told]) -> list[str]:
    """What came, in a row each only once."""
    each = [event.event for event in events]
    return [name for at, name in enumerate(each) if at == 0 or each[at - 1] != name]


@ENCODINGS
async def test_a_long_life(
    nats_server: EmbeddedNats, publisher: LivePublisher, packages: Packages, encoding: str
) -> None:
    """Joined, live, quiet, too slow, reset by another epoch, sent elsewhere."""
    headers = {**STAFF, "accept-encoding": encoding}
    for _ in range(3):
        await publish_by_audrey(publisher)
    async with (
        running(nats_server.url, checkpoint_seconds=0.2) as gateway,
        wire(stream_url(gateway), headers) as stream,
    ):
        await stream.has(b"event: snapshot", b"\n\n")
        await publish_by_audrey(publisher)
        await publish_by_audrey(publisher, pretty=True)
        await publisher.send(CHANNEL, await publisher.change_layout())
        await stream.has(b"event: layout.updated", b"event: checkpoint")
        await overwhelm(gateway, publisher, stream)
        await stream.has(b'"reason":"slow_consumer"', b"\n\n")
        await publisher.mark_epoch(new_epoch())
        publisher.truth().seq = gateway.hub.position.seq
        await publish_by_audrey(publisher)
        await stream.has(b"event: reset", b"event: snapshot", b"\n\n")
        before = stream.body.count(b"retry: ")
        await gateway.drain()
        await until(lambda: stream.ended)
    assert stream.body.count(b"retry: ") == before + 1
    assert stream.headers.get("content-encoding", "identity") == encoding
    events = await heard(packages, stream)
    seen = [event for event in events if event.event != "checkpoint"]
    assert names(seen) == [
        *("snapshot", "availability.updated", "layout.updated", "availability.updated"),
        *("snapshot", "reset", "snapshot"),
    ]
    assert {event.event for event in events} >= {"checkpoint"}
    claims = [claim for section in seen[0].body["sections"] for claim in section["claims"]]
    assert {claim["actor"]["name"] for claim in claims} == {AUDREY}
    assert [event.body["actor"]["name"] for event in seen[1:3]] == [AUDREY, AUDREY]
    assert seen[-1].body["version"] == publisher.truth().version
    assert seen[-1].id.startswith(publisher.epoch)


async def test_a_return(
    nats_server: EmbeddedNats, publisher: LivePublisher, packages: Packages
) -> None:
    """A replay, of which only the end has an id; then live; at last the token ends."""
    for _ in range(3):
        await publish_by_audrey(publisher)
    async with running(nats_server.url, checkpoint_seconds=0.4) as gateway:
        token = issue_token(SECRET, role=Role.STAFF, subject="sam", club="backroom", ttl=3)
        headers = {
            "authorization": f"Bearer {token}",
            "accept-encoding": "gzip",
            "last-event-id": f"{publisher.epoch}-1",
        }
        async with wire(stream_url(gateway), headers) as stream:
            await stream.has(b'"version":2,', b'"version":3,', b"\n\n")
            await publisher.publish()
            await until(lambda: stream.ended)
    events = [event for event in await heard(packages, stream) if event.event != "checkpoint"]
    assert names(events) == ["availability.updated", "reauth"]
    assert [event.body.get("version") for event in events] == [2, 3, 4, None]
    assert [event.id for event in events[:3]] == ["", *(f"{publisher.epoch}-{n}" for n in (3, 4))]


async def test_a_malformed_cursor(
    nats_server: EmbeddedNats, publisher: LivePublisher, packages: Packages
) -> None:
    await publisher.publish()
    async with running(nats_server.url) as gateway:
        cursor = {"last-event-id": "rubbish"}
        async with wire(stream_url(gateway), cursor) as stream:
            await stream.has(b"event: reset", b"event: snapshot", b"\n\n")
            reset, snapshot = (await heard(packages, stream))[:2]
    assert (reset.event, reset.id, reset.body) == ("reset", "", {"reason": "malformed_cursor"})
    assert snapshot.id == f"{publisher.epoch}-1"
