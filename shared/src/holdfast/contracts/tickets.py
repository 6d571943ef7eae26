"""Stream tickets: what an EventSource, which can send no header, shows in `?ticket=`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from holdfast.contracts.channels import MAX_CHANNEL_NAME, MAX_CHANNELS
from holdfast.contracts.ids import Timestamp
from holdfast.contracts.wire import Request, Wire

ChannelName = Annotated[str, Meta(min_length=1, max_length=MAX_CHANNEL_NAME)]


class StreamTicketRequest(Request, kw_only=True):
    """Body of `POST /v1/stream-tickets`: the channels that the streams will be of, or some of."""

    channels: Annotated[list[ChannelName], Meta(min_length=1, max_length=MAX_CHANNELS)]


class StreamTicket(Wire, kw_only=True):
    """`expiresAt`: by when a stream must have been opened with it. Streams opened by then may come
    back with it, and their `Last-Event-ID`, for as long as the token lives that it was given for."""

    ticket: str
    expires_at: Timestamp
