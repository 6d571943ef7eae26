"""Operations that tell what is free."""

from __future__ import annotations

from command_api.http.openapi.common import DATE, SLOT_ID
from command_api.http.openapi.examples import SNAPSHOT
from command_api.http.paths import VENUE
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import PublicSnapshot, StaffSnapshot
from holdfast.openapi.operation import Access, Answer, Operation, Operations

TAG = "availability"

AVAILABILITY: Operations = {
    ("GET", VENUE + "/availability"): Operation(
        id="readAvailability",
        tag=TAG,
        summary="Read the snapshot of one channel",
        words="Every section of the slot at one version, from the database. Staff of the club get "
        "the claims as well. Go on with a stream of the gateway from `cursor`.",
        access=Access.READERS,
        conditional=True,
        query=(DATE, SLOT_ID),
        answers=(
            Answer(
                words="The snapshot, public or full.",
                types=(PublicSnapshot, StaffSnapshot),
                example=SNAPSHOT,
            ),
        ),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
}
