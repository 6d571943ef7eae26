"""Operations: what each route takes and answers, as data. The OpenAPI document is made of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from holdfast.contracts.channels import MAX_CHANNELS
from holdfast.contracts.events import (
    AvailabilityUpdated,
    Checkpoint,
    CustomerUpdated,
    LayoutUpdated,
    PublicAvailabilityUpdated,
    Reauth,
    Reset,
    SseEvent,
    Viewers,
)
from holdfast.contracts.ids import Date, Id
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import PublicSnapshot, StaffSnapshot
from holdfast.contracts.tickets import ChannelName, StreamTicket, StreamTicketRequest
from holdfast.openapi.operation import Access, Answer, Body, Operation, Operations, Parameter
from stream_gateway.admission import PLACE

STREAMS, SNAPSHOTS, SERVICE = "streams", "snapshots", "service"
_NIGHT, _SLOT = "2027-03-06", "slot_21_00"
_CHANNEL = f"availability:backroom:leeds:{_NIGHT}:{_SLOT}"

_DATE = Parameter("date", Date, "The service date.", required=True, example=_NIGHT)
_SLOT_ID = Parameter("slotId", Id, "The slot.", required=True, example=_SLOT)
_START = (
    Parameter("cursor", str, "The last `id` that was seen, where no `Last-Event-ID` can be sent."),
    Parameter(
        "after",
        Annotated[int, Meta(ge=0, le=10**18 - 1)],
        "The last `version` that was seen, of a single channel, where no cursor is known.",
    ),
    Parameter("epoch", str, "Of which history `after` is."),
    Parameter("snapshot", Literal["none"], "`none`: without the first snapshot."),
)
_LAST_EVENT_ID = Parameter(
    "Last-Event-ID", str, "The last `id` that was seen; an EventSource sends it by itself."
)
_EVENTS: dict[str, tuple[type, ...]] = {
    SseEvent.SNAPSHOT.value: (PublicSnapshot, StaffSnapshot),
    SseEvent.AVAILABILITY_UPDATED.value: (PublicAvailabilityUpdated, AvailabilityUpdated),
    SseEvent.LAYOUT_UPDATED.value: (LayoutUpdated,),
    SseEvent.CUSTOMER_UPDATED.value: (CustomerUpdated,),
    SseEvent.VIEWERS.value: (Viewers,),
    SseEvent.CHECKPOINT.value: (Checkpoint,),
    SseEvent.RESET.value: (Reset,),
    SseEvent.REAUTH.value: (Reauth,),
}
_STREAM = Answer(
    words="Server-Sent Events; `data` of each is JSON of the type that `x-events` names (staff of the "
    "club get the full forms). First a `snapshot` of each channel, or what came after the cursor, then "
    "every later event. A cursor that cannot be resumed is answered by `reset` and snapshots. Who "
    "cannot be served now gets `retry`, and the end.",
    events=_EVENTS,
    headers=("Cache-Control",),
)
_READING = (
    Code.UNAUTHENTICATED,
    Code.CLUB_NOT_FOUND,
    Code.VENUE_NOT_FOUND,
    Code.SLOT_NOT_FOUND,
)
_STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "string"}},
    "required": ["status"],
}
_CHECKS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ready", "not ready"]},
        "checks": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["status", "checks"],
}

OPERATIONS: Operations = {
    ("GET", f"{PLACE}/stream"): Operation(
        id="streamAvailability",
        tag=STREAMS,
        summary="Follow the channels of a venue",
        words=f"Repeat `slotId`, or give `days`, for several channels, {MAX_CHANNELS} at most.",
        access=Access.STREAM,
        query=(
            _DATE,
            Parameter("slotId", Id, "The slots.", required=True, example=_SLOT, many=True),
            Parameter(
                "days",
                Annotated[int, Meta(ge=1, le=MAX_CHANNELS)],
                "As many service dates, from `date` on; 1 where not given.",
            ),
            *_START,
        ),
        headers=(_LAST_EVENT_ID,),
        answers=(_STREAM,),
        codes=(Code.SLOT_NOT_FOUND, Code.ACTION_NOT_PERMITTED),
    ),
    ("GET", "/v1/stream"): Operation(
        id="streamChannels",
        tag=STREAMS,
        summary="Follow channels by their names",
        words="`availability:{clubId}:{venueId}:{date}:{slotId}`, or `customer:{clubId}:{customerId}`, "
        "which is private: no version, no snapshot; read `GET /v1/clubs/{club}/me` of command-api on "
        "join and after a `reset`.",
        access=Access.STREAM,
        query=(
            Parameter("channel", ChannelName, "Names.", required=True, example=_CHANNEL, many=True),
            *_START,
        ),
        headers=(_LAST_EVENT_ID,),
        answers=(_STREAM,),
        codes=(*_READING, Code.ACTION_NOT_PERMITTED),
    ),
    ("POST", "/v1/stream-tickets"): Operation(
        id="makeStreamTicket",
        tag=STREAMS,
        summary="Get a ticket for an EventSource, which can send no header",
        words="Good for opening streams of these channels until `expiresAt`; streams opened by then "
        "come back with it as long as the token lives.",
        access=Access.BEARER,
        body=Body(StreamTicketRequest, {"channels": [_CHANNEL, "customer:backroom:cus_1"]}),
        answers=(
            Answer(
                words="The ticket.",
                types=(StreamTicket,),
                example={"ticket": "eyJ…", "expiresAt": "2027-03-01T20:02:12.000Z"},
            ),
        ),
        codes=(*_READING, Code.ACTION_NOT_PERMITTED),
    ),
    ("GET", PLACE): Operation(
        id="readSnapshot",
        tag=SNAPSHOTS,
        summary="Read the snapshot of one channel",
        words="From the live channel, exact at its version; it costs the database nothing.",
        access=Access.READERS,
        conditional=True,
        query=(_DATE, _SLOT_ID),
        answers=(
            Answer(
                words="The snapshot, public or full.",
                types=(PublicSnapshot, StaffSnapshot),
                headers=("Cache-Control",),
            ),
        ),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
    ("GET", "/openapi.json"): Operation(
        id="readDocument",
        tag=SERVICE,
        summary="Read this document",
        access=Access.OPEN,
        conditional=True,
        answers=(Answer(words="OpenAPI 3.1.", schema={"type": "object"}),),
    ),
    ("GET", "/config.json"): Operation(
        id="readConfig",
        tag=SERVICE,
        summary="Where the pages find command-api",
        access=Access.OPEN,
        answers=(
            Answer(
                words="Its address.",
                schema={
                    "type": "object",
                    "properties": {"commandApi": {"type": "string"}},
                    "required": ["commandApi"],
                },
            ),
        ),
    ),
    ("GET", "/livez"): Operation(
        id="livez",
        tag=SERVICE,
        summary="Whether the process answers",
        access=Access.OPEN,
        answers=(Answer(words="It does.", schema=_STATUS),),
    ),
    ("GET", "/readyz"): Operation(
        id="readyz",
        tag=SERVICE,
        summary="Whether all that is needed is there",
        access=Access.OPEN,
        answers=(
            Answer(words="It is.", schema=_CHECKS),
            Answer(status=503, words="It is not, or it is draining.", schema=_CHECKS),
        ),
    ),
}
