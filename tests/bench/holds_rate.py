"""Committed holds a second over HTTP on one hot channel, against a row-lock transaction per request.

    .venv/bin/python -m tests.bench.holds_rate

Both on the same Postgres (fsync on) with the same client, connections, token checks and idempotency
keys; Postgres, the service and the client share this machine's cores. Budget: ≥ 5,000/s and ≥ 5 ×.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

import asyncpg
import httpx
import msgspec
import uvloop
from tests.bench.http_load import LoadResult, load, post
from tests.support.commands import plain_venue
from tests.support.databases import database_url, make_template
from tests.support.services import SECRET, bearer, replicas

from command_api.store.pool import open_pool
from command_api.store.venues import put_venue
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres

CONNECTIONS = 128
HOLDS = 20_000
BASELINE = 4_000
DATE, SLOT = "2027-03-01", "slot_21_00"


def _hold(path: str, section: str) -> bytes:
    body = msgspec.json.encode({"date": DATE, "slotId": SLOT, "sectionIds": [section]})
    headers = {**bearer("customer"), "idempotency-key": secrets.token_hex(12)}
    return post(path, body, headers)


async def _holdfast(postgres_url: str, nats_url: str, folder: Path, sections: int) -> LoadResult:
    name = await make_template(postgres_url)
    url = database_url(postgres_url, name)
    pool = await open_pool(url, "holdfast_writer", application="bench", size=2)
    async with pool.acquire() as connection:
        await connection.execute("select set_config('holdfast.clubs', '{backroom}', false)")
        await connection.execute(
            "insert into holdfast.clubs (club, created_ms) values ('backroom', 0)"
        )
    await put_venue(pool, "backroom", "leeds", plain_venue(sections), None)
    await pool.close()
    async with replicas(url, nats_url, folder, HOLDFAST_LOG_LEVEL="warning") as started:
        service = await started.command_api()
        address = httpx.URL(service.url)
        path = "/v1/clubs/backroom/venues/leeds/holds"
        requests = [_hold(path, f"t{i}") for i in range(sections)]
        warm, hot = iter(requests[:500]), iter(requests[500:])
        await load(address.host, address.port or 80, warm, CONNECTIONS)
        result = await load(address.host, address.port or 80, hot, CONNECTIONS)
        await service.stop()
    look = await asyncpg.connect(url)
    committed = await look.fetchval("select count(*) from holdfast.claims")
    await look.close()
    assert committed == sections, f"acknowledged {sections}, committed {committed}"
    return result


async def _row_lock(postgres_url: str) -> LoadResult:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("row_lock_api.py")),
        postgres_url,
        SECRET,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        requests = iter([_hold("/holds", f"t{i}") for i in range(BASELINE)])
        return await load("127.0.0.1", port, requests, CONNECTIONS)
    finally:
        process.kill()
        await process.wait()


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            EmbeddedPostgres(folder / "pg") as postgres,
            EmbeddedNats(folder / "nats") as nats,
        ):
            ours = await _holdfast(postgres.url, nats.url, folder, HOLDS)
            theirs = await _row_lock(postgres.url)
    for label, result in (("holdfast, group commit", ours), ("row lock per request", theirs)):
        print(
            f"{label:24} {result.rate:8,.0f} holds/s   p50 {result.percentile(0.5):6.1f} ms"
            f"   p99 {result.percentile(0.99):6.1f} ms   {result.statuses}"
        )
    print(f"{'ratio':24} {ours.rate / theirs.rate:8.1f} ×   (budget: ≥ 5 ×, and ≥ 5,000 holds/s)")


if __name__ == "__main__":
    uvloop.run(main())
