"""Composition root: every part of the gateway, made once, started and stopped in order."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from holdfast.runtime.auth import TokenVerifier
from holdfast.runtime.metrics import metrics_route
from holdfast.runtime.nats import Client, NatsError, connect_nats
from holdfast.runtime.serve import address_of
from stream_gateway.absence import Absence
from stream_gateway.admission import Admission
from stream_gateway.config import Config
from stream_gateway.credentials import Credentials
from stream_gateway.document import DOCUMENT
from stream_gateway.drain import drain, last_words
from stream_gateway.feed import Feed
from stream_gateway.hub import Hub
from stream_gateway.limits import Limits
from stream_gateway.metrics import Metrics
from stream_gateway.nats_source import NatsSource
from stream_gateway.pages import page_routes
from stream_gateway.polling import Polling
from stream_gateway.presence import Presence
from stream_gateway.problems import Refusal, RequestIds, http_error, refused
from stream_gateway.pulse import Pulse
from stream_gateway.routes import Routes
from stream_gateway.server import GatewayServer, listen
from stream_gateway.targets import PlainTargets
from stream_gateway.ticketing import Ticketing
from stream_gateway.tickets import Tickets
from stream_gateway.venues import Venues

log = logging.getLogger("holdfast.gateway")


class TaskEnded(Exception):
    """A part that runs for ever has ended: the process cannot go on without it."""


class Gateway:
    """`start`, then `failed` tells of an inner end; `drain` and `stop` end it in order."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.metrics = Metrics()
        self.url = ""
        self.admin_url = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._servers: list[GatewayServer] = []
        self._stopping = False
        self._connected = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Bind, follow, serve; a taken port shows at once, and NATS may come later."""
        config = self.config
        ports = [config.stream_gateway_port]
        if config.admin_port is not None:
            ports.append(config.admin_port)
        seconds = config.dead_peer_seconds
        host = config.stream_gateway_host
        sockets = [listen(host, port, dead_peer_seconds=seconds) for port in ports]
        self.url = address_of(sockets[0])
        self.admin_url = address_of(sockets[1]) if len(sockets) > 1 else ""
        self.nc = Client()
        source = NatsSource(self.nc)
        self.hub = Hub(config, source, self.metrics)
        self.metrics.watch_viewers(self.hub.registry.viewers)
        self.presence = Presence(self.nc, self.hub, interval=config.presence_seconds)
        self.pulse = Pulse(self.hub, config)
        self.venues = Venues(self.nc, self.hub.close_anonymous)
        self.feed = Feed(
            self.nc,
            source,
            self.hub,
            self.metrics,
            heartbeat=config.heartbeat_seconds,
            verify=config.verify_seconds,
        )
        self.limits = Limits(config)
        self.tickets = Tickets(config.jwt_secret)
        self._make_routes(Absence(source))
        self._own("nats", self._connect())
        self._own("feed", self._once_connected(self.feed.run))
        self._own("venues", self._once_connected(self.venues.run))
        self._own("presence", self._once_connected(self.presence.run))
        self._own("pulse", self.pulse.run())
        self._serve(self._application(self.public_routes()), sockets[0])
        if len(sockets) > 1:
            self._serve(self._application(self._admin_routes()), sockets[1])

    def _make_routes(self, absence: Absence) -> None:
        config = self.config
        credentials = Credentials(TokenVerifier(config.jwt_secret), self.tickets)
        admission = Admission(self.venues, max_channels=config.max_channels_per_client)
        self.routes = Routes(
            config,
            self.hub,
            self.pulse,
            credentials,
            admission,
            absence,
            self.limits,
            self.metrics,
        )
        polling = Polling(config, self.hub, self.feed, credentials, admission, absence)
        ticketing = Ticketing(credentials, admission, absence, self.tickets)
        self._under_v1 = [*self.routes.table(), *polling.table(), *ticketing.table()]

    async def failed(self) -> None:
        """Return when a part has ended that should not; raises what ended it."""
        await asyncio.shield(self._ended)

    async def drain(self, *, window: float | None = None) -> None:
        """Send the clients elsewhere, then end the servers: all within the window and the deadline."""
        seconds = self.config.drain_seconds if window is None else window
        for server in self._servers:
            server.lobby.closing = True
        await drain(self.hub, self.routes, window=seconds)
        # What is being answered has the same time to end as the clients have to read theirs.
        self._servers[0].should_exit = True
        await last_words(self.hub, deadline=self.config.drain_deadline_seconds)
        await self.stop()

    async def stop(self) -> None:
        """End everything now."""
        self._stopping = True
        serving = [task for task in self._tasks if task.get_name().startswith("serve")]
        # One by one: the admin port answers until the other has ended.
        for server, task in zip(self._servers, serving, strict=True):
            server.should_exit = True
            with suppress(Exception):
                await task
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hub.stop()
        try:
            await self.nc.close()
        except (NatsError, OSError, RuntimeError) as error:
            # What nats-py still wanted to send, on a connection that is gone.
            log.info("the connection to NATS could not be ended in order: %s", error)

    def _own(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        task.add_done_callback(self._one_ended)

    def _one_ended(self, task: asyncio.Task[None]) -> None:
        if self._ended.done() or task.cancelled() or self._stopping:
            return
        error = TaskEnded(f"{task.get_name()} has ended")
        error.__cause__ = task.exception()
        self._ended.set_exception(error)
        self._ended.exception()  # raised again by `failed`; nobody may be waiting there

    def _serve(self, app: Starlette, listener: socket.socket) -> None:
        server = GatewayServer(app, self.config)
        self._servers.append(server)
        self._own(f"serve {address_of(listener)}", server.serve(sockets=[listener]))

    async def _connect(self) -> None:
        """Not awaited by `start`: without NATS the probes must answer all the same. Returns when
        the connection is closed for good, which ends the process."""
        ended = asyncio.Event()

        async def closed() -> None:
            ended.set()

        await connect_nats(
            self.config.nats_url,
            "stream-gateway",
            on_reconnect=self._reconnected,
            on_closed=closed,
            client=self.nc,
        )
        self._connected.set()
        await ended.wait()

    async def _once_connected(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await self._connected.wait()
        await run()

    async def _reconnected(self) -> None:
        # What was on its way when the connection broke is lost, and no message says so.
        self.feed.doubt("reconnected")
        self.venues.doubt("reconnected")

    def _application(self, routes: list[BaseRoute]) -> Starlette:
        return Starlette(
            routes=routes,
            exception_handlers={Refusal: refused, HTTPException: http_error},
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=list(self.config.cors_origins),
                    allow_credentials=True,
                    allow_methods=["GET", "POST"],
                    allow_headers=[
                        "Authorization",
                        "Content-Type",
                        "If-None-Match",
                        "Last-Event-ID",
                        "X-Request-Id",
                    ],
                    expose_headers=["ETag", "Location", "Retry-After", "Idempotent-Replayed"],
                ),
                Middleware(RequestIds),
                Middleware(PlainTargets, self.config.max_query_bytes),
            ],
        )

    def public_routes(self) -> list[BaseRoute]:
        return [
            *self._probes(),
            *self._under_v1,
            DOCUMENT,
            *page_routes(self.config.command_api_url),
        ]

    def _admin_routes(self) -> list[BaseRoute]:
        return [*self._probes(), metrics_route(self.metrics.registry)]

    def _probes(self) -> list[BaseRoute]:
        return [Route("/livez", self._alive), Route("/readyz", self._ready)]

    async def _alive(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def _ready(self, _request: Request) -> Response:
        checks = {
            "nats": self.nc.is_connected,
            "feed": self.feed.caught_up,
            "venues": self.venues.loaded,
            "accepting": not self.routes.draining,
        }
        ready = all(checks.values())
        return JSONResponse(
            {"status": "ready" if ready else "not ready", "checks": checks},
            status_code=200 if ready else 503,
            headers={"cache-control": "no-store"},
        )
