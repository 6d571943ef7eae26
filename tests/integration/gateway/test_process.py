"""The process: what it says where it cannot start, and methods that tickets do not have."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import httpx
from tests.support.services import SECRET

from stream_gateway.app import Gateway


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = {
            **os.environ,
            "HOLDFAST_JWT_SECRET": SECRET,
            "HOLDFAST_STREAM_GATEWAY_HOST": "127.0.0.1",
            "HOLDFAST_STREAM_GATEWAY_PORT": str(taken.getsockname()[1]),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stream_gateway",
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
    assert process.returncode == 1
    assert b"HOLDFAST_STREAM_GATEWAY_PORT" in said
    assert b"ddress already in use" in said
    assert b"Traceback" not in said


async def test_tickets_are_made_and_not_read(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            answer = await http.request(method, "/v1/stream-tickets")
            assert answer.status_code == 405, method
            assert answer.headers["allow"] == "POST"
        assert (await http.get("/v1/stream-tickets")).json()["code"] == "METHOD_NOT_ALLOWED"
