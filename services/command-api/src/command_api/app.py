"""Composition root: everything made once, started in order, stopped in the reverse.

HTTP ─▶ writer ─▶ Postgres       on the leader: relay ─▶ NATS, snapshots, venues bucket,
NATS requests ─▶ writer, reads                  sweeper, retention
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from command_api.clock import DatabaseClock
from command_api.config import Config
from command_api.hints import Hints
from command_api.http.app import create_app
from command_api.http.call import Services
from command_api.http.guests import Guests
from command_api.http.payment_secrets import PaymentSecrets
from command_api.leader import Leader
from command_api.metrics import HttpMetrics, WriterMetrics
from command_api.relay import Relay
from command_api.relay_metrics import RelayMetrics
from command_api.retention import Retention
from command_api.rpc import Rpc
from command_api.snapshots import Snapshots
from command_api.store.pool import open_pool
from command_api.store.reads import Reads
from command_api.store.venues import VenueStored, put_venue
from command_api.streams import StreamSettings
from command_api.sweeper import Sweeper
from command_api.venues_bucket import VenuesBucket
from command_api.waitlist_duty import WaitlistDuty
from command_api.warnings import Warnings
from command_api.writer import Writer
from holdfast.runtime.addresses import Addresses
from holdfast.runtime.auth import TokenVerifier
from holdfast.runtime.memory import settle_gc
from holdfast.runtime.metrics import metrics_route
from holdfast.runtime.nats import connect_nats
from holdfast.runtime.serve import (
    EmbeddedServer,
    address_of,
    bind,
    on_stop_signals,
    server_config,
    started,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from command_api.store.pool import Pool
    from holdfast.contracts.venues import VenueDefinition

log = logging.getLogger("holdfast.command-api")

START_SECONDS = 60.0
"""How long Postgres and NATS may take to answer at the start."""


async def serve(config: Config) -> int:
    """Run until SIGTERM or SIGINT; the exit status."""
    stop = asyncio.Event()
    on_stop_signals(lambda _: stop.set())
    try:
        listener = bind(config.command_api_host, config.command_api_port)
        admin = (
            None if config.admin_port is None else bind(config.command_api_host, config.admin_port)
        )
    except OSError as error:
        sys.stderr.write(f"command-api: the port cannot be taken: {error}\n")
        return 1
    async with AsyncExitStack() as stack:
        starting = asyncio.create_task(compose(config, stack, stop), name="start")
        waiting = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 0
        waiting.cancel()
        try:
            app, admin_app = starting.result()
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            sys.stderr.write(f"command-api: cannot start: {error!r}\n")
            return 1
        servers = [(app, listener, "command-api")]
        if admin is not None:
            servers.append((admin_app, admin, "command-api admin"))
        settle_gc()
        await _serve(config, servers, stop)
    return 0


async def _serve(config: Config, apps: list[tuple[ASGIApp, Any, str]], stop: asyncio.Event) -> None:
    """Serve until `stop`, then let requests under way end."""
    running = []
    for app, listener, name in apps:
        drain = max(1, round(config.drain_seconds))
        server = EmbeddedServer(
            server_config(
                app,
                timeout_graceful_shutdown=drain,
                timeout_keep_alive=config.keep_alive_seconds,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]), name=f"serve {name}")
        await started(server, task)
        running.append((server, task))
        sys.stdout.write(f"{name} listening on {address_of(listener)}\n")
        sys.stdout.flush()
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait(
        {stopping, *(task for _, task in running)}, return_when=asyncio.FIRST_COMPLETED
    )
    stopping.cancel()
    for server, _ in running:
        server.should_exit = True
    for _, task in running:
        await task


async def compose(
    config: Config, stack: AsyncExitStack, stop: asyncio.Event
) -> tuple[ASGIApp, ASGIApp]:
    """Start every part; answers the public app and the admin one. `stack` stops them in reverse."""
    registry = CollectorRegistry()
    relay_metrics = RelayMetrics(registry)
    clock = DatabaseClock()
    open_ = partial(open_pool, config.postgres_url)
    async with asyncio.timeout(START_SECONDS):
        pool = await _patiently(
            partial(open_, "holdfast_writer", application="holdfast api", size=config.pool_size)
        )
        stack.push_async_callback(_close, pool)
        platform_size = max(4, config.pool_size // 2)
        platform = await open_("holdfast_relay", application="holdfast leader", size=platform_size)
        stack.push_async_callback(_close, platform)
        nc = await connect_nats(config.nats_url, "command-api")
        stack.push_async_callback(nc.close)

    reads = Reads(pool, platform)
    settings = StreamSettings(replicas=config.nats_replicas)
    snapshots = Snapshots(platform, nc, metrics=relay_metrics, now_ms=clock.now_ms)
    relay = Relay(platform, nc, settings=settings, metrics=relay_metrics, followers=[snapshots])
    leader: Leader | None = None

    def leading() -> bool:
        return leader is not None and leader.leading

    def venue_changed(club: str, venue: str) -> None:
        snapshots.venue_changed(club, venue)

    bucket = VenuesBucket(platform, nc, on_change=venue_changed)
    hints = Hints(nc, relay, bucket, leading)
    writer = Writer(config.postgres_url, pool, clock, hints.committed)
    WriterMetrics(registry, writer)
    duties = {
        "relay": relay.run,
        "snapshots": snapshots.run,
        "venues": bucket.run,
        "sweeper": Sweeper(platform, writer, clock).run,
        "warnings": Warnings(platform, writer, clock).run,
        "waitlist": WaitlistDuty(platform, writer).run,
        "retention": Retention(platform, clock).run,
    }
    leader = Leader(config.postgres_url, duties, metrics=relay_metrics)

    async def store_venue(
        club: str, venue: str, definition: VenueDefinition, if_revision: int | None
    ) -> VenueStored:
        stored = await put_venue(pool, club, venue, definition, if_revision)
        hints.venue_changed(club, venue)
        hints.committed(stored.changed)
        return stored

    def readiness() -> dict[str, bool]:
        return {"postgres": writer.connected, "running": not stop.is_set()}

    http_metrics = HttpMetrics(registry)
    services = Services(
        writer=writer,
        reads=reads,
        put_venue=store_venue,
        verifier=TokenVerifier(config.jwt_secret),
        clock=clock.now,
        readiness=readiness,
        guests=Guests(
            config.jwt_secret,
            Addresses(config.trusted_proxies),
            per_minute=config.guest_sessions_per_minute,
            session_seconds=config.guest_session_seconds,
        ),
        payment_secrets=PaymentSecrets(config.payment_secrets),
        stale_attempt=http_metrics.stale_attempt,
    )
    app = create_app(services, cors_origins=config.cors_origins, observe=http_metrics.observe)
    rpc = Rpc(nc, pool, app, now_ms=clock.now_ms)
    for part in (hints, writer, leader, rpc):
        await part.start()
        stack.push_async_callback(part.stop)
    return app, _admin_app(registry, readiness)


async def _patiently(open_: Callable[[], Any]) -> Pool:
    """Try until it answers; the caller bounds the time."""
    while True:
        try:
            pool: Pool = await open_()
            return pool
        except (OSError, asyncpg.CannotConnectNowError) as error:
            log.warning("Postgres does not answer yet: %r", error)
            await asyncio.sleep(0.5)


async def _close(pool: Pool) -> None:
    """Close, but never wait for a connection that does not come back."""
    try:
        async with asyncio.timeout(2):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def _admin_app(registry: CollectorRegistry, readiness: Callable[[], dict[str, bool]]) -> Starlette:
    async def livez(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        checks = readiness()
        ready = all(checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)

    return Starlette(
        routes=[metrics_route(registry), Route("/livez", livez), Route("/readyz", readyz)]
    )
