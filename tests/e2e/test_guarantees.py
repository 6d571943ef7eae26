"""What we promise, on real processes: one winner, no stale word, nothing missed, nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from tests.support.checker import Watcher, verify
from tests.support.client import CHANNEL, LATER, Api, World
from tests.support.databases import database_url
from tests.support.services import Service, bearer
from tests.support.tcp_proxy import TcpProxy
from tests.support.until import until

from command_api.leader import LEASE
from holdfast.contracts.subjects import LIVE_STREAM, SNAPSHOTS_BUCKET
from holdfast.runtime.nats import jetstream_api


async def test_200_clients_fight_for_50_sections_on_two_replicas(world: World, api: Api) -> None:
    second = await world.services.command_api()
    gateway = await world.services.gateway()
    watchers = [Watcher(gateway.url, [CHANNEL]) for _ in range(200)]
    watchers[0].headers = bearer("staff", "backroom", sub="sam")
    for watcher in watchers:
        watcher.start()
    await asyncio.gather(*(watcher.at({CHANNEL.name: 0}) for watcher in watchers))
    async with Api(second.url) as other:
        replicas = (api, other)
        tries: Counter[int] = Counter()

        async def customer(number: int) -> list[dict[str, object]]:
            won = []
            for turn in range(5):
                section = f"t{(number * 7 + turn * 11) % 50}"
                side = (number + turn) % 2
                answer = await replicas[side].hold(section, by=f"cus_{number}")
                tries[side] += 1
                if answer.status_code == 201:
                    won.append(answer.json())
                else:
                    problem = answer.json()
                    assert answer.status_code == 409, answer.text
                    assert problem["code"] == "SECTION_NOT_AVAILABLE"
                    assert problem["conflictingSections"] == [section]
            return won

        answers = [hold for won in await asyncio.gather(*map(customer, range(200))) for hold in won]
    sections = [section for answer in answers for section in answer["sectionIds"]]  # type: ignore[attr-defined]
    assert sorted(sections) == sorted(f"t{i}" for i in range(50))
    assert tries == {0: 500, 1: 500}
    await verify(world.database, world.nc, [CHANNEL], watchers, answers)
    for watcher in watchers:
        await watcher.stop()
        assert not watcher.resets


async def test_a_release_on_one_replica_is_true_on_the_other_at_once(
    world: World, api: Api
) -> None:
    second = await world.services.command_api()
    async with Api(second.url) as other:
        for turn in range(20):
            taken = await api.hold("t0", by="ann")
            assert taken.status_code == 201, taken.text
            denied = await other.hold("t0", by="ben")
            assert denied.status_code == 409
            assert (await api.release(taken.json()["holdId"], by="ann")).status_code == 200
            again = await other.hold("t0", by="ben")
            assert again.status_code == 201, (turn, again.text)
            assert (await other.release(again.json()["holdId"], by="ben")).status_code == 200


async def churn(
    api: Api, stop: asyncio.Event, channels: list[object], by: str
) -> list[dict[str, object]]:
    """Hold and release, over and over; answers everything that was acknowledged."""
    answers = []
    turn = 0
    while not stop.is_set():
        channel = channels[turn % len(channels)]
        answer = await api.hold(f"t{turn % 50}", by=by, channel=channel)  # type: ignore[arg-type]
        if answer.status_code == 201:
            answers.append(answer.json())
            released = await api.release(answer.json()["holdId"], by=by)
            assert released.status_code == 200, released.text
        turn += 1
    return answers


async def test_clients_of_a_killed_gateway_miss_nothing_and_see_nothing_twice(
    world: World, api: Api
) -> None:
    first = await world.services.gateway()
    port = int(first.url.rpartition(":")[2])
    staff = bearer("manager", "backroom", sub="sam")
    watchers = [
        *(Watcher(first.url, [CHANNEL]) for _ in range(5)),
        *(Watcher(first.url, [CHANNEL, LATER]) for _ in range(5)),
        Watcher(first.url, [CHANNEL, LATER], staff),
    ]
    for watcher in watchers:
        watcher.start()
    stop = asyncio.Event()
    workers = [asyncio.create_task(churn(api, stop, [CHANNEL, LATER], f"w{i}")) for i in range(4)]
    for _ in range(3):
        seen = watchers[0].screens[CHANNEL.name].version
        await watchers[0].at({CHANNEL.name: seen + 40})
        await first.kill()
        first = await world.services.gateway(port)
        await until(lambda: all(w.connects >= 2 for w in watchers))
        for watcher in watchers:
            watcher.connects = 1
    stop.set()
    answers = [answer for task in await asyncio.gather(*workers) for answer in task]
    await verify(world.database, world.nc, [CHANNEL, LATER], watchers, answers)
    for watcher in watchers:
        await watcher.stop()
        assert not watcher.resets
        for screen in watcher.screens.values():
            assert screen.snapshots == 1, "a resume by Last-Event-ID replays; it needs no snapshot"
            assert sorted(screen.seen) == list(range(min(screen.seen), screen.version + 1))


async def test_a_gateway_that_starts_while_the_relay_stands_still_leaves_nothing_out(
    world: World,
) -> None:
    """Without an entry in the bucket it asks for a snapshot, which is ahead of the stream; who comes
    back from before that must get what leads up to it."""
    service = await world.services.command_api()
    gateway = await world.services.gateway()
    watchers = [Watcher(gateway.url, [CHANNEL]), Watcher(gateway.url, [CHANNEL, LATER])]
    async with Api(service.url) as api:
        await api.set_up()
        for channel in (CHANNEL, LATER):
            assert (await api.hold("t0", channel=channel)).status_code == 201
        for watcher in watchers:
            watcher.start()
            await watcher.at({key.name: 1 for key in watcher.channels})
        async with _without_a_leader(world, service):
            await jetstream_api(world.nc, f"STREAM.DELETE.KV_{SNAPSHOTS_BUCKET}")
            for number in range(1, 20):
                assert (await api.hold(f"t{number}", by=f"c{number}")).status_code == 201
            await gateway.kill()
            port = int(gateway.url.rpartition(":")[2])
            gateway = await world.services.gateway(port, HOLDFAST_OPEN_SECONDS="1")
            await until(lambda: all(watcher.connects >= 2 for watcher in watchers))
            async with Api(gateway.url) as reader:
                # Answered once the channel is open, or known not to open.
                path = "/v1/clubs/backroom/venues/leeds/availability"
                place = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
                assert (await reader.http.get(path, params=place)).status_code in (200, 503)
        assert (await api.hold("t20", by="late")).status_code == 201
        await verify(world.database, world.nc, [CHANNEL, LATER], watchers)
    for watcher in watchers:
        await watcher.stop()
        assert not watcher.resets


@asynccontextmanager
async def _without_a_leader(world: World, service: Service) -> AsyncIterator[None]:
    """Somebody else has the lease, and does nothing."""
    lease = await asyncpg.connect(world.database)
    try:
        waiting = asyncio.create_task(lease.execute("select pg_advisory_lock($1)", LEASE))
        other = await asyncpg.connect(world.database)
        await other.execute(
            "select pg_terminate_backend(pid) from pg_locks"
            " where locktype = 'advisory' and granted and pid <> pg_backend_pid()"
            " and database = (select oid from pg_database where datname = current_database())"
        )
        await other.close()
        await waiting
        await until(lambda: "no longer leading" in service.log.read_text())
        yield
    finally:
        await lease.close()


async def test_events_of_a_killed_command_api_come_out_after_its_restart(world: World) -> None:
    assert world.nats.port is not None
    async with TcpProxy(world.nats.port) as proxy:
        service = await world.services.command_api(
            HOLDFAST_NATS_URL=f"nats://127.0.0.1:{proxy.port}"
        )
        async with Api(service.url) as api:
            await api.set_up()
            assert (await api.hold("t0")).status_code == 201
            await _published(world, 1)
            proxy.stall()  # publishing goes out, or not; no word of it comes back
            answers = await asyncio.gather(*(api.hold(f"t{i}", by=f"c{i}") for i in range(1, 40)))
            assert all(answer.status_code == 201 for answer in answers)
            await service.kill()
        proxy.cut()
    restarted = await world.services.command_api()
    gateway = await world.services.gateway()
    watcher = Watcher(gateway.url, [CHANNEL])
    watcher.start()
    async with Api(restarted.url) as api:
        assert (await api.hold("t40")).status_code == 201
    await verify(
        world.database, world.nc, [CHANNEL], [watcher], [answer.json() for answer in answers]
    )
    await watcher.stop()


async def _published(world: World, messages: int) -> None:
    async def there() -> bool:
        info = await jetstream_api(world.nc, f"STREAM.INFO.{LIVE_STREAM}")
        return bool(info["state"]["messages"] >= messages)

    await until(there)


async def test_an_answer_that_was_lost_is_not_carried_out_twice(
    world: World, postgres_url: str
) -> None:
    name = world.database.rpartition("/")[2]
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    async with TcpProxy(port) as proxy:
        service = await world.services.command_api(
            HOLDFAST_POSTGRES_URL=database_url(postgres_url, name, proxy.port)
        )
        async with Api(service.url) as api:
            await api.set_up()
            assert (await api.hold("t0")).status_code == 201
            proxy.stall()
            pending = [asyncio.create_task(api.hold(f"t{i}", by=f"c{i}")) for i in range(1, 20)]

            async def swallowed() -> bool:
                return proxy.swallowed > 0

            await until(swallowed)
            proxy.cut()
            answers = [task.json() for task in await asyncio.gather(*pending)]
            assert sorted(answer["sectionIds"][0] for answer in answers) == sorted(
                f"t{i}" for i in range(1, 20)
            )
            gateway = await world.services.gateway()
            watcher = Watcher(gateway.url, [CHANNEL])
            watcher.start()
            await verify(world.database, world.nc, [CHANNEL], [watcher], answers)
            await watcher.stop()
            assert watcher.screens[CHANNEL.name].version == 20


async def test_a_deleted_stream_is_a_new_epoch_and_a_right_snapshot_for_everybody(
    world: World, api: Api
) -> None:
    gateway = await world.services.gateway()
    watchers = [Watcher(gateway.url, [CHANNEL]), Watcher(gateway.url, [CHANNEL, LATER])]
    for watcher in watchers:
        watcher.start()
    for number in range(10):
        assert (await api.hold(f"t{number}", by=f"c{number}")).status_code == 201
    for watcher in watchers:
        await watcher.at({CHANNEL.name: 10})
    before = watchers[0].last_id
    assert (await jetstream_api(world.nc, f"STREAM.DELETE.{LIVE_STREAM}"))["success"]
    await until(lambda: all(watcher.resets for watcher in watchers))
    assert (await api.hold("t10", by="late")).status_code == 201
    await verify(world.database, world.nc, [CHANNEL, LATER], watchers)
    for watcher in watchers:
        await watcher.stop()
        assert watcher.resets == ["epoch_changed"]
        assert watcher.last_id is not None and before is not None
        assert watcher.last_id.split("-")[0] != before.split("-")[0]
        assert watcher.screens[CHANNEL.name].snapshots >= 2
