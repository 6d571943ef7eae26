"""Operations of `…/blocks`."""

from __future__ import annotations

from command_api.http.openapi.common import BLOCKERS, DATE, NIGHT, PAGED, SLOT, STAFF
from command_api.http.openapi.examples import BLOCK
from command_api.http.paths import VENUE
from holdfast.contracts.blocks import Block, BlockPage, BlockRequest
from holdfast.contracts.ids import Id
from holdfast.contracts.problems import Code
from holdfast.openapi.operation import Answer, Body, Operation, Operations, Parameter

TAG = "blocks"
ONE = VENUE + "/blocks/{id}"

BLOCKS: Operations = {
    ("POST", VENUE + "/blocks"): Operation(
        id="makeBlock",
        tag=TAG,
        summary="Take sections out of sale",
        words="The whole night without `sectionIds`. `onConflict` says what becomes of what stands in the "
        "way: `reject` blocks nothing (409); `displace` releases holds and cancels bookings with "
        "compensation, the latter for managers, admins and services only (403); `after_release` blocks the "
        "rest once its last claim has gone.",
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
            Code.SLOT_CLOSED,
            Code.SECTION_NOT_FOUND,
            Code.DUPLICATE_SECTIONS,
            Code.BLOCK_CONFLICT,
        ),
    ),
    ("GET", VENUE + "/blocks"): Operation(
        id="listBlocks",
        tag=TAG,
        summary="The blocks of a night",
        words="Those that stand on the date, or on one slot of it, newest first. A removed one can be read "
        "by its id.",
        roles=STAFF,
        query=(
            DATE,
            Parameter("slotId", Id, "Only this slot.", example=SLOT),
            *PAGED,
        ),
        answers=(
            Answer(
                words="A page of blocks.",
                types=(BlockPage,),
                example={"items": [BLOCK], "nextPageToken": None},
            ),
        ),
    ),
    ("GET", ONE): Operation(
        id="readBlock",
        tag=TAG,
        summary="Read a block",
        words="Also a removed one, for as long as records are kept.",
        roles=STAFF,
        answers=(Answer(words="The block.", types=(Block,), example=BLOCK),),
        codes=(Code.BLOCK_NOT_FOUND,),
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
