"""The audit trail: who changed what, read from the log, newest first.

A page looks at no more than `SCAN` rows of the log, however few of them are looked for: it may have fewer
entries than asked for, or none, and still a place to go on from.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from command_api.store.heads import channel_head, channel_of_head
from command_api.store.pool import questions
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.events import AvailabilityUpdated, LayoutUpdated
from holdfast.contracts.ids import timestamp
from holdfast.contracts.notices import Notice
from holdfast.contracts.queries import AuditEntry
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import ActorType

if TYPE_CHECKING:
    from command_api.store.pool import Pool

SCAN = 5000
LAST_MS = 2**62

_availability = msgspec.json.Decoder(AvailabilityUpdated)
_notice = msgspec.json.Decoder(Notice)
_layout = msgspec.json.Decoder(LayoutUpdated)
_SYSTEM = Actor(type=ActorType.SYSTEM)


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is None filters nothing. `date` and `slot` are of the channel, `from_ms` (included) and
    `until_ms` of the change; `type` is one of the log's, or of notices."""

    club: str
    venue: str
    date: str | None = None
    slot: str | None = None
    from_ms: int = 0
    until_ms: int = LAST_MS
    section_id: str | None = None
    object_id: str | None = None
    actor_id: str | None = None
    type: str | None = None


class Place(NamedTuple):
    """A row of the log; pages go on behind it."""

    at_ms: int
    head: str
    position: int


class AuditLog:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, wanted: AuditFilter, limit: int, before: Place | None
    ) -> tuple[list[AuditEntry], Place | None]:
        """Entries, and behind which place to go on; None: there is nothing more."""
        most = SCAN if _picks(wanted) else limit + 1
        rows = await self._rows(wanted, before or Place(wanted.until_ms, "", 0), most)
        ends = not rows or rows[0]["seen"] < most
        entries: list[AuditEntry] = []
        for number, row in enumerate(rows, 1):
            if row["body"] is None:
                continue
            entry, ids = _entry(row)
            if not _matches(wanted, entry, ids):
                continue
            entries.append(entry)
            if len(entries) == limit and not (ends and number == len(rows)):
                return entries, _place(row)
        return entries, None if ends else _place(rows[-1])

    async def _rows(self, wanted: AuditFilter, before: Place, most: int) -> list[Any]:
        types = None if wanted.type is None else [f"holdfast.{wanted.type}.v1"]
        date = None if wanted.date is None else dt.date.fromisoformat(wanted.date)
        async with questions(self._pool, wanted.club) as connection:
            if date is not None and wanted.slot is not None:
                return await connection.fetch(
                    query("audit_of_channel"),
                    wanted.club,
                    channel_head(
                        ChannelKey(wanted.club, wanted.venue, date.isoformat(), wanted.slot)
                    ),
                    date,
                    before.position or LAST_MS,
                    *(wanted.from_ms, wanted.until_ms, types, _texts(wanted), most),
                )
            return await connection.fetch(
                query("audit_of_venue"),
                *(wanted.club, wanted.venue, *_months(date)),
                *before,
                *(wanted.from_ms, types, _texts(wanted), date, wanted.slot, most),
            )


def _months(date: dt.date | None) -> tuple[dt.date, dt.date]:
    """The month of a date, which is a partition; all of them without one."""
    if date is None:
        return dt.date.min, dt.date.max
    return date.replace(day=1), date.replace(day=monthrange(date.year, date.month)[1])


def _picks(wanted: AuditFilter) -> bool:
    """Whether there may be rows in between that are not looked for."""
    picked = (wanted.section_id, wanted.object_id, wanted.actor_id, wanted.type)
    return any(picked) or (wanted.date is None) != (wanted.slot is None)


def _texts(wanted: AuditFilter) -> list[bytes]:
    """What a body must have in it to be looked at; ids need no escaping."""
    texts = [f'"{id_}"' for id_ in (wanted.section_id, wanted.object_id) if id_ is not None]
    if wanted.actor_id is not None:
        texts.append(f'"id":"{wanted.actor_id}"')
    return [text.encode() for text in texts]


def _matches(wanted: AuditFilter, entry: AuditEntry, ids: set[str]) -> bool:
    return (
        wanted.section_id in (None, entry.section_id, *entry.section_ids)
        and (wanted.object_id is None or wanted.object_id in ids)
        and wanted.actor_id in (None, entry.actor.id)
    )


def _entry(row: Any) -> tuple[AuditEntry, set[str]]:
    """A row as an entry, with the ids of the objects that it is about."""
    key = channel_of_head("", row["head"])
    entry = AuditEntry(
        channel="",
        date=key.date,
        slot_id=key.slot,
        version=row["version"],
        type=row["type"].removeprefix("holdfast.").removesuffix(".v1"),
        section_id=None,
        object_id=None,
        previous_state=None,
        new_state=None,
        reason="",
        actor=_SYSTEM,
        occurred_at=timestamp(row["at_ms"]),
    )
    if row["kind"] == "availability":
        return entry, _of_section(entry, _availability.decode(row["body"]))
    if row["kind"] == "notice":
        return entry, _of_object(entry, _notice.decode(row["body"]))
    layout = _layout.decode(row["body"])
    entry.channel, entry.reason = layout.channel, "layout_updated"
    return entry, set()


def _of_section(entry: AuditEntry, event: AvailabilityUpdated) -> set[str]:
    entry.channel, entry.section_id = event.channel, event.section_id
    entry.previous_state, entry.new_state = event.previous_state, event.new_state
    entry.reason, entry.actor = event.reason, event.actor
    claims = [*(claim.claim_id for claim in event.claims_added), *event.claims_removed]
    ids = [id_ for id_ in (event.booking_id, event.hold_id, *claims) if id_ is not None]
    entry.object_id = ids[0] if ids else None
    return set(ids)


def _of_object(entry: AuditEntry, notice: Notice) -> set[str]:
    entry.channel, entry.section_ids = notice.channel, notice.section_ids
    entry.object_id, entry.new_state = notice.object_id, notice.status
    entry.reason, entry.actor = notice.reason, notice.actor
    return {notice.object_id}


def _place(row: Any) -> Place:
    return Place(row["at_ms"], row["head"], row["position"])
