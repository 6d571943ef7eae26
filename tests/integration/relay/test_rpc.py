"""The micro endpoints, as any NATS client calls them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from nats.aio.msg import Msg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.support.commands import CHANNEL, hold, plain_venue
from tests.support.relay import drained, running
from tests.support.until import until

from command_api import snapshot_reads
from command_api.clock import DatabaseClock
from command_api.entries import decode_entry
from command_api.relay import Relay
from command_api.rpc import Rpc
from command_api.store.moment import load_moment
from command_api.store.reads import Reads
from command_api.store.venues import put_venue
from command_api.writer import Writer
from holdfast.contracts.snapshots import SnapshotRecord
from holdfast.contracts.venues import ClubDefinition

if TYPE_CHECKING:
    from tests.integration.relay.conftest import Connect

    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client
    from holdfast_dev.nats import EmbeddedNats


async def echo(request: Request) -> Response:
    """Answers with what it was asked."""
    given = {name: value for name, value in request.headers.items() if name != "host"}
    body = {"query": request.url.query, "headers": given, "body": (await request.body()).decode()}
    return JSONResponse(body, status_code=201, headers={"location": request.url.path})


async def nothing(_: Request) -> Response:
    return Response(status_code=204)


APP = Starlette(
    routes=[
        Route("/v1/echo/{rest:path}", echo, methods=["POST", "GET"]),
        Route("/v1/nothing", nothing, methods=["DELETE"]),
    ]
)


@pytest.fixture
async def rpc(nc: Client, pool: Pool, writer_pool: Pool) -> AsyncIterator[Rpc]:
    await Reads(writer_pool, pool).put_club("backroom", ClubDefinition(name="Backroom"))
    await put_venue(writer_pool, "backroom", "leeds", plain_venue(3), None)
    rpc = Rpc(nc, writer_pool, APP)
    await rpc.start()
    await nc.flush()
    yield rpc
    await rpc.stop()


@pytest.fixture
async def caller(nats: EmbeddedNats, connect: Connect, rpc: Rpc) -> Client:
    return await connect(nats.url)


@pytest.fixture
async def writer(fresh_database: str, writer_pool: Pool, rpc: Rpc) -> AsyncIterator[Writer]:
    writer = Writer(fresh_database, writer_pool, DatabaseClock())
    await writer.start()
    yield writer
    await writer.stop()


async def ask(caller: Client, channel: str) -> Msg:
    body = msgspec.json.encode({"channel": channel})
    return await caller.request("holdfast.v1.snapshot", body, timeout=5)


async def snapshot(caller: Client, channel: str = CHANNEL.name) -> SnapshotRecord:
    answer = await ask(caller, channel)
    assert (answer.headers or {}).get("content-encoding") == "gzip", answer
    return decode_entry(answer.data)


async def test_a_published_channel_comes_with_its_sequence(
    caller: Client, pool: Pool, nc: Client, writer: Writer
) -> None:
    relay = Relay(pool, nc)
    async with running(relay):
        await writer.submit(hold("t1", "t2"))
        await drained(pool)
    record = await snapshot(caller)
    seq = await pool.fetchval("select published_seq from holdfast.progress")
    assert (record.seq, record.snapshot.version, record.public_read) == (seq, 2, True)
    assert (record.published_version, record.is_published) == (2, True)
    assert record.snapshot.cursor == f"{relay.epoch}-{seq}"
    assert [section.state for section in record.snapshot.sections] == ["available", "held", "held"]

    await writer.submit(hold("t0"))  # nobody publishes it
    ahead = await snapshot(caller)
    assert (ahead.seq, ahead.snapshot.version, ahead.snapshot.cursor) == (seq, 3, None)
    assert (ahead.published_version, ahead.is_published) == (2, False)


async def test_a_channel_that_nothing_happened_on_gets_a_head(
    caller: Client, pool: Pool, nc: Client, writer_pool: Pool
) -> None:
    relay = Relay(pool, nc)
    async with running(relay):
        await until(lambda: relay.ready)
        records = await asyncio.gather(*(snapshot(caller) for _ in range(10)))
        assert {(record.seq, record.snapshot.version) for record in records} == {(0, 0)}
        # So that a new layout is an event of this channel, and not a silent change.
        changed = await put_venue(writer_pool, "backroom", "leeds", plain_venue(4), 1)
        assert changed.changed == [CHANNEL]
        await drained(pool)
    record = await snapshot(caller)
    assert (record.snapshot.version, record.snapshot.layout_version) == (1, 2)
    assert record.seq > 0


@pytest.mark.parametrize(
    ("channel", "status", "code"),
    [
        ("availability:backroom:nowhere:2027-03-01:slot_21_00", "404", "VENUE_NOT_FOUND"),
        ("availability:elsewhere:leeds:2027-03-01:slot_21_00", "404", "VENUE_NOT_FOUND"),
        ("availability:backroom:leeds:2027-03-01:slot_09_00", "404", "SLOT_NOT_FOUND"),
        ("availability:backroom:leeds:2027-02-31:slot_21_00", "400", "VALIDATION_FAILED"),
        ("customer:backroom:cus_1", "400", "VALIDATION_FAILED"),
        ("availability:backroom:leeds:2027-03-01:slot_21_00", "503", "UNAVAILABLE"),
    ],
)
async def test_refusals_are_problems_with_the_micro_error_headers(
    caller: Client, channel: str, status: str, code: str
) -> None:
    answer = await ask(caller, channel)
    assert answer.headers is not None
    assert answer.headers["Nats-Service-Error-Code"] == status
    assert answer.headers["Nats-Service-Error"] == code
    problem = msgspec.json.decode(answer.data)
    assert (problem["status"], problem["code"]) == (int(status), code)


async def test_the_same_question_at_once_is_one_load_and_too_many_are_refused(
    caller: Client, pool: Pool, nc: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(pool, nc)
    async with running(relay):
        await until(lambda: relay.ready)
        await snapshot(caller)
        loads = 0
        go = asyncio.Event()
        original = load_moment

        async def slow(*args: Any) -> Any:
            nonlocal loads
            loads += 1
            await go.wait()
            return await original(*args)

        monkeypatch.setattr(snapshot_reads, "load_moment", slow)
        asking = [asyncio.create_task(ask(caller, CHANNEL.name)) for _ in range(70)]
        done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        codes = [(task.result().headers or {}).get("Nats-Service-Error-Code") for task in done]
        assert set(codes) == {"503"}
        go.set()
        answers = await asyncio.gather(*asking)
        refused = [
            answer for answer in answers if "Nats-Service-Error-Code" in (answer.headers or {})
        ]
        assert len(refused) == 6
        assert loads == 1


async def test_a_command_goes_through_the_http_application(caller: Client) -> None:
    async def send(body: dict[str, Any]) -> dict[str, Any]:
        answer = await caller.request(
            "holdfast.v1.command",
            msgspec.json.encode(body),
            headers={"Authorization": "Bearer x", "Idempotency-Key": "k", "X-Other": "no"},
            timeout=5,
        )
        reply: dict[str, Any] = msgspec.json.decode(answer.data)
        return reply

    reply = await send({"method": "POST", "path": "/v1/echo/a%20b?x=1&y=2", "body": {"n": 1}})
    assert (reply["status"], reply["headers"]["location"]) == (201, "/v1/echo/a b")
    seen = reply["body"]
    assert (seen["query"], seen["body"]) == ("x=1&y=2", '{"n":1}')
    assert seen["headers"] == {
        "authorization": "Bearer x",
        "idempotency-key": "k",
        "accept": "application/json",
        "content-type": "application/json",
        "content-length": "7",
    }
    assert (await send({"method": "DELETE", "path": "/v1/nothing"}))["body"] is None
    none = await send({"method": "GET", "path": "/v1/none"})
    assert (none["status"], none["body"]) == (404, "Not Found")


async def test_the_service_can_be_found(caller: Client) -> None:
    answer = await caller.request("$SRV.INFO.holdfast-command-api", b"", timeout=5)
    endpoints = msgspec.json.decode(answer.data)["endpoints"]
    assert {(e["name"], e["subject"], e["queue_group"]) for e in endpoints} == {
        ("snapshot", "holdfast.v1.snapshot", "command-api"),
        ("command", "holdfast.v1.command", "command-api"),
    }
