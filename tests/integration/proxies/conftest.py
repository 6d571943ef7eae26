"""One NATS, one gateway and one nginx for all that looks at a gateway through a proxy. Each test has
a channel of its own."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Browser
from tests.integration.proxies.sites import Sites, sample, untuned
from tests.support.browser import chromium
from tests.support.live_publisher import CLUB, SLOT, VENUE, LivePublisher, live_publisher
from tests.support.nginx import Nginx, certificate, nginx
from tests.support.services import Replicas, Service, replicas
from tests.support.until import until

from holdfast.contracts.channels import ChannelKey
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.ports import ReservedPort

FIRST_DAY = dt.date(2027, 1, 1)
_days = map(dt.timedelta, itertools.count())
QUICK = {
    "HOLDFAST_HEARTBEAT_SECONDS": "0.5",
    "HOLDFAST_CHECKPOINT_SECONDS": "0.25",
    "HOLDFAST_ADMIN_PORT": "0",
}


class Certificate(NamedTuple):
    """Files of a self-signed one."""

    chain: Path
    key: Path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxies")


@pytest.fixture(scope="session")
async def own_certificate(folder: Path) -> Certificate:
    return Certificate(*await certificate(folder))


@pytest.fixture(scope="session")
async def own_nats(folder: Path) -> AsyncIterator[EmbeddedNats]:
    """Not the session's: what is shared here must outlive other tests' fresh streams."""
    async with EmbeddedNats(folder / "nats", sync_interval="2m") as server:
        yield server


@pytest.fixture(scope="session")
async def publisher(own_nats: EmbeddedNats) -> AsyncIterator[LivePublisher]:
    async with live_publisher(own_nats.url) as made:
        yield made


@pytest.fixture(scope="session")
def sites() -> Iterator[Sites]:
    """The ports of nginx's servers, known before nginx and gateway start."""
    reserved = {name: ReservedPort() for name in Sites._fields}
    for port in reserved.values():
        port.take()
    yield Sites(**{name: port.number for name, port in reserved.items()})
    for port in reserved.values():
        port.release()


@pytest.fixture(scope="session")
async def services(own_nats: EmbeddedNats, folder: Path) -> AsyncIterator[Replicas]:
    """Gateways, which need no database."""
    async with replicas("postgresql://unused", own_nats.url, folder, **QUICK) as started:
        yield started


@pytest.fixture(scope="session")
async def gateway(services: Replicas, publisher: LivePublisher, sites: Sites) -> Service:
    """The gateway that the shared nginx asks."""
    started = await services.gateway(HOLDFAST_CORS_ORIGINS=sites.origin("friend"))
    await until(partial(is_ready, started))
    return started


@pytest.fixture(scope="session")
async def proxy(
    gateway: Service, sites: Sites, own_certificate: Certificate, folder: Path
) -> AsyncIterator[Nginx]:
    """An nginx that nobody tuned."""
    http = untuned(gateway.url, sites, *own_certificate)
    async with nginx(folder / "untuned", http, *sites) as running:
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture(scope="session")
async def pair(
    services: Replicas,
    publisher: LivePublisher,
    sites: Sites,
    own_certificate: Certificate,
    folder: Path,
) -> AsyncIterator[Pair]:
    """Two gateways behind the sample that operators start from."""
    async with AsyncExitStack() as stack:
        ports = [ReservedPort() for _ in range(4)]
        for port in ports:
            port.take()
            stack.callback(port.release)
        secure, plain, *gateways = (port.number for port in ports)
        log = folder / "sample/streams.log"
        http = sample(gateways, secure, plain, *own_certificate, log)
        running = await stack.enter_async_context(nginx(folder / "sample", http, secure, plain))
        made = Pair(running, services, sites.origin("friend"), (secure, plain), gateways)
        await made.both()
        yield made


@pytest.fixture
def key(publisher: LivePublisher) -> ChannelKey:
    """A channel that no other test looks at."""
    return ChannelKey(CLUB, VENUE, (FIRST_DAY + next(_days)).isoformat(), SLOT)


class Pair:
    """`secure` and `plain` are nginx's origins, `log` what the sample's own format says of streams."""

    def __init__(
        self,
        running: Nginx,
        services: Replicas,
        friend: str,
        origins: tuple[int, int],
        ports: list[int],
    ) -> None:
        self.secure = f"https://127.0.0.1:{origins[0]}"
        self.plain = f"http://127.0.0.1:{origins[1]}"
        self.gateways: dict[int, Service] = {}
        self._nginx = running
        self._services = services
        self._friend = friend
        self._ports = ports

    async def both(self) -> list[Service]:
        """Start what does not run, each on its own port every time; ready."""
        for port in self._ports:
            service = self.gateways.get(port)
            if service is None or service.process.returncode is not None:
                self.gateways[port] = await self._services.gateway(
                    port,
                    HOLDFAST_CORS_ORIGINS=self._friend,
                    HOLDFAST_DRAIN_SECONDS="1",
                )
        for service in self.gateways.values():
            await until(partial(is_ready, service))
        return list(self.gateways.values())

    async def quiet(self) -> list[Service]:
        """Both, when those who looked before are gone."""
        for service in await self.both():
            await until(partial(has_clients, service, 0))
        return list(self.gateways.values())

    def log(self) -> list[str]:
        return self._nginx.lines("streams.log")


async def is_ready(service: Service) -> bool:
    """Whether /readyz says so."""
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{service.url}/readyz")).status_code == 200


async def clients_of(service: Service) -> int:
    """How many clients a gateway counts."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{service.admin_url}/metrics")).text
    [line] = [each for each in text.splitlines() if each.startswith("holdfast_gateway_clients ")]
    return int(float(line.split()[1]))


async def has_clients(service: Service, number: int) -> bool:
    """Whether it counts so many."""
    return await clients_of(service) == number
