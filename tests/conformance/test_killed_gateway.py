"""Every client that people use, one gateway that is killed under them: no version missed or twice.

All clients watch side by side, so that one kill and one wait for their `retry` serve them all.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Browser
from tests.conformance.clients import RESUMING, client, each
from tests.conformance.node import Packages
from tests.conformance.recording import Told, those_at
from tests.support.live_publisher import CHANNEL, DATE, SLOT, LivePublisher, live_publisher
from tests.support.services import SECRET, Service, start
from tests.support.until import until

from holdfast.contracts.states import PUBLIC_STATES
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.ports import ReservedPort

FIRST = 3
"""The version of the snapshot: not the beginning of the stream."""
EVENTS = 1000
KILLED_AT = 500
LAST = 50
"""Events kept back until every client is live again, so that each has a replay and what follows."""
PACE = 0.003
PATH = f"/v1/clubs/backroom/venues/leeds/availability/stream?date={DATE}&slotId={SLOT}"


class Scene:
    """A gateway in a process of its own, on a port that it gets back."""

    def __init__(self, nats_url: str, folder: Path) -> None:
        self._log = folder / "gateway.log"
        self.port = ReservedPort()
        self._environ = {
            "HOLDFAST_NATS_URL": nats_url,
            "HOLDFAST_JWT_SECRET": SECRET,
            "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
            "HOLDFAST_ADMIN_PORT": "0",
        }
        self.gateway: Service

    @property
    def url(self) -> str:
        return self.gateway.url + PATH

    async def start(self) -> None:
        self.port.take()
        environ = {**self._environ, "HOLDFAST_STREAM_GATEWAY_PORT": str(self.port.number)}
        self.gateway = await start("stream_gateway", self._log, environ)

    async def kill_and_start(self) -> None:
        await self.gateway.kill()
        await self.start()

    async def close(self) -> None:
        await self.gateway.kill()
        self.port.release()

    async def joins(self) -> dict[str, int]:
        """How clients came to the present gateway: `{kind: number}`."""
        await until(lambda: bool(self.gateway.admin_url))
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"{self.gateway.admin_url}/metrics")).text
        lines = (line for line in text.splitlines() if "_joins_total{kind=" in line)
        return {line.split('"')[1]: int(float(line.split()[-1])) for line in lines}


class Outcome(NamedTuple):
    """What the clients told, how they came to the second gateway, and what is true."""

    told: dict[str, list[Told]]
    joins: dict[str, int]
    truth: dict[str, str]


async def publish(publisher: LivePublisher, up_to: int) -> None:
    while publisher.truth().version < up_to:
        await publisher.publish()
        await asyncio.sleep(PACE)


@pytest.fixture(scope="module")
async def outcome(
    nats_server: EmbeddedNats,
    browser: Browser,
    packages: Packages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """The whole story; it is over before the first test looks at it."""
    scene = Scene(nats_server.url, tmp_path_factory.mktemp("gateway"))
    async with live_publisher(nats_server.url) as publisher, AsyncExitStack() as stack:
        await publish(publisher, FIRST)
        await scene.start()
        stack.push_async_callback(scene.close)
        starting = (
            client(name, scene.url, browser=browser, packages=packages) for name in RESUMING
        )
        clients = [await stack.enter_async_context(one) for one in starting]
        well = await those_at(clients, FIRST)
        await publish(publisher, KILLED_AT)
        async with asyncio.TaskGroup() as group:
            group.create_task(publish(publisher, EVENTS - LAST))
            group.create_task(scene.kill_and_start())
        well = await those_at(well, EVENTS - LAST)
        await publish(publisher, EVENTS)
        await those_at(well, EVENTS)
        sections = publisher.truth(CHANNEL).sections.values()
        return Outcome(
            told={it.name: it.events for it in clients},
            joins=await scene.joins(),
            truth={it.section_id: PUBLIC_STATES[it.state].value for it in sections},
        )


@each(RESUMING)
def test_each_version_once_and_in_order(outcome: Outcome, name: str) -> None:
    first, *rest = outcome.told[name]
    assert first.event == "snapshot"
    assert {event.event for event in rest} == {"availability.updated"}
    assert first.body["version"] == FIRST
    assert [event.body["version"] for event in rest] == list(range(FIRST + 1, EVENTS + 1))


@each(RESUMING)
def test_its_picture_is_the_truth(outcome: Outcome, name: str) -> None:
    first, *rest = (event.body for event in outcome.told[name])
    states = {section["sectionId"]: section["state"] for section in first["sections"]}
    for event in rest:
        states[event["sectionId"]] = event["newState"]
    assert states == outcome.truth


def test_each_client_was_cut_and_came_back_by_its_cursor(outcome: Outcome) -> None:
    assert outcome.joins == {"replay": len(RESUMING)}
