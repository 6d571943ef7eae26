"""What fails and passes by itself: catch it, wait, try again."""

from __future__ import annotations

import asyncpg
from nats.errors import Error as NatsError

from holdfast.runtime.nats import ApiError

POSTGRES_OUTAGES: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # on a pooled connection that the server has ended
    OSError,
    TimeoutError,
)
NATS_OUTAGES: tuple[type[Exception], ...] = (ApiError, NatsError, OSError, TimeoutError)
