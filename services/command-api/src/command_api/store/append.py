"""The one write: rows of a batch of groups, and the call of `holdfast.append`.

A `Batch` gathers columns, because Postgres unnests arrays: one statement, whatever the number of
commands. What is written twice in a batch (a record that changes twice, a claim that comes and goes)
is folded to its last value; the log keeps every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from command_api.domain.decision import Decision
from command_api.domain.model import (
    BlockRecord,
    BookingRecord,
    ChannelState,
    HoldRecord,
    Record,
    Venue,
    is_active,
)
from command_api.store.heads import channel_head
from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.events import (
    AVAILABILITY_UPDATED_TYPE,
    CUSTOMER_UPDATED_TYPE,
    AvailabilityUpdated,
    CustomerUpdated,
)
from holdfast.contracts.ids import epoch_ms
from holdfast.contracts.notices import Notice, notice_ce_type
from holdfast.contracts.snapshots import Claim
from holdfast.contracts.subjects import availability_subject, booking_subject, customer_subject

if TYPE_CHECKING:
    from command_api.store.pool import Connection

_json = msgspec.json.Encoder()
_ARGUMENTS = {
    "head": 14,
    "group": 2,
    "command": 9,
    "event": 14,
    "record": 16,
    "gone": 5,
    "claim": 10,
}
_PLACES = ", ".join(f"${place}" for place in range(1, 2 + sum(_ARGUMENTS.values())))
_CALL = f"select * from holdfast.append({_PLACES})"  # noqa: S608 - numbers only


class HeadUse(msgspec.Struct):
    """One head in one group. `mode`: w = written, s = relied on by a group that writes, r = by one
    that only checks. The `next_` values are meant for w only."""

    club: str
    head: str
    kind: str
    venue: str
    date: str | None
    slot: str | None
    version: int
    stamp: int
    mode: str = "r"
    next_version: int = 0
    next_position: int = 0
    next_stamp: int = 0
    next_ms: int = 0


class CommandRow(msgspec.Struct):
    """One command to be answered; `write`: its group stores the answer."""

    club: str
    id: str
    subject: str
    key: str | None
    hash: bytes
    write: bool = False
    created: bool = False
    reply: bytes = b""


class Duplicate(msgspec.Struct):
    """A command that was answered before: by its id, or by its idempotency key."""

    index: int
    command_id: str
    hash: bytes
    created: bool
    reply: bytes


class Result(msgspec.Struct):
    """`lost`: groups with a head that has moved on; `late`: groups whose window of time has passed
    or not begun; everything else was written or confirmed. `now_ms`: the database's clock."""

    now_ms: int
    lost: frozenset[int]
    late: frozenset[int]
    duplicates: list[Duplicate]


class Batch:
    """Rows for one call. Groups are numbered from 0 in the order of `add_group`."""

    def __init__(self) -> None:
        self.clubs: set[str] = set()
        self._heads: list[tuple[object, ...]] = []
        self._groups: list[tuple[object, ...]] = []
        self._commands: list[tuple[object, ...]] = []
        self._events: list[tuple[object, ...]] = []
        self._records: dict[tuple[str, str], tuple[object, ...]] = {}
        self._claims: dict[tuple[str, str, str, str], tuple[object, ...] | None] = {}
        self._claim_groups: dict[tuple[str, str, str, str], int] = {}

    def add_group(
        self, heads: list[HeadUse], valid_from: str | None, valid_until: str | None
    ) -> int:
        """Answers the group's number."""
        group = len(self._groups)
        self._groups.append((_ms(valid_from), _ms(valid_until)))
        for h in heads:
            self.clubs.add(h.club)
            self._heads.append(
                (group, h.mode, h.club, h.head, h.kind, h.venue, h.date, h.slot, h.version, h.stamp)
                + (h.next_version, h.next_position, h.next_stamp, h.next_ms)
            )
        return group

    def add_command(self, group: int, row: CommandRow) -> int:
        """Answers the command's index, by which duplicates are reported."""
        self.clubs.add(row.club)
        self._commands.append(
            (
                group,
                row.write,
                row.club,
                row.id,
                row.subject,
                row.key,
                row.hash,
                row.created,
                row.reply,
            )
        )
        return len(self._commands) - 1

    def add_decision(
        self,
        group: int,
        venue: Venue,
        state: ChannelState,
        decision: Decision,
        command_id: str,
        stamp: int,
    ) -> None:
        """The rows of one decision; moves `state.position` on by the rows of the log."""
        key = state.key
        head = channel_head(key)
        for event in decision.events:
            self._event(group, key, head, state, _availability(key, event), command_id, stamp)
            self._fold_claims(group, key.club, head, venue, event)
        for notice in decision.notices:
            self._event(group, key, head, state, _notice(notice), command_id, stamp)
            if notice.customer_id is not None:
                self._event(group, key, head, state, _customer(notice), command_id, stamp)
        for record in decision.records:
            self._records[record.club, record.id] = _record_row(group, head, record)

    def _event(
        self,
        group: int,
        key: ChannelKey,
        head: str,
        state: ChannelState,
        row: tuple[int | None, str, str, str, str | None, int, bytes],
        command_id: str,
        stamp: int,
    ) -> None:
        version, kind, subject, type_, record, at_ms, body = row
        state.position += 1
        self._events.append(
            (group, key.club, head, key.date, state.position, version, kind, subject, type_, record)
            + (command_id, at_ms, stamp, body)
        )

    def _fold_claims(
        self, group: int, club: str, head: str, venue: Venue, event: AvailabilityUpdated
    ) -> None:
        section = event.section_id
        for claim_id in event.claims_removed:
            self._claims[club, head, section, claim_id] = None
            self._claim_groups[club, head, section, claim_id] = group
        for claim in event.claims_added:
            place = (club, head, section, claim.claim_id)
            self._claims[place] = _claim_row(claim, venue.units[section].total == 1)
            self._claim_groups[place] = group

    def arguments(self) -> list[object]:
        """The arguments of `holdfast.append`, in its order."""
        gone = [
            (self._claim_groups[place], *place)
            for place, row in self._claims.items()
            if row is None
        ]
        claims = [
            (self._claim_groups[place], *place, *row)
            for place, row in self._claims.items()
            if row is not None
        ]
        arguments: list[object] = [list(self.clubs)]
        for name, rows in (
            ("head", self._heads),
            ("group", self._groups),
            ("command", self._commands),
            ("event", self._events),
            ("record", list(self._records.values())),
            ("gone", gone),
            ("claim", claims),
        ):
            arguments += list(zip(*rows, strict=True)) if rows else [()] * _ARGUMENTS[name]
        return arguments


