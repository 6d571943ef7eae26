"""NATS micro endpoints, on every replica: `holdfast.v1.snapshot` and `holdfast.v1.command`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from nats.errors import Error as NatsError
from nats.micro import add_service
from nats.micro.request import Request
from nats.micro.service import Service

from command_api.asgi_call import AsgiApp, call
from command_api.outages import OUTAGES
from command_api.snapshot_reads import NoEpoch, SnapshotReads
from holdfast.contracts.channels import ChannelKey, parse_channel
from holdfast.contracts.problems import PROBLEM_JSON, STATUS, Code, problem_body
from holdfast.contracts.rpc import CommandRequest, SnapshotRequest
from holdfast.contracts.subjects import COMMAND_SUBJECT, SNAPSHOT_SUBJECT

if TYPE_CHECKING:
    from command_api.store.pool import Pool
    from holdfast.runtime.nats import Client

log = logging.getLogger("holdfast.rpc")

NAME = "holdfast-command-api"
QUEUE = "command-api"
FORWARDED = ("authorization", "idempotency-key", "if-match", "if-none-match", "traceparent")
"""NATS headers that reach the HTTP application."""

_snapshot_request = msgspec.json.Decoder(SnapshotRequest)
_command_request = msgspec.json.Decoder(CommandRequest)


class RpcProblem(Exception):
    """Answered by the micro error headers, with a problem as the body."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Rpc:
    """`pool` is one of role holdfast_writer, `app` the HTTP application. `limit`: requests in
    flight; more are answered by 503."""

    def __init__(
        self,
        nc: Client,
        pool: Pool,
        app: AsgiApp,
        *,
        version: str = "0.1.0",
        limit: int = 64,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._nc = nc
        self._app = app
        self._reads = SnapshotReads(pool, now_ms=now_ms)
        self._version = version
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._service: Service | None = None

    async def start(self) -> None:
        """Register the service; `nats micro ls` shows it."""
        self._service = await add_service(
            self._nc,
            name=NAME,
            version=self._version,
            description="Snapshots and commands of Holdfast",
            queue_group=QUEUE,
        )
        for name, subject, answer in (
            ("snapshot", SNAPSHOT_SUBJECT, self._snapshot),
            ("command", COMMAND_SUBJECT, self._command),
        ):
            await self._service.add_endpoint(
                name=name, subject=subject, handler=self._handler(answer)
            )

    async def stop(self) -> None:
        """Take no more requests, cancel those in flight (their callers time out and ask another)."""
        if self._service is not None:
            with contextlib.suppress(NatsError):  # cut off: the subscriptions are gone anyway
                await self._service.stop()
            self._service = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._reads.stop()

    def _handler(
        self, answer: Callable[[Request], Awaitable[None]]
    ) -> Callable[[Request], Awaitable[None]]:
        """nats.micro handles one request per endpoint at a time, so a handler only starts a task."""

        async def handle(request: Request) -> None:
            if len(self._tasks) >= self._limit:
                busy = RpcProblem(Code.UNAVAILABLE, "Too many requests in flight. Try again.")
                await _refuse(request, busy)
                return
            task = asyncio.create_task(self._serve(request, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return handle

    async def _serve(self, request: Request, answer: Callable[[Request], Awaitable[None]]) -> None:
        try:
            await answer(request)
        except RpcProblem as problem:
            await _refuse(request, problem)
        except OUTAGES as error:
            log.warning("%s: %r", request.subject, error)
            await _refuse(request, RpcProblem(Code.UNAVAILABLE, "Try again in a moment."))
        except Exception:
            log.exception("%s failed", request.subject)
            await _refuse(request, RpcProblem(Code.INTERNAL, "Something broke."))

    async def _snapshot(self, request: Request) -> None:
        try:
            key = parse_channel(_snapshot_request.decode(request.data).channel)
        except (msgspec.DecodeError, ValueError) as error:
            raise RpcProblem(Code.VALIDATION_FAILED, str(error)) from None
        if not isinstance(key, ChannelKey):
            raise RpcProblem(Code.VALIDATION_FAILED, "A customer's channel has no snapshot.")
        try:
            body = await self._reads.read(key)
        except NoEpoch:
            raise RpcProblem(Code.UNAVAILABLE, "Nothing is published yet.") from None
        except LookupError as missing:
            raise RpcProblem(Code(missing.args[0]), missing.args[1]) from None
        await request.respond(
            body, {"content-type": "application/json", "content-encoding": "gzip"}
        )

    async def _command(self, request: Request) -> None:
        try:
            command = _command_request.decode(request.data)
        except msgspec.DecodeError as error:
            raise RpcProblem(Code.VALIDATION_FAILED, str(error)) from None
        given = {name.lower(): value for name, value in (request.headers or {}).items()}
        headers = {name: given[name] for name in FORWARDED if name in given}
        reply = await call(self._app, command, headers)
        await request.respond(msgspec.json.encode(reply), {"content-type": "application/json"})


async def _refuse(request: Request, problem: RpcProblem) -> None:
    body = problem_body(problem.code, problem.detail, secrets.token_hex(8), {})
    headers: dict[str, Any] = {"content-type": PROBLEM_JSON}
    try:
        await request.respond_error(str(STATUS[problem.code]), problem.code, body, headers)
    except (NatsError, ValueError) as error:
        log.debug("no answer to %s: %r", request.subject, error)
