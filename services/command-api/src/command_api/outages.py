"""What fails and passes by itself: catch it, wait, try again; and when to stop trying."""

from __future__ import annotations

import asyncio

import asyncpg
from nats.errors import Error as NatsError

from command_api.publish import PublishError
from holdfast.runtime.nats import ApiError

POSTGRES_OUTAGES: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # on a pooled connection that the server has ended
    OSError,
    TimeoutError,
)
OUTAGES: tuple[type[Exception], ...] = (*POSTGRES_OUTAGES, PublishError, ApiError, NatsError)


def heed_cancel() -> None:
    """At the top of a loop that outlives failures: raises CancelledError once the task was told to
    stop. Libraries lose a cancellation now and then (`asyncio.wait_for` of Python 3.11 when the
    answer comes at the same moment) or turn it into an outage (asyncpg while it connects)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
