"""`python -m stream_gateway`: serve until SIGTERM (drain) or SIGINT (at once)."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import uvloop

from holdfast.runtime.config import ConfigError, load_config
from holdfast.runtime.logs import setup_logging
from holdfast.runtime.memory import settle_gc
from stream_gateway.app import Gateway, TaskEnded
from stream_gateway.config import Config

log = logging.getLogger("holdfast.gateway")


async def serve(config: Config) -> int:
    """Run the gateway to its end; the exit status."""
    loop = asyncio.get_running_loop()
    windows: asyncio.Queue[float] = asyncio.Queue()
    # From the first moment, for a start that waits for NATS must end too.
    loop.add_signal_handler(signal.SIGTERM, windows.put_nowait, config.drain_seconds)
    loop.add_signal_handler(signal.SIGINT, windows.put_nowait, 0.0)
    gateway = Gateway(config)
    starting = asyncio.create_task(gateway.start(), name="start")
    signalled = asyncio.create_task(windows.get(), name="signal")
    await asyncio.wait((starting, signalled), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait((starting,))
        return 0
    try:
        starting.result()
    except OSError as error:
        sys.stderr.write(
            f"stream-gateway: cannot listen (HOLDFAST_STREAM_GATEWAY_HOST, "
            f"HOLDFAST_STREAM_GATEWAY_PORT, HOLDFAST_ADMIN_PORT): {error}\n"
        )
        return 1
    settle_gc()
    announce(gateway)
    failed = asyncio.create_task(gateway.failed(), name="failed")
    await asyncio.wait((failed, signalled), return_when=asyncio.FIRST_COMPLETED)
    if not signalled.done():
        signalled.cancel()
        try:
            failed.result()
        except TaskEnded:
            log.exception("the gateway cannot go on")
        await gateway.stop()
        return 1
    failed.cancel()
    draining = asyncio.create_task(gateway.drain(window=signalled.result()), name="drain")
    again = asyncio.create_task(windows.get(), name="second signal")
    await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    if draining.done():
        draining.result()
        return 0
    draining.cancel()
    await asyncio.wait((draining,))
    await gateway.drain(window=0.0)
    return 0


def announce(gateway: Gateway) -> None:
    """Say on standard output where we are; whoever started us with port 0 reads it."""
    lines = [f"stream-gateway listening on {gateway.url}"]
    if gateway.admin_url:
        lines.append(f"stream-gateway admin listening on {gateway.admin_url}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Read the settings, then serve."""
    try:
        config = load_config(Config)
    except ConfigError as error:
        sys.stderr.write(f"stream-gateway: {error}\n")
        return 2
    setup_logging(config.log_level, config.log_style)
    return uvloop.run(serve(config))


if __name__ == "__main__":
    sys.exit(main())
