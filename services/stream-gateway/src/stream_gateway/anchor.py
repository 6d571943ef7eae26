"""Anchor: the last message we had, by which a history is known again."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Self

from holdfast.contracts.subjects import HEADER_MSG_ID
from stream_gateway.consumer import Delivery
from stream_gateway.source import Stored


class Anchor(NamedTuple):
    """The same history has the same message at this sequence, stored at the same nanosecond."""

    seq: int
    message_id: str
    time_ns: int

    @classmethod
    def of_delivery(cls, delivery: Delivery) -> Self:
        """As a consumer brought it."""
        return cls(delivery.seq, delivery.headers.get(HEADER_MSG_ID, ""), delivery.time_ns)

    @classmethod
    def of_stored(cls, stored: Stored) -> Self:
        """As the stream's leader has it."""
        message_id = stored.headers.get(HEADER_MSG_ID, "")
        return cls(stored.seq, message_id, nanoseconds(stored.time))


def nanoseconds(text: str) -> int:
    """RFC 3339 with up to nine digits of fraction, as nanoseconds since the Unix epoch."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    seconds = round(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int(rest.ljust(9, "0") or 0)
