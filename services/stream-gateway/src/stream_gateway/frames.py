"""Frames: events as Server-Sent Event bytes, encoded once (WHATWG HTML §9.2).

A frame is content; how it goes over the wire is the coding's. Where a frame has an id, that is its
last line (`identified`), so that one without is made one with by ending it differently.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from sse_starlette.event import ServerSentEvent

from holdfast.contracts.cursor import Cursor
from holdfast.contracts.events import (
    Checkpoint,
    LayoutUpdated,
    PublicAvailabilityUpdated,
    Reauth,
    Reset,
    ResetReason,
    SseEvent,
    Viewers,
)
from holdfast.contracts.redact import public_capacity
from holdfast.contracts.snapshots import Capacity, Claim
from holdfast.contracts.states import PUBLIC_STATES, Audience, PublicState, SectionState
from holdfast.contracts.wire import Wire
from stream_gateway.coding import Form

_EVENT_OVERHEAD = 2048
"""Bytes of the objects around one event's frames, roughly; for the ring's budget."""


class Transition(Wire, kw_only=True, tag_field="eventType", tag="availability.updated"):
    """What a gateway reads of an `availability.updated` message.

    Laxer than the contract's type on purpose: a reason or an actor type that is new must not stop
    a gateway that is older.
    """

    channel: str
    club_id: str
    venue_id: str
    date: str
    slot_id: str
    section_id: str
    previous_state: SectionState
    new_state: SectionState
    capacity: Capacity
    held_until: str | None
    updated_at: str
    version: int
    claims_added: list[Claim] = msgspec.field(default_factory=list)
    claims_removed: list[str] = msgspec.field(default_factory=list)


class LayoutChange(Wire, kw_only=True, tag_field="eventType", tag="layout.updated"):
    """What a gateway reads of a `layout.updated` message."""

    channel: str
    layout_version: int
    version: int


Change = Transition | LayoutChange
_decoder: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)


def decode_change(body: bytes) -> Change:
    """The change in a message of `availability.v1.…`; raises msgspec.DecodeError."""
    return _decoder.decode(body)


def encode(
    event: str | None = None,
    data: str | None = None,
    *,
    id: str | None = None,  # noqa: A002 (the field's name)
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """One SSE frame, LF only, ended by LF LF."""
    return ServerSentEvent(
        data, event=event, id=id, retry=retry, comment=comment, sep="\n"
    ).encode()


def encode_body(event: bytes, body: bytes) -> bytes:
    """A frame without id around JSON that is on one line; the same bytes as `encode` gives."""
    if b"\n" in body or b"\r" in body:
        body = msgspec.json.format(body, indent=-1)
    return b"event: %b\ndata: %b\n\n" % (event, body)


def identified(end: bytes, cursor: str) -> bytes:
    """A frame, or the end of one, with an id. The id comes last: the standard counts it only when the
    frame is whole, but some clients keep it as soon as they read it (fetch-event-source, loops around
    curl), and cut in between they would come back behind an event that they never had."""
    return b"%bid: %b\n\n" % (end[:-1], cursor.encode())


def greeting(retry: int) -> bytes:
    """What a stream starts with: a comment, and when to come back after a cut (ms)."""
    return encode(comment="holdfast", retry=retry)


def farewell(retry: int) -> bytes:
    """When to come back (ms); the end follows."""
    return encode(retry=retry)


def checkpoint(server_time: str, cursor: str | None) -> bytes:
    """`event: checkpoint`; without a cursor for those whose place is not the feed's."""
    data = msgspec.json.encode(Checkpoint(server_time=server_time)).decode()
    return encode(SseEvent.CHECKPOINT, data, id=cursor)


def viewers(channel: str, number: int) -> bytes:
    """`event: viewers`."""
    data = msgspec.json.encode(Viewers(channel=channel, viewers=number)).decode()
    return encode(SseEvent.VIEWERS, data)


def reset(reason: ResetReason) -> bytes:
    """`event: reset`; snapshots follow."""
    return encode(SseEvent.RESET, msgspec.json.encode(Reset(reason=reason)).decode())


def reauth(reason: str) -> bytes:
    """`event: reauth`; the end follows."""
    return encode(SseEvent.REAUTH, msgspec.json.encode(Reauth(reason=reason)).decode())


class Event:
    """One message of the stream with its frames, each made when first somebody listens.

    `version` is 0 for events of private channels, `time_ns` when the stream stored the message.
    """

    __slots__ = (
        "_contents",
        "_live",
        "body",
        "change",
        "cost",
        "name",
        "seq",
        "time_ns",
        "version",
    )

    def __init__(
        self, seq: int, time_ns: int, body: bytes, *, change: Change | None = None
    ) -> None:
        self.seq = seq
        self.time_ns = time_ns
        self.body = body
        self.change = change
        self.version = change.version if change is not None else 0
        self.name: Literal[b"availability.updated", b"layout.updated", b"customer.updated"]
        if change is None:
            self.name = b"customer.updated"
        elif isinstance(change, Transition):
            self.name = b"availability.updated"
        else:
            self.name = b"layout.updated"
        self.cost = _EVENT_OVERHEAD + 5 * len(body)
        self._contents: dict[Audience, bytes] = {}
        self._live: dict[Form, Frame] = {}

    def content(self, audience: Audience) -> bytes:
        """The frame without an id."""
        made = self._contents.get(audience)
        if made is None:
            made = self._contents[audience] = encode_body(self.name, self._data(audience))
        return made

    def frame(self, form: Form, epoch: str) -> Frame:
        """The frame with its own id, for everybody who listens in this form: always the same."""
        made = self._live.get(form)
        if made is None:
            made = self._live[form] = Frame(self, form, str(Cursor(epoch, self.seq)))
        return made

    def _data(self, audience: Audience) -> bytes:
        if audience is Audience.STAFF or self.change is None:
            return self.body
        return public_body(self.change)


class Frame:
    """An event as it goes to those who are live, in one form. There is one object of each, so that
    it can be a key. It does not hold the event: in a cycle, both would wait for the collector."""

    __slots__ = ("_coding", "_content", "_id", "_wire", "seq", "size", "time_ns")

    def __init__(self, event: Event, form: Form, id_: str) -> None:
        self.seq = event.seq
        self.time_ns = event.time_ns
        self._content = event.content(form.audience)
        self.size = len(self._content)
        self._coding = form.coding
        self._id = id_
        self._wire: bytes | None = None

    @property
    def content(self) -> bytes:
        return identified(self._content, self._id)

    def wire(self) -> bytes:
        """On the wire, made once."""
        if self._wire is None:
            self._wire = self._coding.pack(self.content)
        return self._wire


def public_body(change: Change) -> bytes:
    """What everybody may read of a change. Built up from what is public, never cut down from what
    is not, so that a member added to the staff form cannot leak."""
    if isinstance(change, LayoutChange):
        return msgspec.json.encode(
            LayoutUpdated(
                channel=change.channel,
                layout_version=change.layout_version,
                version=change.version,
            )
        )
    new = PUBLIC_STATES[change.new_state]
    return msgspec.json.encode(
        PublicAvailabilityUpdated(
            channel=change.channel,
            club_id=change.club_id,
            venue_id=change.venue_id,
            date=change.date,
            slot_id=change.slot_id,
            section_id=change.section_id,
            previous_state=PUBLIC_STATES[change.previous_state],
            new_state=new,
            capacity=public_capacity(change.capacity),
            held_until=change.held_until if new is PublicState.HELD else None,
            updated_at=change.updated_at,
            version=change.version,
        )
    )
