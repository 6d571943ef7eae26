"""The plain way: a snapshot, then every event, over a connection that was handed over."""

from __future__ import annotations

from tests.integration.gateway.conftest import stream_url
from tests.support.live_publisher import LivePublisher
from tests.support.sse_client import Client, View

from stream_gateway.app import Gateway


async def test_snapshot_then_live(gateway: Gateway, publisher: LivePublisher) -> None:
    for _ in range(3):
        await publisher.publish()
    async with Client(stream_url(gateway)) as client:
        assert client.status == 200
        (snapshot,) = await client.count(1)
        assert snapshot.event == "snapshot"
        assert snapshot.data["version"] == 3
        assert snapshot.id == f"{publisher.epoch}-3"
        for _ in range(5):
            await publisher.publish()
        events = await client.count(6)
        view = View()
        for event in events:
            view.take(event)
        assert [event.data["version"] for event in events] == [3, 4, 5, 6, 7, 8]
        assert [event.id for event in events[1:]] == [f"{publisher.epoch}-{n}" for n in range(4, 9)]
        assert client.parser.retry is not None
        assert 1000 <= client.parser.retry <= 3000
