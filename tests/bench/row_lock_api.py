"""The way that is usual elsewhere, to compare with: one transaction per request under a row lock.

`POST /holds` → begin; lock the channel's row; is the section free? insert the claim and the event, move
the version; commit. A pool of 16 connections, starlette and uvicorn as we have them. Run as
`python tests/bench/row_lock_api.py DSN`; prints the port.
"""

from __future__ import annotations

import asyncio
import sys

import asyncpg
import msgspec
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from holdfast.runtime.auth import TokenVerifier
from holdfast.runtime.serve import EmbeddedServer, bind, port_of, server_config

SCHEMA = """
create schema rowlock;
create table rowlock.channels (id text primary key, version bigint not null);
create table rowlock.claims (channel text, section text, hold_id text not null, until timestamptz not null,
    primary key (channel, section));
create table rowlock.events (
    channel text, version bigint, body jsonb not null, primary key (channel, version));
create table rowlock.keys (key text primary key, reply bytea not null);
insert into rowlock.channels values ('hot', 0);
"""


async def main(url: str, secret: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(SCHEMA)
    await connection.close()
    pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
    verifier = TokenVerifier(secret)

    async def hold(request: Request) -> Response:
        verifier.verify(request.headers["authorization"][7:])
        section = msgspec.json.decode(await request.body())["sectionIds"][0]
        key = request.headers["idempotency-key"]
        async with pool.acquire() as connection, connection.transaction():
            version = await connection.fetchval(
                "select version + 1 from rowlock.channels where id = 'hot' for update"
            )
            taken = await connection.fetchval(
                "select true from rowlock.claims where channel = 'hot' and section = $1", section
            )
            if taken:
                return Response(b'{"code":"SECTION_NOT_AVAILABLE"}', 409)
            await connection.execute(
                "insert into rowlock.claims values ('hot', $1, $2, clock_timestamp() + '5 min')",
                section,
                key,
            )
            await connection.execute(
                "insert into rowlock.events values ('hot', $1, $2)",
                version,
                msgspec.json.encode(
                    {"sectionId": section, "newState": "held", "version": version}
                ).decode(),
            )
            await connection.execute("insert into rowlock.keys values ($1, $2)", key, b"{}")
            await connection.execute(
                "update rowlock.channels set version = $1 where id = 'hot'", version
            )
        return Response(msgspec.json.encode({"holdId": key, "version": version}), 201)

    listener = bind("127.0.0.1", 0)
    sys.stdout.write(f"{port_of(listener)}\n")
    sys.stdout.flush()
    app = Starlette(routes=[Route("/holds", hold, methods=["POST"])])
    await EmbeddedServer(server_config(app)).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(asyncio.wait_for(main(sys.argv[1], sys.argv[2]), 300))
