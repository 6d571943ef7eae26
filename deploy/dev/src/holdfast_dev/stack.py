"""The one-machine stack: servers, services and demo data, started, kept running and stopped."""

import asyncio
import os
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from holdfast.runtime.auth import issue_token
from holdfast_dev.addresses import Addresses
from holdfast_dev.banner import PERSONAS, Scene, banner, without_password
from holdfast_dev.child import Child
from holdfast_dev.config import Config, Counts
from holdfast_dev.console import Console
from holdfast_dev.demo import MEMORY, DemoApi, api_client, example_cursor, example_date
from holdfast_dev.demo_venues import demo_clubs
from holdfast_dev.folder import DataFolder, Resident
from holdfast_dev.keeper import Part, keep
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.postgres import EmbeddedPostgres
from holdfast_dev.servers import Server

TOKEN_HOURS = 12
STOP_MARGIN = 8.0  # seconds after its drain: more than the 5 in which a gateway ends its last ones
HOLD_FILE = "hold.json"


class Stack:
    """Everything on one data folder. `start`, then `keep` until something gives up, then `stop`."""

    def __init__(
        self, config: Config, counts: Counts, secret: str, folder: DataFolder, console: Console
    ) -> None:
        self._config = config
        self._counts = counts
        self._secret = secret
        self._folder = folder
        self._console = console
        self._addresses = Addresses()
        self._postgres: Server | None = None
        self._nats: Server | None = None
        self._command_apis: list[Child] = []
        self._gateways: list[Child] = []
        self._admin_ports: dict[str, int] = {}

    async def start(self) -> str:
        """Starts all, until all answer and the demo data is in; the text to print then.

        Raises PortTaken, ChildFailed, DemoFailed, httpx.HTTPError.
        """
        crashed = self._folder.after_crash
        await self._addresses.take(self._config, self._counts, after_crash=crashed)
        commands, gateways = self._addresses.command_apis, self._addresses.gateways
        self._folder.note(Resident(os.getpid(), commands[0], gateways[0]))
        await self._start_servers()
        environment = self._environment()
        migrate = self._child("migrate", ["command_api", "migrate"], environment, port=0)
        await migrate.run()
        self._command_apis = [
            self._service("command-api", "command_api", number, port, environment)
            for number, port in enumerate(commands, start=1)
        ]
        self._gateways = [
            self._service("stream-gateway", "stream_gateway", number, port, environment)
            for number, port in enumerate(gateways, start=1)
        ]
        await together(service.start() for service in (*self._command_apis, *self._gateways))
        return banner(await self._scene())

    async def keep(self) -> None:
        """Starts again what ends; raises ChildFailed when something will not stay."""
        await together(keep(part, self._console.warn) for part in self._parts())

    async def stop(self) -> None:
        """Stops all in order: nobody loses what it depends on before it is gone itself."""
        for stage in (self._gateways, self._command_apis, [self._nats], [self._postgres]):
            await asyncio.gather(*(part.stop() for part in stage if part is not None))
        self._addresses.release()

    def _parts(self) -> list[Part]:
        servers = [server for server in (self._postgres, self._nats) if server is not None]
        return [*servers, *self._command_apis, *self._gateways]

    async def _start_servers(self) -> None:
        folder = self._folder.path
        if self._config.postgres_url is None:
            self._postgres = Server("postgres", EmbeddedPostgres(folder / "postgres"))
        if self._config.nats_url is None:
            self._nats = Server("nats", EmbeddedNats(folder / "nats"))
        servers = [server for server in (self._postgres, self._nats) if server is not None]
        if servers:
            names = " and ".join(server.name for server in servers)
            self._console.say(f"starting {names} in {folder}")
        await together(server.start() for server in servers)

    @property
    def _postgres_url(self) -> str:
        return self._postgres.url if self._postgres else self._config.postgres_url or ""

    @property
    def _nats_url(self) -> str:
        return self._nats.url if self._nats else self._config.nats_url or ""

    def _environment(self) -> dict[str, str]:
        """What all services are told; each gets its ports besides."""
        config = self._config
        pages = [
            f"http://{host}:{port}"
            for port in self._addresses.gateways
            for host in ("localhost", "127.0.0.1")
        ]
        return {
            **os.environ,
            # A module in the folder that the stack was started from must not get in the way.
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
            "HOLDFAST_DATA_DIR": str(self._folder.path),
            "HOLDFAST_POSTGRES_URL": self._postgres_url,
            "HOLDFAST_NATS_URL": self._nats_url,
            "HOLDFAST_JWT_SECRET": self._secret,
            "HOLDFAST_COMMAND_API_HOST": config.command_api_host,
            "HOLDFAST_STREAM_GATEWAY_HOST": config.stream_gateway_host,
            "HOLDFAST_COMMAND_API_URL": local(self._addresses.command_apis[0]),
            "HOLDFAST_CORS_ORIGINS": ",".join([*pages, *config.cors_origins]),
            "HOLDFAST_DRAIN_SECONDS": str(config.drain_seconds),
            "HOLDFAST_LOG_LEVEL": config.log_level,
            "HOLDFAST_LOG_STYLE": config.log_style,
        }

    def _service(
        self, name: str, module: str, number: int, port: int, environment: Mapping[str, str]
    ) -> Child:
        name = name if number == 1 else f"{name}-{number}"
        admin = self._admin_ports[name] = self._addresses.any()
        own = {f"HOLDFAST_{module.upper()}_PORT": str(port), "HOLDFAST_ADMIN_PORT": str(admin)}
        return self._child(name, [module], {**environment, **own}, port=port)

    def _child(
        self, name: str, arguments: list[str], environment: Mapping[str, str], *, port: int
    ) -> Child:
        return Child(
            name,
            arguments,
            environment=environment,
            port=port,
            folder=self._folder.path,
            listener=self._console.relay,
            stop_timeout=self._config.drain_seconds + STOP_MARGIN,
        )

    async def _scene(self) -> Scene:
        """Puts the demo data in, and gathers what there is to tell."""
        tokens = {
            persona.title: issue_token(
                self._secret,
                role=persona.role,
                subject=persona.subject,
                club=persona.club,
                name=persona.name,
                ttl=TOKEN_HOURS * 3600,
            )
            for persona in PERSONAS
        }
        command_api, gateway = local(self._command_apis[0].port), local(self._gateways[0].port)
        async with api_client(command_api, tokens["admin"]) as admin:
            demo = DemoApi(admin, self._folder.path / MEMORY, self._console.warn)
            await demo.put_everything()
        async with api_client(command_api) as anybody:
            date = await example_date(anybody)
        async with api_client(gateway) as anybody:
            cursor = await example_cursor(anybody, date)
        return Scene(
            addresses=self._told_addresses(),
            venues=told_venues(gateway),
            command_api=command_api,
            gateway=gateway,
            tokens=tokens,
            token_hours=TOKEN_HOURS,
            date=date,
            cursor=cursor,
            hold_file=str(self._folder.path / HOLD_FILE),
            folder=str(self._folder.path),
        )

    def _told_addresses(self) -> list[tuple[str, str]]:
        services = [
            (service.name, local(service.port))
            for service in (*self._command_apis, *self._gateways)
        ]
        metrics = [
            (f"{name} metrics", local(port) + "/metrics")
            for name, port in self._admin_ports.items()
        ]
        postgres = self._postgres_url if self._postgres else without_password(self._postgres_url)
        nats = self._nats_url if self._nats else without_password(self._nats_url)
        return [*services, *metrics, ("Postgres", postgres), ("NATS", nats)]


def told_venues(gateway: str) -> list[tuple[str, str]]:
    """Where the demo's venues are shown, and what they are made of."""
    told = []
    for club in demo_clubs():
        for venue_id, definition in club.venues.items():
            slots = ", ".join(slot.slot_id for slot in definition.slots)
            words = f"{definition.name}: {len(definition.sections):,} sections, slots {slots}"
            told.append((f"{gateway}/?club={club.club_id}&venue={venue_id}", words))
    return told


def local(port: int) -> str:
    """The address of a service of this machine."""
    return f"http://127.0.0.1:{port}"


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Runs all at once to their ends; the first failure cancels the others and is raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
