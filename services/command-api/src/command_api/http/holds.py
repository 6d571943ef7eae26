"""`…/holds`: hold, read, change, extend, release, confirm."""

from __future__ import annotations

from command_api.domain.commands import (
    ChangeHold,
    ConfirmHold,
    ExtendHold,
    HoldSections,
    ReleaseHold,
)
from command_api.domain.records import HoldRecord, Record
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import asker_of, at_home, for_whom, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import (
    BOOKING,
    HOLD,
    carry_out,
    carry_out_on,
    new_id,
    new_reference,
)
from command_api.http.filters import query_place
from command_api.http.pages import Place, fill_page
from command_api.http.problems import invalid
from command_api.http.reading import (
    check_date,
    decoder_of,
    idempotency_key,
    optional_key,
    query_limit,
    read_body,
)
from command_api.http.records import readable_record
from holdfast.contracts.bookings import ConfirmRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import ExtendRequest, Hold, HoldChange, HoldPage, HoldRequest

_hold = decoder_of(HoldRequest)
_change = decoder_of(HoldChange)
_extend = decoder_of(ExtendRequest)
_confirm = decoder_of(ConfirmRequest)

_RECORD = (HOLD, HoldRecord)


async def make_hold(call: Call) -> Answer:
    principal, club = at_home(call)
    venue = venue_of(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _hold)
    check_date(request.date)
    if (request.section_ids is None) == (request.best_available is None):
        raise invalid("sectionIds", "name either sectionIds or bestAvailable")
    command = HoldSections(
        channel=ChannelKey(club, venue, request.date, request.slot_id),
        asker=asker_of(principal),
        request=request,
        customer_id=for_whom(principal, request.customer_id),
        hold_id=new_id(HOLD.prefix),
    )
    return await carry_out(call, principal, command, key=key, body=body)


async def read_hold(call: Call) -> Answer:
    record = await readable_record(call, HOLD, HoldRecord)
    return json_answer(answer_of(record, call.services.clock()))


async def list_holds(call: Call) -> Answer:
    """`?mine`: the asker's active holds at this venue, newest first."""
    principal, club = at_home(call)
    venue, now = venue_of(call), call.services.clock()
    if call.query.get("mine", "false").lower() not in ("", "1", "true"):
        raise invalid("mine", "only one's own holds can be listed: ?mine")
    reads = call.services.reads

    async def fetch(most: int, behind: Place | None) -> list[Record]:
        return await reads.records_of_customer(
            club,
            principal.customer_id,
            venue=venue,
            kind="hold",
            active=True,
            limit=most,
            after=behind,
        )

    def show(record: Record) -> Hold | None:
        if isinstance(record, HoldRecord) and record.expires_at > now:
            return answer_of(record, now)
        return None

    items, token = await fill_page(fetch, show, query_limit(call), query_place(call))
    if not items and await reads.venue(club, venue) is None:
        raise venue_not_found()
    return json_answer(HoldPage(items=items, next_page_token=token))


async def release_hold(call: Call) -> Answer:
    principal, _club = at_home(call)
    asker, hold_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: HoldRecord | None) -> ReleaseHold:
        return ReleaseHold(channel=channel, asker=asker, hold_id=hold_id, record=record)

    return await carry_out_on(call, principal, _RECORD, command)


async def change_hold(call: Call) -> Answer:
    """Sent again it finds done what it asks for; an Idempotency-Key may be sent, and needs not."""
    principal, _club = at_home(call)
    key = optional_key(call)
    body, request = await read_body(call, _change)
    asker, hold_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: HoldRecord | None) -> ChangeHold:
        return ChangeHold(
            channel=channel, asker=asker, hold_id=hold_id, change=request, record=record
        )

    return await carry_out_on(call, principal, _RECORD, command, key=key, body=body)


async def extend_hold(call: Call) -> Answer:
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _extend, empty=b"{}")
    asker, hold_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: HoldRecord | None) -> ExtendHold:
        return ExtendHold(
            channel=channel,
            asker=asker,
            hold_id=hold_id,
            ttl_seconds=request.ttl_seconds,
            record=record,
        )

    return await carry_out_on(call, principal, _RECORD, command, key=key, body=body)


async def confirm_hold(call: Call) -> Answer:
    principal, _club = at_home(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _confirm, empty=b"{}")
    asker, hold_id = asker_of(principal), call.params["id"]
    booking_id, reference = new_id(BOOKING.prefix), new_reference()

    def command(channel: ChannelKey, record: HoldRecord | None) -> ConfirmHold:
        return ConfirmHold(
            channel=channel,
            asker=asker,
            hold_id=hold_id,
            request=request,
            booking_id=booking_id,
            reference=reference,
            record=record,
        )

    return await carry_out_on(call, principal, _RECORD, command, key=key, body=body)
