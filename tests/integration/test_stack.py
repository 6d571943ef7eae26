"""The one-machine stack as a user has it: started, used as printed, refused, killed, stopped."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.support.one_machine import OneMachine, one_machine, pasted, read_until, watched
from tests.support.sse_client import Client, View
from tests.support.until import until

from holdfast_dev.banner import READY
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")


@pytest.fixture(scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OneMachine]:
    """A stack with two of each service, for all tests that leave it running."""
    folder = tmp_path_factory.mktemp("machine")
    async with one_machine(folder, COMMAND_APIS="2", GATEWAYS="2") as started:
        yield started


def ports(machine: OneMachine) -> dict[str, str]:
    """Settings by which a second stack wants the ports of the first."""
    return {
        "HOLDFAST_COMMAND_API_PORT": machine.addresses["command-api"].rpartition(":")[2],
        "HOLDFAST_STREAM_GATEWAY_PORT": machine.addresses["stream-gateway"].rpartition(":")[2],
    }


async def refused(machine: OneMachine) -> str:
    """Starts what must be refused; what it says."""
    await machine.start()
    assert await machine.wait() == 1
    assert READY not in machine.said
    return machine.errors.read_text()


async def test_says_ready_once_and_all_services_answer(machine: OneMachine) -> None:
    assert machine.said.count(READY) == 1
    assert machine.said[-1] == READY
    services = ["command-api", "command-api-2", "stream-gateway", "stream-gateway-2"]
    assert machine.addresses.keys() == {
        *services,
        *(f"{service} metrics" for service in services),
        "Postgres",
        "NATS",
    }
    async with httpx.AsyncClient() as client:
        for service in services:
            answer = await client.get(machine.addresses[service] + "/readyz")
            assert answer.status_code == 200
            answer = await client.get(machine.addresses[f"{service} metrics"])
            assert "# HELP" in answer.text


async def test_all_demo_venues_are_in(machine: OneMachine) -> None:
    token = machine.token("admin")
    async with httpx.AsyncClient(
        base_url=machine.addresses["command-api-2"], headers={"authorization": f"Bearer {token}"}
    ) as client:
        for path, sections in (
            ("backroom/venues/leeds", 16),
            ("backroom/venues/basement", 21),
            ("grand/venues/arena", 10_108),
            ("care/venues/clinic", 4),
        ):
            answer = await client.get(f"/v1/clubs/{path}")
            assert len(answer.json()["sections"]) == sections


async def test_the_printed_commands_work_as_pasted(machine: OneMachine) -> None:
    lines = {title.partition(":")[0]: line for title, line in machine.commands.items()}
    async with (
        watched(lines["watch"]) as public,
        watched(lines["watch as the manager"]) as staff,
    ):
        assert "event: snapshot" in await read_until(public, '"sections"')
        await read_until(staff, '"sections"')

        hold = json.loads(await pasted(lines["hold a table for five minutes"]))
        assert hold["status"] == "active"
        assert '"newState":"held"' in await read_until(public, f'"version":{hold["version"]}')
        assert hold["holdId"] in await read_until(staff, f'"version":{hold["version"]}')

        late = json.loads(await pasted(lines["a second customer wants the same table"]))
        assert late["code"] == "SECTION_NOT_AVAILABLE"

        booking = json.loads(await pasted(lines["confirm the last hold"]))
        assert booking["status"] == "confirmed"
        assert booking["holdId"] == hold["holdId"]

        other = json.loads(await pasted(lines["hold another table"]))
        released = json.loads(await pasted(lines["release the last hold"]))
        assert released["holdId"] == other["holdId"]
        assert released["status"] == "released"
        live = await read_until(public, f'"version":{released["version"]}')

    async with watched(lines["reconnect where the stream was when all began"]) as resumed:
        replayed = await read_until(resumed, f'"version":{released["version"]}')
    assert "event: snapshot" not in replayed
    assert live.splitlines()[-1] in replayed

    snapshot = json.loads(await pasted(lines["a snapshot alone"]))
    states = {section["sectionId"]: section["state"] for section in snapshot["sections"]}
    assert states["table_05"] == "unavailable"
    assert states["table_06"] == "available"


async def test_a_client_resumes_on_any_gateway(machine: OneMachine) -> None:
    gateways = [machine.addresses[name] for name in ("stream-gateway", "stream-gateway-2")]
    path = f"/v1/stream?channel=availability:grand:arena:{machine.date}:evening"
    view = View()
    last = ""
    for number, url in enumerate((*gateways, *gateways, gateways[1])):
        if number:
            await hold_a_seat(machine, f"missed-{number}")  # while it is nowhere
        async with Client(url + path, {"Last-Event-ID": last} if last else {}) as client:
            await client.until(lambda client=client: bool(client.events))  # type: ignore[misc]
            version = await hold_a_seat(machine, f"seen-{number}")
            await client.until(
                lambda client=client, version=version: client.last.data.get("version") == version  # type: ignore[misc]
            )
            for event in client.events:
                view.take(event)  # no hole and no double
            last = client.last_event_id
    assert (view.snapshots, view.resets) == (1, [])


async def hold_a_seat(machine: OneMachine, key: str) -> int:
    """The version at which it is held."""
    body = {"date": machine.date, "slotId": "evening", "bestAvailable": {"quantity": 1}}
    headers = {
        "authorization": f"Bearer {machine.token('customer')}",
        "idempotency-key": f"any-gateway-{key}",
    }
    url = machine.addresses["command-api"]
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        answer = await client.post("/v1/clubs/grand/venues/arena/holds", json=body)
    assert answer.status_code == 201, answer.text
    version: int = answer.json()["version"]
    return version


async def test_a_second_stack_on_the_folder_is_refused_at_once(machine: OneMachine) -> None:
    second = OneMachine(machine.folder)
    second.errors = machine.folder / "second.log"
    said = await refused(second)
    assert f"process {machine.pid} already runs on {machine.data}" in said
    assert "HOLDFAST_DATA_DIR=" in said
    assert "make run" in said


async def test_a_second_stack_on_the_ports_is_refused_at_once(
    machine: OneMachine, tmp_path: Path
) -> None:
    second = OneMachine(tmp_path, **ports(machine))
    said = await refused(second)
    [owner] = {pid for pid in machine.processes("-m command_api") if f"process {pid} (" in said}
    assert owner
    assert f"port {ports(machine)['HOLDFAST_COMMAND_API_PORT']} is taken by process" in said
    assert not second.processes()
    assert all([await answers(url) for url in machine.addresses.values() if url.startswith("http")])


async def answers(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(url.removesuffix("/metrics") + "/readyz")).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.mark.parametrize(
    "program", ["-m command_api", "-m stream_gateway", "nats-server", "postgres -D"]
)
async def test_a_killed_child_is_started_again(machine: OneMachine, program: str) -> None:
    before = machine.errors.read_text().count(" is back\n")
    killed = min(machine.processes(program))

    os.kill(killed, signal.SIGKILL)

    await until(lambda: machine.errors.read_text().count(" is back\n") > before)
    assert "ended (SIGKILL); starting it again" in machine.errors.read_text()
    assert machine.said.count(READY) == 1
    for service in ("command-api", "command-api-2"):
        await until(partial(holds_a_seat, machine, service, program))
    await until(lambda: all_answer(machine))


async def holds_a_seat(machine: OneMachine, service: str, key: str) -> bool:
    body = {"date": machine.date, "slotId": "evening", "bestAvailable": {"quantity": 1}}
    headers = {
        "authorization": f"Bearer {machine.token('customer')}",
        "idempotency-key": f"{service}-{key}".replace(" ", ""),
    }
    async with httpx.AsyncClient(base_url=machine.addresses[service], headers=headers) as client:
        try:
            answer = await client.post("/v1/clubs/grand/venues/arena/holds", json=body)
        except httpx.HTTPError:
            return False
    return answer.status_code == 201


async def all_answer(machine: OneMachine) -> bool:
    urls = [url for name, url in machine.addresses.items() if "metrics" in name]
    return all(await asyncio.gather(*map(answers, urls)))


async def test_stops_in_order_keeps_the_state_and_leaves_nothing_after_a_kill(
    tmp_path: Path,
) -> None:
    async with one_machine(tmp_path) as machine:
        lines = {title.partition(":")[0]: line for title, line in machine.commands.items()}
        await pasted(lines["hold a table for five minutes"])
        booking = json.loads(await pasted(lines["confirm the last hold"]))
        admin = machine.token("admin")
        assert len(machine.processes("-m command_api")) == 1

        assert await machine.end(signal.SIGINT) == 0

        assert machine.processes() == []
        assert machine.said[-2:] == ["stopping", "stopped"]

        await machine.ready()
        api = machine.addresses["command-api"] + "/v1/clubs/backroom/venues/leeds"
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {admin}"}) as client:
            # the old token is good, so the secret was kept; the old booking is there
            kept = await client.get(f"{api}/bookings/{booking['bookingId']}")
            assert kept.json()["reference"] == booking["reference"]
            # nothing was sent for the demo that was there
            assert (await client.get(api)).json()["revision"] == 1
        # the examples went on to a date on which their tables are free
        assert machine.date > booking["date"]

        assert await machine.end(signal.SIGKILL) == -signal.SIGKILL
        await until(lambda: not machine.processes())

        await machine.ready()
        assert await machine.end() == 0
        assert machine.processes() == []


async def test_a_signal_while_it_starts_stops_what_has_been_started(tmp_path: Path) -> None:
    machine = OneMachine(tmp_path)
    starting = asyncio.create_task(machine.start())
    await until(lambda: len(machine.said) == 1)  # "starting postgres and nats"

    assert await machine.end() == 0

    await starting
    assert READY not in machine.said
    assert machine.processes() == []


async def test_what_somebody_made_of_a_demo_venue_stays(tmp_path: Path) -> None:
    async with one_machine(tmp_path) as machine:
        path = "/v1/clubs/backroom/venues/leeds"
        headers = {"authorization": f"Bearer {machine.token('admin')}"}
        async with httpx.AsyncClient(
            base_url=machine.addresses["command-api"], headers=headers
        ) as client:
            stored = await client.get(path)
            known = {"name", "timezone", "currency", "policy", "slots", "categories", "sections"}
            body = {k: v for k, v in stored.json().items() if k in known} | {"name": "Mine"}
            changed = await client.put(
                path, json=body, headers={"if-match": stored.headers["etag"]}
            )
            assert changed.status_code == 200, changed.text
        await machine.end()
        await machine.ready()
        async with httpx.AsyncClient(base_url=machine.addresses["command-api"]) as client:
            assert (await client.get(path)).json()["name"] == "Mine"


async def test_uses_real_servers_and_gives_up_on_a_child_that_keeps_ending(tmp_path: Path) -> None:
    async with (
        EmbeddedPostgres(tmp_path / "postgres", fsync=False) as postgres,
        EmbeddedNats(tmp_path / "nats", sync_interval="2m") as nats,
        one_machine(
            tmp_path, HOLDFAST_POSTGRES_URL=postgres.url, HOLDFAST_NATS_URL=nats.url
        ) as machine,
    ):
        assert machine.addresses["NATS"] == nats.url
        assert "***" in machine.addresses["Postgres"]
        assert machine.processes("postgres") == machine.processes("nats-server") == []
        kill_gateway(machine)
        await until(lambda: "stream-gateway is back\n" in machine.errors.read_text())
        kill_gateway(machine)

        assert await machine.wait() == 1

        assert machine.processes() == []
        said = machine.errors.read_text()
        assert "stream-gateway ended twice in a short time: SIGKILL" in said
        assert "stream-gateway listening on http://127.0.0.1:" in said
        assert postgres.pid is not None
        assert nats.pid is not None


def kill_gateway(machine: OneMachine) -> None:
    [gateway] = machine.processes("-m stream_gateway")
    os.kill(gateway, signal.SIGKILL)
