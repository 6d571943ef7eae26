"""`…/blocks`: staff take sections out of sale and give them back."""

from __future__ import annotations

from command_api.domain.commands import BlockSections, RemoveBlock
from command_api.domain.model import BlockRecord
from command_api.http.answer import Answer
from command_api.http.auth import BLOCKERS, asker_of, in_role, venue_of
from command_api.http.call import Call
from command_api.http.carry_out import BLOCK, carry_out, carry_out_on, new_id
from command_api.http.reading import check_date, decoder_of, idempotency_key, read_body
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.channels import ChannelKey

MAX_BLOCK_BODY = 4 * 1024 * 1024
"""Bytes: a block may name every section of the largest venue."""

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


async def remove_block(call: Call) -> Answer:
    principal, _club = in_role(call, BLOCKERS)
    asker, block_id = asker_of(principal), call.params["id"]

    def command(channel: ChannelKey, record: BlockRecord | None) -> RemoveBlock:
        return RemoveBlock(channel=channel, asker=asker, block_id=block_id, record=record)

    return await carry_out_on(call, principal, (BLOCK, BlockRecord), command)
