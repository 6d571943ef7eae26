"""Absence: before a 404 makes an EventSource give up for good, ask whether it is true.

The `VENUES` bucket is a copy and may lag behind a venue or slot that was made a moment ago, or for
longer where command-api has trouble. What the copy does not know is asked for; what was found absent
is believed for a short while, so that guessing names costs little.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.runtime.nats import ApiError, NatsError
from stream_gateway.problems import Refusal
from stream_gateway.source import SnapshotRefused, Source

BELIEVED = 2.0
"""Seconds that an absence is believed without asking again."""
MAX_BELIEVED = 10_000
ASK_SECONDS = 2.0
MAX_ASKING = 16
"""Questions at once; who comes beyond that is told to come again."""


class NotThere(Refusal):
    """As far as the copy knows, there is no such channel: `key`."""

    def __init__(self, code: Code, detail: str, key: ChannelKey) -> None:
        super().__init__(code, detail)
        self.key = key


class Absence:
    """Tells absent from not known yet."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._absent: OrderedDict[ChannelKey, float] = OrderedDict()
        self._asking = 0

    async def confirm(self, refusal: NotThere) -> Refusal:
        """The refusal itself where it is certain, else UNAVAILABLE: come again."""
        if await self._is_certain(refusal.key):
            return refusal
        return Refusal(Code.UNAVAILABLE, "the venue's schedule is on its way; come again")

    async def _is_certain(self, key: ChannelKey) -> bool:
        believed = self._absent.get(key)
        if believed is not None and believed > time.monotonic():
            return True
        if self._asking >= MAX_ASKING:
            return False
        self._asking += 1
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._source.asked_snapshot(key)
        except SnapshotRefused as answer:
            if answer.status != 404:
                return False
        except (NatsError, ApiError, TimeoutError, OSError):
            return False
        else:
            return False
        finally:
            self._asking -= 1
        self._absent[key] = time.monotonic() + BELIEVED
        self._absent.move_to_end(key)
        if len(self._absent) > MAX_BELIEVED:
            self._absent.popitem(last=False)
        return True
