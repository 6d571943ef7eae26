"""What fails and passes by itself: catch it, wait, try again."""

from __future__ import annotations

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