async def append(connection: Connection, batch: Batch) -> Result:
    """Write or refuse each group of the batch.

    Raises asyncpg.SerializationError where a command was answered elsewhere in this very moment
    (append again), OSError or asyncpg.PostgresConnectionError or TimeoutError where the outcome is
    not known (look the commands up), other asyncpg.PostgresError where a row breaks a constraint.
    """
    row = await connection.fetchrow(_CALL, *batch.arguments())
    assert row is not None
    return Result(
        now_ms=row["now_ms"],
        lost=frozenset(row["lost"] or ()),
        late=frozenset(row["late"] or ()),
        duplicates=[
            Duplicate(*fields)
            for fields in zip(
                row["dup_index"] or (),
                row["dup_command"] or (),
                row["dup_hash"] or (),
                row["dup_created"] or (),
                row["dup_reply"] or (),
                strict=True,
            )
        ],
    )


def _ms(text: str | None) -> int | None:
    return None if text is None else epoch_ms(text)


def _availability(
    key: ChannelKey, event: AvailabilityUpdated
) -> tuple[int | None, str, str, str, str | None, int, bytes]:
    return (
        event.version,
        "availability",
        availability_subject(key),
        AVAILABILITY_UPDATED_TYPE,
        event.hold_id or event.booking_id,
        epoch_ms(event.updated_at),
        _json.encode(event),
    )


def _notice(notice: Notice) -> tuple[int | None, str, str, str, str | None, int, bytes]:
    return (
        None,
        "notice",
        booking_subject(notice.club_id, notice.venue_id, notice.type.value),
        notice_ce_type(notice.type),
        notice.object_id,
        epoch_ms(notice.occurred_at),
        _json.encode(notice),
    )


def _customer(notice: Notice) -> tuple[int | None, str, str, str, str | None, int, bytes]:
    assert notice.customer_id is not None
    key = CustomerKey(notice.club_id, notice.customer_id)
    body = CustomerUpdated(
        channel=key.name,
        type=notice.type.value,
        object_id=notice.object_id,
        revision=notice.revision,
        occurred_at=notice.occurred_at,
        data={"status": notice.status, "channel": notice.channel, "version": notice.version},
    )
    return (
        None,
        "customer",
        customer_subject(key),
        CUSTOMER_UPDATED_TYPE,
        notice.object_id,
        epoch_ms(notice.occurred_at),
        _json.encode(body),
    )


def _record_row(group: int, head: str, record: Record) -> tuple[object, ...]:
    kind = {HoldRecord: "hold", BookingRecord: "booking", BlockRecord: "block"}[type(record)]
    return (
        group,
        record.club,
        record.id,
        kind,
        record.status.value,
        is_active(record),
        head,
        record.venue,
        record.date,
        record.slot,
        record.customer_id,
        record.reference if isinstance(record, BookingRecord) else None,
        record.revision,
        epoch_ms(record.created_at),
        epoch_ms(record.updated_at),
        _json.encode(record),
    )


def _claim_row(claim: Claim, exclusive: bool) -> tuple[object, ...]:
    return (claim.kind.value, claim.quantity, exclusive, _ms(claim.expires_at), _json.encode(claim))
