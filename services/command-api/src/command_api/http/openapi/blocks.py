"""Operations of `…/blocks`."""

from __future__ import annotations

from command_api.http.openapi.common import BLOCKERS, NIGHT, SLOT
from command_api.http.openapi.examples import BLOCK
from command_api.http.paths import VENUE
from holdfast.contracts.blocks import Block, BlockRequest
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations

TAG = "blocks"
ONE = VENUE + "/blocks/{id}"

BLOCKS: Operations = {
    ("POST", VENUE + "/blocks"): Operation(
        id="makeBlock",
        tag=TAG,
        summary="Take sections out of sale",
        words="The whole night without `sectionIds`.",
        roles=BLOCKERS,
        keyed=True,
        body=Body(
            BlockRequest,
            {
                "date": NIGHT,
                "slotId": SLOT,
                "sectionIds": ["table_01", "table_02"],
                "reason": "broken lamp",
            },
        ),
        answers=(
            Answer(
                status=201,
                words="The block.",
                types=(Block,),
                headers=("Location",),
                example=BLOCK,
            ),
        ),
        codes=(
            Code.SLOT_NOT_FOUND,
            Code.SECTION_NOT_FOUND,
            Code.DUPLICATE_SECTIONS,
            Code.BLOCK_CONFLICT,
        ),
    ),
    ("DELETE", ONE): Operation(
        id="removeBlock",
        tag=TAG,
        summary="Give sections back",
        words="A removed block answers the same again.",
        roles=BLOCKERS,
        answers=(Answer(words="The block, removed.", types=(Block,)),),
        codes=(Code.BLOCK_NOT_FOUND, Code.SLOT_NOT_FOUND),
    ),
}
