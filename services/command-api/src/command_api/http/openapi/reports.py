"""Operations that look back over nights: figures, and who changed what."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from command_api.http.openapi.common import BLOCKERS, PAGED
from command_api.http.openapi.examples import AUDIT_ENTRY
from command_api.http.paths import VENUE
from holdfast.contracts.ids import Date, Id
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.queries import AuditPage, Stats
from holdfast.openapi.operation import Answer, Operation, Operations, Parameter

TAG = "reports"
_TYPES = Literal[("availability.updated", "layout.updated", *(each.value for each in NoticeType))]  # type: ignore[valid-type]
_Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?$"
    ),
]

REPORTS: Operations = {
    ("GET", VENUE + "/stats"): Operation(
        id="readStats",
        tag=TAG,
        summary="Read seats and revenue",
        words="Of one `date`, or of `from` to `to` (at most 366 days, listed one by one as well); of one "
        "slot where `slotId` names it.",
        roles=BLOCKERS,
        query=(
            Parameter("date", Date, "Either this, or `from` and `to`."),
            Parameter("from", Date, "The first service date."),
            Parameter("to", Date, "The last one, included."),
            Parameter("slotId", Id, "Of one slot."),
        ),
        answers=(Answer(words="Figures.", types=(Stats,)),),
        codes=(Code.SLOT_NOT_FOUND,),
    ),
    ("GET", VENUE + "/audit"): Operation(
        id="readAudit",
        tag=TAG,
        summary="Read who changed what",
        words="Newest first. A page may have few items, or none, and still a `nextPageToken`.",
        roles=BLOCKERS,
        query=(
            Parameter("date", Date, "Of the channel that was changed."),
            Parameter("slotId", Id, "Of the channel that was changed."),
            Parameter("from", _Moment, "Changes from this moment, or day of the venue, on."),
            Parameter("to", _Moment, "Until this moment (excluded), or day (included)."),
            Parameter("sectionId", Id, "Changes of one section."),
            Parameter("objectId", Id, "Changes of one hold, booking, block or entry."),
            Parameter("actorId", Id, "Changes by one person."),
            Parameter("type", _TYPES, "Changes of one kind."),
            *PAGED,
        ),
        answers=(Answer(words="Changes.", types=(AuditPage,), example={"items": [AUDIT_ENTRY]}),),
    ),
}
