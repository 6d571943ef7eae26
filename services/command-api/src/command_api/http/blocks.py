"""`…/blocks`: staff take sections out of sale, see what is, and give it back."""

from __future__ import annotations

from command_api.domain.commands import BlockSections, RemoveBlock
from command_api.domain.records import BlockRecord, Record
from command_api.domain.views.answers import answer_of
from command_api.http.answer import Answer, json_answer
from command_api.http.auth import BLOCKERS, asker_of, in_role, venue_not_found, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BLOCK, carry_out, carry_out_on, missing, new_id
from command_api.http.compress import compressed
from command_api.http.filters import optional_id, query_place
from command_api.http.pages import Place, fill_page
from command_api.http.reading import (
    check_date,
    decoder_of,
    idempotency_key,
    query_date,
    query_limit,
    read_body,
)
from holdfast.contracts.blocks import Block, BlockPage, BlockRequest
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.ids import is_id
from holdfast.contracts.states import STAFF_ROLES

MAX_BLOCK_BODY = 4 * 1024 * 1024
"""Bytes: a block may name every section of the largest venue."""

_VARY = (b"vary", b"Authorization, Cookie, Accept-Encoding")

_block = decoder_of(BlockRequest)


async def make_block(call: Call) -> Answer:
    principal, club = in_role(call, BLOCKERS)
    venue = venue_of(call)
    key = idempotency_key(call)
    body, request = await read_body(call, _block, limit=MAX_BLOCK_BODY)
    check_date(request.date)
    command = BlockSections(
        channel=ChannelKey(club, venue, request.date, request.slot_id),
        asker=asker_of(principal),
        request=request,
        block_id=new_id(BLOCK.prefix),
    )
    return await carry_out(call, principal, command, key=key, body=body)


async def list_blocks(call: Call) -> Answer:
    """Those that stand on a date, or on one slot of it, newest first."""
    _principal, club = in_role(call, STAFF_ROLES)
    venue, reads, now = venue_of(call), call.services.reads, call.services.clock()
    date, slot_id = query_date(call), optional_id(call, "slotId")
    limit, after = query_limit(call), query_place(call)

    async def fetch(most: int, behind: Place | None) -> list[Record]:
        return await reads.blocks.page(
            club, venue, date=date, slot_id=slot_id, limit=most, before=behind
        )

    def show(record: Record) -> Block | None:
        return answer_of(record, now) if isinstance(record, BlockRecord) else None

    items, token = await fill_page(fetch, show, limit, after)
    if not items and await reads.venue(club, venue) is None:
        raise venue_not_found()
    return await compressed(call, json_answer(BlockPage(items=items, next_page_token=token), _VARY))


async def read_block(call: Call) -> Answer:
    """Also a removed one, for as long as records are kept."""
    _principal, club = in_role(call, STAFF_ROLES)
    venue, block_id = venue_of(call), call.params["id"]
    record = await call.services.reads.record(club, block_id) if is_id(block_id) else None
    if not isinstance(record, BlockRecord) or record.venue != venue:
        raise missing(BLOCK)
    return await compressed(call, json_answer(answer_of(record, call.services.clock()), _VARY))


async def remove_block(call: Call) -> Answer:
    principal, _club = in_role(call, BLOCKERS)
    asker, block_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: BlockRecord | None) -> RemoveBlock:
        return RemoveBlock(channel=channel, asker=asker, block_id=block_id, record=record)

    return await carry_out_on(call, principal, (BLOCK, BlockRecord), command)
