"""Carrying out a command: make it a submission, hand it to the writer, make its reply an answer."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from command_api.domain.commands import Command
from command_api.domain.decision import Rejection
from command_api.domain.records import (
    BlockRecord,
    BookingRecord,
    ConflictRecord,
    EntryRecord,
    HoldRecord,
    is_active,
)
from command_api.http.answer import JSON, NO_STORE, Answer, Header
from command_api.http.attempts import ATTEMPTS, pause_before
from command_api.http.auth import venue_of
from command_api.http.call import Call
from command_api.http.denied import explained
from command_api.http.problems import Refused, refusal
from command_api.job import Reply, Submission, Unavailable
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import is_id
from holdfast.contracts.problems import Code
from holdfast.runtime.auth import Principal

R = TypeVar("R", HoldRecord, BookingRecord, BlockRecord, EntryRecord, ConflictRecord)

_REFERENCE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_REPLAYED: Header = (b"idempotent-replayed", b"true")


class Kind(msgspec.Struct, frozen=True):
    """A kind of record: how its ids begin, where it lives, what it is called where it is missing."""

    prefix: str
    collection: str
    missing: Code
    name: str


HOLD = Kind("hld", "holds", Code.HOLD_NOT_FOUND, "hold")
BOOKING = Kind("bkg", "bookings", Code.BOOKING_NOT_FOUND, "booking")
BLOCK = Kind("blk", "blocks", Code.BLOCK_NOT_FOUND, "block")
ENTRY = Kind("wle", "waitlist", Code.WAITLIST_ENTRY_NOT_FOUND, "waitlist entry")
OFFER = Kind("hld", "offers", Code.OFFER_NOT_FOUND, "offer")
CONFLICT = Kind("cfl", "conflicts", Code.CONFLICT_NOT_FOUND, "conflict")
SERIES = Kind("ser", "booking-series", Code.BOOKING_NOT_FOUND, "booking series")


class _Made(msgspec.Struct, rename="camel"):
    """What an answer stands for. A replayed one names what the first request made."""

    entry_id: str | None = None
    conflict_id: str | None = None
    booking_id: str | None = None
    series_id: str | None = None
    block_id: str | None = None
    hold_id: str | None = None


_made = msgspec.json.Decoder(_Made)


def new_id(prefix: str) -> str:
    """Random, and in order of time, so that new rows lie next to each other in the database."""
    return f"{prefix}_{time.time_ns() // 1_000_000:011x}{secrets.token_hex(8)}"


def new_reference() -> str:
    """What a guest says at the door: eight letters and digits that are not mixed up."""
    return "".join(secrets.choice(_REFERENCE) for _ in range(8))


def missing(kind: Kind) -> Refused:
    return Refused(kind.missing, f"There is no such {kind.name}.")


async def carry_out(
    call: Call, principal: Principal, command: Command, *, key: str | None = None, body: bytes = b""
) -> Answer:
    """The writer's reply: 201 with its place where something new was made, else 200."""
    outcome = await _submit(call, principal, command, key, body)
    return _answer(call, command.channel, outcome)


async def carry_out_on(
    call: Call,
    principal: Principal,
    place: tuple[Kind, type[R]],
    command: Callable[[ChannelKey, R | None], Command],
    *,
    key: str | None = None,
    body: bytes = b"",
    record_id: str | None = None,
) -> Answer:
    """Carry out a command on the record that the path names, or on `record_id`.

    The rules find an active record in its channel; an ended one must be handed to them. A channel
    that is remembered spares the look-up, unless the record turns out to have ended. One that moves
    on faster than it can be looked up is there all the same: Unavailable, never "there is none".
    """
    kind, type_ = place
    club, venue = call.params["club"], venue_of(call)
    record_id = call.params["id"] if record_id is None else record_id
    if not is_id(record_id):
        raise missing(kind)
    remembered = call.services.places.get((club, record_id))
    if remembered is not None and remembered.venue == venue:
        outcome = await _submit(call, principal, command(remembered, None), key, body)
        if isinstance(outcome, Reply) or outcome.code is not kind.missing:
            return _answer(call, remembered, outcome)
    before: R | None = None
    for attempt in range(ATTEMPTS):
        await pause_before(attempt)
        record = await call.services.reads.record(club, record_id)
        if not isinstance(record, type_) or record.venue != venue:
            raise missing(kind)
        if before is not None and record.revision == before.revision:
            raise missing(kind)  # it was there all the time, and is none of these to the rules
        ended = None if is_active(record) else record
        outcome = await _submit(call, principal, command(record.channel, ended), key, body)
        if isinstance(outcome, Reply) or outcome.code is not kind.missing:
            return _answer(call, record.channel, outcome)
        before = record
    raise Unavailable(retry_after=1)


async def _submit(
    call: Call, principal: Principal, command: Command, key: str | None, body: bytes
) -> Reply | Rejection:
    digest = b""
    if key is not None:
        digest = hashlib.sha256(
            b"%s %s\n%s" % (call.method.encode(), call.path.encode(), body)
        ).digest()
    outcome = await call.services.writer.submit(
        Submission(
            command=command,
            club=command.channel.club,
            venue=command.channel.venue,
            command_id=new_id("cmd"),
            subject=principal.subject,
            key=key,
            hash=digest,
        )
    )
    if isinstance(outcome, Rejection):
        return await explained(call.services, command, outcome)
    return outcome


def _answer(call: Call, channel: ChannelKey, outcome: Reply | Rejection) -> Answer:
    if isinstance(outcome, Rejection):
        return refusal(outcome, call.request_id)
    headers: tuple[Header, ...] = (JSON, NO_STORE)
    if outcome.created:
        headers = (JSON, NO_STORE, (b"location", _place(call, channel, outcome.body).encode()))
    if outcome.replayed:
        headers = (*headers, _REPLAYED)
    return Answer(201 if outcome.created else 200, outcome.body, headers)


def _place(call: Call, channel: ChannelKey, body: bytes) -> str:
    """The address of what was made; where it is, is remembered for the requests that follow."""
    made = _made.decode(body)
    kinds = (
        (ENTRY, made.entry_id),
        (CONFLICT, made.conflict_id),
        (BOOKING, made.booking_id),
        (SERIES, made.series_id),
        (BLOCK, made.block_id),
        (HOLD, made.hold_id),
    )
    kind, id_ = next((kind, id_) for kind, id_ in kinds if id_ is not None)
    call.services.places.put((channel.club, id_), channel)
    return f"/v1/clubs/{channel.club}/venues/{channel.venue}/{kind.collection}/{id_}"
