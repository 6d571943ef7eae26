"""`…/waitlist`: join, see, leave."""

from __future__ import annotations

from command_api.domain.commands import JoinWaitlist, LeaveWaitlist
from command_api.domain.holds.hold_changes import owns
from command_api.domain.model import Venue
from command_api.domain.records import EntryRecord
from command_api.domain.venue.days import day_of
from command_api.domain.waitlist.queue import entry_answer, estimate, position_of
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import asker_of, at_home, for_whom, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import ENTRY, carry_out, carry_out_on, new_id
from command_api.http.filters import query_place
from command_api.http.problems import Refused
from command_api.http.reading import (
    check_date,
    decoder_of,
    idempotency_key,
    page_token,
    query_date,
    query_id,
    query_limit,
    read_body,
)
from command_api.http.records import as_of, page_of, readable_record
from command_api.store.waitlist import Queue
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.problems import Code
from holdfast.contracts.states import WaitlistStatus
from holdfast.contracts.waitlist import WaitlistEntry, WaitlistPage, WaitlistRequest

_join = decoder_of(WaitlistRequest)
_OPEN = frozenset({WaitlistStatus.WAITING, WaitlistStatus.OFFERED})


async def join_waitlist(call: Call) -> Answer:
    principal, club = at_home(call)
    venue = venue_of(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _join)
    check_date(request.date)
    command = JoinWaitlist(
        channel=ChannelKey(club, venue, request.date, request.slot_id),
        asker=asker_of(principal),
        request=request,
        customer_id=for_whom(principal, request.customer_id),
        entry_id=new_id(ENTRY.prefix),
    )
    return await carry_out(call, principal, command, key=key, body=body)


async def list_waitlist(call: Call) -> Answer:
    """`?date&slotId`: staff see the queue in its order, offers in it; customers their own entry."""
    principal, club = at_home(call)
    asker, venue_id = asker_of(principal), venue_of(call)
    key = ChannelKey(club, venue_id, query_date(call), query_id(call, "slotId"))
    limit, after = query_limit(call), query_place(call) or (-1, "")
    venue = await call.services.reads.venue(club, venue_id)
    if venue is None:
        raise venue_not_found()
    if day_of(venue, key.date, key.slot) is None:
        detail = f"There is no slot {key.slot}, or it does not run on {key.date}."
        raise Refused(Code.SLOT_NOT_FOUND, detail)
    queue, now = await call.services.reads.waitlist.queue(key), call.services.clock()
    shown = [
        entry
        for entry in (as_of(entry, now) for entry in queue.entries)
        if entry.status in _OPEN
        and owns(asker, entry.customer_id)
        and (epoch_ms(entry.created_at), entry.id) > after
    ]
    items = [_shown(venue, entry, queue, now) for entry in shown[:limit]]
    token = page_token(page_of(shown[limit - 1])) if len(shown) > limit else None
    return json_answer(WaitlistPage(items=items, next_page_token=token))


async def read_entry(call: Call) -> Answer:
    """For its customer and for staff; ended ones as they ended."""
    entry = await readable_record(call, ENTRY, EntryRecord)
    return json_answer(await _looked_up(call, entry, {}))


async def leave_waitlist(call: Call) -> Answer:
    principal, _club = at_home(call)
    asker, entry_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: EntryRecord | None) -> LeaveWaitlist:
        return LeaveWaitlist(channel=channel, asker=asker, entry_id=entry_id, record=record)

    return await carry_out_on(call, principal, (ENTRY, EntryRecord), command)


async def entries_of(call: Call, club: str, customer_id: str, most: int) -> list[WaitlistEntry]:
    """Where a customer waits or has an offer, over all venues of the club; the newest first."""
    records = await call.services.reads.records_of_customer(
        club, customer_id, venue=None, kind="entry", active=True, limit=most, after=None
    )
    now, queues = call.services.clock(), dict[ChannelKey, Queue]()
    return [
        await _looked_up(call, entry, queues)
        for record in records
        if isinstance(record, EntryRecord)
        and (entry := as_of(record, now)).status is not WaitlistStatus.EXPIRED
    ]


async def _looked_up(
    call: Call, entry: EntryRecord, queues: dict[ChannelKey, Queue]
) -> WaitlistEntry:
    """`queues` remembers those that were read for other entries."""
    if entry.status not in _OPEN:
        return entry_answer(entry)
    reads, key = call.services.reads, entry.channel
    queue = queues.get(key)
    if queue is None:
        queue = queues[key] = await reads.waitlist.queue(key)
    venue = await reads.venue(entry.club, entry.venue)
    if venue is None:
        raise venue_not_found()
    return _shown(venue, entry, queue, call.services.clock())


def _shown(venue: Venue, entry: EntryRecord, queue: Queue, now: str) -> WaitlistEntry:
    position = position_of(entry, queue.entries)
    minutes = estimate(venue, entry, position, queue.ends, now)
    hold = queue.holds.get(entry.hold_id or "")
    return entry_answer(entry, hold, position=position, minutes=minutes)
