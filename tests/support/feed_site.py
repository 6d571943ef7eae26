"""Two gateways, one of them behind a proxy, and a NATS that may be spoiled."""

from __future__ import annotations

import gc
import random
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.integration.gateway.conftest import running
from tests.support.faulty_publisher import FaultyPublisher, faulty_publisher
from tests.support.nats_proxy import NatsProxy
from tests.support.until import until

from holdfast.contracts.subjects import LIVE_STREAM
from holdfast.runtime.nats import jetstream_api
from holdfast_dev.nats import EmbeddedNats
from stream_gateway.app import Gateway


class Site:
    """A NATS, a publisher, a gateway behind a proxy and one that reaches NATS directly."""

    def __init__(self, nats: EmbeddedNats, publisher: FaultyPublisher, proxy: NatsProxy) -> None:
        self.nats = nats
        self.publisher = publisher
        self.proxy = proxy
        self.gateways: list[Gateway] = []
        self.chance = random.Random(1)

    @property
    def far(self) -> Gateway:
        """The gateway behind the proxy."""
        return self.gateways[0]

    @property
    def urls(self) -> list[str]:
        return [gateway.url for gateway in self.gateways]

    @property
    def store(self) -> Path:
        return self.nats._server.folder / "store"

    async def api(self, verb: str, body: object = None) -> dict[str, Any]:
        return await jetstream_api(self.publisher.nc, verb, body)

    async def last_seq(self) -> int:
        info = await jetstream_api(self.publisher.nc, f"STREAM.INFO.{LIVE_STREAM}")
        last: int = info["state"]["last_seq"]
        return last

    async def ready(self) -> None:
        """Both gateways have everything, and their clients are live."""
        epoch = self.publisher.epoch
        await until(lambda: all(each.hub.position.epoch == epoch for each in self.gateways))
        await until(lambda: all(gateway.feed.caught_up for gateway in self.gateways))
        last = await self.last_seq()
        await until(lambda: all(each.hub.position.seq >= last for each in self.gateways))
        clients = [client for gateway in self.gateways for client in gateway.hub.clients]
        await until(lambda: all(client.is_live for client in clients))

    async def unready(self) -> None:
        """Both gateways have noticed."""
        await until(lambda: not any(gateway.feed.caught_up for gateway in self.gateways))

    async def back(self) -> None:
        """NATS serves again and everybody is connected."""
        await until(lambda: self.publisher.nc.is_connected)
        await until(lambda: all(gateway.nc.is_connected for gateway in self.gateways))


@asynccontextmanager
async def faulty_site(folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """Two gateways in this process and a NATS of their own."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        nats = await enter(EmbeddedNats(folder / "nats", sync_interval="2m"))
        publisher = await enter(faulty_publisher(nats.url))
        proxy = await enter(NatsProxy(nats.port))
        site = Site(nats, publisher, proxy)
        for port in (proxy.port, nats.port):
            site.gateways.append(await enter(running(f"nats://127.0.0.1:{port}", **settings)))
        with warnings.catch_warnings():
            # nats-py forgets to close a connection that ends before the server's greeting.
            warnings.filterwarnings("ignore", "unclosed", ResourceWarning)
            yield site
            gc.collect()
