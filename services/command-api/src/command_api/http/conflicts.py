"""`…/conflicts`: listed, read, resolved."""

from __future__ import annotations

import logging
from enum import StrEnum

import msgspec

from command_api.domain.alternatives.wishes import Wish
from command_api.domain.commands import ResolveConflict
from command_api.domain.conflicts.resolving import conflict_answer
from command_api.domain.records import BookingRecord, ConflictRecord, Record
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import (
    BLOCKERS,
    MANAGERS,
    asker_of,
    in_role,
    venue_not_found,
    venue_of,
)
from command_api.http.call import Call
from command_api.http.carry_out import CONFLICT, carry_out_on, missing
from command_api.http.filters import optional_date, query_place, query_words
from command_api.http.pages import Place, fill_page
from command_api.http.reading import decoder_of, idempotency_key, query_limit, read_body
from command_api.outages import POSTGRES_OUTAGES
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.conflicts import Conflict, ConflictPage, ResolveRequest
from holdfast.contracts.ids import is_id

log = logging.getLogger("holdfast.http")

MOST_LOSERS = 10
"""Whose alternatives are looked for."""

_resolve = decoder_of(ResolveRequest)
_conflict = decoder_of(Conflict)


class ConflictStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


async def list_conflicts(call: Call) -> Answer:
    """Newest first; `status` is `open` or `resolved`, `date` a service date. For staff."""
    _principal, club = in_role(call, BLOCKERS)
    venue, reads = venue_of(call), call.services.reads
    statuses = query_words(call, "status", ConflictStatus) or frozenset(ConflictStatus)
    status = next(iter(statuses)).value if len(statuses) == 1 else None
    date, limit, after = optional_date(call, "date"), query_limit(call), query_place(call)

    async def fetch(most: int, behind: Place | None) -> list[Record]:
        return await reads.conflicts.page(
            club, venue, status=status, date=date, limit=most, before=behind
        )

    def show(record: Record) -> Conflict | None:
        return conflict_answer(record) if isinstance(record, ConflictRecord) else None

    items, token = await fill_page(fetch, show, limit, after)
    if not items and await reads.venue(club, venue) is None:
        raise venue_not_found()
    return json_answer(ConflictPage(items=items, next_page_token=token))


async def read_conflict(call: Call) -> Answer:
    _principal, club = in_role(call, BLOCKERS)
    venue, conflict_id = venue_of(call), call.params["id"]
    record = await call.services.reads.record(club, conflict_id) if is_id(conflict_id) else None
    if not isinstance(record, ConflictRecord) or record.venue != venue:
        raise missing(CONFLICT)
    return json_answer(conflict_answer(record))


async def resolve_conflict(call: Call) -> Answer:
    """For managers and services: by their word, or by rule."""
    principal, _club = in_role(call, MANAGERS)
    key = idempotency_key(call)
    body, request = await read_body(call, _resolve, empty=b"{}")
    asker, conflict_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: ConflictRecord | None) -> ResolveConflict:
        return ResolveConflict(
            channel=channel,
            asker=asker,
            conflict_id=conflict_id,
            winner_id=request.winner_id,
            record=record,
        )

    answer = await carry_out_on(
        call, principal, (CONFLICT, ConflictRecord), command, key=key, body=body
    )
    return answer if answer.status >= 400 else await _with_alternatives(call, answer)


async def _with_alternatives(call: Call, answer: Answer) -> Answer:
    """What those who lost could take instead, as things are now, give or take a second. They are hints:
    where they cannot be had, the conflict is resolved all the same."""
    conflict = _conflict.decode(answer.body)
    services, now = call.services, call.services.clock()
    try:
        for booking_id in list(conflict.compensations)[:MOST_LOSERS]:
            lost = await services.reads.record(call.params["club"], booking_id)
            if isinstance(lost, BookingRecord):
                found = await services.nearby.find(services.reads, _wish(lost), now)
                conflict.alternatives[booking_id] = found.items
    except POSTGRES_OUTAGES as error:
        log.warning("no alternatives for conflict %s: %r", conflict.conflict_id, error)
    return Answer(answer.status, msgspec.json.encode(conflict), answer.headers)


def _wish(lost: BookingRecord) -> Wish:
    """The same again. Staff offer it, so no horizon and no lead time."""
    return Wish(
        channel=lost.channel,
        section_ids=tuple(item.section_id for item in lost.items),
        quantities=tuple((i.section_id, i.quantity) for i in lost.items if i.quantity > 1),
        party_size=lost.party_size,
        is_staff=True,
    )
